package room

import (
	"slices"
	"time"

	"corsia/gateway/document"
	"corsia/shared/collab"
)

// Update is a document change made by a peer.
type Update struct {
	From    collab.SessionID
	Payload []byte // owned by the room from here on
	Healing *int64 // the epoch of which it gives back what a restore lost (SPEC D8); nil: it is a new edit
	At      time.Time
	Ticket  Ticket
}

// Seed fills fields that were never written, and notes values of pages that are known to be old (SPEC G4). Client is an id
// that the store granted for it, when there are values.
type Seed struct {
	From   collab.SessionID
	Client collab.ClientID
	Values []collab.Seed
	Known  []collab.Seed
	At     time.Time
	Ticket Ticket
}

// pending is an update or a seed on its way: waiting to be judged, then flying to the store.
type pending struct {
	from    *peer
	payload []byte
	healing *int64
	seed    *Seed
	at      time.Time
	ticket  Ticket

	// The event of its refusal, made once: the store may have kept it though its answer was lost, and keeps no event twice.
	event collab.AuditRow

	// Set when it was judged.
	checked document.Checked
	seeded  *document.Seeded
	refusal error
	entry   bool // it became a row of the journal
	first   bool // judged as its session's first update
	audited bool // its refusal is part of the batch
	dropped bool // answered already, not to be tried again
}

func (e Update) apply(r *Room) {
	r.enqueue(pending{from: r.peers[e.From], payload: e.Payload, healing: e.Healing, at: e.At, ticket: e.Ticket})
}

func (e Seed) apply(r *Room) {
	size := 0
	for _, s := range slices.Concat(e.Values, e.Known) {
		size += len(s.Field) + len(s.Value)
	}
	p := pending{from: r.peers[e.From], seed: &e, at: e.At, ticket: e.Ticket}
	p.payload = make([]byte, 0, size) // counts against the bound
	r.enqueue(p)
}

// enqueue keeps an update until the room can judge it. A full queue refuses it: nothing is lost, the client keeps it.
func (r *Room) enqueue(p pending) {
	if p.from == nil {
		return // left meanwhile: the client was never told that it is saved
	}
	if len(r.waiting) >= maxWaitingUpdates || r.waitBytes+cap(p.payload) > maxWaitingBytes {
		r.answer(p.from, p.ticket, Answer{Err: &collab.Error{Code: collab.CodeBackpressure,
			Msg: "too many updates wait to be saved; keep this one and send it again", RetryAfter: backpressureRetry}})
		return
	}
	r.waiting = append(r.waiting, p)
	r.waitBytes += cap(p.payload)
	r.opts.Metrics.JournalQueue.Inc()
}

func (r *Room) answer(p *peer, t Ticket, a Answer) {
	a.Resource = r.id.ID
	p.Answer(t, a)
}
