package session

import (
	"context"

	"corsia/gateway/breaker"
	"corsia/gateway/lock"
	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/collab"
)

// lockAcquire asks for a lock on a resource that the session may edit, joined or not (SPEC L1). The answer comes by the
// named event and by the callback.
func (s *Session) lockAcquire(ctx context.Context, ev socketio.Event, t room.Ticket) error {
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
	ttl, err := q.lockTTL()
	if err != nil {
		return about(id, err)
	}
	wait, err := q.wait()
	if err != nil {
		return about(id, err)
	}
	return s.acquireAside(lock.Request{Key: key, Session: s.about, Address: s.address, TTL: ttl, Wait: wait, TakeOver: q.TakeOver}, t)
}

// acquireAside asks for a lock beside the events that follow, and waits a moment for it.
func (s *Session) acquireAside(request lock.Request, t room.Ticket) error {
	done := make(chan struct{})
	ask := func(ctx context.Context) {
		defer close(done)
		s.acquire(breaker.WithGrace(ctx), request, t)
	}
	if !s.background(request.Wait+requestTimeout+s.gate.Patience, ask) {
		return about(request.Key.Resource.ID, errTooManyWait)
	}
	if request.Wait == 0 {
		await(done)
	}
	return nil
}

// mayLock refuses viewers, in a room or by their token.
func (s *Session) mayLock(ctx context.Context, id collab.ResourceID, event string) error {
	if m := s.in(id); m != nil && m.member.Mode != collab.Editor || !s.gate.Grants.Allows(s.who(), id, collab.Editor) {
		return s.deny(ctx, id, event, "viewer")
	}
	return nil
}

func (s *Session) acquire(ctx context.Context, q lock.Request, t room.Ticket) {
	err := s.gate.Locks.Acquire(ctx, q, func(g collab.LockGranted) {
		view := viewGrant(g)
		s.emit("LOCK_ACQUIRED", view)
		if t.Ack >= 0 {
			view.OK = true
			s.acknowledge(t, mustJSON(view))
		}
	})
	if err != nil {
		s.lockDenied(t, q.Key, collab.AsError(err))
	}
}

// lockDenied answers by LOCK_DENIED and by the callback, with the same fields.
func (s *Session) lockDenied(t room.Ticket, key collab.LockKey, e *collab.Error) {
	r := viewError(t.Event, key.Resource.ID, e)
	if key.Field != "" {
		r.fields["field"] = key.Field
	}
	s.gate.Metrics.CountError(e.Code)
	name := string(e.Code)
	if !r.named {
		name = "ERROR"
	}
	s.emit(name, r.fields)
	if t.Ack >= 0 {
		s.acknowledge(t, mustJSON(map[string]any{"ok": false, "error": r.fields}))
	}
}

func (s *Session) lockExtend(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q lockRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	expires, err := s.gate.Locks.Extend(breaker.WithGrace(ctx), s.id, collab.LockID(q.LockID))
	if err != nil {
		return s.lockLost(q, err)
	}
	s.ok(t, map[string]any{"lockId": q.LockID, "expiresAt": collab.Millis(expires)})
	return nil
}

func (s *Session) lockRelease(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q lockRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	var err error
	if q.To == "" {
		err = s.gate.Locks.Release(ctx, s.id, collab.LockID(q.LockID))
	} else {
		err = s.gate.Locks.HandOver(ctx, s.id, collab.LockID(q.LockID), collab.SessionID(q.To))
	}
	if err != nil {
		return s.lockLost(q, err)
	}
	s.ok(t, map[string]any{"lockId": q.LockID})
	return nil
}

// lost is the detail of LOCK_LOST.
type lost struct{ LockID string }

func (s *Session) lockLost(q lockRequest, err error) error {
	if e := collab.AsError(err); e.Code == collab.CodeLockLost {
		e.Detail = lost{LockID: q.LockID}
		return e
	}
	return err
}
