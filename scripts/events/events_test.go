package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsMadeFromTheEventsIsUpToDate(t *testing.T) {
	files, err := generate(filepath.Join("..", "..", "docs"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 {
		t.Fatalf("%d files", len(files))
	}
	for path, want := range files {
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what events.yaml says: run make events (%v)", path, err)
		}
	}
}

func TestAFieldThatNothingExplainsIsFound(t *testing.T) {
	p := &protocol{Fields: map[string]map[string]any{"a": {}, "b": {}}, Client: []event{{Name: "E", Fields: []field{{Name: "a"}, {Name: "c"}}}}}
	if err := p.check(); err == nil || !strings.Contains(err.Error(), "what c is") {
		t.Errorf("got %v", err)
	}
	p.Client[0].Fields = p.Client[0].Fields[:1]
	if err := p.check(); err == nil || !strings.Contains(err.Error(), "the field b") {
		t.Errorf("got %v", err)
	}
}

func TestFieldsAreListedWithTheirNotes(t *testing.T) {
	got := listed([]field{{Name: "a"}, {Name: "b", Optional: true, Note: "a note"}, {Name: "c"}})
	if want := "`a, b?` (a note)`, c`"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := between("no marks", "client", ""); err == nil {
		t.Error("a page without marks was taken")
	}
}
