package collab

// Subject is whom or what an export is about (SPEC O7): a user or a resource of a tenant, one of the two.
type Subject struct {
	Tenant   Tenant
	User     UserID
	Resource ResourceID
}

// SubjectTable names rows that an export hands out as the store has them.
type SubjectTable string

// The rows that are handed out as they are. Those that know no user have none of a user.
const (
	SubjectHeads       SubjectTable = "heads"       // of a resource
	SubjectClients     SubjectTable = "clients"     // Yjs client ids
	SubjectSeeds       SubjectTable = "seeds"       // of a resource
	SubjectLocks       SubjectTable = "locks"       //
	SubjectFences      SubjectTable = "fences"      // of a resource
	SubjectRevocations SubjectTable = "revocations" // of a user and of its sessions
	SubjectRecoveries  SubjectTable = "recoveries"  // that a user opened
	SubjectWebhooks    SubjectTable = "webhooks"    // about a resource
	SubjectVersions    SubjectTable = "versions"    // of a resource, as other systems said
	SubjectErasures    SubjectTable = "erasures"    // of a resource's content; that a user made
)

// SubjectRow is a row by the names of its columns: texts, whole numbers as int64, truth values, times in UTC, and []byte for
// what is JSON; nil where it has none.
type SubjectRow map[string]any

// AuditNames are the details of an audit event that may name a user who is not its actor.
var AuditNames = []string{"actor", "holder", "to", "user", "value"}
