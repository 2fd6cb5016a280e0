package room

import (
	"context"
	"sync/atomic"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	lookEvery     = time.Second // at the heads of all open rooms (SPEC D4)
	rosterRounds  = 10          // looks until each room's roster was read
	maxRosters    = 256         // rosters read in one look
	watchPatience = 5 * time.Second
)

// position is where a room's document is, for those who look from outside.
type position struct{ revision, guard, epoch atomic.Int64 }

func (p *position) set(h collab.Head) {
	p.revision.Store(h.Revision)
	p.guard.Store(h.Guard)
	p.epoch.Store(h.Epoch)
}

// behind reports whether the document lags behind the store.
func (p *position) behind(h collab.Head) bool {
	return p.revision.Load() < h.Revision || p.guard.Load() < h.Guard || p.epoch.Load() < h.Epoch
}

// behind tells a room where the store is.
type behind struct{ collab.Head }

func (e behind) apply(r *Room) { r.lagsBehind(e.Head) }

// Run hears what other instances say of no room, and looks, until ctx ends, whether the open rooms have missed something that
// they said: at the heads of all every second, at each roster every ten. A Refresh looks at all of it at once.
func (g *Registry) Run(ctx context.Context) {
	defer g.opts.Bus.Subscribe(collab.Everywhere, g.opts.Instance, g.hear)()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for round := 0; ; round++ {
		all := false
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-g.refresh:
			all = true
		}
		rooms := g.openRooms()
		g.lookAtHeads(ctx, rooms)
		g.lookAtRosters(ctx, rooms, round, all)
	}
}

// RunAlone is Run for an instance that has no others: beside it only who owns the store moves heads, by an erasure (SPEC O7).
func (g *Registry) RunAlone(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			g.lookAtHeads(ctx, g.openRooms())
		}
	}
}

// Refresh has Run look at everything soon: word from other instances may have been lost.
func (g *Registry) Refresh() {
	select {
	case g.refresh <- struct{}{}:
	default: // it will, already
	}
}

func (g *Registry) openRooms() []*Room {
	g.mu.Lock()
	defer g.mu.Unlock()
	rooms := make([]*Room, 0, len(g.rooms))
	for _, s := range g.rooms {
		if s.room != nil && !s.leaving {
			rooms = append(rooms, s.room)
		}
	}
	return rooms
}

func (g *Registry) lookAtHeads(ctx context.Context, rooms []*Room) {
	if len(rooms) == 0 {
		return
	}
	ids := make([]collab.Resource, len(rooms))
	for i, r := range rooms {
		ids[i] = r.id
	}
	ctx, cancel := context.WithTimeout(ctx, watchPatience)
	defer cancel()
	heads, err := g.opts.Journal.Heads(ctx, ids)
	if err != nil {
		if ctx.Err() == nil {
			g.opts.Log.Warn("room: look at heads", obs.Err(err))
		}
		return
	}
	for _, r := range rooms {
		if head := heads[r.id]; r.position.behind(head) {
			r.Offer(behind{head}) // one that is full is told a second later
		}
	}
}

func (g *Registry) lookAtRosters(ctx context.Context, rooms []*Room, round int, all bool) {
	ctx, cancel := context.WithTimeout(ctx, watchPatience)
	defer cancel()
	read := 0
	for _, r := range rooms {
		if !all && r.turn != round%rosterRounds || read >= maxRosters {
			continue
		}
		read++
		asked := g.opts.Now()
		members, err := g.opts.Rosters.Members(ctx, r.id)
		if err != nil {
			if ctx.Err() == nil {
				g.opts.Log.Warn("room: look at rosters", obs.Err(err))
			}
			return
		}
		r.Offer(rostered{members: members, asked: asked})
	}
}
