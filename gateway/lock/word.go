package lock

import (
	"context"
	"encoding/json"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Bus carries word between the managers of all instances. It may lose what it is told.
type Bus interface {
	Publish(ctx context.Context, n collab.Notice) error
	Subscribe(res collab.Resource, inst collab.InstanceID, deliver func(collab.Notice) bool) (cancel func())
}

// Sessions are the clients of this instance.
type Sessions interface {
	// Active reports whether a session had an event other than a heartbeat in the last 60 s (SPEC L4).
	Active(id collab.SessionID) bool
	// MayLock reports whether a session is here, and may write a resource.
	MayLock(id collab.SessionID, res collab.Resource) bool
	// Tell tells a session something: Requested, Declined or Handed.
	Tell(id collab.SessionID, word any)
}

// nobody are the sessions of a manager that does not run yet.
type nobody struct{}

func (nobody) Active(collab.SessionID) bool                   { return false }
func (nobody) MayLock(collab.SessionID, collab.Resource) bool { return false }
func (nobody) Tell(collab.SessionID, any)                     {}

const (
	maxWords       = 256 // word of other instances that waits; what is too much is dropped, as the bus may
	publishTimeout = time.Second
)

func (m *Manager) people() Sessions {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions
}

// publish tells the other instances. What is lost is repeated, or its time is over soon.
func (m *Manager) publish(ctx context.Context, kind collab.BusKind, body any) {
	if m.Bus == nil {
		return
	}
	encoded, err := json.Marshal(body)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, publishTimeout)
		defer cancel()
		err = m.Bus.Publish(ctx, collab.Notice{Resource: collab.Everywhere, From: m.Instance, Kind: kind, Body: encoded})
	}
	if err != nil {
		m.Log.Warn("lock: tell other instances", obs.Event(string(kind)), obs.Err(err))
	}
}

// listen does what other instances say until ctx ends.
func (m *Manager) listen(ctx context.Context) {
	if m.Bus == nil {
		return
	}
	words := make(chan collab.Notice, maxWords)
	stop := m.Bus.Subscribe(collab.Everywhere, m.Instance, func(n collab.Notice) bool {
		select {
		case words <- n:
			return true
		default:
			return false
		}
	})
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-words:
			opCtx, cancel := context.WithTimeout(ctx, operationMax)
			if err := m.hear(opCtx, n); err != nil {
				m.Log.Warn("lock: notice", obs.Event(string(n.Kind)), obs.Err(err))
			}
			cancel()
		}
	}
}

func (m *Manager) hear(ctx context.Context, n collab.Notice) error {
	switch n.Kind {
	case collab.BusLockAsked:
		return with(n, func(a Asking) { m.asked(ctx, a) })
	case collab.BusLockDeclined:
		return with(n, func(d Declined) { m.declined(d) })
	case collab.BusLockOffered:
		return with(n, func(o offer) {
			if _, taken := m.take(ctx, o); taken {
				m.publish(ctx, collab.BusLockTaken, o.Asking.Lock)
			}
		})
	case collab.BusLockTaken:
		return with(n, m.taken)
	}
	return nil // of another part, or of another version
}

func with[T any](n collab.Notice, act func(T)) error {
	var body T
	if err := json.Unmarshal(n.Body, &body); err != nil {
		return err
	}
	act(body)
	return nil
}
