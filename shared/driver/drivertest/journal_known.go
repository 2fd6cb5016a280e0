package drivertest

import (
	"slices"
	"testing"

	"corsia/shared/collab"
)

func rememberKnown(t *testing.T, j Journaler) {
	r := resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	note := func(seeds ...collab.Seed) {
		t.Helper()
		if after := appendOK(t, j, collab.Batch{Resource: r, Expect: head, Seeds: seeds}); after != head {
			t.Fatalf("noting moved the head to %+v, want %+v", after, head)
		}
	}
	want := func(want ...collab.Seed) {
		t.Helper()
		if got := load(t, j, r).Seeds; !slices.Equal(got, want) {
			t.Fatalf("seeds %v, want %v", got, want)
		}
	}
	note(collab.Seed{Field: "dose", Value: "null", Known: `["5 mg"]`}) // of a field that was never seeded
	want(collab.Seed{Field: "dose", Value: "null", Known: `["5 mg"]`})
	head = appendOK(t, j, collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(2)},
		Seeds: []collab.Seed{{Field: "dose", Value: `"1 mg"`}, {Field: "note", Value: `"x"`}}})
	want(collab.Seed{Field: "dose", Value: `"1 mg"`, Known: `["5 mg"]`}, collab.Seed{Field: "note", Value: `"x"`})
	note(collab.Seed{Field: "dose", Value: "null", Known: `["5 mg","7 mg"]`}, collab.Seed{Field: "note", Value: `"x"`, Known: `["y"]`})
	want(collab.Seed{Field: "dose", Value: `"1 mg"`, Known: `["5 mg","7 mg"]`}, collab.Seed{Field: "note", Value: `"x"`, Known: `["y"]`})
}
