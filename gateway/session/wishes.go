package session

import (
	"context"

	"corsia/gateway/auth"
	"corsia/gateway/lock"
	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/collab"
)

// Locks that somebody else has: asking for them, declining to give them, breaking them (SPEC L7).

// lockRequested asks the holder of a lock to hand it over. The callback names the holder; without one nobody has it.
func (s *Session) lockRequested(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q lockRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	key, err := q.key(s.about.Tenant)
	if err != nil {
		return err
	}
	id := key.Resource.ID
	if err := s.mayLock(ctx, id, t.Event); err != nil {
		return about(id, err)
	}
	message, err := q.message()
	if err != nil {
		return about(id, err)
	}
	held, inWay, err := s.gate.Locks.Ask(ctx, lock.Request{Key: key, Session: s.about, Address: s.address}, message)
	if err != nil {
		return about(id, fromStore(err))
	}
	answer := map[string]any{"resourceId": id}
	if key.Field != "" {
		answer["field"] = key.Field
	}
	if inWay {
		viewHolder(answer, held)
	}
	s.ok(t, answer)
	return nil
}

// lockDeclined tells who asked for a lock of this session that it keeps it.
func (s *Session) lockDeclined(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q lockRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	key, err := q.key(s.about.Tenant)
	if err != nil {
		return err
	}
	s.gate.Locks.Decline(ctx, s.id, key, collab.SessionID(q.SessionID))
	s.ok(t, nil)
	return nil
}

// lockBreak takes a lock from whoever has it, for a reason that is kept. It is answered as LOCK_ACQUIRE is.
func (s *Session) lockBreak(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q lockRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	key, err := q.key(s.about.Tenant)
	if err != nil {
		return err
	}
	id := key.Resource.ID
	if err := s.mayLock(ctx, id, t.Event); err != nil {
		return about(id, err)
	}
	if !s.gate.Grants.Has(s.who(), auth.BreakGlass) {
		return about(id, s.deny(ctx, id, t.Event, auth.BreakGlass))
	}
	why, err := q.breaking()
	if err != nil {
		return about(id, err)
	}
	return s.acquireAside(lock.Request{Key: key, Session: s.about, Address: s.address, Break: why}, t)
}

// MayLock reports whether a session is here, connected, and may write a resource. It implements lock.Sessions.
func (g *Gate) MayLock(id collab.SessionID, res collab.Resource) bool {
	s := g.find(id)
	if s == nil || s.ended.Load() || s.suspended.Load() || s.about.Tenant != res.Tenant {
		return false
	}
	m := s.in(res.ID)
	return (m == nil || m.member.Mode == collab.Editor) && g.Grants.Allows(s.who(), res.ID, collab.Editor)
}

// Tell tells a session of this instance what became of a wish for a lock. It implements lock.Sessions.
func (g *Gate) Tell(id collab.SessionID, word any) {
	s := g.find(id)
	if s == nil {
		return
	}
	switch w := word.(type) {
	case lock.Requested:
		s.emit("LOCK_REQUESTED", struct {
			ResourceID collab.ResourceID `json:"resourceId"`
			Field      collab.Field      `json:"field,omitempty"`
			LockID     collab.LockID     `json:"lockId"`
			UserID     collab.UserID     `json:"userId"`
			Name       string            `json:"name"`
			SessionID  collab.SessionID  `json:"sessionId"`
			Message    string            `json:"message"`
		}{w.Key.Resource.ID, w.Key.Field, w.Lock, w.User, w.Name, w.Session, w.Message})
	case lock.Declined:
		key := w.Asking.Key
		s.emit("LOCK_REQUEST_DECLINED", struct {
			ResourceID collab.ResourceID `json:"resourceId"`
			Field      collab.Field      `json:"field,omitempty"`
			UserID     collab.UserID     `json:"userId"`
			Name       string            `json:"name"`
		}{key.Resource.ID, key.Field, w.Holder, w.Name})
	case lock.Handed:
		s.emit("LOCK_ACQUIRED", viewGrant(w.Grant))
	}
}
