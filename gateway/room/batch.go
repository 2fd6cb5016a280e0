package room

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"corsia/gateway/document"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// next starts what can be started: reads first, while nothing uncommitted is in the document, then one append of all
// that waits. While it is under way the room gathers the next.
func (r *Room) next() {
	if r.overtaken > 0 && len(r.heard) > 0 && !r.loading {
		r.rejoin()
	}
	for len(r.flying) == 0 && !r.loading {
		r.follow()
		r.fetch()
		if r.loading {
			return
		}
		r.serveReads()
		if len(r.waiting) == 0 {
			return
		}
		r.flying = r.take(r.most(), maxBatchBytes)
		r.batch = collab.Batch{Resource: r.id}
		if !r.judge(r.flying) {
			return
		}
		if b := &r.batch; len(b.Entries)+len(b.Audit)+len(b.Bind)+len(b.Seeds) > 0 {
			r.appendBatch()
			return
		}
		r.finish(r.live.Head()) // nothing to store: all known already, or refused
	}
}

// most returns how many updates one append may hold.
func (r *Room) most() int {
	if r.contested || r.lost > 0 {
		return maxContested
	}
	return maxBatchEntries
}

// take moves waiting updates out of the queue: as many as fit, and at least one.
func (r *Room) take(most, bytes int) []pending {
	n, size := 0, 0
	for n < len(r.waiting) && n < most && (n == 0 || size+cap(r.waiting[n].payload) <= bytes) {
		size += cap(r.waiting[n].payload)
		n++
	}
	r.waitBytes -= size
	if n == len(r.waiting) { // as a rule: two slices take turns
		taken := r.waiting
		r.waiting, r.spare = r.spare, nil
		return taken
	}
	taken := slices.Concat(r.waiting[:n])
	rest := copy(r.waiting, r.waiting[n:])
	clear(r.waiting[rest:])
	r.waiting = r.waiting[:rest]
	return taken
}

// judge checks and applies updates that are flying now, in order, and adds what to store to the batch. The document runs
// ahead of the store from here until the append has settled; nothing of it leaves the room. False says that the document is
// read again, and the updates wait.
func (r *Room) judge(flying []pending) bool {
	batch := &r.batch
	for i := range flying {
		p := &flying[i]
		p.refusal, p.entry, p.seeded = nil, false, nil
		var row collab.Entry
		if p.seed != nil {
			row, p.refusal = r.judgeSeed(p, batch)
		} else {
			row, p.refusal = r.judgeUpdate(p, batch)
		}
		if p.refusal != nil || len(row.Update) == 0 {
			continue
		}
		row.User, row.Session, row.At = p.from.member.User, p.from.member.Session, p.at
		p.entry = true
		batch.Entries = append(batch.Entries, row)
	}
	if r.loading {
		r.requeue()
		return false
	}
	return true
}

// appendBatch has the store append the batch behind the head.
func (r *Room) appendBatch() {
	r.batch.Expect = r.live.Head()
	for i := range r.batch.Entries {
		r.batch.Entries[i].Revision = r.batch.Expect.Revision + 1 + int64(i)
	}
	r.auditHealed()
	r.opts.Journal.Append(r.batch, r.committed)
}

func (r *Room) judgeUpdate(p *pending, batch *collab.Batch) (collab.Entry, error) {
	from := p.from
	if from.resync {
		return collab.Entry{}, collab.NewError(collab.CodeResyncRequired, "an earlier update was refused: join again and start from the server's state")
	}
	p.first = p.first || from.first
	w := p.writer()
	check, refuse := r.live.Check, r.refuse
	if p.healing != nil {
		check, refuse = r.healing(p), r.refuseHealing
	}
	checked, err := check(w, p.payload)
	p.checked = checked
	if err != nil {
		return collab.Entry{}, refuse(p, w, collab.AsError(err), batch)
	}
	from.first = from.first && p.healing != nil
	if err := r.live.Apply(checked); err != nil { // the engine broke its word: start again from the store without it
		r.answer(from, p.ticket, Answer{Err: err})
		p.dropped = true
		r.reload(err)
		return collab.Entry{}, err
	}
	if r.peers[w.Session] == nil { // left while it waited: the same user may go on under its ids
		r.live.Release(w.Session)
	}
	batch.Bind, batch.Retire = append(batch.Bind, checked.Bind...), append(batch.Retire, checked.Retire...)
	return collab.Entry{Update: checked.Update, Clients: checked.Clients, Fields: checked.Fields}, nil
}

