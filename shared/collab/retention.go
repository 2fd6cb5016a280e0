package collab

import "time"

// JournalPrefix is what a journal begins with, as who removes its first rows must know it (SPEC O7).
type JournalPrefix struct {
	Epoch    int64         // of the head
	Settled  int64         // up to there the state has what the journal says, and the audit trail covers it; 0: there is no document
	Base     []byte        // what the rows amount to that were removed before; empty: none were
	Revision int64         // the last one that Base holds; 1, the creation: none were removed
	Rows     []JournalMark // those that come first, in order
	Later    time.Time     // when the earliest of all rows after them was written; zero: there is none
}

// JournalMark is a row of a journal without what it says.
type JournalMark struct {
	Revision int64
	At       time.Time // whole microseconds
	Bytes    int       // of the update
}

// JournalRemoval removes the rows of a journal from the first one up to a revision, and keeps what they amount to in their place.
type JournalRemoval struct {
	Resource Resource
	Epoch    int64  // of the head, when the prefix was read
	From, To int64  // revisions of the rows
	Base     []byte // the document at To
	Audit    AuditRow
}
