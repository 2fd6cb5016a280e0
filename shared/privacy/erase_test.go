package privacy

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/folder"
	"corsia/shared/driver/sqlite"
)

const reason = "request of the person, file 17"

var yesterday = time.Now().Add(-24 * time.Hour).UTC().Truncate(time.Microsecond)

// ward is a store with a gateway's view and that of who owns it.
type ward struct {
	t        *testing.T
	path     string
	db       *sqlite.DB
	owner    *sqlite.Backup
	recorder *audit.Recorder
}

func openWard(t *testing.T, path string) *ward {
	t.Helper()
	w := &ward{t: t, path: path, recorder: audit.NewRecorder("i_1", slog.New(slog.DiscardHandler))}
	var err error
	if w.db, err = sqlite.Open(t.Context(), path, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	if w.owner, err = sqlite.OpenBackup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.owner.Close() })
	return w
}

func newWard(t *testing.T) *ward { return openWard(t, filepath.Join(t.TempDir(), "corsia.db")) }

func record(id collab.ResourceID) collab.Resource { return collab.Resource{Tenant: "default", ID: id} }

// write appends rows to a record, which it creates when it is missing.
func (w *ward) write(r collab.Resource, n int) {
	w.t.Helper()
	joined, err := w.db.Join(w.t.Context(), collab.Join{Resource: r, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: yesterday})
	if err != nil {
		w.t.Fatal(err)
	}
	b := collab.Batch{Resource: r, Expect: joined.Head}
	for i := range n {
		b.Entries = append(b.Entries, collab.Entry{Revision: joined.Head.Revision + 1 + int64(i), Update: []byte("text"), User: "usr_001", Session: "s_1",
			Clients: []collab.ClientID{joined.Client}, Fields: []collab.Field{"notes"}, At: yesterday})
	}
	done := make(chan collab.Committed, 1)
	w.db.Append(b, done)
	if c := <-done; c.Err != nil {
		w.t.Fatal(c.Err)
	}
}

func (w *ward) erase(r collab.Resource) (collab.Erased, error) {
	return Erase(w.t.Context(), w.owner, w.recorder, EraseRequest{Resource: r, By: "usr_dpo", Reason: reason, At: yesterday})
}

