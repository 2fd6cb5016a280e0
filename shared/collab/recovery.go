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

// Bounds of a recovery, for those who open one.
const (
	MaxRecovery       = 4 * time.Hour
	MinRecoveryReason = 10  // characters
	MaxRecoveryReason = 300 // likewise
)
