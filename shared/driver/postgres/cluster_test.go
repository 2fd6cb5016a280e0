//go:build integration

package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/pgtest"
)

// ledger is what one writer was told: the tokens of its updates that were acknowledged, and those of which it never heard.
type ledger struct {
	mu           sync.Mutex
	acknowledged map[collab.Resource][]string
	stale        int
	unknown      int
}

func newLedger() *ledger { return &ledger{acknowledged: map[collab.Resource][]string{}} }

func (l *ledger) note(res collab.Resource, token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acknowledged[res] = append(l.acknowledged[res], token)
}

// writer appends updates with unique tokens to a document, as a room does: a stale head or an unknown outcome makes it read
// the journal first.
type writer struct {
	db   *DB
	res  collab.Resource
	name string
	told *ledger
}

// write appends one update and returns when it is in the journal, or when ctx ends.
func (w *writer) write(ctx context.Context, n int) error {
	token := fmt.Sprintf("%s-%d", w.name, n)
	done := make(chan collab.Committed, 1)
	for ctx.Err() == nil {
		head, found, err := w.find(ctx, token)
		if err != nil { // the server is away
			time.Sleep(20 * time.Millisecond)
			continue
		}
		if found {
			w.told.note(w.res, token)
			return nil
		}
		b := batch(w.res, head.Revision)
		b.Expect, b.Entries[0].Update = head, []byte(token)
		w.db.Append(b, done)
		c := <-done
		switch {
		case c.Err == nil:
			if c.Head.Revision != head.Revision+1 {
				return fmt.Errorf("%s at revision %d after %d", token, c.Head.Revision, head.Revision)
			}
			w.told.note(w.res, token)
			return nil
		case errors.Is(c.Err, collab.ErrStale):
			w.told.mu.Lock()
			w.told.stale++
			w.told.mu.Unlock()
		case errors.Is(c.Err, errUnknown):
			w.told.mu.Lock()
			w.told.unknown++
			w.told.mu.Unlock()
		}
	}
	return ctx.Err()
}

// find looks for the token in the journal, its last rows, and returns the head.
func (w *writer) find(ctx context.Context, token string) (collab.Head, bool, error) {
	head, err := w.db.Head(ctx, w.res)
	if err != nil {
		return head, false, err
	}
	last, err := w.db.Entries(ctx, w.res, head.Revision-100, 200)
	for _, e := range last {
		if string(e.Update) == token {
			return head, true, err
		}
	}
	return head, false, err
}

// wantLedgers checks that the journal has each acknowledged update once, no update twice, and no gap.
func wantLedgers(t *testing.T, db *DB, ledgers ...*ledger) (rows int) {
	t.Helper()
	want := map[collab.Resource][]string{}
	for _, l := range ledgers {
		for res, tokens := range l.acknowledged {
			want[res] = append(want[res], tokens...)
		}
	}
	for res, tokens := range want {
		s, err := db.Load(context.Background(), res)
		if err != nil {
			t.Fatal(err)
		}
		wantRevision(t, db, res, s.Head.Revision)
		seen := map[string]int{}
		for _, e := range s.Tail {
			seen[string(e.Update)]++
		}
		for _, token := range tokens {
			if seen[token] != 1 {
				t.Errorf("%v has %d rows of %s, which was acknowledged", res, seen[token], token)
			}
		}
		for token, n := range seen {
			if n != 1 {
				t.Errorf("%v has %d rows of %s", res, n, token)
			}
		}
		rows += len(s.Tail)
	}
	return rows
}

// TestInstancesOnOneDatabaseNeverDeadlockNorLoseARow lets two instances append to the same documents, join, leave and lock,
// all at once (D2b).
func TestInstancesOnOneDatabaseNeverDeadlockNorLoseARow(t *testing.T) {
	const documents, length = 12, 10 * time.Second
	server := pgtest.Start(t, "deadlock_timeout=100ms")
	url := server.Database(t)
	ctx, cancel := context.WithTimeout(t.Context(), length)
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
		all.Go(func() { disturb(ctx, t, db, instance, documents) })
	}
	all.Wait()
	db := openTest(t, url, Options{}).DB
	rows := wantLedgers(t, db, ledgers...)
	if log := server.Log(); strings.Contains(log, "deadlock") {
		t.Errorf("the server has seen a deadlock:\n%s", log)
	}
	for i, l := range ledgers {
		if len(l.acknowledged) != documents || l.unknown != 0 {
			t.Errorf("instance %d wrote to %d documents, %d outcomes were unknown", i, len(l.acknowledged), l.unknown)
		}
		t.Logf("instance %d: %d batches were stale", i, l.stale)
	}
	t.Logf("%d rows in %v", rows, length)
}

// disturb joins, locks and leaves at random, several documents at once.
func disturb(ctx context.Context, t *testing.T, db *DB, instance, documents int) {
	random := rand.New(rand.NewPCG(7, uint64(instance)))
	for n := 0; ctx.Err() == nil; n++ {
		var some sync.WaitGroup
		for i := range 4 {
			res := collab.Resource{Tenant: "default", ID: collab.ResourceID(fmt.Sprintf("doc%d", random.IntN(documents+3)))} // some do not exist yet
			session := collab.SessionID(fmt.Sprintf("s%d-%d-%d", instance, n, i))
			some.Go(func() {
				if err := visit(db, res, session); err != nil {
					t.Error(err)
				}
			})
		}
		some.Wait()
	}
}

func visit(db *DB, res collab.Resource, session collab.SessionID) error {
	ctx := context.Background()
	_, err := db.Join(ctx, collab.Join{Resource: res, User: "usr_001", Session: session, Mode: collab.Editor, At: time.Now()})
	if err != nil {
		return err
	}
	key := collab.LockKey{Resource: res, Field: "dosage"}
	granted, err := db.OpenLock(ctx, collab.Lock{
		ID: collab.NewLockID(), Key: key, User: "usr_001", Session: session, AcquiredAt: time.Now(), ExpiresAt: time.Now(),
	}, collab.Displace{}, nil)
	if err != nil && !errors.Is(err, collab.ErrHeld) {
		return err
	}
	if err == nil {
		_, closed, err := db.CloseLock(ctx, key, granted.Lock.Fence, collab.LockReleased, time.Now(), nil)
		if err != nil || !closed {
			return fmt.Errorf("fence %d: closed %v: %w", granted.Lock.Fence, closed, err)
		}
	}
	return db.Leave(ctx, res, session, nil)
}
