package collab

import "time"

// JournalLine is a row of the journal as the audit trail vouches for it: all of it, with the hash of the update in place of
// what it says (SPEC T2).
type JournalLine struct {
	Resource Resource
	Revision int64
	User     UserID
	Session  SessionID
	Clients  []ClientID
	Fields   []Field
	At       time.Time // whole microseconds
	Sum      [32]byte  // SHA-256 of the update
}

// JournalSpan is a run of revisions of one journal, from From to To.
type JournalSpan struct {
	Resource Resource
	From, To int64
}

// JournalEnd is where the journal of a resource ends. Its first row is that of revision 2; the creation has none.
type JournalEnd struct {
	Resource Resource
	Revision int64  // of the head; 0: there is no document
	Stray    *int64 // revision of a row that is before 2, after Revision, or there twice; nil: there is none
}
