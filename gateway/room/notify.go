package room

import (
	"encoding/json"
	"time"

	"corsia/shared/collab"
)

// Notification tells everybody in a room that a resource has changed in another system (RESOURCE_UPDATED, SPEC W4). It is
// delivered at most once to each session; who must not lose it gives it again, under the same delivery id.
type Notification struct {
	Delivery   string
	Resource   collab.Resource
	Source     string
	EventType  string
	Version    json.RawMessage // a number or a text, as the source has it; empty: it has none
	OccurredAt time.Time
	Data       json.RawMessage // empty: none
}

// RecentFor is how long who comes back into a room is still told what was said before: it may have been on its way from an
// instance that stopped.
const RecentFor = time.Minute

const maxTold = 256 // deliveries after which a room forgets the old ones, again and again

// notified is a notification on its way to this room's peers.
type notified struct{ Notification }

func (e notified) apply(r *Room) {
	r.notified(e.Notification)
	r.publish(collab.BusNotified, e.Notification)
}

// notified delivers to the peers here.
func (r *Room) notified(n Notification) { r.broadcast(&Message{Body: &n}, "") }

// told is a notification that the other instances read for themselves.
type told struct{ Notification }

func (e told) apply(r *Room) {
	if r.remember(e.Delivery) {
		r.notified(e.Notification)
	}
}

// remember notes a delivery. False: the room knows it already.
func (r *Room) remember(delivery string) bool {
	now := r.opts.Now()
	if _, known := r.told[delivery]; known {
		return false
	}
	if n := len(r.told); n > 0 && n%maxTold == 0 {
		for id, at := range r.told {
			if now.Sub(at) > 2*RecentFor {
				delete(r.told, id)
			}
		}
	}
	r.told[delivery] = now
	return true
}

// remind tells a peer that has just come what was said while it was coming, and what was said lately when it had the resource
// before; and all others what this room has not heard yet.
func (r *Room) remind(p *peer, before bool) {
	if r.opts.Recent == nil {
		return
	}
	since := p.member.JoinedAt
	if before {
		since = r.opts.Now().Add(-RecentFor)
	}
	if erased := r.live.Erased().At; since.Before(erased) { // with what was said before (SPEC O7)
		since = erased
	}
	for _, n := range r.opts.Recent(r.id, since) {
		if r.remember(n.Delivery) {
			r.notified(n)
		} else {
			r.deliver(p, &Message{Body: &n})
		}
	}
}

// Notify delivers to every session in the room, on all instances. False says that this instance could not hand it to its own
// room: it may be given again.
func (g *Registry) Notify(n Notification) bool {
	if r := g.find(n.Resource); r != nil {
		return g.send(r, notified{n})
	}
	g.opts.publish(n.Resource, collab.BusNotified, n)
	return true
}

// Tell delivers to every session in the room on this instance, once. False says that the room takes nothing at the moment: it
// may be given again. A room that is not open learns it from Options.Recent when somebody comes.
func (g *Registry) Tell(n Notification) bool {
	r := g.find(n.Resource)
	return r == nil || r.Offer(told{n})
}
