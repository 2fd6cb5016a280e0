package ydoc

import (
	"slices"
	"testing"
)

// permutations calls f with every order of n things.
func permutations(n int, f func([]int)) {
	order := make([]int, 0, n)
	var next func()
	next = func() {
		if len(order) == n {
			f(order)
			return
		}
		for i := range n {
			if !slices.Contains(order, i) {
				order = append(order, i)
				next()
				order = order[:len(order)-1]
			}
		}
	}
	next()
}

func TestTextWrittenAtOnePlaceStandsInTheOrderOfClientsWhateverComesFirst(t *testing.T) {
	start := updateOf([]runEntry{textStruct(1, 0, inRoot("t"), "[]")})
	concurrent := [][]byte{
		updateOf([]runEntry{textStruct(2, 0, between(1, 0, 1, 1), "two")}),
		updateOf([]runEntry{textStruct(3, 0, between(1, 0, 1, 1), "three")}),
		updateOf([]runEntry{textStruct(4, 0, between(1, 0, 1, 1), "four")}),
		updateOf(nil, deleted(1, 0, 1)),
	}
	permutations(len(concurrent), func(order []int) {
		d := New()
		applyPlan(t, d, start)
		for _, i := range order {
			applyPlan(t, d, concurrent[i])
		}
		if got, want := d.Text("t"), "twothreefour]"; got != want {
			t.Fatalf("order %v: got %q, want %q", order, got, want)
		}
		if err := checkInvariants(d); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNewestOfConcurrentValuesIsThatOfTheHighestClient(t *testing.T) {
	concurrent := [][]byte{
		updateOf([]runEntry{anyStruct(2, 0, underKey("m", "k"), "two")}),
		updateOf([]runEntry{anyStruct(5, 0, underKey("m", "k"), "five")}),
		updateOf([]runEntry{anyStruct(3, 0, underKey("m", "k"), "three")}),
	}
	permutations(len(concurrent), func(order []int) {
		d := New()
		for _, i := range order {
			applyPlan(t, d, concurrent[i])
		}
		if got, _ := d.MapValue("m", "k"); got != "five" {
			t.Fatalf("order %v: got %v, want five", order, got)
		}
	})
}

func TestConflictStampsStartAgainAfterTheLast(t *testing.T) {
	d := New()
	applyPlan(t, d, updateOf([]runEntry{textStruct(2, 0, inRoot("t"), "b")}))
	applyPlan(t, d, updateOf([]runEntry{textStruct(4, 0, inRoot("t"), "d")}))
	d.scan = maxClock
	applyPlan(t, d, updateOf([]runEntry{textStruct(3, 0, inRoot("t"), "c")}))
	applyPlan(t, d, updateOf([]runEntry{textStruct(1, 0, inRoot("t"), "a")}))
	if got, want := d.Text("t"), "abcd"; got != want || d.scan >= maxClock {
		t.Fatalf("got %q, want %q; stamps reached %d", got, want, d.scan)
	}
}

func TestContentWrittenIntoADeletedTypeIsDeletedToo(t *testing.T) {
	d := New()
	applyPlan(t, d, updateOf([]runEntry{typeStruct(1, 0, underKey("m", "k"), refMap), typeStruct(1, 1, inside(1, 0), refText), textStruct(1, 2, inside(1, 1), "text")}))
	late := updateOf([]runEntry{textStruct(2, 0, after(1, 3), "late"), typeStruct(2, 4, inside(1, 0), refArray)})
	applyPlan(t, d, updateOf([]runEntry{anyStruct(3, 0, after(1, 0), "new value")}))
	p := applyPlan(t, d, late)
	if len(p.Touches()) != 1 || p.Touches()[0].Known {
		t.Fatalf("touches %+v: want one in collected content", p.Touches())
	}
	if got, _ := d.MapValue("m", "k"); got != "new value" {
		t.Fatalf("got %v", got)
	}
	if err := checkInvariants(d); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(mustEncode(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if err := Equal(d, loaded); err != nil {
		t.Fatal(err)
	}
}

func TestStructKnownInPartContinuesAfterItsFirstPart(t *testing.T) {
	d := New()
	applyPlan(t, d, updateOf([]runEntry{textStruct(1, 0, inRoot("t"), "ab"), anyStruct(2, 0, inRoot("a"), 1)}))
	whole := updateOf([]runEntry{textStruct(1, 0, inRoot("t"), "abcd"), anyStruct(2, 0, inRoot("a"), 1, 2, 3)})
	p := applyPlan(t, d, whole)
	want := []Touch{{Root: "t", Client: 1, Inserted: 2, Known: true}, {Root: "a", Client: 2, Inserted: 2, Known: true}}
	for _, touch := range want {
		if !slices.Contains(p.Touches(), touch) {
			t.Fatalf("touches %+v lack %+v", p.Touches(), touch)
		}
	}
	if d.Text("t") != "abcd" || len(d.ListJSON("a")) != 3 {
		t.Fatalf("got %q, %v", d.Text("t"), d.ListJSON("a"))
	}
	if err := Equal(d, must(Load(whole))); err != nil {
		t.Fatal(err)
	}
}

func TestMergeOfCollectedStructsIsOneStruct(t *testing.T) {
	merged := must(Merge([][]byte{updateOf([]runEntry{gcStruct(1, 0, 4)}), updateOf([]runEntry{gcStruct(1, 2, 5)})}))
	if want := updateOf([]runEntry{gcStruct(1, 0, 7)}); !slices.Equal(merged, want) {
		t.Fatalf("got % x, want % x", merged, want)
	}
}
