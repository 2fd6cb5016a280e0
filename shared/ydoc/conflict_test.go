package ydoc

import (
	"errors"
	"testing"
)

// neighbourly returns a document in which client 1 wrote "abcdef" and client 2 an "x" between "b" and "c".
func neighbourly(t *testing.T) *Doc {
	t.Helper()
	d := New()
	for _, e := range []runEntry{textStruct(1, 0, inRoot("notes"), "abcdef"), textStruct(2, 0, between(1, 1, 1, 2), "x")} {
		if err := d.ApplyUpdate(updateOf([]runEntry{e})); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func TestNeighboursThatNeverStoodSideBySideAreRefused(t *testing.T) {
	for name, at := range map[string]place{
		"a unit and itself":                     between(1, 4, 1, 4),
		"the right one earlier in the item":     between(1, 5, 1, 3),
		"the right one in an earlier item":      between(1, 4, 1, 0),
		"the right one an earlier author's":     between(1, 2, 2, 0),
		"the right one before the left author":  between(2, 0, 1, 1),
		"units of one item that are far apart":  between(1, 2, 1, 5),
		"with what the right one follows":       between(1, 0, 1, 5),
		"with what the left one stands before":  between(2, 0, 1, 4),
		"the left one not the end, as it says":  after(2, 0),
		"the right one not the start likewise":  before(2, 0),
		"the right one within an item, no left": before(1, 4),
	} {
		d := neighbourly(t)
		if _, err := d.Plan(updateOf([]runEntry{textStruct(3, 0, at, "y")}), Limits{}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNeighboursWithOthersBetweenThemMeanwhileAreFine(t *testing.T) {
	for name, at := range map[string]place{
		"another's text":           between(1, 1, 1, 2),
		"beside another's text":    between(2, 0, 1, 2),
		"within an item":           between(1, 3, 1, 4),
		"at the end":               after(1, 5),
		"at the start":             before(1, 0),
		"another field altogether": inRoot("dose"),
	} {
		d := neighbourly(t)
		plan, err := d.Plan(updateOf([]runEntry{textStruct(3, 0, at, "y")}), Limits{})
		if err == nil {
			err = d.Apply(plan)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
