package collab

import "time"

// Bounds of an erasure, for those who ask for one.
const (
	MinErasureReason = 10  // characters
	MaxErasureReason = 300 // likewise
)

// LastErasure is when the content of a resource was erased last (SPEC O7). Whatever somebody kept of a life before Epoch is to
// be forgotten.
type LastErasure struct {
	Epoch int64 // the life of the document that began with it; 0: nothing was ever erased
	At    time.Time
}

// Content counts what a store holds of a resource that somebody wrote, or another system said.
type Content struct {
	Head    Head  // zero: there is no document
	Updates int64 // rows of the journal
	From    int64 // the first revision of these; 0: there are none
	To      int64 // the last one
	Text    bool  // the document is not empty
	Bases   int64 // older states of it
	Seeds   int64 // fields of which it is known what pages showed
	Pushes  int64 // rows of the webhook inbox with data
}

// Empty reports whether there is nothing to erase.
func (c Content) Empty() bool { return c.Updates+c.Bases+c.Seeds+c.Pushes == 0 && !c.Text }

// Erasure takes the content of a resource out of a store, in one transaction (SPEC O7). The document goes on, empty, at the
// revision that it had, in a new life: no revision and no client id is ever used twice.
type Erasure struct {
	Resource Resource
	By       UserID
	Reason   string
	At       time.Time
	// Repeats are the events of erasures that a restore has forgotten and this one carries out again. Pages know of each of them: a
	// new life begins for each, even when there is nothing to erase. None: it is a new erasure, one life.
	Repeats []string
	// Cover makes the events of rows of journals that no event covers yet: the trail vouches for them before they go (SPEC T2).
	Cover func(lines []JournalLine) []AuditRow
	// Audit makes the rows that tell of it. It gets what is erased, and the locks that end by it. After an error of it nothing is
	// erased.
	Audit func(c Content, closed []Lock) ([]AuditRow, error)
}

// Lives returns by how much the epoch is raised.
func (e Erasure) Lives() int64 { return int64(max(len(e.Repeats), 1)) }

// Erased is what an Erasure did.
type Erased struct {
	Content Content // what there was; empty: nothing was erased
	Head    Head    // after it
	Locks   int64   // that were open, and ended
	Covered int64   // rows that were covered by it
}
