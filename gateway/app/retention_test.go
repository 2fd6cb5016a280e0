package app

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/sqlite"
	"corsia/shared/ydoc"
)

// TestO7AGatewayRemovesOldRowsOfJournalsWhenItIsToldTo runs one that is not, which covers them, and then one that is.
func TestO7AGatewayRemovesOldRowsOfJournalsWhenItIsToldTo(t *testing.T) {
	dir := t.TempDir()
	written(t, filepath.Join(dir, "corsia.db"), time.Now().Add(-72*time.Hour))
	stop(t, running(t, settings(t, dir), &lines{}))
	c := settings(t, dir, "JOURNAL_RETENTION", "48h")
	for run, want := range []string{`"count":2`, ""} { // of the second start, nothing is left to do
		log := &lines{}
		a := running(t, c, log)
		removed := func() bool { return strings.Contains(log.String(), "old rows have left the journals") }
		for end := time.Now().Add(20 * time.Second); want != "" && !removed(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("start %d: %s", run, log)
			}
		}
		stop(t, a)
		if text := log.String(); removed() != (want != "") || !strings.Contains(text, want) {
			t.Fatalf("start %d: %s", run, text)
		}
	}
	report, err := VerifyAudit(t.Context(), AuditSource{Store: c.StoreURL})
	if err != nil || report.Status() != audit.Intact || report.Removed != 2 {
		t.Fatalf("%+v, %v", report, err)
	}
}

// written makes a document of two edits with its state.
func written(t *testing.T, path string, at time.Time) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, at := collab.Resource{Tenant: "default", ID: "page:/old"}, at.UTC().Truncate(time.Microsecond)
	if _, err := store.Join(t.Context(), collab.Join{Resource: r, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: at}); err != nil {
		t.Fatal(err)
	}
	doc := ydoc.New()
	b := collab.Batch{Resource: r, Expect: collab.Head{Revision: 1}}
	for revision := int64(2); revision <= 3; revision++ {
		update, err := doc.Transact(7, func(e *ydoc.Edit) { e.InsertText("notes", 0, "word ") })
		if err != nil {
			t.Fatal(err)
		}
		b.Entries = append(b.Entries, collab.Entry{Revision: revision, Update: update, User: "usr_001", Session: "s_1", Clients: []collab.ClientID{7},
			Fields: []collab.Field{"notes"}, At: at})
	}
	done := make(chan collab.Committed, 1)
	store.Append(b, done)
	if c := <-done; c.Err != nil {
		t.Fatal(c.Err)
	}
	state, err := doc.EncodeState(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.SaveState(t.Context(), collab.State{Resource: r, Revision: 3, State: state, At: at}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}
