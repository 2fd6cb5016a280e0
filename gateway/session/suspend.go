package session

import (
	"math/rand/v2"
	"time"

	"corsia/shared/collab"
)

// Suspend refuses new clients, and sends those who are here away over spread: what the gateway cannot be without stays away
// (SPEC F2). They may come back at any time: to another instance, or here after Readmit.
func (g *Gate) Suspend(spread time.Duration) {
	g.mu.Lock()
	g.refusing = true
	g.mu.Unlock()
	for _, s := range g.all() {
		s.emit("SERVER_DRAINING", drainingView{RetryAfterMs: rand.N(spread + 1).Milliseconds()})
		time.AfterFunc(rand.N(spread+1), s.sendAway)
	}
}

// Readmit takes clients again.
func (g *Gate) Readmit() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refusing = false
}

// closed returns why nobody is let in, nil when clients are.
func (g *Gate) closed() *collab.Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.draining:
		return errDraining
	case g.refusing:
		return &collab.Error{Code: collab.CodeUnavailable, Msg: "this server takes no clients at the moment", RetryAfter: time.Second + rand.N(comeBack)}
	}
	return nil
}

const comeBack = 5 * time.Second // within which refused clients try again, each at a moment of its own
