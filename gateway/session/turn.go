package session

import (
	"context"
	"slices"
	"time"

	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/collab"
)

// Requests that need the state driver may wait while it is away, for REDIS_GRACE (SPEC F1). Meanwhile the session's socket is
// read: editing goes on. As a rule they are done at once, and the next event finds them done.

const (
	readerPatience = 250 * time.Millisecond // after which the next event is read although a request is not done
	maxTurns       = 64                     // requests of one session that wait for their turn
)

// handleInTurn handles an event that changes in which rooms the session is, after those before it that wait, and waits a
// moment for it.
func (s *Session) handleInTurn(ev socketio.Event, t room.Ticket, handle func(context.Context, socketio.Event)) {
	ev = keep(ev)
	done := make(chan struct{})
	s.mu.Lock()
	full := len(s.turns) >= maxTurns
	if !full {
		s.turns = append(s.turns, func(ctx context.Context) {
			defer close(done)
			if ctx.Err() == nil { // else the client has gone
				handle(ctx, ev)
			}
		})
	}
	first := len(s.turns) == 1
	s.mu.Unlock()
	if full {
		s.refuse(t, "", &collab.Error{Code: collab.CodeRateLimited, Msg: "too many requests of this session wait", RetryAfter: time.Second})
		return
	}
	if first {
		s.waiting.Go(s.takeTurns)
	}
	await(done)
}

// takeTurns does what waits for its turn.
func (s *Session) takeTurns() {
	for more := true; more; {
		s.mu.Lock()
		turn := s.turns[0]
		s.mu.Unlock()
		ctx, cancel := s.lasting(requestTimeout + s.gate.Patience)
		turn(ctx)
		cancel()
		s.mu.Lock()
		s.turns = slices.Delete(s.turns, 0, 1)
		more = len(s.turns) > 0
		s.mu.Unlock()
	}
}

// turnsWait reports whether the session may be in other rooms soon.
func (s *Session) turnsWait() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.turns) > 0
}

// handleAside handles an event beside those that follow, and waits a moment for it.
func (s *Session) handleAside(ev socketio.Event, t room.Ticket, handle func(context.Context, socketio.Event)) {
	ev = keep(ev)
	done := make(chan struct{})
	if !s.background(requestTimeout+s.gate.Patience, func(ctx context.Context) { defer close(done); handle(ctx, ev) }) {
		s.refuse(t, "", errTooManyWait)
		return
	}
	await(done)
}

var errTooManyWait = &collab.Error{Code: collab.CodeRateLimited, Msg: "too many requests of this session wait for a lock", RetryAfter: time.Second}

// await waits for a request for a moment.
func await(done <-chan struct{}) {
	timer := time.NewTimer(readerPatience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// lasting returns a context that ends with the transport, or after limit.
func (s *Session) lasting(limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	s.waiting.Go(func() {
		select {
		case <-s.gone:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, cancel
}

// keep copies what the transport uses again for its next packet.
func keep(ev socketio.Event) socketio.Event {
	ev.Attachments = slices.Clone(ev.Attachments)
	ev.Args = slices.Clone(ev.Args)
	for i, arg := range ev.Args {
		ev.Args[i] = slices.Clone(arg)
	}
	return ev
}
