package breaker

import (
	"context"
	"time"
)

const (
	maxWaiting = 4096 // operations that wait for a service; further ones get UNAVAILABLE at once

	// The last attempt within the grace is given so long before those who wait for it give up.
	lastAttempt = time.Second

	failedPause = 50 * time.Millisecond // between attempts while the breaker is closed and they fail
)

type graceKey struct{}

// WithGrace marks what is done with the context as something that somebody waits for. While the service is away it waits, in
// order, until the service is back or has been away for longer than the grace (SPEC F1). It may be attempted several
// times, so it must be harmless when done twice.
func WithGrace(ctx context.Context) context.Context { return context.WithValue(ctx, graceKey{}, true) }

func isPatient(ctx context.Context) bool { return ctx.Value(graceKey{}) != nil }

// wait makes the call once the service is back. Those who wait do so in a queue: the first one attempts, and stays the first
// as long as that fails; once the service is back they all go on, in order.
func (b *Breaker) wait(ctx context.Context, call func(context.Context) error) error {
	defer b.waiting.Add(-1)
	if b.waiting.Add(1) > maxWaiting {
		return b.unavailable()
	}
	for {
		if err := b.queue.Acquire(ctx, 1); err != nil {
			return context.Cause(ctx)
		}
		back, err := b.first(ctx, call)
		if !back {
			return err
		}
		if err, away := b.attempt(ctx, call); !away {
			return err
		}
	}
}

// first makes attempts for the first of the queue, and gives up its place. It reports the service back, without an attempt,
// when others have found that out.
func (b *Breaker) first(ctx context.Context, call func(context.Context) error) (back bool, err error) {
	defer b.queue.Release(1)
	for {
		if back, err := b.due(ctx); back || err != nil {
			return back, err
		}
		if err, away := b.attempt(ctx, call); !away {
			return false, err
		}
	}
}

// due waits until an attempt may be made, or none needs to be since the service is back.
func (b *Breaker) due(ctx context.Context) (back bool, err error) {
	for {
		now := time.Now()
		b.mu.Lock()
		state, since, retryAt, changed := b.state, b.since, b.retryAt, b.changed
		b.mu.Unlock()
		end := since.Add(b.Grace + lastAttempt)
		wait := end.Sub(now)
		switch {
		case since.IsZero():
			return true, nil
		case wait <= 0:
			return false, b.unavailable()
		case state == Open && !now.Before(retryAt):
			return false, nil
		case state == Open:
			wait = min(wait, retryAt.Sub(now))
		case state == Closed: // it fails, and too few have noticed
			return false, pause(ctx, failedPause, nil)
		}
		if err := pause(ctx, wait, changed); err != nil {
			return false, err
		}
	}
}

// pause returns after d, or earlier when changed is closed or, with an error, when ctx ends.
func pause(ctx context.Context, d time.Duration, changed <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-changed:
	case <-timer.C:
	}
	return nil
}
