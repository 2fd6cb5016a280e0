package ydoc

import (
	"bytes"
	"cmp"
	"errors"
	"reflect"
	"slices"
	"testing"
)

// D2 (a): what the document has is left out, and nothing else is touched.
func TestPlanReducesAnUpdateToWhatTheDocumentLacks(t *testing.T) {
	source, d := New(), New()
	first := edit(t, source, 1, typing("t", 0, "one "))
	second := edit(t, source, 1, func(e *Edit) { e.InsertText("t", 4, "two"); e.DeleteText("t", 0, 2) })
	applyPlan(t, d, first)

	fresh, err := d.Plan(second, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if &fresh.Update()[0] != &second[0] || fresh.Empty() {
		t.Fatal("an update that is all new is not passed on as it is")
	}

	whole, err := d.Plan(mustEncode(t, source), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := whole.Update(); len(got) >= len(mustEncode(t, source)) {
		t.Fatalf("%d bytes are left of %d", len(got), len(mustEncode(t, source)))
	}
	other := New()
	for _, update := range [][]byte{first, whole.Update()} {
		applyPlan(t, other, update)
	}
	if err := Equal(source, other); err != nil {
		t.Fatal(err)
	}

	applyPlan(t, d, second)
	for _, update := range [][]byte{first, second, {0, 0}, mustEncode(t, source)} {
		p, err := d.Plan(update, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if !p.Empty() || len(p.Clients()) > 0 || len(p.Touches()) > 0 {
			t.Fatalf("of a known update %v, %v are left", p.Clients(), p.Touches())
		}
		if err := d.Apply(p); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPlanNamesEveryFieldThatIsTouched(t *testing.T) {
	d := New()
	if err := d.ApplyUpdate(everyKind()); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		update []byte
		want   []Touch
	}{
		{"text at the start", updateOf([]runEntry{textStruct(2, 0, before(1, 0), "né")}), []Touch{{Root: "t", Client: 2, Inserted: 2, Known: true}}},
		{"a new root", updateOf([]runEntry{textStruct(2, 0, inRoot("new"), "x"), textStruct(2, 1, after(2, 0), "y")}),
			[]Touch{{Root: "new", Client: 2, Inserted: 2, Known: true}}},
		{"a key", updateOf([]runEntry{anyStruct(2, 0, underKey("m", "text"), 1)}), []Touch{{Root: "m", Key: "text", Client: 2, Inserted: 1, Known: true}}},
		{"a key by its older value", updateOf([]runEntry{anyStruct(2, 0, after(1, 22), 1)}), []Touch{{Root: "m", Key: "map", Client: 2, Inserted: 1, Known: true}}},
		{"text nested in a key", updateOf([]runEntry{textStruct(2, 0, after(1, 21), "x")}), []Touch{{Root: "m", Key: "text", Client: 2, Inserted: 1, Known: true}}},
		{"types nested in the update", updateOf([]runEntry{
			typeStruct(2, 0, inside(1, 22), refMap), typeStruct(2, 1, inside(2, 0), refText), textStruct(2, 2, inside(2, 1), "deep"),
		}), []Touch{{Root: "m", Key: "map", Client: 2, Inserted: 6, Known: true}}},
		{"XML", updateOf([]runEntry{textStruct(2, 0, inside(1, 25), "x")}), []Touch{{Root: "x", Client: 2, Inserted: 1, Known: true}}},
		{"two authors of one field", updateOf([]runEntry{textStruct(3, 0, after(1, 3), "x"), textStruct(2, 0, after(3, 0), "yz")}),
			[]Touch{{Root: "t", Client: 2, Inserted: 2, Known: true}, {Root: "t", Client: 3, Inserted: 1, Known: true}}},
		{"collected structs", updateOf([]runEntry{gcStruct(2, 0, 4)}), []Touch{{Client: 2, Inserted: 4}}},
		{"beside collected structs", updateOf([]runEntry{textStruct(2, 0, after(1, 33), "x")}), []Touch{{Client: 2, Inserted: 1}}},
		{"inside what is no type", updateOf([]runEntry{textStruct(2, 0, inside(1, 3), "x")}), []Touch{{Client: 2, Inserted: 1}}},
		{"deletes in several fields", updateOf(nil, deleted(1, 0, 25)), []Touch{
			{Root: "a", Client: 1, Deleted: 9, Known: true},
			{Root: "m", Key: "map", Client: 1, Deleted: 2, Known: true}, {Root: "m", Key: "text", Client: 1, Deleted: 7, Known: true},
			{Root: "t", Client: 1, Deleted: 5, Known: true}, {Root: "x", Client: 1, Deleted: 1, Known: true},
		}},
		{"deletes of what comes with it", updateOf([]runEntry{textStruct(2, 0, after(1, 3), "xyz")}, deleted(2, 1, 2)),
			[]Touch{{Root: "t", Client: 2, Inserted: 3, Deleted: 2, Known: true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := d.Plan(tt.update, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got := slices.SortedFunc(slices.Values(p.Touches()), func(a, b Touch) int {
				return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Client, b.Client))
			})
			if !reflect.DeepEqual(got, tt.want) {
				t.Fatalf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestTouchesOfManyFieldsAreEachNamedOnce(t *testing.T) {
	const fields = 50
	var structs []runEntry
	for i := range uint32(4 * fields) {
		structs = append(structs, textStruct(1, i, inRoot(string(rune('A'+i%fields))), "x"))
	}
	p, err := New().Plan(updateOf(structs), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Touches()) != fields {
		t.Fatalf("got %d touches, want %d", len(p.Touches()), fields)
	}
	for _, touch := range p.Touches() {
		if touch.Inserted != 4 || touch.Client != 1 || !touch.Known {
			t.Fatalf("got %+v", touch)
		}
	}
}

func TestStalePlanChangesNothing(t *testing.T) {
	source, d := New(), New()
	first := edit(t, source, 1, typing("t", 0, "one"))
	second := edit(t, source, 1, typing("t", 3, "two"))
	stale := func(what string, p *Plan) {
		t.Helper()
		state := mustEncode(t, d)
		if err := d.Apply(p); !errors.Is(err, ErrStalePlan) {
			t.Fatalf("%s: got %v, want ErrStalePlan", what, err)
		}
		if _, err := d.ApplyReport(p); !errors.Is(err, ErrStalePlan) {
			t.Fatalf("%s: got %v, want ErrStalePlan", what, err)
		}
		if !bytes.Equal(state, mustEncode(t, d)) {
			t.Fatalf("%s: the document changed", what)
		}
	}
	plan := func(update []byte) *Plan {
		t.Helper()
		p, err := d.Plan(update, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := plan(first)
	stale("after another plan", func() *Plan { plan(first); return p }())
	p = plan(first)
	if _, err := d.Plan([]byte{1}, Limits{}); err == nil {
		t.Fatal("want an error")
	}
	stale("after a refused plan", p)
	p = applyPlan(t, d, first)
	stale("applied already", p)
	p = plan(second)
	edit(t, d, 2, typing("t", 0, "x"))
	stale("after an edit", p)
	p = plan(second)
	if err := d.ApplyUpdate(second); err != nil {
		t.Fatal(err)
	}
	stale("after an update", p)
	if err := New().Apply(plan([]byte{0, 0})); !errors.Is(err, ErrStalePlan) {
		t.Fatalf("another document's plan: got %v, want ErrStalePlan", err)
	}
}

func TestPlanKeepsNothingOfItsInput(t *testing.T) {
	source, d := New(), New()
	edit(t, source, 1, func(e *Edit) {
		for range 40 {
			e.InsertText("t", 0, "text ")
			e.SetMap("m", "key", "value")
		}
	})
	for _, update := range [][]byte{mustEncode(t, source), edit(t, source, 1, typing("t", 3, "more"))} {
		p, err := d.Plan(update, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Apply(p); err != nil {
			t.Fatal(err)
		}
		clear(update)
	}
	if err := Equal(source, d); err != nil {
		t.Fatal(err)
	}
}

func TestTypingThroughPlansAllocatesLittle(t *testing.T) {
	const keys = 500
	writer, d := New(), New()
	var updates [][]byte
	for i := range keys {
		updates = append(updates, edit(t, writer, 1, typing("t", i, "x")))
	}
	const most = 4 // it is 1, and with the race detector and its coverage counters up to 3
	i := 0
	if got := testing.AllocsPerRun(keys-1, func() { applyPlan(t, d, updates[i]); i++ }); got > most {
		t.Fatalf("a keystroke allocates %v times", got)
	}
	if d.Clock(1) != keys {
		t.Fatalf("clock is %d, want %d", d.Clock(1), keys)
	}
}
