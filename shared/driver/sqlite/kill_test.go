package sqlite

import (
	"bufio"
	"fmt"
	"io"
	"testing"

	"corsia/shared/collab"
)

// appendForEver appends to a few documents and prints "<id> <revision>" for each commit, until the process is killed.
func appendForEver(t *testing.T, path string) {
	const documents, underWay = 5, 4
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, documents)
	for i := range documents {
		res := created(t, db, collab.ResourceID(fmt.Sprintf("doc%d", i)))
		head, err := db.Head(t.Context(), res)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			done := make(chan collab.Committed, underWay)
			for revision := head.Revision; ; revision++ {
				db.Append(batch(res, revision), done)
				if revision < head.Revision+underWay {
					continue
				}
				c := <-done
				if c.Err != nil {
					failed <- c.Err
					return
				}
				fmt.Printf("%s %d\n", res.ID, c.Head.Revision)
			}
		}()
	}
	t.Fatal(<-failed)
}

// readAcknowledged reads what appendForEver prints until the end, the last revision of each document, and calls begun at
// the first line.
func readAcknowledged(out io.Reader, begun func()) map[collab.ResourceID]int64 {
	acknowledged := map[collab.ResourceID]int64{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var id collab.ResourceID
		var revision int64
		if _, err := fmt.Sscanf(lines.Text(), "%s %d", &id, &revision); err != nil {
			continue // cut off by the kill
		}
		if len(acknowledged) == 0 {
			begun()
		}
		acknowledged[id] = revision
	}
	return acknowledged
}
