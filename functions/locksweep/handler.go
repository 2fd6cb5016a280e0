package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/trace"
)

// store keeps the records of locks.
type store interface {
	ExpiredLocks(ctx context.Context, before time.Time, limit int) ([]collab.Lock, error)
	OpenLocks(ctx context.Context, res collab.Resource) ([]collab.Lock, error)
	// CloseLock closes the record of a fence if it is open, in one transaction with its audit rows, and reports whether it did.
	CloseLock(ctx context.Context, key collab.LockKey, fence int64, end collab.LockEnd, at time.Time, audit []collab.AuditRow) (collab.Head, bool, error)
}

// state knows leases and sessions.
type state interface {
	Ping(ctx context.Context) error
	Holder(ctx context.Context, key collab.LockKey) (collab.Lease, bool, error)
	Release(ctx context.Context, l collab.Lease) error
	Find(ctx context.Context, tenant collab.Tenant, id collab.SessionID) (session collab.Session, found bool, err error)
}

// announcer tells all gateways. It returns when the bus has the notice.
type announcer interface {
	Publish(ctx context.Context, n collab.Notice) error
}

// sweep is one run. EventBridge's event says nothing that matters.
type sweep = func(context.Context, json.RawMessage) (report, error)

const (
	batch = 200
	most  = 1000 // locks that one run ends

	// margin is how long a record must be past its end. A gateway renews a record before its end or never, and its renewal is
	// committed within ten seconds or not at all; the rest is for clocks that differ. So it does not matter that Redis may just
	// have lost all leases: whoever still holds a lock has a record that is not past its end.
	margin = 15 * time.Second

	// grace is how long a session must be gone, above RESUME_GRACE and above the time in which gateways write their sessions
	// into a Redis that has lost them.
	grace = 10 * time.Second

	publishLimit = 2 * time.Second
	enoughTime   = 5 * time.Second // left of the run, to begin something
)

// Stages of the work, as X-Ray names them.
const (
	stageState   = "state"
	stageExpired = "expired"
	stageGone    = "gone"
)

// options are what a sweeper is made of.
type options struct {
	Store    func(context.Context) (store, error) // opened when it is needed
	State    state
	Bus      announcer
	Row      func(audit.Event) collab.AuditRow
	Instance collab.InstanceID
	Log      *slog.Logger
	Now      func() time.Time
}

// sweeper ends locks. Any number of them and of gateways may do so at once: who closes a record audits and announces its end.
type sweeper struct{ options }

func newSweeper(o options) *sweeper { return &sweeper{o} }

// report is what one run did.
type report struct {
	Expired      int  `json:"expired"`      // locks that were past their end
	Disconnected int  `json:"disconnected"` // locks of sessions that are gone
	Kept         int  `json:"kept"`         // locks past their end whose lease somebody still renews
	More         bool `json:"more"`         // time or bounds were met: the next run goes on
}

// handle ends what is to be ended. What it had done when something failed stays done, and is in the log.
func (s *sweeper) handle(ctx context.Context, _ json.RawMessage) (report, error) {
	var r report
	err := s.run(ctx, &r)
	done, _ := json.Marshal(r) // numbers always encode
	s.Log.Info("locksweep: swept", obs.Count(r.Expired+r.Disconnected), slog.String(obs.KeyDetails, string(done)))
	return r, err
}

func (s *sweeper) run(ctx context.Context, r *report) error {
	store, err := s.Store(ctx)
	if err != nil {
		return err
	}
	// Without Redis nothing is known of leases, and no lock is ended because of that.
	if err := trace.Stage(ctx, stageState, s.State.Ping); err != nil {
		return err
	}
	if err := trace.Stage(ctx, stageExpired, func(ctx context.Context) error { return s.expired(ctx, store, r) }); err != nil {
		return err
	}
	return trace.Stage(ctx, stageGone, func(ctx context.Context) error { return s.gone(ctx, store, r) })
}

// expired ends locks that are past their end and whose lease is gone.
func (s *sweeper) expired(ctx context.Context, store store, r *report) error {
	before := s.Now().Add(-margin)
	for {
		stale, err := store.ExpiredLocks(ctx, before, batch)
		if err != nil {
			return err
		}
		ended := 0
		for _, l := range stale {
			if r.Expired >= most || !hasTime(ctx, enoughTime) {
				r.More = true
				return nil
			}
			leased, err := s.leased(ctx, l)
			if err != nil {
				return err
			}
			if leased {
				continue
			}
			closed, err := s.end(ctx, store, l, collab.LockExpired)
			if err != nil {
				return err
			}
			if closed {
				r.Expired++
			}
			ended++
		}
		r.Kept = len(stale) - ended
		if len(stale) < batch || ended == 0 {
			return nil
		}
	}
}

