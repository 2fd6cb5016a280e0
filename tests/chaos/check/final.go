package check

import "time"

// Final is what is found when all faults are healed: the databases, and what clients and newcomers see.
type Final struct {
	Journal  map[string][]Row // of each room, by revision
	Grants   []Grant
	Audit    []Event
	Replicas []Replica
	Rosters  []Roster
	Gauges   []Gauge
	Keys     []string // of Redis that outlived everybody's leaving
	Healings []Healing
	Trail    string // what `corsia audit verify` said, unless all is intact
}

// Row is a row of the journal.
type Row struct {
	Revision  int64
	Update    []byte
	Session   string
	Fields    []string
	Committed time.Duration // exact; 0: the database does not tell
}

// Grant is a record of a lock. Opened and Ended are the exact times of the commits; 0 when the database does not tell.
type Grant struct {
	Lock, Room, Field, Session, User string

	Fence    int64
	Asked    time.Duration // the gateway's clock before it opened the record
	Closed   time.Duration // and before it closed it; Never: it is open
	Reason   string        // of its end
	Opened   time.Duration
	Ended    time.Duration
	revision int64 // of the room at the grant, as the client was told; -1: unknown
}

// Event is an event of the audit trail, sealed or not.
type Event struct {
	ID, Type, Session, Room, Reason string

	Fields  []string
	Fence   int64
	Details struct{ Revisions string } // of a DOCUMENT_UPDATED: such as 5,7,9-12
}

// Replica is a room's content as somebody sees it.
type Replica struct {
	Whose string
	Room  string
	State []byte // a Yjs update that holds all of it
	Other string // its content as npm yjs reads it, canonical; empty: not asked
}

// Roster is who is in a room: sessions by user. Whose "" is the truth.
type Roster struct {
	Whose string
	Room  string
	Users map[string]int
}

// Gauge is a figure of an instance before anybody came and after everybody left.
type Gauge struct {
	Whose, Name string

	Before, After, Slack float64
}

// Healing is how long it took until a healed instance took a new client and saved an edit of it.
type Healing struct {
	Whose, After string // instance, fault

	Took time.Duration
	Done bool
}
