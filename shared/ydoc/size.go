package ydoc

// splitBytes is what a split adds to the state at most: the head of a struct.
const splitBytes = 28

// sizeEstimate bounds the length of the encoded state from above without
// encoding it for every change.
type sizeEstimate struct {
	measured int // length when it was last encoded or counted
	growth   int // what changes since then can have added
}

func (s *sizeEstimate) grow(n int) { s.growth += n }

// Size returns about how long EncodeState(nil) is: never less, and at most a
// thirty-second part and 256 bytes more. It counts anew only after the
// document may have grown by that much, so that its cost a change is small.
func (d *Doc) Size() int {
	if d.size.growth > d.size.measured/32+256 {
		d.size = sizeEstimate{measured: d.countState()}
	}
	return d.size.measured + d.size.growth
}

// countState is the length of EncodeState(nil).
func (d *Doc) countState() int {
	if d.HasPending() {
		return len(d.encodeState(nil))
	}
	var buf [64]byte
	n := len(appendUvarint(buf[:0], uint64(len(d.clients))))
	var deletes []deleteRange
	for _, cs := range d.clients {
		structs := 0
		for _, block := range cs.blocks {
			structs += len(block)
			for _, s := range block {
				n += encodedLength(s.item, buf[:0])
			}
		}
		n += len(appendID(appendUvarint(buf[:0], uint64(structs)), cs.client, 0))
		deletes = cs.deletedRanges(deletes)
	}
	return n + len(appendDeletes(make([]byte, 0, 8*len(deletes)+16), normalizeDeletes(deletes)))
}

// encodedLength is the length of a struct; long content is not copied for it.
func encodedLength(it *item, buf []byte) int {
	head := *it
	head.data = nil
	if it.kind == kindString {
		return len(appendStruct(buf, &head, nil, 0)) - 1 + len(appendUvarint(buf, uint64(len(it.data)))) + len(it.data)
	}
	return len(appendStruct(buf, &head, nil, 0)) + len(it.data)
}
