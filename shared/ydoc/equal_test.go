package ydoc

import (
	"strings"
	"testing"
)

// D3: the proof of compaction names what differs, and no content.
func TestEqualNamesTheFirstDifferenceAndNoContent(t *testing.T) {
	const secret = "secret"
	text := func(text string) []byte { return updateOf([]runEntry{textStruct(1, 0, inRoot("t"), text)}) }
	format := func(value string) []byte {
		data := append(appendText(nil, "bold"), appendText(nil, value)...)
		return updateOf([]runEntry{textStruct(1, 0, inRoot("t"), "ab"), structOf(1, 2, after(1, 1), kindFormat, 1, data)})
	}
	value := func(at place, v any) []byte { return updateOf([]runEntry{anyStruct(1, 0, at, 1, v)}) }
	entry := func(key string, v any) []byte {
		return updateOf([]runEntry{anyStruct(1, 0, underKey("m", key), v)})
	}
	nested := func(ref typeRef, text string) []byte {
		return updateOf([]runEntry{typeStruct(1, 0, inRoot("x"), ref), textStruct(1, 1, inside(1, 0), text)})
	}
	tests := []struct {
		name string
		a, b []byte
		want string
	}{
		{"clocks", text(secret), text("secre"), "state vectors differ"},
		{"deletes", text(secret), updateOf([]runEntry{textStruct(1, 0, inRoot("t"), secret)}, deleted(1, 0, 1)), "deletes of client 1 differ"},
		{"roots", text(secret), updateOf([]runEntry{textStruct(1, 0, inRoot("u"), secret)}), "roots differ"},
		{"text", text("secret😀"), text("sEcret😀"), `root "t": content differs at client 1 clock 0`},
		{"formats", format(`true`), format(`false`), `root "t": content differs at client 1 clock 2`},
		{"values", value(inRoot("a"), secret), value(inRoot("a"), 2), `root "a": content differs at client 1 clock 0`},
		{"kinds", updateOf([]runEntry{structOf(1, 0, inRoot("a"), kindBinary, 1, []byte{1, 1})}),
			updateOf([]runEntry{anyStruct(1, 0, inRoot("a"), secret)}), `root "a": kind of content differs at client 1 clock 0`},
		{"entries", entry("k", secret), entry("k", 2), `root "m": key "k": content differs at client 1 clock 0`},
		{"keys", entry("k", 1), entry("l", 1), `root "m": key "k": one list is longer`},
		{"number of keys", updateOf([]runEntry{anyStruct(1, 0, underKey("m", "k"), 1), anyStruct(1, 1, underKey("m", "l"), 1)}),
			updateOf([]runEntry{anyStruct(1, 0, underKey("m", "k"), 1), anyStruct(1, 1, inRoot("m"), 1)}), `root "m": lengths 0 and 1`},
		{"nested types", nested(refText, secret), nested(refXMLText, secret), `root "x": content differs at client 1 clock 0`},
		{"nested text", nested(refText, "secret"), nested(refText, "sekret"), `root "x": content differs at client 1 clock 1`},
		{"order", updateOf([]runEntry{textStruct(2, 0, inRoot("t"), "a"), textStruct(1, 0, after(2, 0), "b")}),
			updateOf([]runEntry{textStruct(2, 0, after(1, 0), "a"), textStruct(1, 0, inRoot("t"), "b")}), `root "t": order differs at client 2 clock 0`},
		{"parked", text(secret), updateOf([]runEntry{textStruct(1, 0, inRoot("t"), secret)}, deleted(2, 0, 1)), "only one document has parked structs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := New(), New()
			if err := a.ApplyUpdate(tt.a); err != nil {
				t.Fatal(err)
			}
			if err := b.ApplyUpdate(tt.b); err != nil {
				t.Fatal(err)
			}
			err := Equal(a, b)
			if err == nil || err.Error() != "ydoc: "+tt.want {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Fatalf("%v tells content", err)
			}
			if err := Equal(a, a); err != nil {
				t.Fatalf("a document differs from itself: %v", err)
			}
		})
	}
}

func TestEqualDoesNotMindHowContentIsDivided(t *testing.T) {
	whole := updateOf([]runEntry{textStruct(1, 0, inRoot("t"), "aé😀z"), anyStruct(1, 5, inRoot("a"), 1, 2, 3)})
	a, err := Load(whole)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Load(whole)
	if err != nil {
		t.Fatal(err)
	}
	b.endingAt(1, 1)
	b.startingAt(1, 4)
	b.endingAt(1, 5)
	for _, pair := range [][2]*Doc{{a, b}, {b, a}} {
		if err := Equal(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
}
