package rabbitmq

import (
	"slices"
	"sync"
	"time"

	"corsia/shared/collab"
)

// topics is what this process listens to: the truth from which the bindings of each new connection are made.
type topics struct {
	// Set by newTopics, never changed.
	changed chan struct{} // holds a token when something may be unsettled

	// Guarded by mu.
	mu        sync.Mutex
	all       map[collab.Resource]*topic
	unsettled map[collab.Resource]struct{} // to be bound or unbound
	away      chan struct{}                // closed while nobody listens and no connection is being made
	isAway    bool
}

// topic is a resource with its subscriptions, which share one binding.
type topic struct {
	subs    []*subscription // replaced, never changed
	bound   chan struct{}   // closed when the binding is in force
	isBound bool
}

type subscription struct {
	instance collab.InstanceID
	deliver  func(collab.Notice) bool
}

// wish is a binding that should be there, or should not.
type wish struct {
	resource collab.Resource
	wanted   bool
}

func newTopics() *topics {
	return &topics{
		changed: make(chan struct{}, 1), all: map[collab.Resource]*topic{}, unsettled: map[collab.Resource]struct{}{},
		away: make(chan struct{}),
	}
}

// add adds a subscription and waits until its binding is in force, unless nobody can make it.
func (t *topics) add(res collab.Resource, sub *subscription, limit time.Duration) {
	t.mu.Lock()
	found := t.all[res]
	if found == nil {
		found = &topic{bound: make(chan struct{})}
		t.all[res] = found
		t.unsettle(res)
	}
	found.subs = append(slices.Clone(found.subs), sub)
	bound, away := found.bound, t.away
	t.mu.Unlock()

	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-bound:
	case <-away:
	case <-timer.C:
	}
}

// remove takes a subscription away; the last one takes the binding with it, a little later.
func (t *topics) remove(res collab.Resource, sub *subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.all[res]
	if found == nil {
		return
	}
	found.subs = slices.DeleteFunc(slices.Clone(found.subs), func(s *subscription) bool { return s == sub })
	if len(found.subs) == 0 {
		delete(t.all, res)
		t.unsettle(res)
	}
}

// unsettle wants mu held.
func (t *topics) unsettle(res collab.Resource) {
	t.unsettled[res] = struct{}{}
	select {
	case t.changed <- struct{}{}:
	default:
	}
}

// subscriptions returns those of a resource.
func (t *topics) subscriptions(res collab.Resource) []*subscription {
	t.mu.Lock()
	defer t.mu.Unlock()
	if found := t.all[res]; found != nil {
		return found.subs
	}
	return nil
}

// wishes returns what is unsettled, and takes it as settled.
func (t *topics) wishes() []wish {
	t.mu.Lock()
	defer t.mu.Unlock()
	wishes := make([]wish, 0, len(t.unsettled))
	for res := range t.unsettled {
		wishes = append(wishes, wish{res, t.all[res] != nil})
	}
	clear(t.unsettled)
	return wishes
}

// inForce tells the subscribers of resources that are bound.
func (t *topics) inForce(resources []collab.Resource) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, res := range resources {
		if found := t.all[res]; found != nil && !found.isBound {
			found.isBound = true
			close(found.bound)
		}
	}
}

// connecting says that a connection is being made: subscribers wait for it.
func (t *topics) connecting() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.isAway {
		t.isAway, t.away = false, make(chan struct{})
	}
	clear(t.unsettled)
	for res := range t.all {
		t.unsettle(res)
	}
}

// lost says that there is no connection: no binding is in force, and subscribers do not wait.
func (t *topics) lost() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, found := range t.all {
		if found.isBound {
			found.isBound, found.bound = false, make(chan struct{})
		}
	}
	if !t.isAway {
		t.isAway = true
		close(t.away)
	}
}

// lostSignal returns a channel that is closed when there is no connection and none is being made.
func (t *topics) lostSignal() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.away
}

func (t *topics) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all)
}
