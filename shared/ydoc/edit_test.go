package ydoc

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestWrongEditChangesNothing(t *testing.T) {
	d := New()
	edit(t, d, 1, typing("t", 0, "text"))
	state := mustEncode(t, d)
	wrong := map[string]func(*Edit){
		"insert beyond the end":   typing("t", 5, "x"),
		"insert before the start": typing("t", -1, "x"),
		"delete beyond the end":   func(e *Edit) { e.DeleteText("t", 2, 3) },
		"delete less than none":   func(e *Edit) { e.DeleteText("t", 2, -1) },
		"delete of nothing":       func(e *Edit) { e.DeleteText("other", 0, 1) },
		"after a shorter text":    func(e *Edit) { e.DeleteText("t", 0, 4); e.InsertText("t", 1, "x") },
		"value that is none":      func(e *Edit) { e.SetMap("m", "k", make(chan int)) },
		"value too deep":          func(e *Edit) { e.SetMap("m", "k", deepValue(DefaultMaxDepth+1)) },
		"the second of two":       func(e *Edit) { e.InsertText("t", 0, "x"); e.SetMap("m", "k", struct{}{}); e.DeleteMap("m", "k") },
	}
	for name, f := range wrong {
		if update, err := d.Transact(1, f); err == nil || update != nil {
			t.Fatalf("%s: got % x, %v", name, update, err)
		}
		if !bytes.Equal(state, mustEncode(t, d)) {
			t.Fatalf("%s: the document changed", name)
		}
	}
}

func deepValue(depth int) any {
	var v any
	for range depth {
		v = []any{v}
	}
	return v
}

func TestTransactWithoutEffectReturnsNoUpdate(t *testing.T) {
	d := New()
	update, err := d.Transact(1, func(e *Edit) {
		e.InsertText("t", 0, "")
		e.DeleteText("t", 0, 0)
		e.DeleteMap("m", "never")
	})
	if update != nil || err != nil || len(d.Roots()) > 0 {
		t.Fatalf("got % x, %v, roots %v", update, err, d.Roots())
	}
}

func TestClockOfAClientIsNotOverrun(t *testing.T) {
	d := New()
	if err := d.ApplyUpdate(updateOf([]runEntry{gcStruct(1, 0, maxClock-2)})); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Transact(1, typing("t", 0, "text")); !errors.Is(err, ErrClockOverflow) {
		t.Fatalf("got %v, want ErrClockOverflow", err)
	}
}

func TestWrittenRemembersWhatIsDeleted(t *testing.T) {
	d := New()
	edit(t, d, 1, func(e *Edit) { e.InsertText("t", 0, "x"); e.SetMap("m", "k", 1) })
	edit(t, d, 1, func(e *Edit) { e.DeleteText("t", 0, 1); e.DeleteMap("m", "k") })
	loaded, err := Load(mustEncode(t, d))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		root, key string
		want      bool
	}{{"t", "", true}, {"m", "", true}, {"m", "k", true}, {"m", "other", false}, {"t", "k", false}, {"never", "", false}} {
		if d.Written(tt.root, tt.key) != tt.want || loaded.Written(tt.root, tt.key) != tt.want {
			t.Fatalf("%+v: got %v, loaded %v", tt, d.Written(tt.root, tt.key), loaded.Written(tt.root, tt.key))
		}
	}
}

