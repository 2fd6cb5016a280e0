package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Estate is what instances that died left behind in the state driver.
type Estate interface {
	Orphans(ctx context.Context, gone func(collab.InstanceID) bool) ([]collab.Orphan, error)
	ClaimSession(ctx context.Context, c collab.Claim) (collab.Session, []collab.Member, error)
	Leave(ctx context.Context, m collab.Member) (lastOfUser bool, err error)
	CloseSession(ctx context.Context, s collab.Session) error
}

// Rooms hear of members who left without a word.
type Rooms interface {
	// Departed tells those in the member's room, on all instances. That a session is not in the room changes nothing.
	Departed(m collab.Member, reason string)
}

// Store keeps what leaving changes.
type Store interface {
	Leave(ctx context.Context, res collab.Resource, session collab.SessionID, audit []collab.AuditRow) error
}

// Trail makes audit rows and records events that describe no other change.
type Trail interface {
	Row(e audit.Event) collab.AuditRow
	Record(ctx context.Context, e audit.Event) error
}

// CleanerOptions configures a Cleaner.
type CleanerOptions struct {
	Directory *Directory
	Estate    Estate
	Rooms     Rooms
	Store     Store
	Audit     Trail
	Grace     time.Duration // RESUME_GRACE: so long may clients of a dead instance go on with their sessions (SPEC C11)
	Log       *slog.Logger
	Now       func() time.Time
}

// Cleaner ends the sessions of instances that died, as the instance itself would have done (SPEC R5, F5). All instances do
// so at once: whoever claims a session from the state driver ends it, and who dies in the middle leaves it to the others.
type Cleaner struct {
	// Set by NewCleaner, never changed.
	CleanerOptions
	doubtful chan collab.Claim // full: the session is left to its TTL

	// Set by Inherit, then owned by Run.
	estate []*ending // sessions to be ended

	// Owned by Run.
	seen    map[collab.InstanceID]bool      // instances that lived
	missing map[collab.InstanceID]time.Time // since when they are missing
	scanned time.Time                       // when all sessions were looked at
}

// ending is what is left to do for a session. One goroutine at a time works on it.
type ending struct {
	lost    collab.InstanceID
	reason  string
	session collab.Session
	rooms   []collab.Member // to be left
	claim   collab.Claim
	after   time.Time // it may be claimed
	claimed bool
	audited bool
	done    bool
}

// InstanceLost is the reason of the end of a session whose instance died.
const InstanceLost = "instance_lost"

// unclaimed is the reason when the client of a doubtful claim was refused.
const unclaimed = "disconnected"

const (
	looks        = 5                // times that the cleaner looks within a directory's TTL
	scanEvery    = 2 * time.Minute  // the backstop, for instances that nobody saw living
	scanLimit    = 30 * time.Second // of one scan
	endingLimit  = 10 * time.Second // of the end of one session
	endingAtOnce = 8
	maxDoubtful  = 4096
)

// NewCleaner returns a cleaner. The owner calls Inherit and then Run.
func NewCleaner(o CleanerOptions) *Cleaner {
	return &Cleaner{CleanerOptions: o, doubtful: make(chan collab.Claim, maxDoubtful), seen: map[collab.InstanceID]bool{}, missing: map[collab.InstanceID]time.Time{}}
}

// Inherit finds the sessions of an earlier life of this instance, which had the same name. It is called before the first
// client comes: from then on sessions of that name live.
func (c *Cleaner) Inherit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, scanLimit)
	defer cancel()
	own := c.Directory.Instance
	found, err := c.Estate.Orphans(ctx, func(id collab.InstanceID) bool { return id == own })
	if err != nil {
		return fmt.Errorf("look for sessions of an earlier life: %w", err)
	}
	c.adopt(found, c.Now().Add(c.Grace))
	return nil
}

// Doubt has the cleaner end a session for which a claim of this instance was made, of which nobody knows whether it was
// carried out: its client was refused, so that nobody else would end it. A claim that is made again has the same effect
// once.
func (c *Cleaner) Doubt(claim collab.Claim) {
	select {
	case c.doubtful <- claim:
	default:
		c.Log.Warn("cluster: too many doubtful claims", obs.Session(claim.Session))
	}
}

func (c *Cleaner) takeDoubtful() {
	for {
		select {
		case claim := <-c.doubtful:
			session := collab.Session{ID: claim.Session, Tenant: claim.Tenant, User: claim.User, Instance: claim.Instance}
			c.estate = append(c.estate, &ending{lost: claim.Instance, reason: unclaimed, session: session, claim: claim})
		default:
			return
		}
	}
}

// Run cleans up until ctx ends.
func (c *Cleaner) Run(ctx context.Context) {
	tick := time.NewTicker(c.every())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.look(ctx)
		}
	}
}

func (c *Cleaner) every() time.Duration { return c.Directory.TTL / looks }

// look finds out who is missing and ends what is due.
func (c *Cleaner) look(ctx context.Context) {
	defer c.settle(ctx)
	c.takeDoubtful()
	live, certain, err := c.Directory.live(ctx)
	if err != nil || !certain {
		clear(c.missing) // and then from the start: they have to be announced again
		if err != nil && ctx.Err() == nil {
			c.Log.Warn("cluster: look for dead instances", obs.Err(err))
		}
		return
	}
	now := c.Now()
	for id := range live {
		c.seen[id] = true
		delete(c.missing, id)
	}
	due := now.Sub(c.scanned) >= scanEvery
	for id := range c.seen {
		due = !live[id] && c.overdue(id, now) || due
	}
	for id := range c.missing { // those whom a scan missed, too
		due = c.overdue(id, now) || due
	}
	if due {
		c.scan(ctx, live)
	}
}

