package broken

import (
	"strings"
	"testing"
)

func TestEveryChangeFitsTheSource(t *testing.T) {
	for name, changes := range All {
		if _, err := Apply(changes); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAChangeThatFitsNoMoreIsAnError(t *testing.T) {
	for _, old := range []string{"no such text in the source", "package room\n\nimport", "r.flying"} {
		_, err := Apply([]Change{{"gateway/room/batch.go", old, ""}})
		if wrong := old != "package room\n\nimport"; (err != nil) != wrong {
			t.Errorf("%q: %v", old, err)
		}
		if err != nil && !strings.Contains(err.Error(), "the source has changed") {
			t.Errorf("%q: %v", old, err)
		}
	}
}
