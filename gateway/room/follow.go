package room

import (
	"cmp"
	"slices"

	"corsia/shared/collab"
)

// hear keeps rows that another instance committed until they follow the head (SPEC D4). Instances publish at the same
// time: a row may come before the one that precedes it, and while an append of this instance is under way its outcome says
// what comes next.
func (r *Room) hear(u updates) {
	if next := (collab.Head{Epoch: u.Epoch}); r.isAnother(next) { // rows of a life before are below the head
		r.lagsBehind(next)
		return
	}
	r.live.Seeded(u.Seeds)
	for _, e := range u.Entries {
		if e.Revision <= r.live.Head().Revision {
			continue
		}
		at, known := slices.BinarySearchFunc(r.heard, e.Revision, func(e collab.Entry, revision int64) int {
			return cmp.Compare(e.Revision, revision)
		})
		if !known && len(r.heard) < maxHeardEntries && r.heardBytes+len(e.Update) <= maxHeardBytes {
			r.heard = slices.Insert(r.heard, at, e)
			r.heardBytes += len(e.Update)
		}
	}
}

// follow applies and shows the rows that follow the head, and returns them. False says that they do not fit: the document
// is read again.
func (r *Room) follow() (rows []collab.Entry, ok bool) {
	if len(r.heard) == 0 {
		return nil, true
	}
	next := r.live.Head().Revision + 1
	from := 0
	for from < len(r.heard) && r.heard[from].Revision < next {
		from++
	}
	to := from
	for to < len(r.heard) && r.heard[to].Revision == next {
		to, next = to+1, next+1
	}
	for _, e := range r.heard[:to] {
		r.heardBytes -= len(e.Update)
	}
	rows = r.heard[from:to]
	if r.heard = r.heard[to:]; len(r.heard) == 0 {
		r.heard = nil
	}
	if len(rows) == 0 {
		return nil, true
	}
	if err := r.live.ApplyRemote(rows); err != nil {
		r.reload(err)
		return nil, false
	}
	r.show(rows)
	return rows, true
}

// show delivers rows that are committed and applied, and what waited for them.
func (r *Room) show(rows []collab.Entry) {
	for _, e := range rows {
		delete(r.said, e.Session) // it writes, whatever was said of it
		r.broadcast(&Message{Body: &Updated{Resource: r.id.ID, Update: e.Update, User: e.User, Session: e.Session,
			Revision: e.Revision}}, "")
	}
	r.applyLate()
}

// lagsBehind notes a position that the store has reached.
func (r *Room) lagsBehind(head collab.Head) {
	if head.Epoch > r.wanted.Epoch {
		r.wanted = head
	}
	r.wanted.Revision, r.wanted.Guard = max(r.wanted.Revision, head.Revision), max(r.wanted.Guard, head.Guard)
}

// fetch reads what the document lacks of the position that the store is known to have reached.
func (r *Room) fetch() {
	head := r.live.Head()
	if r.isAnother(r.wanted) {
		r.wanted, r.unsure = collab.Head{}, false
		r.reload(nil)
		return
	}
	if r.unsure || r.wanted.Epoch > head.Epoch || r.wanted.Revision > head.Revision || r.wanted.Guard > head.Guard {
		r.wanted, r.unsure = collab.Head{}, false
		r.catchUp()
	}
}

// fallBehind deals with an append that found the head further on. As a rule another instance appended, and tells of its rows
// at this moment: they are awaited, as they cost nothing. What else moved a head the journal tells.
func (r *Room) fallBehind(met collab.Head) {
	ours := r.live.Head()
	r.lost++
	if r.isAnother(met) {
		r.requeue()
		r.reload(nil)
		return
	}
	if met.Guard != ours.Guard || met.Epoch != ours.Epoch || met.Revision <= ours.Revision {
		r.catchUp()
		return
	}
	r.overtaken = met.Revision
	r.rejoin()
}

// rejoin follows the rows that overtook an append, and appends again once all of them have come.
func (r *Room) rejoin() {
	rows, ok := r.follow()
	switch {
	case !ok:
		r.requeue()
	case !r.stands(rows):
		r.requeue()
		r.reload(nil)
	case r.live.Head().Revision >= r.overtaken:
		r.overtaken = 0
		r.resubmit()
	}
}

// fillGap reads the rows that did not come.
func (r *Room) fillGap() {
	r.giveUpWaiting()
	if r.overtaken > 0 || len(r.heard) > 0 && len(r.flying) == 0 {
		r.catchUp()
	}
}

// catchUp reads what other instances wrote since the head. What is under way waits for it.
func (r *Room) catchUp() {
	if r.loading {
		return
	}
	r.loading, r.overtaken, r.claimed = true, 0, 0
	if n := len(r.heard); n > 0 {
		r.claimed = r.heard[n-1].Revision
	}
	after := r.live.Head().Revision
	go func() { r.reloaded <- r.since(after) }() // run waits for it, as for a reload
}

func (r *Room) since(after int64) reload {
	ctx, cancel := r.readContext()
	defer cancel()
	s, err := r.opts.Journal.Since(ctx, r.id, after)
	return reload{since: &s, err: err}
}

// caughtUp brings the document up to the store. Updates under way whose judgement stands are appended again behind what is
// new; otherwise the document, which has them already, is read again and they are judged anew (SPEC D2b).
func (r *Room) caughtUp(s collab.Snapshot) {
	if r.isAnother(s.Head) {
		r.requeue()
		r.reload(nil)
		return
	}
	before := r.live.Locks()
	if err := r.live.CatchUp(s); err != nil {
		r.requeue()
		r.reload(err)
		return
	}
	r.disbelieve(s.Head.Revision)
	r.opts.Metrics.CaughtUp.Add(float64(len(s.Tail)))
	r.show(s.Tail)
	r.tellLocks(before)
	switch {
	case len(r.flying) == 0:
	case r.stands(s.Tail):
		r.resubmit()
	default:
		r.requeue()
		r.reload(nil)
	}
}

// disbelieve forgets rows beyond the store's head that were heard of before it was read: they are not committed, or were taken
// back by a restore. Waiting for those before them would never end.
func (r *Room) disbelieve(head int64) {
	r.heard = slices.DeleteFunc(r.heard, func(e collab.Entry) bool {
		lie := e.Revision > head && e.Revision <= r.claimed
		if lie {
			r.heardBytes -= len(e.Update)
		}
		return lie
	})
}

// stands reports whether what is under way would be judged the same after the rows of others.
func (r *Room) stands(tail []collab.Entry) bool {
	for i := range r.flying {
		p := &r.flying[i]
		if !p.entry {
			continue
		}
		if p.seeded != nil || !r.live.Stands(p.writer(), p.checked, tail) {
			return false
		}
	}
	return true
}

// resubmit appends what is under way behind the head as it is now, and with it what has come to wait: among instances that
// overtake each other the one that is next commits what it has.
func (r *Room) resubmit() {
	bytes := 0
	for i := range r.flying {
		bytes += cap(r.flying[i].payload)
	}
	if before := len(r.flying); len(r.waiting) > 0 && before < r.most() && bytes < maxBatchBytes {
		r.flying = append(r.flying, r.take(r.most()-before, maxBatchBytes-bytes)...)
		if !r.judge(r.flying[before:]) {
			return
		}
	}
	r.appendBatch()
}
