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
	// Confirm tells operators what the store has made of the lease. It decides nothing.
	Confirm(ctx context.Context, l collab.Lock) error
	Holder(ctx context.Context, key collab.LockKey) (collab.Lease, bool, error)
}

// Store keeps the records of locks.
type Store interface {
	OpenLock(ctx context.Context, l collab.Lock, displace collab.Displace, audit func(collab.LockGranted) []collab.AuditRow) (collab.LockGranted, error)
	CloseLock(ctx context.Context, key collab.LockKey, fence int64, end collab.LockEnd, at time.Time, audit []collab.AuditRow) (collab.Head, bool, error)
	ExtendLock(ctx context.Context, key collab.LockKey, fence int64, expires time.Time) error
	LocksOf(ctx context.Context, tenant collab.Tenant, session collab.SessionID) ([]collab.Lock, error)
	OpenLocks(ctx context.Context, res collab.Resource) ([]collab.Lock, error)
	ExpiredLocks(ctx context.Context, before time.Time, limit int) ([]collab.Lock, error)
	Heads(ctx context.Context, all []collab.Resource) (map[collab.Resource]collab.Head, error)
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
	Expired  <-chan collab.LockKey // leases that ended by themselves, as far as anybody noticed; nil: nobody does
	Store    Store
	Bus      Bus // nil: this instance is alone
	Rooms    Announcer
	Audit    Recorder
	Metrics  *obs.Metrics
	Log      *slog.Logger
	Now      func() time.Time
	Instance collab.InstanceID
	TTL      time.Duration // of a lock that names none (SPEC L4)
	Alone    bool          // leases live in this process alone: at its start those of an earlier one are gone
}

// Manager grants locks to the sessions of this instance and ends them.
type Manager struct {
	// Set by New, never changed.
	Options

	// Guarded by mu.
	mu        sync.Mutex
	held      map[collab.LockID]*held
	owed      map[collab.SessionID]heir       // sessions that went on here while their locks could not be read
	sessions  Sessions                        // nobody until Run
	wishes    map[wish]*standing              // of this instance's sessions; each for a minute, and one a session and key
	lastAsked map[wish]time.Time              // within the last five seconds
	handing   map[collab.LockID]chan struct{} // locks whose being taken somebody waits for
}

// heir is a session that goes on here, and its client's address.
type heir struct {
	collab.Session
	address string
}

// held is a lock of this instance, with the head at its grant and what the trail knows of who got it.
type held struct {
	collab.Lock
	head          collab.Head
	role, address string
	asking        []asking // who wants it, in the order of asking; bounded by maxAsking
	declined      []string // wishes that the holder has declined; likewise
}

// New returns a manager without locks.
func New(o Options) *Manager {
	return &Manager{Options: o, held: map[collab.LockID]*held{}, owed: map[collab.SessionID]heir{}, sessions: nobody{},
		wishes: map[wish]*standing{}, lastAsked: map[wish]time.Time{}, handing: map[collab.LockID]chan struct{}{}}
}

// Request asks for a lock.
type Request struct {
	Key      collab.LockKey
	Session  collab.Session
	Address  string
	TTL      time.Duration // 0: the default, extended while the session is active
	Wait     time.Duration // how long to try again while it is taken
	TakeOver bool          // from the same user's other session (SPEC L3)
	Break    *Breaking     // whatever locks stand in the way are taken from their holders (SPEC L7)

	given *offer // by the lock's holder
}

