package main

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"corsia/shared/ydoc"
)

// heapBytes stands for the other documents of a gateway. With next to nothing
// on the heap the garbage collector would run for every third load.
const heapBytes = 64 << 20

var errText = errors.New("the engine's text differs")

// input is what bench-build.mjs made.
type input struct {
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
	return input{
		state: read("state"), recent: read("recent"), form: read("form"), key: read("key"),
		packed: read("updates"), text: string(read("text")),
	}, err
}

// updates returns the single updates.
func (in input) updates() (updates [][]byte) {
	for rest := in.packed; len(rest) > 0; {
		n := binary.LittleEndian.Uint32(rest)
		updates = append(updates, rest[4:4+n])
		rest = rest[4+n:]
	}
	return updates
}

// measure times the engine with the same steps as bench.mjs does yjs. What
// allocates little comes first, before the heap is full of updates that a
// server would not have and that the garbage collector visits again and again.
func measure(folder string) (map[string]float64, error) {
	in, err := readInput(folder)
	if err != nil {
		return nil, err
	}
	ballast := make([]byte, heapBytes)
	defer runtime.KeepAlive(ballast)
	figures := map[string]float64{}
	if err := errors.Join(measureState(in, figures), measureForms(in, figures), measureUpdates(in, figures)); err != nil {
		return nil, err
	}
	return figures, nil
}

// measureState times what is done with a whole state.
func measureState(in input, figures map[string]float64) (err error) {
	check := func(e error) {
		if err == nil {
			err = e
		}
	}
	before := heap()
	doc, e := ydoc.Load(in.state)
	if e != nil {
		return e
	}
	figures["docBytes"] = heap() - before
	if doc.Text("text") != in.text {
		return errText
	}
	figures["load"] = repeated(50, func() { _, e := ydoc.Load(in.state); check(e) })
	figures["encode"] = repeated(50, func() { _, e := doc.EncodeState(nil); check(e) })
	figures["diff"] = repeated(200, func() { _, e := doc.EncodeState(in.recent); check(e) })
	return err
}

// measureUpdates times the single updates.
func measureUpdates(in input, figures map[string]float64) (err error) {
	updates := in.updates()
	figures["merge"] = repeated(5, func() {
		if _, e := ydoc.Merge(updates[:1000]); e != nil {
			err = e
		}
	})
	doc := ydoc.New()
	figures["single"] = timed(func() {
		for _, update := range updates {
			if e := doc.ApplyUpdate(update); e != nil {
				err = e
			}
		}
	})
	if doc.Text("text") != in.text {
		return errors.Join(err, errText)
	}
	figures["planned"] = timed(func() { err = errors.Join(err, applyPlans(ydoc.New(), updates)) })
	return err
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
		start := time.Now()
		err = applyPlans(form, [][]byte{in.key})
		if times[i] = float64(time.Since(start).Nanoseconds()) / 1e3; err != nil {
			return err
		}
	}
	slices.Sort(times)
	figures["keyMicroseconds"] = times[len(times)/2]
	return nil
}

// timed returns milliseconds of processor time, that of the garbage collector
// included.
func timed(f func()) float64 {
	start := processorTime()
	f()
	return processorTime() - start
}

// repeated returns the mean of n times, after one that does not count.
func repeated(n int, f func()) float64 {
	f()
	return timed(func() {
		for range n {
			f()
		}
	}) / float64(n)
}

func processorTime() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
