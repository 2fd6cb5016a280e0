package trace

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestGeneratedHistoryHasTheNumbersOfTheRealOneAndStaysInsideTheText(t *testing.T) {
	edits := Generate(1)
	inserted, deleted, length := 0, 0, 0
	for i, e := range edits {
		if e.Position < 0 || e.Position+e.Deleted > length {
			t.Fatalf("edit %d at %d deletes %d of a text of %d", i, e.Position, e.Deleted, length)
		}
		length += len(e.Inserted) - e.Deleted
		inserted += len(e.Inserted)
		deleted += e.Deleted
	}
	if inserted != Insertions || deleted != Deletions {
		t.Fatalf("got %d insertions and %d deletions, want %d and %d", inserted, deleted, Insertions, Deletions)
	}
	if !slices.Equal(edits, Generate(1)) {
		t.Fatal("the same seed made another history")
	}
}

func TestRecordedHistoryIsLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.json.gz")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(file)
	if _, err := zipped.Write([]byte(`{"txns":[{"patches":[[0,0,"ab"],[1,1,""]]},{"patches":[[1,0,"c"]]}]}`)); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("EDITING_TRACE", path)
	got, err := FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	want := []Edit{{0, 0, "ab"}, {1, 1, ""}, {1, 0, "c"}}
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