// gone ends locks that would last longer but whose session is gone. Their leases must be there: a Redis that remembers a lease
// remembers its session, which is older, unless that has ended. And the session must be gone twice, with the grace in between.
func (s *sweeper) gone(ctx context.Context, store store, r *report) error {
	now := s.Now()
	open, err := store.ExpiredLocks(ctx, now.Add(collab.MaxLockTTL+margin), batch)
	if err != nil {
		return err
	}
	var suspects []collab.Lock
	for _, l := range open {
		if !l.ExpiresAt.After(now) {
			continue // its end has come: the gateways', or the next run's
		}
		gone, err := s.abandoned(ctx, l)
		if err != nil {
			return err
		}
		if gone {
			suspects = append(suspects, l)
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	if !hasTime(ctx, grace+enoughTime) {
		r.More = true
		return nil
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(grace):
	}
	for _, l := range suspects {
		if !hasTime(ctx, enoughTime) {
			r.More = true
			return nil
		}
		still, err := s.unchanged(ctx, store, l)
		if err != nil {
			return err
		}
		if !still {
			continue
		}
		closed, err := s.end(ctx, store, l, collab.LockUserDisconnected)
		if err != nil {
			return err
		}
		if closed {
			r.Disconnected++
		}
	}
	return nil
}

// unchanged reports whether a lock is as it was, with its session gone: nobody has renewed it.
func (s *sweeper) unchanged(ctx context.Context, store store, l collab.Lock) (bool, error) {
	open, err := store.OpenLocks(ctx, l.Key.Resource)
	if err != nil {
		return false, err
	}
	for _, o := range open {
		if o.ID == l.ID && o.ExpiresAt.Equal(l.ExpiresAt) {
			return s.abandoned(ctx, l)
		}
	}
	return false, nil
}

// abandoned reports whether a lock has its lease and no session. The lease is asked for last: it says that Redis had not lost
// what it knew when it knew of no session.
func (s *sweeper) abandoned(ctx context.Context, l collab.Lock) (bool, error) {
	_, found, err := s.State.Find(ctx, l.Key.Resource.Tenant, l.Session)
	if err != nil || found {
		return false, err
	}
	return s.leased(ctx, l)
}

func (s *sweeper) leased(ctx context.Context, l collab.Lock) (bool, error) {
	holder, live, err := s.State.Holder(ctx, l.Key)
	return live && holder.Lock == l.ID, err
}

// end closes the record, then releases the lease, then tells the rooms: in this order, as gateways do. It reports false when
// somebody else has closed it.
func (s *sweeper) end(ctx context.Context, store store, l collab.Lock, end collab.LockEnd) (closed bool, err error) {
	e := audit.Event{Type: audit.LockReleased, Tenant: l.Key.Resource.Tenant, Resource: l.Key.Resource.ID, Actor: l.User, Session: l.Session,
		Fence: l.Fence, Reason: string(end)}
	if end == collab.LockExpired {
		e.Type = audit.LockExpired
	}
	if l.Key.Field != "" {
		e.Fields = []collab.Field{l.Key.Field}
	}
	head, closed, err := store.CloseLock(ctx, l.Key, l.Fence, end, s.Now(), []collab.AuditRow{s.Row(e)})
	if err != nil || !closed {
		return false, err
	}
	if err := s.State.Release(ctx, collab.Lease{Key: l.Key, Lock: l.ID, User: l.User, Session: l.Session, Expires: l.ExpiresAt}); err != nil {
		s.Log.Warn("locksweep: release a lease", obs.Lock(l.ID), obs.Err(err)) // it ends by itself
	}
	if err := s.tell(ctx, collab.LockEnded{Lock: l, End: end, Head: head}); err != nil {
		s.Log.Warn("locksweep: the rooms find it at their next look", obs.Lock(l.ID), obs.Err(err))
	}
	return true, nil
}

func (s *sweeper) tell(ctx context.Context, e collab.LockEnded) error {
	n, err := collab.LockEndedNotice(s.Instance, e)
	if err != nil {
		return fmt.Errorf("encode the end of a lock: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, publishLimit)
	defer cancel()
	return s.Bus.Publish(ctx, n)
}

// hasTime reports whether so much time is left.
func hasTime(ctx context.Context, d time.Duration) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() == nil && (!limited || time.Until(deadline) >= d)
}
