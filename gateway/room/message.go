package room

import (
	"encoding/json"

	"corsia/gateway/document"
	"corsia/shared/collab"
)

// Peer is a session as a room sees it. None of its methods blocks.
type Peer interface {
	// Deliver puts a message into the session's outbox. False: the outbox is full.
	Deliver(m *Message) bool
	// Answer tells the session what became of its request.
	Answer(t Ticket, a Answer)
	// Backlog returns the bytes that wait in the outbox.
	Backlog() int
	// Away reports whether the session has lost its transport, and may be resumed.
	Away() bool
	// Kick ends the session's socket.
	Kick(reason error)
	// Moved tells the session that another instance says to have it. It finds out whether that is so.
	Moved()
}

// Ticket is a session's note of which of its requests waits for an answer. The room hands it back unread.
type Ticket struct {
	Event string // the request
	Ack   int64  // number of the acknowledgement that the client asked for; negative: none
}

// Answer is what became of a request. With Err nil, Revision is the position after it, and Body what else it asked for.
type Answer struct {
	Resource collab.ResourceID
	Revision int64
	Body     any // *State, *Synced, *document.Seeded or nil
	Err      error
}

// Message is one event for any number of peers. Encoded belongs to the wire: the first delivery fills it, the others
// use it. A message is delivered by one goroutine.
type Message struct {
	Body    any // one of the types below, by pointer
	Encoded any
}

// Updated tells of a committed update (Y_UPDATE).
type Updated struct {
	Resource collab.ResourceID
	Update   []byte
	User     collab.UserID
	Session  collab.SessionID
	Revision int64
}

// State answers a join (RESOURCE_STATE). State is shared by all who join at one revision.
type State struct {
	Resource    collab.ResourceID
	Mode        collab.Mode
	Users       []User
	State       []byte
	StateVector []byte
	Head        collab.Head
	Locks       []collab.Lock
	Client      collab.ClientID // 0: none
	Erased      int64           // the epoch of the life that began when the content was erased last; 0: it never was
	Heals       *int64          // the epoch of which the document takes back what a restore lost; nil: none
}

// Synced answers a Y_SYNC.
type Synced struct {
	Update      []byte
	StateVector []byte
}

// UserJoined tells of a user who joined, in one more session or with another mode.
type UserJoined struct {
	Resource collab.ResourceID
	User     User
}

// UserLeft tells that a user's last session left.
type UserLeft struct {
	Resource collab.ResourceID
	User     collab.UserID
	Session  collab.SessionID
	Reason   string
}

// Locked tells of a grant (LOCK_STATUS_CHANGED).
type Locked struct {
	Resource collab.ResourceID
	Lock     collab.Lock
}

// Unlocked tells of a lock's end (LOCK_RELEASED).
type Unlocked struct {
	Resource collab.ResourceID
	Lock     collab.Lock
	End      collab.LockEnd
	By       collab.UserID // whose grant ended it; empty: it ended by itself, or its holder ended it
	ByName   string
}

// superseded tells of the end of a lock by another session's grant.
func superseded(old collab.Lock, g collab.LockGranted) *Unlocked {
	return &Unlocked{Resource: old.Key.Resource.ID, Lock: old, End: g.EndOf(old), By: g.Lock.User, ByName: g.Lock.Name}
}

// Awareness is a session's focused field, selection and colour (AWARENESS). A null state: it is gone.
type Awareness struct {
	Resource collab.ResourceID
	User     collab.UserID
	Session  collab.SessionID
	State    json.RawMessage
}

// Refusal is a refused update that the audit trail must know.
type Refusal struct {
	Resource collab.Resource
	Member   collab.Member
	Err      *collab.Error
	Revision int64
	Retired  []collab.ClientID
}

// Rejected is UPDATE_REJECTED's detail: which lock, at which revision.
type Rejected struct {
	document.Rejected
	Revision int64
}