func (r *Room) judgeSeed(p *pending, batch *collab.Batch) (collab.Entry, error) {
	w := p.writer()
	if p.from.former { // what its page shows is of the life before
		return collab.Entry{}, errFormer()
	}
	if len(p.seed.Values) > 0 && r.seedsWait() {
		return collab.Entry{}, &collab.Error{Code: collab.CodeBackpressure, RetryAfter: seedRetry,
			Msg: "what was in the fields before a restore may come back; ask again later"}
	}
	seeded, err := r.live.Seed(w, p.seed.Client, p.seed.Values, p.seed.Known)
	if err != nil {
		return collab.Entry{}, err
	}
	p.seeded = &seeded
	batch.Seeds = append(batch.Seeds, seeded.Seeds...)
	if len(seeded.Update) == 0 {
		return collab.Entry{}, nil
	}
	batch.Bind = append(batch.Bind, collab.Owner{Client: p.seed.Client, User: w.User, Session: w.Session, Used: true,
		Epoch: r.live.Head().Epoch})
	r.opts.Metrics.Operations.Seed.Inc()
	return collab.Entry{Update: seeded.Update, Clients: []collab.ClientID{p.seed.Client}, Fields: seeded.Fields}, nil
}

// refuse notes a refusal. Those of locks and of foreign client ids are audited, end the use of the session's client ids
// and ask it to start again (SPEC D2c).
func (r *Room) refuse(p *pending, w document.Writer, err *collab.Error, batch *collab.Batch) error {
	if d, ok := err.Detail.(document.Unsettled); ok {
		r.inquire(d.Session)
	}
	if err.Code != collab.CodeUpdateRejected && err.Code != collab.CodeForeignClient {
		return err
	}
	if rejected, ok := err.Detail.(document.Rejected); ok {
		err.Detail = Rejected{Rejected: rejected, Revision: r.live.Head().Revision}
	}
	p.from.resync, p.audited = true, true
	retired, fresh := r.live.Retire(w, p.checked.Clients)
	batch.Retire, batch.Bind = append(batch.Retire, retired...), append(batch.Bind, fresh...)
	for _, o := range fresh {
		retired = append(retired, o.Client)
	}
	if p.event.EventID == "" {
		p.event = r.opts.Audit(Refusal{Resource: r.id, Member: p.from.member, Err: err,
			Revision: r.live.Head().Revision, Retired: retired})
	}
	batch.Audit = append(batch.Audit, p.event)
	r.opts.Metrics.Resyncs.Inc()
	return err
}

// settle takes the outcome of an append.
func (r *Room) settle(c collab.Committed) {
	switch {
	case c.Err == nil:
		r.failures = 0
		r.contested, r.lost = r.lost > 0, 0
		r.finish(c.Head)
	case errors.Is(c.Err, collab.ErrStale):
		r.fallBehind(c.Head) // another instance appended, or a lock changed: take what is new, check again, append again (SPEC D2b)
	case r.failures >= maxFailures:
		r.giveUp(c.Err)
		r.reload(c.Err)
	default:
		// The outcome may be unknown. The updates wait in front; reading the journal tells which of them it holds:
		// those reduce to nothing and are acknowledged, the others are appended again, in order.
		r.requeue()
		r.reload(c.Err)
	}
}

// requeue puts the flying updates back in front of those that wait, as if they had not been judged.
func (r *Room) requeue() {
	again := make([]pending, 0, len(r.flying)+len(r.waiting))
	for _, p := range r.flying {
		if p.dropped {
			r.opts.Metrics.JournalQueue.Dec()
			continue
		}
		if p.audited {
			p.from.resync = false
		}
		p.checked, p.audited = document.Checked{}, false
		r.waitBytes += cap(p.payload)
		again = append(again, p)
	}
	r.waiting = append(again, r.waiting...)
	r.flying, r.overtaken = nil, 0
}

