package postgres

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"corsia/shared/collab"
)

// model is a server in memory: it keeps what judged transactions leave behind. It stands in for PostgreSQL where a test is
// about the order of things in one process.
type model struct {
	script
	kept *view
	logs []string // ids of audit events
}

func newModel() *model { return &model{kept: newView()} }

func (m *model) begin(ctx context.Context) (transaction, error) {
	if _, err := m.script.begin(ctx); err != nil {
		return nil, err
	}
	return &modelTransaction{model: m}, nil
}

type modelTransaction struct{ *model }

func (t *modelTransaction) look(w *wants) (*view, error) {
	v := newView()
	for r, make := range w.heads {
		if t.kept.heads[r] == nil && make {
			t.kept.heads[r] = &head{next: firstClient}
		}
		if kept := t.kept.heads[r]; kept != nil {
			h := *kept
			h.changed, h.horizon = false, h.next+reserveWindow
			v.heads[r] = &h
		}
		for id, c := range t.kept.known(r) {
			copied := *c
			v.known(r)[id] = &copied
		}
		v.locks[r] = slices.Clone(t.kept.locks[r])
	}
	for key := range w.fences {
		v.fences[key] = t.kept.fences[key]
	}
	_, err := t.script.look(w)
	return v, err
}

func (t *modelTransaction) write(c *change) error {
	if err := t.script.write(c); err != nil {
		return err
	}
	for r, h := range c.heads {
		t.kept.heads[r], t.kept.clients[r], t.kept.locks[r] = h, c.clients[r], c.locks[r]
	}
	for key, fence := range c.fences {
		t.kept.fences[key] = fence
	}
	for _, row := range c.audit {
		t.logs = append(t.logs, row.EventID)
	}
	return nil
}

// openModel returns a store on the model. It has no pools: what reads only cannot be asked.
func openModel(t *testing.T, m *model) *DB {
	t.Helper()
	c := newCommitter(&m.script)
	c.begin = m.begin
	db := &DB{limits: production, committer: c, done: make(chan struct{})}
	c.failed = &db.failed
	go func() {
		defer close(db.done)
		c.run()
	}()
	t.Cleanup(func() {
		c.queue.close()
		close(c.closing)
		<-db.done
	})
	return db
}

func event(id string) []collab.AuditRow { return []collab.AuditRow{{EventID: id, Body: []byte("{}")}} }

