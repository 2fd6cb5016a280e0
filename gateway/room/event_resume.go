package room

import "corsia/shared/collab"

// Resume brings in a session that another socket, here or elsewhere, had before. The others see no change (SPEC C11).
type Resume struct {
	Peer   Peer
	Member collab.Member
	Roster []collab.Member // who is in the room, on all instances
	Mute   bool            // nothing is delivered to it: it will leave
}

// Detach takes away a peer whose session goes on elsewhere, without a word to anybody. A newer peer of the session stays.
type Detach struct {
	Session collab.SessionID
	Peer    Peer
}

func (e Resume) apply(r *Room) {
	id := e.Member.Session
	p := &peer{Peer: e.Peer, member: e.Member, first: true}
	r.peers[id] = p
	r.live.Return(id)
	r.noteTurn(id)
	_, known := r.roster[id]
	r.learn(e.Roster)
	r.roster[id] = e.Member
	if !known { // it was missed here, or the room has just been opened
		r.broadcast(&Message{Body: &UserJoined{Resource: r.id.ID, User: r.user(e.Member.User)}}, id)
	}
	r.publish(collab.BusJoined, e.Member)
	if !e.Mute { // it may have seen more than this room: only what is new for both is delivered
		r.reading, r.unsure = append(r.reading, reader{peer: p, resumed: true}), true
	}
}

func (e Detach) apply(r *Room) {
	p, here := r.peers[e.Session]
	if !here || p.Peer != e.Peer {
		return
	}
	delete(r.peers, e.Session)
	r.live.Release(e.Session)
	if len(r.peers) == 0 {
		r.opts.Compactor.Left(r.id)
	}
}
