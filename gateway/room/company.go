package room

import (
	"time"

	"corsia/gateway/document"
	"corsia/shared/collab"
)

// A client id is its session's as long as that is connected. When it is not, its user may go on under it in another
// session: a browser that was closed and opened again sends what it had not sent (SPEC D7). Of a session at another instance
// only that one knows; it is asked when the question comes up.

const (
	standingGood = 2 * time.Second        // how long an answer is believed; that the session came back is told at once
	inquireEvery = 100 * time.Millisecond // about one session
)

// standing is what another instance said of one of its sessions.
type standing struct {
	Session collab.SessionID
	Away    bool

	heard time.Time // zero: nothing was said yet
	asked time.Time
}

// inquiry is the body of BusInquiry.
type inquiry struct{ Session collab.SessionID }

// company answers the document's questions about sessions.
type company struct{ r *Room }

func (c company) Away(id collab.SessionID) bool {
	p := c.r.peers[id]
	return p != nil && p.Away()
}

func (c company) Elsewhere(id collab.SessionID) document.Standing {
	m, there := c.r.roster[id]
	if !there || m.Instance == c.r.opts.Instance {
		return document.Gone
	}
	s := c.r.said[id]
	switch {
	case s.heard.IsZero() || c.r.opts.Now().Sub(s.heard) >= standingGood:
		return document.Unsure
	case s.Away:
		return document.Away
	}
	return document.Connected
}

// inquire asks how a session of another instance is.
func (r *Room) inquire(id collab.SessionID) {
	s, now := r.said[id], r.opts.Now()
	if m, there := r.roster[id]; !there || m.Instance == r.opts.Instance || now.Sub(s.asked) < inquireEvery {
		return
	}
	s.asked = now
	r.said[id] = s
	r.publish(collab.BusInquiry, inquiry{Session: id})
}

// inquired answers for a session of this instance.
func (r *Room) inquired(q inquiry) {
	if p := r.peers[q.Session]; p != nil {
		r.publish(collab.BusStanding, standing{Session: q.Session, Away: p.Away()})
	}
}

// learnStanding takes the answer.
func (r *Room) learnStanding(s standing) {
	if known, asked := r.said[s.Session]; asked {
		s.heard, s.asked = r.opts.Now(), known.asked
		r.said[s.Session] = s
	}
}
