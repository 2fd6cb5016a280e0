package chaos

import (
	"encoding/json"
	"sync"

	"corsia/tests/chaos/check"
)

// ear takes what a connection brings, in its order. It is the listener of one corsia.Client.
type ear struct {
	history *check.History
	acks    chan ack      // room for one: an actor waits for one answer at a time
	lost    chan struct{} // closed when the connection has ended

	// Guarded by mu.
	mu       sync.Mutex
	session  string
	room     string          // whose state came last
	revision int64           // the greatest seen in room
	updates  [][]byte        // not yet taken by the actor, which takes them before each of its steps
	ended    map[string]bool // locks that ended, by id
}

// ack is the answer to an update.
type ack struct {
	seq    uint64
	answer []byte
}

func newEar(h *check.History) *ear {
	return &ear{history: h, acks: make(chan ack, 1), lost: make(chan struct{}), ended: map[string]bool{}}
}

// Updated records a delivery. It implements corsia.Listener. What comes of another room than the actor's is let go: a
// resumed session may be in a room that it left, when the state driver lost the leave, until it leaves it again.
func (e *ear) Updated(resource []byte, revision int64, update []byte) {
	var room string
	if json.Unmarshal(resource, &room) != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if room != e.room {
		return
	}
	e.updates = append(e.updates, append([]byte(nil), update...))
	e.revision = max(e.revision, revision)
	e.history.Hear(check.Heard{Session: e.session, Room: e.room, Revision: revision, Sum: check.SumOf(update), At: e.history.Now()})
}

// Acknowledged hands an answer to the actor, in the place of one that nobody waits for any more.
func (e *ear) Acknowledged(seq uint64, answer []byte) {
	select {
	case <-e.acks:
	default:
	}
	e.acks <- ack{seq, append([]byte(nil), answer...)}
}

// Event records the state of a room and notes the ends of locks.
func (e *ear) Event(name string, arg []byte) {
	var fields struct {
		ResourceID string `json:"resourceId"`
		Revision   int64  `json:"revision"`
		LockID     string `json:"lockId"`
	}
	if json.Unmarshal(arg, &fields) != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch name {
	case "RESOURCE_STATE":
		if fields.ResourceID != e.room {
			e.room, e.revision = fields.ResourceID, 0
		}
		e.revision = max(e.revision, fields.Revision)
		e.history.Hear(check.Heard{Session: e.session, Room: e.room, State: true, Revision: fields.Revision, At: e.history.Now()})
	case "LOCK_RELEASED", "LOCK_LOST":
		e.ended[fields.LockID] = true
	}
}

// Lost tells the actor.
func (e *ear) Lost(error) { close(e.lost) }

// resume makes this the ear of a session that goes on after the connection of another ear.
func (e *ear) resume(old *ear) {
	old.mu.Lock()
	defer old.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.session, e.room, e.revision = old.session, old.room, old.revision
	e.history.Hear(check.Heard{Session: e.session, Room: e.room, Resumed: true, At: e.history.Now()})
}

// named gives the connection its session, which has joined nothing yet unless it is a resumed one.
func (e *ear) named(session string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session != session {
		e.session, e.room, e.revision = session, "", 0
	}
}

// take returns the updates since the last call.
func (e *ear) take() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	updates := e.updates
	e.updates = nil
	return updates
}

// reached notes a revision that an answer named, and returns the greatest seen in the room.
func (e *ear) reached(revision int64) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.revision = max(e.revision, revision)
	return e.revision
}

// over reports whether a lock has ended.
func (e *ear) over(lock string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ended[lock]
}
