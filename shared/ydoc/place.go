package ydoc

import "sort"

// structPlace is where a struct of the update being planned belongs.
type structPlace struct {
	touch  int32    // index of the Touch it counts for
	depth  int32    // of the type it is in
	holder ClientID // with clock, the item that holds that type; zeros for a root
	clock  uint32
	entry  bool // it is an entry of a map, under key
	key    string
}

// sameList reports whether two structs, neither of them collected, are in one
// list or entry.
func (t *toucher) sameList(a, b structPlace) bool {
	return a.depth == b.depth && a.holder == b.holder && a.clock == b.clock && a.entry == b.entry && a.key == b.key &&
		t.touches[a.touch].Root == t.touches[b.touch].Root
}

// locate finds the place of a struct by the parent or the neighbours it names.
// Neighbours in two different lists are refused: no client writes that, and
// what comes of it depends on what is collected when.
func (t *toucher) locate(i int, it *item) (p structPlace, err error) {
	switch known := t.doc.Clock(it.client); {
	case it.kind == kindGC:
		return t.nowhere(it), nil
	case it.clock < known: // the rest of a struct follows its first part
		p = t.besideKnown(it, t.doc.structs(it.client).covering(known-1))
	case it.flags&rootParent != 0:
		return t.inRoot(it, &t.update.parents[it.stamp]), nil
	case it.flags&itemParent != 0:
		parent := &t.update.parents[it.stamp]
		return t.insideOf(it, i, parent), nil
	case it.flags&hasOrigin != 0:
		p = t.nextTo(it, i, it.originClient, it.originClock)
	default:
		return t.nextTo(it, i, it.rightClient, it.rightClock), nil
	}
	if it.flags&hasRightOrigin == 0 || !t.touches[p.touch].Known {
		return p, nil
	}
	right := t.nextTo(it, i, it.rightClient, it.rightClock)
	if t.touches[right.touch].Known && !t.sameList(p, right) {
		return p, refuse(ErrMalformed, "neighbours in different lists, client %d clock %d", it.client, it.clock)
	}
	if !t.touches[right.touch].Known {
		p = right
	}
	return p, nil
}

// inRoot is the place of a struct that names a root. Strings of the document
// are used where it has them.
func (t *toucher) inRoot(it *item, parent *wireParent) structPlace {
	var p structPlace
	r := t.doc.roots[string(parent.root)]
	var name string
	if r != nil {
		name = r.name
	} else {
		name = string(parent.root)
	}
	if p.entry = it.flags&hasKey != 0; p.entry {
		if r != nil && r.entries[string(parent.key)] != nil {
			p.key = r.entries[string(parent.key)].key()
		} else {
			p.key = string(parent.key)
		}
	}
	p.touch = t.touch(name, p.key, it.client, true)
	return p
}

// insideOf is the place of a struct inside the type that an item holds.
func (t *toucher) insideOf(it *item, i int, parent *wireParent) structPlace {
	var p structPlace
	holder, j := t.find(i, parent.client, parent.clock)
	switch {
	case holder != nil && holder.child() != nil:
		child := holder.child()
		root, key := child.place("")
		p = structPlace{touch: t.touch(root, key, it.client, true), depth: int32(child.depth)}
	case holder == nil && t.update.items[j].kind == kindType:
		p = t.beside(it, j)
		p.depth++
	default:
		return t.nowhere(it)
	}
	p.holder, p.clock = parent.client, parent.clock
	p.entry, p.key = it.flags&hasKey != 0, string(parent.key)
	return p
}

// nextTo is the place of a struct beside a unit.
func (t *toucher) nextTo(it *item, i int, client ClientID, clock uint32) structPlace {
	neighbour, j := t.find(i, client, clock)
	if neighbour == nil {
		return t.beside(it, j)
	}
	return t.besideKnown(it, neighbour)
}

// besideKnown returns the place of an item of the document.
func (t *toucher) besideKnown(it, neighbour *item) structPlace {
	parent := neighbour.parent
	if parent == nil {
		return t.nowhere(it)
	}
	root, key := parent.place(neighbour.key())
	p := structPlace{touch: t.touch(root, key, it.client, true), depth: int32(parent.depth)}
	p.entry, p.key = neighbour.flags&hasKey != 0, neighbour.key()
	if parent.item != nil {
		p.holder, p.clock = parent.item.client, parent.item.clock
	}
	return p
}

// beside returns the place of the update's struct j, for another author.
func (t *toucher) beside(it *item, j int) structPlace {
	p := t.update.places[j]
	if o := &t.touches[p.touch]; o.Client != it.client {
		p.touch = t.touch(o.Root, o.Key, it.client, o.Known)
	}
	return p
}

// nowhere is the place of what lands in collected content.
func (t *toucher) nowhere(it *item) structPlace {
	return structPlace{touch: t.touch("", "", it.client, false)}
}

// find returns a unit's item in the document, or its index in the update. i is
// the struct that asks, most often for the one before it.
func (t *toucher) find(i int, client ClientID, clock uint32) (known *item, j int) {
	if cs := t.doc.structs(client); cs != nil && clock < cs.next {
		return cs.covering(clock), 0
	}
	if i > 0 {
		if it := &t.update.items[i-1]; it.client == client && it.clock <= clock && clock < it.end() {
			return nil, i - 1
		}
	}
	return nil, t.update.covering(client, clock)
}

// covering returns the index of the struct that covers a unit of the update.
func (u *decoded) covering(client ClientID, clock uint32) int {
	g := &u.groups[u.groupOf(client)]
	return g.first + sort.Search(g.last-g.first, func(k int) bool { return u.items[g.first+k].end() > clock })
}
