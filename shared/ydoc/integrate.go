package ydoc

import "slices"

// inPlaceFrom is the number of structs from which a document keeps the slab
// that they were decoded into instead of copying them one by one.
const inPlaceFrom = 16

// integrateAll integrates the scheduled structs of an update.
func (d *Doc) integrateAll(u *decoded) {
	inPlace := len(u.order) >= inPlaceFrom && len(u.order) >= len(u.items)/2
	var kept []byte // content of all structs, so that it does not alias the input
	if inPlace {
		kept = make([]byte, 0, u.content)
		for _, g := range u.groups {
			if g.next > g.first {
				d.touch(g.client).reserve(g.next - g.first)
			}
		}
	}
	for _, i := range u.order {
		it := &u.items[i]
		if !inPlace && !d.txn.report && d.extend(it) {
			continue
		}
		var parent *wireParent
		if it.flags&explicitParent != 0 {
			parent = &u.parents[it.stamp]
		}
		if inPlace {
			start := len(kept)
			kept = append(kept, it.data...)
			it.data = kept[start:len(kept):len(kept)]
		} else {
			decoded := it
			it = new(item)
			*it = *decoded
			it.data = slices.Clone(it.data)
		}
		it.stamp = 0
		d.integrate(it, parent)
	}
	if inPlace {
		u.items = nil
	}
}

// extend appends text to the client's newest struct, if that is all that
// integrating and merging would come to: somebody goes on typing.
func (d *Doc) extend(it *item) bool {
	if it.kind != kindString || it.flags&hasOrigin == 0 || it.originClient != it.client || it.originClock != it.clock-1 {
		return false
	}
	cs := d.structs(it.client)
	if cs == nil || cs.next != it.clock {
		return false
	}
	last := cs.last()
	if last.kind != kindString || last.flags&(isDeleted|hasKey) != 0 || !last.sameRightOrigin(it) {
		return false
	}
	if r := last.right; r == nil && it.flags&hasRightOrigin != 0 ||
		r != nil && (it.flags&hasRightOrigin == 0 || r.client != it.rightClient || r.clock != it.rightClock) {
		return false
	}
	last.data = append(last.data, it.data...)
	last.length += it.length
	cs.next += it.length
	t := last.parent
	t.length += it.length
	t.textValid = false
	t.cursor.item = nil
	return true
}

// integrate puts one struct, all of whose dependencies are present, into the
// document. What the document has of it already is left out.
func (d *Doc) integrate(it *item, parent *wireParent) {
	cs := d.touch(it.client)
	offset := cs.next - it.clock
	if it.kind == kindGC {
		it.clock += offset
		it.length -= offset
		d.append(cs, it)
		return
	}
	if offset > 0 {
		it.trimFront(offset)
	}
	d.resolve(it, parent)
	if it.parent == nil { // what it belongs to is collected, so it is too
		*it = item{client: it.client, clock: it.clock, length: it.length, kind: kindGC, flags: isDeleted}
		d.append(cs, it)
		return
	}
	if it.left == nil && (it.right == nil || it.right.left != nil) || it.left != nil && it.left.right != it.right {
		it.left = d.leftNeighbour(it)
	}
	d.link(it)
	d.append(cs, it)
	d.settle(it)
}

// append adds a linked item to the structs of its client.
func (d *Doc) append(cs *clientStructs, it *item) {
	if last := cs.last(); last != nil && last.joins(it) {
		d.txn.joining = append(d.txn.joining, it)
	}
	cs.append(it)
}

// resolve finds the neighbours that the item names and the parent it has by
// them. The parent stays nil if any of it is collected.
func (d *Doc) resolve(it *item, parent *wireParent) {
	collected := false
	if it.flags&hasRightOrigin != 0 {
		it.right = d.startingAt(it.rightClient, it.rightClock)
		it.setRightOrigin(it.right.client, it.right.clock)
		collected = it.right.kind == kindGC
	}
	if it.flags&hasOrigin != 0 {
		if r := it.right; r != nil && r.left != nil && r.left.endsWith(it.originClient, it.originClock) {
			it.left = r.left
		} else {
			it.left = d.endingAt(it.originClient, it.originClock)
		}
		it.setOrigin(it.left.client, it.left.end()-1)
		collected = collected || it.left.kind == kindGC
	}
	switch {
	case collected:
	case it.flags&rootParent != 0:
		it.parent = d.root(parent.root)
		it.adoptKey(parent.key)
	case it.flags&itemParent != 0:
		it.parent = d.structs(parent.client).covering(parent.clock).child()
		it.adoptKey(parent.key)
	case it.left != nil:
		it.parent = it.left.parent
		it.copyKey(it.left)
	case it.right != nil:
		it.parent = it.right.parent
		it.copyKey(it.right)
	}
	it.flags &^= explicitParent | foreign
}

// adoptKey makes the item an entry under key, if it has one. The string of an
// older entry is shared.
func (it *item) adoptKey(key []byte) {
	if it.flags&hasKey == 0 || it.parent == nil {
		return
	}
	if older := it.parent.entries[string(key)]; older != nil {
		it.copyKey(older)
		return
	}
	it.setKey(string(key))
}

