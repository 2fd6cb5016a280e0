package session

import (
	"context"
	"math/rand/v2"
	"time"

	"corsia/gateway/engineio"
)

// Drain tells every session to go elsewhere and closes the sockets over spread, each at a moment of its own (SPEC C6). A
// session is kept for grace after that, so that another instance can resume it (C11). Drain returns when every session has
// ended, or when ctx does. New clients are refused from the start.
func (g *Gate) Drain(ctx context.Context, spread, grace time.Duration) error {
	g.mu.Lock()
	g.draining = true
	g.drainGrace = grace
	g.mu.Unlock()
	g.leave()
	for _, s := range g.all() {
		if grace < g.ResumeGrace {
			s.hasten(grace)
		}
		s.emit("SERVER_DRAINING", drainingView{RetryAfterMs: g.retryAfter()})
		time.AfterFunc(rand.N(spread+1), s.sendAway)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); g.ending.Wait() }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

type drainingView struct {
	RetryAfterMs int64 `json:"retryAfterMs"`
}

// retryAfter returns how long a client should wait when its socket has closed: not all come back at once, and all within
// the grace, for which other instances keep their sessions.
func (g *Gate) retryAfter() int64 { return rand.N(g.ResumeGrace/2 + 1).Milliseconds() }

// sendAway closes the socket for a client that shall come back to another instance.
func (s *Session) sendAway() {
	s.leaving.Store(true)
	s.conn.Close(engineio.CloseServiceRestart, drained)
}

// grace returns how long a session waits for the client that lost its transport.
func (g *Gate) grace() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining {
		return g.drainGrace
	}
	return g.ResumeGrace
}
