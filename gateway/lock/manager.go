// Package lock owns the locks that sessions of this instance hold: grant, renew, release, take over, expire. A lease in
// the state driver says who may try; the record and the fence that the store issues say who may write (SPEC L1).
package lock

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Leaser grants leases, which end by themselves.
type Leaser interface {
	// Acquire grants the lease, or returns ErrHeld and who has it.
	Acquire(ctx context.Context, l collab.Lease, ttl time.Duration) (holder collab.Lease, err error)
	// Extend and Replace compare lock ids; ErrLost: the lease ended or is another's.
	Extend(ctx context.Context, l collab.Lease, ttl time.Duration) error
	Replace(ctx context.Context, old collab.LockID, l collab.Lease, ttl time.Duration) error
	Release(ctx context.Context, l collab.Lease) error
	Holder(ctx context.Context, key collab.LockKey) (collab.Lease, bool, error)
}

// Store keeps the records of locks.
type Store interface {
	OpenLock(ctx context.Context, l collab.Lock, takeOver bool, audit func(collab.Lock) []collab.AuditRow) (collab.LockGranted, error)
	CloseLock(ctx context.Context, key collab.LockKey, fence int64, end collab.LockEnd, at time.Time, audit []collab.AuditRow) (collab.Head, bool, error)
	ExtendLock(ctx context.Context, key collab.LockKey, fence int64, expires time.Time) error
	ExpiredLocks(ctx context.Context, before time.Time, limit int) ([]collab.Lock, error)
}

// Announcer tells rooms about locks.
type Announcer interface {
	Granted(grant collab.LockGranted, then func())
	Extended(lock collab.Lock)
	Ended(lock collab.Lock, end collab.LockEnd, head collab.Head)
}

// Recorder keeps audit events that describe no change in the store.
type Recorder interface {
	Row(e audit.Event) collab.AuditRow
	Record(ctx context.Context, e audit.Event) error
}

// Options configures a Manager.
type Options struct {
	Leases   Leaser
	Store    Store
	Rooms    Announcer
	Audit    Recorder
	Metrics  *obs.Metrics
	Log      *slog.Logger
	Now      func() time.Time
	Instance collab.InstanceID
	TTL      time.Duration // of a lock that names none (SPEC L4)
}

// Manager grants locks to the sessions of this instance and ends them.
type Manager struct {
	// Set by New, never changed.
	Options

	// Guarded by mu.
	mu   sync.Mutex
	held map[collab.LockID]*collab.Lock
}

// New returns a manager without locks.
func New(o Options) *Manager {
	return &Manager{Options: o, held: map[collab.LockID]*collab.Lock{}}
}

// Request asks for a lock.
type Request struct {
	Key      collab.LockKey
	Session  collab.Session
	Address  string
	TTL      time.Duration // 0: the default, extended while the session is active
	Wait     time.Duration // how long to try again while it is taken
	TakeOver bool          // from the same user's other session (SPEC L3)
}

// Denied is the detail of LOCK_DENIED (SPEC L2).
type Denied struct {
	Reason string // already_locked, overlaps, lock_service_unavailable
	Holder collab.Lock
}

// The reasons of LOCK_DENIED.
const (
	ReasonAlreadyLocked = "already_locked"
	ReasonOverlaps      = "overlaps"
	ReasonUnavailable   = "lock_service_unavailable"
)

const (
	firstRetry = 50 * time.Millisecond
	maxRetry   = time.Second
)

// Acquire grants the lock and announces it; then runs when everything up to the grant's revision is delivered. A refusal
// is LOCK_DENIED with Denied in its detail, and audited. A session that has the lock already gets it again, extended.
func (m *Manager) Acquire(ctx context.Context, q Request, then func(collab.LockGranted)) error {
	start := m.Now()
	grant, err := m.try(ctx, q)
	for wait := firstRetry; err != nil && isTaken(err) && m.Now().Sub(start)+wait <= q.Wait; wait = min(2*wait, maxRetry) {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		grant, err = m.try(ctx, q)
	}
	m.Metrics.LockLatency.Observe(m.Now().Sub(start).Seconds())
	if err != nil {
		return m.deny(ctx, q, err)
	}
	m.Metrics.Locks.Acquired.Inc()
	m.Rooms.Granted(grant, func() { then(grant) })
	return nil
}

// try makes one attempt: the lease first, then the record.
func (m *Manager) try(ctx context.Context, q Request) (collab.LockGranted, error) {
	l := m.lock(q)
	lease := leaseOf(l)
	holder, err := m.Leases.Acquire(ctx, lease, l.TTL)
	switch {
	case errors.Is(err, collab.ErrHeld) && holder.Session == q.Session.ID:
		return m.again(ctx, q, holder)
	case errors.Is(err, collab.ErrHeld) && q.TakeOver && holder.User == q.Session.User:
		err = m.Leases.Replace(ctx, holder.Lock, lease, l.TTL)
	case errors.Is(err, collab.ErrHeld):
		return collab.LockGranted{}, taken(ReasonAlreadyLocked, m.describe(holder), err)
	}
	if err != nil {
		return collab.LockGranted{}, taken(ReasonUnavailable, collab.Lock{}, err)
	}
	grant, err := m.Store.OpenLock(ctx, l, q.TakeOver, func(l collab.Lock) []collab.AuditRow {
		granted := m.event(audit.LockAcquired, l, q.Address, "")
		granted.Role = q.Session.Role
		return []collab.AuditRow{m.Audit.Row(granted)}
	})
	if err != nil {
		return collab.LockGranted{}, m.undo(ctx, lease, err)
	}
	m.remember(grant)
	return grant, nil
}

