package trailtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

const (
	documents   = 3
	rowsWritten = 6                 // to each document, at once
	lastWritten = 1 + 2*rowsWritten // revision of a scene's documents
	patience    = 30 * time.Second
)

func document(i int) collab.Resource {
	return collab.Resource{Tenant: "default", ID: collab.ResourceID(fmt.Sprintf("page:/%d", i))}
}

// write appends n rows of two sessions to a document, which has as many as already says.
func write(ctx context.Context, store Store, i, already, n int) error {
	r := document(i)
	if already == 0 {
		if _, err := store.Join(ctx, collab.Join{Resource: r, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: time.Now()}); err != nil {
			return err
		}
	}
	b := collab.Batch{Resource: r, Expect: collab.Head{Revision: int64(already) + 1}}
	for k := range n {
		revision := b.Expect.Revision + 1 + int64(k)
		b.Entries = append(b.Entries, collab.Entry{Revision: revision, Update: fmt.Append(nil, i, revision), User: collab.UserID(fmt.Sprintf("usr_%d", k%2)),
			Session: collab.SessionID(fmt.Sprintf("s_%d", k%2)), Clients: []collab.ClientID{collab.ClientID(revision)},
			Fields: []collab.Field{collab.Field(fmt.Sprintf("f_%d", k/3))}, At: time.Now().Add(time.Duration(k) * time.Millisecond)})
	}
	done := make(chan collab.Committed, 1)
	store.Append(b, done)
	select {
	case c := <-done:
		return c.Err
	case <-time.After(patience):
		return errors.New("no outcome of Append")
	}
}

// row returns the condition of a random row of a journal.
func (s *scene) row(r *rand.Rand) (where string, of collab.Resource, revision int64) {
	of, revision = document(r.IntN(documents)), 2+r.Int64N(lastWritten-1)
	return whereIs(of, revision), of, revision
}

func whereIs(of collab.Resource, revision int64) string {
	return fmt.Sprintf("tenant = '%s' AND resource_id = '%s' AND revision = %d", of.Tenant, of.ID, revision)
}

func (s *scene) editJournal(r *rand.Rand) {
	where, _, _ := s.row(r)
	edge := func(which string) string { return "(SELECT " + which + "(created_at) FROM yjs_updates)" }
	other := func(column string) string {
		return fmt.Sprintf("%[1]s = (SELECT %[1]s FROM yjs_updates u WHERE u.%[1]s <> yjs_updates.%[1]s ORDER BY u.revision LIMIT 1)", column)
	}
	changes := []string{`"update" = ` + s.db.Blob([]byte{byte(r.IntN(256)), 0}), other("fields"), other("client_ids"),
		"created_at = CASE created_at WHEN " + edge("max") + " THEN " + edge("min") + " ELSE " + edge("max") + " END"}
	s.exec("UPDATE yjs_updates SET %s WHERE %s", changes[r.IntN(len(changes))], where)
}

func (s *scene) changeAuthor(r *rand.Rand) {
	where, _, _ := s.row(r)
	s.exec("UPDATE yjs_updates SET %s WHERE %s", []string{"user_id = 'usr_666'", "session_id = 's_666'", "user_id = 'usr_666', session_id = 's_666'"}[r.IntN(3)], where)
}

func (s *scene) deleteJournal(r *rand.Rand) {
	where, of, revision := s.row(r)
	s.exec("DELETE FROM yjs_updates WHERE %s", where)
	if r.IntN(2) == 0 {
		s.shiftJournal(of, revision, -1)
	}
}

// shiftJournal moves the rows after a revision, and the head.
func (s *scene) shiftJournal(of collab.Resource, after int64, by int) {
	s.exec("UPDATE yjs_updates SET revision = -(revision + (%d)) WHERE resource_id = '%s' AND revision > %d", by, of.ID, after)
	s.exec("UPDATE yjs_updates SET revision = -revision WHERE revision < 0")
	s.exec("UPDATE yjs_heads SET revision = revision + (%d) WHERE resource_id = '%s'", by, of.ID)
}

func (s *scene) insertJournal(r *rand.Rand) {
	where, of, revision := s.row(r)
	resource, to := "resource_id", int64(0)
	switch r.IntN(4) {
	case 0: // before the first
		to = r.Int64N(2)
	case 1: // after the last
		to = lastWritten + 1 + r.Int64N(3)
	case 2: // of a document that does not exist
		resource, to = "'page:/nowhere'", 2
	case 3: // in between: after the last it is what anybody may do who can append, until nothing has covered it for a minute
		if revision == lastWritten {
			revision--
		}
		where = whereIs(of, revision)
		s.shiftJournal(of, revision, 1)
		to = revision + 1
	}
	s.exec(`INSERT INTO yjs_updates (tenant, resource_id, revision, "update", user_id, session_id, client_ids, fields, created_at)
		SELECT tenant, %s, %d, "update", user_id, session_id, client_ids, fields, created_at FROM yjs_updates WHERE %s`, resource, to, where)
}

