package ydoc

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// nestedArrays is a value of arrays inside one another.
func nestedArrays(depth int) []byte {
	return append(bytes.Repeat([]byte{tagArray, 1}, depth), tagNull)
}

// deepTypes is a chain of types, each inside the one before.
func deepTypes(n uint32) []byte {
	structs := []runEntry{typeStruct(9, 0, inRoot("t"), refArray)}
	for i := uint32(1); i < n; i++ {
		structs = append(structs, typeStruct(9, i, inside(9, i-1), refArray))
	}
	return updateOf(structs)
}

// manyClients is one struct of each of n clients.
func manyClients(n int) []byte {
	var structs []runEntry
	for client := ClientID(100 + n); client > 100; client-- {
		structs = append(structs, textStruct(client, 0, inRoot("t"), "x"))
	}
	return updateOf(structs)
}

// D6: every guard has its own reason, and what is refused changes nothing.
func TestPlanRefusesWithAReasonAndChangesNothing(t *testing.T) {
	head := []byte{1, 1, 9, 0} // one struct of client 9 at clock 0
	inT := []byte{1, 1, 't'}
	tests := []struct {
		name   string
		update []byte
		want   error
	}{
		{"nothing at all", nil, ErrMalformed},
		{"end in a number", []byte{0x80}, ErrMalformed},
		{"number of 54 bits", bytes.Repeat([]byte{0xff}, 8), ErrMalformed},
		{"bytes after the end", []byte{0, 0, 0}, ErrMalformed},
		{"version 2", []byte{0, 0, 5, 0xe1, 0xf1, 0xb5, 0x82, 4, 0}, ErrMalformed},
		{"unknown content", slices.Concat(head, []byte{11}, inT, []byte{0, 0}), ErrMalformed},
		{"unknown shared type", slices.Concat(head, []byte{7}, inT, []byte{7, 0}), ErrMalformed},
		{"unknown value", slices.Concat(head, []byte{8}, inT, []byte{1, 100, 0}), ErrMalformed},
		{"text that is no UTF-8", slices.Concat(head, []byte{4}, inT, []byte{2, 0xff, 0xfe, 0}), ErrMalformed},
		{"text longer than the update", slices.Concat(head, []byte{4}, inT, []byte{0xff, 0xff, 3, 'a', 0}), ErrMalformed},
		{"empty text", slices.Concat(head, []byte{4}, inT, []byte{0, 0}), ErrMalformed},
		{"embed that is no JSON", slices.Concat(head, []byte{5}, inT, []byte{1, '{', 0}), ErrMalformed},
		{"origin is itself", slices.Concat(head, []byte{0x84, 9, 0, 1, 'a', 0}), ErrMalformed},
		{"right origin is itself", slices.Concat(head, []byte{0x44, 9, 0, 1, 'a', 0}), ErrMalformed},
		{"parent is itself", slices.Concat(head, []byte{4, 0, 9, 0, 1, 'a', 0}), ErrMalformed},
		{"one client twice", slices.Concat([]byte{2, 1, 9, 0, 0, 1}, []byte{1, 9, 0, 0, 1}, []byte{0}), ErrMalformed},
		{"more deletes than bytes", []byte{0, 1, 9, 0xff, 0xff, 3, 0, 1}, ErrMalformed},
		{"map entry of two values", updateOf([]runEntry{anyStruct(9, 0, underKey("m", "k"), 1, 2)}), ErrMalformed},
		{"neighbours in two lists", updateOf([]runEntry{
			textStruct(9, 0, inRoot("a"), "a"), textStruct(9, 1, inRoot("b"), "b"), textStruct(9, 2, between(9, 0, 9, 1), "x"),
		}), ErrMalformed},
		{"more structs than bytes", slices.Concat([]byte{1, 0xff, 0xff, 0xff, 1, 9, 0}, inT), ErrTooManyStructs},
		{"more values than bytes", slices.Concat(head, []byte{8}, inT, []byte{0xff, 0xff, 3, 0}), ErrTooManyStructs},
		{"structs over the limit", updateOf(slices.Repeat([]runEntry{textStruct(9, 0, inRoot("t"), "x")}, 50)), ErrTooManyStructs},
		{"clock of 31 bits", slices.Concat([]byte{1, 1, 9, 0xff, 0xff, 0xff, 0xff, 7, 4}, inT, []byte{1, 'a', 0}), ErrClockOverflow},
		{"delete beyond 31 bits", []byte{0, 1, 9, 1, 1, 0xff, 0xff, 0xff, 0xff, 7}, ErrClockOverflow},
		{"length of 32 bits", slices.Concat(head, []byte{0, 0xff, 0xff, 0xff, 0xff, 0xf, 0}), ErrClockOverflow},
		{"too many bytes", updateOf([]runEntry{textStruct(9, 0, inRoot("t"), strings.Repeat("x", 3000))}), ErrTooLarge},
		{"too many clients", manyClients(5), ErrTooManyClients},
		{"value too deep", slices.Concat(head, []byte{8}, inT, []byte{1}, nestedArrays(9), []byte{0}), ErrTooDeep},
		{"JSON too deep", slices.Concat(head, []byte{5}, inT, appendText(nil, strings.Repeat("[", 9)+strings.Repeat("]", 9)), []byte{0}), ErrTooDeep},
		{"types too deep", deepTypes(10), ErrTooDeep},
		{"long name of a root", updateOf([]runEntry{textStruct(9, 0, inRoot(strings.Repeat("r", 65)), "x")}), ErrKeyTooLong},
		{"long key", updateOf([]runEntry{anyStruct(9, 0, underKey("m", strings.Repeat("k", 65)), 1)}), ErrKeyTooLong},
		{"gap", updateOf([]runEntry{textStruct(9, 1, inRoot("t"), "x")}), ErrMissingDependency},
		{"unknown origin", updateOf([]runEntry{textStruct(9, 0, after(8, 0), "x")}), ErrMissingDependency},
		{"unknown right origin", updateOf([]runEntry{textStruct(9, 0, before(1, 4), "x")}), ErrMissingDependency},
		{"unknown parent", updateOf([]runEntry{textStruct(9, 0, inside(8, 3), "x")}), ErrMissingDependency},
		{"structs that wait for each other", updateOf([]runEntry{textStruct(9, 0, after(8, 0), "x"), textStruct(8, 0, after(9, 0), "y")}), ErrMissingDependency},
		{"delete of the unknown", updateOf(nil, deleted(8, 0, 1)), ErrMissingDependency},
		{"delete beyond the known", updateOf(nil, deleted(1, 3, 2)), ErrMissingDependency},
	}
	limits := Limits{MaxUpdateBytes: 2000, MaxClients: 4, MaxStructs: 40, MaxDepth: 8, MaxKeyBytes: 64}
	d := New()
	edit(t, d, 1, typing("t", 0, "text"))
	state := mustEncode(t, d)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := d.Plan(tt.update, limits)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			var detail *UpdateError
			if !errors.As(err, &detail) || detail.Detail == "" || !strings.Contains(err.Error(), tt.want.Error()) {
				t.Fatalf("no detail in %v", err)
			}
			if !bytes.Equal(state, mustEncode(t, d)) {
				t.Fatal("the document changed")
			}
		})
	}
}

