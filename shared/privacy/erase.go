package privacy

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

// EraseStore is a store of which content is erased, past the gateways that use it.
type EraseStore interface {
	Content(ctx context.Context, r collab.Resource) (collab.Content, error)
	Erase(ctx context.Context, e collab.Erasure) (collab.Erased, error)
	// Repeated returns the events of a newer trail whose erasures were carried out again.
	Repeated(ctx context.Context) ([]string, error)
}

// Keys and values of the event of an erasure when the journal has no rows (O7); else it is that of audit.JournalRemoved.
const (
	detailAction         = "action"
	detailCause          = "cause"
	actionJournalRemoved = "journal_removed"
	actionContentErased  = "content_erased"
)

var (
	// ErrReason says that the reason of an erasure is too short or too long.
	ErrReason = fmt.Errorf("the reason has %d to %d characters", collab.MinErasureReason, collab.MaxErasureReason)
	// ErrGap says that rows of the journal are missing that nobody has said to be removed: what is left is evidence.
	ErrGap = errors.New("rows of the journal are missing: `corsia audit verify` says more, and nothing is erased before that is settled")
)

// EraseRequest says what is erased, for whom and why. Neither names a patient: the trail keeps both.
type EraseRequest struct {
	Resource collab.Resource
	By       collab.UserID
	Reason   string
	At       time.Time
	Repeats  []string // as in collab.Erasure
}

// Erase takes the content of a resource out of a store, and tells of it in the audit trail, in one transaction. The trail
// itself is kept: it has no text of a field (T2), and vouches for what was there. Content that is empty afterwards says that
// there was nothing to erase.
func Erase(ctx context.Context, store EraseStore, recorder *audit.Recorder, q EraseRequest) (collab.Erased, error) {
	if n := utf8.RuneCountInString(q.Reason); n < collab.MinErasureReason || n > collab.MaxErasureReason {
		return collab.Erased{}, ErrReason
	}
	done, err := store.Erase(ctx, collab.Erasure{Resource: q.Resource, By: q.By, Reason: q.Reason, At: q.At, Repeats: q.Repeats,
		Cover: func(lines []collab.JournalLine) []collab.AuditRow {
			events, _ := audit.Describe(lines, false, true, q.At)
			return rows(recorder, events)
		},
		Audit: func(c collab.Content, closed []collab.Lock) ([]collab.AuditRow, error) {
			if c.Updates > 0 && c.To-c.From+1 != c.Updates {
				return nil, ErrGap
			}
			return rows(recorder, q.events(c, closed)), nil
		}})
	if err != nil {
		return collab.Erased{}, fmt.Errorf("erase content: %w", err)
	}
	return done, nil
}

// events tell of the erasure, and of the locks that ended by it.
func (q EraseRequest) events(c collab.Content, closed []collab.Lock) []audit.Event {
	e := audit.Event{Type: audit.AdminAction, Tenant: q.Resource.Tenant, Resource: q.Resource.ID,
		Details: map[string]string{detailAction: actionContentErased, detailCause: string(audit.CauseErasure)}}
	if c.Updates > 0 {
		e = audit.JournalRemoved(q.Resource, audit.CauseErasure, c.From, c.To)
	}
	e.Actor, e.Reason, e.RecordedAt = q.By, q.Reason, q.At
	events := []audit.Event{e}
	for _, l := range closed {
		var fields []collab.Field
		if l.Key.Field != "" {
			fields = []collab.Field{l.Key.Field}
		}
		events = append(events, audit.Event{Type: audit.LockReleased, Tenant: q.Resource.Tenant, Resource: q.Resource.ID, Fields: fields, Actor: l.User,
			Session: l.Session, Fence: l.Fence, Reason: string(collab.LockReleased), RecordedAt: q.At})
	}
	return events
}

func rows(recorder *audit.Recorder, events []audit.Event) []collab.AuditRow {
	made := make([]collab.AuditRow, len(events))
	for i, e := range events {
		made[i] = recorder.Row(e)
	}
	return made
}
