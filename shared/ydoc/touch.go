package ydoc

import (
	"slices"
	"sort"
)

// Touch is what an update does to one field, for one author of the content.
type Touch struct {
	Root     string   // name of the root
	Key      string   // key in the root map; "" for what is in the root's list
	Client   ClientID // whose structs are inserted or deleted
	Inserted uint32   // units, formats and deleted ones included
	Deleted  uint32   // units that were not deleted before
	Known    bool     // false: lands in collected content, changes no field, and Root and Key are empty
}

// toucher finds out what an update touches. Each struct takes its place from
// its parent or a neighbour, which are in the document or come before it in
// the order of the schedule.
type toucher struct {
	doc      *Doc
	update   *decoded
	touches  []Touch
	index    map[touchKey]int32 // of touches, once there are many
	maxDepth int
	steps    int // items that structs would be compared with, see conflicts
}

type touchKey struct {
	root, key string
	client    ClientID
	known     bool
}

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

// structs counts the structs that the document lacks.
func (t *toucher) structs() error {
	u := t.update
	u.places = slices.Grow(u.places[:0], len(u.items))[:len(u.items)]
	for _, i := range u.order {
		it := &u.items[i]
		p, err := t.locate(int(i), it)
		if err != nil {
			return err
		}
		if it.kind == kindType && int(p.depth) >= t.maxDepth {
			return refuse(ErrTooDeep, "type of client %d clock %d", it.client, it.clock)
		}
		if p.entry && it.length > 1 && !it.deleted() {
			return refuse(ErrMalformed, "map entry of several values, client %d clock %d", it.client, it.clock)
		}
		if err := t.conflicts(it); err != nil {
			return err
		}
		u.places[i] = p
		t.touches[p.touch].Inserted += it.end() - max(it.clock, t.doc.Clock(it.client))
	}
	return nil
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

// touch returns the index of the touch of a field, which it adds if need be.
func (t *toucher) touch(root, key string, client ClientID, known bool) int32 {
	const few = 8
	if t.index == nil {
		for i := len(t.touches) - 1; i >= 0; i-- {
			if o := &t.touches[i]; o.Client == client && o.Known == known && o.Root == root && o.Key == key {
				return int32(i)
			}
		}
		if len(t.touches) == few {
			t.index = make(map[touchKey]int32, 2*few)
			for i, o := range t.touches {
				t.index[touchKey{o.Root, o.Key, o.Client, o.Known}] = int32(i)
			}
		}
	} else if i, ok := t.index[touchKey{root, key, client, known}]; ok {
		return i
	}
	i := int32(len(t.touches))
	t.touches = append(t.touches, Touch{Root: root, Key: key, Client: client, Known: known})
	if t.index != nil {
		t.index[touchKey{root, key, client, known}] = i
	}
	return i
}

// deletes counts a delete and appends to rest the parts of it that are not
// deleted yet.
func (t *toucher) deletes(rest []deleteRange, r deleteRange) []deleteRange {
	first := len(rest)
	add := func(from, to uint32) {
		if n := len(rest) - 1; n >= first && rest[n].end() == from {
			rest[n].length += to - from
		} else {
			rest = append(rest, deleteRange{r.client, clockRange{from, to - from}})
		}
	}
	from := r.clock
	if cs := t.doc.structs(r.client); cs != nil && from < cs.next {
		p, more := cs.find(from), true
		for ; more && from < r.end(); p, more = cs.forward(p) {
			it := cs.at(p)
			to := min(it.end(), r.end())
			if !it.deleted() {
				root, key := it.parent.place(it.key())
				touch := t.touch(root, key, r.client, true)
				t.touches[touch].Deleted += to - from
				add(from, to)
			}
			from = to
		}
	}
	if from >= r.end() {
		return rest
	}
	u := t.update
	add(from, r.end())
	for j := u.covering(r.client, from); from < r.end(); j++ {
		to := min(u.items[j].end(), r.end())
		t.touches[t.update.places[j].touch].Deleted += to - from
		from = to
	}
	return rest
}