func (w *ward) seal() {
	w.t.Helper()
	if err := audit.NewSealer(w.db, slog.New(slog.DiscardHandler), time.Now).Seal(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ward) head(r collab.Resource) collab.Head {
	w.t.Helper()
	head, err := w.db.Head(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return head
}

// events returns the sealed events of a resource.
func (w *ward) events(r collab.Resource) []collab.SealedRow {
	w.t.Helper()
	w.seal()
	all, err := w.db.SelectAudit(w.t.Context(), collab.AuditFilter{Tenant: r.Tenant, Resource: r.ID}, nil, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func TestAnErasureIsInTheTrailWithWhatItTook(t *testing.T) { // O7
	w, r := newWard(t), record("page:/patient/1")
	w.write(r, 3)
	key := collab.LockKey{Resource: r, Field: "notes"}
	if _, err := w.db.OpenLock(t.Context(), collab.Lock{ID: "l_1", Key: key, User: "usr_002", Session: "s_2", AcquiredAt: yesterday, ExpiresAt: yesterday}, collab.Displace{}, nil); err != nil {
		t.Fatal(err)
	}
	done, err := w.erase(r)
	if err != nil || done.Content.Updates != 3 || done.Covered != 3 {
		t.Fatalf("erased %+v: %v", done, err)
	}
	var types []string
	for _, e := range w.events(r) {
		types = append(types, e.Type)
		switch audit.Type(e.Type) {
		case audit.DocumentUpdated:
			if e.Details["revisions"] != "2-4" || e.Actor != "usr_001" {
				t.Errorf("what was there is vouched for by %+v", e)
			}
		case audit.AdminAction:
			want := map[string]string{"action": "journal_removed", "cause": "erasure", "revisions": "2-4", "rows": "3"}
			if !maps.Equal(e.Details, want) || e.Actor != "usr_dpo" || e.Reason != reason || e.RevisionFrom != 2 || e.RevisionTo != 4 {
				t.Errorf("the erasure is told as %+v by %s, %q", e.Details, e.Actor, e.Reason)
			}
		case audit.LockReleased:
			if e.Actor != "usr_002" || !slices.Equal(e.Fields, []collab.Field{"notes"}) {
				t.Errorf("the lock's end is told as %+v", e)
			}
		}
	}
	slices.Sort(types)
	if want := []string{"ADMIN_ACTION", "DOCUMENT_UPDATED", "LOCK_RELEASED"}; !slices.Equal(types, want) {
		t.Fatalf("the trail has %v, want %v", types, want)
	}
	again, err := w.erase(r)
	if err != nil || !again.Content.Empty() || len(w.events(r)) != 3 {
		t.Fatalf("erasing again did %+v: %v", again, err)
	}
}

func TestAnErasureNeedsAReasonAndAWholeJournal(t *testing.T) { // O7, T2
	w, r := newWard(t), record("page:/patient/1")
	w.write(r, 3)
	for _, text := range []string{"", "too short", strings.Repeat("x", 301)} {
		if _, err := Erase(t.Context(), w.owner, w.recorder, EraseRequest{Resource: r, Reason: text, At: yesterday}); !errors.Is(err, ErrReason) {
			t.Errorf("the reason %q: %v", text, err)
		}
	}
	q := EraseRequest{Resource: r, Reason: reason, At: yesterday}
	if _, err := Erase(t.Context(), gap{w.owner}, w.recorder, q); !errors.Is(err, ErrGap) {
		t.Errorf("a journal with a gap: %v, want ErrGap", err)
	}
	if head := w.head(r); head.Epoch != 0 || len(w.events(r)) != 0 {
		t.Errorf("what was refused has left %+v", head)
	}
}

// gap is a store whose journal lacks a row.
type gap struct{ *sqlite.Backup }

func (g gap) Erase(ctx context.Context, e collab.Erasure) (collab.Erased, error) {
	audit := e.Audit
	e.Audit = func(c collab.Content, closed []collab.Lock) ([]collab.AuditRow, error) {
		c.Updates--
		return audit(c, closed)
	}
	return g.Backup.Erase(ctx, e)
}

// restored is a store from a backup.
func restored(t *testing.T, from *bytes.Buffer) *ward {
	t.Helper()
	copied, path := filepath.Join(t.TempDir(), "copy"), filepath.Join(t.TempDir(), "restored.db")
	if err := os.WriteFile(copied, from.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := sqlite.OpenBackup(t.Context(), path)
	if err == nil {
		err = b.Load(t.Context(), copied, func(string) {})
	}
	if err == nil {
		_, err = b.OpenEpoch(t.Context(), collab.EpochOpening{Epoch: 2, At: time.Now(), Audit: func([]collab.Lock) []collab.AuditRow { return nil }})
	}
	if err = errors.Join(err, b.Close()); err != nil {
		t.Fatal(err)
	}
	return openWard(t, path)
}

func TestARestoredStoreErasesAgainWhatABackupBroughtBack(t *testing.T) { // O7, O4
	w := newWard(t)
	before, twice, once, never, later := record("page:/before"), record("page:/twice"), record("page:/once"), record("page:/never"), record("page:/later")
	for _, r := range []collab.Resource{before, twice, once, never} {
		w.write(r, 2)
	}
	erase := func(r collab.Resource) {
		t.Helper()
		if _, err := w.erase(r); err != nil {
			t.Fatal(err)
		}
	}
	erase(before)
	w.write(before, 1) // which is in the backup, and stays
	w.seal()
	var dump bytes.Buffer
	if _, err := w.owner.Dump(t.Context(), &dump); err != nil {
		t.Fatal(err)
	}
	erase(twice)
	w.write(twice, 1)
	erase(twice)
	erase(once)
	w.write(later, 1)
	erase(later)
	w.seal()

	archive, err := folder.Open(filepath.Join(t.TempDir(), "archive"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if _, err := audit.ArchiveDay(t.Context(), w.db, archive, yesterday, time.Now()); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func(Past) error{
		"from a store":    func(p Past) error { return p.ReadTrail(t.Context(), w.db) },
		"from an archive": func(p Past) error { return p.ReadArchive(t.Context(), archive) },
	} {
		t.Run(name, func(t *testing.T) {
			newer, known := Past{}, Past{}
			x := restored(t, &dump)
			if err := errors.Join(read(newer), known.ReadTrail(t.Context(), x.db)); err != nil {
				t.Fatal(err)
			}
			if len(newer) != 5 || len(known) != 1 {
				t.Fatalf("the newer trail tells of %d erasures and the restored one of %d, want 5 and 1", len(newer), len(known))
			}
			again := func() (rows map[collab.ResourceID]int64) {
				rows = map[collab.ResourceID]int64{}
				err := EraseAgain(t.Context(), x.owner, x.recorder, AgainRequest{Newer: newer, Restored: known, By: "usr_dba", Now: time.Now,
					Each: func(r collab.Resource, done collab.Erased) { rows[r.ID] = done.Content.Updates }})
				if err != nil {
					t.Fatal(err)
				}
				return rows
			}
			if rows := again(); !maps.Equal(rows, map[collab.ResourceID]int64{twice.ID: 2, once.ID: 2, later.ID: 0}) {
				t.Errorf("erased again: %v", rows)
			}
			// Pages know lives 0 to 1 of what was erased once, 0 to 2 of the other.
			for r, want := range map[collab.Resource]int64{before: 2, twice: 3, once: 2, never: 1, later: 0} {
				if got := x.head(r).Epoch; got != want {
					t.Errorf("%s is in epoch %d, want %d", r.ID, got, want)
				}
			}
			x.write(once, 1)
			if rows := again(); len(rows) > 0 {
				t.Errorf("the second time it erased %v", rows)
			}
			if content, err := x.owner.Content(t.Context(), once); err != nil || content.Updates != 1 {
				t.Errorf("what was written since is %+v: %v", content, err)
			}
		})
	}
}