// cutJournal puts a document back to an earlier revision.
func (s *scene) cutJournal(r *rand.Rand) {
	_, of, revision := s.row(r)
	s.exec("DELETE FROM yjs_updates WHERE resource_id = '%s' AND revision >= %d; UPDATE yjs_heads SET revision = %d WHERE resource_id = '%s'",
		of.ID, revision, revision-1, of.ID)
}

// Honest has two instances write, cover, seal and remove at the same time, many times, and asks for the verdict at any moment: it is
// never an alarm. Where two may not have the store open, a and b are the same.
func Honest(t *testing.T, a, b Store, runs int) {
	private, public, err := audit.GenerateKey()
	must(t, err)
	signer, err := note.NewSigner(private)
	must(t, err)
	key, err := note.NewVerifier(public)
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	later := func() time.Time { return time.Now().Add(2 * audit.Burst) } // no burst is waited for
	must(t, a.Record(t.Context(), audit.NewRecorder("i_1", log).Row(audit.Event{Type: audit.UserConnected, Tenant: "default"})))
	must(t, audit.NewSealer(a, log, time.Now).Seal(t.Context()))
	notary := audit.NewNotary(a, nowhere{}, signer, log, time.Now)
	must(t, notary.Finish(t.Context()))
	h := &honest{t: t, runs: runs, stores: []Store{a, b}, key: key, notary: notary}
	for i, store := range h.stores {
		h.coverers = append(h.coverers, audit.NewCoverer(store, audit.NewRecorder(collab.InstanceID(fmt.Sprintf("i_%d", i)), log), log, later))
		h.sealers = append(h.sealers, audit.NewSealer(store, log, time.Now))
	}
	age(t, a, runs, h.coverers[0], h.sealers[0])
	must(t, notary.Finish(t.Context()))
	for run := range runs {
		h.run(run)
	}
}

// honest is two instances.
type honest struct {
	t        *testing.T
	runs     int
	stores   []Store
	coverers []*audit.Coverer
	sealers  []*audit.Sealer
	notary   *audit.Notary
	key      note.Verifier
}

const writers = 3

func (h *honest) run(run int) {
	t, ctx := h.t, h.t.Context()
	var writing, working sync.WaitGroup
	stop := make(chan struct{})
	failed := make(chan error, writers*rowsWritten+2*len(h.stores)+1)
	for w := range writers {
		writing.Go(func() {
			for k := range rowsWritten {
				failed <- write(ctx, h.stores[(w+k)%2], w, run*rowsWritten+k, 1)
			}
		})
	}
	for i := range h.stores {
		working.Go(func() { failed <- repeat(stop, func() error { return h.coverers[i].Cover(ctx) }) })
		working.Go(func() { failed <- repeat(stop, func() error { return h.sealers[i].Seal(ctx) }) })
	}
	working.Go(func() {
		time.Sleep(time.Duration(run%10) * time.Millisecond)
		failed <- removeAged(ctx, h.stores[run%2], audit.NewRecorder("i_1", slog.New(slog.DiscardHandler)), firstAged+int64(run))
	})
	h.verify(h.stores[1])
	writing.Wait()
	close(stop)
	working.Wait()
	for range cap(failed) {
		must(t, <-failed)
	}
	for _, coverer := range h.coverers {
		must(t, coverer.Finish(ctx))
	}
	must(t, h.sealers[0].Seal(ctx))
	must(t, h.notary.Finish(ctx))
	removed := int64(run + 1)
	total := removed*writers*rowsWritten + int64(h.runs) - removed
	if report := h.verify(h.stores[1]); report.Journalled != total || report.Removed != removed || report.Pending != 0 {
		t.Fatalf("run %d: %d rows of journals are vouched for, of %d, and %d were removed, of %d; %d events are pending", run, report.Journalled, total,
			report.Removed, removed, report.Pending)
	}
}

func (h *honest) verify(store Store) *audit.Report {
	h.t.Helper()
	report, err := audit.VerifyStore(h.t.Context(), store, nil, audit.Trust{Keys: []note.Verifier{h.key}, Now: time.Now()})
	must(h.t, err)
	if report.Status() != audit.Intact {
		h.t.Fatalf("the trail is %s: %v", report.Status(), report.Problems)
	}
	return report
}

// repeat does something again and again until stop is closed, and once more.
func repeat(stop <-chan struct{}, do func() error) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := do(); err != nil {
			return err
		}
		select {
		case <-stop:
			return do()
		case <-tick.C:
		}
	}
}
