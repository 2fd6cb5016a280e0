package ydoc

import (
	"bytes"
	"testing"
)

// seeds are updates to start fuzzing from: every kind of content, concurrent
// edits, incomplete and overlapping ones.
func seeds() [][]byte {
	a, b := New(), New()
	transact := func(d *Doc, client ClientID, f func(*Edit)) []byte {
		update, err := d.Transact(client, f)
		if err != nil {
			panic(err)
		}
		return update
	}
	first := transact(a, 1, func(e *Edit) { e.InsertText("t", 0, "abc😀def"); e.SetMap("m", "k", "v") })
	if err := b.ApplyUpdate(first); err != nil {
		panic(err)
	}
	second := transact(a, 1, func(e *Edit) { e.DeleteText("t", 1, 3); e.SetMap("m", "k", []any{1.5, nil}) })
	third := transact(b, 2, func(e *Edit) { e.InsertText("t", 2, "xyz"); e.DeleteMap("m", "k") })
	merged, err := Merge([][]byte{first, third})
	if err != nil {
		panic(err)
	}
	incomplete, err := Merge([][]byte{first, updateOf([]runEntry{textStruct(1, 20, after(1, 19), "far")})})
	if err != nil {
		panic(err)
	}
	return [][]byte{
		{0, 0}, {0}, {0, 0, 0}, first, second, third, merged, incomplete, everyKind(),
		updateOf([]runEntry{typeStruct(3, 0, underKey("m", "k"), refMap), typeStruct(3, 1, inside(3, 0), refArray)}, deleted(3, 0, 1)),
		updateOf([]runEntry{textStruct(9, 0, before(1, 3), "q"), textStruct(8, 0, between(1, 0, 9, 0), "r")}, deleted(9, 0, 1)),
		updateOf([]runEntry{gcStruct(4, 0, 9)}, deleted(1, 0, 2), deleted(4, 0, 9)),
	}
}

// base is the document that fuzzed updates meet.
func base(t testing.TB) *Doc {
	d := New()
	for _, update := range [][]byte{seeds()[3], seeds()[5], everyKind()} {
		if err := d.ApplyUpdate(update); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func addSeeds(f *testing.F) {
	for _, update := range seeds() {
		f.Add(update)
	}
}

func mustEncode(t testing.TB, d *Doc) []byte {
	state, err := d.EncodeState(nil)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func FuzzApplyUpdate(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, update []byte) {
		d := base(t)
		before := mustEncode(t, d)
		input := bytes.Clone(update)
		if err := d.ApplyUpdate(update); err != nil {
			if !bytes.Equal(before, mustEncode(t, d)) {
				t.Fatal("a refused update changed the document")
			}
			return
		}
		clear(update) // the document must not hold on to it
		if err := checkInvariants(d); err != nil {
			t.Fatal(err)
		}
		state := mustEncode(t, d)
		if size := d.Size(); size < len(state) || size > len(state)*33/32+256 {
			t.Fatalf("size %d of a state of %d bytes", size, len(state))
		}
		again := New()
		if err := again.ApplyUpdate(state); err != nil {
			t.Fatalf("own state is refused: %v", err)
		}
		if err := checkInvariants(again); err != nil { // forged neighbours may change their order
			t.Fatal(err)
		}
		if err := d.ApplyUpdate(input); err != nil {
			t.Fatalf("the same update is refused the second time: %v", err)
		}
	})
}

func FuzzPlan(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, update []byte) {
		planned, applied, reduced, reported := base(t), base(t), base(t), base(t)
		before := mustEncode(t, planned)
		p, err := planned.Plan(update, Limits{})
		if !bytes.Equal(before, mustEncode(t, planned)) {
			t.Fatal("planning changed the document")
		}
		if err != nil {
			return
		}
		if err := planned.Apply(p); err != nil {
			t.Fatal(err)
		}
		if err := applied.ApplyUpdate(update); err != nil {
			t.Fatalf("a planned update is refused: %v", err)
		}
		if err := reduced.ApplyUpdate(p.Update()); err != nil {
			t.Fatalf("what a plan left is refused: %v", err)
		}
		again, err := reported.Plan(p.Update(), Limits{})
		if err != nil {
			t.Fatalf("what a plan left cannot be planned: %v", err)
		}
		if _, err := reported.ApplyReport(again); err != nil {
			t.Fatal(err)
		}
		for _, d := range []*Doc{planned, applied, reduced, reported} {
			if d.HasPending() {
				t.Fatal("something is parked")
			}
			if err := checkInvariants(d); err != nil {
				t.Fatal(err)
			}
			if err := Equal(planned, d); err != nil {
				t.Fatal(err)
			}
		}
		if p.Empty() != bytes.Equal(before, mustEncode(t, planned)) {
			t.Fatalf("empty is %v", p.Empty())
		}
		if last, err := planned.Plan(update, Limits{}); err != nil || !last.Empty() {
			t.Fatalf("the update is not known after it was applied: %v", err)
		}
	})
}

func FuzzStateVector(f *testing.F) {
	d := base(f)
	f.Add(d.StateVector())
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, stateVector []byte) {
		clocks, err := DecodeStateVector(stateVector)
		if err != nil {
			return
		}
		diff, err := base(t).EncodeState(append([]byte{}, stateVector...))
		if err != nil {
			t.Fatalf("%v of %v", err, clocks)
		}
		if err := New().ApplyUpdate(diff); err != nil {
			t.Fatalf("own diff is refused: %v", err)
		}
	})
}

func FuzzMerge(f *testing.F) {
	for _, a := range seeds() {
		f.Add(a, seeds()[3])
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		merged, err := Merge([][]byte{a, b})
		if err != nil {
			return
		}
		if _, err := Merge([][]byte{merged, a}); err != nil {
			t.Fatalf("merged updates are refused: %v", err)
		}
		if err := New().ApplyUpdate(merged); err != nil {
			t.Fatalf("merged updates cannot be applied: %v", err)
		}
	})
}

func FuzzDiff(f *testing.F) {
	for _, a := range seeds() {
		f.Add(a, base(f).StateVector())
	}
	f.Fuzz(func(t *testing.T, update, stateVector []byte) {
		diff, err := Diff(update, stateVector)
		if err != nil {
			return
		}
		if err := Validate(diff, trusted); err != nil {
			t.Fatalf("a diff is refused: %v", err)
		}
	})
}

func FuzzValues(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, update []byte) {
		d := New()
		if d.ApplyUpdate(update) != nil {
			return
		}
		for _, root := range d.Roots() {
			d.Text(root)
			d.ListJSON(root)
			if got, want := len(d.MapJSON(root)), len(d.MapKeys(root)); got != want {
				t.Fatalf("%d values of %d keys", got, want)
			}
		}
	})
}
