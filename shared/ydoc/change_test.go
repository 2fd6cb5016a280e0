package ydoc

import (
	"reflect"
	"testing"
)

func report(t *testing.T, d *Doc, update []byte) []FieldChange {
	t.Helper()
	p, err := d.Plan(update, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	change, err := d.ApplyReport(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkInvariants(d); err != nil {
		t.Fatal(err)
	}
	return change.Fields
}

func TestReportTellsFieldsDeltasValuesAndAuthors(t *testing.T) {
	source, d := New(), New()
	transact := func(client ClientID, f func(*Edit)) []byte { return edit(t, source, client, f) }
	steps := []struct {
		name   string
		update []byte
		want   []FieldChange
	}{
		{"first text", transact(1, typing("t", 0, "hello 😀 world")), []FieldChange{
			{Root: "t", Clients: []ClientID{1}, Delta: []DeltaOp{{Insert: "hello 😀 world", Client: 1}}},
		}},
		{"typing goes on", transact(1, typing("t", 14, "!")), []FieldChange{
			{Root: "t", Clients: []ClientID{1}, Delta: []DeltaOp{{Retain: 14}, {Insert: "!", Client: 1}}},
		}},
		{"insert and delete", transact(2, func(e *Edit) { e.DeleteText("t", 6, 3); e.InsertText("t", 6, "big "); e.DeleteText("t", 0, 1) }), []FieldChange{
			{Root: "t", Clients: []ClientID{2}, Delta: []DeltaOp{{Delete: 1}, {Retain: 5}, {Insert: "big ", Client: 2}, {Delete: 3}}},
		}},
		{"only a delete", transact(2, func(e *Edit) { e.DeleteText("t", 0, 2) }), []FieldChange{
			{Root: "t", Delta: []DeltaOp{{Delete: 2}}},
		}},
		{"map values", transact(3, func(e *Edit) { e.SetMap("m", "a", "x"); e.SetMap("m", "b", []any{1, nil}) }), []FieldChange{
			{Root: "m", Key: "a", Clients: []ClientID{3}, Set: true, Value: "x"},
			{Root: "m", Key: "b", Clients: []ClientID{3}, Set: true, Value: []any{1.0, nil}},
		}},
		{"map value removed", transact(3, func(e *Edit) { e.DeleteMap("m", "a") }), []FieldChange{{Root: "m", Key: "a"}}},
		{"elements", updateOf([]runEntry{anyStruct(4, 0, inRoot("list"), 1, 2)}), []FieldChange{
			{Root: "list", Clients: []ClientID{4}, Delta: []DeltaOp{{Values: 2, Client: 4}}},
		}},
		{"two authors", updateOf([]runEntry{textStruct(6, 0, after(4, 1), "x"), textStruct(5, 0, after(6, 0), "yz")}), []FieldChange{
			{Root: "list", Clients: []ClientID{6, 5}, Delta: []DeltaOp{{Retain: 2}, {Insert: "x", Client: 6}, {Insert: "yz", Client: 5}}},
		}},
		{"written and deleted at once", updateOf([]runEntry{textStruct(7, 0, inRoot("gone"), "x")}, deleted(7, 0, 1)), []FieldChange{
			{Root: "gone", Clients: []ClientID{7}},
		}},
		{"collected", updateOf([]runEntry{gcStruct(8, 0, 1)}), nil},
		{"known already", updateOf([]runEntry{gcStruct(8, 0, 1)}), nil},
	}
	for _, step := range steps {
		if got := report(t, d, step.update); !reflect.DeepEqual(got, step.want) {
			t.Fatalf("%s:\ngot  %+v\nwant %+v", step.name, got, step.want)
		}
	}
	if d.roots["t"].text != "" && d.Text("t") != source.Text("t") {
		t.Fatalf("got %q, want %q", d.Text("t"), source.Text("t"))
	}
}
