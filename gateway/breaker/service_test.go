//go:build integration

package breaker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/gateway/breaker"
	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/pgtest"
	"corsia/shared/driver/drivertest/redistest"
	"corsia/shared/driver/postgres"
	"corsia/shared/driver/redis"
	"corsia/shared/obs"
)

func newBreaker(name string, grace time.Duration, away func(error) bool) *breaker.Breaker {
	return breaker.New(breaker.Options{Name: name, Threshold: 5, Grace: grace, Away: away, Log: slog.New(slog.DiscardHandler),
		Metrics: obs.NewMetrics(prometheus.NewRegistry())})
}

// probe asks as the health does, until the test ends.
func probe(t *testing.T, b *breaker.Breaker, ping func(context.Context) error) {
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			_ = b.Do(ctx, ping) // its state is what counts
			cancel()
			select {
			case <-t.Context().Done():
				return
			case <-tick.C:
			}
		}
	})
	t.Cleanup(running.Wait)
}

func eventually(t *testing.T, what string, limit time.Duration, fact func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !fact(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

func isOpen(err error) bool { return errors.Is(err, breaker.ErrOpen) }

func lease(n int) collab.Lease {
	key := collab.LockKey{Resource: collab.Resource{Tenant: "default", ID: "page:/1"}, Field: collab.Field(fmt.Sprintf("f%d", n))}
	return collab.Lease{Key: key, Lock: collab.NewLockID(), User: "anna", Session: "s_1"}
}

// faults are the ways in which a test takes a server away, and gives it back.
type fault struct{ away, back func() }

func redisFaults(t *testing.T, s *redistest.Server) map[string]fault {
	return map[string]fault{
		"killed": {s.Kill, func() { s.Restart(t) }},
		"frozen": {func() { s.Freeze(t) }, func() { s.Thaw(t) }},
	}
}

func TestRedisThatIsAwayIsNotAskedAndIsBackByItself(t *testing.T) { // F1, F2
	server := redistest.Start(t)
	for name, f := range redisFaults(t, server) {
		t.Run(name, func(t *testing.T) {
			b := newBreaker("state", 10*time.Second, redis.Away)
			state, err := redis.Open(server.URL, redis.Options{Guard: b.Do})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { state.Close() })
			probe(t, b, state.Ping)
			if _, err := state.Acquire(t.Context(), lease(1), time.Minute); err != nil && !errors.Is(err, collab.ErrHeld) {
				t.Fatal(err)
			}
			f.away()
			begin := time.Now()
			var waiting sync.WaitGroup
			for n := range 50 { // somebody waits for these
				waiting.Go(func() {
					if _, err := state.Acquire(breaker.WithGrace(t.Context()), lease(100+n), time.Second); err != nil {
						t.Errorf("an operation with grace: %v", err)
					}
				})
			}
			eventually(t, "open", 5*time.Second, func() bool { return b.State() == breaker.Open })
			if b.Since().IsZero() || b.Since().Before(begin.Add(-time.Second)) {
				t.Errorf("away since %v, want %v", b.Since(), begin)
			}
			asked := time.Now()
			if _, _, err := state.Holder(t.Context(), lease(1).Key); !isOpen(err) || time.Since(asked) > 100*time.Millisecond {
				t.Errorf("an operation without grace: %v after %v, want a refusal at once", err, time.Since(asked))
			}
			time.Sleep(time.Until(begin.Add(5 * time.Second)))
			f.back()
			waiting.Wait()
			if took := time.Since(begin); took > 11*time.Second {
				t.Errorf("they waited for %v", took)
			}
			if b.State() != breaker.Closed {
				t.Errorf("it is %s after the operations", b.State())
			}
		})
	}
}

func TestRedisThatIsAwayForLongerFailsWhatWaits(t *testing.T) { // F2, L8
	server := redistest.Start(t)
	b := newBreaker("state", 2*time.Second, redis.Away)
	state, err := redis.Open(server.URL, redis.Options{Guard: b.Do})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	server.Freeze(t)
	begin := time.Now()
	var waiting sync.WaitGroup
	for n := range 10 {
		waiting.Go(func() {
			_, err := state.Acquire(breaker.WithGrace(t.Context()), lease(n), time.Second)
			if e, ok := errors.AsType[*collab.Error](err); !ok || e.Code != collab.CodeUnavailable || e.RetryAfter <= 0 {
				t.Errorf("error %v", err)
			}
		})
	}
	waiting.Wait()
	if took := time.Since(begin); took < 2*time.Second || took > 6*time.Second {
		t.Errorf("they failed after %v", took)
	}
	server.Thaw(t)
	eventually(t, "back", 10*time.Second, func() bool {
		_, _, err := state.Holder(t.Context(), lease(1).Key)
		return err == nil
	})
}

func TestPostgresThatIsAwayIsNotAskedAndIsBackByItself(t *testing.T) { // F4
	server := pgtest.Start(t)
	for name, f := range map[string]fault{
		"killed": {server.Kill, func() { server.Restart(t) }},
		"frozen": {server.Freeze, server.Thaw},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBreaker("store", 0, postgres.Away)
			db, err := postgres.Open(t.Context(), server.Database(t), postgres.Options{Guard: b.Do})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			res := collab.Resource{Tenant: "default", ID: "page:/1"}
			joined, err := db.Join(t.Context(), collab.Join{Resource: res, Session: "s_1", User: "anna", Mode: collab.Editor, At: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			probe(t, b, db.Ping)
			f.away()
			done := make(chan collab.Committed, 1)
			db.Append(collab.Batch{Resource: res, Expect: joined.Head,
				Entries: []collab.Entry{{Revision: 2, Update: []byte{0, 0}, User: "anna", Session: "s_1", At: time.Now()}}}, done)
			eventually(t, "open", 20*time.Second, func() bool {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				_, err := db.Load(ctx, res)
				return isOpen(err)
			})
			asked := time.Now()
			if _, err := db.Load(t.Context(), res); !isOpen(err) || time.Since(asked) > 100*time.Millisecond {
				t.Errorf("a read: %v after %v, want a refusal at once", err, time.Since(asked))
			}
			f.back()
			select {
			case c := <-done: // perhaps its outcome was unknown; then its room reads the journal
				if c.Err == nil && c.Head.Revision != 2 {
					t.Errorf("committed %+v", c)
				}
			case <-time.After(40 * time.Second):
				t.Fatal("what waited was not committed")
			}
			eventually(t, "back", 10*time.Second, func() bool {
				_, err := db.Load(t.Context(), res)
				return err == nil && b.State() == breaker.Closed
			})
		})
	}
}
