package ydoc

import (
	"math/rand/v2"
	"testing"
	"unicode/utf16"

	"corsia/shared/ydoc/trace"
)

// A history long enough for many blocks of structs, through every way in.
func TestLongHistoryGivesTheSameTextEveryWay(t *testing.T) {
	writer, planned, applied := New(), New(), New()
	var plain []uint16
	var updates [][]byte
	for i, e := range trace.GenerateShort(5, 12_000) {
		update := edit(t, writer, 1, func(tx *Edit) {
			tx.DeleteText("text", e.Position, e.Deleted)
			tx.InsertText("text", e.Position, e.Inserted)
		})
		rest := append(utf16.Encode([]rune(e.Inserted)), plain[e.Position+e.Deleted:]...)
		plain = append(plain[:e.Position:e.Position], rest...)
		updates = append(updates, update)
		applyPlan(t, planned, update)
		if err := applied.ApplyUpdate(update); err != nil {
			t.Fatal(err)
		}
		if i%3000 == 0 {
			if got, want := planned.Text("text"), string(utf16.Decode(plain)); got != want {
				t.Fatalf("after %d edits: got %q, want %q", i, got, want)
			}
		}
	}
	merged, err := Merge(updates)
	if err != nil {
		t.Fatal(err)
	}
	atOnce, err := Load(merged)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*Doc{"writer": writer, "planned": planned, "applied": applied, "merged": atOnce} {
		if got, want := d.Text("text"), string(utf16.Decode(plain)); got != want {
			t.Fatalf("%s: got %q, want %q", name, got, want)
		}
		if err := checkInvariants(d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := Equal(writer, d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func TestTextFollowsEditsDeletesAndCutSurrogatePairs(t *testing.T) {
	d := New()
	steps := []struct {
		index, remove int
		insert, want  string
	}{
		{0, 0, "a😀b", "a😀b"},
		{1, 0, "é", "aé😀b"},
		{3, 0, "-", "aé\uFFFD-\uFFFDb"},
		{0, 2, "", "\uFFFD-\uFFFDb"},
		{3, 1, "", "\uFFFD-\uFFFD"},
		{0, 3, "", ""},
		{0, 0, "new", "new"},
	}
	for _, step := range steps {
		edit(t, d, 1, func(e *Edit) {
			e.DeleteText("t", step.index, step.remove)
			e.InsertText("t", step.index, step.insert)
		})
		if got := d.Text("t"); got != step.want {
			t.Fatalf("got %q, want %q", got, step.want)
		}
		if got, want := d.TextLength("t"), len(utf16.Encode([]rune(step.want))); got != want {
			t.Fatalf("length is %d, want %d", got, want)
		}
	}
	if d.Text("never") != "" || d.TextLength("never") != 0 {
		t.Fatal("a root that was never written has text")
	}
}

func TestTextOfOneRootIsKeptWhileOthersChange(t *testing.T) {
	d := New()
	edit(t, d, 1, typing("kept", 0, "text"))
	first := d.Text("kept")
	edit(t, d, 1, typing("other", 0, "more"))
	if !d.roots["kept"].textValid {
		t.Fatal("the text of an unchanged root would be built again")
	}
	if got := testing.AllocsPerRun(10, func() { d.Text("kept") }); got != 0 || first != d.Text("kept") {
		t.Fatalf("reading it again allocates %v times", got)
	}
}

// The place of the last edit is remembered; edits anywhere must not notice.
func TestEditsAtRandomPlacesAmongSeveralWritersFollowThePlainText(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	d := New()
	var plain []byte
	for i := range 4000 {
		client := ClientID(1 + random.IntN(3))
		at := random.IntN(len(plain) + 1)
		if random.IntN(3) == 0 && at < len(plain) {
			n := 1 + random.IntN(min(5, len(plain)-at))
			edit(t, d, client, func(e *Edit) { e.DeleteText("t", at, n) })
			plain = append(plain[:at:at], plain[at+n:]...)
		} else {
			text := string(rune('a' + random.IntN(26)))
			edit(t, d, client, typing("t", at, text))
			plain = append(plain[:at:at], append([]byte(text), plain[at:]...)...)
		}
		if i%500 == 0 && d.Text("t") != string(plain) {
			t.Fatalf("after %d edits: got %q, want %q", i, d.Text("t"), plain)
		}
	}
	if d.Text("t") != string(plain) {
		t.Fatalf("got %q, want %q", d.Text("t"), plain)
	}
	if err := checkInvariants(d); err != nil {
		t.Fatal(err)
	}
}

func applyPlan(t *testing.T, d *Doc, update []byte) *Plan {
	t.Helper()
	p, err := d.Plan(update, Limits{})
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	if err := d.Apply(p); err != nil {
		t.Fatalf("apply: %v", err)
	}
	return p
}
