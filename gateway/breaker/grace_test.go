package breaker

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const grace = 10 * time.Second

// waiters start calls with grace, one after the other, and note the order in which the service answers them.
type waiters struct {
	b    *Breaker
	s    *service
	all  sync.WaitGroup
	mu   sync.Mutex
	done []int
	errs []error
}

func (w *waiters) start(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		w.all.Go(func() {
			err := w.b.Do(WithGrace(t.Context()), func(ctx context.Context) error {
				if err := w.s.call(ctx); err != nil {
					return err
				}
				w.mu.Lock()
				defer w.mu.Unlock()
				w.done = append(w.done, i)
				return nil
			})
			w.mu.Lock()
			defer w.mu.Unlock()
			w.errs = append(w.errs, err)
		})
		synctest.Wait()
	}
}

func TestCallsWithGraceWaitAndGoOnInOrder(t *testing.T) { // F1
	for _, hangs := range []bool{false, true} {
		for _, away := range []time.Duration{300 * time.Millisecond, 2 * time.Second, 6 * time.Second, 9900 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				b, s := newBreaker(grace)
				s.away.Store(true)
				s.hangs.Store(hangs)
				begin := time.Now()
				w := &waiters{b: b, s: s}
				w.start(t, 100)
				time.Sleep(away)
				s.away.Store(false)
				s.hangs.Store(false)
				w.all.Wait()
				if took := time.Since(begin); took > grace+lastAttempt+2*time.Second {
					t.Errorf("away for %v: they waited for %v", away, took)
				}
				if err := errors.Join(w.errs...); err != nil {
					t.Fatalf("away for %v, hanging %v: %v", away, hangs, err)
				}
				apart := 0 // places from its own: a goroutine may lose its processor just when it is its turn
				for place, i := range w.done {
					apart += max(place-i, i-place)
				}
				// In no order at all it would be 33 for each. Hanging, all of them fail at the same moment.
				if len(w.done) != 100 || !hangs && apart > 15*len(w.done) {
					t.Errorf("away for %v, hanging %v: the order is %v", away, hangs, w.done)
				}
				if b.State() != Closed || b.waiting.Load() != 0 {
					t.Errorf("%s, %d wait", b.State(), b.waiting.Load())
				}
			})
		}
	}
}

func TestCallsWithGraceFailWhenTheServiceIsAwayForLonger(t *testing.T) { // F2
	synctest.Test(t, func(t *testing.T) {
		b, s := newBreaker(grace)
		s.away.Store(true)
		begin := time.Now()
		w := &waiters{b: b, s: s}
		w.start(t, 10)
		w.all.Wait()
		if took := time.Since(begin); took < grace || took > grace+2*lastAttempt {
			t.Errorf("they failed after %v, want %v", took, grace)
		}
		for _, err := range w.errs {
			if !isOpen(err) {
				t.Errorf("error %v", err)
			}
		}
		if asked := s.asked.Load(); asked > 20 {
			t.Errorf("the service was asked %d times", asked)
		}
		begin = time.Now()
		if err := b.Do(WithGrace(t.Context()), s.call); !isOpen(err) || time.Since(begin) > 0 {
			t.Errorf("later: %v after %v, want it at once", err, time.Since(begin))
		}
	})
}

func TestOnlySoManyCallsWait(t *testing.T) { // F1
	synctest.Test(t, func(t *testing.T) {
		b, s := newBreaker(grace)
		s.away.Store(true)
		var refused atomic.Int32
		var all sync.WaitGroup
		for range maxWaiting + 20 {
			all.Go(func() {
				if b.Do(WithGrace(t.Context()), s.call) != nil {
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		time.Sleep(500 * time.Millisecond)
		if refused.Load() != 20 {
			t.Errorf("%d were refused, want 20", refused.Load())
		}
		s.away.Store(false)
		all.Wait()
		if refused.Load() != 20 {
			t.Errorf("%d were refused after the service is back", refused.Load()-20)
		}
	})
}

func TestCallerWhoGoesIsNotWaitedFor(t *testing.T) { // F1
	synctest.Test(t, func(t *testing.T) {
		b, s := newBreaker(grace)
		s.away.Store(true)
		begin := time.Now()
		var all sync.WaitGroup
		for range 3 { // the first of the queue, and others
			all.Go(func() {
				ctx, cancel := context.WithCancel(WithGrace(t.Context()))
				time.AfterFunc(1500*time.Millisecond, cancel)
				if err := b.Do(ctx, s.call); !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			})
		}
		all.Wait()
		if took := time.Since(begin); took != 1500*time.Millisecond {
			t.Errorf("they went after %v", took)
		}
	})
}

func TestWithoutGraceNothingWaits(t *testing.T) { // F1, R5
	synctest.Test(t, func(t *testing.T) {
		b, s := newBreaker(grace)
		s.away.Store(true)
		begin := time.Now()
		for range 10 {
			if err := b.Do(t.Context(), s.call); err == nil {
				t.Fatal("a service that is away answered")
			}
		}
		impatient, _ := newBreaker(0)
		if err := impatient.Do(WithGrace(t.Context()), s.call); !errors.Is(err, errRefused) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(begin); took != 0 || s.asked.Load() != threshold+1 {
			t.Errorf("%v, asked %d times", took, s.asked.Load())
		}
	})
}
