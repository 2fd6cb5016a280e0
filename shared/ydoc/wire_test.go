package ydoc

import "fmt"

// Building blocks of hand-made updates: structs as a client would write them.

type place func(*item, *wireParent)

// inRoot puts a struct into the list of a root.
func inRoot(root string) place {
	return func(it *item, p *wireParent) {
		it.flags |= rootParent
		p.root = []byte(root)
	}
}

// underKey makes a struct the entry of a root map.
func underKey(root, key string) place {
	return func(it *item, p *wireParent) {
		it.flags |= rootParent | hasKey
		p.root, p.key = []byte(root), []byte(key)
	}
}

// inside puts a struct into the type that another one holds.
func inside(client ClientID, clock uint32) place {
	return func(it *item, p *wireParent) {
		it.flags |= itemParent
		p.client, p.clock = client, clock
	}
}

// after puts a struct behind a unit.
func after(client ClientID, clock uint32) place {
	return func(it *item, _ *wireParent) { it.setOrigin(client, clock) }
}

// before puts a struct in front of a unit.
func before(client ClientID, clock uint32) place {
	return func(it *item, _ *wireParent) { it.setRightOrigin(client, clock) }
}

// between puts a struct between two units.
func between(leftClient ClientID, left uint32, rightClient ClientID, right uint32) place {
	return func(it *item, _ *wireParent) {
		it.setOrigin(leftClient, left)
		it.setRightOrigin(rightClient, right)
	}
}

func structOf(client ClientID, clock uint32, at place, kind contentKind, length uint32, data []byte) runEntry {
	e := runEntry{item: &item{client: client, clock: clock, kind: kind, length: length, data: data}}
	if at != nil {
		p := &wireParent{}
		at(e.item, p)
		if e.item.flags&explicitParent != 0 {
			e.parent = p
		}
	}
	return e
}

func textStruct(client ClientID, clock uint32, at place, text string) runEntry {
	return structOf(client, clock, at, kindString, unitsOf([]byte(text)), []byte(text))
}

func typeStruct(client ClientID, clock uint32, at place, ref typeRef) runEntry {
	data := appendUvarint(nil, uint64(ref))
	if ref == refXMLElement || ref == refXMLHook {
		data = appendText(data, "node")
	}
	return structOf(client, clock, at, kindType, 1, data)
}

func anyStruct(client ClientID, clock uint32, at place, values ...any) runEntry {
	e := structOf(client, clock, at, kindAny, uint32(len(values)), nil)
	e.item.detail = &detail{}
	for _, v := range values {
		data, err := appendValue(e.item.data, v, DefaultMaxDepth)
		if err != nil {
			panic(err)
		}
		e.item.data = data
		e.item.detail.ends = append(e.item.detail.ends, uint32(len(data)))
	}
	return e
}

func gcStruct(client ClientID, clock, length uint32) runEntry {
	return structOf(client, clock, nil, kindGC, length, nil)
}

func deleted(client ClientID, clock, length uint32) deleteRange {
	return deleteRange{client, clockRange{clock, length}}
}

// updateOf encodes structs as they are: runs of one client, in the order given.
func updateOf(structs []runEntry, deletes ...deleteRange) []byte {
	var runs [][]runEntry
	for _, e := range structs {
		if n := len(runs) - 1; n >= 0 && runs[n][0].item.client == e.item.client {
			runs[n] = append(runs[n], e)
		} else {
			runs = append(runs, []runEntry{e})
		}
	}
	return appendRuns(nil, runs, deletes)
}

