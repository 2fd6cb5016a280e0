package collab

import "time"

// What a restore skips for each epoch that it passes (SPEC D8): as much as no document and no lock key can have used up in
// one life of the store, so that what the lost time gave out is never given out again.
const (
	ClientsPerEpoch = 1 << 24 // client ids of a document
	FencesPerEpoch  = 1 << 32 // fences of a lock key
)

// Inventory is what a store holds at one moment, and where that store is (SPEC O4).
type Inventory struct {
	Engine     string     `json:"engine"`               // postgres, sqlite
	System     string     `json:"system,omitempty"`     // identifier of the server's files; empty: it may not be known
	Database   string     `json:"database"`             // name, or path of the file
	Server     string     `json:"server"`               // version
	Tool       string     `json:"tool"`                 // what wrote the dump, and its version
	Schema     int64      `json:"schema"`               // number of the last migration
	Timeline   string     `json:"timeline,omitempty"`   // of the write-ahead log
	Position   string     `json:"position,omitempty"`   // in the write-ahead log
	At         time.Time  `json:"snapshotAt"`           // by the clock of the server
	AuditEpoch int64      `json:"auditEpoch"`           //
	Checkpoint int64      `json:"checkpoint,omitempty"` // number of the newest one of the trail; 0: none
	Tables     []TableSum `json:"tables"`               // by name
}

// TableSum is what a table holds. Sum does not depend on the order of the rows: it is the sum, as a decimal number, of the
// first eight bytes, as a signed number, of the SHA-256 of each row's text. It finds accidents; against forgery there is the
// hash of the dump.
type TableSum struct {
	Name  string `json:"name"`
	Rows  int64  `json:"rows"`
	Sum   string `json:"sum"`
	Bytes int64  `json:"bytes"` // that it takes up, about
}

// Standing is what is known of a place before a restore.
type Standing struct {
	Exists   bool
	Empty    bool   // there is no table in it
	System   string // as in Inventory
	Database string // as in Inventory
	Timeline string // as in Inventory
	Marked   string // why it counts as production; empty: it has no mark
	InUse    bool   // a gateway is connected to it, or was when it was last looked at
}

// EpochOpening is what a restore does to a store before a gateway may use it (SPEC D8).
type EpochOpening struct {
	Epoch int64 // of the trail; that of the documents is one less. It is later than any that anybody has known
	At    time.Time
	// Audit makes the rows of the transaction. It gets the locks that were open, which end.
	Audit func(closed []Lock) []AuditRow
}

// EpochOpened is what was done.
type EpochOpened struct {
	Documents int64 // whose epoch was raised
	Fences    int64
	Locks     int64 // that were open
}
