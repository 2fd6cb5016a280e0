package lock

import (
	"context"
	"errors"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	sweepBatch   = 200
	sweepEvery   = 30 * time.Second // the backstop: this instance's own timer notices its locks at once
	tickEvery    = 250 * time.Millisecond
	renewMargin  = 3 // a lock is renewed when two thirds of its TTL are left at most: at least every 20 s of 30
	operationMax = 5 * time.Second
)

// Extend renews a lock that the session holds, for its TTL from now.
func (m *Manager) Extend(ctx context.Context, session collab.SessionID, id collab.LockID) (time.Time, error) {
	if m.of(session, id) == nil {
		return time.Time{}, collab.NewError(collab.CodeLockLost, "the lock is not this session's any more")
	}
	return m.extend(ctx, id, 0)
}

// Release ends a lock that the session holds.
func (m *Manager) Release(ctx context.Context, session collab.SessionID, id collab.LockID) error {
	l := m.of(session, id)
	if l == nil {
		return collab.NewError(collab.CodeLockLost, "the lock is not this session's any more")
	}
	return m.end(ctx, *l, collab.LockReleased)
}

// EndSession ends all locks of a session.
func (m *Manager) EndSession(ctx context.Context, session collab.SessionID, end collab.LockEnd) {
	for _, l := range m.list(func(l *collab.Lock) bool { return l.Session == session }) {
		if err := m.end(ctx, l, end); err != nil {
			m.Log.Error("lock: end with its session", obs.Lock(l.ID), obs.Session(session), obs.Err(err))
		}
	}
}

// LeaveRoom ends the session's locks in one resource.
func (m *Manager) LeaveRoom(ctx context.Context, session collab.SessionID, res collab.Resource, end collab.LockEnd) {
	for _, l := range m.list(func(l *collab.Lock) bool { return l.Session == session && l.Key.Resource == res }) {
		if err := m.end(ctx, l, end); err != nil {
			m.Log.Error("lock: end with its room", obs.Lock(l.ID), obs.Session(session), obs.Err(err))
		}
	}
}

// Run renews the locks of active sessions and ends those whose lease is gone, until ctx ends. Active reports whether a
// session had an event other than a heartbeat in the last 60 s (SPEC L4).
func (m *Manager) Run(ctx context.Context, active func(collab.SessionID) bool) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	swept := time.Time{}
	for {
		if now := m.Now(); now.Sub(swept) >= sweepEvery { // at start too: locks of a process that died
			swept = now
			m.sweep(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.tend(ctx, active)
		}
	}
}

// tend looks at every lock of this instance once.
func (m *Manager) tend(ctx context.Context, active func(collab.SessionID) bool) {
	now := m.Now()
	due := m.list(func(l *collab.Lock) bool {
		left := l.ExpiresAt.Sub(now)
		return left <= 0 || !l.Explicit && left <= l.TTL*(renewMargin-1)/renewMargin
	})
	for _, l := range due {
		opCtx, cancel := context.WithTimeout(ctx, operationMax)
		switch {
		case l.ExpiresAt.After(now) && active(l.Session):
			if _, err := m.extend(opCtx, l.ID, 0); err != nil && ctx.Err() == nil {
				m.Log.Warn("lock: renew", obs.Lock(l.ID), obs.Err(err))
			}
		case !l.ExpiresAt.After(now):
			m.expire(opCtx, l)
		}
		cancel()
	}
}

// expire ends a lock after seeing its lease gone (SPEC L5).
func (m *Manager) expire(ctx context.Context, l collab.Lock) {
	holder, live, err := m.Leases.Holder(ctx, l.Key)
	if err == nil && (!live || holder.Lock != l.ID) {
		err = m.end(ctx, l, collab.LockExpired)
	}
	if err != nil && ctx.Err() == nil {
		m.Log.Warn("lock: expire", obs.Lock(l.ID), obs.Err(err))
	}
}

// sweep ends open records whose lease is gone, whichever instance granted them.
func (m *Manager) sweep(ctx context.Context) {
	stale, err := m.Store.ExpiredLocks(ctx, m.Now(), sweepBatch)
	if err != nil {
		if ctx.Err() == nil {
			m.Log.Warn("lock: look for expired ones", obs.Err(err))
		}
		return
	}
	for _, l := range stale {
		m.expire(ctx, l)
	}
}

// end closes the record; who closes it announces it, once.
func (m *Manager) end(ctx context.Context, l collab.Lock, end collab.LockEnd) error {
	kind := audit.LockReleased
	if end == collab.LockExpired {
		kind = audit.LockExpired
	}
	if end == collab.LockReleased || end == collab.LockUserDisconnected || end == collab.LockLeftResource || end == collab.LockSessionTimeout {
		if err := m.Leases.Release(ctx, leaseOf(l)); err != nil {
			m.Log.Warn("lock: release a lease", obs.Lock(l.ID), obs.Err(err)) // it ends by itself
		}
	}
	row := m.Audit.Row(m.event(kind, l, "", string(end)))
	head, closed, err := m.Store.CloseLock(ctx, l.Key, l.Fence, end, m.Now(), []collab.AuditRow{row})
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.forget(l.ID)
	m.mu.Unlock()
	if closed {
		m.Rooms.Ended(l, end, head)
	}
	return nil
}

// extend renews record and lease, the record first (SPEC L4). A ttl of 0 keeps the lock's own.
func (m *Manager) extend(ctx context.Context, id collab.LockID, ttl time.Duration) (time.Time, error) {
	m.mu.Lock()
	held := m.held[id]
	if held == nil {
		m.mu.Unlock()
		return time.Time{}, collab.NewError(collab.CodeLockLost, "the lock has ended")
	}
	l := *held
	m.mu.Unlock()
	if ttl > 0 {
		l.TTL = ttl
	}
	l.ExpiresAt = m.Now().Add(l.TTL)
	err := m.Store.ExtendLock(ctx, l.Key, l.Fence, l.ExpiresAt)
	if err == nil {
		err = m.Leases.Extend(ctx, leaseOf(l), l.TTL)
	}
	if errors.Is(err, collab.ErrLost) {
		if err := m.end(ctx, l, collab.LockExpired); err != nil {
			return time.Time{}, err
		}
		return time.Time{}, collab.NewError(collab.CodeLockLost, "the lock has ended")
	}
	if err != nil {
		return time.Time{}, err
	}
	m.mu.Lock()
	if held := m.held[id]; held != nil {
		held.TTL, held.ExpiresAt = l.TTL, l.ExpiresAt
	}
	m.mu.Unlock()
	m.Rooms.Extended(l)
	return l.ExpiresAt, nil
}

func (m *Manager) of(session collab.SessionID, id collab.LockID) *collab.Lock {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.held[id]; l != nil && l.Session == session {
		copied := *l
		return &copied
	}
	return nil
}

func (m *Manager) list(want func(*collab.Lock) bool) []collab.Lock {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []collab.Lock
	for _, l := range m.held {
		if want(l) {
			out = append(out, *l)
		}
	}
	return out
}

func (m *Manager) event(kind audit.Type, l collab.Lock, address, reason string) audit.Event {
	e := audit.Event{Type: kind, Tenant: l.Key.Resource.Tenant, Resource: l.Key.Resource.ID, Actor: l.User, Session: l.Session,
		Address: address, Fence: l.Fence, Reason: reason}
	if l.Key.Field != "" {
		e.Fields = []collab.Field{l.Key.Field}
	}
	return e
}
