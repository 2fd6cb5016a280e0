//go:build integration

package yjs

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"unicode/utf16"

	"corsia/shared/ydoc"
)

// history is one line of generate.mjs: what random clients did, how it was
// delivered, and what yjs made of it.
type history struct {
	Seed         int
	Surrogates   bool
	Deliveries   [][]byte
	Restart      int
	Causal       [][]byte
	Full         []byte
	StateVectors [][]byte
}

// result is what the engine made of a history, for check.mjs.
type result struct {
	Error        string     `json:"error,omitempty"`
	Full         []byte     `json:"full"`
	Half         []byte     `json:"half"`
	StateVector  []byte     `json:"stateVector"`
	Diffs        [][]byte   `json:"diffs"`
	UpdateDiffs  [][]byte   `json:"updateDiffs"`
	Merged       []byte     `json:"merged"`
	Texts        [2]string  `json:"texts"`
	Map          string     `json:"map"`
	List         string     `json:"list"`
	Planned      []byte     `json:"planned"`
	Reduced      [][]byte   `json:"reduced"`
	Touched      [][]string `json:"touched"`
	Edits        [][]byte   `json:"edits"`
	Edited       []byte     `json:"edited"`
	EditedVector []byte     `json:"editedVector"`
	EditedText   string     `json:"editedText"`
	EditedMap    string     `json:"editedMap"`
}

// runHistory takes a history through everything the engine offers.
func runHistory(h history) (r result) {
	defer func() {
		if p := recover(); p != nil {
			r.Error = fmt.Sprint("panic: ", p)
		}
	}()
	steps := []func(history) error{r.deliver, r.plan, r.edit}
	for _, step := range steps {
		if err := step(h); err != nil {
			r.Error = err.Error()
			return r
		}
	}
	return r
}

// deliver applies the disturbed deliveries, to one document all along and to
// one that is loaded again from its state on the way.
func (r *result) deliver(h history) error {
	d, restarted := ydoc.New(), ydoc.New()
	for i, update := range h.Deliveries {
		if i == h.Restart {
			r.Half = must(d.EncodeState(nil))
			restarted = ydoc.New()
			if err := restarted.ApplyUpdate(r.Half); err != nil {
				return fmt.Errorf("restart: %w", err)
			}
		}
		if err := errors.Join(d.ApplyUpdate(update), restarted.ApplyUpdate(update)); err != nil {
			return fmt.Errorf("delivery %d: %w", i, err)
		}
	}
	if d.HasPending() || restarted.HasPending() {
		return errors.New("something is still parked")
	}
	if err := ydoc.Equal(d, restarted); err != nil && !h.Surrogates {
		return fmt.Errorf("after a restart: %w", err)
	}
	r.Full, r.StateVector = must(d.EncodeState(nil)), d.StateVector()
	if size := d.Size(); size < len(r.Full) || size > len(r.Full)*33/32+256 {
		return fmt.Errorf("size %d of a state of %d bytes", size, len(r.Full))
	}
	for _, sv := range h.StateVectors {
		r.Diffs = append(r.Diffs, must(d.EncodeState(sv)))
		r.UpdateDiffs = append(r.UpdateDiffs, must(ydoc.Diff(h.Full, sv)))
	}
	r.Merged = must(ydoc.Merge(h.Deliveries))
	r.Texts = [2]string{d.Text("t0"), d.Text("t1")}
	r.Map, r.List = encodeJSON(d.MapJSON("m")), encodeJSON(d.ListJSON("a"))
	return nil
}

