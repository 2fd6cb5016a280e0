package widget

import (
	"bytes"
	"html/template"
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

func TestTheDemoIsAPageWithTwoLinesMore(t *testing.T) {
	pages, err := template.ParseFS(Files, "demo/*.html")
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	values := map[string]string{"Token": "a\"</script>", "UserName": "<b>", "UserRole": "nurse", "ResourceID": "page:/x", "Locking": "focus"}
	if err := pages.ExecuteTemplate(&page, "index.html", values); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(page.String(), "<script"); got != 2 {
		t.Fatalf("got %d scripts, want 2", got)
	}
	if got := strings.Count(page.String(), "</script>"); got != 2 {
		t.Fatalf("a value ended a script: got %d ends, want 2", got)
	}
	if strings.Contains(page.String(), "<b>, nurse") {
		t.Fatal("a name became markup")
	}
	if err := pages.ExecuteTemplate(&page, "split.html", values); err != nil {
		t.Fatal(err)
	}
}