func TestASessionComesWritesLocksAndGoes(t *testing.T) {
	m := newModel()
	db := openModel(t, m)
	ctx := t.Context()
	join := collab.Join{Resource: ward, User: "me", Session: "s_1", Mode: collab.Editor, Audit: event("joined")}
	joined, err := db.Join(ctx, join)
	if err != nil || joined != (collab.Joined{Head: collab.Head{Revision: 1}, Client: 1, Created: true}) {
		t.Fatalf("joined %+v, %v", joined, err)
	}
	if id, err := db.Reserve(ctx, ward, "me", "s_1"); err != nil || id != 2 {
		t.Fatalf("reserved %d, %v", id, err)
	}
	b := edits(joined.Head, 2)
	b.Bind, b.Audit = []collab.Owner{{Client: 1, User: "me", Session: "s_1", Used: true}}, event("written")
	b.Retire, b.Seeds = []collab.ClientID{2, 1 << 63}, []collab.Seed{{Field: "a", Value: "1"}}
	done := make(chan collab.Committed, 1)
	db.Append(*b, done)
	if c := <-done; c.Err != nil || c.Head != (collab.Head{Revision: 3, Guard: 1}) {
		t.Fatalf("committed %+v", c)
	}
	db.Append(*b, done)
	if c := <-done; !errors.Is(c.Err, collab.ErrStale) {
		t.Fatalf("the same again: %v, want ErrStale", c.Err)
	}
	held := lockOn("a", "s_1")
	granted, err := db.OpenLock(ctx, held, collab.Displace{}, func(g collab.LockGranted) []collab.AuditRow { return event("granted") })
	if err != nil || granted.Lock.Fence != 1 || granted.Head != (collab.Head{Revision: 3, Guard: 2}) {
		t.Fatalf("granted %+v, %v", granted, err)
	}
	if _, err := db.OpenLock(ctx, lockOn("a", "s_2"), collab.Displace{}, nil); !errors.Is(err, collab.ErrHeld) {
		t.Fatalf("another session's: %v, want ErrHeld", err)
	}
	if err := db.ExtendLock(ctx, held.Key, 1, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		head, closed, err := db.CloseLock(ctx, held.Key, 1, collab.LockReleased, time.Now(), event("released"))
		if err != nil || closed != want || head != (collab.Head{Revision: 3, Guard: 3}) {
			t.Fatalf("closed %v at %+v, %v, want %v", closed, head, err, want)
		}
	}
	if err := db.ExtendLock(ctx, held.Key, 1, time.Now()); !errors.Is(err, collab.ErrLost) {
		t.Fatalf("extending what is closed: %v, want ErrLost", err)
	}
	if err := db.Leave(ctx, ward, "s_1", event("left")); err != nil {
		t.Fatal(err)
	}
	if err := db.Revoke(ctx, collab.Revocation{Kind: collab.RevokeUser, Value: "me", Until: time.Now()}, event("revoked")); err != nil {
		t.Fatal(err)
	}
	if err := db.Record(ctx, event("recorded")...); err != nil {
		t.Fatal(err)
	}
	if want := []string{"joined", "written", "granted", "released", "left", "revoked", "recorded"}; !slices.Equal(m.logs, want) {
		t.Fatalf("audited %q, want %q", m.logs, want)
	}
}

func TestCallsOnWhatDoesNotExistSaySo(t *testing.T) {
	db := openModel(t, newModel())
	if _, err := db.Reserve(t.Context(), ward, "me", "s_1"); !errors.Is(err, collab.ErrNotFound) {
		t.Errorf("reserve: %v, want ErrNotFound", err)
	}
	if _, closed, err := db.CloseLock(t.Context(), collab.LockKey{Resource: ward}, 1, collab.LockReleased, time.Now(), nil); closed || err != nil {
		t.Errorf("close: %v, %v", closed, err)
	}
	if err := db.Record(t.Context()); err != nil {
		t.Errorf("recording nothing: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Join(ended, collab.Join{Resource: ward, Mode: collab.Editor}); !errors.Is(err, context.Canceled) {
		t.Errorf("join with a context that has ended: %v", err)
	}
}

func TestAJoinWhoseIDsAreAllBoundLooksFurther(t *testing.T) {
	m := newModel()
	m.kept.heads[ward] = &head{Head: collab.Head{Revision: 1}, next: firstClient}
	for id := range int64(2*reserveWindow + 1) {
		m.kept.known(ward)[firstClient+id] = &client{user: "they"}
	}
	joined, err := openModel(t, m).Join(t.Context(), collab.Join{Resource: ward, User: "me", Mode: collab.Editor})
	if err != nil || joined.Client != firstClient+2*reserveWindow+1 {
		t.Fatalf("joined %+v, %v", joined, err)
	}
}

func TestACallerWhoWaitsForAnAbsentServerMayGo(t *testing.T) { // F4
	m := newModel()
	m.away.Store(true)
	db := openModel(t, m)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := db.Leave(ctx, ward, "s_1", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("leave: %v, want the end of the caller's patience", err)
	}
	m.away.Store(false)
	if err := db.Leave(t.Context(), ward, "s_1", event("left")); err != nil || len(m.logs) != 1 {
		t.Fatalf("leave when the server is back: %v, %d rows", err, len(m.logs))
	}
	if queued, _ := db.Stats(); queued != 0 {
		t.Fatalf("%d are still queued", queued)
	}
}
