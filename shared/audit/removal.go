package audit

import (
	"strconv"

	"corsia/shared/collab"
)

// Cause says why rows of a journal were removed (O7).
type Cause string

// The causes for which rows of a journal are removed.
const (
	CauseRetention Cause = "retention" // they were older than JOURNAL_RETENTION
	CauseErasure   Cause = "erasure"   // the content of the resource was erased
)

// Keys and values of the details of the event that says which rows of a journal were removed. Its revisions and rows have the keys
// that they have in a DOCUMENT_UPDATED event.
const (
	detailAction         = "action"
	detailCause          = "cause"
	actionJournalRemoved = "journal_removed"
)

// JournalRemoved returns the event that makes the absence of the rows from one revision to another of a journal right (O7, T2). It
// belongs in the transaction that removes them: the verifier takes missing rows of which no event says so for tampering, and
// rows that are there although an event says that they were removed. Who removed them and for which reason is for the caller to add.
func JournalRemoved(of collab.Resource, cause Cause, from, to int64) Event {
	run := span{from, to}
	return Event{Type: AdminAction, Tenant: of.Tenant, Resource: of.ID, RevisionFrom: from, RevisionTo: to,
		Details: map[string]string{detailAction: actionJournalRemoved, detailCause: string(cause), detailRevisions: spans{run}.String(),
			detailRows: strconv.FormatInt(spans{run}.count(), 10)}}
}
