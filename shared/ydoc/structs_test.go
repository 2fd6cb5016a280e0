package ydoc

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// plainStructs is what clientStructs is meant to do, in one slice.
type plainStructs []*item

func (p plainStructs) find(clock uint32) *item {
	i := slices.IndexFunc(p, func(it *item) bool { return clock < it.end() })
	return p[i]
}

func checkSame(t *testing.T, cs *clientStructs, want plainStructs) {
	t.Helper()
	var got plainStructs
	for p, more := (position{}), true; more; p, more = cs.forward(p) {
		got = append(got, cs.at(p))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%d structs, want %d, or in another order", len(got), len(want))
	}
	for _, block := range cs.blocks {
		if len(block) == 0 || len(block) > blockCap {
			t.Fatalf("a block of %d slots", len(block))
		}
	}
}

func TestBlocksBehaveLikeOneSlice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	cs := &clientStructs{client: 1}
	var plain plainStructs
	for range 3 * blockCap {
		it := &item{client: 1, clock: cs.next, length: 1 + random.Uint32N(40), kind: kindBinary}
		cs.append(it)
		plain = append(plain, it)
	}
	for range 6 * blockCap {
		clock := random.Uint32N(cs.next)
		p := cs.find(clock)
		it := cs.at(p)
		if it != plain.find(clock) {
			t.Fatalf("clock %d: found the struct at %d", clock, it.clock)
		}
		if it.length < 2 {
			continue
		}
		right := &item{client: 1, clock: it.clock + 1, length: it.length - 1, kind: kindBinary}
		it.length = 1
		if q := cs.insertAfter(p, right); cs.at(q) != right {
			t.Fatalf("clock %d: the right half is elsewhere", clock)
		}
		plain = slices.Insert(plain, slices.Index(plain, it)+1, right)
	}
	checkSame(t, cs, plain)
	for i := len(plain) - 1; i > 0; i-- {
		p, ok := cs.back(cs.find(plain[i].clock))
		if !ok || cs.at(p) != plain[i-1] {
			t.Fatalf("back from clock %d goes wrong", plain[i].clock)
		}
	}
}

func TestRemoveSpanDropsWholeAndPartialBlocks(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		cs := &clientStructs{client: 1}
		cs.reserve(random.IntN(5 * blockCap))
		var plain plainStructs
		for range 1 + random.IntN(5*blockCap) {
			it := &item{client: 1, clock: cs.next, length: 1}
			cs.append(it)
			plain = append(plain, it)
		}
		from := random.IntN(len(plain))
		to := from + random.IntN(len(plain)-from+1)
		if from == 0 && to == len(plain) {
			continue
		}
		end := position{len(cs.blocks), 0}
		if to < len(plain) {
			end = cs.find(plain[to].clock)
		}
		cs.removeSpan(cs.find(plain[from].clock), end)
		checkSame(t, cs, slices.Delete(plain, from, to))
	}
}

func TestMergeJoinsRunsOfCollectedStructsAcrossBlocks(t *testing.T) {
	cs := &clientStructs{client: 1}
	for range 4 * blockCap {
		cs.append(&item{client: 1, clock: cs.next, length: 2, kind: kindGC, flags: isDeleted})
	}
	middle := cs.next / 2
	cs.merge(middle, middle)
	if got := cs.at(position{}); got.clock != 0 || got.end() != middle+2 {
		t.Fatalf("the first struct is [%d, %d): want [0, %d)", got.clock, got.end(), middle+2)
	}
	cs.merge(0, cs.next)
	if got := cs.last(); got.length != cs.next || len(cs.blocks) != 1 || len(cs.blocks[0]) != 1 {
		t.Fatalf("%d of %d units are in the last struct", got.length, cs.next)
	}
}
