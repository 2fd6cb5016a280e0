package room

import (
	"context"
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
	if r := g.find(grant.Lock.Key.Resource); r != nil {
		if g.send(r, Granted{Grant: grant, Then: then}) {
			return
		}
	}
	g.opts.publish(grant.Lock.Key.Resource, collab.BusLocked, grant)
	for _, old := range grant.Superseded { // the old tab is told (SPEC L3)
		g.tell(old, &Unlocked{Resource: old.Key.Resource.ID, Lock: old, End: endOf(old, grant.Lock)})
	}
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
	g.opts.publish(lock.Key.Resource, collab.BusUnlocked, Ended{Lock: lock, End: end, Head: head})
	g.tell(lock, &Unlocked{Resource: lock.Key.Resource.ID, Lock: lock, End: end})
}

// Departed tells those in the room, on all instances, that a session is gone whose instance could not say so.
func (g *Registry) Departed(m collab.Member, reason string) {
	if r := g.find(m.Resource); r != nil && g.send(r, Departed{Member: m, Reason: reason}) {
		return
	}
	g.opts.publish(m.Resource, collab.BusLeft, left{Session: m.Session, Reason: reason})
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
