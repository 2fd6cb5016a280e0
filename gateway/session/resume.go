package session

import (
	"context"
	"errors"
	"maps"
	"time"

	"corsia/gateway/auth"
	"corsia/gateway/engineio"
	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// A session whose transport is lost is suspended for RESUME_GRACE: for everybody else it is still there. Who claims it
// from the state driver with its resume key, on any instance, has it from then on; the object that had it before is
// vacated without a word. What nobody claims ends with the grace (SPEC C11).

// resumable are the reasons of Closed for a transport that was lost. All others are an end: the client said so, or broke
// the protocol.
var resumable = map[string]bool{
	engineio.ReasonTransportClose: true, engineio.ReasonTransportError: true, engineio.ReasonPingTimeout: true,
	engineio.ReasonDuplicate: true, slowConsumer: true, drained: true,
}

// Reasons for which this package closes a transport whose client may come back.
const (
	slowConsumer = "slow consumer"
	drained      = "server draining"
	displaced    = "resumed elsewhere"
)

const maxSessionIDBytes = 64 // of those that clients name

// suspend keeps the session, without its transport, for a client that may come back within the grace. It stays in its
// rooms and keeps its locks; what would be sent to it is dropped.
func (s *Session) suspend() {
	s.handling.Lock()
	defer s.handling.Unlock()
	s.hold()
}

// hold is suspend for who has handling.
func (s *Session) hold() {
	s.leaving.Store(true)
	if s.over || s.suspended.Swap(true) {
		return
	}
	s.gate.Presence.Suspend(s.presence)
	s.breakOff()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = time.AfterFunc(s.gate.grace(), func() { s.finish(endDisconnected) })
}

// hasten ends the session after grace, if it is suspended.
func (s *Session) hasten(grace time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deadline != nil && s.deadline.Stop() {
		s.deadline.Reset(grace)
	}
}

// resume restores the session that a returning client names with its resume key. Without an error it returns nil when
// there is none to restore: the client gets a new one.
func (g *Gate) resume(ctx context.Context, c *socketio.Conn, id auth.Identity, cred credentials) (*Session, error) {
	if cred.SessionID == "" || len(cred.SessionID) > maxSessionIDBytes || cred.ResumeKey == "" || g.Revocations.Revoked(id, cred.SessionID) {
		return nil, nil
	}
	hash := collab.HashSecret(cred.ResumeKey)
	old := g.find(cred.SessionID)
	if old != nil && (old.about.Tenant != id.Tenant || old.about.User != id.User) {
		return nil, nil
	}
	if old != nil {
		old.handling.Lock() // what it has joined is what is claimed, and its end does not come between
		defer old.handling.Unlock()
		if sameSecret(old.about.ResumeHash, hash) {
			old.hold() // its transport is dead, even if that was not noticed yet
			old.waiting.Wait()
		}
	}
	if err := g.enter(); err != nil {
		return nil, err
	}
	s := newSession(g, c, id)
	claim := collab.Claim{Tenant: id.Tenant, User: id.User, Session: cred.SessionID, Instance: g.Instance, Hash: hash, Next: s.about.ResumeHash}
	entry, about, places, err := g.Presence.Claim(ctx, claim)
	if err != nil {
		g.ending.Done()
		if errors.Is(err, collab.ErrNotFound) || errors.Is(err, collab.ErrLost) {
			return nil, nil
		}
		g.Doubt(claim)
		return nil, err
	}
	s.id, s.about, s.presence = about.ID, about, entry
	if old != nil {
		old.yield(ctx)
	}
	g.serve(s)
	s.greet(true, places)
	s.restore(ctx, places)
	e := s.event(audit.UserConnected)
	e.Details = map[string]string{"resumed": "true"}
	if err := g.Audit.Record(ctx, e); err != nil {
		s.finish(endDisconnected)
		return nil, err
	}
	g.Metrics.ResumedSessions.Inc()
	return s, nil
}

// restore brings the session into the rooms where it was, as far as its new token allows, and gives it its locks.
func (s *Session) restore(ctx context.Context, places []collab.Member) {
	if err := s.gate.Locks.Adopt(ctx, s.about, s.address); err != nil {
		s.gate.Log.Warn("session: adopt its locks", obs.Session(s.id), obs.Err(err)) // it is tried again
	}
	t := room.Ticket{Event: evJoin, Ack: -1}
	for _, m := range places {
		if err := s.reenter(ctx, m); err != nil {
			s.retreat(m, &membership{release: func() {}})
			s.refuse(t, m.Resource.ID, fromStore(err))
		}
	}
	s.judgeAll(ctx, s.who(), t)
}

// reenter takes the session's place in a room here. One that its token forbids is taken to be left at once, and gets
// nothing of the room.
func (s *Session) reenter(ctx context.Context, m collab.Member) error {
	held, release, err := s.gate.Rooms.Hold(ctx, m.Resource)
	if err != nil {
		return err
	}
	roster, err := s.gate.Presence.Enter(ctx, m)
	if err == nil {
		s.gate.Rooms.Entered(s.id, m.Resource)
		err = held.Send(ctx, room.Resume{Peer: s, Member: m, Roster: roster, Mute: !s.gate.Grants.Allows(s.who(), m.Resource.ID, collab.Viewer)})
	}
	if err != nil {
		release()
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joined[m.Resource.ID] = &membership{room: held, release: release, member: m}
	return nil
}

// Moved finds out whether another instance has the session, and vacates it if so. It implements room.Peer.
func (s *Session) Moved() {
	if s.asking.Swap(true) {
		return
	}
	go func() { // Drain waits for the session's end
		defer s.asking.Store(false)
		ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
		defer cancel()
		err := s.gate.Presence.Confirm(ctx, s.presence)
		switch {
		case errors.Is(err, collab.ErrLost):
			s.conn.Kick(displaced)
			s.finish(endDisconnected)
		case err != nil:
			s.gate.Log.Warn("session: ask whose it is", obs.Session(s.id), obs.Err(err))
		}
	}()
}

// yield ends the object of a session that was claimed by another one here, and closes its transport. The caller has
// handling.
func (s *Session) yield(ctx context.Context) {
	s.ended.Store(true)
	s.conn.Kick(displaced)
	if s.over {
		return
	}
	s.over = true
	s.breakOff()
	s.waiting.Wait()
	s.detach(ctx)
	s.gate.forget(s)
}

// vacate ends the object of a session that another instance has claimed. What was joined here after that is left, as nobody
// else will; everything else goes on there.
func (s *Session) vacate(ctx context.Context) {
	s.mu.Lock()
	joined := maps.Clone(s.joined)
	s.mu.Unlock()
	for id, m := range joined {
		err := s.gate.Presence.Leave(ctx, m.member)
		switch {
		case err == nil:
			s.leave(ctx, id, endDisconnected)
		case !errors.Is(err, collab.ErrLost):
			s.gate.Log.Warn("session: leave presence", obs.Session(s.id), obs.Resource(id), obs.Err(err)) // it expires by itself
		}
	}
	s.detach(ctx)
}

// detach takes the session out of this instance's rooms and locks, and tells nobody.
func (s *Session) detach(ctx context.Context) {
	s.gate.Presence.Forget(s.presence)
	s.gate.Locks.Forget(s.id)
	s.mu.Lock()
	joined := maps.Clone(s.joined)
	s.mu.Unlock()
	for id, m := range joined {
		s.forgetRoom(m.member.Resource)
		if err := m.room.Send(ctx, room.Detach{Session: s.id, Peer: s}); err != nil {
			s.gate.Log.Warn("session: leave a room", obs.Session(s.id), obs.Resource(id), obs.Err(err))
		}
		m.release()
	}
}