// finish acknowledges, delivers and publishes what is committed now, in this order for each update (SPEC D2e).
func (r *Room) finish(head collab.Head) {
	flying := r.flying
	r.flying = nil
	revision := r.live.Head().Revision
	r.live.Advance(head)
	var entries []collab.Entry
	var seeds []collab.Seed
	heard := r.opts.Bus.Heard(r.id, r.opts.Instance)
	bytes := 0
	now := r.opts.Now()
	for i := range flying {
		p := &flying[i]
		r.opts.Metrics.JournalQueue.Dec()
		if p.refusal != nil {
			r.answer(p.from, p.ticket, Answer{Revision: revision, Err: p.refusal})
			continue
		}
		if heard && p.seeded != nil {
			seeds = append(seeds, p.seeded.Seeds...)
		}
		if !p.entry {
			r.acknowledge(p, revision)
			continue
		}
		revision++
		entry := p.row(revision)
		r.acknowledge(p, revision)
		r.broadcast(&Message{Body: &Updated{Resource: r.id.ID, Update: entry.Update, User: entry.User,
			Session: entry.Session, Revision: revision}}, p.sender())
		if heard {
			entries = append(entries, entry)
		}
		bytes += len(entry.Update)
		r.opts.Metrics.Operations.Update.Inc()
		r.opts.Metrics.MessageLatency.Observe(now.Sub(p.at).Seconds())
	}
	if len(entries)+len(seeds) > 0 {
		r.publish(collab.BusUpdates, updates{Epoch: head.Epoch, Entries: entries, Seeds: seeds})
	}
	if bytes > 0 {
		r.opts.Compactor.Changed(r.id, bytes)
	}
	clear(flying)
	r.spare, r.batch = flying[:0], collab.Batch{}
	r.applyLate()
}

func (r *Room) acknowledge(p *pending, revision int64) {
	if p.seeded != nil {
		r.answer(p.from, p.ticket, Answer{Revision: revision, Body: p.seeded})
		return
	}
	r.answer(p.from, p.ticket, Answer{Revision: revision})
}

// writer is who an update is judged for.
func (p *pending) writer() document.Writer {
	return document.Writer{Session: p.from.member.Session, User: p.from.member.User, First: p.first}
}

// row returns the journal row that the update became.
func (p *pending) row(revision int64) collab.Entry {
	e := collab.Entry{Revision: revision, Update: p.checked.Update, User: p.from.member.User,
		Session: p.from.member.Session, Clients: p.checked.Clients, Fields: p.checked.Fields, At: p.at,
		Healed: p.healing != nil}
	if p.seeded != nil {
		e.Update, e.Fields, e.Clients = p.seeded.Update, p.seeded.Fields, []collab.ClientID{p.seed.Client}
	}
	return e
}

// sender returns whom a delivery leaves out: the author of an update has it already, the author of a seed has not.
func (p *pending) sender() collab.SessionID {
	if p.seeded != nil {
		return ""
	}
	return p.from.member.Session
}

func (r *Room) publish(kind collab.BusKind, body any) {
	if !r.opts.Bus.Heard(r.id, r.opts.Instance) {
		return
	}
	r.opts.publish(r.id, kind, body)
}

// publish tells the other instances something about a resource. What is lost, the journal and the state driver repeat.
func (o *Options) publish(res collab.Resource, kind collab.BusKind, body any) {
	encoded, err := json.Marshal(body)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), publishTimeout)
		defer cancel()
		err = o.Bus.Publish(ctx, collab.Notice{Resource: res, From: o.Instance, Kind: kind, Body: encoded})
	}
	if err != nil {
		o.Log.Debug("bus: publish", obs.Resource(res.ID), obs.Event(string(kind)), obs.Err(err)) // the bus counts what it drops
	}
}
