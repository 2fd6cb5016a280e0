// Package presence owns what the state driver knows of this instance's sessions: that they live, when they were last
// active, and which rooms they are in. It renews what expires, so that presence is true again within one TTL after any
// loss (SPEC R5).
package presence

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Sessions keeps sessions and their activity, with TTLs.
type Sessions interface {
	OpenSession(ctx context.Context, s collab.Session) (sessionsOfUser int, err error)
	TouchSession(ctx context.Context, s collab.Session, at time.Time) error
	CloseSession(ctx context.Context, s collab.Session) error
	ClaimSession(ctx context.Context, c collab.Claim) (collab.Session, []collab.Member, error)
}

// Rooms keeps who is in which room, with TTLs.
type Rooms interface {
	Enter(ctx context.Context, m collab.Member) ([]collab.Member, error)
	Leave(ctx context.Context, m collab.Member) (lastOfUser bool, err error)
	RenewMember(ctx context.Context, m collab.Member) error
}

// Options configures a Tracker.
type Options struct {
	Sessions    Sessions
	Rooms       Rooms
	Log         *slog.Logger
	Now         func() time.Time
	ActivityTTL time.Duration // a session without an event for so long is cleaned up (SPEC C5)
	RoomTTL     time.Duration // of a member's entry; renewed in time
}

// Tracker knows the sessions of this instance.
type Tracker struct {
	// Set by New, never changed.
	Options
	wake chan struct{} // room for one: Run has something to do at once

	// Guarded by mu.
	mu       sync.Mutex
	live     map[collab.SessionID]*Entry
	kept     ends // of which the state driver is to be told
	told     ends // of which it was
	rebuilds int  // calls of Rebuild: what was written before the last one may be lost
}

// Entry is one session's presence. Seen is safe for concurrent use and costs two stores.
type Entry struct {
	seen  atomic.Int64 // time of the last event, ns
	acted atomic.Int64 // time of the last event that was no heartbeat, ns

	// Guarded by the tracker's mu.
	session  collab.Session
	written  time.Time     // when the state driver was told last
	lost     bool          // the state driver says that it is another instance's
	sealing  *collab.Claim // see leaver
	quiet    bool          // suspended: see Suspend
	repaired time.Time     // until when a quiet one is renewed all the same, after the driver lost what it knew
	members  map[collab.Resource]membership
}

type membership struct {
	collab.Member
	renewed time.Time
}

const (
	maxTick        = time.Second
	operationLimit = 2 * time.Second
	renewals       = 4 // times that an entry is renewed within its TTL
)

// New returns a tracker without sessions.
func New(o Options) *Tracker {
	return &Tracker{Options: o, wake: make(chan struct{}, 1), live: map[collab.SessionID]*Entry{}, kept: newEnds(), told: newEnds()}
}

// Open makes a session known. It returns its entry and how many sessions the user has now, everywhere.
func (t *Tracker) Open(ctx context.Context, s collab.Session) (*Entry, int, error) {
	n, err := t.Sessions.OpenSession(ctx, s)
	if err != nil { // it may be carried out all the same, when the driver is back
		if keepErr := t.keepClose(leaver{Session: s}, err); keepErr != nil {
			return nil, 0, keepErr
		}
		return nil, 0, err
	}
	return t.enlist(s, nil), n, nil
}

