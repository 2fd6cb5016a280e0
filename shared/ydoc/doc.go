// Package ydoc is a Yjs document engine: it decodes, integrates, encodes,
// merges and compares updates of version 1, and tells what an update would
// touch before anything is changed. It owns documents in memory, knows no
// other package and does no I/O.
//
// Bytes that come in are never trusted: what does not parse is refused with an
// *UpdateError and leaves the document as it was. Input slices belong to the
// caller again when a call returns; what a document keeps is copied.
package ydoc

import (
	"maps"
	"slices"
)

// ClientID is the number under which one Yjs peer writes, at most 2⁵³-1.
type ClientID uint64

// Doc is one Yjs document. It is not safe for use by several goroutines at
// once, not even for reading: answers are cached.
type Doc struct {
	roots   map[string]*sharedType
	clients map[ClientID]*clientStructs
	recent  *clientStructs // the one looked up last
	pending pending
	size    sizeEstimate
	scan    uint32 // stamp of the latest conflict scan

	txn        transaction
	scratch    *decoded // the latest plan's update, until it is applied
	generation uint64   // grows with every plan and every change
}

// New returns an empty document.
func New() *Doc {
	const emptyBytes = 2 // no clients, no deletes
	return &Doc{
		roots:   map[string]*sharedType{},
		clients: map[ClientID]*clientStructs{},
		size:    sizeEstimate{measured: emptyBytes},
	}
}

// Load returns the document that a state holds, which is one update. A state
// that lacks something it depends on is refused with ErrMissingDependency.
func Load(state []byte) (*Doc, error) {
	d := New()
	if err := d.ApplyUpdate(state); err != nil {
		return nil, err
	}
	if d.HasPending() {
		return nil, refuse(ErrMissingDependency, "the state is incomplete")
	}
	return d, nil
}

// structs returns what the document holds of a client, or nil.
func (d *Doc) structs(client ClientID) *clientStructs {
	if d.recent != nil && d.recent.client == client {
		return d.recent
	}
	cs := d.clients[client]
	if cs != nil {
		d.recent = cs
	}
	return cs
}

// Clock returns the clock that the client's next struct will have: the number
// of units that the document holds of it.
func (d *Doc) Clock(client ClientID) uint32 {
	if cs := d.structs(client); cs != nil {
		return cs.next
	}
	return 0
}

// Clients returns everybody who ever wrote to the document, in ascending order.
func (d *Doc) Clients() []ClientID { return slices.Sorted(maps.Keys(d.clients)) }

// Roots returns the names of all roots that were ever written, sorted.
func (d *Doc) Roots() []string { return slices.Sorted(maps.Keys(d.roots)) }

// Written reports whether the root was ever written, even if what was written
// is deleted since; with a key, whether that key of the root map was.
func (d *Doc) Written(root, key string) bool {
	t := d.lookup(root)
	if t == nil {
		return false
	}
	if key == "" {
		return t.start != nil || len(t.entries) > 0
	}
	return t.entries[key] != nil
}
