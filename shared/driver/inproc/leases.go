package inproc

import (
	"context"
	"time"

	"corsia/shared/collab"
)

// Acquire grants the lease for ttl, unless its key has one: then it returns ErrHeld and the holder, also when that is the
// same session. Acquiring again under the same lock id renews.
func (s *State) Acquire(_ context.Context, l collab.Lease, ttl time.Duration) (holder collab.Lease, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if current, held := s.lease(l.Key); held && current.Lock != l.Lock {
		return current, collab.ErrHeld
	}
	return s.grant(l, ttl), nil
}

// Extend moves the end of the lease to ttl from now. It returns ErrLost when the key has none of that lock id.
func (s *State) Extend(_ context.Context, l collab.Lease, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	current, held := s.lease(l.Key)
	if !held || current.Lock != l.Lock {
		return collab.ErrLost
	}
	s.grant(current, ttl)
	return nil
}

// Release ends the lease of that lock id. One that is gone already, or another's, is left alone and no error.
func (s *State) Release(_ context.Context, l collab.Lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leases[l.Key].Lock == l.Lock {
		delete(s.leases, l.Key)
	}
	return nil
}

// Holder returns the lease of a key, and false when it has none.
func (s *State) Holder(_ context.Context, key collab.LockKey) (collab.Lease, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	current, held := s.lease(key)
	return current, held, nil
}

// Confirm returns ErrLost when the lease is gone or another's. There is nobody else to be told more.
func (s *State) Confirm(_ context.Context, l collab.Lock) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if current, held := s.lease(l.Key); !held || current.Lock != l.ID {
		return collab.ErrLost
	}
	return nil
}

// Replace hands the lease over: it grants l when the lease of old still holds or nobody has one, else it returns ErrHeld.
func (s *State) Replace(_ context.Context, old collab.LockID, l collab.Lease, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if current, held := s.lease(l.Key); held && current.Lock != old && current.Lock != l.Lock {
		return collab.ErrHeld
	}
	s.grant(l, ttl)
	return nil
}

// Expirations delivers the keys of leases that ended by themselves. It is bounded and may lose some; whoever cares has a
// timer of his own (SPEC L5). Close closes it.
func (s *State) Expirations() <-chan collab.LockKey { return s.expired }

// lease returns the lease of a key that has not expired.
func (s *State) lease(key collab.LockKey) (collab.Lease, bool) {
	current, held := s.leases[key]
	if held && !s.now().Before(current.Expires) {
		s.expireLease(key)
		return collab.Lease{}, false
	}
	return current, held
}

func (s *State) grant(l collab.Lease, ttl time.Duration) collab.Lease {
	l.Expires = s.now().Add(ttl)
	s.leases[l.Key] = l
	return l
}

func (s *State) expireLease(key collab.LockKey) {
	delete(s.leases, key)
	if s.isClosed {
		return
	}
	select {
	case s.expired <- key:
	default: // nobody listens; the room's timer and the sweep notice
	}
}