func (t *Tracker) enlist(s collab.Session, places []collab.Member) *Entry {
	now := t.Now()
	e := &Entry{session: s, written: now, members: map[collab.Resource]membership{}}
	e.Seen(now, true)
	for _, m := range places {
		e.members[m.Resource] = membership{Member: m, renewed: now}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.live[s.ID] = e
	return e
}

// Close forgets a session. Its rooms were left before. While the state driver is away it is told later.
func (t *Tracker) Close(ctx context.Context, e *Entry) error {
	t.Forget(e)
	t.mu.Lock()
	s := leaver{Session: e.session, sealing: e.sealing}
	t.mu.Unlock()
	err := t.behind()
	if err == nil {
		err = t.close(ctx, s)
	}
	return t.keepClose(s, err)
}

// Enter puts a session into a room and returns all who are there.
func (t *Tracker) Enter(ctx context.Context, m collab.Member) ([]collab.Member, error) {
	began := t.Now()
	roster, err := t.Rooms.Enter(ctx, m)
	if err != nil {
		return nil, err
	}
	for _, r := range roster {
		if r.Session == m.Session {
			m.Color = r.Color // so that a renewal after a loss gives it back
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p, now := place{m.Resource, m.Session}, t.Now()
	if _, left := t.kept.left[p]; left || now.Sub(began) > operationLimit/2 {
		now = time.Time{} // a leave that got no answer may be carried out after this: soon it is written again
	}
	delete(t.kept.left, p)
	delete(t.told.left, p)
	if e := t.live[m.Session]; e != nil {
		e.members[m.Resource] = membership{Member: m, renewed: now}
	}
	return roster, nil
}

// Leave takes it out again. While the state driver is away it is told later.
func (t *Tracker) Leave(ctx context.Context, m collab.Member) error {
	t.mu.Lock()
	if e := t.live[m.Session]; e != nil {
		delete(e.members, m.Resource)
	}
	t.mu.Unlock()
	err := t.behind()
	if err == nil {
		_, err = t.Rooms.Leave(ctx, m)
	}
	return t.keepLeave(m, err)
}

// Seen notes an event of the session.
func (e *Entry) Seen(now time.Time, heartbeat bool) {
	e.seen.Store(now.UnixNano())
	if !heartbeat {
		e.acted.Store(now.UnixNano())
	}
}

// Acted reports whether the session had an event other than a heartbeat within d.
func (t *Tracker) Acted(id collab.SessionID, d time.Duration) bool {
	t.mu.Lock()
	e := t.live[id]
	t.mu.Unlock()
	return e != nil && t.Now().UnixNano()-e.acted.Load() < int64(d)
}

// Idle returns the sessions without an event for the activity TTL.
func (t *Tracker) Idle() []collab.SessionID {
	limit := t.Now().Add(-t.ActivityTTL).UnixNano()
	t.mu.Lock()
	defer t.mu.Unlock()
	var idle []collab.SessionID
	for id, e := range t.live {
		if e.seen.Load() < limit {
			idle = append(idle, id)
		}
	}
	return idle
}

// ActiveUsers returns how many users had an event within the activity TTL.
func (t *Tracker) ActiveUsers() int {
	type user struct {
		tenant collab.Tenant
		id     collab.UserID
	}
	limit := t.Now().Add(-t.ActivityTTL).UnixNano()
	t.mu.Lock()
	defer t.mu.Unlock()
	users := map[user]bool{}
	for _, e := range t.live {
		if e.seen.Load() >= limit {
			users[user{e.session.Tenant, e.session.User}] = true
		}
	}
	return len(users)
}

// Run keeps the state driver true until ctx ends.
func (t *Tracker) Run(ctx context.Context) {
	tick := time.NewTicker(min(maxTick, t.ActivityTTL/renewals))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-t.wake:
		}
		t.renew(ctx)
	}
}

// renew tells the state driver of what ended, and of what is due: activity since the last time, and entries at a quarter of
// their TTL. It breaks off at the first error; the next tick tries again, in another order.
func (t *Tracker) renew(ctx context.Context) {
	err := t.replay(ctx)
	sessions, members := t.due()
	if err == nil {
		err = each(ctx, sessions, t.renewSession)
	}
	if err == nil {
		err = each(ctx, members, t.renewMember)
	}
	if err != nil && ctx.Err() == nil {
		t.Log.Warn("presence: renew", obs.Err(err))
	}
}

func (t *Tracker) due() (sessions []*Entry, members []collab.Member) {
	now := t.Now()
	every := t.ActivityTTL / renewals
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.live {
		if e.quiet && !now.Before(e.repaired) {
			continue
		}
		if now.Sub(e.written) >= every && time.Unix(0, e.seen.Load()).After(e.written) {
			sessions = append(sessions, e)
		}
		for _, m := range e.members {
			if now.Sub(m.renewed) >= t.RoomTTL/renewals {
				members = append(members, m.Member)
			}
		}
	}
	return sessions, members
}

// renewSession renews a session, unless it is another instance's.
func (t *Tracker) renewSession(ctx context.Context, e *Entry) error {
	err := t.touch(ctx, e)
	if t.lose(t.session(e).ID, e, err) {
		return nil
	}
	return err
}

// touch renews a session. One that was closed meanwhile is closed again: the driver records what it has forgotten.
func (t *Tracker) touch(ctx context.Context, e *Entry) error {
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	now, s, rebuilds := t.Now(), t.session(e), t.rebuilt()
	if err := t.Sessions.TouchSession(ctx, s, time.Unix(0, e.seen.Load())); err != nil {
		return err
	}
	t.mu.Lock()
	live, gone := t.live[s.ID] == e, leaver{Session: s, sealing: e.sealing}
	if t.rebuilds == rebuilds {
		e.written = now
	}
	t.mu.Unlock()
	if live {
		return nil
	}
	return t.keepClose(gone, t.close(ctx, gone))
}

// renewMember renews a session's place in a room likewise.
func (t *Tracker) renewMember(ctx context.Context, m collab.Member) error {
	now, rebuilds := t.Now(), t.rebuilt()
	if err := t.Rooms.RenewMember(ctx, m); err != nil {
		if t.lose(m.Session, nil, err) {
			return nil
		}
		return err
	}
	if t.stillThere(m, now, rebuilds) {
		return nil
	}
	_, err := t.Rooms.Leave(ctx, m)
	return t.keepLeave(m, err)
}

// stillThere notes a renewal. One with a mode that was changed meanwhile, or that may be lost, is to be made again at once.
func (t *Tracker) stillThere(m collab.Member, now time.Time, rebuilds int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.live[m.Session]
	if e == nil {
		return false
	}
	current, there := e.members[m.Resource]
	if !there {
		return false
	}
	if current.Mode != m.Mode || t.rebuilds != rebuilds {
		now = time.Time{}
	}
	current.renewed = now
	e.members[m.Resource] = current
	return true
}

func (t *Tracker) rebuilt() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rebuilds
}
