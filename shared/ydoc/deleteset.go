package ydoc

import "slices"

// normalize sorts ranges and joins those that touch or overlap, in place.
func normalize(ranges []clockRange) []clockRange {
	if len(ranges) < 2 {
		return ranges
	}
	byClock := func(a, b clockRange) int { return int(a.clock) - int(b.clock) }
	if !slices.IsSortedFunc(ranges, byClock) {
		slices.SortFunc(ranges, byClock)
	}
	kept := ranges[:1]
	for _, r := range ranges[1:] {
		if last := &kept[len(kept)-1]; r.clock <= last.end() {
			last.length = max(last.end(), r.end()) - last.clock
		} else {
			kept = append(kept, r)
		}
	}
	return kept
}

// normalizeDeletes does the same for the ranges of several clients, which it
// puts in descending order of clients, as they are written.
func normalizeDeletes(deletes []deleteRange) []deleteRange {
	order := func(a, b deleteRange) int {
		if a.client != b.client {
			return compareClients(b.client, a.client)
		}
		return int(a.clock) - int(b.clock)
	}
	if !slices.IsSortedFunc(deletes, order) {
		slices.SortFunc(deletes, order)
	}
	kept := deletes[:0]
	for _, r := range deletes {
		if r.length == 0 {
			continue
		}
		if n := len(kept) - 1; n >= 0 && kept[n].client == r.client && r.clock <= kept[n].end() {
			kept[n].length = max(kept[n].end(), r.end()) - kept[n].clock
		} else {
			kept = append(kept, r)
		}
	}
	return kept
}

// appendDeletes writes normalized deletes.
func appendDeletes(b []byte, deletes []deleteRange) []byte {
	clients := uint64(0)
	for i := range deletes {
		if i == 0 || deletes[i].client != deletes[i-1].client {
			clients++
		}
	}
	b = appendUvarint(b, clients)
	for len(deletes) > 0 {
		n := 1
		for n < len(deletes) && deletes[n].client == deletes[0].client {
			n++
		}
		b = appendUvarint(appendUvarint(b, uint64(deletes[0].client)), uint64(n))
		for _, r := range deletes[:n] {
			b = appendUvarint(appendUvarint(b, uint64(r.clock)), uint64(r.length))
		}
		deletes = deletes[n:]
	}
	return b
}

// readDeletes reads the second part of an update. Ranges are bounded by the
// bytes of the update alone (D6).
func (u *decoded) readDeletes(r *reader) {
	for clients := r.uvarint(); clients > 0 && r.err == nil; clients-- {
		client := r.client()
		count := r.uvarint()
		if count > uint64(r.remaining())/2 {
			r.malformed("more deletes than bytes")
			return
		}
		u.deletes = slices.Grow(u.deletes, int(count))
		for ; count > 0 && r.err == nil; count-- {
			d := deleteRange{client, clockRange{r.clock(), r.clock()}}
			if uint64(d.clock)+uint64(d.length) > maxClock {
				r.fail(ErrClockOverflow, "delete")
			}
			u.deletes = append(u.deletes, d)
		}
	}
}

// addDead notes a struct that is deleted in the update itself.
func (u *decoded) addDead(client ClientID, clock, length uint32) {
	if n := len(u.dead) - 1; n >= 0 && u.dead[n].client == client && u.dead[n].end() == clock {
		u.dead[n].length += length
		return
	}
	u.dead = append(u.dead, deleteRange{client, clockRange{clock, length}})
}

// pruneDeletes drops the deletes of structs that come deleted with the update
// itself, all of which the document lacks: most deletes of a whole state.
func (d *Doc) pruneDeletes(u *decoded) []deleteRange {
	if len(u.dead) == 0 {
		return u.deletes
	}
	left := u.deletes[:0]
	dead := u.dead
	var client ClientID
	var known, scheduled uint32
	for i, r := range u.deletes {
		if i == 0 || r.client != client {
			client, known, scheduled = r.client, d.Clock(r.client), d.scheduledClock(u, r.client)
		}
		for len(dead) > 0 && (dead[0].client > r.client || dead[0].client == r.client && dead[0].end() <= r.clock) {
			dead = dead[1:]
		}
		if len(dead) > 0 && dead[0].client == r.client && dead[0].clock <= r.clock && r.end() <= dead[0].end() &&
			known <= r.clock && r.end() <= scheduled {
			continue
		}
		left = append(left, r)
	}
	return left
}

// deletedRanges returns every deleted run of a client, in order.
func (cs *clientStructs) deletedRanges(ranges []deleteRange) []deleteRange {
	first := len(ranges)
	for _, block := range cs.blocks {
		for _, s := range block {
			if !s.item.deleted() {
				continue
			}
			if n := len(ranges) - 1; n >= first && ranges[n].end() == s.clock {
				ranges[n].length += s.item.length
			} else {
				ranges = append(ranges, deleteRange{cs.client, clockRange{s.clock, s.item.length}})
			}
		}
	}
	return ranges
}
