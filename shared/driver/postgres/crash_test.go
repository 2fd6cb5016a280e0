//go:build integration

package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/pgtest"
)

// TestNothingAcknowledgedIsLostWhenTheServerCrashes restarts the server hard, over and over, in the middle of commits of two
// instances (D2, F4).
func TestNothingAcknowledgedIsLostWhenTheServerCrashes(t *testing.T) {
	const documents, crashes = 8, 8
	server := pgtest.Start(t, "fsync=on")
	url := server.Database(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	var ledgers []*ledger
	for instance := range 2 {
		db := openTest(t, url, Options{}).DB
		told := newLedger()
		ledgers = append(ledgers, told)
		for i := range documents {
			w := &writer{db: db, name: fmt.Sprintf("i%d", instance), told: told}
			w.res = created(t, db, collab.ResourceID(fmt.Sprintf("doc%d", i)))
			all.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					if err := w.write(ctx, n); err != nil && ctx.Err() == nil {
						t.Error(err)
					}
				}
			})
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range crashes {
		time.Sleep(time.Duration(200+random.IntN(400)) * time.Millisecond)
		server.Kill()
		server.Restart(t)
	}
	time.Sleep(time.Second)
	cancel()
	all.Wait()
	rows := wantLedgers(t, openTest(t, url, Options{}).DB, ledgers...)
	t.Logf("%d rows, %d crashes, %d and %d outcomes were unknown", rows, crashes, ledgers[0].unknown, ledgers[1].unknown)
}

