package room

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"corsia/gateway/document"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

const openTimeout = 10 * time.Second

// Registry owns the rooms that are open on this instance. A room opens with its first holder and closes with its last;
// a second copy of a document never lives (SPEC D5).
type Registry struct {
	// Set by NewRegistry, never changed.
	opts    Options
	linger  time.Duration // how long a room without holders stays, for those who reload the page
	wg      sync.WaitGroup
	refresh chan struct{} // room for one
	turns   atomic.Uint32

	// Guarded by mu.
	mu     sync.Mutex
	rooms  map[collab.Resource]*slot
	joined map[collab.SessionID]map[collab.Resource]bool // where sessions of this instance are
	closed bool
}

// slot is a room's place in the registry. Exactly one goroutine opens it; ready is closed when that is done.
type slot struct {
	ready chan struct{}
	room  *Room
	err   error
	stop  func() // of the bus subscription

	// Guarded by the registry's mu.
	holders int
	timer   *time.Timer
	leaving bool // closing: those who come now wait for done and open it again
}

// NewRegistry returns an empty registry. A room without holders is closed after linger.
func NewRegistry(opts Options, linger time.Duration) *Registry {
	return &Registry{opts: opts, linger: linger, refresh: make(chan struct{}, 1), rooms: map[collab.Resource]*slot{}, joined: map[collab.SessionID]map[collab.Resource]bool{}}
}

// Hold opens the room, or finds it open, and keeps it open until release is called, once.
func (g *Registry) Hold(ctx context.Context, res collab.Resource) (room *Room, release func(), err error) {
	s, opener, err := g.slot(ctx, res)
	if err != nil {
		return nil, nil, err
	}
	if opener {
		g.open(res, s)
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
		g.release(res, s)
		return nil, nil, context.Cause(ctx)
	}
	if s.err != nil {
		g.release(res, s)
		return nil, nil, s.err
	}
	return s.room, sync.OnceFunc(func() { g.release(res, s) }), nil
}

// slot counts a holder in. When the room is just closing it waits for its end and starts anew.
func (g *Registry) slot(ctx context.Context, res collab.Resource) (s *slot, opener bool, err error) {
	for {
		g.mu.Lock()
		if g.closed {
			g.mu.Unlock()
			return nil, false, &collab.Error{Code: collab.CodeDraining, Msg: "this server is shutting down", RetryAfter: time.Second}
		}
		s := g.rooms[res]
		if s == nil {
			s = &slot{ready: make(chan struct{}), holders: 1}
			g.rooms[res] = s
			g.mu.Unlock()
			return s, true, nil
		}
		if !s.leaving {
			s.holders++
			if s.timer != nil {
				s.timer.Stop()
				s.timer = nil
			}
			g.mu.Unlock()
			return s, false, nil
		}
		g.mu.Unlock()
		select {
		case <-s.room.done:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
		g.remove(res, s)
	}
}

// open loads the document and starts the room. A failed load refuses the join and writes nothing (SPEC D3).
func (g *Registry) open(res collab.Resource, s *slot) {
	defer close(s.ready)
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	r := &Room{
		id: res, opts: g.opts, opened: g.opts.Now(),
		inbox: make(chan event, inboxEvents), committed: make(chan collab.Committed, 1), reloaded: make(chan reload, 1),
		closing: make(chan struct{}), done: make(chan struct{}),
		peers: map[collab.SessionID]*peer{}, roster: map[collab.SessionID]collab.Member{}, turned: map[collab.SessionID]time.Time{}, said: map[collab.SessionID]standing{}, told: map[string]time.Time{},
		aware: newAwareness(), turn: g.nextTurn(),
	}
	stop := g.opts.Bus.Subscribe(res, g.opts.Instance, func(n collab.Notice) bool { return r.Offer(remote{n}) }) // before the journal is read
	snap, err := g.opts.Journal.Load(ctx, res)
	if err == nil {
		r.live, err = document.Open(res, snap, g.opts.Limits)
		if err != nil {
			g.opts.Metrics.Operations.Quarantine.Inc()
			g.opts.Log.Error("room: document is quarantined", obs.Tenant(res.Tenant), obs.Resource(res.ID), obs.Err(err))
			err = &collab.Error{Code: collab.CodeDocumentQuarantine, Msg: "this record's document cannot be read; nothing was changed", Err: err}
		}
	} else {
		err = &collab.Error{Code: collab.CodeUnavailable, Msg: "the record cannot be read at the moment", RetryAfter: backpressureRetry, Err: err}
	}
	if err != nil {
		stop()
		g.mu.Lock()
		s.err = err
		delete(g.rooms, res) // the next join tries again
		g.mu.Unlock()
		return
	}
	g.opts.Metrics.Operations.Load.Inc()
	g.opts.Metrics.Rooms.Inc()
	g.opts.Metrics.Documents.Inc()
	r.live.Ask(company{r})
	r.position.set(r.live.Head())
	g.mu.Lock()
	s.room, s.stop = r, stop
	g.mu.Unlock()
	g.wg.Go(r.run)
}

// nextTurn spreads the rooms over the rounds of looks at rosters.
func (g *Registry) nextTurn() int { return int(g.turns.Add(1) % rosterRounds) }

// release counts a holder out. The last one starts the room's linger.
func (g *Registry) release(res collab.Resource, s *slot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.holders--
	if s.holders > 0 || s.room == nil || g.rooms[res] != s {
		return
	}
	if g.closed {
		g.leave(s)
		return
	}
	s.timer = time.AfterFunc(g.linger, func() { g.expire(res, s) })
}

// expire closes a room that nobody has held since its linger began.
func (g *Registry) expire(res collab.Resource, s *slot) {
	g.mu.Lock()
	if s.holders > 0 || s.leaving || s.timer == nil {
		g.mu.Unlock()
		return
	}
	g.leave(s)
	g.mu.Unlock()
	<-s.room.done
	g.remove(res, s)
}

// leave tells the room to end. The caller has mu.
func (g *Registry) leave(s *slot) {
	if s.leaving {
		return
	}
	s.leaving = true
	s.stop()
	close(s.room.closing)
}

// remove forgets a room that has ended. Doing it twice changes nothing.
func (g *Registry) remove(res collab.Resource, s *slot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.rooms[res] == s {
		delete(g.rooms, res)
		g.opts.Metrics.Rooms.Dec()
		g.opts.Metrics.Documents.Dec()
	}
}

// Close ends every room, once what is under way is committed, and opens no more.
func (g *Registry) Close(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	for _, s := range g.rooms {
		select {
		case <-s.ready:
			if s.room != nil {
				if s.timer != nil {
					s.timer.Stop()
				}
				g.leave(s)
			}
		default: // being opened: its holder will release it, which ends it
		}
	}
	g.mu.Unlock()
	ended := make(chan struct{})
	go func() { defer close(ended); g.wg.Wait() }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Open returns the number of rooms that are open.
func (g *Registry) Open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.rooms)
}

// find returns an open room without opening it.
func (g *Registry) find(res collab.Resource) *Room {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.rooms[res]; s != nil && !s.leaving {
		select {
		case <-s.ready:
			return s.room
		default:
		}
	}
	return nil
}
