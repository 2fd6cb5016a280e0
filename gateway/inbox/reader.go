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
	begun  time.Time                 // of the first look; zero: there was none
	after  int64                     // position of the last row that was read
	behind map[collab.Resource]*debt // rooms that took nothing at some moment: no more than there are open
	untold int64                     // position of the first row that may not be noted as told yet; 0: all are
	tidied time.Time

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

// debt is what a room has yet to be told. Its first row is kept, the others stay in the store until the room has taken that.
type debt struct {
	after int64            // position up to which the room was told everything
	next  *collab.InboxRow // what it did not take; nil: that is not read again yet
}

// New returns a reader. Nothing runs yet.
func New(o Options) *Reader {
	return &Reader{o: o, wake: make(chan struct{}, 1), behind: map[collab.Resource]*debt{}}
}

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
	if r.begun.IsZero() {
		begun := r.o.Now()
		after, err := r.o.Store.InboxStart(ctx, begun.Add(-room.RecentFor))
		if err != nil {
			return err
		}
		r.begun, r.after = begun, after
	}
	if err := r.retry(ctx); err != nil {
		return err
	}
	for {
		rows, err := r.o.Store.Inbox(ctx, r.after, page)
		if err != nil {
			return err
		}
		r.tell(rows)
		if err := r.note(ctx); err != nil {
			return err
		}
		if len(rows) < page {
			return r.tidy(ctx)
		}
	}
}

// tell tells the rooms of rows that nobody here has read before.
func (r *Reader) tell(rows []collab.InboxRow) {
	for _, row := range rows {
		r.after = row.Position
		if r.untold == 0 && !row.Told {
			r.untold = row.Position
		}
		if r.passed(row) {
			continue
		}
		r.keep(notification(row), r.o.Now())
		if r.behind[row.Resource] == nil && !r.give(row) {
			r.behind[row.Resource] = &debt{after: row.Position - 1, next: &row}
		}
	}
}

// passed reports whether a row is for nobody: superseded, or told before this instance was there.
func (r *Reader) passed(row collab.InboxRow) bool {
	return row.Superseded || row.Told && row.ReceivedAt.Before(r.begun.Add(-room.RecentFor))
}

func notification(row collab.InboxRow) room.Notification {
	return room.Notification{Delivery: row.Delivery, Resource: row.Resource, Source: row.Source, EventType: row.EventType,
		Version: json.RawMessage(row.Version), OccurredAt: row.OccurredAt, Data: row.Data}
}

// give hands a row to its room. It reports false when the room takes nothing at the moment.
func (r *Reader) give(row collab.InboxRow) bool {
	if !r.o.Rooms.Tell(notification(row)) {
		return false
	}
	r.o.Metrics.WebhooksTold.Inc()
	r.o.Metrics.WebhookLatency.Observe(max(0, r.o.Now().Sub(row.ReceivedAt)).Seconds())
	return true
}

// retry gives rooms again what they did not take, and to those that take it all that came for them meanwhile, in its order.
func (r *Reader) retry(ctx context.Context) error {
	for _, d := range r.behind {
		if d.next != nil && r.give(*d.next) {
			d.after, d.next = d.next.Position, nil
		}
	}
	for {
		after, some := r.oldest(func(d *debt) bool { return d.next == nil })
		if !some {
			return nil
		}
		rows, err := r.o.Store.Inbox(ctx, after, page)
		if err != nil {
			return err
		}
		r.settle(rows)
	}
}

// oldest returns the position up to which all rooms of the given debts were told everything, and whether there are any.
func (r *Reader) oldest(which func(*debt) bool) (after int64, some bool) {
	for _, d := range r.behind {
		if which(d) && (!some || d.after < after) {
			after, some = d.after, true
		}
	}
	return after, some
}

// settle gives rooms that take something again the rows, which follow on the oldest of their debts without a gap. A debt
// ends where the reader is.
func (r *Reader) settle(rows []collab.InboxRow) {
	end := r.after
	if len(rows) == page {
		end = min(end, rows[len(rows)-1].Position)
	}
	for _, row := range rows {
		d := r.behind[row.Resource]
		if d == nil || d.next != nil || row.Position <= d.after || row.Position > end || r.passed(row) {
			continue
		}
		if r.give(row) {
			d.after = row.Position
		} else {
			d.after, d.next = row.Position-1, &row
		}
	}
	for resource, d := range r.behind {
		if d.next == nil {
			d.after = max(d.after, end)
		}
		if d.next == nil && d.after == r.after {
			delete(r.behind, resource)
		}
	}
}

// note notes what was told, up to the first row that a room has yet to take: what is lost with this instance is told by the
// next one that starts.
func (r *Reader) note(ctx context.Context) error {
	upTo, some := r.oldest(func(*debt) bool { return true })
	if !some {
		upTo = r.after
	}
	if r.untold == 0 || r.untold > upTo {
		return nil
	}
	if err := r.o.Store.MarkTold(ctx, upTo, r.o.Now()); err != nil {
		return err
	}
	r.untold = 0
	if upTo < r.after {
		r.untold = upTo + 1
	}
	return nil
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
