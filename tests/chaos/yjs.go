package chaos

import (
	"encoding/base64"
	"os"
	"testing"
	"time"

	"corsia/tests/chaos/check"
	"corsia/tests/testkit"
)

const yjsTimeout = time.Minute

// readByYjs has npm yjs read what everybody sees.
func readByYjs(t testing.TB, replicas []check.Replica) {
	t.Helper()
	if len(replicas) == 0 {
		return
	}
	reader := testkit.StartNode(t, "read.mjs", map[string]any{"texts": textFields, "map": "values"})
	for i := range replicas {
		var answer struct{ Content, Error string }
		reader.Call(yjsTimeout, base64.StdEncoding.EncodeToString(replicas[i].State), &answer)
		if answer.Error != "" {
			t.Errorf("npm yjs cannot read what %s sees of %s: %s", replicas[i].Whose, replicas[i].Room, answer.Error)
		}
		replicas[i].Other = answer.Content
	}
}

// dump writes the history to a file that outlives the test, and returns its name.
func dump(h *check.History) (string, error) {
	file, err := os.CreateTemp("", "corsia-chaos-*.ndjson")
	if err != nil {
		return "", err
	}
	defer file.Close()
	return file.Name(), h.Dump(file)
}