// overdue notes that an instance is missing, and reports whether it has been for so long that its sessions are orphans: at
// the second look at the earliest, and when none of its clients can go on any more.
func (c *Cleaner) overdue(id collab.InstanceID, now time.Time) bool {
	since, known := c.missing[id]
	if !known {
		c.missing[id] = now
		return false
	}
	return now.Sub(since) >= c.every()+c.Grace
}

// scan looks for the sessions of those who are overdue.
func (c *Cleaner) scan(ctx context.Context, live map[collab.InstanceID]bool) {
	ctx, cancel := context.WithTimeout(ctx, scanLimit)
	defer cancel()
	now := c.Now()
	found, err := c.Estate.Orphans(ctx, func(id collab.InstanceID) bool { return !live[id] && c.overdue(id, now) })
	if err != nil {
		c.Log.Warn("cluster: look for sessions of dead instances", obs.Err(err))
		return
	}
	again, certain, err := c.Directory.live(ctx) // one that came back meanwhile has clients
	if err != nil || !certain {
		return
	}
	kept := found[:0]
	for _, o := range found {
		if !again[o.Session.Instance] {
			kept = append(kept, o)
		}
	}
	c.scanned = now
	for id := range c.missing {
		if c.overdue(id, now) && !again[id] {
			delete(c.missing, id)
			delete(c.seen, id)
		}
	}
	c.adopt(kept, now)
}

// adopt notes sessions to be ended.
func (c *Cleaner) adopt(found []collab.Orphan, after time.Time) {
	for _, o := range found {
		s := o.Session
		c.estate = append(c.estate, &ending{lost: s.Instance, reason: InstanceLost, session: s, after: after, claim: collab.Claim{
			Tenant: s.Tenant, User: s.User, Session: s.ID, Instance: c.Directory.Instance, Hash: s.ResumeHash, Next: collab.HashSecret(collab.NewSecret()),
		}})
	}
	if len(found) > 0 {
		c.Log.Info("cluster: sessions of instances that died", obs.Count(len(found)))
	}
}

// settle ends the sessions that are due. Those that could not be ended stay for the next time.
func (c *Cleaner) settle(ctx context.Context) {
	now := c.Now()
	var group errgroup.Group
	group.SetLimit(endingAtOnce)
	var report sync.Once // a dependency that is away fails for each of them
	for _, e := range c.estate {
		if now.Before(e.after) {
			continue
		}
		group.Go(func() error {
			err := c.end(ctx, e)
			e.done = err == nil
			if err != nil && ctx.Err() == nil {
				report.Do(func() {
					c.Log.Warn("cluster: end a session of a dead instance", obs.Session(e.session.ID), obs.Err(err))
				})
			}
			return nil
		})
	}
	_ = group.Wait() // none of them returns an error
	left := c.estate[:0]
	for _, e := range c.estate {
		if !e.done {
			left = append(left, e)
		}
	}
	clear(c.estate[len(left):])
	c.estate = left
}

// end claims a session and does what is left of its end, in the order of an orderly one: its rooms, its record, itself. Its
// locks end with their leases.
func (c *Cleaner) end(ctx context.Context, e *ending) error {
	ctx, cancel := context.WithTimeout(ctx, endingLimit)
	defer cancel()
	if !e.claimed {
		session, rooms, err := c.Estate.ClaimSession(ctx, e.claim)
		if errors.Is(err, collab.ErrLost) || errors.Is(err, collab.ErrNotFound) {
			return nil // another instance has it, for its client or to end it; or it ended
		}
		if err != nil {
			return err
		}
		e.session, e.rooms, e.claimed = session, rooms, true
	}
	for len(e.rooms) > 0 {
		if err := c.leave(ctx, e.rooms[0], e.reason); err != nil {
			return err
		}
		e.rooms = e.rooms[1:]
	}
	if !e.audited {
		event := of(e.session, audit.UserDisconnected, e.reason)
		event.Details = map[string]string{"instance": string(e.lost)}
		if err := c.Audit.Record(ctx, event); err != nil {
			return err
		}
		e.audited = true
	}
	err := c.Estate.CloseSession(ctx, e.session)
	if errors.Is(err, collab.ErrLost) {
		return nil
	}
	return err
}

// leave takes a member out of its room.
func (c *Cleaner) leave(ctx context.Context, m collab.Member, reason string) error {
	_, err := c.Estate.Leave(ctx, m)
	if errors.Is(err, collab.ErrLost) {
		return nil // somebody else's
	}
	if err != nil {
		return err
	}
	c.Rooms.Departed(m, reason)
	event := of(collab.Session{ID: m.Session, Tenant: m.Resource.Tenant, User: m.User, Role: m.Role}, audit.ResourceLeft, reason)
	event.Resource = m.Resource.ID
	return c.Store.Leave(ctx, m.Resource, m.Session, []collab.AuditRow{c.Audit.Row(event)})
}

func of(s collab.Session, kind audit.Type, reason string) audit.Event {
	return audit.Event{Type: kind, Tenant: s.Tenant, Actor: s.User, Role: s.Role, Session: s.ID, Reason: reason}
}
