package room

import (
	"slices"
	"time"

	"corsia/shared/collab"
)

// vanished is a lock that was found to have ended when the store was read. Why it ended is known to the instance that ended
// it, whose word is on its way (SPEC L5).
type vanished struct {
	lock collab.Lock
	at   time.Time
}

// vanishPatience is how long that word is awaited.
const vanishPatience = 500 * time.Millisecond

// tellLocks tells the peers what changed since the locks were so.
func (r *Room) tellLocks(before []collab.Lock) {
	now := r.live.Locks()
	for _, l := range before {
		switch at := slices.IndexFunc(now, func(o collab.Lock) bool { return o.Key == l.Key }); {
		case at < 0:
			r.vanished = append(r.vanished, vanished{l, r.opts.Now()})
		case now[at].Fence != l.Fence:
			r.broadcast(&Message{Body: &Unlocked{Resource: r.id.ID, Lock: l, End: endOf(l, now[at])}}, "")
		}
	}
	for _, l := range now {
		if !slices.ContainsFunc(before, func(o collab.Lock) bool { return o.Key == l.Key && o.Fence == l.Fence }) {
			r.broadcast(&Message{Body: &Locked{Resource: r.id.ID, Lock: l}}, "")
		}
	}
}

// unlock ends a lock, and reports whether the peers do not know that yet.
func (r *Room) unlock(l collab.Lock) bool {
	held := r.live.Unlock(l)
	at := slices.IndexFunc(r.vanished, func(v vanished) bool { return v.lock.Key == l.Key && v.lock.Fence == l.Fence })
	if at < 0 {
		return held
	}
	r.vanished = slices.Delete(r.vanished, at, at+1)
	return true
}

// giveUpWaiting tells of locks that ended without anybody's word.
func (r *Room) giveUpWaiting() {
	now := r.opts.Now()
	for len(r.vanished) > 0 && now.Sub(r.vanished[0].at) >= vanishPatience {
		r.broadcast(&Message{Body: &Unlocked{Resource: r.id.ID, Lock: r.vanished[0].lock, End: collab.LockReleased}}, "")
		r.vanished = r.vanished[1:]
	}
	if len(r.vanished) == 0 {
		r.vanished = nil
	}
}
