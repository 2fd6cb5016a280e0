package lock

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	sweepBatch   = 200
	sweepEvery   = 30 * time.Second // the backstop: this instance's own timer notices its locks at once
	tickEvery    = 250 * time.Millisecond
	othersFirst  = time.Second // for the instance of a lock to notice its end before others look
	renewMargin  = 3           // a lock is renewed when two thirds of its TTL are left at most: at least every 20 s of 30
	operationMax = 5 * time.Second
	sweepMax     = 8 * time.Second // renewals wait for it
)

// Extend renews a lock that the session holds, for its TTL from now.
func (m *Manager) Extend(ctx context.Context, session collab.SessionID, id collab.LockID) (time.Time, error) {
	if m.of(session, id) == nil {
		return time.Time{}, collab.NewError(collab.CodeLockLost, "the lock is not this session's any more")
	}
	h, err := m.extend(ctx, id, func(*collab.Lock) {})
	return h.ExpiresAt, err
}

// Release ends a lock that the session holds.
func (m *Manager) Release(ctx context.Context, session collab.SessionID, id collab.LockID) error {
	l := m.of(session, id)
	if l == nil {
		return collab.NewError(collab.CodeLockLost, "the lock is not this session's any more")
	}
	closed, err := m.end(ctx, *l, collab.LockReleased)
	if err == nil && !closed {
		return collab.NewError(collab.CodeLockLost, "the lock had ended already")
	}
	return err
}

// EndSession ends all locks of a session.
func (m *Manager) EndSession(ctx context.Context, session collab.SessionID, end collab.LockEnd) {
	m.withdraw(session)
	m.mu.Lock()
	delete(m.owed, session) // they end with their leases
	m.mu.Unlock()
	m.endAll(ctx, session, end, func(collab.Resource) bool { return true })
}

// LeaveRoom ends the session's locks in one resource.
func (m *Manager) LeaveRoom(ctx context.Context, session collab.SessionID, res collab.Resource, end collab.LockEnd) {
	m.endAll(ctx, session, end, func(r collab.Resource) bool { return r == res })
}

// EndUnless ends the session's locks in every resource where it may not hold any more (SPEC A5), joined or not.
func (m *Manager) EndUnless(ctx context.Context, session collab.SessionID, may func(collab.Resource) bool) {
	m.endAll(ctx, session, collab.LockReleased, func(r collab.Resource) bool { return !may(r) })
}

func (m *Manager) endAll(ctx context.Context, session collab.SessionID, end collab.LockEnd, in func(collab.Resource) bool) {
	for _, l := range m.list(func(l *collab.Lock) bool { return l.Session == session && in(l.Key.Resource) }) {
		if _, err := m.end(ctx, l, end); err != nil {
			m.Log.Error("lock: end one of a session", obs.Lock(l.ID), obs.Session(session), obs.Err(err)) // its lease ends
		}
	}
}

// Adopt makes the locks of a session that goes on here this instance's: it renews and ends them from now on (SPEC C11). When
// the store does not answer, Run tries again: until then they last as long as they were to.
func (m *Manager) Adopt(ctx context.Context, session collab.Session, address string) error {
	locks, heads, err := m.inherited(ctx, session)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.owed[session.ID] = heir{session, address}
		return err
	}
	delete(m.owed, session.ID)
	for _, l := range locks {
		m.held[l.ID] = &held{Lock: l, head: heads[l.Key.Resource], role: session.Role, address: address}
	}
	m.Metrics.LocksHeld.Set(float64(len(m.held)))
	return nil
}

// inherited returns a session's open locks, and where their resources are: what was granted was granted before that.
func (m *Manager) inherited(ctx context.Context, session collab.Session) ([]collab.Lock, map[collab.Resource]collab.Head, error) {
	locks, err := m.Store.LocksOf(ctx, session.Tenant, session.ID)
	if err != nil || len(locks) == 0 {
		return nil, nil, err
	}
	all := make([]collab.Resource, 0, len(locks))
	for _, l := range locks {
		if !slices.Contains(all, l.Key.Resource) {
			all = append(all, l.Key.Resource)
		}
	}
	heads, err := m.Store.Heads(ctx, all)
	return locks, heads, err
}

