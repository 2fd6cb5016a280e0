package room

import "corsia/shared/collab"

// Granted is a lock that the store has recorded. Then runs when everything up to the grant's revision is delivered
// (SPEC L1); it must not block.
type Granted struct {
	Grant collab.LockGranted
	Then  func()

	told bool // the store told of it before, and so did this room
}

// Extended is a lock that lasts longer now.
type Extended struct{ Lock collab.Lock }

// Ended is a lock whose record the store has closed.
type Ended collab.LockEnded

// Foreign is word of a lock on a resource that is no open room, for those who share a room with its holder (SPEC L1).
type Foreign struct {
	Message any // *Locked or *Unlocked
}

func (e Granted) apply(r *Room) {
	if e.told = r.live.Includes(e.Grant.Head) && !e.Grant.Again; !e.told {
		for _, old := range e.Grant.Superseded {
			r.forgetLock(old)
		}
		r.live.Lock(e.Grant.Lock)
		r.live.RaiseGuard(e.Grant.Head.Guard)
	}
	r.late = append(r.late, e)
	r.applyLate()
}

// applyLate announces grants whose revision is delivered by now.
func (r *Room) applyLate() {
	keep := r.late[:0]
	for _, g := range r.late {
		if g.Grant.Head.Revision > r.live.Head().Revision {
			keep = append(keep, g)
			continue
		}
		g.announce(r)
	}
	clear(r.late[len(keep):])
	r.late = keep
}

func (e Granted) announce(r *Room) {
	for _, old := range e.Grant.Superseded {
		switch {
		case e.told:
			r.ended(superseded(old, e.Grant)) // why it ended the store did not tell
		case old.Session != e.Grant.Lock.Session:
			r.broadcast(&Message{Body: superseded(old, e.Grant)}, "")
		}
	}
	e.Then()
	if !e.told {
		r.broadcast(&Message{Body: &Locked{Resource: r.id.ID, Lock: e.Grant.Lock}}, "")
	}
	r.publish(collab.BusLocked, e.Grant)
}

func (e Extended) apply(r *Room) {
	if r.live.Extend(e.Lock) {
		r.publish(collab.BusExtended, e.Lock)
	}
}

func (e Ended) apply(r *Room) {
	r.ended(&Unlocked{Resource: r.id.ID, Lock: e.Lock, End: e.End})
	r.live.RaiseGuard(e.Head.Guard)
	r.publish(collab.BusUnlocked, collab.LockEnded(e))
}

func (e Foreign) apply(r *Room) {
	var told foreign
	switch m := e.Message.(type) {
	case *Locked:
		told.Locked = m
	case *Unlocked:
		told.Unlocked = m
	}
	r.broadcast(&Message{Body: e.Message}, "")
	r.publish(collab.BusForeign, told)
}
