package ydoc

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// twoWriters returns the updates of two clients that hear of each other, and
// the document they come to.
func twoWriters(t *testing.T, edits int) (updates [][]byte, want *Doc) {
	random := rand.New(rand.NewPCG(4, 2))
	docs := []*Doc{New(), New()}
	for i := range edits {
		d, client := docs[i%2], ClientID(i%2+1)
		update := edit(t, d, client, func(e *Edit) {
			if n := d.TextLength("t"); n > 4 && random.IntN(3) == 0 {
				e.DeleteText("t", random.IntN(n-2), 2)
			} else {
				e.InsertText("t", random.IntN(n+1), "aé😀")
			}
			e.SetMap("m", "key", i)
		})
		updates = append(updates, update)
		if err := docs[1-i%2].ApplyUpdate(update); err != nil {
			t.Fatal(err)
		}
	}
	return updates, docs[0]
}

func TestUpdatesInAnyOrderWaitForWhatTheyLack(t *testing.T) {
	updates, want := twoWriters(t, 60)
	random := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		random.Shuffle(len(updates), func(i, j int) { updates[i], updates[j] = updates[j], updates[i] })
		d, restarted := New(), New()
		for i, update := range updates {
			if err := d.ApplyUpdate(update); err != nil {
				t.Fatal(err)
			}
			if i == len(updates)/2 { // what waits is part of the state
				if err := restarted.ApplyUpdate(mustEncode(t, d)); err != nil {
					t.Fatal(err)
				}
				if restarted.HasPending() != d.HasPending() {
					t.Fatalf("after a restart pending is %v", restarted.HasPending())
				}
			}
			if i > len(updates)/2 {
				if err := restarted.ApplyUpdate(update); err != nil {
					t.Fatal(err)
				}
			}
			if err := checkInvariants(d); err != nil {
				t.Fatal(err)
			}
		}
		for name, got := range map[string]*Doc{"going on": d, "restarted": restarted} {
			if got.HasPending() {
				t.Fatalf("%s: %d structs and %d deletes wait for %v", name, len(got.pending.structs), len(got.pending.deletes), got.pending.missing)
			}
			if err := Equal(want, got); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestDeletesWaitForTheirTarget(t *testing.T) {
	d := New()
	for _, update := range [][]byte{
		updateOf(nil, deleted(1, 1, 2)),
		updateOf([]runEntry{textStruct(1, 2, after(1, 1), "cd")}),
	} {
		if err := d.ApplyUpdate(update); err != nil {
			t.Fatal(err)
		}
		if !d.HasPending() || d.Text("t") != "" {
			t.Fatalf("pending is %v, text %q", d.HasPending(), d.Text("t"))
		}
	}
	if _, err := Load(mustEncode(t, d)); !errors.Is(err, ErrMissingDependency) {
		t.Fatalf("got %v, want ErrMissingDependency", err)
	}
	diff, err := d.EncodeState([]byte{1, 1, 3})
	if err != nil {
		t.Fatal(err)
	}
	if want := updateOf([]runEntry{textStruct(1, 2, after(1, 1), "cd")}, deleted(1, 1, 2)); !bytes.Equal(diff, want) {
		t.Fatalf("got % x, want % x", diff, want)
	}
	if err := d.ApplyUpdate(updateOf([]runEntry{textStruct(1, 0, inRoot("t"), "ab")})); err != nil {
		t.Fatal(err)
	}
	if d.HasPending() || d.Text("t") != "ad" {
		t.Fatalf("pending is %v, text %q", d.HasPending(), d.Text("t"))
	}
}

func TestWhatWaitsIsBounded(t *testing.T) {
	big := bytes.Repeat([]byte("x"), maxPendingBytes/2)
	var far []deleteRange
	for i := range uint32(maxPendingDeletes/2 + 1) {
		far = append(far, deleted(9, 2*i+1, 1))
	}
	var structs []runEntry
	for i := range uint32(maxPendingStructs/2 + 1) {
		structs = append(structs, textStruct(8, i+1, inRoot("t"), "x"))
	}
	tests := map[string][]byte{
		"bytes":   updateOf([]runEntry{textStruct(7, 1, inRoot("t"), string(big)+"x")}),
		"deletes": updateOf(nil, far...),
		"structs": updateOf(structs),
		"clients": updateOf(waiting(maxPendingClients/2 + 1)),
	}
	for name, update := range tests {
		d := New()
		if err := d.ApplyUpdate(update); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		state := mustEncode(t, d)
		if err := d.ApplyUpdate(update); !errors.Is(err, ErrMissingDependency) {
			t.Fatalf("%s: got %v, want ErrMissingDependency", name, err)
		}
		if !bytes.Equal(state, mustEncode(t, d)) {
			t.Fatalf("%s: the document changed", name)
		}
	}
}

func TestPlanOnADocumentThatWaitsTakesUpWhatItCompletes(t *testing.T) {
	d := New()
	if err := d.ApplyUpdate(updateOf([]runEntry{textStruct(2, 0, after(1, 1), "c")}, deleted(1, 0, 1))); err != nil {
		t.Fatal(err)
	}
	applyPlan(t, d, updateOf([]runEntry{textStruct(1, 0, inRoot("t"), "ab")}))
	if d.HasPending() || d.Text("t") != "bc" {
		t.Fatalf("pending is %v, text %q", d.HasPending(), d.Text("t"))
	}
	if !slices.Equal(d.Clients(), []ClientID{1, 2}) {
		t.Fatalf("clients are %v", d.Clients())
	}
}
