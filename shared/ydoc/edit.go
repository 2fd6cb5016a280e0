package ydoc

import (
	"fmt"
	"strings"
)

// Edit collects the edits of one transaction. Each is checked when it is made;
// after the first that is wrong the transaction changes nothing.
type Edit struct {
	doc     *Doc
	client  ClientID
	steps   []func()
	lengths map[string]int // of the roots, after the steps so far
	err     error
}

// Transact makes edits on behalf of a client and returns them as an update,
// nil if there were none. The client must be one that nobody else writes as.
// On an error, that of the first wrong edit, the document is unchanged.
func (d *Doc) Transact(client ClientID, edit func(*Edit)) ([]byte, error) {
	e := &Edit{doc: d, client: client, lengths: map[string]int{}}
	edit(e)
	if e.err != nil {
		return nil, e.err
	}
	d.generation++
	before := d.Clock(client)
	for _, step := range e.steps {
		step()
	}
	var deletes []deleteRange
	for _, cs := range d.txn.touched {
		cs.deleted = normalize(cs.deleted)
		for _, r := range cs.deleted {
			deletes = append(deletes, deleteRange{cs.client, r})
		}
	}
	d.finish()
	if d.Clock(client) == before && len(deletes) == 0 {
		return nil, nil
	}
	return d.encodeEdit(client, before, deletes), nil
}

func (d *Doc) encodeEdit(client ClientID, before uint32, deletes []deleteRange) []byte {
	b := make([]byte, 0, 32)
	if cs := d.structs(client); cs != nil && cs.next > before {
		b = cs.appendFrom(append(b, 1), before)
	} else {
		b = append(b, 0)
	}
	b = appendDeletes(b, normalizeDeletes(deletes))
	d.size.grow(len(b))
	return b
}

// InsertText inserts text into a root before the given UTF-16 unit.
func (e *Edit) InsertText(root string, index int, text string) {
	n := e.length(root)
	if e.err == nil && (index < 0 || index > n) {
		e.err = fmt.Errorf("ydoc: insert into %q at %d of %d", root, index, n)
	}
	if e.err != nil || text == "" {
		return
	}
	data := []byte(strings.ToValidUTF8(text, replacement))
	units := unitsOf(data)
	e.checkClock(units)
	e.lengths[root] = n + int(units)
	e.steps = append(e.steps, func() { e.doc.insertText(e.client, root, uint32(index), data, units) })
}

// DeleteText deletes length UTF-16 units of a root from index on.
func (e *Edit) DeleteText(root string, index, length int) {
	n := e.length(root)
	if e.err == nil && (index < 0 || length < 0 || index > n-length) {
		e.err = fmt.Errorf("ydoc: delete %d of %q at %d of %d", length, root, index, n)
	}
	if e.err != nil || length == 0 {
		return
	}
	e.lengths[root] = n - length
	e.steps = append(e.steps, func() { e.doc.deleteText(root, uint32(index), uint32(length)) })
}

// SetMap sets a key of a root map. The value is nil, bool, int, int64, float64,
// string, []byte, []any or map[string]any.
func (e *Edit) SetMap(root, key string, value any) {
	data, err := appendValue(nil, value, DefaultMaxDepth)
	if e.err == nil {
		e.err = err
	}
	e.checkClock(1)
	if e.err == nil {
		e.steps = append(e.steps, func() { e.doc.setMap(e.client, root, key, data) })
	}
}

// DeleteMap deletes a key of a root map. A key without a value stays as it is.
func (e *Edit) DeleteMap(root, key string) {
	if e.err != nil {
		return
	}
	e.steps = append(e.steps, func() {
		if t := e.doc.lookup(root); t != nil && t.entries[key] != nil {
			e.doc.delete(t.entries[key])
		}
	})
}

func (e *Edit) length(root string) int {
	if n, ok := e.lengths[root]; ok {
		return n
	}
	return e.doc.TextLength(root)
}

// checkClock counts the units that the transaction writes.
func (e *Edit) checkClock(units uint32) {
	if e.err == nil && uint64(e.doc.Clock(e.client))+uint64(units)+uint64(len(e.steps)) > maxClock {
		e.err = refuse(ErrClockOverflow, "client %d", e.client)
	}
}

func (d *Doc) insertText(client ClientID, root string, index uint32, data []byte, units uint32) {
	t := d.root([]byte(root))
	left, _ := d.seek(t, index)
	it := &item{kind: kindString, data: data, length: units, parent: t, left: left}
	if left != nil {
		it.right = left.right
	} else {
		it.right = t.start
	}
	d.insertItem(client, it)
	t.cursor = cursor{it, index}
}

func (d *Doc) setMap(client ClientID, root, key string, data []byte) {
	t := d.root([]byte(root))
	it := &item{kind: kindAny, data: data, length: 1, parent: t, left: t.entries[key]}
	it.setKey(key)
	d.insertItem(client, it)
}

// insertItem integrates an item that was made here, between its neighbours.
func (d *Doc) insertItem(client ClientID, it *item) {
	cs := d.touch(client)
	it.client, it.clock = client, cs.next
	if it.left != nil {
		it.setOrigin(it.left.client, it.left.end()-1)
	}
	if it.right != nil {
		it.setRightOrigin(it.right.client, it.right.clock)
	}
	d.link(it)
	d.append(cs, it)
	d.settle(it)
}

func (d *Doc) deleteText(root string, index, length uint32) {
	t := d.lookup(root)
	left, at := d.seek(t, index)
	it := t.start
	if left != nil {
		it = left.right
	}
	for ; it != nil && length > 0; it = it.right {
		if it.deleted() || !it.countable() {
			continue
		}
		if length < it.length {
			d.startingAt(it.client, it.clock+length)
		}
		length -= it.length
		d.delete(it)
	}
	t.cursor = cursor{left, at}
}

// seek returns the item whose visible content ends before the unit at index,
// splitting one for it, and the index where that item starts. It walks from
// the place of the last edit.
func (d *Doc) seek(t *sharedType, index uint32) (left *item, at uint32) {
	if index == 0 {
		return nil, 0
	}
	it := t.start
	if t.cursor.item != nil {
		it, at = t.cursor.item, t.cursor.index
	}
	for at >= index {
		it = it.left
		at -= it.visible()
	}
	for ; it != nil; it = it.right {
		n := it.visible()
		if n > 0 && index <= at+n {
			if index < at+n {
				it = d.endingAt(it.client, it.clock+index-at-1)
			}
			return it, at
		}
		at += n
	}
	return nil, 0
}

// visible is the number of units that the item shows in its list.
func (it *item) visible() uint32 {
	if it.deleted() || !it.countable() {
		return 0
	}
	return it.length
}
