package room

import (
	"context"
	"encoding/json"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const announceTimeout = 5 * time.Second

// Entered notes that a session of this instance is in a room, so that it hears of locks elsewhere that its colleagues
// hold.
func (g *Registry) Entered(id collab.SessionID, res collab.Resource) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.joined[id] == nil {
		g.joined[id] = map[collab.Resource]bool{}
	}
	g.joined[id][res] = true
}

// Left forgets it.
func (g *Registry) Left(id collab.SessionID, res collab.Resource) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.joined[id], res)
	if len(g.joined[id]) == 0 {
		delete(g.joined, id)
	}
}

// audience returns the open rooms that a session has joined.
func (g *Registry) audience(id collab.SessionID) []*Room {
	g.mu.Lock()
	defer g.mu.Unlock()
	var rooms []*Room
	for res := range g.joined[id] {
		if s := g.rooms[res]; s != nil && s.room != nil && !s.leaving {
			rooms = append(rooms, s.room)
		}
	}
	return rooms
}

// Granted announces a lock to its room, or to the rooms that its holder has joined when the resource is no open room
// (SPEC L1). Then runs once: when everything up to the grant's revision is delivered.
func (g *Registry) Granted(grant collab.LockGranted, then func()) {
	for _, old := range grant.Superseded {
		if old.Session != grant.Lock.Session {
			g.tellHolder(superseded(old, grant))
		}
	}
	if r := g.find(grant.Lock.Key.Resource); r != nil {
		if g.send(r, Granted{Grant: grant, Then: then}) {
			return
		}
	}
	g.opts.publish(grant.Lock.Key.Resource, collab.BusLocked, grant)
	then()
	g.tell(grant.Lock, &Locked{Resource: grant.Lock.Key.Resource.ID, Lock: grant.Lock})
}

// Extended tells the room until when a lock lasts now, for those who join later.
func (g *Registry) Extended(lock collab.Lock) {
	if r := g.find(lock.Key.Resource); r != nil {
		g.send(r, Extended{Lock: lock})
		return
	}
	g.opts.publish(lock.Key.Resource, collab.BusExtended, lock)
}

// Ended announces the end of a lock likewise.
func (g *Registry) Ended(lock collab.Lock, end collab.LockEnd, head collab.Head) {
	if r := g.find(lock.Key.Resource); r != nil {
		if g.send(r, Ended{Lock: lock, End: end, Head: head}) {
			return
		}
	}
	g.opts.publish(lock.Key.Resource, collab.BusUnlocked, collab.LockEnded{Lock: lock, End: end, Head: head})
	g.tell(lock, &Unlocked{Resource: lock.Key.Resource.ID, Lock: lock, End: end})
}

// Departed tells those in the room, on all instances, that a session is gone whose instance could not say so.
func (g *Registry) Departed(m collab.Member, reason string) {
	if r := g.find(m.Resource); r != nil && g.send(r, Departed{Member: m, Reason: reason}) {
		return
	}
	g.opts.publish(m.Resource, collab.BusLeft, left{Session: m.Session, Reason: reason})
}

// tellHolder tells who had a lock that another session's grant has ended, if it is not in that room, which will say so
// (SPEC L3, L7).
func (g *Registry) tellHolder(told *Unlocked) {
	session, res := told.Lock.Session, told.Lock.Key.Resource
	g.mu.Lock()
	rooms, here := g.joined[session]
	inRoom := rooms[res]
	g.mu.Unlock()
	switch {
	case inRoom:
	case here:
		g.tell(told.Lock, told)
	case g.opts.Bus.Heard(collab.Everywhere, g.opts.Instance):
		g.opts.publish(collab.Everywhere, collab.BusForeign, foreign{Unlocked: told})
	}
}

// hear tells a holder of this instance what another instance says of its lock.
func (g *Registry) hear(n collab.Notice) bool {
	var f foreign
	if n.Kind != collab.BusForeign || json.Unmarshal(n.Body, &f) != nil || f.Unlocked == nil {
		return true // of another part, or of another version
	}
	lock := f.Unlocked.Lock
	g.mu.Lock()
	inRoom := g.joined[lock.Session][lock.Key.Resource]
	g.mu.Unlock()
	if inRoom {
		return true
	}
	for _, r := range g.audience(lock.Session) {
		if r.id.Tenant == lock.Key.Resource.Tenant {
			r.Offer(Foreign{Message: f.Unlocked}) // full: the holder learns it when it uses the lock
		}
	}
	return true
}

func (g *Registry) tell(lock collab.Lock, body any) {
	for _, r := range g.audience(lock.Session) {
		if r.id.Tenant == lock.Key.Resource.Tenant {
			g.send(r, Foreign{Message: body})
		}
	}
}

func (g *Registry) send(r *Room, ev event) bool {
	ctx, cancel := context.WithTimeout(context.Background(), announceTimeout)
	defer cancel()
	if err := r.Send(ctx, ev); err != nil {
		r.log().Warn("room: announcement", obs.Err(err))
		return false
	}
	return true
}