// TestBatchesWaitInOrderWhileTheServerIsAway checks F4: nothing is answered, then all is committed in order.
func TestBatchesWaitInOrderWhileTheServerIsAway(t *testing.T) {
	const batches = 50
	server := pgtest.Start(t)
	db := openTest(t, server.Database(t), Options{}).DB
	res := created(t, db, "a")
	server.Kill()
	done := make(chan collab.Committed, batches)
	for n := range int64(batches) {
		db.Append(batch(res, 1+n), done)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := db.Join(ctx, collab.Join{Resource: res, Session: "s_2", Mode: collab.Editor, At: time.Now()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("join: %v, want the end of the caller's patience", err)
	}
	if _, err := db.Load(t.Context(), res); err == nil {
		t.Fatal("a document was loaded from a server that is away")
	}
	if err := db.Ping(ctx); err == nil {
		t.Fatal("ping says that all is well")
	}
	if queued, oldest := db.Stats(); queued != batches || oldest.IsZero() || len(done) != 0 {
		t.Fatalf("%d queued since %v, %d answered: want all queued", queued, oldest, len(done))
	}
	server.Restart(t)
	for n := range int64(batches) {
		c := <-done
		if c.Err != nil || c.Head.Revision != 2+n {
			t.Fatalf("outcome %d: revision %d, %v", n, c.Head.Revision, c.Err)
		}
	}
	wantRevision(t, db, res, 1+batches)
	if err := db.Ping(t.Context()); err != nil {
		t.Fatalf("ping after the server is back: %v", err)
	}
}

func TestCloseGivesUpOnAServerThatIsAway(t *testing.T) {
	server := pgtest.Start(t)
	quick := production
	quick.closing = 100 * time.Millisecond
	db := openWith(t, server.Database(t), Options{}, quick).DB
	res := created(t, db, "a")
	server.Kill()
	done := make(chan collab.Committed, 1)
	db.Append(batch(res, 1), done)
	start := time.Now()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if c := <-done; !errors.Is(c.Err, ErrClosed) || errors.Is(c.Err, errUnknown) {
		t.Fatalf("the batch that was queued: %v, want ErrClosed", c.Err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Fatalf("closing took %v", took)
	}
}

// impatient are limits for tests of a server that stands still.
var impatient = limits{
	trip: time.Second, connect: time.Second, read: time.Second, interval: time.Millisecond,
	firstRetry: 10 * time.Millisecond, maxRetry: 100 * time.Millisecond, closing: time.Second,
}

func TestAFrozenServerTimesOutAndNothingIsLost(t *testing.T) {
	server := pgtest.Start(t)
	db := openWith(t, server.Database(t), Options{}, impatient).DB
	res := created(t, db, "a")
	told := newLedger()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var writing sync.WaitGroup
	w := &writer{db: db, res: res, name: "w", told: told}
	writing.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			if err := w.write(ctx, n); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
	for range 2 {
		time.Sleep(50 * time.Millisecond)
		server.Freeze()
		for what, call := range map[string]func(context.Context) error{
			"load":   func(ctx context.Context) error { _, err := db.Load(ctx, res); return err },
			"head":   func(ctx context.Context) error { _, err := db.Head(ctx, res); return err },
			"record": func(ctx context.Context) error { return db.Record(ctx, collab.AuditRow{EventID: "e"}) },
			"ping":   db.Ping,
			"save": func(ctx context.Context) error {
				_, err := db.SaveState(ctx, collab.State{Resource: res, Revision: 1})
				return err
			},
		} {
			limited, end := context.WithTimeout(ctx, time.Second)
			start := time.Now()
			err := call(limited)
			end()
			if err == nil {
				t.Errorf("%s: answered by a frozen server", what)
			}
			if took := time.Since(start); took > 6*time.Second {
				t.Errorf("%s took %v", what, took)
			}
		}
		server.Thaw()
		if err := db.Record(t.Context(), collab.AuditRow{EventID: "e"}); err != nil {
			t.Fatalf("recording after the server has thawed: %v", err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	cancel()
	writing.Wait()
	rows := wantLedgers(t, db, told)
	t.Logf("%d rows, %d outcomes were unknown, %d batches stale", rows, told.unknown, told.stale)
}

// TestAnInstanceThatStandsStillHoldsNobodyUp lets one instance stop between its two round trips, holding a head.
func TestAnInstanceThatStandsStillHoldsNobodyUp(t *testing.T) {
	url := pgtest.Database(t)
	still, other := openWith(t, url, Options{}, impatient).DB, openTest(t, url, Options{}).DB
	res := created(t, other, "a")
	begun, end := make(chan struct{}), make(chan struct{})
	failed := make(chan error, 1)
	attempts := 0
	go func() {
		failed <- still.do(context.Background(), 0, func(w *wants) { w.head(res, false) }, func(c *change) error {
			if attempts++; attempts == 1 {
				close(begun)
				<-end
			}
			c.exec("SELECT 1")
			return nil
		})
	}()
	<-begun
	if c := appendOne(other, batch(res, 1)); c.Err != nil {
		t.Fatalf("the other instance: %v", c.Err)
	}
	close(end)
	if err := <-failed; err == nil {
		t.Fatal("the transaction that the server has ended was committed")
	}
	wantRevision(t, other, res, 2)
}

// TestALockedHeadStopsItsDocumentAlone lets somebody hold the head of a document in a session of their own.
func TestALockedHeadStopsItsDocumentAlone(t *testing.T) {
	db := openWith(t, pgtest.Database(t), Options{}, impatient).DB
	free, held := created(t, db, "free"), created(t, db, "held")
	tx, err := db.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }() // has been done already, if all went well
	if _, err := tx.Exec(t.Context(), "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM yjs_heads WHERE resource_id = 'held' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	release := stall(t, db)
	freeDone, heldDone := make(chan collab.Committed, 2), make(chan collab.Committed, 1)
	db.Append(batch(free, 1), freeDone)
	db.Append(batch(held, 1), heldDone)
	db.Append(batch(free, 2), freeDone)
	release()
	for range 2 {
		if c := <-freeDone; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	if c := <-heldDone; sqlState(c.Err) != "55P03" {
		t.Fatalf("the document whose head is held: %v, want the lock's time-out", c.Err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := appendOne(db, batch(held, 1)); c.Err != nil {
		t.Fatal(c.Err)
	}
}
