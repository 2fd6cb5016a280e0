// Package room owns the sessions joined to one resource on this instance and the order of what happens among them: a
// room is one goroutine, and members, document and revision belong to it. What a colleague sees is committed first.
package room

import (
	"context"
	"log/slog"
	"time"

	"corsia/gateway/document"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Bounds of a room's queues.
const (
	inboxEvents        = 64      // full: Send blocks, which slows the sender's socket
	maxDrain           = 512     // events that are taken together, before an append is started
	maxWaitingUpdates  = 4096    // beyond it the sender gets BACKPRESSURE
	maxWaitingBytes    = 8 << 20 // likewise
	maxWaitingSyncs    = 16      // of one session; likewise
	maxBatchEntries    = 1024    // updates in one append
	maxContested       = 128     // likewise, of a room in which instances overtake each other: who commits little is soon next again
	maxBatchBytes      = 4 << 20
	awarenessInterval  = 100 * time.Millisecond // SPEC R6: at most 10 times a second
	slowPeerBytes      = 256 << 10              // a peer behind by more gets awareness later (SPEC C7)
	reloadBackoff      = 250 * time.Millisecond
	maxReloadBackoff   = 5 * time.Second
	maxFailures        = 12 // then an append's updates are refused: about 45 s of waiting
	backpressureRetry  = time.Second
	storeReadTimeout   = 10 * time.Second
	maxAwarenessMember = 1024                  // sessions whose awareness a room keeps
	maxHeardEntries    = 4096                  // rows of other instances that wait for their turn; further ones leave a gap, which the journal fills
	maxHeardBytes      = 8 << 20               // likewise
	gapPatience        = 50 * time.Millisecond // how long a row may be overtaken by later ones before the journal is read
)

// Journal is what a room writes to and reads back from.
type Journal interface {
	// Append returns at once; the outcome comes on done, which has room for it.
	Append(b collab.Batch, done chan<- collab.Committed)
	Load(ctx context.Context, res collab.Resource) (collab.Snapshot, error)
	// Since is Load for a copy at a revision: without the state, and with the entries after it.
	Since(ctx context.Context, res collab.Resource, after int64) (collab.Snapshot, error)
	// Heads returns the positions of those resources that exist.
	Heads(ctx context.Context, all []collab.Resource) (map[collab.Resource]collab.Head, error)
}

// Rosters knows who is in a room, on all instances.
type Rosters interface {
	Members(ctx context.Context, res collab.Resource) ([]collab.Member, error)
}

// Bus tells other instances about a resource. It may lose messages.
type Bus interface {
	// Heard reports whether another instance may listen: if not, no notice is made.
	Heard(res collab.Resource, inst collab.InstanceID) bool
	// Publish returns at once.
	Publish(ctx context.Context, n collab.Notice) error
	Subscribe(res collab.Resource, inst collab.InstanceID, deliver func(collab.Notice) bool) (cancel func())
}

// Compactor is told that a resource changed, and folds its journal when it is time.
type Compactor interface {
	Changed(res collab.Resource, bytes int)
	Left(res collab.Resource)
	// Erased says that the content of the resource was erased: nothing older may be kept of it.
	Erased(res collab.Resource)
}

// Options is what every room of an instance shares.
type Options struct {
	Instance  collab.InstanceID
	Journal   Journal
	Bus       Bus
	Rosters   Rosters
	Compactor Compactor
	Limits    document.Limits
	Recent    func(res collab.Resource, since time.Time) []Notification // what was said of a resource, for RecentFor; nil: nobody knows
	Audit     func(Refusal) collab.AuditRow
	Heals     func(tenant collab.Tenant, epoch int64, now time.Time) (healed int64, open bool) // of documents that are in an epoch (SPEC D8); nil: never
	Healed    func(Healed) collab.AuditRow                                                     // nil: nothing heals
	Metrics   *obs.Metrics
	Log       *slog.Logger
	Now       func() time.Time
}

// Room is one resource on this instance.
type Room struct {
	// Set by open, never changed.
	id        collab.Resource
	opts      Options
	inbox     chan event
	committed chan collab.Committed // room for one: one append is under way at a time
	reloaded  chan reload           // likewise: one reading is under way at a time
	closing   chan struct{}         // closed by the registry when nobody holds the room
	done      chan struct{}         // closed when Run returns
	turn      int                   // the round of looks in which the roster is read
	opened    time.Time
	position  position // of the document, for those who look for rooms that lag

	// Owned by Run.
	live       *document.Live
	peers      map[collab.SessionID]*peer
	roster     map[collab.SessionID]collab.Member // everywhere, this instance included
	turned     map[collab.SessionID]time.Time     // when word came of a session's coming or going, until the roster was read later
	waiting    []pending                          // not judged yet; bounded
	waitBytes  int
	spare      []pending                     // room for the next that wait; nil while both slices are in use
	flying     []pending                     // judged, applied, under way to the store
	batch      collab.Batch                  // what they became
	healings   []string                      // events of the batch that say what was healed
	unsure     bool                          // the store may have more than is known here
	wanted     collab.Head                   // a position that the store has reached
	overtaken  int64                         // the revision behind which what is under way is to be appended again; 0: it is at the store
	heard      []collab.Entry                // rows of other instances that do not follow the head, or came at the wrong moment; by revision
	heardBytes int                           // of their updates
	claimed    int64                         // the last revision that was heard of before the store was read
	said       map[collab.SessionID]standing // how sessions of other instances are; asked for when somebody wants their client ids
	told       map[string]time.Time          // deliveries of the inbox, and when; those of RecentFor at least
	vanished   []vanished                    // locks whose end nobody has explained yet; by time, no more than there were locks
	gapTimed   bool                          // the timer that looks for rows that are missing runs
	reading    []reader                      // joins and syncs that wait for a moment without anything uncommitted
	late       []Granted                     // grants whose revision is not delivered yet
	loading    bool                          // the document is being read again
	lost       int                           // appends of what is under way that others overtook
	contested  bool                          // so it was of what was under way before
	bad        error                         // the document cannot be read: quarantined until the room is opened again (SPEC F8)
	failures   int                           // reads and appends that failed since the last append that did not
	aware      awareness
	cached     state // the encoded document at a revision, for joiners
	bytes      int   // of the document, as the metrics have it
}

// peer is one session of this instance in the room.
type peer struct {
	Peer
	member          collab.Member
	client          collab.ClientID // reserved at its join; 0: none
	active          bool            // has its state; before that nothing is delivered to it
	first           bool            // no update of it was judged since it joined
	refusedHealings int
	former          bool // it has the document of a life before this one, until it joins again (SPEC O7)
	resync          bool // an update was refused: RESYNC_REQUIRED until it joins again (SPEC D2c)
}

// event is what others send to a room.
type event interface{ apply(r *Room) }

// Send hands an event over. It blocks while the room's inbox is full, and fails when ctx ends or the room is closed.
func (r *Room) Send(ctx context.Context, ev event) error {
	if r.Offer(ev) {
		return nil
	}
	closed := collab.NewError(collab.CodeUnavailable, "the room is closed")
	select {
	case <-r.done:
		return closed
	default:
	}
	select {
	case r.inbox <- ev:
		return nil
	case <-r.done:
		return closed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Offer is Send for those who must not wait, or try first: false says that the inbox is full.
func (r *Room) Offer(ev event) bool {
	select {
	case <-r.done:
		return false
	default:
	}
	select {
	case r.inbox <- ev:
		return true
	default:
		return false
	}
}

// run applies events in the order of arrival until the room is closed and nothing of it is under way.
func (r *Room) run() {
	defer r.end()
	tick := time.NewTimer(time.Hour)
	tick.Stop()
	defer tick.Stop()
	gap := time.NewTimer(time.Hour)
	gap.Stop()
	defer gap.Stop()
	closing := r.closing
	for {
		select {
		case ev := <-r.inbox:
			ev.apply(r)
			r.drain()
		case c := <-r.committed:
			r.settle(c)
		case l := <-r.reloaded:
			r.resume(l)
		case <-tick.C:
			r.aware.armed = false
			r.flushAwareness()
		case <-gap.C:
			r.gapTimed = false
			r.fillGap()
		case <-closing:
			closing = nil
		}
		r.next()
		r.position.set(r.live.Head())
		r.measure(r.live.Bytes())
		if (len(r.heard) > 0 || r.overtaken > 0 || len(r.vanished) > 0) && !r.gapTimed {
			r.gapTimed = true
			gap.Reset(gapPatience)
		}
		if r.aware.dirty() && !r.aware.armed {
			r.aware.armed = true
			tick.Reset(r.aware.due(r.opts.Now()))
		}
		if closing == nil && r.idle() {
			r.measure(0)
			return
		}
	}
}

// end closes the room. Grants that nobody here will announce any more are answered: their locks are in force all the same.
func (r *Room) end() {
	close(r.done)
	for _, g := range r.late {
		g.Then()
	}
	for {
		select {
		case ev := <-r.inbox: // came when the room had nothing left to do
			if g, ok := ev.(Granted); ok {
				g.Then()
			}
		default:
			return
		}
	}
}

// measure tells the metrics how large the document is.
func (r *Room) measure(bytes int) {
	if bytes != r.bytes {
		r.opts.Metrics.DocumentBytes.Add(float64(bytes - r.bytes))
		r.bytes = bytes
	}
}

// drain applies what has arrived meanwhile, so that it shares a commit.
func (r *Room) drain() {
	for range maxDrain {
		select {
		case ev := <-r.inbox:
			ev.apply(r)
		default:
			return
		}
	}
}

// idle reports whether the room has nothing to finish.
func (r *Room) idle() bool {
	return len(r.flying) == 0 && !r.loading && len(r.waiting) == 0 && len(r.reading) == 0 && len(r.inbox) == 0
}

// broadcast delivers to every active peer but one, and kicks those whose outbox is full (SPEC C7).
func (r *Room) broadcast(m *Message, except collab.SessionID) {
	_, ofLife := m.Body.(*Updated)
	for id, p := range r.peers {
		if p.active && id != except && !(ofLife && p.former) {
			r.deliver(p, m)
		}
	}
}

func (r *Room) deliver(p *peer, m *Message) {
	if !p.Deliver(m) {
		r.opts.Metrics.SlowConsumers.Inc()
		p.Kick(collab.NewError(collab.CodeBackpressure, "this connection does not read fast enough"))
	}
}

func (r *Room) log() *slog.Logger {
	return r.opts.Log.With(obs.Tenant(r.id.Tenant), obs.Resource(r.id.ID))
}
