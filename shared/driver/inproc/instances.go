package inproc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"corsia/shared/collab"
)

// liveInstance is what the key instance:<id> holds.
type liveInstance struct {
	instance collab.Instance
	until    time.Time
}

// Announce makes an instance known for ttl. It reports whether it was known before: false after the first time means that
// it came too late.
func (s *State) Announce(_ context.Context, i collab.Instance, ttl time.Duration) (known bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	known = s.lives(i.ID, now)
	s.instances[i.ID] = liveInstance{i, now.Add(ttl)}
	return known, nil
}

// Withdraw forgets an instance at once, unless another process has taken its name.
func (s *State) Withdraw(_ context.Context, i collab.Instance) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instances[i.ID].instance.Same(i) {
		delete(s.instances, i.ID)
	}
	return nil
}

// Instances returns the instances that live, by their ids.
func (s *State) Instances(context.Context) ([]collab.Instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	all := make([]collab.Instance, 0, len(s.instances))
	for id, live := range s.instances {
		if s.lives(id, now) {
			all = append(all, live.instance)
		}
	}
	slices.SortFunc(all, func(a, b collab.Instance) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

func (s *State) lives(id collab.InstanceID, now time.Time) bool {
	return now.Before(s.instances[id].until)
}
