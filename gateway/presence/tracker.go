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

	// Guarded by mu.
	mu   sync.Mutex
	live map[collab.SessionID]*Entry
}

// Entry is one session's presence. Seen is safe for concurrent use and costs two stores.
type Entry struct {
	session collab.Session
	seen    atomic.Int64 // time of the last event, ns
	acted   atomic.Int64 // time of the last event that was no heartbeat, ns

	// Guarded by the tracker's mu.
	written time.Time // when the state driver was told last
	members map[collab.Resource]membership
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
func New(o Options) *Tracker { return &Tracker{Options: o, live: map[collab.SessionID]*Entry{}} }

// Open makes a session known. It returns its entry and how many sessions the user has now, everywhere.
func (t *Tracker) Open(ctx context.Context, s collab.Session) (*Entry, int, error) {
	n, err := t.Sessions.OpenSession(ctx, s)
	if err != nil {
		return nil, 0, err
	}
	now := t.Now()
	e := &Entry{session: s, written: now, members: map[collab.Resource]membership{}}
	e.Seen(now, true)
	t.mu.Lock()
	t.live[s.ID] = e
	t.mu.Unlock()
	return e, n, nil
}

// Close forgets a session. Its rooms were left before.
func (t *Tracker) Close(ctx context.Context, s collab.Session) error {
	t.mu.Lock()
	delete(t.live, s.ID)
	t.mu.Unlock()
	return t.Sessions.CloseSession(ctx, s)
}

// Enter puts a session into a room and returns all who are there.
func (t *Tracker) Enter(ctx context.Context, m collab.Member) ([]collab.Member, error) {
	roster, err := t.Rooms.Enter(ctx, m)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.live[m.Session]; e != nil {
		e.members[m.Resource] = membership{Member: m, renewed: t.Now()}
	}
	return roster, nil
}

// Leave takes it out again.
func (t *Tracker) Leave(ctx context.Context, m collab.Member) error {
	t.mu.Lock()
	if e := t.live[m.Session]; e != nil {
		delete(e.members, m.Resource)
	}
	t.mu.Unlock()
	_, err := t.Rooms.Leave(ctx, m)
	return err
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
	t.mu.Lock()
	defer t.mu.Unlock()
	users := map[user]bool{}
	for _, e := range t.live {
		users[user{e.session.Tenant, e.session.User}] = true
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
			t.renew(ctx)
		}
	}
}

// renew tells the state driver of what is due: activity since the last time, and entries at a quarter of their TTL.
func (t *Tracker) renew(ctx context.Context) {
	sessions, members := t.due()
	for _, e := range sessions {
		t.attempt(ctx, e.session.ID, func(ctx context.Context) error {
			if err := t.Sessions.TouchSession(ctx, e.session, time.Unix(0, e.seen.Load())); err != nil || t.alive(e.session.ID) {
				return err
			}
			return t.Sessions.CloseSession(ctx, e.session) // it ended meanwhile, and would have come back as a ghost
		})
	}
	for _, m := range members {
		t.attempt(ctx, m.Session, func(ctx context.Context) error {
			if err := t.Rooms.RenewMember(ctx, m); err != nil || t.present(m) {
				return err
			}
			_, err := t.Rooms.Leave(ctx, m) // likewise
			return err
		})
	}
}

func (t *Tracker) alive(id collab.SessionID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.live[id] != nil
}

func (t *Tracker) present(m collab.Member) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.live[m.Session]
	if e == nil {
		return false
	}
	_, in := e.members[m.Resource]
	return in
}

func (t *Tracker) due() (sessions []*Entry, members []collab.Member) {
	now := t.Now()
	every := t.ActivityTTL / renewals
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.live {
		if now.Sub(e.written) >= every && e.seen.Load() > e.written.UnixNano() {
			e.written = now
			sessions = append(sessions, e)
		}
		for res, m := range e.members {
			if now.Sub(m.renewed) >= t.RoomTTL/renewals {
				m.renewed = now
				e.members[res] = m
				members = append(members, m.Member)
			}
		}
	}
	return sessions, members
}

func (t *Tracker) attempt(ctx context.Context, id collab.SessionID, do func(context.Context) error) {
	opCtx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	if err := do(opCtx); err != nil && ctx.Err() == nil {
		t.Log.Warn("presence: renew", obs.Session(id), obs.Err(err)) // the next tick tries again
	}
}
