package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"corsia/shared/collab"
)

// stall holds the committer inside a transaction until release is called.
func stall(t *testing.T, db *DB) (release func()) {
	t.Helper()
	begun, end := make(chan struct{}), make(chan struct{})
	go func() {
		_ = db.do(context.Background(), 0, func(*writer) error {
			close(begun)
			<-end
			return nil
		})
	}()
	<-begun
	return func() { close(end) }
}

func TestWhatWaitsSharesOneCommit(t *testing.T) {
	const rooms = 50
	var commits, jobs atomic.Int64
	db := openTest(t, filepath.Join(t.TempDir(), "corsia.db"), Options{OnCommit: func(batch int, _ time.Duration) {
		commits.Add(1)
		jobs.Add(int64(batch))
	}}).DB
	var all []collab.Resource
	for n := range rooms {
		all = append(all, created(t, db, collab.ResourceID(fmt.Sprint(n))))
	}
	release := stall(t, db)
	before, jobsBefore := commits.Load(), jobs.Load()
	done := make(chan collab.Committed, 2*rooms)
	for _, res := range all {
		db.Append(batch(res, 1), done)
		db.Append(batch(res, 2), done)
	}
	queued, oldest := db.Stats()
	if queued != 2*rooms || time.Since(oldest) > time.Minute {
		t.Fatalf("%d queued since %v, want %d", queued, oldest, 2*rooms)
	}
	release()
	for range 2 * rooms {
		if c := <-done; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	if err := db.Record(t.Context(), collab.AuditRow{EventID: "e", Body: []byte("{}")}); err != nil { // OnCommit runs after the answers
		t.Fatal(err)
	}
	if n := commits.Load() - before; n != 3 && n != 2 {
		t.Fatalf("%d commits, want the stalled one, one for all that waited, and perhaps this test's last", n)
	}
	if n := jobs.Load() - jobsBefore; n < 2*rooms+1 {
		t.Fatalf("%d jobs were counted, want at least %d", n, 2*rooms+1)
	}
	if queued, _ := db.Stats(); queued != 0 {
		t.Fatalf("%d are still queued", queued)
	}
}

func TestACallThatEndsWhileItWaitsWritesNothing(t *testing.T) {
	db := openOnce(t).DB
	res := created(t, db, "a")
	release := stall(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := db.Reserve(ctx, res, "usr_001", "s_1"); left <- err }()
	for queued := 0; queued == 0; queued, _ = db.Stats() {
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("the call ended with %v, want context.Canceled", err)
	}
	release()
	if client, err := db.Reserve(t.Context(), res, "usr_001", "s_1"); err != nil || client != 2 {
		t.Fatalf("next client id %d, %v: want 2, as nothing was written", client, err)
	}
}

func TestOneBadRowCostsNobodyElse(t *testing.T) {
	db := openOnce(t).DB
	good, bad := created(t, db, "good"), created(t, db, "bad")
	if err := db.do(t.Context(), 0, func(w *writer) error {
		return w.exec(`CREATE TRIGGER bad BEFORE INSERT ON yjs_updates WHEN NEW.resource_id = 'bad'
			BEGIN SELECT RAISE(ABORT, 'bad row'); END`)
	}); err != nil {
		t.Fatal(err)
	}
	release := stall(t, db)
	goodDone, badDone := make(chan collab.Committed, 2), make(chan collab.Committed, 1)
	db.Append(batch(good, 1), goodDone)
	db.Append(batch(bad, 1), badDone)
	db.Append(batch(good, 2), goodDone)
	release()
	for range 2 {
		if c := <-goodDone; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	if c := <-badDone; code(c.Err) != sqlite3.SQLITE_CONSTRAINT {
		t.Fatalf("the bad row: %v, want a violated constraint", c.Err)
	}
	wantRevision(t, db, good, 3)
	if head, err := db.Head(t.Context(), bad); err != nil || head.Revision != 1 {
		t.Fatalf("head of the bad one %+v, %v, want revision 1", head, err)
	}
}

func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	db := openOnce(t).DB
	res := created(t, db, "a")
	limit := func(pages int64) {
		t.Helper()
		if err := db.do(t.Context(), 0, func(w *writer) error {
			_, err := w.row(fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil, new(int64))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // as many as there are
	big := batch(res, 1)
	big.Entries[0].Update = make([]byte, 500<<10)
	if c := appendOne(db, big); code(c.Err) != sqlite3.SQLITE_FULL {
		t.Fatalf("appending to a full disk: %v, want SQLITE_FULL", c.Err)
	}
	if !db.failed.Load() {
		t.Error("a failed commit is not remembered: Ping would say that all is well")
	}
	// The connection that comes next has no limit, as a disk that has room again.
	if err := db.Ping(t.Context()); err != nil || db.failed.Load() {
		t.Errorf("ping after the disk has room again: %v", err)
	}
	if c := appendOne(db, big); c.Err != nil {
		t.Fatal(c.Err)
	}
	wantRevision(t, db, res, 2)
}

func TestAFailedCommitIsToldToEverybodyInItAndTheStoreGoesOn(t *testing.T) {
	db := openOnce(t).DB
	a, b := created(t, db, "a"), created(t, db, "b")
	if err := db.do(t.Context(), 0, func(w *writer) error {
		return errors.Join(w.exec("CREATE TABLE parents (id INTEGER PRIMARY KEY)"),
			w.exec("CREATE TABLE children (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)"))
	}); err != nil {
		t.Fatal(err)
	}
	release := stall(t, db)
	done := make(chan collab.Committed, 2)
	orphan := make(chan error, 1)
	db.Append(batch(a, 1), done)
	go func() {
		orphan <- db.do(t.Context(), 0, func(w *writer) error { return w.exec("INSERT INTO children VALUES (7)") })
	}()
	for queued := 0; queued < 2; queued, _ = db.Stats() {
	}
	db.Append(batch(b, 1), done)
	release()
	if err := <-orphan; !errors.Is(err, errConnection) {
		t.Fatalf("the change that COMMIT refuses: %v, want a failure of the transaction", err)
	}
	for range 2 {
		if c := <-done; !errors.Is(c.Err, errConnection) {
			t.Fatalf("a batch of the failed commit: %v, want a failure of the transaction", c.Err)
		}
	}
	for _, res := range []collab.Resource{a, b} {
		if c := appendOne(db, batch(res, 1)); c.Err != nil {
			t.Fatal(c.Err)
		}
		wantRevision(t, db, res, 2)
	}
}

func TestAFullQueueRefusesWithAHint(t *testing.T) {
	db := openOnce(t).DB
	res := created(t, db, "a")
	release := stall(t, db)
	defer release()
	huge := batch(res, 1)
	huge.Entries[0].Update = make([]byte, maxQueuedBytes/2)
	done := make(chan collab.Committed, 2)
	db.Append(huge, done)
	db.Append(huge, done)
	refused, ok := errors.AsType[*collab.Error]((<-done).Err)
	if !ok || refused.Code != collab.CodeBackpressure || refused.RetryAfter == 0 {
		t.Fatalf("the batch that does not fit: %v, want BACKPRESSURE with a delay", refused)
	}
	db.queue.mu.Lock()
	db.queue.jobs, db.queue.bytes = nil, 0 // not to write it
	db.queue.mu.Unlock()
}

func TestTransactionsAreBoundedInRowsAndBytes(t *testing.T) {
	q := newQueue()
	for range 3 {
		if err := q.push(&job{bytes: maxCommitBytes/2 + 1, rows: 1}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := q.push(&job{rows: maxCommitRows / 2}); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []int{1, 1, 2, 2} {
		if got, _ := q.take(0); len(got) != want {
			t.Fatalf("transaction %d has %d jobs, want %d", i, len(got), want)
		}
	}
}

func TestCommittedAuditRowsAreTold(t *testing.T) {
	told := make(chan collab.AuditRow, 10)
	db := openTest(t, filepath.Join(t.TempDir(), "corsia.db"), Options{OnAudit: func(rows []collab.AuditRow) {
		for _, r := range rows {
			told <- r
		}
	}}).DB
	res := created(t, db, "a")
	stale := batch(res, 7)
	stale.Audit = []collab.AuditRow{{EventID: "stale"}}
	if c := appendOne(db, stale); !errors.Is(c.Err, collab.ErrStale) {
		t.Fatal(c.Err)
	}
	for _, id := range []string{"one", "one", "two"} {
		if err := db.Record(t.Context(), collab.AuditRow{EventID: id, Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"one", "two"} {
		if got := (<-told).EventID; got != want {
			t.Fatalf("told of %q, want %q", got, want)
		}
	}
}
