package ydoc

import "sort"

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
}

type touchKey struct {
	root, key string
	client    ClientID
	known     bool
}

// placeTable holds the place of each struct of the update being planned.
type placeTable struct {
	touch []int32 // index of the Touch it counts for
	depth []int32 // of the type it is in
}

func (t *placeTable) reset(n int) {
	if cap(t.touch) < n {
		t.touch, t.depth = make([]int32, n), make([]int32, n)
	}
	t.touch, t.depth = t.touch[:n], t.depth[:n]
}

// structs counts the structs that the document lacks.
func (t *toucher) structs() error {
	u, places := t.update, &t.update.places
	places.reset(len(u.items))
	for _, i := range u.order {
		it := &u.items[i]
		touch, depth := t.locate(int(i), it)
		if it.kind == kindType && int(depth) >= t.maxDepth {
			return refuse(ErrTooDeep, "type of client %d clock %d", it.client, it.clock)
		}
		places.touch[i], places.depth[i] = touch, depth
		t.touches[touch].Inserted += it.end() - max(it.clock, t.doc.Clock(it.client))
	}
	return nil
}

// locate returns the touch that a struct counts for, and how deep it is.
func (t *toucher) locate(i int, it *item) (touch, depth int32) {
	switch {
	case it.kind == kindGC:
		return t.unknown(it.client), 0
	case it.flags&rootParent != 0:
		p := &t.update.parents[it.stamp]
		return t.root(it, p), 0
	case it.flags&itemParent != 0:
		p := &t.update.parents[it.stamp]
		if known, j := t.find(i, p.client, p.clock); known == nil {
			if t.update.items[j].kind != kindType {
				return t.unknown(it.client), 0
			}
			touch, depth = t.beside(it, j)
			return touch, depth + 1
		} else if child := known.child(); child != nil {
			root, key := child.place("")
			return t.touch(root, key, it.client, true), int32(child.depth)
		}
		return t.unknown(it.client), 0
	}
	client, clock := it.originClient, it.originClock
	if it.flags&hasOrigin == 0 {
		client, clock = it.rightClient, it.rightClock
	}
	known, j := t.find(i, client, clock)
	if known == nil {
		return t.beside(it, j)
	}
	if known.parent == nil {
		return t.unknown(it.client), 0
	}
	root, key := known.parent.place(known.key())
	return t.touch(root, key, it.client, true), int32(known.parent.depth)
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

// beside returns the place of the update's struct j for another author.
func (t *toucher) beside(it *item, j int) (touch, depth int32) {
	touch, depth = t.update.places.touch[j], t.update.places.depth[j]
	if o := &t.touches[touch]; o.Client != it.client {
		touch = t.touch(o.Root, o.Key, it.client, o.Known)
	}
	return touch, depth
}

// root is the touch of a struct that names a root. Strings of the document
// are used where it has them.
func (t *toucher) root(it *item, p *wireParent) int32 {
	var name, key string
	r := t.doc.roots[string(p.root)]
	if r != nil {
		name = r.name
	} else {
		name = string(p.root)
	}
	if it.flags&hasKey != 0 {
		if r != nil && r.entries[string(p.key)] != nil {
			key = r.entries[string(p.key)].key()
		} else {
			key = string(p.key)
		}
	}
	return t.touch(name, key, it.client, true)
}

func (t *toucher) unknown(client ClientID) int32 { return t.touch("", "", client, false) }

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
		t.touches[t.update.places.touch[j]].Deleted += to - from
		from = to
	}
	return rest
}
