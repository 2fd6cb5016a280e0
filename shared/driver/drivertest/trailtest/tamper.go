// Package trailtest changes the audit trail and the journal of a real store as one who may do everything there can, and asks
// whether the verifier sees it.
package trailtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

// Store is a store with a trail.
type Store interface {
	audit.CoverStore
	audit.SealStore
	audit.CheckpointStore
	audit.TrailStore
	Record(ctx context.Context, rows ...collab.AuditRow) error
	Join(ctx context.Context, j collab.Join) (collab.Joined, error)
	Append(b collab.Batch, done chan<- collab.Committed)
	SaveState(ctx context.Context, s collab.State) (bool, error)
	JournalPrefix(ctx context.Context, r collab.Resource, limit int) (collab.JournalPrefix, error)
	RemoveJournal(ctx context.Context, removal collab.JournalRemoval) (int64, error)
}

// SQL is a plain client of the store's database, with all rights.
type SQL struct {
	Exec  func(statement string) error // may be several statements
	Blob  func([]byte) string          // a literal
	Free  string                       // statements that take the triggers of the tables below and of Index away
	Index []string                     // tables that say where the journal's rows are
}

// Tamper tries the kinds of tampering that concern a store, each at some random places, and no tampering in between.
func Tamper(t *testing.T, store Store, db SQL, places int) {
	s := begin(t, store, db)
	for _, kind := range []struct {
		name string
		do   func(*rand.Rand)
	}{
		{"edit a body", s.editBody}, {"edit a column", s.editColumn}, {"delete", s.remove}, {"insert", s.insert}, {"swap", s.swap},
		{"truncate the tail", s.truncate}, {"rewrite with fresh hashes", s.rewrite}, {"replay an old epoch", s.replay},
		{"edit a row of a journal", s.editJournal}, {"change an author in a journal", s.changeAuthor}, {"delete from a journal", s.deleteJournal},
		{"insert into a journal", s.insertJournal}, {"cut a journal", s.cutJournal},
		{"remove what no removal says", s.removeUnsaid}, {"put a removed row back", s.putRemovedBack}, {"say that more was removed", s.widenRemoval},
	} {
		t.Run(kind.name, func(t *testing.T) {
			s.t = t
			for seed := range uint64(places) {
				kind.do(rand.New(rand.NewPCG(seed, 2)))
				if got := s.status(); got != audit.Tampered {
					t.Fatalf("place %d: the trail is %s", seed, got)
				}
				s.putBack()
				if got := s.status(); got != audit.Intact {
					t.Fatalf("place %d: put back, the trail is %s", seed, got)
				}
			}
		})
	}
}

type scene struct {
	t      *testing.T
	store  Store
	db     SQL
	key    note.Verifier
	latest []byte // the newest checkpoint, as the log has it
	tables []string
}

// begin records events, seals and signs them in two epochs, and keeps copies of the tables.
func begin(t *testing.T, store Store, db SQL) *scene {
	t.Helper()
	private, public, err := audit.GenerateKey()
	must(t, err)
	signer, err := note.NewSigner(private)
	must(t, err)
	s := &scene{t: t, store: store, db: db}
	s.key, err = note.NewVerifier(public)
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	recorder, sealer := audit.NewRecorder("i_1", log), audit.NewSealer(store, log, time.Now)
	notary := audit.NewNotary(store, nowhere{}, signer, log, time.Now)
	coverer := audit.NewCoverer(store, recorder, log, time.Now)
	age(t, store, agedRows, coverer, sealer)
	for k := range int64(agedRemoved) {
		must(t, removeAged(t.Context(), store, recorder, firstAged+k))
	}
	for epoch := range 2 {
		for i := range 40 {
			kind := audit.Types[i%len(audit.Types)]
			if kind == audit.DocumentUpdated { // of these there are enough
				kind = audit.AdminAction
			}
			must(t, store.Record(t.Context(), recorder.Row(audit.Event{Type: kind, Tenant: "default", Actor: "usr_001",
				Resource: collab.ResourceID(fmt.Sprintf("page:/%d", i%4)), Fields: []collab.Field{"a"}, Fence: int64(i), Details: map[string]string{"k": "v"}})))
		}
		for i := range documents {
			must(t, write(t.Context(), store, i, epoch*rowsWritten, rowsWritten))
		}
		must(t, coverer.Finish(t.Context()))
		must(t, sealer.Seal(t.Context()))
		must(t, notary.Finish(t.Context()))
		if epoch == 0 {
			s.exec("INSERT INTO audit_epochs (epoch, opened_at) SELECT 2, opened_at FROM audit_epochs")
		}
	}
	state, err := store.AuditState(t.Context())
	must(t, err)
	s.latest = state.Latest.Note
	s.tables = append([]string{"audit_log", "audit_checkpoints", "audit_epochs", "yjs_updates", "yjs_heads"}, db.Index...)
	s.exec("%s", db.Free)
	for _, table := range s.tables {
		s.exec("CREATE TABLE kept_%[1]s AS SELECT * FROM %[1]s", table)
	}
	if got := s.status(); got != audit.Intact {
		t.Fatalf("before anything was changed the trail is %s", got)
	}
	return s
}

func (s *scene) putBack() {
	for _, table := range s.tables {
		s.exec("DELETE FROM %[1]s; INSERT INTO %[1]s SELECT * FROM kept_%[1]s", table)
	}
}

