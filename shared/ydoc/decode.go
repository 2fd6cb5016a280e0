package ydoc

import (
	"slices"
	"sync"
)

// decoded is one parsed update. Its slices alias the update's bytes until the
// items are integrated.
type decoded struct {
	groups  []group
	items   []item         // of all groups, group after group
	parents []wireParent   // of items with an explicit parent, by stamp
	deletes []deleteRange  // as written, later normalized
	dead    []deleteRange  // runs of structs that are deleted themselves, in the order of the update
	order   []int32        // indexes of the items that can be integrated, in that order
	waiting []waitingGroup // for one another, see schedule
	missing []missingClock // what the other items wait for
	content int            // bytes of content
	dropped bool           // something is left out of order that the document has already
	places  []structPlace  // of the items, see toucher
}

// group is the run of structs of one client, without holes: what an update
// leaves out is a struct of kindSkip.
type group struct {
	client      ClientID
	first, last int    // items[first:last]
	next        int    // the first that is not scheduled
	clock       uint32 // the client's clock once all before next are integrated
	blocked     bool   // next waits for something that nobody has
	stacked     bool   // while scheduling: waits, or is waited for
}

// wireParent is the parent that an item names itself because it has no
// neighbour to take it from.
type wireParent struct {
	root   []byte   // with rootParent
	client ClientID // with itemParent
	clock  uint32
	key    []byte // with hasKey
}

// clockRange is a run of clocks of one client.
type clockRange struct{ clock, length uint32 }

func (r clockRange) end() uint32 { return r.clock + r.length }

// deleteRange is one deleted run, as an update names it.
type deleteRange struct {
	client ClientID
	clockRange
}

const (
	infoKind        = 0x1f
	infoHasKey      = 0x20
	infoRightOrigin = 0x40
	infoOrigin      = 0x80
)

// bytesPerStruct is the least that a struct takes which is no hole and not
// collected. It bounds what is allocated, whatever number the input declares.
const bytesPerStruct = 4

// buffers are shared by all documents: most of them rest most of the time.
var buffers = sync.Pool{New: func() any { return new(decoded) }}

// buffer returns the document's buffer for decoding an update.
func (d *Doc) buffer() *decoded {
	if d.scratch == nil {
		d.scratch = buffers.Get().(*decoded)
	}
	return d.scratch
}

// release gives the buffer back, without anything that refers to the update.
func (d *Doc) release() {
	if d.scratch != nil {
		d.scratch.reset()
		buffers.Put(d.scratch)
		d.scratch = nil
	}
}

// reset forgets the last update and keeps the buffers, unless they are large.
func (u *decoded) reset() {
	const keep = 1 << 10
	if cap(u.items) > keep || cap(u.deletes) > keep || cap(u.parents) > keep || cap(u.order) > keep {
		*u = decoded{}
		return
	}
	clear(u.items)
	clear(u.parents)
	u.groups, u.items, u.parents = u.groups[:0], u.items[:0], u.parents[:0]
	u.deletes, u.dead, u.order, u.content = u.deletes[:0], u.dead[:0], u.order[:0], 0
	u.waiting, u.missing, u.dropped = u.waiting[:0], u.missing[:0], false
}

// decode parses a whole update. Bytes after its end are refused too, which
// refuses updates of version 2.
func (u *decoded) decode(update []byte, lim Limits) error {
	u.reset()
	if len(update) > lim.MaxUpdateBytes {
		return refuse(ErrTooLarge, "%d bytes, limit %d", len(update), lim.MaxUpdateBytes)
	}
	r := reader{buf: update, lim: lim}
	for groups := r.uvarint(); groups > 0 && r.err == nil; groups-- {
		u.readGroup(&r)
	}
	u.readDeletes(&r)
	if r.err == nil && r.remaining() > 0 {
		r.malformed("bytes after the update")
	}
	if r.err != nil {
		return r.err
	}
	return u.sortGroups()
}

// sortGroups puts the groups in ascending order of clients. Two groups of one
// client are refused: peers keep only the second, and would never agree.
func (u *decoded) sortGroups() error {
	if len(u.groups) < 2 {
		return nil
	}
	slices.SortFunc(u.groups, func(a, b group) int { return compareClients(a.client, b.client) })
	for i := range u.groups[1:] {
		if u.groups[i].client == u.groups[i+1].client {
			return refuse(ErrMalformed, "client %d twice", u.groups[i].client)
		}
	}
	return nil
}

func compareClients(a, b ClientID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (u *decoded) readGroup(r *reader) {
	count := r.uvarint()
	g := group{client: r.client(), first: len(u.items)}
	clock := r.clock()
	if count > uint64(r.remaining()) {
		r.fail(ErrTooManyStructs, "more structs than bytes")
	}
	if uint64(len(u.items))+count > uint64(r.lim.MaxStructs) {
		r.fail(ErrTooManyStructs, "structs over the limit")
	}
	if r.err != nil {
		return
	}
	expected := min(int(count), r.remaining()/bytesPerStruct+1)
	u.items = slices.Grow(u.items, expected)
	u.dead = slices.Grow(u.dead, expected/4)
	for ; count > 0; count-- {
		n := len(u.items)
		u.items = slices.Grow(u.items, 1)[:n+1] // zero: reset and Grow see to it
		it := &u.items[n]
		it.client, it.clock = g.client, clock
		u.readItem(r, it)
		if r.err == nil && it.length == 0 {
			r.malformed("empty struct")
		}
		if uint64(clock)+uint64(it.length) > maxClock {
			r.fail(ErrClockOverflow, "clock")
		}
		if r.err != nil {
			return
		}
		if it.flags&isDeleted != 0 {
			u.addDead(g.client, clock, it.length)
		}
		clock += it.length
		if n > g.first && it.kind == u.items[n-1].kind && (it.kind == kindGC || it.kind == kindSkip) {
			u.items[n-1].length += it.length // one struct: costs memory once
			*it = item{}
			u.items = u.items[:n]
		}
	}
	if g.last = len(u.items); g.last > g.first {
		u.groups = append(u.groups, g)
	}
}

func (u *decoded) readItem(r *reader, it *item) {
	info := r.byte()
	it.kind = contentKind(info & infoKind)
	switch it.kind {
	case kindGC:
		it.length = r.clock()
		it.flags = isDeleted
		return
	case kindSkip:
		it.length = r.clock()
		return
	}
	if info&infoOrigin != 0 {
		it.setOrigin(r.client(), r.clock())
		if it.originClient != it.client {
			it.flags |= foreign
		} else if it.originClock >= it.clock {
			r.malformed("origin after the struct")
		}
	}
	if info&infoRightOrigin != 0 {
		it.setRightOrigin(r.client(), r.clock())
		if it.rightClient != it.client {
			it.flags |= foreign
		} else if it.rightClock >= it.clock {
			r.malformed("right origin after the struct")
		}
	}
	if info&(infoOrigin|infoRightOrigin) == 0 {
		u.readParent(r, it, info&infoHasKey != 0)
	}
	readContent(r, it)
	u.content += len(it.data)
}

func (u *decoded) readParent(r *reader, it *item, keyed bool) {
	var p wireParent
	if r.uvarint() == 1 {
		it.flags |= rootParent
		p.root = r.key()
	} else {
		it.flags |= itemParent
		p.client, p.clock = r.client(), r.clock()
		if p.client != it.client {
			it.flags |= foreign
		} else if p.clock >= it.clock {
			r.malformed("parent after the struct")
		}
	}
	if keyed {
		it.flags |= hasKey
		p.key = r.key()
	}
	it.stamp = uint32(len(u.parents))
	u.parents = append(u.parents, p)
}
