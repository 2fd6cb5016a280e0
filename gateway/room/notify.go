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

// notified is a notification on its way to this room's peers.
type notified struct{ Notification }

func (e notified) apply(r *Room) {
	r.notified(e.Notification)
	r.publish(collab.BusNotified, e.Notification)
}

// notified delivers to the peers here.
func (r *Room) notified(n Notification) { r.broadcast(&Message{Body: &n}, "") }

// Notify delivers to every session in the room, on all instances. False says that this instance could not hand it to its own
// room: it may be given again.
func (g *Registry) Notify(n Notification) bool {
	if r := g.find(n.Resource); r != nil {
		return g.send(r, notified{n})
	}
	g.opts.publish(n.Resource, collab.BusNotified, n)
	return true
}