func (s *scene) exec(format string, args ...any) {
	s.t.Helper()
	must(s.t, s.db.Exec(fmt.Sprintf(format, args...)))
}

func (s *scene) status() audit.Status {
	s.t.Helper()
	report, err := audit.VerifyStore(s.t.Context(), s.store, nil, audit.Trust{Keys: []note.Verifier{s.key}, Trusted: s.latest, Now: time.Now()})
	must(s.t, err)
	return report.Status()
}

// place returns a random row and how many its shard has.
func (s *scene) place(r *rand.Rand) (row collab.SealedRow, of []collab.SealedRow) {
	s.t.Helper()
	for {
		rows, err := s.store.AuditRows(s.t.Context(), r.IntN(audit.Shards), 0, 1000)
		must(s.t, err)
		if len(rows) > 1 {
			return rows[r.IntN(len(rows))], rows
		}
	}
}

func (s *scene) editBody(r *rand.Rand) {
	row, _ := s.place(r)
	body := bytes.Clone(row.Body)
	body[r.IntN(len(body))] ^= 1
	s.exec("UPDATE audit_log SET body = %s WHERE shard = %d AND seq = %d", s.db.Blob(body), row.Shard, row.Seq)
}

func (s *scene) editColumn(r *rand.Rand) {
	row, _ := s.place(r)
	changes := []string{"actor = 'x'", "type = 'X'", "outcome = 'x'", "resource_id = 'x'", "role = 'x'", "fence = 77", "fields = NULL", "details = NULL",
		"revision_to = 9", "address = 'x'", "reason = 'x'", "tenant = 'x'", "event_id = 'x'", "leaf = chain", "chain = leaf", "session_id = 'x'", "instance = 'x'"}
	s.exec("UPDATE audit_log SET %s WHERE shard = %d AND seq = %d", changes[r.IntN(len(changes))], row.Shard, row.Seq)
}

func (s *scene) remove(r *rand.Rand) {
	row, _ := s.place(r)
	s.exec("DELETE FROM audit_log WHERE shard = %d AND seq = %d", row.Shard, row.Seq)
	if r.IntN(2) == 0 {
		s.shift(row.Shard, row.Seq, -1)
	}
}

// shift moves the rows after seq.
func (s *scene) shift(shard int, seq int64, by int) {
	s.exec("UPDATE audit_log SET seq = -(seq + (%d)) WHERE shard = %d AND seq > %d", by, shard, seq)
	s.exec("UPDATE audit_log SET seq = -seq WHERE seq < 0")
}

func (s *scene) insert(r *rand.Rand) {
	row, _ := s.place(r)
	s.shift(row.Shard, row.Seq, 1)
	s.exec(`INSERT INTO audit_log SELECT shard, seq + 1, event_id || 'x', tenant, recorded_at, type, outcome, actor, role, session_id, instance, address,
		resource_id, fields, revision_from, revision_to, fence, reason, details, body, leaf, chain FROM audit_log WHERE shard = %d AND seq = %d`, row.Shard, row.Seq)
}

func (s *scene) swap(r *rand.Rand) {
	a, rows := s.place(r)
	b := rows[(int(a.Seq)+r.IntN(len(rows)-1))%len(rows)]
	s.exec("UPDATE audit_log SET seq = -%d WHERE shard = %d AND seq = %d", b.Seq, a.Shard, a.Seq)
	s.exec("UPDATE audit_log SET seq = %d WHERE shard = %d AND seq = %d", a.Seq, a.Shard, b.Seq)
	s.exec("UPDATE audit_log SET seq = -seq WHERE seq < 0")
}

func (s *scene) truncate(r *rand.Rand) {
	row, _ := s.place(r)
	s.exec("DELETE FROM audit_log WHERE shard = %d AND seq >= %d", row.Shard, row.Seq)
}

func (s *scene) rewrite(r *rand.Rand) {
	row, rows := s.place(r)
	pending := make([]collab.AuditRow, len(rows))
	for i := range rows {
		pending[i] = rows[i].AuditRow
	}
	e, err := audit.Parse(row.Body)
	must(s.t, err)
	e.Actor = "usr_666"
	pending[row.Seq-1] = e.Row()
	for _, fresh := range audit.Link(nil, pending) {
		s.exec("UPDATE audit_log SET actor = '%s', body = %s, leaf = %s, chain = %s WHERE shard = %d AND seq = %d", fresh.Actor,
			s.db.Blob(fresh.Body), s.db.Blob(fresh.Leaf[:]), s.db.Blob(fresh.Chain[:]), fresh.Shard, fresh.Seq)
	}
	s.exec("DELETE FROM audit_checkpoints")
}

// replay puts everything back to some time before epoch 2.
func (s *scene) replay(r *rand.Rand) {
	s.exec("DELETE FROM audit_epochs WHERE epoch = 2; DELETE FROM audit_checkpoints WHERE number > 1")
	s.exec("DELETE FROM audit_log WHERE seq > %d", 10+r.IntN(8))
}

// nowhere is an archive that keeps nothing: the scene takes the checkpoint from the store, before it is changed.
type nowhere struct{}

// Put reads the object.
func (nowhere) Put(_ context.Context, _ string, content io.Reader) error {
	_, err := io.Copy(io.Discard, content)
	return err
}

// Get finds nothing.
func (nowhere) Get(context.Context, string) (io.ReadCloser, error) { return nil, collab.ErrNotFound }

// List finds nothing.
func (nowhere) List(context.Context, string) ([]string, error) { return nil, nil }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
