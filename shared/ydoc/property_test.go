package ydoc

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// forger makes updates that parse, but that no honest client would write:
// structs in every kind of place, neighbours of other lists, deletes of
// anything, overlaps, gaps and repetitions.
type forger struct {
	random *rand.Rand
	doc    *Doc // that the updates are meant for
}

// unit is any unit of some client, now and then one that is not there.
func (f *forger) unit() (ClientID, uint32) {
	client := ClientID(1 + f.random.IntN(3))
	return client, f.random.Uint32N(f.doc.Clock(client) + 2)
}

func (f *forger) place() place {
	root := string(rune('r' + f.random.IntN(2)))
	switch f.random.IntN(7) {
	case 0:
		return inRoot(root)
	case 1:
		return underKey(root, string(rune('k'+f.random.IntN(2))))
	case 2:
		return inside(f.unit())
	case 3:
		client, clock := f.unit()
		return func(it *item, p *wireParent) {
			inside(client, clock)(it, p)
			it.flags |= hasKey
			p.key = []byte("n")
		}
	case 4:
		return after(f.unit())
	case 5:
		return before(f.unit())
	}
	left, l := f.unit()
	right, r := f.unit()
	return between(left, l, right, r)
}

func (f *forger) structure(client ClientID, clock uint32) runEntry {
	switch f.random.IntN(10) {
	case 0, 1, 2:
		return typeStruct(client, clock, f.place(), typeRef(f.random.IntN(7)))
	case 3:
		return gcStruct(client, clock, 1+f.random.Uint32N(3))
	case 4:
		return structOf(client, clock, f.place(), kindDeleted, 1+f.random.Uint32N(3), nil)
	case 5:
		return anyStruct(client, clock, f.place(), 1, "two", []any{3})
	case 6:
		return structOf(client, clock, f.place(), kindFormat, 1, appendText(appendText(nil, "b"), "1"))
	}
	return textStruct(client, clock, f.place(), []string{"a", "bcd", "é", "x😀y"}[f.random.IntN(4)])
}

func (f *forger) update() []byte {
	var structs []runEntry
	for client := ClientID(3); client > 0; client-- {
		if f.random.IntN(2) > 0 {
			continue
		}
		clock := f.doc.Clock(client)
		switch f.random.IntN(8) {
		case 0:
			clock -= min(clock, f.random.Uint32N(3))
		case 1:
			clock += f.random.Uint32N(2)
		}
		for n := 1 + f.random.IntN(4); n > 0; n-- {
			e := f.structure(client, clock)
			structs = append(structs, e)
			clock = e.item.end()
		}
	}
	var deletes []deleteRange
	for n := f.random.IntN(4); n > 0; n-- {
		client, clock := f.unit()
		deletes = append(deletes, deleted(client, clock, 1+f.random.Uint32N(4)))
	}
	return updateOf(structs, deletes...)
}

// D2, D6: whatever parses is either refused and changes nothing, or changes
// the planning document, its journal and a reporting document alike.
func TestForgedUpdatesAreRefusedOrChangeAllReplicasAlike(t *testing.T) {
	const rounds, updates = 1500, 25
	accepted := 0
	for seed := range uint64(rounds) {
		planned, journal, reported := New(), New(), New()
		f := forger{random: rand.New(rand.NewPCG(seed, 7)), doc: planned}
		for range updates {
			update := f.update()
			state := mustEncode(t, planned)
			p, err := planned.Plan(update, Limits{})
			if err != nil {
				if !bytes.Equal(state, mustEncode(t, planned)) {
					t.Fatalf("seed %d: a refused update changed the document", seed)
				}
				continue
			}
			accepted++
			touched := map[string]bool{}
			for _, touch := range p.Touches() {
				touched[touch.Root] = true
			}
			lengths := map[string]int{"r": planned.TextLength("r"), "s": planned.TextLength("s")}
			if err := planned.Apply(p); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for root, n := range lengths {
				if planned.TextLength(root) != n && !touched[root] {
					t.Fatalf("seed %d: root %q changed untouched", seed, root)
				}
			}
			applyEverywhere(t, seed, p.Update(), planned, journal, reported)
		}
	}
	if accepted < rounds {
		t.Fatalf("only %d updates were accepted", accepted)
	}
}

func applyEverywhere(t *testing.T, seed uint64, update []byte, planned, journal, reported *Doc) {
	t.Helper()
	if err := journal.ApplyUpdate(update); err != nil {
		t.Fatalf("seed %d: journal: %v", seed, err)
	}
	p, err := reported.Plan(update, Limits{})
	if err != nil {
		t.Fatalf("seed %d: report: %v", seed, err)
	}
	if _, err := reported.ApplyReport(p); err != nil {
		t.Fatalf("seed %d: report: %v", seed, err)
	}
	for _, d := range []*Doc{planned, journal, reported} {
		if err := checkInvariants(d); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := Equal(planned, d); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	loaded, err := Load(mustEncode(t, planned))
	if err != nil {
		t.Fatalf("seed %d: load: %v", seed, err)
	}
	// The order of forged neighbours may come out otherwise: Yjs promises one
	// order only for neighbours that stood beside each other somewhere.
	if err := checkInvariants(loaded); err != nil {
		t.Fatalf("seed %d: loaded: %v", seed, err)
	}
}
