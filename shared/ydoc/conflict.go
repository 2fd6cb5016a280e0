package ydoc

// conflicts adds up how far structs would be searched for their places among
// the items that the document has between their neighbours. Items that have to
// be cut for it count as nothing: that is done once. A right neighbour that is
// not right of the left one is refused: no client writes that, and where it
// lands depends on how the items are cut, which differs between replicas.
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
	if left != nil && left == right {
		if origin >= it.rightClock && left.parent != nil {
			return misordered(it)
		}
		return nil
	}
	both := left != nil && right != nil && left.parent != nil && right.parent != nil
	if !both && (right != nil && right.clock != it.rightClock || left != nil && left.end()-1 != origin) {
		return nil
	}
	o := t.firstBetween(it, left, right)
	for ; o != nil && o != right; o = o.right {
		if t.steps++; t.steps > maxConflictSteps {
			return refuse(ErrTooManyConflicts, "client %d clock %d", it.client, it.clock)
		}
	}
	if o == nil && both {
		return misordered(it)
	}
	return nil
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