// adoptOwed tries to adopt the locks of those whose could not be read, until the first failure.
func (m *Manager) adoptOwed(ctx context.Context) {
	m.mu.Lock()
	owed := maps.Clone(m.owed)
	m.mu.Unlock()
	for _, h := range owed {
		opCtx, cancel := context.WithTimeout(ctx, operationMax)
		err := m.Adopt(opCtx, h.Session, h.address)
		cancel()
		if err != nil {
			return // the store's breaker tells operators
		}
	}
}

// Forget leaves the locks of a session to another instance, which has adopted them.
func (m *Manager) Forget(session collab.SessionID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.owed, session)
	for id, h := range m.held {
		if h.Session == session {
			m.forget(id)
		}
	}
}

// Run renews the locks of active sessions, ends those whose lease is gone and gives those of idle sessions to who asks for
// them, until ctx ends.
func (m *Manager) Run(ctx context.Context, sessions Sessions) {
	m.mu.Lock()
	m.sessions = sessions
	m.mu.Unlock()
	var listening sync.WaitGroup
	listening.Go(func() { m.listen(ctx) })
	defer listening.Wait()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	now := m.Now()
	if m.Alone {
		now = now.Add(max(m.TTL, collab.MaxLockTTL)) // all of them: leases died with a process, before their time
	}
	m.sweep(ctx, now)
	next := m.Now().Add(sweepEvery)
	expired := m.Expired
	for {
		if now := m.Now(); !now.Before(next) {
			next = now.Add(sweepEvery)
			m.sweep(ctx, now)
		}
		select {
		case <-ctx.Done():
			return
		case key, open := <-expired:
			switch {
			case !open:
				expired = nil
			case !m.noticed(ctx, key):
				next = earlier(next, m.Now().Add(othersFirst)) // its own instance may be gone
			}
		case <-tick.C:
			m.adoptOwed(ctx)
			m.relieve(ctx, sessions.Active)
			m.tend(ctx, sessions.Active)
			m.repeat(ctx)
		}
	}
}

// noticed ends a lock of this instance whose lease has ended, and reports whether there was one.
func (m *Manager) noticed(ctx context.Context, key collab.LockKey) bool {
	mine := m.list(func(l *collab.Lock) bool { return l.Key == key })
	for _, l := range mine {
		opCtx, cancel := context.WithTimeout(ctx, operationMax)
		switch left := l.ExpiresAt.Sub(m.Now()); {
		case left <= 0:
			m.expire(opCtx, l)
		case left > othersFirst && !l.Explicit: // lost before its time; the rest is a difference of clocks
			if _, err := m.extend(opCtx, l.ID, func(*collab.Lock) {}); err != nil && ctx.Err() == nil {
				m.Log.Warn("lock: take a lost lease again", obs.Lock(l.ID), obs.Err(err))
			}
		}
		cancel()
	}
	return len(mine) > 0
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
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
			if _, err := m.extend(opCtx, l.ID, func(*collab.Lock) {}); err != nil && ctx.Err() == nil {
				m.Log.Warn("lock: renew", obs.Lock(l.ID), obs.Err(err))
			}
		case !l.ExpiresAt.After(now):
			m.expire(opCtx, l)
		}
		cancel()
	}
}

// expire ends a lock after seeing its lease gone (SPEC L5), and reports whether it did.
func (m *Manager) expire(ctx context.Context, l collab.Lock) (closed bool) {
	holder, live, err := m.Leases.Holder(ctx, l.Key)
	if err == nil && (!live || holder.Lock != l.ID) {
		closed, err = m.end(ctx, l, collab.LockExpired)
	}
	if err != nil && ctx.Err() == nil {
		m.Log.Warn("lock: expire", obs.Lock(l.ID), obs.Err(err))
	}
	return closed
}

