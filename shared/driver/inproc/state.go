// Package inproc keeps sessions, presence, leases and the bus in this process. It is the embedded driver: the facts and
// their lifetimes are those of the keys of SPEC R, in maps. Several gateways of one process may share a State and a Bus.
package inproc

import (
	"cmp"
	"context"
	"sync"
	"time"

	"corsia/shared/collab"
)

// TTLs are how long facts outlive their last renewal; a zero one is the default.
type TTLs struct {
	Session  time.Duration // sessions of a user: 3600 s
	Activity time.Duration // last activity of a user: 300 s
	Room     time.Duration // members of a room: 600 s
}

// maxExpirations bounds the notifications that nobody has taken; further ones are dropped.
const maxExpirations = 1024

// State holds sessions, members and leases. All methods may be called from any goroutine; none waits.
type State struct {
	// Set by NewState, never changed.
	now     func() time.Time
	ttl     TTLs
	expired chan collab.LockKey

	// Guarded by mu.
	mu        sync.Mutex
	users     map[userKey]*user
	rooms     map[collab.Resource]*room
	leases    map[collab.LockKey]collab.Lease
	instances map[collab.InstanceID]liveInstance
	isClosed  bool
}

// NewState returns an empty state with the default TTLs. Its owner runs Run.
func NewState(now func() time.Time) *State { return NewStateTTL(now, TTLs{}) }

// NewStateTTL is NewState with other TTLs.
func NewStateTTL(now func() time.Time, ttl TTLs) *State {
	return &State{
		now: now,
		ttl: TTLs{
			Session:  cmp.Or(ttl.Session, 3600*time.Second),
			Activity: cmp.Or(ttl.Activity, 300*time.Second),
			Room:     cmp.Or(ttl.Room, 600*time.Second),
		},
		expired:   make(chan collab.LockKey, maxExpirations),
		users:     map[userKey]*user{},
		rooms:     map[collab.Resource]*room{},
		leases:    map[collab.LockKey]collab.Lease{},
		instances: map[collab.InstanceID]liveInstance{},
	}
}

// Close forgets everything and closes Expirations.
func (s *State) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed {
		return nil
	}
	s.isClosed = true
	close(s.expired)
	clear(s.users)
	clear(s.rooms)
	clear(s.leases)
	clear(s.instances)
	return nil
}

// Ping always succeeds.
func (s *State) Ping(context.Context) error { return nil }

// sweepEvery is how late an expiration is told at most.
const sweepEvery = time.Second

// Run sweeps until ctx ends.
func (s *State) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.Sweep(s.now())
		}
	}
}

// Sweep drops what has expired at now and notifies of expired leases. What has expired is invisible before that, too.
func (s *State) Sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, lease := range s.leases {
		if !now.Before(lease.Expires) {
			s.expireLease(key)
		}
	}
	for key, u := range s.users {
		if u.expire(now); u.empty() {
			delete(s.users, key)
		}
	}
	for res, r := range s.rooms {
		if r.expire(now); len(r.members) == 0 {
			delete(s.rooms, res)
		}
	}
	for id := range s.instances {
		if !s.lives(id, now) {
			delete(s.instances, id)
		}
	}
}
