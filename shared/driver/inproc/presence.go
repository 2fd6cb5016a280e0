package inproc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"corsia/shared/collab"
)

// paletteSize is the number of colours of users in a room (SPEC R1).
const paletteSize = 8

// room is what the keys resource:<resourceId>:users and resource:<resourceId>:user:<userId> hold.
type room struct {
	members map[collab.SessionID]liveMember
}

type liveMember struct {
	member collab.Member
	until  time.Time
}

func (r *room) expire(now time.Time) {
	for id, live := range r.members {
		if !now.Before(live.until) {
			delete(r.members, id)
		}
	}
}

func (r *room) has(user collab.UserID) bool {
	for _, live := range r.members {
		if live.member.User == user {
			return true
		}
	}
	return false
}

// color returns the user's colour: the one it has, else the lowest of those that the fewest other users have.
func (r *room) color(user collab.UserID) int {
	var taken [paletteSize]map[collab.UserID]bool
	for _, live := range r.members {
		m := live.member
		if m.User == user {
			return m.Color
		}
		if c := m.Color % paletteSize; taken[c] == nil {
			taken[c] = map[collab.UserID]bool{m.User: true}
		} else {
			taken[c][m.User] = true
		}
	}
	best := 0
	for c := range taken {
		if len(taken[c]) < len(taken[best]) {
			best = c
		}
	}
	return best
}

func (r *room) list() []collab.Member {
	all := make([]collab.Member, 0, len(r.members))
	for _, live := range r.members {
		all = append(all, live.member)
	}
	slices.SortFunc(all, func(a, b collab.Member) int {
		return cmp.Or(a.JoinedAt.Compare(b.JoinedAt), cmp.Compare(a.Session, b.Session))
	})
	return all
}

// Enter makes m a member of its room and returns all of them, m included, in the order of joining. It assigns the colour:
// the lowest position of the palette that no other user of the room has (the least used when all are); a user's sessions
// share theirs. A session that enters again is renewed with what m says.
func (s *State) Enter(_ context.Context, m collab.Member) ([]collab.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	r := s.room(m.Resource, now)
	m.Color = r.color(m.User)
	r.members[m.Session] = liveMember{m, now.Add(s.ttl.Room)}
	return r.list(), nil
}

// RenewMember renews m for another TTL. A member that has been forgotten is one again, with the colour it says it had; one
// of another instance, which has claimed its session, stays as it is: ErrLost.
func (s *State) RenewMember(_ context.Context, m collab.Member) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	r := s.room(m.Resource, now)
	if live, ok := r.members[m.Session]; ok {
		if live.member.Instance != m.Instance {
			return collab.ErrLost
		}
		m.Color = live.member.Color
	}
	r.members[m.Session] = liveMember{m, now.Add(s.ttl.Room)}
	return nil
}

// Leave ends the membership of m's session. It reports whether that was the last session of its user in the room; of
// several calls one gets true. A member of another instance stays: ErrLost.
func (s *State) Leave(_ context.Context, m collab.Member) (lastOfUser bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[m.Resource]
	if r == nil {
		return false, nil
	}
	live, ok := r.members[m.Session]
	switch {
	case !ok:
		return false, nil
	case live.member.Instance != m.Instance:
		return false, collab.ErrLost
	}
	delete(r.members, m.Session)
	r.expire(s.now())
	lastOfUser = !r.has(m.User)
	if len(r.members) == 0 {
		delete(s.rooms, m.Resource)
	}
	return lastOfUser, nil
}

// Members returns the members of a room in the order of joining.
func (s *State) Members(_ context.Context, res collab.Resource) ([]collab.Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[res]
	if r == nil {
		return nil, nil
	}
	r.expire(s.now())
	return r.list(), nil
}

// places returns the places of a session in rooms, given to its instance when it has moved.
func (s *State) places(session collab.Session, moved bool, now time.Time) []collab.Member {
	var places []collab.Member
	for res, r := range s.rooms {
		live, ok := r.members[session.ID]
		if res.Tenant != session.Tenant || !ok || live.member.User != session.User || !now.Before(live.until) {
			continue
		}
		if moved {
			live.member.Instance = session.Instance
			r.members[session.ID] = live
		}
		places = append(places, live.member)
	}
	return places
}

func (s *State) room(res collab.Resource, now time.Time) *room {
	r := s.rooms[res]
	if r == nil {
		r = &room{members: map[collab.SessionID]liveMember{}}
		s.rooms[res] = r
	}
	r.expire(now)
	return r
}
