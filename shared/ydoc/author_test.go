package ydoc

import (
	"reflect"
	"testing"
)

// plain returns pieces without what only this package sees.
func plain(all []Piece) []Piece {
	for i := range all {
		all[i].next = 0
	}
	return all
}

func TestPiecesAreWhatEachClientInserted(t *testing.T) { // O7
	d := New()
	first := edit(t, d, 1, typing("notes", 0, "fever 😀"))
	second := edit(t, d, 2, typing("notes", 5, ", cough"))
	edit(t, d, 2, func(e *Edit) { e.DeleteText("notes", 0, 2) }) // of the other's
	third := edit(t, d, 1, func(e *Edit) { e.SetMap("values", "given", true); e.InsertText("plan", 0, "rest") })
	for _, c := range []struct {
		what   string
		update []byte
		want   []Piece
	}{
		{"the first", first, []Piece{{Root: "notes", Client: 1, Text: "fever 😀"}}},
		{"between the other's", second, []Piece{{Root: "notes", Client: 2, Text: ", cough"}}},
		{"two fields", third, []Piece{{Root: "values", Key: "given", Client: 1, Clock: 8, Values: []any{true}}, {Root: "plan", Client: 1, Clock: 9, Text: "rest"}}},
	} {
		got, err := d.Pieces(c.update)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(plain(got), c.want) {
			t.Errorf("%s: got %+v, want %+v", c.what, got, c.want)
		}
	}
	want := []Piece{{Root: "notes", Client: 1, Lost: 2}, {Root: "notes", Client: 1, Clock: 2, Text: "ver 😀"},
		{Root: "values", Key: "given", Client: 1, Clock: 8, Values: []any{true}}, {Root: "plan", Client: 1, Clock: 9, Text: "rest"}}
	if got := plain(d.WrittenBy(1)); !reflect.DeepEqual(got, want) {
		t.Errorf("the document has of the first client %+v, want %+v", got, want)
	}
	loaded, err := Load(mustEncode(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if got := plain(loaded.WrittenBy(1)); !reflect.DeepEqual(got, want) {
		t.Errorf("a document that was loaded has of the first client %+v, want %+v", got, want)
	}
	if got := loaded.WrittenBy(3); got != nil {
		t.Errorf("of a client that wrote nothing it has %+v", got)
	}
	if _, err := d.Pieces([]byte{1}); err == nil {
		t.Error("pieces of what is no update")
	}
}

func TestPiecesOfAnUpdateThatTheDocumentLacksNameTheRootsTheySay(t *testing.T) { // O7
	update := edit(t, New(), 7, func(e *Edit) { e.InsertText("notes", 0, "a"); e.SetMap("values", "dose", "5 mg") })
	got, err := New().Pieces(update)
	want := []Piece{{Root: "notes", Client: 7, Text: "a"}, {Root: "values", Key: "dose", Client: 7, Clock: 1, Values: []any{"5 mg"}}}
	if err != nil || !reflect.DeepEqual(plain(got), want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