func TestMapValuesComeBackAsWritten(t *testing.T) {
	tests := []struct {
		name     string
		in, want any
	}{
		{"null", nil, nil}, {"true", true, true}, {"false", false, false},
		{"zero", 0, 0.0}, {"63", 63, 63.0}, {"64", 64, 64.0}, {"negative", -8191, -8191.0},
		{"largest integer", math.MaxInt32, float64(math.MaxInt32)}, {"smallest", -math.MaxInt32, float64(-math.MaxInt32)},
		{"float of 32 bits", 0.5, 0.5}, {"large", float64(1 << 40), float64(1 << 40)}, {"float of 64 bits", 0.1, 0.1},
		{"infinite", math.Inf(1), math.Inf(1)}, {"int64", int64(-5), -5.0}, {"big integer", int64(1)<<60 + 1, int64(1)<<60 + 1},
		{"text", "né😀", "né😀"}, {"empty", "", ""}, {"invalid text", "a\xff", "a\uFFFD"}, {"bytes", []byte{0, 255}, []byte{0, 255}},
		{"array", []any{1, []any{}, "x"}, []any{1.0, []any{}, "x"}},
		{"object", map[string]any{"b": 1, "a": map[string]any{}}, map[string]any{"b": 1.0, "a": map[string]any{}}},
	}
	d := New()
	for _, tt := range tests {
		edit(t, d, 1, func(e *Edit) { e.SetMap("m", tt.name, tt.in) })
		if got, ok := d.MapValue("m", tt.name); !ok || !reflect.DeepEqual(got, tt.want) {
			t.Fatalf("%s: got %#v, want %#v", tt.name, got, tt.want)
		}
	}
	loaded, err := Load(mustEncode(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d.MapJSON("m"), loaded.MapJSON("m")) || len(loaded.MapKeys("m")) != len(tests) {
		t.Fatalf("loaded %v, want %v", loaded.MapJSON("m"), d.MapJSON("m"))
	}
	for _, missing := range [][2]string{{"m", "missing"}, {"never", "k"}} {
		if v, ok := d.MapValue(missing[0], missing[1]); ok || v != nil {
			t.Fatalf("got %v for %v", v, missing)
		}
	}
}

func TestValuesOfEveryKindAreRead(t *testing.T) {
	d, err := Load(everyKind())
	if err != nil {
		t.Fatal(err)
	}
	// Unit 2 of the text, half of the pair, is deleted.
	if got, want := d.Text("t"), "é\uFFFDa"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	wantMap := map[string]any{"text": "nested", "map": map[string]any{"k": 3.0}, "doc": map[string]any{"guid": "guid"}}
	if got := d.MapJSON("m"); !reflect.DeepEqual(got, wantMap) {
		t.Fatalf("got %v, want %v", got, wantMap)
	}
	wantList := []any{
		nil, true, 1.5, "s", []byte{1}, []any{1.0, map[string]any{"k": -2.0}}, int64(1) << 60,
		[]any{1.0}, []byte{7}, // the rest was written beside collected content
	}
	if got := d.ListJSON("a"); len(got) < len(wantList) || !reflect.DeepEqual(got[:len(wantList)], wantList) {
		t.Fatalf("got %v, want %v", got, wantList)
	}
	wantXML := []any{
		map[string]any{"nodeName": "node", "attributes": map[string]any{}, "children": []any{""}},
		map[string]any{"nodeName": "node", "attributes": map[string]any{}, "children": []any{}},
	}
	if got := d.ListJSON("x"); !reflect.DeepEqual(got, wantXML) {
		t.Fatalf("got %v, want %v", got, wantXML)
	}
	if got := d.ListJSON("t"); len(got) != 3 {
		t.Fatalf("got %v: want two strings and an embed", got)
	}
	if len(d.MapJSON("never"))+len(d.ListJSON("never"))+len(d.MapKeys("never")) > 0 {
		t.Fatal("a root that was never written has values")
	}
}

func TestLongTextOfOneTransactionIsOneStruct(t *testing.T) {
	d := New()
	update := edit(t, d, 1, func(e *Edit) {
		for range 100 {
			e.InsertText("t", e.length("t"), "0123456789")
		}
	})
	if got, want := len(update), 1020; got > want {
		t.Fatalf("the update takes %d bytes, want at most %d", got, want)
	}
	if d.Text("t") != strings.Repeat("0123456789", 100) {
		t.Fatal("text differs")
	}
}
