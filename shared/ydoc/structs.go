package ydoc

// blockCap is the number of structs in a full block. A split or a merge moves
// at most this many slots, whatever the size of the document.
const blockCap = 128

// slot is one struct of a client with its clock beside it, so that a search
// does not have to visit the items.
type slot struct {
	clock uint32
	dead  bool // was deleted already when it was put here; false says nothing
	item  *item
}

func newSlot(it *item) slot { return slot{it.clock, it.deleted(), it} }

// clientStructs owns the structs of one client, gapless and in clock order,
// and what the running transaction has to know about the client.
type clientStructs struct {
	client ClientID
	next   uint32   // the clock after the last struct
	blocks [][]slot // none is empty
	recent int      // index of the block searched last

	// Valid while touched.
	touched  bool
	before   uint32       // next at the start of the transaction
	deleted  []clockRange // deleted by the transaction
	reserved []slot       // room for blocks, zero
}

// position is a place in the blocks of a client.
type position struct{ block, index int }

func (cs *clientStructs) at(p position) *item { return cs.blocks[p.block][p.index].item }

// startOfTransaction is the clock from which structs are new.
func (cs *clientStructs) startOfTransaction() uint32 {
	if cs.touched {
		return cs.before
	}
	return cs.next
}

// find returns the position of the struct that covers clock, which must be
// less than next.
func (cs *clientStructs) find(clock uint32) position {
	b := cs.findBlock(clock)
	block := cs.blocks[b]
	// Halving without branches: which way to go cannot be predicted.
	low := 0
	for n := len(block); n > 1; {
		half := n / 2
		next := low
		if block[low+half].clock <= clock {
			next = low + half
		}
		low = next
		n -= half
	}
	return position{b, low}
}

// findBlock returns the block that covers clock: most often the last one, or
// the one before.
func (cs *clientStructs) findBlock(clock uint32) int {
	last := len(cs.blocks) - 1
	if clock >= cs.blocks[last][0].clock {
		return last
	}
	if b := cs.recent; b < last && cs.blocks[b][0].clock <= clock && clock < cs.blocks[b+1][0].clock {
		return b
	}
	low := 0
	for n := last; n > 1; {
		half := n / 2
		if cs.blocks[low+half][0].clock <= clock {
			low += half
		}
		n -= half
	}
	cs.recent = low
	return low
}

// covering returns the struct that covers clock, or nil beyond the end.
func (cs *clientStructs) covering(clock uint32) *item {
	if cs == nil || clock >= cs.next {
		return nil
	}
	return cs.at(cs.find(clock))
}

// last returns the newest struct, or nil.
func (cs *clientStructs) last() *item {
	if len(cs.blocks) == 0 {
		return nil
	}
	block := cs.blocks[len(cs.blocks)-1]
	return block[len(block)-1].item
}

// forward steps to the next struct; it is false at the end.
func (cs *clientStructs) forward(p position) (position, bool) {
	if p.index++; p.index < len(cs.blocks[p.block]) {
		return p, true
	}
	return position{p.block + 1, 0}, p.block+1 < len(cs.blocks)
}

// back steps to the previous struct; it is false at the start.
func (cs *clientStructs) back(p position) (position, bool) {
	if p.index > 0 {
		return position{p.block, p.index - 1}, true
	}
	if p.block == 0 {
		return p, false
	}
	return position{p.block - 1, len(cs.blocks[p.block-1]) - 1}, true
}

// append adds the struct that begins at next.
func (cs *clientStructs) append(it *item) {
	last := len(cs.blocks) - 1
	if last < 0 || len(cs.blocks[last]) >= blockCap {
		cs.blocks = append(cs.blocks, cs.newBlock())
		last++
	}
	cs.blocks[last] = append(cs.blocks[last], newSlot(it))
	cs.next = it.clock + it.length
}

// newBlock returns an empty block, of what was reserved if anything is left.
func (cs *clientStructs) newBlock() []slot {
	if len(cs.reserved) > 0 {
		n := min(blockCap, len(cs.reserved))
		block := cs.reserved[:0:n]
		cs.reserved = cs.reserved[n:]
		return block
	}
	if len(cs.blocks) == 0 {
		return nil // most clients write little: grow as needed
	}
	return make([]slot, 0, blockCap)
}

// reserve makes room for n structs more in one piece.
func (cs *clientStructs) reserve(n int) {
	if last := len(cs.blocks) - 1; last >= 0 {
		n -= blockCap - len(cs.blocks[last])
	}
	if n > blockCap/4 {
		cs.reserved = make([]slot, n)
	}
}

// insertAfter puts the right half of a split after its left half and returns
// where it is.
func (cs *clientStructs) insertAfter(p position, it *item) position {
	block := cs.blocks[p.block]
	if len(block) >= blockCap {
		half := len(block) / 2
		upper := append(make([]slot, 0, blockCap), block[half:]...)
		clear(block[half:])
		cs.blocks[p.block] = block[:half]
		cs.blocks = append(cs.blocks, nil)
		copy(cs.blocks[p.block+2:], cs.blocks[p.block+1:])
		cs.blocks[p.block+1] = upper
		if p.index >= half {
			p = position{p.block + 1, p.index - half}
		}
		block = cs.blocks[p.block]
	}
	p.index++
	block = append(block, slot{})
	copy(block[p.index+1:], block[p.index:])
	block[p.index] = newSlot(it)
	cs.blocks[p.block] = block
	return p
}

// removeSpan drops the slots from first up to but not including end, which
// may lie one past the last block. It never drops all slots of a client.
func (cs *clientStructs) removeSpan(first, end position) {
	if first == end {
		return
	}
	if first.block == end.block {
		cs.blocks[first.block] = cutSlots(cs.blocks[first.block], first.index, end.index)
	} else {
		cs.blocks[first.block] = cutSlots(cs.blocks[first.block], first.index, len(cs.blocks[first.block]))
		if end.block < len(cs.blocks) {
			cs.blocks[end.block] = cutSlots(cs.blocks[end.block], 0, end.index)
		}
		end.index = 0
	}
	kept := first.block
	if len(cs.blocks[kept]) > 0 {
		kept++
	}
	if tail := max(end.block, first.block+1); kept < tail {
		n := copy(cs.blocks[kept:], cs.blocks[tail:])
		clear(cs.blocks[kept+n:])
		cs.blocks = cs.blocks[:kept+n]
	}
}

func cutSlots(block []slot, from, to int) []slot {
	n := copy(block[from:], block[to:])
	clear(block[from+n:])
	return block[:from+n]
}

// merge joins neighbours that can be one struct, looking at every pair whose
// right part begins in [from, to], and left of it as far as structs join. It
// appends forwards, so that a long run costs no more than its length.
func (cs *clientStructs) merge(from, to uint32) {
	kept := cs.find(from)
	if p, ok := cs.back(kept); ok && cs.blocks[kept.block][kept.index].clock >= from {
		kept = p
	}
	for p, ok := cs.back(kept); ok && cs.at(p).joins(cs.at(kept)); p, ok = cs.back(p) {
		kept = p
	}
	left := cs.at(kept)
	next, more := cs.forward(kept)
	gap := false // slots between kept and next are free
	for more {
		s := cs.blocks[next.block][next.index]
		if s.clock > to {
			break
		}
		if left.absorb(s.item) {
			gap = true
		} else {
			kept, _ = cs.forward(kept)
			if gap {
				cs.blocks[kept.block][kept.index] = s
			}
			left = s.item
		}
		next, more = cs.forward(next)
	}
	if gap {
		kept, _ = cs.forward(kept)
		cs.removeSpan(kept, next)
	}
}
