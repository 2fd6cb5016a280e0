// Package inbox tells the rooms of this instance what other systems have said about their resources. Every instance reads
// the store's inbox for itself, from one position to the next: at once when it hears that there is something new, and every
// second in case it has not. So each row is told once on each instance, whatever the bus loses and however often its source
// sends it.
package inbox

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"corsia/gateway/room"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Store is the inbox.
type Store interface {
	// Inbox returns at most so many rows after a position, in order.
	Inbox(ctx context.Context, after int64, limit int) ([]collab.InboxRow, error)
	// InboxStart returns the position after which lies what came since a time, and what nobody has told.
	InboxStart(ctx context.Context, since time.Time) (after int64, err error)
	MarkTold(ctx context.Context, upTo int64, at time.Time) error
	// TidyInbox erases the data of rows that were told before one time, and rows and messages that came before another.
	TidyInbox(ctx context.Context, told, received time.Time) error
}

// Rooms are those that are open on this instance.
type Rooms interface {
	// Tell reports false when the room takes nothing at the moment.
	Tell(n room.Notification) bool
}

const (
	lookEvery = time.Second // SPEC W4
	page      = 256         // rows
	patience  = 5 * time.Second
	tidyEvery = 5 * time.Minute
	dataFor   = 5 * time.Minute    // data is kept after it was told: longer than an instance looks back when it starts
	idsFor    = 8 * 24 * time.Hour // SPEC W3 asks for seven days

	maxRecent      = 1024    // rows that are kept for those who come into a room; the oldest goes first
	maxRecentBytes = 8 << 20 // of their data
	maxLate        = 1024    // rows for rooms that take nothing at the moment; a further one is dropped
)

// Options are what a Reader is made of.
type Options struct {
	Store    Store
	Rooms    Rooms
	Bus      room.Bus
	Instance collab.InstanceID
	Metrics  *obs.Metrics
	Log      *slog.Logger
	Now      func() time.Time
}

// Reader reads the inbox. Announce and Recent may be called from any goroutine.
type Reader struct {
	// Set by New, never changed.
	o    Options
	wake chan struct{} // room for one

	// Owned by Run.
	started bool
	after   int64 // position of the last row that was read
	late    []room.Notification
	tidied  time.Time

	// Guarded by mu.
	mu     sync.Mutex
	recent []recent
	bytes  int
}

// recent is a row that was told a short time ago.
type recent struct {
	room.Notification
	at time.Time
}

// New returns a reader. Nothing runs yet.
func New(o Options) *Reader { return &Reader{o: o, wake: make(chan struct{}, 1)} }

// Announce says that the inbox has something new: here, and on all other instances.
func (r *Reader) Announce() {
	r.stir()
	if !r.o.Bus.Heard(collab.Everywhere, r.o.Instance) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.o.Bus.Publish(ctx, collab.InboxNotice(r.o.Instance)); err != nil {
		r.o.Log.Warn("inbox: the others look within a second", obs.Err(err))
	}
}

func (r *Reader) stir() {
	select {
	case r.wake <- struct{}{}:
	default: // it will look, already
	}
}

// Run reads until ctx ends.
func (r *Reader) Run(ctx context.Context) {
	defer r.o.Bus.Subscribe(collab.Everywhere, r.o.Instance, func(n collab.Notice) bool {
		if n.Kind == collab.BusInbox {
			r.stir()
		}
		return true
	})()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for failing := false; ; {
		err := r.look(ctx)
		if err != nil && !failing && ctx.Err() == nil { // once: the store's breaker tells the rest
			r.o.Log.Warn("inbox: look", obs.Err(err))
		}
		failing = err != nil
		wake := r.wake
		if failing {
			wake = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// look tells everything that is new.
func (r *Reader) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if !r.started {
		after, err := r.o.Store.InboxStart(ctx, r.o.Now().Add(-room.RecentFor))
		if err != nil {
			return err
		}
		r.started, r.after = true, after
	}
	r.retry()
	for {
		rows, err := r.o.Store.Inbox(ctx, r.after, page)
		if err != nil {
			return err
		}
		if err := r.tell(ctx, rows); err != nil {
			return err
		}
		if len(rows) < page {
			return r.tidy(ctx)
		}
	}
}

// tell tells the rooms of rows, and notes that it did.
func (r *Reader) tell(ctx context.Context, rows []collab.InboxRow) error {
	untold := false
	for _, row := range rows {
		now := r.o.Now()
		r.after = row.Position
		untold = untold || !row.Told
		if row.Superseded || row.Told && now.Sub(row.ReceivedAt) > room.RecentFor {
			continue
		}
		n := room.Notification{Delivery: row.Delivery, Resource: row.Resource, Source: row.Source, EventType: row.EventType,
			Version: json.RawMessage(row.Version), OccurredAt: row.OccurredAt, Data: row.Data}
		r.keep(n, now)
		r.give(n)
		r.o.Metrics.WebhooksTold.Inc()
		r.o.Metrics.WebhookLatency.Observe(max(0, now.Sub(row.ReceivedAt)).Seconds())
	}
	if !untold {
		return nil
	}
	return r.o.Store.MarkTold(ctx, r.after, r.o.Now())
}

// give hands a notification to its room, or keeps it for the next look.
func (r *Reader) give(n room.Notification) {
	if r.o.Rooms.Tell(n) {
		return
	}
	if len(r.late) >= maxLate {
		r.o.Log.Error("inbox: a room takes nothing, a notification is dropped", obs.Tenant(n.Resource.Tenant), obs.Resource(n.Resource.ID), slog.String(obs.KeyDelivery, n.Delivery))
		return
	}
	r.late = append(r.late, n)
}

// retry gives again what rooms did not take.
func (r *Reader) retry() {
	late := r.late
	r.late = nil
	for _, n := range late {
		r.give(n)
	}
}

// keep remembers a notification for those who come into its room soon.
func (r *Reader) keep(n room.Notification, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recent = append(r.recent, recent{n, now})
	r.bytes += len(n.Data)
	gone := 0
	for len(r.recent)-gone > maxRecent || r.bytes > maxRecentBytes || now.Sub(r.recent[gone].at) > room.RecentFor {
		r.bytes -= len(r.recent[gone].Data)
		gone++
	}
	r.recent = r.recent[gone:]
}

// Recent returns what was said of a resource since a time, for room.RecentFor, the oldest first.
func (r *Reader) Recent(res collab.Resource, since time.Time) (found []room.Notification) {
	if earliest := r.o.Now().Add(-room.RecentFor); since.Before(earliest) {
		since = earliest
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.recent {
		if n.Resource == res && !n.at.Before(since) {
			found = append(found, n.Notification)
		}
	}
	return found
}

func (r *Reader) tidy(ctx context.Context) error {
	now := r.o.Now()
	if now.Sub(r.tidied) < tidyEvery {
		return nil
	}
	r.tidied = now
	return r.o.Store.TidyInbox(ctx, now.Add(-dataFor), now.Add(-idsFor))
}
