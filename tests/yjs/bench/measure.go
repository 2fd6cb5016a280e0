package main

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"corsia/shared/ydoc"
)

var errText = errors.New("the engine's text differs")

// input is what bench-build.mjs made.
type input struct {
	updates                          [][]byte
	state, recent, form, key, packed []byte
	text                             string
}

func readInput(folder string) (in input, err error) {
	read := func(name string) (b []byte) {
		if err == nil {
			b, err = os.ReadFile(filepath.Join(folder, name))
		}
		return b
	}
	in = input{
		state: read("state"), recent: read("recent"), form: read("form"), key: read("key"),
		packed: read("updates"), text: string(read("text")),
	}
	for rest := in.packed; len(rest) > 0; {
		n := binary.LittleEndian.Uint32(rest)
		in.updates = append(in.updates, rest[4:4+n])
		rest = rest[4+n:]
	}
	return in, err
}

// measure times the engine with the same steps as bench.mjs does yjs.
func measure(folder string) (figures map[string]float64, err error) {
	in, err := readInput(folder)
	if err != nil {
		return nil, err
	}
	figures = map[string]float64{}
	var doc *ydoc.Doc
	check := func(e error) {
		if err == nil {
			err = e
		}
	}
	figures["single"] = timed(func() {
		doc = ydoc.New()
		for _, update := range in.updates {
			check(doc.ApplyUpdate(update))
		}
	})
	if doc.Text("text") != in.text {
		return nil, errText
	}
	figures["planned"] = timed(func() { check(applyPlans(ydoc.New(), in.updates)) })
	figures["load"] = repeated(15, func() { _, e := ydoc.Load(in.state); check(e) })
	figures["encode"] = repeated(15, func() { _, e := doc.EncodeState(nil); check(e) })
	figures["diff"] = repeated(25, func() { _, e := doc.EncodeState(in.recent); check(e) })
	figures["merge"] = repeated(5, func() { _, e := ydoc.Merge(in.updates[:1000]); check(e) })
	check(measureForms(in, figures))
	before := heap()
	kept, e := ydoc.Load(in.state)
	check(e)
	figures["docBytes"] = heap() - before
	if err == nil && kept.Text("text") != in.text {
		err = errText
	}
	return figures, err
}

func applyPlans(d *ydoc.Doc, updates [][]byte) error {
	for _, update := range updates {
		plan, err := d.Plan(update, ydoc.Limits{})
		if err != nil {
			return err
		}
		if err := d.Apply(plan); err != nil {
			return err
		}
	}
	return nil
}

// measureForms loads a thousand small documents and types once into each.
func measureForms(in input, figures map[string]float64) error {
	forms := make([]*ydoc.Doc, 1000)
	before := heap()
	for i := range forms {
		var err error
		if forms[i], err = ydoc.Load(in.form); err != nil {
			return err
		}
	}
	figures["formBytes"] = (heap() - before) / float64(len(forms))
	times := make([]float64, len(forms))
	for i, form := range forms {
		var err error
		times[i] = 1000 * timed(func() { err = applyPlans(form, [][]byte{in.key}) })
		if err != nil {
			return err
		}
	}
	slices.Sort(times)
	figures["keyMicroseconds"] = times[len(times)/2]
	return nil
}

// timed returns milliseconds.
func timed(f func()) float64 {
	start := time.Now()
	f()
	return float64(time.Since(start).Nanoseconds()) / 1e6
}

// repeated returns the median of n times.
func repeated(n int, f func()) float64 {
	times := make([]float64, n)
	for i := range times {
		times[i] = timed(f)
	}
	slices.Sort(times)
	return times[n/2]
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
