package inproc

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"corsia/shared/collab"
)

// Bus carries notices between the instances of this process, at most once.
type Bus struct {
	// Guarded by mu.
	mu   sync.Mutex
	subs map[collab.Resource][]*subscription // each slice is replaced, never changed
}

type subscription struct {
	instance collab.InstanceID
	deliver  func(collab.Notice) bool
}

// NewBus returns a bus without subscribers.
func NewBus() *Bus { return &Bus{subs: map[collab.Resource][]*subscription{}} }

// Publish delivers n to the subscribers of its resource on other instances before it returns. Notices of one goroutine
// arrive in order.
func (b *Bus) Publish(_ context.Context, n collab.Notice) error {
	b.mu.Lock()
	subs := b.subs[n.Resource]
	b.mu.Unlock()
	body := n.Body
	for _, sub := range subs {
		if sub.instance != n.From {
			n.Body = bytes.Clone(body)
			sub.deliver(n) // false: dropped, the journal and the next heartbeat fill the gap
		}
	}
	return nil
}

// Heard reports whether another instance listens to the resource: without one a notice need not be made.
func (b *Bus) Heard(res collab.Resource, inst collab.InstanceID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.subs[res], func(s *subscription) bool { return s.instance != inst })
}

// Subscribe has deliver called with each notice of a resource that another instance publishes. deliver must not block; it
// returns false for what it drops. A call that is under way when cancel is called may still be made.
func (b *Bus) Subscribe(res collab.Resource, inst collab.InstanceID, deliver func(collab.Notice) bool) (cancel func()) {
	sub := &subscription{inst, deliver}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subs[res] = append(slices.Clone(b.subs[res]), sub)
	return func() { b.unsubscribe(res, sub) }
}

func (b *Bus) unsubscribe(res collab.Resource, sub *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(b.subs[res]), func(s *subscription) bool { return s == sub })
	if len(rest) == 0 {
		delete(b.subs, res)
		return
	}
	b.subs[res] = rest
}

// Ping always succeeds.
func (b *Bus) Ping(context.Context) error { return nil }
