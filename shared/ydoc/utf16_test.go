package ydoc

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestCutTextCountsUTF16UnitsFromBothEnds(t *testing.T) {
	for _, text := range []string{"plain", "é", "ü漢字", "😀", "a😀b😀c", "👩‍⚕️ patient", strings.Repeat("x漢😀", 9)} {
		units := utf16.Encode([]rune(text))
		if got := unitsOf([]byte(text)); int(got) != len(units) {
			t.Fatalf("%q has %d units, want %d", text, got, len(units))
		}
		for at := range len(units) + 1 {
			left, right := cutText([]byte(text), uint32(len(units)), uint32(at))
			wantLeft := string(utf16.Decode(units[:at])) // lone surrogates decode to U+FFFD
			wantRight := string(utf16.Decode(units[at:]))
			if string(left) != wantLeft || string(right) != wantRight {
				t.Fatalf("%q cut at %d: got %q and %q, want %q and %q", text, at, left, right, wantLeft, wantRight)
			}
		}
	}
}

func TestAppendingToTheLeftPartOfACutNeverWritesIntoTheRightPart(t *testing.T) {
	text := []byte("onetwo")
	left, right := cutText(text, 6, 3)
	_ = append(left, "!!!"...)
	if string(right) != "two" || !slices.Equal(text, []byte("onetwo")) {
		t.Fatalf("the right part became %q", right)
	}
}