// again extends what the session holds already.
func (m *Manager) again(ctx context.Context, q Request, holder collab.Lease) (collab.LockGranted, error) {
	m.mu.Lock()
	held := m.held[holder.Lock]
	m.mu.Unlock()
	if held == nil {
		return collab.LockGranted{}, taken(ReasonAlreadyLocked, m.describe(holder), collab.ErrHeld)
	}
	if _, err := m.extend(ctx, holder.Lock, q.TTL); err != nil {
		return collab.LockGranted{}, taken(ReasonUnavailable, collab.Lock{}, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return collab.LockGranted{Lock: *held}, nil
}

// undo gives the lease back when the store refused the record.
func (m *Manager) undo(ctx context.Context, lease collab.Lease, cause error) error {
	if err := m.Leases.Release(context.WithoutCancel(ctx), lease); err != nil {
		m.Log.Warn("lock: give back a lease", obs.Lock(lease.Lock), obs.Err(err)) // it ends by itself
	}
	held, ok := errors.AsType[*collab.HeldError](cause)
	if !ok {
		return cause
	}
	if _, live, err := m.Leases.Holder(ctx, held.Lock.Key); err == nil && !live {
		m.end(context.WithoutCancel(ctx), held.Lock, collab.LockExpired) // its lease is gone: the next try finds it closed
	}
	if errors.Is(cause, collab.ErrOverlaps) {
		return taken(ReasonOverlaps, held.Lock, cause)
	}
	return taken(ReasonAlreadyLocked, held.Lock, cause)
}

func (m *Manager) lock(q Request) collab.Lock {
	now := m.Now()
	l := collab.Lock{ID: collab.NewLockID(), Key: q.Key, User: q.Session.User, Name: q.Session.Name, Session: q.Session.ID,
		Instance: m.Instance, AcquiredAt: now, TTL: m.TTL}
	if q.TTL > 0 {
		l.TTL, l.Explicit = q.TTL, true
	}
	l.ExpiresAt = now.Add(l.TTL)
	return l
}

func (m *Manager) remember(grant collab.LockGranted) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, old := range grant.Superseded {
		m.forget(old.ID)
	}
	l := grant.Lock
	m.held[l.ID] = &l
	m.Metrics.LocksHeld.Set(float64(len(m.held)))
}

// forget drops a lock of this instance. The caller has mu.
func (m *Manager) forget(id collab.LockID) {
	delete(m.held, id)
	m.Metrics.LocksHeld.Set(float64(len(m.held)))
}

// describe turns a lease into what a denied client is told. Names live in the records; a lease knows ids alone.
func (m *Manager) describe(l collab.Lease) collab.Lock {
	m.mu.Lock()
	defer m.mu.Unlock()
	if held := m.held[l.Lock]; held != nil {
		return *held
	}
	return collab.Lock{ID: l.Lock, Key: l.Key, User: l.User, Session: l.Session, ExpiresAt: l.Expires}
}

func leaseOf(l collab.Lock) collab.Lease {
	return collab.Lease{Key: l.Key, Lock: l.ID, User: l.User, Session: l.Session, Expires: l.ExpiresAt}
}

func taken(reason string, holder collab.Lock, cause error) *collab.Error {
	return &collab.Error{Code: collab.CodeLockDenied, Msg: "the lock is not to be had", Detail: Denied{Reason: reason, Holder: holder}, Err: cause}
}

func isTaken(err error) bool {
	e, ok := errors.AsType[*collab.Error](err)
	return ok && e.Code == collab.CodeLockDenied
}

// deny counts and audits a refusal.
func (m *Manager) deny(ctx context.Context, q Request, cause error) error {
	e := collab.AsError(cause)
	denied, ok := e.Detail.(Denied)
	if !ok {
		m.Metrics.Locks.Failed.Inc()
		e = taken(ReasonUnavailable, collab.Lock{}, cause)
		denied, _ = e.Detail.(Denied)
	}
	if denied.Reason == ReasonUnavailable {
		m.Metrics.Locks.Unavailable.Inc()
	} else {
		m.Metrics.Locks.Denied.Inc()
		m.Metrics.LockContention.Inc()
	}
	refused := m.event(audit.LockDenied, m.lock(q), q.Address, denied.Reason)
	refused.Outcome, refused.Role = audit.Denied, q.Session.Role
	if err := m.Audit.Record(ctx, refused); err != nil {
		m.Log.Error("lock: audit a refusal", obs.Err(err))
	}
	return e
}
