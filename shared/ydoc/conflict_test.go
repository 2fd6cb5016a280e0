package ydoc

import (
	"errors"
	"testing"
)

// In the document client 1 wrote "abcdef", and client 2 an "x" between "b" and "c".
func misorderedDoc(t *testing.T) *Doc {
	t.Helper()
	d := New()
	for _, e := range []runEntry{textStruct(1, 0, inRoot("notes"), "abcdef"), textStruct(2, 0, between(1, 1, 1, 2), "x")} {
		if err := d.ApplyUpdate(updateOf([]runEntry{e})); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func TestARightNeighbourThatIsNotRightOfTheLeftOneIsRefused(t *testing.T) {
	for name, at := range map[string]place{
		"itself":                          between(1, 4, 1, 4),
		"earlier in the same item":        between(1, 5, 1, 3),
		"earlier in another item":         between(1, 4, 1, 0),
		"of another author and earlier":   between(1, 2, 2, 0),
		"at the end of an item before it": between(2, 0, 1, 1),
	} {
		if _, err := misorderedDoc(t).Plan(updateOf([]runEntry{textStruct(3, 0, at, "y")}), Limits{}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNeighboursWithOthersBetweenThemAreFine(t *testing.T) {
	for name, at := range map[string]place{
		"with another's text between": between(1, 1, 1, 2),
		"within an item":              between(1, 3, 1, 4),
		"far apart":                   between(1, 0, 1, 5),
		"of two authors":              between(2, 0, 1, 4),
		"at the end":                  after(1, 5),
		"at the start":                before(1, 0),
	} {
		d := misorderedDoc(t)
		if err := d.ApplyUpdate(updateOf([]runEntry{textStruct(3, 0, at, "y")})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := misorderedDoc(t).Plan(updateOf([]runEntry{textStruct(3, 0, at, "y")}), Limits{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
