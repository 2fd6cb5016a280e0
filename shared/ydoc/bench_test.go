package ydoc

import (
	"sync"
	"testing"

	"corsia/shared/ydoc/trace"
)

// history is the editing history of the benchmarks: its single updates, and
// the state they come to. EDITING_TRACE replaces the generated one.
type history struct {
	updates [][]byte
	state   []byte
	text    string
	recent  []byte // state vector before the last hundred edits
}

var editingHistory = sync.OnceValue(func() history {
	edits, err := trace.FromEnvironment()
	if err != nil {
		panic(err)
	}
	var h history
	d := New()
	for i, e := range edits {
		if i == len(edits)-100 {
			h.recent = d.StateVector()
		}
		update, err := d.Transact(1234567890, func(tx *Edit) {
			tx.DeleteText("text", e.Position, e.Deleted)
			tx.InsertText("text", e.Position, e.Inserted)
		})
		if err != nil {
			panic(err)
		}
		h.updates = append(h.updates, update)
	}
	h.state, _ = d.EncodeState(nil)
	h.text = d.Text("text")
	return h
})

// perEdit reports how many of the history's edits a second one operation is.
func perEdit(b *testing.B, edits int) {
	b.ReportMetric(float64(edits)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Medits/s")
}

func BenchmarkLoad(b *testing.B) {
	h := editingHistory()
	b.ReportAllocs()
	for b.Loop() {
		d, err := Load(h.state)
		if err != nil {
			b.Fatal(err)
		}
		if d.TextLength("text") != len(h.text) {
			b.Fatal("text differs")
		}
	}
	perEdit(b, len(h.updates))
}

func BenchmarkApplyOneByOne(b *testing.B) {
	h := editingHistory()
	b.ReportAllocs()
	for b.Loop() {
		d := New()
		for _, update := range h.updates {
			if err := d.ApplyUpdate(update); err != nil {
				b.Fatal(err)
			}
		}
		if d.Text("text") != h.text {
			b.Fatal("text differs")
		}
	}
	perEdit(b, len(h.updates))
}

func BenchmarkPlanApplyOneByOne(b *testing.B) {
	h := editingHistory()
	b.ReportAllocs()
	for b.Loop() {
		d := New()
		for _, update := range h.updates {
			plan, err := d.Plan(update, Limits{})
			if err != nil {
				b.Fatal(err)
			}
			if err := d.Apply(plan); err != nil {
				b.Fatal(err)
			}
		}
		if d.Text("text") != h.text {
			b.Fatal("text differs")
		}
	}
	perEdit(b, len(h.updates))
}

func BenchmarkEncodeState(b *testing.B) {
	d, err := Load(editingHistory().state)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.EncodeState(nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeStateSinceLastHundredEdits(b *testing.B) {
	h := editingHistory()
	d, err := Load(h.state)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.EncodeState(h.recent); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMergeThousandUpdates(b *testing.B) {
	updates := editingHistory().updates[:1000]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Merge(updates); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiff(b *testing.B) {
	h := editingHistory()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Diff(h.state, h.recent); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTextAfterKeystroke(b *testing.B) {
	h := editingHistory()
	d, err := Load(h.state)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		d.roots["text"].textValid = false
		if len(d.Text("text")) != len(h.text) {
			b.Fatal("text differs")
		}
	}
}

func BenchmarkTextAgain(b *testing.B) {
	d, err := Load(editingHistory().state)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Text("text")
	}
}

// BenchmarkKeystroke types at the end of a large document through a plan.
func BenchmarkKeystroke(b *testing.B) {
	h := editingHistory()
	writer, err := Load(h.state)
	if err != nil {
		b.Fatal(err)
	}
	reader, err := Load(h.state)
	if err != nil {
		b.Fatal(err)
	}
	updates := make([][]byte, 10_000)
	for i := range updates {
		updates[i], err = writer.Transact(7, func(e *Edit) { e.InsertText("text", 1000+i, "x") })
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(updates) {
			b.StopTimer()
			if reader, err = Load(h.state); err != nil {
				b.Fatal(err)
			}
			i = 0
			b.StartTimer()
		}
		plan, err := reader.Plan(updates[i], Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if err := reader.Apply(plan); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
