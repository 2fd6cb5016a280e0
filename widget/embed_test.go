package widget

import (
	"bytes"
	"encoding/json"
	"html/template"
	"regexp"
	"strings"
	"testing"
)

func TestTheBuiltWidgetIsInTheProgram(t *testing.T) {
	for _, name := range []string{"dist/collab-sdk.js", "dist/collab-sdk.min.js"} {
		script, err := Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(script, []byte("CollabSDK")) {
			t.Fatalf("%s defines no CollabSDK", name)
		}
	}
}

// page stands for what the gateway fills in.
type page struct{ Token, UserName, UserRole, ResourceID, Locking, Lang, Dose, Nonce string }

func (page) T(text string) string { return text }

func TestTheDemoIsAPageWithTwoLinesMore(t *testing.T) {
	pages, err := template.ParseFS(Files, "demo/*.html")
	if err != nil {
		t.Fatal(err)
	}
	values := page{"a\"</script>", "<b>", "nurse", "page:/x", "focus", "en", "500 mg", "abc"}
	for _, name := range []string{"index.html", "pane.html", "split.html"} {
		var out strings.Builder
		if err := pages.ExecuteTemplate(&out, name, values); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if got := strings.Count(text, `<script nonce="abc"`); got != 2 || strings.Count(text, "<script") != 2 {
			t.Fatalf("%s: got %d scripts with the nonce, want 2 and no other", name, got)
		}
		if got := strings.Count(text, "</script>"); got != 2 {
			t.Fatalf("%s: a value ended a script: got %d ends, want 2", name, got)
		}
		if strings.Contains(text, "<b>, nurse") {
			t.Fatalf("%s: a name became markup", name)
		}
		if strings.Contains(text, " style=") || strings.Contains(text, "<style") {
			t.Fatalf("%s: a style that the policy refuses", name)
		}
	}
}

func TestEveryWordOfTheDemoIsItalianToo(t *testing.T) {
	text, err := Files.ReadFile("demo/it.json")
	if err != nil {
		t.Fatal(err)
	}
	var italian map[string]string
	if err := json.Unmarshal(text, &italian); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"demo/index.html", "demo/pane.html"} {
		text, err := Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, used := range regexp.MustCompile(`\{\{\.T "([^"]+)"\}\}`).FindAllStringSubmatch(string(text), -1) {
			if italian[used[1]] == "" {
				t.Errorf("%s: %q has no Italian", name, used[1])
			}
		}
	}
}
