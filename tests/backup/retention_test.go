//go:build integration

package backup

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/shared/backup"
	"corsia/shared/collab"
	"corsia/shared/driver/postgres"
	"corsia/shared/obs"
	"corsia/shared/privacy"
	"corsia/shared/ydoc"
)

// TestABackupOfJournalsThatBeginLaterIsGood_O7 has old rows leave, backs up, restores, works on, and has more leave in the new epoch.
func TestABackupOfJournalsThatBeginLaterIsGood_O7(t *testing.T) {
	store := postgresServer(t).Database(t)
	const old = "page:/patient/old"
	aged(t, store, collab.Resource{Tenant: "default", ID: old}, 120, 60)
	w := open(t, store)
	day(t, w) // covers and seals what is old, too
	if done := trimmed(t, store, 100*time.Hour); done != (privacy.Trimmed{Documents: 1, Rows: 20}) {
		t.Fatalf("it did %+v", done)
	}
	w.Restart(t)
	if status, _ := w.Stop(t); status != 0 {
		t.Fatalf("the gateway ends with status %d", status)
	}
	m := w.back(t, store)
	if !slices.ContainsFunc(m.Tables, func(s collab.TableSum) bool { return s.Name == "yjs_bases" && s.Rows == 1 }) {
		t.Fatalf("the tables are %+v", m.Tables)
	}
	if r, err := w.drill(t, m.ID); err != nil || !r.Verified || r.Level != backup.Verified || r.Documents != 4 {
		t.Fatalf("%+v, %v", r, err)
	}
	to := beside(t, store)
	w.must(t, "restore", "-to", to)
	again := open(t, to, "ARCHIVE_URL=file:"+t.TempDir())
	later := fields{"iat": time.Now().Add(2 * time.Second).Unix()} // tokens tell whole seconds, and those of before the restore are over
	p := again.join(t, "usr_anna", old, later)
	if text := p.doc.Text("notes"); len(text) != 2*40 {
		t.Fatalf("the document says %q", text)
	}
	p.write(t, "notes", "x ")
	p.Disconnect()
	if status, _ := again.Stop(t); status != 0 {
		t.Fatalf("the gateway ends with status %d", status)
	}
	if done := trimmed(t, to, 48*time.Hour); done != (privacy.Trimmed{Documents: 1, Rows: 20}) {
		t.Fatalf("in the new epoch it did %+v", done)
	}
	again.Restart(t)
	p = again.join(t, "usr_anna", old, later)
	if text := p.doc.Text("notes"); len(text) != 2*41 {
		t.Fatalf("the document says %q", text)
	}
	if status, _ := again.Stop(t); status != 0 {
		t.Fatalf("the gateway ends with status %d", status)
	}
	again.must(t, "audit", "verify")
	if n := number(t, to, "SELECT count(*) FROM yjs_updates WHERE resource_id = '"+old+"'"); n != 1 {
		t.Errorf("%d rows are left, want that of the new epoch", n)
	}
}

// aged makes a document of twenty edits that are so many hours old, for each number of hours.
func aged(t *testing.T, store string, r collab.Resource, hours ...int) {
	t.Helper()
	db, err := postgres.Open(t.Context(), store, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Join(t.Context(), collab.Join{Resource: r, User: "usr_old", Session: "s_old", Mode: collab.Editor, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	doc := ydoc.New()
	b := collab.Batch{Resource: r, Expect: collab.Head{Revision: 1}, Bind: []collab.Owner{{Client: 7, User: "usr_old", Session: "s_old", Used: true}}}
	for _, h := range hours {
		for i := range 20 {
			update, err := doc.Transact(7, func(e *ydoc.Edit) { e.InsertText("notes", 0, fmt.Sprintf("%d ", i%10)) })
			if err != nil {
				t.Fatal(err)
			}
			b.Entries = append(b.Entries, collab.Entry{Revision: int64(len(b.Entries)) + 2, Update: update, User: "usr_old", Session: "s_old",
				Clients: []collab.ClientID{7}, Fields: []collab.Field{"notes"}, At: time.Now().Add(-time.Duration(h) * time.Hour).UTC().Truncate(time.Microsecond)})
		}
	}
	done := make(chan collab.Committed, 1)
	db.Append(b, done)
	if c := <-done; c.Err != nil {
		t.Fatal(c.Err)
	}
	state, err := doc.EncodeState(nil)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := db.SaveState(t.Context(), collab.State{Resource: r, Revision: int64(len(b.Entries)) + 1, State: state, At: time.Now()})
	if err != nil || !saved {
		t.Fatal(saved, err)
	}
}

// trimmed has old rows leave a store.
func trimmed(t *testing.T, store string, keep time.Duration) privacy.Trimmed {
	t.Helper()
	db, err := postgres.Open(t.Context(), store, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log := obs.NewLogger(io.Discard, nil)
	done, err := privacy.NewRetention(privacy.RetentionOptions{Store: db, Recorder: audit.NewRecorder("i_trim", log), Keep: keep, Log: log, Now: time.Now}).Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}
