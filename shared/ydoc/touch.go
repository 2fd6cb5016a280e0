package ydoc

import "slices"

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
