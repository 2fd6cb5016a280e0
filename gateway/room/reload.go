package room

import (
	"context"
	"time"

	"corsia/gateway/document"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// reload is what reading the store brought: the document, or what other instances wrote since a revision.
type reload struct {
	since   *collab.Snapshot // of catchUp; nil: the document was read
	live    *document.Live
	missed  []collab.Entry // committed since the last delivery, by whomever
	err     error          // the store did not answer
	corrupt error          // it answered with a document that does not decode
}

// reload reads the document from the store again: after a failed append, a stale head or a gap. Updates, joins and syncs
// wait; presence, awareness and locks go on.
func (r *Room) reload(cause error) {
	if r.loading {
		return
	}
	r.loading = true
	r.heard, r.heardBytes = nil, 0 // what is read is newer, or the next look at the heads finds out
	wait := time.Duration(0)
	if cause != nil {
		r.log().Error("room: reading the document again", obs.Err(cause))
		r.opts.Metrics.Resyncs.Inc()
		r.failures++
		wait = min(reloadBackoff<<min(r.failures-1, 10), maxReloadBackoff)
	}
	after := r.live.Head().Revision
	go func() { // run waits for it: the room does not close while it is loading
		time.Sleep(wait)
		r.reloaded <- r.read(after)
	}()
}

func (r *Room) readContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), storeReadTimeout)
}

func (r *Room) read(after int64) reload {
	ctx, cancel := r.readContext()
	defer cancel()
	snap, err := r.opts.Journal.Load(ctx, r.id)
	if err != nil {
		return reload{err: err}
	}
	live, err := document.Open(r.id, snap, r.opts.Limits)
	if err != nil {
		return reload{corrupt: err}
	}
	missed, err := r.opts.Journal.Since(ctx, r.id, after)
	if err != nil {
		return reload{err: err}
	}
	tail := missed.Tail
	for len(tail) > 0 && tail[len(tail)-1].Revision > snap.Head.Revision {
		tail = tail[:len(tail)-1]
	}
	return reload{live: live, missed: tail}
}

// resume goes on with the document as the store has it.
func (r *Room) resume(l reload) {
	r.loading = false
	switch {
	case l.err != nil:
		r.requeue()
		r.reload(l.err)
		return
	case l.since != nil:
		r.caughtUp(*l.since)
		return
	case l.corrupt != nil:
		r.quarantine(l.corrupt)
		return
	}
	before, former := r.live.Locks(), r.live.Head().Epoch
	another := r.isAnother(l.live.Head())
	l.live.Succeed(r.live)
	r.live = l.live
	r.cached = state{}
	for _, p := range r.peers {
		if p.client != 0 && !p.resync && !another {
			r.live.Reserve(p.client, p.member.User, p.member.Session)
		}
	}
	if another {
		r.endLife(former)
	}
	r.show(l.missed)
	r.tellLocks(before)
}

// quarantine refuses everything that needs the document, and writes nothing (SPEC D3, F8). Other rooms do not notice.
func (r *Room) quarantine(err error) {
	r.log().Error("room: document is quarantined", obs.Err(err))
	r.opts.Metrics.Operations.Quarantine.Inc()
	r.bad = &collab.Error{Code: collab.CodeDocumentQuarantine, Msg: "this record's document cannot be read; nothing was changed", Err: err}
	r.refuseAll()
}

// giveUp refuses what could not be stored in many tries, with a code that says to try again later: the clients keep it
// (SPEC D2). What the store cannot take may be the fault of the data; the room must not stand still for it.
func (r *Room) giveUp(cause error) {
	r.failures = 0
	for _, p := range r.flying {
		r.opts.Metrics.JournalQueue.Dec()
		if !p.dropped {
			r.answer(p.from, p.ticket, Answer{Err: &collab.Error{Code: collab.CodeUnavailable,
				Msg: "the server could not save this; keep it and send it again", RetryAfter: maxReloadBackoff, Err: cause}})
		}
	}
	r.flying = nil
}

// refuseAll answers all that waits for the document.
func (r *Room) refuseAll() {
	for _, p := range r.waiting {
		r.opts.Metrics.JournalQueue.Dec()
		r.answer(p.from, p.ticket, Answer{Err: r.bad})
	}
	for _, q := range r.reading {
		if !q.resumed {
			r.answer(q.peer, q.ticket, Answer{Err: r.bad})
		}
	}
	r.waiting, r.waitBytes, r.reading = nil, 0, nil
}
