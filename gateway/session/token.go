package session

import (
	"context"
	"errors"
	"maps"

	"corsia/gateway/auth"
	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// tokenRefresh puts a new token in force, for the same user and tenant, and judges every joined room again (SPEC A5).
func (s *Session) tokenRefresh(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q tokenRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	id, err := s.gate.Verifier.Verify(ctx, q.Token)
	if refusal, ok := errors.AsType[*auth.Refusal](err); ok {
		return s.refreshRefused(string(refusal.Reason), t)
	}
	if err != nil {
		return err
	}
	if id.User != s.about.User || id.Tenant != s.about.Tenant {
		return s.refreshRefused("wrong_user", t)
	}
	s.mu.Lock()
	s.identity, s.warned = id, false
	s.mu.Unlock()
	s.judgeAll(ctx, id, t)
	s.ok(t, map[string]any{"expiresAt": collab.Millis(id.Expires), "permissions": s.permissions()})
	return nil
}

// judgeAll judges every lock and every joined room by the token in force.
func (s *Session) judgeAll(ctx context.Context, id auth.Identity, t room.Ticket) {
	s.gate.Locks.EndUnless(ctx, s.id, func(res collab.Resource) bool { return s.gate.Grants.Allows(id, res.ID, collab.Editor) })
	s.mu.Lock()
	joined := maps.Clone(s.joined)
	s.mu.Unlock()
	for res, m := range joined {
		s.judge(ctx, res, m, id, t)
	}
}

// refreshRefused answers a token that cannot take the old one's place, and disconnects.
func (s *Session) refreshRefused(reason string, t room.Ticket) error {
	s.gate.Metrics.CountAuthFailure(reason)
	s.refuse(t, "", &collab.Error{Code: collab.CodeUnauthorized, Msg: "the token was refused", Detail: refused{Reason: reason}})
	s.disconnect(reason)
	return nil
}

// judge takes from the session what its new token does not allow in a room: the editor's right, or the room. Its locks
// have ended before.
func (s *Session) judge(ctx context.Context, res collab.ResourceID, m *membership, id auth.Identity, t room.Ticket) {
	mode, ok := s.gate.Grants.Mode(id, res)
	if ok && mode.Allows(m.member.Mode) {
		return
	}
	denied := room.Ticket{Event: t.Event, Ack: -1}
	if !ok {
		s.leave(ctx, res, endLeft)
		s.refuse(denied, res, s.deny(ctx, res, t.Event, "no right"))
		return
	}
	member := m.member
	member.Mode = collab.Viewer
	s.mu.Lock()
	s.joined[res] = &membership{room: m.room, release: m.release, member: member}
	s.mu.Unlock()
	if _, err := s.gate.Presence.Enter(ctx, member); err != nil {
		s.gate.Log.Warn("session: mode in presence", obs.Session(s.id), obs.Resource(res), obs.Err(err)) // the room below decides
	}
	if err := m.room.Send(ctx, room.SetMode{Session: s.id, Mode: collab.Viewer}); err != nil {
		s.refuse(denied, res, err)
	}
	s.refuse(denied, res, s.deny(ctx, res, t.Event, "viewer"))
}
