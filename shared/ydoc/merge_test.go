package ydoc

import (
	"bytes"
	"errors"
	"testing"
)

func TestMergedUpdatesHaveTheEffectOfAll(t *testing.T) {
	updates, want := twoWriters(t, 40)
	orders := map[string][][]byte{
		"in order":   updates,
		"repeated":   append(append([][]byte{}, updates...), updates[10:20]...),
		"with state": append([][]byte{mustEncode(t, want)}, updates[30:]...),
		"in parts":   {must(Merge(updates[20:])), must(Merge(updates[:25]))},
		"with hole":  {must(Merge(append([][]byte{updates[0]}, updates[25:]...))), must(Merge(updates[1:25]))},
	}
	for name, list := range orders {
		merged, err := Merge(list)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Load(merged)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := Equal(want, d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if none, err := Merge(nil); err != nil || !bytes.Equal(none, []byte{0, 0}) {
		t.Fatalf("got % x, %v", none, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestDiffCarriesWhatAStateVectorLacks(t *testing.T) {
	updates, want := twoWriters(t, 40)
	half := New()
	for _, update := range updates[:17] {
		if err := half.ApplyUpdate(update); err != nil {
			t.Fatal(err)
		}
	}
	fromUpdate := must(Diff(mustEncode(t, want), half.StateVector()))
	fromDoc := must(want.EncodeState(half.StateVector()))
	if len(fromUpdate) >= len(mustEncode(t, want)) {
		t.Fatalf("a diff of %d bytes", len(fromUpdate))
	}
	for name, diff := range map[string][]byte{"of an update": fromUpdate, "of a document": fromDoc} {
		d := must(Load(mustEncode(t, half)))
		applyPlan(t, d, diff)
		if err := Equal(want, d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	nothing := must(Diff(updates[3], want.StateVector()))
	p, err := want.Plan(nothing, Limits{})
	if err != nil || !p.Empty() {
		t.Fatalf("something is left of a diff against everything: %v", err)
	}
	behindAHole := must(Diff(must(Merge([][]byte{updates[0], updates[30]})), []byte{1, 1, 100}))
	if err := New().ApplyUpdate(behindAHole); err != nil {
		t.Fatal(err)
	}
}

func TestMergeAndDiffRefuseWhatDoesNotParse(t *testing.T) {
	good := []byte{0, 0}
	if _, err := Merge([][]byte{good, {1}}); !errors.Is(err, ErrMalformed) {
		t.Fatalf("got %v, want ErrMalformed", err)
	}
	if _, err := Diff([]byte{1}, []byte{0}); !errors.Is(err, ErrMalformed) {
		t.Fatalf("got %v, want ErrMalformed", err)
	}
	for name, sv := range map[string][]byte{
		"nothing": {}, "too short": {1}, "half a pair": {1, 5}, "more than bytes": {0xff, 0xff, 3, 1}, "too long": {0, 0}, "number": {1, 0x80},
	} {
		if _, err := Diff(good, sv); !errors.Is(err, ErrMalformed) {
			t.Fatalf("%s: got %v, want ErrMalformed", name, err)
		}
		if _, err := New().EncodeState(sv); !errors.Is(err, ErrMalformed) {
			t.Fatalf("%s: got %v, want ErrMalformed", name, err)
		}
	}
}

func TestStateVectorComesBack(t *testing.T) {
	_, d := twoWriters(t, 9)
	clocks, err := DecodeStateVector(d.StateVector())
	if err != nil {
		t.Fatal(err)
	}
	if len(clocks) != 2 || clocks[1] != d.Clock(1) || clocks[2] != d.Clock(2) || d.Clock(3) != 0 {
		t.Fatalf("got %v", clocks)
	}
}

func TestSizeStaysAtOrJustAboveTheEncodedLength(t *testing.T) {
	d := New()
	check := func() {
		t.Helper()
		size := d.Size()
		encoded := New()
		if err := encoded.ApplyUpdate(must(Load(d.encodeState(nil))).encodeState(nil)); err != nil {
			t.Fatal(err)
		}
		if n := len(encoded.encodeState(nil)); size < n || size > n+n/32+256 {
			t.Fatalf("size is %d of %d bytes", size, n)
		}
	}
	check()
	for i := range 600 {
		edit(t, d, ClientID(1+i%3), func(e *Edit) {
			e.InsertText("t", d.TextLength("t")/2, "some text 😀")
			if i%4 == 0 {
				e.DeleteText("t", 0, 5)
			}
			e.SetMap("m", "k", i)
		})
		if i%20 == 0 {
			check()
		}
	}
	edit(t, d, 1, func(e *Edit) { e.DeleteText("t", 0, d.TextLength("t")) })
	check()
	if got, want := d.countState(), len(d.encodeState(nil)); got != want {
		t.Fatalf("counted %d bytes, want %d", got, want)
	}
	if err := d.ApplyUpdate(updateOf([]runEntry{textStruct(9, 3, inRoot("t"), "waits")})); err != nil {
		t.Fatal(err)
	}
	if got, want := d.countState(), len(d.encodeState(nil)); got != want {
		t.Fatalf("with a parked struct counted %d bytes, want %d", got, want)
	}
}