// everyKind is one struct of every kind of content, by client 1.
func everyKind() []byte {
	quoted := func(s string) []byte { return appendText(nil, s) }
	format := append(quoted("bold"), quoted("true")...)
	doc := append(quoted("guid"), tagObject, 0)
	return updateOf([]runEntry{
		textStruct(1, 0, inRoot("t"), "é😀a"),
		structOf(1, 4, after(1, 3), kindFormat, 1, format),
		structOf(1, 5, after(1, 4), kindEmbed, 1, quoted(`{"img":"x"}`)),
		anyStruct(1, 6, inRoot("a"), nil, true, 1.5, "s", []byte{1}, []any{1, map[string]any{"k": -2}}, int64(1)<<60),
		structOf(1, 13, after(1, 12), kindJSON, 1, quoted(`[1]`)),
		structOf(1, 14, after(1, 13), kindBinary, 1, appendBytes(nil, []byte{7})),
		typeStruct(1, 15, underKey("m", "text"), refText),
		textStruct(1, 16, inside(1, 15), "nested"),
		typeStruct(1, 22, underKey("m", "map"), refMap),
		anyStruct(1, 23, func(it *item, p *wireParent) { inside(1, 22)(it, p); it.flags |= hasKey; p.key = []byte("k") }, 3),
		typeStruct(1, 24, inRoot("x"), refXMLElement),
		typeStruct(1, 25, inside(1, 24), refXMLText),
		typeStruct(1, 26, after(1, 24), refXMLHook),
		structOf(1, 27, underKey("m", "doc"), kindDoc, 1, doc),
		structOf(1, 28, after(1, 14), kindDeleted, 4, nil),
		gcStruct(1, 32, 3),
		typeStruct(1, 35, after(1, 31), refXMLFragment),
		typeStruct(1, 36, after(1, 35), refArray),
	}, deleted(1, 2, 1), deleted(1, 28, 7))
}

// checkInvariants names the first thing in a document that contradicts itself.
func checkInvariants(d *Doc) error {
	for client, cs := range d.clients {
		clock := uint32(0)
		for _, block := range cs.blocks {
			if len(block) == 0 || len(block) > blockCap {
				return fmt.Errorf("client %d: block of %d", client, len(block))
			}
			for _, s := range block {
				if s.clock != clock || s.item.clock != clock || s.item.client != client || s.item.length == 0 {
					return fmt.Errorf("client %d: struct at %d, slot at %d, want %d", client, s.item.clock, s.clock, clock)
				}
				if s.dead && !s.item.deleted() {
					return fmt.Errorf("client %d clock %d: marked dead", client, clock)
				}
				if s.item.kind == kindString && unitsOf(s.item.data) != s.item.length {
					return fmt.Errorf("client %d clock %d: wrong length", client, clock)
				}
				if s.item.child() != nil && s.item.deleted() {
					return fmt.Errorf("client %d clock %d: deleted type is not collected", client, clock)
				}
				clock += s.item.length
			}
		}
		if clock != cs.next || cs.touched || len(cs.deleted) > 0 {
			return fmt.Errorf("client %d: next is %d, want %d; touched %v", client, cs.next, clock, cs.touched)
		}
	}
	for name, t := range d.roots {
		if err := checkType(d, t); err != nil {
			return fmt.Errorf("root %q: %w", name, err)
		}
	}
	return nil
}

func checkType(d *Doc, t *sharedType) error {
	length := uint32(0)
	var left *item
	for it := t.start; it != nil; left, it = it, it.right {
		if it.left != left || it.parent != t || d.structs(it.client).covering(it.clock) != it {
			return fmt.Errorf("list is broken at client %d clock %d", it.client, it.clock)
		}
		length += it.visible()
		if child := it.child(); child != nil {
			if err := checkType(d, child); err != nil {
				return err
			}
		}
	}
	if length != t.length {
		return fmt.Errorf("length is %d, want %d", t.length, length)
	}
	for key, it := range t.entries {
		if it.right != nil || it.key() != key || it.parent != t || d.structs(it.client).covering(it.clock) != it {
			return fmt.Errorf("entry %q is broken", key)
		}
		for newer, older := it, it.left; older != nil; newer, older = older, older.left {
			// A forged entry of several values may be split, and then has two.
			if !older.deleted() && !newer.deleted() && !older.endsWith(newer.client, newer.clock-1) {
				return fmt.Errorf("entry %q has two values", key)
			}
		}
		if child := it.child(); child != nil {
			if err := checkType(d, child); err != nil {
				return err
			}
		}
	}
	return nil
}
