package sqlite

import (
	"path/filepath"
	"slices"
	"testing"

	"corsia/shared/collab"
)

func appendUpTo(t *testing.T, db *DB, res collab.Resource, from, to int64) {
	t.Helper()
	b := batch(res, from)
	for b.Entries = b.Entries[:0]; from < to; from++ {
		b.Entries = append(b.Entries, batch(res, from).Entries...)
	}
	if c := appendOne(db, b); c.Err != nil {
		t.Fatal(c.Err)
	}
}

func indexedRows(t *testing.T, db *DB) (n int) {
	t.Helper()
	if err := db.readers.QueryRowContext(t.Context(), "SELECT count(*) FROM yjs_revisions").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheJournalIsReadAcrossTheEndOfItsIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corsia.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	res, other := created(t, db, "a"), created(t, db, "b")
	appendUpTo(t, db, res, 1, 6)
	appendUpTo(t, db, other, 1, 9)
	if err := db.Close(); err != nil { // indexes them
		t.Fatal(err)
	}
	db = openTest(t, path, Options{}).DB
	if n := indexedRows(t, db); n != 13 {
		t.Fatalf("%d rows are indexed, want 13", n)
	}
	appendUpTo(t, db, res, 6, 11)
	appendUpTo(t, db, other, 9, 11)
	tests := []struct {
		after int64
		limit int
		want  []int64
	}{
		{1, -1, []int64{2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}, {4, 4, []int64{5, 6, 7, 8}}, {4, 2, []int64{5, 6}},
		{7, 2, []int64{8, 9}}, {9, 100, []int64{10, 11}}, {11, 5, nil}, {1, 0, nil},
	}
	for _, tt := range tests {
		found, err := db.Entries(t.Context(), res, tt.after, tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, e := range found {
			got = append(got, e.Revision)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%d entries after %d: revisions %v, want %v", tt.limit, tt.after, got, tt.want)
		}
	}
	wantRevision(t, db, res, 11)
	wantRevision(t, db, other, 11)
}

func TestTheIndexFollowsTheJournalUnderLoad(t *testing.T) {
	db := openOnce(t).DB
	res := created(t, db, "a")
	appendUpTo(t, db, res, 1, 1+maxUnindexedRows)
	appendUpTo(t, db, res, 1+maxUnindexedRows, 11+maxUnindexedRows) // answered after the first rows were indexed
	if n := indexedRows(t, db); n < maxUnindexedRows {
		t.Fatalf("%d rows are indexed, want %d", n, maxUnindexedRows)
	}
	wantRevision(t, db, res, 11+maxUnindexedRows)
}

func TestPositionsAreNeverGivenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corsia.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	res := created(t, db, "a")
	appendUpTo(t, db, res, 1, 6)
	if err := db.do(t.Context(), 0, func(w *writer) error { return w.exec("DELETE FROM yjs_updates WHERE revision > 3") }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openTest(t, path, Options{}).DB
	appendUpTo(t, db, res, 6, 7)
	found, err := db.Entries(t.Context(), res, 3, 10)
	if err != nil || len(found) != 1 || found[0].Revision != 7 {
		t.Fatalf("entries after the deleted ones: %v, %v, want revision 7", found, err)
	}
}
