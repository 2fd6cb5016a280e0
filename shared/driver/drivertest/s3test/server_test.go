package s3test

import (
	"os"
	"strings"
	"testing"
)

func TestTheVersionIsTheOneThatIsBuilt(t *testing.T) {
	text, err := os.ReadFile("../../../../scripts/tools/versitygw/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "github.com/versity/versitygw "+version) {
		t.Fatalf("scripts/tools/versitygw/go.mod has another version than %s", version)
	}
}
