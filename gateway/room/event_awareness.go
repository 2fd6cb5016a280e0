package room

import (
	"encoding/json"
	"time"

	"corsia/shared/collab"
)

// SetAwareness is a session's latest awareness. It is never stored.
type SetAwareness struct {
	From  collab.SessionID
	State json.RawMessage // at most 2 KiB; owned by the room from here on
}

// awareness keeps the last state of each session, and whose state the others do not have yet.
type awareness struct {
	states map[collab.SessionID]seen
	fresh  map[collab.SessionID]bool
	owed   map[collab.SessionID]bool // slow peers that have missed a flush and get everything at the next
	last   time.Time                 // of the last flush
	armed  bool                      // the timer runs
}

type seen struct {
	user  collab.UserID
	state json.RawMessage
}

func newAwareness() awareness {
	return awareness{states: map[collab.SessionID]seen{}, fresh: map[collab.SessionID]bool{}, owed: map[collab.SessionID]bool{}}
}

func (a *awareness) dirty() bool { return len(a.fresh) > 0 || len(a.owed) > 0 }

// due returns how long to wait until the next flush is allowed.
func (a *awareness) due(now time.Time) time.Duration {
	return max(0, awarenessInterval-now.Sub(a.last))
}

func (a *awareness) forget(id collab.SessionID) bool {
	_, known := a.states[id]
	delete(a.states, id)
	delete(a.fresh, id)
	delete(a.owed, id)
	return known
}

func (e SetAwareness) apply(r *Room) {
	p := r.peers[e.From]
	if p == nil {
		return
	}
	r.setAwareness(e.From, p.member.User, e.State)
}

func (r *Room) setAwareness(id collab.SessionID, user collab.UserID, state json.RawMessage) {
	if _, known := r.aware.states[id]; !known && len(r.aware.states) >= maxAwarenessMember {
		return
	}
	r.aware.states[id] = seen{user: user, state: state}
	r.aware.fresh[id] = true
}

// flushAwareness sends the last state of each session that changed, to everybody but itself. Peers that are behind get
// it with a later flush: awareness is coalesced before anybody is disconnected (SPEC C7).
func (r *Room) flushAwareness() {
	r.aware.last = r.opts.Now()
	messages := make(map[collab.SessionID]*Message, len(r.aware.fresh))
	message := func(id collab.SessionID) *Message {
		m := messages[id]
		if s, known := r.aware.states[id]; m == nil && known {
			m = &Message{Body: &Awareness{Resource: r.id.ID, User: s.user, Session: id, State: s.state}}
			messages[id] = m
		}
		return m
	}
	local := []remoteAwareness{}
	for id := range r.aware.fresh {
		if _, here := r.peers[id]; here {
			s := r.aware.states[id]
			local = append(local, remoteAwareness{Session: id, User: s.user, State: s.state})
		}
	}
	for id, p := range r.peers {
		switch {
		case !p.active:
		case p.Backlog() > slowPeerBytes:
			r.aware.owed[id] = true
		case r.aware.owed[id]:
			delete(r.aware.owed, id)
			for other := range r.aware.states {
				r.deliverAwareness(p, id, other, message(other))
			}
		default:
			for other := range r.aware.fresh {
				r.deliverAwareness(p, id, other, message(other))
			}
		}
	}
	clear(r.aware.fresh)
	if len(local) > 0 {
		r.publish(collab.BusAwareness, local)
	}
}

func (r *Room) deliverAwareness(p *peer, to, from collab.SessionID, m *Message) {
	if m != nil && to != from {
		r.deliver(p, m)
	}
}

// introduce gives a new peer the awareness of those who are there.
func (r *Room) introduce(p *peer) {
	for id, s := range r.aware.states {
		r.deliverAwareness(p, p.member.Session, id, &Message{Body: &Awareness{Resource: r.id.ID, User: s.user, Session: id, State: s.state}})
	}
}
