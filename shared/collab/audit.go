package collab

import "time"

// AuditHead is the end of one chain of the audit trail: its last row (SPEC T2). Seq 0 is a chain without rows.
type AuditHead struct {
	Seq   int64
	Chain [32]byte
}

// SealedRow is a row of the audit trail that has its place in its shard's chain (SPEC T2). Its columns repeat what the body
// says, so that they can be searched; the body is what is hashed.
type SealedRow struct {
	AuditRow
	Seq          int64
	Role         string
	Instance     InstanceID
	Address      string
	Fields       []Field // nil: none
	RevisionFrom int64   // 0: none
	RevisionTo   int64
	Fence        int64
	Reason       string
	Details      map[string]string // nil: none
	Leaf         [32]byte
	Chain        [32]byte
}

// SealedCheckpoint is a signed note over the heads of all chains (SPEC T4).
type SealedCheckpoint struct {
	Number int64 // from 1, without gaps
	At     time.Time
	Note   []byte
}

// AuditState is where the audit trail of a store stands.
type AuditState struct {
	Epoch  int64             // raised by a restore (SPEC D8)
	Heads  map[int]AuditHead // by shard
	Floors map[int]AuditHead // by shard: the last row that has left the store for the archive (SPEC T5)
	Latest SealedCheckpoint  // Number 0: none
}

// AuditFilter chooses rows of the audit trail; zero values choose all.
type AuditFilter struct {
	Tenant   Tenant
	Resource ResourceID
	Actor    UserID
	From, To time.Time // recorded from, and before
}
