package inproc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"corsia/shared/collab"
)

// userKey names a user across tenants.
type userKey struct {
	tenant collab.Tenant
	user   collab.UserID
}

// user is what the keys user:<userId>:session and user:<userId>:activity hold.
type user struct {
	sessions    map[collab.SessionID]liveSession
	active      time.Time // last activity
	activeUntil time.Time // end of the activity stamp
}

type liveSession struct {
	session collab.Session
	until   time.Time
}

func (u *user) expire(now time.Time) {
	for id, live := range u.sessions {
		if !now.Before(live.until) {
			delete(u.sessions, id)
		}
	}
	if !now.Before(u.activeUntil) {
		u.active = time.Time{}
	}
}

func (u *user) empty() bool { return len(u.sessions) == 0 && u.active.IsZero() }

// OpenSession records a session and returns how many its user has now, itself counted. A session of the same id is
// replaced.
func (s *State) OpenSession(_ context.Context, session collab.Session) (sessionsOfUser int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	u := s.touch(session, now, now)
	return len(u.sessions), nil
}

// TouchSession renews a session and its user's activity stamp (SPEC C5). A session that has been forgotten is recorded
// again; one that was claimed is not taken back: ErrLost.
func (s *State) TouchSession(_ context.Context, session collab.Session, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.claimed(session, now) {
		return collab.ErrLost
	}
	s.touch(session, at, now)
	return nil
}

// claimed reports whether a session is there with another resume key in force.
func (s *State) claimed(session collab.Session, now time.Time) bool {
	u := s.users[userKey{session.Tenant, session.User}]
	if u == nil {
		return false
	}
	u.expire(now)
	live, there := u.sessions[session.ID]
	return there && live.session.ResumeHash != session.ResumeHash
}

// ClaimSession takes over a session with its places in rooms for an instance, whose they are from then on (SPEC C11). When
// it has the session already, the places stay as they are.
// ErrNotFound: the user has no such session. ErrLost: another key is in force.
func (s *State) ClaimSession(_ context.Context, c collab.Claim) (collab.Session, []collab.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	u := s.users[userKey{c.Tenant, c.User}]
	if u == nil {
		return collab.Session{}, nil, collab.ErrNotFound
	}
	u.expire(now)
	live, there := u.sessions[c.Session]
	switch {
	case !there:
		return collab.Session{}, nil, collab.ErrNotFound
	case c.Hash == "" || live.session.ResumeHash != c.Hash && (live.session.ResumeHash != c.Next || live.session.Instance != c.Instance):
		return collab.Session{}, nil, collab.ErrLost
	}
	moved := live.session.Instance != c.Instance
	live.session.Instance, live.session.ResumeHash = c.Instance, c.Next
	s.touch(live.session, now, now)
	return live.session, s.places(live.session, moved, now), nil
}

func (s *State) touch(session collab.Session, at, now time.Time) *user {
	key := userKey{session.Tenant, session.User}
	u := s.users[key]
	if u == nil {
		u = &user{sessions: map[collab.SessionID]liveSession{}}
		s.users[key] = u
	}
	u.expire(now)
	u.sessions[session.ID] = liveSession{session, now.Add(s.ttl.Session)}
	if at.After(u.active) {
		u.active, u.activeUntil = at, now.Add(s.ttl.Activity)
	}
	return u
}

// CloseSession forgets a session. Closing one that is not there is no error, one that was claimed is ErrLost.
func (s *State) CloseSession(_ context.Context, session collab.Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.claimed(session, s.now()) {
		return collab.ErrLost
	}
	key := userKey{session.Tenant, session.User}
	u := s.users[key]
	if u == nil {
		return nil
	}
	delete(u.sessions, session.ID)
	if u.expire(s.now()); u.empty() {
		delete(s.users, key)
	}
	return nil
}

// SessionsOf returns the live sessions of a user, the oldest first.
func (s *State) SessionsOf(_ context.Context, tenant collab.Tenant, id collab.UserID) ([]collab.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[userKey{tenant, id}]
	if u == nil {
		return nil, nil
	}
	u.expire(s.now())
	found := make([]collab.Session, 0, len(u.sessions))
	for _, live := range u.sessions {
		found = append(found, live.session)
	}
	slices.SortFunc(found, func(a, b collab.Session) int {
		return cmp.Or(a.ConnectedAt.Compare(b.ConnectedAt), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

// LastActive returns when a user did something last, and false when that is longer ago than the activity TTL.
func (s *State) LastActive(_ context.Context, tenant collab.Tenant, id collab.UserID) (time.Time, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[userKey{tenant, id}]
	if u == nil {
		return time.Time{}, false, nil
	}
	u.expire(s.now())
	return u.active, !u.active.IsZero(), nil
}
