package inproc

import (
	"context"

	"corsia/shared/collab"
)

// Orphans returns the sessions of instances that are gone. Whoever wants to end them claims each with its resume hash first:
// of several that do so, and of a client that comes back, one succeeds.
func (s *State) Orphans(_ context.Context, gone func(collab.InstanceID) bool) ([]collab.Orphan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var found []collab.Orphan
	for _, u := range s.users {
		u.expire(now)
		for _, live := range u.sessions {
			if gone(live.session.Instance) {
				found = append(found, collab.Orphan{Session: live.session, Rooms: s.places(live.session, false, now)})
			}
		}
	}
	return found, nil
}
