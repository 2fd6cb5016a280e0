package room

import (
	"corsia/shared/collab"
)

// Join brings a session into the room. The store and the state driver know it already.
type Join struct {
	Peer        Peer
	Member      collab.Member
	Roster      []collab.Member // who is in the room, on all instances
	Joined      collab.Joined
	StateVector []byte // what the client has; nil: nothing
	Ticket      Ticket
}

// Sync asks for what a client lacks (Y_SYNC).
type Sync struct {
	From        collab.SessionID
	StateVector []byte
	Ticket      Ticket
}

// reader is a join, a sync or a resumption that waits until nothing uncommitted is in the document.
type reader struct {
	peer        *peer
	join        bool
	resumed     bool // it has the document, and goes on
	stateVector []byte
	ticket      Ticket
}

// state is the encoded document at a revision. Those who join at that revision share it.
type state struct {
	head   collab.Head
	update []byte
	vector []byte
}

func (e Join) apply(r *Room) {
	before, again := r.peers[e.Member.Session]
	p := &peer{Peer: e.Peer, member: e.Member, client: e.Joined.Client, first: true}
	r.peers[e.Member.Session] = p
	if again { // the same session starts again, under a new client id
		r.live.Leave(e.Member.Session)
	}
	if r.live.Head().Revision == 0 && e.Joined.Created {
		r.live.Advance(collab.Head{Revision: e.Joined.Head.Revision, Epoch: e.Joined.Head.Epoch}) // its guard tells of locks to be read
	}
	if p.client != 0 {
		r.live.Reserve(p.client, e.Member.User, e.Member.Session)
	}
	r.lagsBehind(e.Joined.Head)
	r.learn(e.Roster)
	r.roster[e.Member.Session] = e.Member
	r.noteTurn(e.Member.Session)
	r.reading = append(r.reading, reader{peer: p, join: true, stateVector: e.StateVector, ticket: e.Ticket})
	if !again || before.member.Mode != e.Member.Mode {
		r.broadcast(&Message{Body: &UserJoined{Resource: r.id.ID, User: r.user(e.Member.User)}}, e.Member.Session)
		r.publish(collab.BusJoined, e.Member)
	}
}

func (e Sync) apply(r *Room) {
	p := r.peers[e.From]
	if p == nil {
		return
	}
	waiting := 0
	for _, q := range r.reading {
		if !q.join && q.peer == p {
			waiting++
		}
	}
	if waiting >= maxWaitingSyncs {
		r.answer(p, e.Ticket, Answer{Err: &collab.Error{Code: collab.CodeBackpressure,
			Msg: "too many syncs of this session wait; ask again later", RetryAfter: backpressureRetry}})
		return
	}
	r.reading = append(r.reading, reader{peer: p, stateVector: e.StateVector, ticket: e.Ticket})
}

// serveReads answers joins and syncs. What it reads is committed: nothing is under way.
func (r *Room) serveReads() {
	if r.bad != nil {
		r.refuseAll()
		return
	}
	reading := r.reading
	r.reading = nil
	for _, q := range reading {
		p := r.peers[q.peer.member.Session]
		if q.resumed {
			if p == q.peer {
				p.active = true
				r.introduce(p)
				r.catchUpLife(p)
				r.remind(p, true)
			}
			continue
		}
		if p == nil {
			r.answer(q.peer, q.ticket, Answer{Err: collab.NewError(collab.CodeNotJoined, "the session has left this resource meanwhile")})
			continue
		}
		if !q.join && p.former {
			r.answer(q.peer, q.ticket, Answer{Err: errFormer()})
			continue
		}
		q.peer = p // it may have joined again meanwhile: the answer is what it is now
		update, vector, err := r.encode(q.stateVector)
		if err != nil {
			r.answer(q.peer, q.ticket, Answer{Err: err})
			if !q.join {
				continue
			}
			update, vector, _ = r.encode(nil) // it is in the room: it gets everything
		}
		if !q.join {
			r.opts.Metrics.Operations.Sync.Inc()
			r.answer(q.peer, q.ticket, Answer{Revision: r.live.Head().Revision, Body: &Synced{Update: update, StateVector: vector}})
			continue
		}
		if err != nil {
			q.ticket.Ack = -1
		}
		q.peer.active = true
		body := &State{Resource: r.id.ID, Mode: q.peer.member.Mode, Users: users(r.roster), State: update, StateVector: vector,
			Head: r.live.Head(), Erased: r.live.Erased().Epoch, Locks: r.live.Locks(), Client: q.peer.client}
		if epoch, open := r.heals(); open && body.Mode == collab.Editor {
			body.Heals = &epoch
		}
		r.answer(q.peer, q.ticket, Answer{Revision: r.live.Head().Revision, Body: body})
		r.introduce(q.peer)
		r.remind(q.peer, q.stateVector != nil)
	}
}

// encode returns the document, or what a state vector lacks of it, and the document's state vector.
func (r *Room) encode(stateVector []byte) (update, vector []byte, err error) {
	if head := r.live.Head(); r.cached.update == nil || r.cached.head.Revision != head.Revision || r.cached.head.Epoch != head.Epoch {
		full, err := r.live.State(nil)
		if err != nil {
			return nil, nil, err
		}
		r.cached = state{head: head, update: full, vector: r.live.StateVector()}
	}
	if stateVector == nil {
		return r.cached.update, r.cached.vector, nil
	}
	update, err = r.live.State(stateVector)
	return update, r.cached.vector, err
}
