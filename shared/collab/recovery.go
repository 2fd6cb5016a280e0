package collab

import "time"

// Recovery is a time in which browsers may give back what a restore lost (SPEC D8).
type Recovery struct {
	Tenant   Tenant // AllTenants: every tenant
	Epoch    int64  // the life of documents that is healed: the one before the restore
	OpenedAt time.Time
	Until    time.Time
	By       UserID
	Reason   string
}

// AllTenants stands for every tenant in a Recovery.
const AllTenants Tenant = ""

// ClientsOfLife is by how much a restore raises the next client id of a document, and by how much that of a document is higher
// for each restore that its database has seen: in the minutes that were lost, ids were granted that nobody may get again, also
// in documents of which the restored database knows nothing.
const ClientsOfLife = 1_000_000

// Bounds of a recovery, for those who open one.
const (
	MaxRecovery       = 4 * time.Hour
	MinRecoveryReason = 10  // characters
	MaxRecoveryReason = 300 // likewise
)
