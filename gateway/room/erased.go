package room

import (
	"corsia/shared/collab"
)

// Erased tells that the content of the resource was erased (RESOURCE_ERASED, SPEC O7): what a client has of it is of a life
// before Epoch.
type Erased struct {
	Resource collab.ResourceID
	Epoch    int64
}

// errFormer refuses what builds on a document that is no more.
func errFormer() *collab.Error {
	return collab.NewError(collab.CodeResyncRequired, "the record begins anew: join again and start from the server's state")
}

// isAnother reports whether a position is of another life of the document than the one here, which existed.
func (r *Room) isAnother(head collab.Head) bool {
	ours := r.live.Head()
	return ours.Revision > 0 && head.Epoch > ours.Epoch
}

// endLife ends the life that the peers know: the document is another one since. What waits builds on the old one and is
// refused, as is all that a peer sends until it joins again; until then it gets nothing of the new one.
func (r *Room) endLife(former int64) {
	for _, p := range r.waiting {
		r.opts.Metrics.JournalQueue.Dec()
		r.answer(p.from, p.ticket, Answer{Err: errFormer()})
	}
	r.waiting, r.waitBytes = nil, 0
	erased := r.live.Erased().Epoch > former
	for _, p := range r.peers {
		if !p.active { // it gets the state of the new life, or is told when it has resumed
			continue
		}
		p.resync, p.former = true, true
		if erased {
			r.tellErased(p)
		}
	}
	if erased {
		r.opts.Compactor.Erased(r.id)
	}
}

func (r *Room) tellErased(p *peer) {
	r.deliver(p, &Message{Body: &Erased{Resource: r.id.ID, Epoch: r.live.Erased().Epoch}})
}

// catchUpLife tells a peer that has resumed, if it joined before the content was erased: it may not have heard of it.
func (r *Room) catchUpLife(p *peer) {
	if erased := r.live.Erased(); erased.Epoch > 0 && !p.member.JoinedAt.After(erased.At) {
		p.resync, p.former = true, true
		r.tellErased(p)
	}
}