// plan applies the updates in causal order through plans, and what the plans
// leave of them to two more documents.
func (r *result) plan(h history) error {
	d, reduced, reported := ydoc.New(), ydoc.New(), ydoc.New()
	fields := map[string][]uint16{}
	for i, update := range h.Causal {
		p, err := d.Plan(update, ydoc.Limits{MaxClients: 64})
		if err != nil {
			return fmt.Errorf("plan %d: %w", i, err)
		}
		var touched []string
		for _, t := range p.Touches() {
			if t.Known {
				touched = append(touched, t.Root+"/"+t.Key)
			}
		}
		r.Touched = append(r.Touched, touched)
		if err := d.Apply(p); err != nil {
			return fmt.Errorf("apply %d: %w", i, err)
		}
		again, err := d.Plan(update, ydoc.Limits{MaxClients: 64})
		if err != nil || !again.Empty() {
			return fmt.Errorf("update %d planned again: empty %v, error %w", i, again.Empty(), err)
		}
		if p.Empty() {
			continue
		}
		r.Reduced = append(r.Reduced, p.Update())
		if err := applyReduced(reduced, reported, fields, p.Update(), !h.Surrogates); err != nil {
			return fmt.Errorf("what is left of update %d: %w", i, err)
		}
	}
	for _, other := range []*ydoc.Doc{reduced, reported} {
		if err := ydoc.Equal(d, other); err != nil {
			return fmt.Errorf("plans: %w", err)
		}
	}
	r.Planned = must(d.EncodeState(nil))
	return nil
}

// applyReduced applies a reduced update as a journal does, and with a report
// whose deltas are followed in fields.
func applyReduced(journal, reported *ydoc.Doc, fields map[string][]uint16, update []byte, follow bool) error {
	if err := journal.ApplyUpdate(update); err != nil {
		return err
	}
	if journal.HasPending() {
		return errors.New("something is parked")
	}
	p, err := reported.Plan(update, ydoc.Limits{MaxClients: 64})
	if err != nil {
		return err
	}
	change, err := reported.ApplyReport(p)
	if err != nil {
		return err
	}
	for _, field := range change.Fields {
		fields[field.Root] = follow16(fields[field.Root], field.Delta)
		if (field.Root == "t0" || field.Root == "t1") && follow {
			if got, want := visible(fields[field.Root]), reported.Text(field.Root); got != want {
				return fmt.Errorf("deltas of %s come to %q, want %q", field.Root, got, want)
			}
		}
	}
	return nil
}

// placeholder stands for content that is no text; no generated word has it.
const placeholder = 0xFFFC

// follow16 applies a delta to UTF-16 text.
func follow16(text []uint16, delta []ydoc.DeltaOp) []uint16 {
	var out []uint16
	at := 0
	for _, op := range delta {
		out = append(out, text[at:at+op.Retain]...)
		at += op.Retain + op.Delete
		out = append(out, utf16.Encode([]rune(op.Insert))...)
		out = append(out, slices.Repeat([]uint16{placeholder}, op.Values)...)
	}
	return append(out, text[at:]...)
}

func visible(text []uint16) string {
	return string(utf16.Decode(slices.DeleteFunc(slices.Clone(text), func(u uint16) bool { return u == placeholder })))
}

// edit makes edits of the server's own in the finished document.
func (r *result) edit(h history) error {
	d, err := ydoc.Load(r.Full)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	random := rand.New(rand.NewPCG(uint64(h.Seed), 1))
	for range 1 + random.IntN(5) {
		update, err := d.Transact(5_000_000_000, func(e *ydoc.Edit) {
			for range 1 + random.IntN(3) {
				n := d.TextLength("t1")
				e.SetMap("m", fmt.Sprint("k", random.IntN(6)), []any{random.IntN(9), "😀", map[string]any{"x": 0.5}})
				if n > 0 && h.Surrogates {
					e.InsertText("t1", random.IntN(n), "né")
				}
			}
			e.InsertText("t0", 0, "😀 start ")
			e.DeleteText("t0", random.IntN(2)*2, 1+random.IntN(2)*2)
			e.DeleteMap("m", fmt.Sprint("k", random.IntN(6)))
		})
		if err != nil {
			return fmt.Errorf("transact: %w", err)
		}
		r.Edits = append(r.Edits, update)
	}
	r.Edited, r.EditedVector = must(d.EncodeState(nil)), d.StateVector()
	r.EditedText, r.EditedMap = d.Text("t0"), encodeJSON(d.MapJSON("m"))
	return nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
