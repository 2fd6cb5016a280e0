package ydoc

// conflicts adds up how far structs would be searched for their places among
// the items that the document has between their neighbours. Items that have to
// be cut for it count as nothing: that is done once. Neighbours that cannot
// have stood side by side when the struct was written are refused.
func (t *toucher) conflicts(it *item) error {
	var left, right *item
	if it.flags&hasRightOrigin != 0 {
		if right = t.doc.structs(it.rightClient).covering(it.rightClock); right == nil {
			return nil
		}
	}
	origin := it.originClock
	if known := t.doc.Clock(it.client); it.clock < known { // the rest of a struct follows its first part
		left, origin = t.doc.structs(it.client).covering(known-1), known-1
	} else if it.flags&hasOrigin != 0 {
		if left = t.doc.structs(it.originClient).covering(origin); left == nil {
			return nil
		}
	}
	if left != nil && left.parent == nil || right != nil && right.parent == nil { // collected, and so is the struct
		return nil
	}
	if t.separated(it, left, right, origin) {
		return misordered(it)
	}
	if left != nil && left == right ||
		left == nil && right != nil && right.clock != it.rightClock || right == nil && left != nil && left.end()-1 != origin {
		return nil
	}
	o := t.firstBetween(it, left, right)
	for ; o != nil && o != right; o = o.right {
		if t.steps++; t.steps > maxConflictSteps {
			return refuse(ErrTooManyConflicts, "client %d clock %d", it.client, it.clock)
		}
		if right != nil && right.flags&hasOrigin != 0 && o.covers(right.originClient, right.originClock) ||
			left != nil && left.flags&hasRightOrigin != 0 && o.covers(left.rightClient, left.rightClock) {
			return misordered(it)
		}
	}
	if o == nil && left != nil && right != nil {
		return misordered(it)
	}
	return nil
}

// separated reports whether a struct names neighbours between which, as they
// say themselves, something stood before it was written: no client writes
// that, and where the struct lands then depends on what else is there and how
// it is cut, which differs between replicas. Of what stands between them the
// caller sees the rest.
func (t *toucher) separated(it, left, right *item, origin uint32) bool {
	switch {
	case left == nil && right == nil:
		return false
	case right == nil:
		return left.flags&hasRightOrigin != 0
	case right.clock != it.rightClock: // within an item: right behind the unit before it
		return left != right || origin+1 != it.rightClock
	case left == nil:
		return right.flags&hasOrigin != 0
	case left == right:
		return true
	}
	return right.flags&hasOrigin != 0 && right.originClock > origin && left.covers(right.originClient, right.originClock)
}

// covers reports whether a unit is one of the item's.
func (it *item) covers(client ClientID, clock uint32) bool {
	return it.client == client && it.clock <= clock && clock < it.end()
}

func misordered(it *item) error {
	return refuse(ErrMalformed, "neighbours in the wrong order, client %d clock %d", it.client, it.clock)
}

// firstBetween returns the first item of the document that stands between the
// neighbours of a struct.
func (t *toucher) firstBetween(it, left, right *item) *item {
	var list *sharedType
	switch {
	case left != nil:
		return left.right
	case right != nil:
		list = right.parent
	case it.flags&rootParent != 0:
		list = t.doc.roots[string(t.update.parents[it.stamp].root)]
	case it.flags&itemParent != 0:
		p := &t.update.parents[it.stamp]
		if holder := t.doc.structs(p.client).covering(p.clock); holder != nil {
			list = holder.child()
		}
	}
	if list == nil {
		return nil
	}
	if it.flags&hasKey != 0 { // as decoded: with an explicit parent only
		o := list.entries[string(t.update.parents[it.stamp].key)]
		for ; o != nil && o.left != nil; o = o.left {
			t.steps++
		}
		return o
	}
	return list.start
}
