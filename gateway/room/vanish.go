package room

import (
	"slices"
	"time"

	"corsia/shared/collab"
)

// vanished is a lock that was found to have ended when the store was read. Why it ended is known to the instance that ended
// it, whose word is on its way (SPEC L5). Of a lock that has taken its place the peers are told after it.
type vanished struct {
	lock collab.Lock
	at   time.Time
	next *collab.Lock // of the same key; nil: there is none
}

// vanishPatience is how long that word is awaited.
const vanishPatience = 500 * time.Millisecond

// tellLocks tells the peers what changed since the locks were so.
func (r *Room) tellLocks(before []collab.Lock) {
	now := r.live.Locks()
	for _, l := range before {
		switch at := slices.IndexFunc(now, func(o collab.Lock) bool { return o.Key == l.Key }); {
		case at < 0:
			r.vanished = append(r.vanished, vanished{l, r.opts.Now(), nil})
		case now[at].Fence != l.Fence && now[at].User == l.User: // taken over, or locked again: that is plain
			r.broadcast(&Message{Body: superseded(l, collab.LockGranted{Lock: now[at]})}, "")
		case now[at].Fence != l.Fence:
			r.vanished = append(r.vanished, vanished{l, r.opts.Now(), &now[at]})
		}
	}
	for _, l := range now {
		if !slices.ContainsFunc(before, func(o collab.Lock) bool { return o.Key == l.Key && o.Fence == l.Fence }) && !r.awaited(l) {
			r.broadcast(&Message{Body: &Locked{Resource: r.id.ID, Lock: l}}, "")
		}
	}
}

// awaited reports whether the peers are told of a lock when it is known why the one before it ended.
func (r *Room) awaited(l collab.Lock) bool {
	return slices.ContainsFunc(r.vanished, func(v vanished) bool { return v.next != nil && v.next.Key == l.Key && v.next.Fence == l.Fence })
}

// forgetLock ends a lock of whose end the peers will be told.
func (r *Room) forgetLock(l collab.Lock) {
	r.live.Unlock(l)
	r.vanished = slices.DeleteFunc(r.vanished, func(v vanished) bool { return v.lock.Key == l.Key && v.lock.Fence == l.Fence })
}

// ended ends a lock and tells the peers, if they do not know that yet.
func (r *Room) ended(told *Unlocked) {
	l := told.Lock
	held := r.live.Unlock(l)
	at := slices.IndexFunc(r.vanished, func(v vanished) bool { return v.lock.Key == l.Key && v.lock.Fence == l.Fence })
	switch {
	case at >= 0:
		v := r.vanished[at]
		r.vanished = slices.Delete(r.vanished, at, at+1)
		r.tellEnd(told, v.next)
	case held:
		r.tellEnd(told, nil)
	}
}

// tellEnd tells the peers of a lock's end, and of the lock that has taken its place, if that is still in force.
func (r *Room) tellEnd(told *Unlocked, next *collab.Lock) {
	r.broadcast(&Message{Body: told}, "")
	if next != nil && slices.ContainsFunc(r.live.Locks(), func(l collab.Lock) bool { return l.Key == next.Key && l.Fence == next.Fence }) {
		r.broadcast(&Message{Body: &Locked{Resource: r.id.ID, Lock: *next}}, "")
	}
}

// giveUpWaiting tells of locks that ended without anybody's word.
func (r *Room) giveUpWaiting() {
	now := r.opts.Now()
	for len(r.vanished) > 0 && now.Sub(r.vanished[0].at) >= vanishPatience {
		v := r.vanished[0]
		r.vanished = r.vanished[1:]
		r.tellEnd(&Unlocked{Resource: r.id.ID, Lock: v.lock, End: collab.LockReleased}, v.next)
	}
	if len(r.vanished) == 0 {
		r.vanished = nil
	}
}