func TestLimitsAllowWhatIsJustWithin(t *testing.T) {
	limits := Limits{MaxUpdateBytes: 2000, MaxClients: 4, MaxStructs: 40, MaxDepth: 8, MaxKeyBytes: 64}
	for name, update := range map[string][]byte{
		"clients": manyClients(4),
		"types":   deepTypes(8),
		"value":   updateOf([]runEntry{structOf(9, 0, inRoot("t"), kindAny, 1, nestedArrays(7))}),
		"name":    updateOf([]runEntry{textStruct(9, 0, inRoot(strings.Repeat("r", 64)), "x")}),
		"every":   everyKind(),
	} {
		if err := Validate(update, limits); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := New().Plan(update, limits); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := Validate(manyClients(5), limits); !errors.Is(err, ErrTooManyClients) {
		t.Fatalf("got %v, want ErrTooManyClients", err)
	}
	if err := Validate([]byte{1}, Limits{}); !errors.Is(err, ErrMalformed) {
		t.Fatalf("got %v, want ErrMalformed", err)
	}
}

// D6: an update names as many authors as it likes in its deletes.
func TestDeletesOfManyAuthorsAreNotClients(t *testing.T) {
	d := New()
	if err := d.ApplyUpdate(manyClients(100)); err != nil {
		t.Fatal(err)
	}
	var deletes []deleteRange
	for _, client := range d.Clients() {
		deletes = append(deletes, deleted(client, 0, 1))
	}
	p := applyPlan(t, d, updateOf(nil, deletes...))
	if len(p.Clients()) != 0 || d.Text("t") != "" {
		t.Fatalf("clients %v, text %q", p.Clients(), d.Text("t"))
	}
}

func TestConflictsThatWouldHoldUpTheRoomAreRefused(t *testing.T) {
	atStart := func(client ClientID, n uint32) []byte {
		var structs []runEntry
		for clock := range n {
			structs = append(structs, textStruct(client, clock, inRoot("t"), "x"))
		}
		return updateOf(structs)
	}
	d := New()
	applyPlan(t, d, atStart(1, 20_000))
	if _, err := d.Plan(atStart(2, 20_000), Limits{}); !errors.Is(err, ErrTooManyConflicts) {
		t.Fatalf("got %v, want ErrTooManyConflicts", err)
	}
	applyPlan(t, d, atStart(3, 20))
}

// D6: memory is bounded by the input, whatever the input declares.
func TestHostileUpdatesCostMemoryInProportion(t *testing.T) {
	const most = 250 // bytes allocated for one of the input, planned and applied
	minimal := []byte{1, 0xc0, 0x9a, 0x0c, 5, 0, 1, 1, 1, 't', 1}
	minimal = append(minimal, bytes.Repeat([]byte{0x81, 5, 0, 1}, 199_000)...)
	collected := append([]byte{1, 0xc0, 0x9a, 0x0c, 5, 0}, bytes.Repeat([]byte{0, 1}, 200_000)...)
	noise := rand.New(rand.NewPCG(1, 1))
	random := make([]byte, 100_000)
	for i := range random {
		random[i] = byte(noise.Uint32())
	}
	for name, update := range map[string][]byte{
		"minimal structs, cut off":   minimal,
		"collected structs, cut off": collected,
		"noise":                      random,
		"deep types":                 deepTypes(30_000),
		"deep values":                slices.Concat([]byte{1, 1, 9, 0, 8, 1, 1, 't', 1}, nestedArrays(50_000), []byte{0}),
		"many clients that wait":     updateOf(waiting(3000)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d := New()
		_, planErr := d.Plan(update, Limits{MaxStructs: 1 << 20})
		applyErr := d.ApplyUpdate(update)
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / uint64(len(update)); got > most {
			t.Errorf("%s: %d bytes for one (%v, %v)", name, got, planErr, applyErr)
		}
	}
}

// waiting is one struct of each of n clients that waits for an earlier one.
func waiting(n int) []runEntry {
	var structs []runEntry
	for client := ClientID(n); client > 0; client-- {
		structs = append(structs, textStruct(client, 1, inRoot("t"), "x"))
	}
	return structs
}

// How deep types are nested in a state is up to the input; nothing recurses.
func TestVeryDeepTypesAreLoadedComparedDeletedAndEncoded(t *testing.T) {
	update := deepTypes(100_000)
	d, err := Load(update)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Load(mustEncode(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if err := Equal(d, again); err != nil {
		t.Fatal(err)
	}
	if got := len(d.ListJSON("t")); got != 1 {
		t.Fatalf("got %d elements, want 1", got)
	}
	applyPlan(t, d, updateOf(nil, deleted(9, 0, 1)))
	if got := len(mustEncode(t, d)); got > 40 {
		t.Fatalf("%d bytes are left of what was deleted", got)
	}
}
