// Package breaker owns what is known of whether a backing service answers: one circuit breaker for each of them, shared by
// whatever the gateway asks of it and by the health probe.
//
// A closed breaker lets everything through. So many failures in a row open it: then nothing is asked, for 1, 2, 4, 8 … 30
// seconds. After that it is half open: one call is let through, which closes it or opens it for longer (SPEC 7). An
// operation that somebody waits for may wait meanwhile, see WithGrace.
package breaker

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/semaphore"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	firstDelay = time.Second // for which a breaker opens at first; it doubles with every attempt that fails
	maxDelay   = 30 * time.Second
	minDelay   = firstDelay / 2
	jitter     = 10 // up to one part in so many less, so that instances do not ask at the same moment

	// patience is how long a service may take whose caller would not wait longer: who was in a hurry proves nothing.
	patience = time.Second
)

// State is what a breaker does with a call, as /health shows it.
type State string

// The states of SPEC 7.
const (
	Closed   State = "closed"
	HalfOpen State = "half-open"
	Open     State = "open"
)

// Options configures a Breaker.
type Options struct {
	Name      string // store, state, bus, archive
	Threshold int    // failures in a row that open it
	// Grace is how long a service may be away before operations with WithGrace fail; zero: they never wait.
	Grace time.Duration
	// Away tells whether an error says that the service cannot be reached or does not answer, and not that it refused. Nil:
	// every error does.
	Away    func(error) bool
	Metrics *obs.Metrics
	Log     *slog.Logger
}

// Breaker stands in front of one service. All methods may be called from any goroutine.
type Breaker struct {
	// Set by New, never changed.
	Options
	circuit *gobreaker.CircuitBreaker[struct{}] // counts, and lets one call through when half open
	queue   *semaphore.Weighted                 // of one: who has it asks next, the others wait behind it in order

	waiting atomic.Int32 // operations with WithGrace

	// Guarded by mu.
	mu      sync.Mutex
	state   State
	opened  int           // how often in a row
	since   time.Time     // since when the service is away, as far as anybody noticed; zero: it answers
	retryAt time.Time     // end of Open
	changed chan struct{} // closed when state changes, and replaced
}

// New returns a closed breaker.
func New(o Options) *Breaker {
	b := &Breaker{Options: o, queue: semaphore.NewWeighted(1), state: Closed, changed: make(chan struct{})}
	b.circuit = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        o.Name,
		Timeout:     minDelay, // the library's is the same every time: retryAt says when the next attempt is due
		ReadyToTrip: func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= o.Threshold },
		IsExcluded:  func(err error) bool { return errors.Is(err, errProvesNothing) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			b.enter(states[to])
		},
	})
	o.Metrics.SetBreaker(o.Name, obs.BreakerClosed)
	return b
}

var (
	states = map[gobreaker.State]State{gobreaker.StateClosed: Closed, gobreaker.StateHalfOpen: HalfOpen, gobreaker.StateOpen: Open}
	gauges = map[State]obs.BreakerState{Closed: obs.BreakerClosed, HalfOpen: obs.BreakerHalfOpen, Open: obs.BreakerOpen}
)

var (
	// ErrOpen is wrapped by the error of a call that was not made because the service is away.
	ErrOpen = errors.New("circuit breaker is open")

	// Verdicts on a call, for the library.
	errAway          = errors.New("away")
	errProvesNothing = errors.New("the caller gave up")
)

// Do makes the call unless the service is known to be away: then it returns a collab.Error of code UNAVAILABLE at once. With
// WithGrace it waits, and may make the call again.
func (b *Breaker) Do(ctx context.Context, call func(context.Context) error) error {
	err, away := b.attempt(ctx, call)
	if !away || b.Grace == 0 || !isPatient(ctx) {
		return err
	}
	return b.wait(ctx, call)
}

// State returns the state now.
func (b *Breaker) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// Since returns since when the service is away, zero when it answers.
func (b *Breaker) Since() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.since
}

// attempt makes the call if it may, and reports whether the service was away.
func (b *Breaker) attempt(ctx context.Context, call func(context.Context) error) (err error, away bool) {
	if b.early() {
		return b.unavailable(), true
	}
	_, verdict := b.circuit.Execute(func() (struct{}, error) {
		begin := time.Now()
		err = call(ctx)
		return struct{}{}, b.judge(ctx, err, begin)
	})
	if errors.Is(verdict, gobreaker.ErrOpenState) || errors.Is(verdict, gobreaker.ErrTooManyRequests) {
		return b.unavailable(), true
	}
	return err, errors.Is(verdict, errAway)
}

func (b *Breaker) early() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state == Open && time.Now().Before(b.retryAt)
}

// judge returns what a call proves: nil, that the service answers.
func (b *Breaker) judge(ctx context.Context, err error, begin time.Time) error {
	away := err != nil && (b.Away == nil || b.Away(err))
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return errProvesNothing
	case away && ctx.Err() != nil && time.Since(begin) < patience:
		return errProvesNothing
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !away && b.state != Open: // when it is, the call began before
		b.since = time.Time{}
	case away && b.since.IsZero():
		b.since = begin
	}
	if !away {
		return nil
	}
	b.Metrics.DependencyFailures(b.Name).Inc()
	return errAway
}

// enter notes a new state. The library calls it under its own lock.
func (b *Breaker) enter(s State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = s
	switch s {
	case Open:
		now := time.Now()
		b.retryAt = now.Add(b.delay(now))
		b.opened++
	case Closed:
		b.opened = 0
	}
	close(b.changed)
	b.changed = make(chan struct{})
	b.Metrics.SetBreaker(b.Name, gauges[s])
	b.Log.Warn("breaker: changed", obs.Dependency(b.Name), slog.String(obs.KeyState, string(s)))
}

// delay returns for how long to open. The last attempt within the grace is made about its end, for those who wait. Guarded by
// mu.
func (b *Breaker) delay(now time.Time) time.Duration {
	d := maxDelay
	if b.opened < 5 { // 1, 2, 4, 8, 16
		d = firstDelay << b.opened
	}
	d -= rand.N(d / jitter)
	if left := b.since.Add(b.Grace).Sub(now); left > 0 {
		d = max(min(d, left), minDelay)
	}
	return d
}

// unavailable is the error of a call that was not made.
func (b *Breaker) unavailable() error {
	b.mu.Lock()
	next := time.Until(b.retryAt)
	b.mu.Unlock()
	return &collab.Error{Code: collab.CodeUnavailable, Msg: "a service that the server needs does not answer", RetryAfter: max(next, firstDelay),
		Err: ErrOpen}
}
