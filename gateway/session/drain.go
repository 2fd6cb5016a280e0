package session

import (
	"context"
	"math/rand/v2"
	"time"

	"corsia/gateway/engineio"
)

// Drain tells every session to go elsewhere, each at a moment of its own within spread, and closes the sockets over that
// time (SPEC C6). It returns when every session has ended, or when ctx does. New clients are refused from the start.
func (g *Gate) Drain(ctx context.Context, spread time.Duration) error {
	g.mu.Lock()
	g.draining = true
	g.mu.Unlock()
	for _, s := range g.all() {
		wait := rand.N(spread + 1)
		s.emit("SERVER_DRAINING", struct {
			RetryAfterMs int64 `json:"retryAfterMs"`
		}{wait.Milliseconds() + rand.N(spread+1).Milliseconds()})
		time.AfterFunc(wait/2, func() {
			s.leaving.Store(true)
			s.conn.Close(engineio.CloseServiceRestart, "server draining")
		})
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
