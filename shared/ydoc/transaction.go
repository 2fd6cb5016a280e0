package ydoc

// transaction is what has to be known until a change is finished: which
// clients it touched (see clientStructs) and which items may merge again.
type transaction struct {
	touched    []*clientStructs
	candidates []*item
	joining    []*item       // new ones that joined the struct before them when they came
	starting   *item         // result of the latest startingAt
	types      []*sharedType // work list of delete and collect
	collected  bool          // something inside a deleted type was collected
	report     bool          // keep new structs apart from old ones until it ends
}

// touch returns the structs of a client, as part of the transaction.
func (d *Doc) touch(client ClientID) *clientStructs {
	cs := d.structs(client)
	if cs == nil {
		cs = &clientStructs{client: client}
		d.clients[client] = cs
		d.recent = cs
	}
	if !cs.touched {
		cs.touched, cs.before = true, cs.next
		d.txn.touched = append(d.txn.touched, cs)
	}
	return cs
}

// delete marks an item deleted and everything inside it. It works off a list
// instead of recursing: how deep types are nested is up to the input.
func (d *Doc) delete(it *item) {
	d.markDeleted(it)
	for len(d.txn.types) > 0 {
		n := len(d.txn.types) - 1
		t := d.txn.types[n]
		d.txn.types = d.txn.types[:n]
		for child := t.start; child != nil; child = child.right {
			d.deleteInside(child)
		}
		for _, entry := range t.entries {
			d.deleteInside(entry)
		}
	}
}

// deleteInside deletes a child of a deleted type. One that was deleted before
// will be collected entirely now, and may merge then.
func (d *Doc) deleteInside(it *item) {
	if !it.deleted() {
		d.markDeleted(it)
	} else if it.clock < d.structs(it.client).startOfTransaction() {
		d.txn.candidates = append(d.txn.candidates, it)
	}
}

func (d *Doc) markDeleted(it *item) {
	if it.deleted() {
		return
	}
	t := it.parent
	if it.flags&hasKey == 0 && it.countable() {
		t.length -= it.length
	}
	t.textValid = false
	t.cursor.item = nil
	it.flags |= isDeleted | freshDeleted
	cs := d.touch(it.client)
	if n := len(cs.deleted) - 1; n >= 0 && cs.deleted[n].end() == it.clock {
		cs.deleted[n].length += it.length
	} else {
		cs.deleted = append(cs.deleted, clockRange{it.clock, it.length})
	}
	if child := it.child(); child != nil {
		d.txn.types = append(d.txn.types, child)
	}
}

// applyDelete deletes a run of units that the document has.
func (d *Doc) applyDelete(r deleteRange) {
	cs := d.structs(r.client)
	end := r.end()
	p := cs.find(r.clock)
	it := cs.at(p)
	if it.clock < r.clock && !it.deleted() {
		p = cs.insertAfter(p, d.split(it, r.clock-it.clock))
	}
	for more := true; more; p, more = cs.forward(p) {
		s := cs.blocks[p.block][p.index]
		if s.clock >= end {
			return
		}
		if s.dead || s.item.deleted() {
			continue
		}
		it = s.item
		if end < it.end() {
			cs.insertAfter(p, d.split(it, end-it.clock)) // p may be stale now
			d.delete(it)
			return
		}
		d.delete(it)
	}
}

// finish ends a transaction: what it deleted is collected, and structs that
// can be one are merged.
func (d *Doc) finish() {
	for _, cs := range d.txn.touched {
		cs.deleted = normalize(cs.deleted)
		for _, r := range cs.deleted {
			d.collect(cs, r)
		}
	}
	for _, cs := range d.txn.touched {
		for _, r := range cs.deleted {
			if r.clock < cs.before {
				cs.merge(r.clock, r.end())
			}
		}
		if cs.next > cs.before && (len(cs.deleted) > 0 || d.txn.collected) {
			cs.merge(cs.before, cs.next)
		}
	}
	for _, it := range d.txn.joining {
		if it.kind == kindGC || it.left != nil && it.left.precedes(it) && it.left.joins(it) {
			d.structs(it.client).merge(it.clock, it.clock)
		}
	}
	for _, it := range d.txn.candidates {
		cs := d.structs(it.client)
		at := cs.covering(it.clock)
		cs.merge(at.clock, at.end())
	}
	for _, cs := range d.txn.touched {
		cs.touched, cs.deleted, cs.reserved = false, cs.deleted[:0], nil
	}
	d.txn.starting, d.txn.collected = nil, false
	clear(d.txn.touched)
	clear(d.txn.candidates)
	clear(d.txn.joining)
	d.txn.touched, d.txn.candidates, d.txn.joining = d.txn.touched[:0], d.txn.candidates[:0], d.txn.joining[:0]
}

// collect drops the content of what was deleted in a range.
func (d *Doc) collect(cs *clientStructs, r clockRange) {
	p := cs.find(r.clock)
	for more := true; more; p, more = cs.forward(p) {
		it := cs.at(p)
		if it.clock >= r.end() {
			return
		}
		it.flags &^= freshDeleted
		if it.deleted() && it.kind != kindGC && it.kind != kindDeleted {
			d.collectItem(it)
		}
	}
}

// collectItem empties a deleted item, which stays in its list. What was
// inside it leaves nothing but lengths.
func (d *Doc) collectItem(it *item) {
	d.empty(it)
	it.kind = kindDeleted
	for len(d.txn.types) > 0 {
		n := len(d.txn.types) - 1
		t := d.txn.types[n]
		d.txn.types = d.txn.types[:n]
		for child := t.start; child != nil; {
			next := child.right
			d.collectInside(child)
			child = next
		}
		for _, entry := range t.entries {
			for entry != nil {
				older := entry.left
				d.collectInside(entry)
				entry = older
			}
		}
		t.start, t.entries = nil, nil
	}
}

func (d *Doc) collectInside(it *item) {
	d.txn.collected = true
	d.empty(it)
	*it = item{client: it.client, clock: it.clock, length: it.length, kind: kindGC, flags: isDeleted}
}

// empty drops content, and puts the type that it was on the work list.
func (d *Doc) empty(it *item) {
	if child := it.child(); child != nil {
		d.txn.types = append(d.txn.types, child)
	}
	key := it.key()
	it.data, it.detail = nil, nil
	if it.flags&hasKey != 0 {
		it.detail = &detail{key: key}
	}
}
