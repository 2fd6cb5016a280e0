package session

import (
	"context"

	"corsia/gateway/breaker"
	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// join brings the session into a room, or starts it there again under a new client id (SPEC R1, R2, D1, D2c, D7).
func (s *Session) join(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q joinRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	id, err := collab.ParseResourceID(q.ResourceID)
	if err != nil {
		return err
	}
	mode, err := collab.ParseMode(q.Mode)
	if err != nil {
		return about(id, err)
	}
	vector, err := q.StateVector.bytes(ev.Attachments)
	if err != nil {
		return about(id, err)
	}
	if len(q.ResourceType) > maxTypeBytes {
		return about(id, badRequest("resourceType is too long"))
	}
	if !s.gate.Grants.Allows(s.who(), id, mode) {
		return about(id, s.deny(ctx, id, t.Event, "no right to join as "+string(mode)))
	}
	return about(id, s.enter(breaker.WithGrace(ctx), entry{id: id, kind: q.ResourceType, mode: mode, vector: vector}, t))
}

// entry is a checked request to join.
type entry struct {
	id     collab.ResourceID
	kind   string
	mode   collab.Mode
	vector []byte
}

// enter does what joining takes, in order: the room, the store, presence, the room's own word. What was done is undone
// when a later step fails; a session that was in the room before stays there as it was.
func (s *Session) enter(ctx context.Context, q entry, t room.Ticket) error {
	m := s.in(q.id)
	if m != nil {
		return s.admit(ctx, q, m, t)
	}
	if s.rooms() >= s.gate.RoomsPerSession {
		s.overLimit(t, q.id, "a session may be in no more rooms than this one is")
		return nil
	}
	held, release, err := s.gate.Rooms.Hold(ctx, s.resource(q.id))
	if err != nil {
		return err
	}
	m = &membership{room: held, release: release}
	if err := s.admit(ctx, q, m, t); err != nil {
		s.retreat(s.memberOf(q, m), m)
		return err
	}
	return nil
}

// memberOf returns what the session will be in a room. Who joins again has been there since the first time.
func (s *Session) memberOf(q entry, m *membership) collab.Member {
	member := collab.Member{Resource: s.resource(q.id), Session: s.id, User: s.about.User, Name: s.about.Name, Role: s.about.Role,
		Mode: q.mode, Instance: s.gate.Instance, JoinedAt: s.gate.Now()}
	if !m.member.JoinedAt.IsZero() {
		member.JoinedAt = m.member.JoinedAt
	}
	return member
}

// admit makes the member known to the store, to presence and to the room.
func (s *Session) admit(ctx context.Context, q entry, m *membership, t room.Ticket) error {
	member := s.memberOf(q, m)
	e := s.event(audit.ResourceJoined)
	e.Resource, e.Details = q.id, map[string]string{"mode": string(q.mode)}
	joined, err := s.gate.Store.Join(ctx, collab.Join{Resource: member.Resource, Type: q.kind, User: s.about.User, Session: s.id,
		Mode: q.mode, At: s.gate.Now(), Audit: []collab.AuditRow{s.gate.Audit.Row(e)}})
	if err != nil {
		return fromStore(err)
	}
	if joined.Created {
		s.gate.Metrics.Operations.Create.Inc()
	}
	roster, err := s.gate.Presence.Enter(ctx, member)
	if err != nil {
		return fromStore(err)
	}
	for _, r := range roster {
		if r.Session == s.id {
			member.Color = r.Color
		}
	}
	if m.member.Mode == collab.Editor && member.Mode != collab.Editor { // by its own wish: what it locked is free again
		s.gate.Locks.LeaveRoom(ctx, s.id, member.Resource, collab.LockReleased)
	}
	s.gate.Rooms.Entered(s.id, member.Resource)
	err = m.room.Send(ctx, room.Join{Peer: s, Member: member, Roster: roster, Joined: joined, StateVector: q.vector, Ticket: t})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.joined[q.id] = &membership{room: m.room, release: m.release, member: member}
	s.mu.Unlock()
	return nil
}

// retreat undoes a join that did not succeed.
func (s *Session) retreat(member collab.Member, m *membership) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	s.gate.Rooms.Left(s.id, member.Resource)
	if err := s.gate.Presence.Leave(ctx, member); err != nil {
		s.gate.Log.Warn("session: undo a join", obs.Session(s.id), obs.Err(err))
	}
	e := s.event(audit.ResourceLeft)
	e.Resource, e.Outcome, e.Reason = member.Resource.ID, audit.Failed, "join failed"
	if err := s.gate.Store.Leave(ctx, member.Resource, s.id, []collab.AuditRow{s.gate.Audit.Row(e)}); err != nil {
		s.gate.Log.Warn("session: undo a join", obs.Session(s.id), obs.Err(err))
	}
	m.release()
}

func (s *Session) leaveRoom(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q syncRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	id := collab.ResourceID(q.ResourceID)
	if s.in(id) == nil {
		return about(id, collab.NewError(collab.CodeNotJoined, "the session has not joined this resource"))
	}
	s.gate.Locks.LeaveRoom(ctx, s.id, s.resource(id), collab.LockLeftResource)
	if err := s.keepLeave(ctx, id, endLeft); err != nil { // it is still there, and may try again
		return about(id, fromStore(err))
	}
	s.depart(ctx, id, endLeft)
	s.ok(t, map[string]any{"resourceId": id})
	return nil
}

// leave takes the session out of a room (SPEC R3), whether the store can keep that or not. Its locks there have ended
// before.
func (s *Session) leave(ctx context.Context, id collab.ResourceID, why ending) {
	s.depart(ctx, id, why)
	if err := s.keepLeave(ctx, id, why); err != nil {
		s.gate.Log.Error("session: keep a leave", obs.Session(s.id), obs.Resource(id), obs.Err(err))
	}
}

// keepLeave drops what the store has reserved for the session in a room, with the audit row.
func (s *Session) keepLeave(ctx context.Context, id collab.ResourceID, why ending) error {
	e := s.event(audit.ResourceLeft)
	e.Resource, e.Reason = id, string(why)
	return s.gate.Store.Leave(ctx, s.resource(id), s.id, []collab.AuditRow{s.gate.Audit.Row(e)})
}

// depart takes the session out of the room and of its roster.
func (s *Session) depart(ctx context.Context, id collab.ResourceID, why ending) {
	m := s.in(id)
	if m == nil {
		return
	}
	s.forgetRoom(m.member.Resource)
	if err := m.room.Send(ctx, room.Leave{Session: s.id, Reason: string(why)}); err != nil {
		s.gate.Log.Warn("session: leave a room", obs.Session(s.id), obs.Resource(id), obs.Err(err))
	}
	if err := s.gate.Presence.Leave(ctx, m.member); err != nil {
		s.gate.Log.Warn("session: leave presence", obs.Session(s.id), obs.Resource(id), obs.Err(err)) // it expires by itself
	}
	m.release()
}

func (s *Session) forgetRoom(res collab.Resource) {
	s.mu.Lock()
	delete(s.joined, res.ID)
	s.mu.Unlock()
	s.gate.Rooms.Left(s.id, res)
}

func (s *Session) rooms() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.joined)
}