// Breaking is why somebody breaks a lock: in their own words, and by a code of HL7's PurposeOfUse.
type Breaking struct {
	Reason string
	Code   string
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
// is LOCK_DENIED with Denied in its detail, and audited. A session that has the lock already gets it again, on the terms
// that it asks for now.
func (m *Manager) Acquire(ctx context.Context, q Request, then func(collab.LockGranted)) error {
	start := m.Now()
	grant, err := m.try(ctx, q)
	for wait := firstRetry; err != nil && isTaken(err) && m.Now().Sub(start)+wait <= q.Wait; wait = min(2*wait, maxRetry) {
		if !sleep(ctx, wait) {
			break
		}
		grant, err = m.try(ctx, q)
	}
	m.Metrics.LockLatency.Observe(m.Now().Sub(start).Seconds())
	if err != nil {
		return m.deny(context.WithoutCancel(ctx), q, err)
	}
	m.Metrics.Locks.Acquired.Inc()
	if q.Break != nil {
		m.Metrics.LocksBroken.Add(float64(len(grant.Superseded)))
	}
	m.Rooms.Granted(grant, func() { then(grant) })
	return nil
}

// sleep waits, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// try asks once, and again for each record in the way that it could close because its lease was gone.
func (m *Manager) try(ctx context.Context, q Request) (collab.LockGranted, error) {
	for {
		grant, freed, err := m.attempt(ctx, q)
		if !freed {
			return grant, err
		}
	}
}

// attempt takes the lease, then opens the record. Freed says that it failed and that the way is free now. It is not
// broken off in the middle: a record that nobody knows of would be left.
func (m *Manager) attempt(ctx context.Context, q Request) (grant collab.LockGranted, freed bool, err error) {
	asked := ctx
	l := m.lock(q)
	lease := leaseOf(l)
	holder, err := m.Leases.Acquire(asked, lease, l.TTL) // it may wait while the leases' driver is away (SPEC L8)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), operationMax)
	defer cancel()
	l.AcquiredAt = m.Now()
	l.ExpiresAt = l.AcquiredAt.Add(l.TTL)
	var from collab.Lease // whose lease was taken over
	if err != nil && asked.Err() != nil {
		m.giveBack(ctx, lease) // perhaps it was granted and nobody waited for the answer
	}
	switch {
	case errors.Is(err, collab.ErrHeld) && holder.Session == q.Session.ID:
		return m.again(ctx, q, holder)
	case errors.Is(err, collab.ErrHeld) && q.replaces(holder):
		from = holder
		err = m.Leases.Replace(ctx, holder.Lock, lease, l.TTL)
	}
	switch {
	case errors.Is(err, collab.ErrHeld): // or somebody was quicker to replace it
		return grant, false, taken(ReasonAlreadyLocked, m.describe(ctx, holder), err)
	case err != nil:
		return grant, false, taken(ReasonUnavailable, collab.Lock{}, err)
	}
	grant, err = m.Store.OpenLock(ctx, l, q.displaces(), func(g collab.LockGranted) []collab.AuditRow { return m.trail(q, g) })
	if err != nil {
		freed, err = m.undo(context.WithoutCancel(ctx), lease, from, err)
		return collab.LockGranted{}, freed && asked.Err() == nil, err
	}
	grant.End = q.displaces().Reason()
	m.remember(q, grant)
	m.confirm(ctx, grant)
	return grant, false, nil
}

// confirm makes the leases what the records are, after a grant. What it misses a renewal finds: the record is what counts.
func (m *Manager) confirm(ctx context.Context, grant collab.LockGranted) {
	for _, old := range grant.Superseded {
		m.giveBack(ctx, leaseOf(old)) // of another key, or of a grant that was quicker to replace the lease and slower to the record
	}
	err := m.Leases.Confirm(ctx, grant.Lock)
	if errors.Is(err, collab.ErrLost) && len(grant.Superseded) > 0 {
		_, err = m.Leases.Acquire(ctx, leaseOf(grant.Lock), grant.Lock.TTL)
	}
	if err != nil {
		m.Log.Debug("lock: confirm a lease", obs.Lock(grant.Lock.ID), obs.Err(err))
	}
}

// giveBack releases a lease that nobody has.
func (m *Manager) giveBack(ctx context.Context, lease collab.Lease) {
	if err := m.Leases.Release(ctx, lease); err != nil {
		m.Log.Warn("lock: give back a lease", obs.Lock(lease.Lock), obs.Err(err)) // it ends by itself
	}
}

// trail returns the audit rows of a grant and of the locks that it ended.
func (m *Manager) trail(q Request, g collab.LockGranted) []collab.AuditRow {
	rows := make([]collab.AuditRow, 0, 1+len(g.Superseded))
	for _, old := range g.Superseded {
		rows = append(rows, m.Audit.Row(m.supersede(q, old)))
	}
	granted := m.event(audit.LockAcquired, g.Lock, q.Address, "")
	granted.Role = q.Session.Role
	if q.Break != nil && len(g.Superseded) == 0 { // nobody held it any more; that it was to be broken is on record all the same
		granted.Reason, granted.Details = q.Break.Reason, map[string]string{"code": q.Break.Code}
	}
	return append(rows, m.Audit.Row(granted))
}

// again extends what the session holds already. Freed says that it had ended meanwhile.
func (m *Manager) again(ctx context.Context, q Request, holder collab.Lease) (grant collab.LockGranted, freed bool, err error) {
	if m.of(q.Session.ID, holder.Lock) == nil {
		return grant, false, taken(ReasonAlreadyLocked, m.describe(ctx, holder), collab.ErrHeld)
	}
	h, err := m.extend(ctx, holder.Lock, func(l *collab.Lock) {
		l.TTL, l.Explicit = m.terms(q)
	})
	if err != nil {
		return grant, collab.AsError(err).Code == collab.CodeLockLost, taken(ReasonUnavailable, collab.Lock{}, err)
	}
	return collab.LockGranted{Lock: h.Lock, Again: true, Head: h.head}, false, nil
}

// undo gives the lease back, to whom it was taken from, when the store refused the record. A record in the way that is over
// and whose lease is gone is closed (SPEC L5): freed. One whose lease is gone before its time is its holder's all the same:
// Redis lost it, in a fail-over, and the holder takes it again (SPEC L8).
func (m *Manager) undo(ctx context.Context, lease, from collab.Lease, cause error) (freed bool, err error) {
	if left := from.Expires.Sub(m.Now()); from.Lock != "" && left > 0 {
		err = m.Leases.Replace(ctx, lease.Lock, from, left)
	} else {
		err = m.Leases.Release(ctx, lease)
	}
	if err != nil {
		m.Log.Warn("lock: give back a lease", obs.Lock(lease.Lock), obs.Err(err)) // it ends by itself
	}
	inWay, ok := errors.AsType[*collab.HeldError](cause)
	if !ok {
		return false, cause
	}
	if m.Alone || !inWay.Lock.ExpiresAt.After(m.Now()) {
		freed = m.expire(ctx, inWay.Lock)
	}
	reason := ReasonAlreadyLocked
	if errors.Is(cause, collab.ErrOverlaps) {
		reason = ReasonOverlaps
	}
	return freed, taken(reason, inWay.Lock, cause)
}

func (m *Manager) lock(q Request) collab.Lock {
	now := m.Now()
	l := collab.Lock{ID: collab.NewLockID(), Key: q.Key, User: q.Session.User, Name: q.Session.Name, Session: q.Session.ID,
		Instance: m.Instance, AcquiredAt: now}
	l.TTL, l.Explicit = m.terms(q)
	l.ExpiresAt = now.Add(l.TTL)
	return l
}

// terms returns how long a lock lasts, and whether the client said so.
func (m *Manager) terms(q Request) (ttl time.Duration, explicit bool) {
	if q.TTL > 0 {
		return q.TTL, true
	}
	return m.TTL, false
}

func (m *Manager) remember(q Request, grant collab.LockGranted) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, old := range grant.Superseded {
		m.forget(old.ID)
	}
	m.held[grant.Lock.ID] = &held{Lock: grant.Lock, head: grant.Head, role: q.Session.Role, address: q.Address}
	delete(m.wishes, wish{q.Session.ID, q.Key})
	m.Metrics.LocksHeld.Set(float64(len(m.held)))
}

// forget drops a lock of this instance. The caller has mu.
func (m *Manager) forget(id collab.LockID) {
	delete(m.held, id)
	m.Metrics.LocksHeld.Set(float64(len(m.held)))
}

// describe turns a lease into what a denied client is told. Names live in the records; a lease knows ids alone.
func (m *Manager) describe(ctx context.Context, l collab.Lease) collab.Lock {
	if h := m.of(l.Session, l.Lock); h != nil {
		return *h
	}
	records, err := m.Store.OpenLocks(ctx, l.Key.Resource) // of another instance
	if err != nil {
		m.Log.Warn("lock: who holds it", obs.Lock(l.Lock), obs.Err(err))
	}
	for _, r := range records {
		if r.ID == l.Lock {
			return r
		}
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