func (it *item) copyKey(from *item) {
	if from.flags&hasKey != 0 {
		it.setKey(from.key())
	}
}

func (it *item) setKey(key string) {
	it.flags |= hasKey
	if it.detail == nil {
		it.detail = &detail{}
	}
	it.detail.key = key
}

// trimFront drops the first units, which the document has already. The rest
// follows them, wherever they are, exactly as it does for a peer that is sent
// only the rest.
func (it *item) trimFront(units uint32) {
	var rest item
	it.cutContent(&rest, units)
	switch it.kind {
	case kindAny, kindJSON:
		it.detail = rest.detail
		fallthrough
	case kindString:
		it.data = rest.data
	}
	it.clock += units
	it.length -= units
	it.flags &^= explicitParent | hasKey
	it.setOrigin(it.client, it.clock-1)
}

// leftNeighbour decides after which item a new one stands when others were
// written at the same place at the same time: the conflict resolution of
// YATA, which every peer does alike.
func (d *Doc) leftNeighbour(it *item) *item {
	left := it.left
	o := it.firstConflict()
	first := d.nextScan()
	for ; o != nil && o != it.right; o = o.right {
		o.stamp = d.scan
		switch {
		case it.sameOrigin(o):
			if o.client < it.client {
				left = o
				d.scan++ // those passed so far no longer conflict
			} else if it.sameRightOrigin(o) {
				return left
			}
		case o.flags&hasOrigin != 0:
			origin := d.structs(o.originClient).covering(o.originClock)
			if origin.stamp < first {
				return left
			}
			if origin.stamp != d.scan {
				left = o
				d.scan++
			}
		default:
			return left
		}
	}
	return left
}

// firstConflict is the item that stands where the new one wants to be.
func (it *item) firstConflict() *item {
	switch {
	case it.left != nil:
		return it.left.right
	case it.flags&hasKey != 0:
		return leftmost(it.parent.entries[it.key()])
	}
	return it.parent.start
}

func leftmost(it *item) *item {
	for it != nil && it.left != nil {
		it = it.left
	}
	return it
}

// nextScan returns the first stamp of a new conflict scan. Stamps of earlier
// scans are less, so nothing has to be cleared but once in billions.
func (d *Doc) nextScan() uint32 {
	if d.scan >= maxClock {
		for _, cs := range d.clients {
			for _, block := range cs.blocks {
				for _, s := range block {
					s.item.stamp = 0
				}
			}
		}
		d.scan = 0
	}
	d.scan++
	return d.scan
}

// link puts the item after its left neighbour in the list or the entry.
func (d *Doc) link(it *item) {
	t := it.parent
	switch {
	case it.left != nil:
		it.right = it.left.right
		it.left.right = it
	case it.flags&hasKey != 0:
		it.right = leftmost(t.entries[it.key()])
	default:
		it.right = t.start
		t.start = it
	}
	if it.right != nil {
		it.right.left = it
	} else if it.flags&hasKey != 0 {
		if t.entries == nil {
			t.entries = map[string]*item{}
		}
		t.entries[it.key()] = it
		if it.left != nil {
			d.delete(it.left) // the newest entry is the value
		}
	}
}

// settle accounts for a linked item in its parent, and deletes it again when
// the parent is deleted or a newer entry stands to its right.
func (d *Doc) settle(it *item) {
	t := it.parent
	if it.flags&hasKey == 0 && it.countable() && !it.deleted() {
		t.length += it.length
	}
	t.textValid = false
	t.cursor.item = nil
	if it.kind == kindType {
		if it.detail == nil {
			it.detail = &detail{}
		}
		it.detail.child = newChild(it)
	}
	if t.item != nil && t.item.deleted() || it.flags&hasKey != 0 && it.right != nil {
		d.delete(it)
	}
}

// endsWith reports whether the item's last unit is the given one.
func (it *item) endsWith(client ClientID, clock uint32) bool {
	return it.end()-1 == clock && it.client == client
}

// endingAt returns the item whose last unit is the given one, and splits a
// longer one for it.
func (d *Doc) endingAt(client ClientID, clock uint32) *item {
	cs := d.structs(client)
	p := cs.find(clock)
	it := cs.at(p)
	if clock != it.end()-1 && it.kind != kindGC {
		cs.insertAfter(p, d.split(it, clock-it.clock+1))
	}
	return it
}

// startingAt returns the item whose first unit is the given one, and splits a
// longer one for it. The one found last in the transaction is tried first:
// who types in the middle of a text names the same right neighbour for long.
func (d *Doc) startingAt(client ClientID, clock uint32) *item {
	if it := d.txn.starting; it != nil && it.clock == clock && it.client == client {
		return it
	}
	cs := d.structs(client)
	p := cs.find(clock)
	it := cs.at(p)
	if it.clock < clock && it.kind != kindGC {
		it = d.split(it, clock-it.clock)
		cs.insertAfter(p, it)
	}
	d.txn.starting = it
	return it
}

// split cuts an item. The halves are looked at again when the transaction
// ends: they may belong together still.
func (d *Doc) split(it *item, at uint32) *item {
	right := it.split(at)
	d.txn.candidates = append(d.txn.candidates, right)
	d.size.grow(splitBytes)
	return right
}
