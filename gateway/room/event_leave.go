package room

import "corsia/shared/collab"

// Leave takes a session out of the room.
type Leave struct {
	Session collab.SessionID
	Reason  string // of USER_LEFT: left, disconnected, session_timeout …
}

// SetMode changes what a session may do, when its token was renewed with other rights (SPEC A5).
type SetMode struct {
	Session collab.SessionID
	Mode    collab.Mode
}

func (e Leave) apply(r *Room) {
	p, here := r.peers[e.Session]
	if !here {
		return
	}
	delete(r.peers, e.Session)
	r.live.Leave(e.Session)
	r.publish(collab.BusLeft, left(e))
	r.departed(p.member, e.Reason)
	if len(r.peers) == 0 {
		r.opts.Compactor.Left(r.id)
	}
}

// departed takes a session off the roster and tells those who stay.
func (r *Room) departed(m collab.Member, reason string) {
	if _, known := r.roster[m.Session]; !known {
		return
	}
	delete(r.roster, m.Session)
	delete(r.said, m.Session)
	if r.aware.forget(m.Session) {
		r.broadcast(&Message{Body: &Awareness{Resource: r.id.ID, User: m.User, Session: m.Session}}, "")
	}
	if !r.present(m.User) {
		r.broadcast(&Message{Body: &UserLeft{Resource: r.id.ID, User: m.User, Session: m.Session, Reason: reason}}, "")
	}
}

func (e SetMode) apply(r *Room) {
	p, here := r.peers[e.Session]
	if !here || p.member.Mode == e.Mode {
		return
	}
	p.member.Mode = e.Mode
	r.roster[e.Session] = p.member
	r.broadcast(&Message{Body: &UserJoined{Resource: r.id.ID, User: r.user(p.member.User)}}, e.Session)
	r.publish(collab.BusJoined, p.member)
}
