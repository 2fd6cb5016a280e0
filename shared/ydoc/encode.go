package ydoc

import (
	"maps"
	"slices"
)

// StateVector returns the encoded state vector: the clock of every client.
func (d *Doc) StateVector() []byte {
	b := appendUvarint(make([]byte, 0, 16+8*len(d.clients)), uint64(len(d.clients)))
	for _, client := range d.clientsDescending() {
		b = appendID(b, client, d.clients[client].next)
	}
	return b
}

func (d *Doc) clientsDescending() []ClientID {
	clients := slices.AppendSeq(make([]ClientID, 0, len(d.clients)), maps.Keys(d.clients))
	slices.SortFunc(clients, func(a, b ClientID) int { return compareClients(b, a) })
	return clients
}

// DecodeStateVector returns the clocks that a state vector holds.
func DecodeStateVector(stateVector []byte) (map[ClientID]uint32, error) {
	r := reader{buf: stateVector}
	n := r.uvarint()
	if n > uint64(r.remaining())/2 {
		r.malformed("more clients than bytes")
	}
	if r.err != nil {
		return nil, r.err
	}
	clocks := make(map[ClientID]uint32, n)
	for ; n > 0 && r.err == nil; n-- {
		client := r.client()
		clocks[client] = r.clock()
	}
	if r.err == nil && r.remaining() > 0 {
		r.malformed("bytes after the state vector")
	}
	if r.err != nil {
		return nil, r.err
	}
	return clocks, nil
}

// EncodeState returns as one update what somebody with the given state vector
// lacks, and everything for a nil one. What is parked is included.
func (d *Doc) EncodeState(stateVector []byte) ([]byte, error) {
	if stateVector == nil {
		b := d.encodeState(nil)
		d.size = sizeEstimate{measured: len(b)}
		return b, nil
	}
	known, err := DecodeStateVector(stateVector)
	if err != nil {
		return nil, err
	}
	return d.encodeState(known), nil
}

func (d *Doc) encodeState(known map[ClientID]uint32) []byte {
	b := d.appendState(known)
	if !d.HasPending() {
		return b
	}
	var u decoded
	if err := u.decode(b, trusted); err != nil {
		panic("ydoc: own encoding does not parse: " + err.Error())
	}
	entries := make([]runEntry, 0, len(u.items)+len(d.pending.structs))
	for i := range u.items {
		entries = append(entries, u.entry(i))
	}
	for _, e := range d.pending.structs {
		if e.item.end() > known[e.item.client] {
			entries = append(entries, e)
		}
	}
	return appendRuns(nil, mergeRuns(entries), append(u.deletes, d.pending.deletes...))
}

// appendState encodes what is integrated.
func (d *Doc) appendState(known map[ClientID]uint32) []byte {
	clients := d.clientsDescending()
	lacking := clients[:0:0]
	structs, size := 0, 64
	for _, client := range clients {
		cs := d.clients[client]
		if cs.next > known[client] {
			lacking = append(lacking, client)
		}
		structs += len(cs.blocks) * blockCap
	}
	if known == nil {
		size = d.size.measured + d.size.growth + 64
	}
	b := appendUvarint(make([]byte, 0, size), uint64(len(lacking)))
	for _, client := range lacking {
		b = d.clients[client].appendFrom(b, known[client])
	}
	deletes := make([]deleteRange, 0, min(structs/4, 1<<12))
	for _, client := range clients {
		deletes = d.clients[client].deletedRanges(deletes)
	}
	return appendDeletes(b, deletes)
}

// appendFrom writes the structs of one client from a clock on.
func (cs *clientStructs) appendFrom(b []byte, from uint32) []byte {
	first := cs.find(from)
	count := -first.index
	for _, block := range cs.blocks[first.block:] {
		count += len(block)
	}
	b = appendUvarint(b, uint64(count))
	b = appendID(b, cs.client, from)
	offset := from - cs.at(first).clock
	for i, block := range cs.blocks[first.block:] {
		if i == 0 {
			block = block[first.index:]
		}
		for _, s := range block {
			b = appendStruct(b, s.item, nil, offset)
			offset = 0
		}
	}
	return b
}
