package ydoc

import (
	"bytes"
	"errors"
	"testing"
)

// edit makes edits as a client and returns their update.
func edit(t *testing.T, d *Doc, client ClientID, f func(*Edit)) []byte {
	t.Helper()
	update, err := d.Transact(client, f)
	if err != nil {
		t.Fatalf("transact: %v", err)
	}
	return update
}

// typing returns an edit that inserts text.
func typing(root string, index int, text string) func(*Edit) {
	return func(e *Edit) { e.InsertText(root, index, text) }
}

func stateOf(t *testing.T, d *Doc) []byte {
	t.Helper()
	state, err := d.EncodeState(nil)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return state
}

func TestEditsOfTwoClientsConvergeThroughPlans(t *testing.T) {
	a, b := New(), New()
	first := edit(t, a, 1, typing("content", 0, "ward"))
	apply := func(d *Doc, update []byte) {
		t.Helper()
		plan, err := d.Plan(update, Limits{})
		if err != nil {
			t.Fatalf("plan: %v", err)
		}
		if err := d.Apply(plan); err != nil {
			t.Fatalf("apply: %v", err)
		}
	}
	apply(b, first)
	fromA := edit(t, a, 1, typing("content", 4, " 3"))
	fromB := edit(t, b, 2, func(e *Edit) {
		e.InsertText("content", 0, "the ")
		e.DeleteText("content", 4, 1)
		e.InsertText("content", 4, "W")
		e.SetMap("values", "urgent", true)
	})
	apply(a, fromB)
	apply(b, fromA)
	if got, want := a.Text("content"), "the Ward 3"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	if err := Equal(a, b); err != nil {
		t.Fatalf("documents differ: %v", err)
	}
	if v, ok := a.MapValue("values", "urgent"); !ok || v != true {
		t.Fatalf("got %v %v, want true", v, ok)
	}
	loaded, err := Load(stateOf(t, a))
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if err := Equal(a, loaded); err != nil {
		t.Fatalf("loaded document differs: %v", err)
	}
}

func TestRefusedUpdateLeavesDocumentByteIdentical(t *testing.T) {
	d := New()
	edit(t, d, 1, typing("content", 0, "text"))
	before := stateOf(t, d)
	for _, update := range [][]byte{nil, {1}, {1, 1, 9, 0, 4, 1, 1, 'x', 1}, {0, 0, 0}} {
		if _, err := d.Plan(update, Limits{}); !errors.Is(err, ErrMalformed) {
			t.Fatalf("plan of % x: got %v, want ErrMalformed", update, err)
		}
		if err := d.ApplyUpdate(update); !errors.Is(err, ErrMalformed) {
			t.Fatalf("apply of % x: got %v, want ErrMalformed", update, err)
		}
	}
	if after := stateOf(t, d); !bytes.Equal(before, after) {
		t.Fatal("the document changed")
	}
}
