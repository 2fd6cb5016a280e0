package ydoc

import (
	"bytes"
	"fmt"
	"slices"
)

// Equal returns nil when two documents hold the same: state vectors, deleted
// content, and the content and order of every root, formats and nested types
// included. Otherwise the error names the first difference found, without any
// content. It does not matter how content is divided into structs.
func Equal(a, b *Doc) error {
	if !bytes.Equal(a.StateVector(), b.StateVector()) {
		return fmt.Errorf("ydoc: state vectors differ")
	}
	for _, client := range a.clientsDescending() {
		da, db := a.clients[client].deletedRanges(nil), b.clients[client].deletedRanges(nil)
		if !slices.Equal(da, db) {
			return fmt.Errorf("ydoc: deletes of client %d differ", client)
		}
	}
	if a.HasPending() != b.HasPending() {
		return fmt.Errorf("ydoc: only one document has parked structs")
	}
	names := a.Roots()
	if !slices.Equal(names, b.Roots()) {
		return fmt.Errorf("ydoc: roots differ")
	}
	var c comparison
	for _, name := range names {
		c.work = append(c.work[:0], typePair{a.roots[name], b.roots[name]})
		if err := c.run(); err != nil {
			return fmt.Errorf("ydoc: root %q: %w", name, err)
		}
	}
	return nil
}

// comparison works off pairs of types, nested ones included, without recursion.
type comparison struct{ work []typePair }

type typePair struct{ a, b *sharedType }

func (c *comparison) run() error {
	for len(c.work) > 0 {
		n := len(c.work) - 1
		pair := c.work[n]
		c.work = c.work[:n]
		if pair.a.length != pair.b.length {
			return fmt.Errorf("lengths %d and %d", pair.a.length, pair.b.length)
		}
		if err := c.chain(pair.a.start, pair.b.start); err != nil {
			return err
		}
		if len(pair.a.entries) != len(pair.b.entries) {
			return fmt.Errorf("%d and %d keys", len(pair.a.entries), len(pair.b.entries))
		}
		for key, entry := range pair.a.entries {
			if err := c.chain(leftmost(entry), leftmost(pair.b.entries[key])); err != nil {
				return fmt.Errorf("key %q: %w", key, err)
			}
		}
	}
	return nil
}

// chain compares two lists of items unit by unit: ids, what is deleted, and
// the content of the rest.
func (c *comparison) chain(a, b *item) error {
	var da, db uint32 // units compared already
	for a != nil && b != nil {
		if a.client != b.client || a.clock+da != b.clock+db {
			return fmt.Errorf("order differs at client %d clock %d", a.client, a.clock+da)
		}
		n := min(a.length-da, b.length-db)
		if err := c.span(a, da, b, db, n); err != nil {
			return err
		}
		if da += n; da == a.length {
			a, da = a.right, 0
		}
		if db += n; db == b.length {
			b, db = b.right, 0
		}
	}
	if a != nil || b != nil {
		return fmt.Errorf("one list is longer")
	}
	return nil
}

// span compares n units of two items.
func (c *comparison) span(a *item, da uint32, b *item, db, n uint32) error {
	at := func(what string) error {
		return fmt.Errorf("%s differs at client %d clock %d", what, a.client, a.clock+da)
	}
	if a.deleted() != b.deleted() {
		return at("deletion")
	}
	if a.deleted() {
		return nil
	}
	if a.kind != b.kind {
		return at("kind of content")
	}
	if !bytes.Equal(a.units(da, n), b.units(db, n)) {
		return at("content")
	}
	if a.kind == kindType {
		c.work = append(c.work, typePair{a.child(), b.child()})
	}
	return nil
}

// units returns the encoded content of n units.
func (it *item) units(from, n uint32) []byte {
	switch it.kind {
	case kindString:
		start, _ := seekUnits(it.data, it.length, from)
		end, _ := seekUnits(it.data, it.length, from+n)
		return it.data[start:end]
	case kindAny, kindJSON:
		return it.data[it.valueStart(int(from)) : it.valueStart(int(from+n-1))+uint32(len(it.value(int(from+n-1))))]
	}
	return it.data
}
