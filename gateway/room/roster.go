package room

import (
	"time"

	"corsia/shared/collab"
)

// rostered is the roster as the state driver had it, read at a time.
type rostered struct {
	members []collab.Member
	asked   time.Time
}

// Departed is a session of another instance that was ended in its place, because that instance is gone.
type Departed struct {
	Member collab.Member
	Reason string
}

func (e Departed) apply(r *Room) {
	if _, here := r.peers[e.Member.Session]; here {
		return // it came back, to this instance
	}
	r.noteTurn(e.Member.Session)
	r.departed(e.Member, e.Reason)
	r.publish(collab.BusLeft, left{Session: e.Member.Session, Reason: e.Reason})
}

// joinedElsewhere notes a member of another instance. A session that only moved there is no news to anybody, but to the one
// who had it here (SPEC C11).
func (r *Room) joinedElsewhere(m collab.Member) {
	r.noteTurn(m.Session)
	delete(r.said, m.Session)
	before, known := r.roster[m.Session]
	r.roster[m.Session] = m
	if !known || before.Mode != m.Mode {
		r.broadcast(&Message{Body: &UserJoined{Resource: r.id.ID, User: r.user(m.User)}}, m.Session)
	}
	if p := r.peers[m.Session]; p != nil && m.Instance != r.opts.Instance {
		p.Moved()
	}
}

func (r *Room) leftElsewhere(l left) {
	if p := r.peers[l.Session]; p != nil { // it came here since, and the word is late or of who could not know; or it is gone
		p.Moved()
		return
	}
	r.noteTurn(l.Session)
	r.departed(r.roster[l.Session], l.Reason)
}

// apply makes the roster what the state driver has, but for this instance's own peers, who are what their sockets are, and
// for those of whom word came since it was asked (SPEC R5). So lost words are made up for.
func (e rostered) apply(r *Room) {
	there := make(map[collab.SessionID]bool, len(e.members))
	for _, m := range e.members {
		there[m.Session] = true
		if p := r.peers[m.Session]; p != nil && m.Instance != r.opts.Instance && r.turned[m.Session].Before(e.asked) {
			p.Moved()
		}
		known, already := r.roster[m.Session]
		if r.settled(m.Session, e.asked) && m.Instance != r.opts.Instance && (!already || known.Mode != m.Mode) {
			r.roster[m.Session] = m
			r.broadcast(&Message{Body: &UserJoined{Resource: r.id.ID, User: r.user(m.User)}}, m.Session)
		}
	}
	for id, m := range r.roster {
		if !there[id] && r.settled(id, e.asked) {
			r.departed(m, "disconnected")
		}
	}
	for id, at := range r.turned {
		if at.Before(e.asked) {
			delete(r.turned, id)
		}
	}
}

// learn notes members of other instances that a new peer's join found in the state driver, but for those of whom word came:
// that is newer. Whom this room had not heard of, nobody here has.
func (r *Room) learn(roster []collab.Member) {
	for _, m := range roster {
		_, here := r.peers[m.Session]
		_, known := r.roster[m.Session]
		_, turned := r.turned[m.Session]
		if here || m.Instance == r.opts.Instance || turned && !known {
			continue
		}
		r.roster[m.Session] = m
		if !known {
			r.broadcast(&Message{Body: &UserJoined{Resource: r.id.ID, User: r.user(m.User)}}, m.Session)
		}
	}
}

// noteTurn notes that a session came or went just now. No roster is older than turnMemory when it is applied: what is older
// is forgotten, also where nobody reads rosters.
func (r *Room) noteTurn(id collab.SessionID) {
	now := r.opts.Now()
	if len(r.turned) >= 2*len(r.roster)+minTurns {
		for other, at := range r.turned {
			if now.Sub(at) > turnMemory {
				delete(r.turned, other)
			}
		}
	}
	r.turned[id] = now
}

const (
	turnMemory = time.Minute
	minTurns   = 64 // kept before anything is forgotten
)

// settled reports whether the state driver may know better of a session than this room.
func (r *Room) settled(id collab.SessionID, asked time.Time) bool {
	_, here := r.peers[id]
	return !here && r.turned[id].Before(asked)
}
