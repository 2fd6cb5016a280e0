package security

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// markup is how a script makes elements or code of text.
var markup = regexp.MustCompile(`\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|setHTML\w*|parseHTMLUnsafe|eval\(|new Function\b)|setAttribute\(['"]on|javascript:`)

// What colleagues and other systems are called and say is shown as text (ASVS 5.3.3): nowhere in what ships is there a way
// for it to become anything else.
func TestNoSourceOfTheWidgetWritesMarkup(t *testing.T) {
	read := 0
	for _, dir := range []string{"widget/src", "widget/demo"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			read++
			for i, line := range strings.Split(string(source), "\n") {
				if found := markup.FindString(line); found != "" {
					t.Errorf("%s:%d: %s", path, i+1, found)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 50 {
		t.Fatalf("read %d files", read)
	}
	for _, line := range []string{"x.innerHTML = name", "eval(text)", `a.setAttribute("onclick", name)`, "href = 'javascript:' + x"} {
		if !markup.MatchString(line) {
			t.Errorf("%s is not found", line)
		}
	}
}
