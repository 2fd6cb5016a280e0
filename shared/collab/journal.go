package collab

import "time"

// Head is the position of a resource's journal. Revision 0 is a resource that does not exist; 1 is its creation.
type Head struct {
	Revision int64
	Guard    int64 // raised by every grant or end of a lock (SPEC D2b), and when client ids are retired (SPEC D2c)
	Epoch    int64 // raised by a restore (SPEC D8) and by an erasure (SPEC O7)
}

// Entry is one durable update.
type Entry struct {
	Revision int64
	Update   []byte // Yjs V1, reduced to what the document lacked
	User     UserID
	Session  SessionID
	Clients  []ClientID // authors of its new structs
	Fields   []Field    // what it writes
	At       time.Time
	Healed   bool // it gives back what a restore lost (SPEC D8); the journal does not keep that, its client ids are retired
}

// Owner says whose a Yjs client id is in one document (SPEC D7).
type Owner struct {
	Client  ClientID
	User    UserID
	Session SessionID // that reserved it
	Used    bool      // has structs in the document
	Retired bool      // nothing new is accepted under it ever but what a restore lost: an update under it was refused (SPEC D2c), or recovered (D8)
	Epoch   int64     // life of the document in which it was reserved or bound last
}

// Seed is what the server wrote from a page into a field that was never written, and what else pages show of the field
// that is known to be older than the document (SPEC G4). Neither half of a row takes away what the store has of the other.
type Seed struct {
	Field Field
	Value string // JSON; null: it was never seeded
	Known string // JSON list, the newest last; empty: none
}

// Snapshot is all that an instance needs to open a document.
type Snapshot struct {
	Head          Head
	Type          string // resource type, as the first joiner named it
	State         []byte // compacted prefix of the journal; empty: none
	StateRevision int64  // the last revision that State holds
	Tail          []Entry
	Owners        []Owner
	Seeds         []Seed
	Locks         []Lock // open records
	Erased        LastErasure
}

// Batch is what one room commits at once: compare with Expect, then append. Everything in it is one transaction.
type Batch struct {
	Resource Resource
	Expect   Head       // ErrStale unless the head row equals it
	Entries  []Entry    // revisions Expect.Revision+1, … without gaps; may be empty
	Bind     []Owner    // client ids seen for the first time, and reserved ones that are now used
	Retire   []ClientID // client ids under which nothing new is accepted any more
	Seeds    []Seed
	Audit    []AuditRow
}

// After returns the head that the batch leads to. Ids that are retired raise the guard: other instances must not accept
// anything new under them either.
func (b *Batch) After() Head {
	head := b.Expect
	head.Revision += int64(len(b.Entries))
	if len(b.Retire) > 0 {
		head.Guard++
	}
	return head
}

// Committed is the outcome of a Batch. With Err nil, Head is the head after it; with ErrStale the one that it met, or zero
// when the store does not say.
type Committed struct {
	Head Head
	Err  error // ErrStale: nothing was written; anything else: the outcome may be unknown, read the journal first
	At   time.Time
}

// Join is what the store does when a session joins: it creates the document at its first editor's join (SPEC D1),
// reserves a client id to an editor (SPEC D7) and keeps the audit row, in one transaction.
type Join struct {
	Resource Resource
	Type     string
	User     UserID
	Session  SessionID
	Mode     Mode
	At       time.Time
	Audit    []AuditRow
}

// Joined is the answer to Join.
type Joined struct {
	Head    Head
	Client  ClientID // 0 for a viewer
	Created bool
}

// State is a compacted prefix of a journal.
type State struct {
	Resource Resource
	Revision int64
	Epoch    int64
	State    []byte
	At       time.Time
}

// AuditRow is an audit event ready for the store: its indexed columns and the canonical JSON that will be hashed
// (SPEC T2). It is inserted in the transaction of the change that it describes.
type AuditRow struct {
	EventID    string
	Shard      int
	Tenant     Tenant
	RecordedAt time.Time // microseconds UTC
	Type       string
	Outcome    string
	Actor      UserID
	Resource   ResourceID
	Session    SessionID
	Body       []byte // RFC 8785
}

// RevocationKind says what a revocation names.
type RevocationKind string

// What can be revoked (SPEC A5).
const (
	RevokeUser    RevocationKind = "user"
	RevokeSession RevocationKind = "session"
	RevokeToken   RevocationKind = "token"
	// RevokeEveryone ends all tokens of all tenants that were issued before: what was revoked in the time that a restore lost
	// is not known any more (SPEC O4). The store derives it from the trail's epochs; nobody revokes it.
	RevokeEveryone RevocationKind = "everyone"
)

// Revocation forbids tokens from RevokedAt on, until Until (zero: for ever).
type Revocation struct {
	Tenant    Tenant
	Kind      RevocationKind
	Value     string
	RevokedAt time.Time
	Until     time.Time
}
