package breaker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const threshold = 3

var (
	errRefused = errors.New("connection refused")
	errHeld    = errors.New("held")
)

// service is a backing service that a test sends away and back.
type service struct {
	away  atomic.Bool
	hangs atomic.Bool
	asked atomic.Int32
}

func (s *service) call(ctx context.Context) error {
	s.asked.Add(1)
	if s.hangs.Load() {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		<-ctx.Done()
		return ctx.Err()
	}
	if s.away.Load() {
		return errRefused
	}
	return nil
}

func newBreaker(grace time.Duration) (*Breaker, *service) {
	return New(Options{Name: "state", Threshold: threshold, Grace: grace, Log: slog.New(slog.DiscardHandler),
		Metrics: obs.NewMetrics(prometheus.NewRegistry()),
		Away:    func(err error) bool { return !errors.Is(err, errHeld) }}), &service{}
}

func isOpen(err error) bool {
	e, ok := errors.AsType[*collab.Error](err)
	return ok && e.Code == collab.CodeUnavailable && e.RetryAfter >= time.Second && errors.Is(err, ErrOpen)
}

func TestBreakerOpensAtTheThresholdForLongerAndLonger(t *testing.T) { // SPEC 7
	synctest.Test(t, func(t *testing.T) {
		b, s := newBreaker(0)
		s.away.Store(true)
		for range threshold {
			if b.State() != Closed {
				t.Fatal("it is open before the threshold")
			}
			if err := b.Do(t.Context(), s.call); !errors.Is(err, errRefused) {
				t.Fatalf("error %v, want the call's own", err)
			}
		}
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			opened, asked := time.Now(), s.asked.Load()
			if b.State() != Open || b.Since().IsZero() {
				t.Fatalf("it is %s since %v", b.State(), b.Since())
			}
			for s.asked.Load() == asked {
				if err := b.Do(t.Context(), s.call); s.asked.Load() == asked && !isOpen(err) {
					t.Fatalf("an open breaker returned %v", err)
				}
				time.Sleep(10 * time.Millisecond)
			}
			if d := time.Since(opened); d > want*time.Second+20*time.Millisecond || d < want*time.Second*9/10 {
				t.Errorf("open for %v, want %d s and a little less", d, want)
			}
		}
		s.away.Store(false)
		time.Sleep(31 * time.Second)
		if err := b.Do(t.Context(), s.call); err != nil || b.State() != Closed || !b.Since().IsZero() {
			t.Fatalf("after the service is back: %v, %s since %v", err, b.State(), b.Since())
		}
		s.away.Store(true)
		for range threshold {
			_ = b.Do(t.Context(), s.call) // fails
		}
		time.Sleep(time.Second)
		s.away.Store(false)
		if err := b.Do(t.Context(), s.call); err != nil {
			t.Fatalf("the back-off did not begin again: %v", err)
		}
	})
}

func TestHalfOpenBreakerLetsOneThrough(t *testing.T) { // SPEC 7
	synctest.Test(t, func(t *testing.T) {
		b, s := newBreaker(0)
		s.away.Store(true)
		for range threshold {
			_ = b.Do(t.Context(), s.call) // fails
		}
		time.Sleep(time.Second)
		s.hangs.Store(true)
		asked := s.asked.Load()
		var refused atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if isOpen(b.Do(t.Context(), s.call)) {
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		if n := s.asked.Load() - asked; n != 1 || refused.Load() != 49 || b.State() != HalfOpen {
			t.Fatalf("%d of 50 were let through, %d refused, %s", n, refused.Load(), b.State())
		}
		all.Wait()
		if b.State() != Open {
			t.Fatalf("after the attempt hung it is %s", b.State())
		}
	})
}

func TestRefusalsAndCallersWhoGiveUpDoNotOpenABreaker(t *testing.T) { // SPEC 7
	synctest.Test(t, func(t *testing.T) {
		b, s := newBreaker(0)
		s.hangs.Store(true)
		for range 3 * threshold {
			if err := b.Do(t.Context(), func(context.Context) error { return errHeld }); !errors.Is(err, errHeld) {
				t.Fatalf("a refusal became %v", err)
			}
			hurried, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			_ = b.Do(hurried, s.call) // fails
			cancel()
			cancelled, cancel := context.WithCancel(t.Context())
			time.AfterFunc(1900*time.Millisecond, cancel)
			_ = b.Do(cancelled, s.call) // fails
		}
		if b.State() != Closed || !b.Since().IsZero() {
			t.Fatalf("it is %s since %v", b.State(), b.Since())
		}
		for range threshold {
			whole, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			_ = b.Do(whole, s.call) // fails
			cancel()
		}
		if b.State() != Open {
			t.Fatal("calls that waited long enough did not open it")
		}
	})
}

// A caller who gives up in the attempt of a half-open breaker must not keep its place.
func TestCallerWhoGivesUpLeavesTheAttemptToTheNext(t *testing.T) { // SPEC 7
	synctest.Test(t, func(t *testing.T) {
		b, s := newBreaker(0)
		s.away.Store(true)
		for range threshold {
			_ = b.Do(t.Context(), s.call) // fails
		}
		time.Sleep(time.Second)
		s.hangs.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		_ = b.Do(ctx, s.call) // fails
		s.hangs.Store(false)
		s.away.Store(false)
		if err := b.Do(t.Context(), s.call); err != nil || b.State() != Closed {
			t.Fatalf("the next one: %v, %s", err, b.State())
		}
	})
}

// A call that began before the service went away must not undo what was found out since.
func TestLateAnswerDoesNotCloseABreaker(t *testing.T) { // SPEC 7
	synctest.Test(t, func(t *testing.T) {
		b, s := newBreaker(0)
		answer := make(chan struct{})
		done := make(chan error, 1)
		go func() { done <- b.Do(t.Context(), func(context.Context) error { <-answer; return nil }) }()
		synctest.Wait()
		s.away.Store(true)
		for range threshold {
			_ = b.Do(t.Context(), s.call) // fails
		}
		close(answer)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if b.State() != Open || b.Since().IsZero() {
			t.Fatalf("it is %s since %v", b.State(), b.Since())
		}
	})
}