// sweep ends open records that should end before a time and whose lease is gone, whichever instance granted them. It goes
// on while full batches of them end.
func (m *Manager) sweep(ctx context.Context, before time.Time) {
	ctx, cancel := context.WithTimeout(ctx, sweepMax)
	defer cancel()
	for {
		stale, err := m.Store.ExpiredLocks(ctx, before, sweepBatch)
		if err != nil {
			if ctx.Err() == nil {
				m.Log.Warn("lock: look for expired ones", obs.Err(err))
			}
			return
		}
		ended := 0
		for _, l := range stale {
			if m.expire(ctx, l) {
				ended++
			}
		}
		if len(stale) < sweepBatch || ended == 0 || ctx.Err() != nil {
			return
		}
	}
}

// end closes the record; who closes it announces it, once. The lease goes after the record, so that nobody finds one
// without the other, and before anybody hears of it.
func (m *Manager) end(ctx context.Context, l collab.Lock, end collab.LockEnd) (closed bool, err error) {
	kind := audit.LockReleased
	if end == collab.LockExpired {
		kind = audit.LockExpired
	}
	e := m.event(kind, l, "", string(end))
	m.mu.Lock()
	if h := m.held[l.ID]; h != nil {
		e.Role, e.Address = h.role, h.address
	}
	m.mu.Unlock()
	row := m.Audit.Row(e)
	head, closed, err := m.Store.CloseLock(ctx, l.Key, l.Fence, end, m.Now(), []collab.AuditRow{row})
	if err != nil {
		return false, err
	}
	if err := m.Leases.Release(ctx, leaseOf(l)); err != nil {
		m.Log.Warn("lock: release a lease", obs.Lock(l.ID), obs.Err(err)) // it ends by itself
	}
	m.mu.Lock()
	m.forget(l.ID)
	m.mu.Unlock()
	if closed {
		m.Rooms.Ended(l, end, head)
	}
	return closed, nil
}

// extend renews record and lease, the record first (SPEC L4), on terms that change may alter.
func (m *Manager) extend(ctx context.Context, id collab.LockID, change func(*collab.Lock)) (held, error) {
	lost := collab.NewError(collab.CodeLockLost, "the lock has ended")
	m.mu.Lock()
	known := m.held[id]
	if known == nil {
		m.mu.Unlock()
		return held{}, lost
	}
	h := *known
	m.mu.Unlock()
	end := h.ExpiresAt
	change(&h.Lock)
	h.ExpiresAt = m.Now().Add(h.TTL)
	err := m.Store.ExtendLock(ctx, h.Key, h.Fence, h.ExpiresAt)
	if err == nil {
		err = m.renewLease(ctx, h.Lock, end)
	}
	if errors.Is(err, collab.ErrLost) {
		if _, err := m.end(ctx, h.Lock, collab.LockExpired); err != nil {
			return held{}, err
		}
		return held{}, lost
	}
	if err != nil {
		return held{}, err
	}
	m.mu.Lock()
	if known := m.held[id]; known != nil {
		known.TTL, known.Explicit, known.ExpiresAt = h.TTL, h.Explicit, h.ExpiresAt
	}
	m.mu.Unlock()
	m.Rooms.Extended(h.Lock)
	return h, nil
}

// renewLease moves the lease's end. One that is gone before the end that it had was lost by the state driver, not by its
// holder, who takes it again: the record is open, so nobody else can have been granted the lock meanwhile (SPEC L8).
func (m *Manager) renewLease(ctx context.Context, l collab.Lock, end time.Time) error {
	err := m.Leases.Extend(ctx, leaseOf(l), l.TTL)
	if !errors.Is(err, collab.ErrLost) || !m.Now().Before(end) {
		return err
	}
	_, err = m.Leases.Acquire(ctx, leaseOf(l), l.TTL) // ErrHeld: somebody tries just now, and will not be granted it either
	if err == nil {
		err = m.Leases.Confirm(ctx, l)
	}
	return err
}

func (m *Manager) of(session collab.SessionID, id collab.LockID) *collab.Lock {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.held[id]; h != nil && h.Session == session {
		l := h.Lock
		return &l
	}
	return nil
}

func (m *Manager) list(want func(*collab.Lock) bool) []collab.Lock {
	return m.choose(func(h *held) bool { return want(&h.Lock) })
}

func (m *Manager) choose(want func(*held) bool) []collab.Lock {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []collab.Lock
	for _, h := range m.held {
		if want(h) {
			out = append(out, h.Lock)
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
