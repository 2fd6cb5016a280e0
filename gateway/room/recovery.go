package room

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"corsia/gateway/document"
	"corsia/shared/collab"
)

const (
	// healingFirst is how long a room fills no fields from pages after it was opened while a recovery is open: those who
	// have what was filled in before the restore come back meanwhile, and a field must not be filled twice (SPEC D8, G4).
	healingFirst = 30 * time.Second
	seedRetry    = 3 * time.Second
	// maxRefusedHealings is how many refused healings of a session are audited until it joins again; the others are like them.
	maxRefusedHealings = 16
)

// RecoveryStore is where the store keeps when browsers may give back what a restore lost.
type RecoveryStore interface {
	// Recoveries returns those that are open, of all tenants.
	Recoveries(ctx context.Context) ([]collab.Recovery, error)
}

// RecoveryList is what this instance knows of open recoveries. Its owner calls Refresh every few seconds. It is safe for
// concurrent use.
type RecoveryList struct {
	current atomic.Pointer[[]collab.Recovery] // replaced, never changed
}

// Refresh replaces the list by what the store has. After an error the list is as before.
func (l *RecoveryList) Refresh(ctx context.Context, store RecoveryStore) error {
	all, err := store.Recoveries(ctx)
	if err != nil {
		return fmt.Errorf("refresh recoveries: %w", err)
	}
	l.current.Store(&all)
	return nil
}

// Heals returns the epoch of which documents of a tenant that are in an epoch take back, at this moment, what was lost: one
// before theirs. As a rule it is the last one; when a restore was done again, from the same backup, it is that of the life
// before the first try.
func (l *RecoveryList) Heals(tenant collab.Tenant, epoch int64, now time.Time) (healed int64, open bool) {
	all := l.current.Load()
	if all == nil {
		return 0, false
	}
	for _, r := range *all {
		if (r.Tenant == tenant || r.Tenant == collab.AllTenants) && r.Epoch < epoch && now.Before(r.Until) && (!open || r.Epoch > healed) {
			healed, open = r.Epoch, true
		}
	}
	return healed, open
}

// Healed is an update that gave back what a restore lost.
type Healed struct {
	Resource collab.Resource
	Member   collab.Member // who gave it back
	Epoch    int64         // the life that it is of
	Revision int64
	Clients  []collab.ClientID // under which it was written
	Fields   []collab.Field
}

// heals returns the epoch of which the document takes back what was lost.
func (r *Room) heals() (epoch int64, open bool) {
	if r.opts.Heals == nil {
		return 0, false
	}
	head := r.live.Head()
	epoch, open = r.opts.Heals(r.id.Tenant, head.Epoch, r.opts.Now())
	if erased := r.live.Erased().Epoch; open && epoch < erased {
		// What a life before an erasure held is never taken back (SPEC O7); what the restore after it lost is of the last one.
		epoch, open = head.Epoch-1, head.Epoch > erased
	}
	return epoch, open
}

// healing returns the check of what a session gives back.
func (r *Room) healing(p *pending) func(document.Writer, []byte) (document.Checked, error) {
	reason := ""
	switch epoch, open := r.heals(); {
	case !open:
		reason = document.HealingClosed
	case epoch != *p.healing:
		reason = document.HealingEpoch
	}
	if reason == "" {
		return r.live.CheckHealing
	}
	return func(document.Writer, []byte) (document.Checked, error) {
		return document.Checked{}, &collab.Error{Code: collab.CodeHealingRefused, Msg: "this is no time to give back what a restore lost",
			Detail: document.HealingRefused{Reason: reason}}
	}
}

// refuseHealing notes the refusal of an update that was to heal. It ends the use of no client id: what it has was accepted
// once, and another session may give it back yet.
func (r *Room) refuseHealing(p *pending, _ document.Writer, err *collab.Error, batch *collab.Batch) error {
	if rejected, ok := err.Detail.(document.Rejected); ok {
		err.Detail = Rejected{Rejected: rejected, Revision: r.live.Head().Revision}
	}
	if err.RetryAfter > 0 || err.Code == collab.CodeMissingDependency || p.from.refusedHealings >= maxRefusedHealings {
		return err
	}
	p.from.refusedHealings++
	if p.event.EventID == "" {
		p.event = r.opts.Audit(Refusal{Resource: r.id, Member: p.from.member, Err: err, Revision: r.live.Head().Revision})
	}
	batch.Audit = append(batch.Audit, p.event)
	return err
}

// auditHealed puts the audit rows of healing updates into the batch, in the place of those that it had when it was appended
// before: then their revisions were others.
func (r *Room) auditHealed() {
	r.batch.Audit = slices.DeleteFunc(r.batch.Audit, func(row collab.AuditRow) bool { return slices.Contains(r.healings, row.EventID) })
	r.healings = nil
	revision := r.batch.Expect.Revision
	for i := range r.flying {
		p := &r.flying[i]
		if !p.entry {
			continue
		}
		revision++
		if p.healing == nil {
			continue
		}
		row := r.opts.Healed(Healed{Resource: r.id, Member: p.from.member, Epoch: *p.healing, Revision: revision,
			Clients: p.checked.Clients, Fields: p.checked.Fields})
		r.batch.Audit, r.healings = append(r.batch.Audit, row), append(r.healings, row.EventID)
	}
}

// seedsWait reports whether fields are not filled yet, for the sake of those who come back with what was in them.
func (r *Room) seedsWait() bool {
	_, open := r.heals()
	return open && r.opts.Now().Sub(r.opened) < healingFirst
}
