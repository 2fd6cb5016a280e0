package ydoc

// conflicts adds up how far structs would be searched for their places among
// the items that the document has between their neighbours. Items that have to
// be cut for it count as nothing: that is done once.
func (t *toucher) conflicts(it *item) error {
	var left, right *item
	if it.flags&hasRightOrigin != 0 {
		right = t.doc.structs(it.rightClient).covering(it.rightClock)
		if right == nil || right.clock != it.rightClock {
			return nil
		}
	}
	if it.flags&hasOrigin != 0 {
		left = t.doc.structs(it.originClient).covering(it.originClock)
		if left == nil || left.end()-1 != it.originClock {
			return nil
		}
	}
	for o := t.firstBetween(it, left, right); o != nil && o != right; o = o.right {
		if t.steps++; t.steps > maxConflictSteps {
			return refuse(ErrTooManyConflicts, "client %d clock %d", it.client, it.clock)
		}
	}
	return nil
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
