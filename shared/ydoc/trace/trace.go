// Package trace makes editing histories for tests and benchmarks: what one
// writer does to one text in about 260,000 single edits.
package trace

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
)

// Numbers of single edits in the history of a real paper, which Generate
// reproduces together with the usual lengths of its runs and jumps.
const (
	Insertions = 182_315
	Deletions  = 77_463
)

// Edit is one step: Deleted characters go, then Inserted comes, at Position.
// Positions count UTF-16 units.
type Edit struct {
	Position int
	Deleted  int
	Inserted string
}

// Generate returns a history of Insertions and Deletions of one character
// each, the same for the same seed: runs of typing at the moving cursor, runs
// of backspace and delete, some jumps.
func Generate(seed uint64) []Edit { return generate(seed, Insertions, Deletions) }

// GenerateShort returns a history of about n edits of the same shape.
func GenerateShort(seed uint64, n int) []Edit {
	inserted := n * Insertions / (Insertions + Deletions)
	return generate(seed, inserted, n-inserted)
}

func generate(seed uint64, insertions, deletions int) []Edit {
	w := writer{
		random:     rand.New(rand.NewPCG(seed, 260)),
		insertions: insertions,
		deletions:  deletions,
		edits:      make([]Edit, 0, insertions+deletions),
	}
	for w.insertions+w.deletions > 0 {
		w.burst()
	}
	return w.edits
}

// writer is somebody with a cursor in a text.
type writer struct {
	random                *rand.Rand
	cursor, length        int
	insertions, deletions int // still to make
	edits                 []Edit
}

// Chances and lengths were read off the real history: the median of a run, and
// the spread that puts a tenth of all runs beyond nine times the median.
const (
	jumpChance      = 0.46
	typeChance      = 0.525
	backspaceChance = 0.252
	selectChance    = 0.03 // a run of deletions is a whole passage
)

func (w *writer) burst() {
	if w.length > 0 && w.random.Float64() < jumpChance {
		distance := w.run(46, 2.2, w.length)
		if w.random.IntN(2) == 0 {
			distance = -distance
		}
		w.cursor = min(max(w.cursor+distance, 0), w.length)
	}
	switch kind := w.random.Float64(); {
	case kind < typeChance || w.deletions == 0 || w.length == 0:
		w.typeRun(w.run(9, 1.7, 1400))
	case kind < typeChance+backspaceChance:
		w.deleteRun(w.passage(3, 1.4), -1)
	default:
		w.deleteRun(w.passage(1.2, 1.3), 0)
	}
}

// run draws a length of at least one from a log-normal distribution.
func (w *writer) run(median, spread float64, most int) int {
	n := int(math.Round(median * math.Exp(spread*w.random.NormFloat64())))
	return min(max(n, 1), most)
}

func (w *writer) passage(median, spread float64) int {
	if w.random.Float64() < selectChance {
		return 100 + w.random.IntN(500)
	}
	return w.run(median, spread, 4000)
}

func (w *writer) typeRun(n int) {
	const letters = "etaoinshrdlucmfwypvbgkjqxz"
	for ; n > 0 && w.insertions > 0; n-- {
		c := " "
		if w.random.IntN(6) > 0 {
			i := min(w.random.IntN(len(letters)), w.random.IntN(len(letters)))
			c = letters[i : i+1]
		}
		w.edits = append(w.edits, Edit{Position: w.cursor, Inserted: c})
		w.cursor++
		w.length++
		w.insertions--
	}
}

// deleteRun deletes before the cursor (step -1) or after it (step 0).
func (w *writer) deleteRun(n, step int) {
	for ; n > 0 && w.deletions > 0; n-- {
		if w.cursor+step < 0 || w.cursor+step >= w.length {
			return
		}
		w.cursor += step
		w.edits = append(w.edits, Edit{Position: w.cursor, Deleted: 1})
		w.length--
		w.deletions--
	}
}

// FromEnvironment returns the history in the file that EDITING_TRACE names, or
// a generated one.
func FromEnvironment() ([]Edit, error) {
	if path := os.Getenv("EDITING_TRACE"); path != "" {
		return Load(path)
	}
	return Generate(1), nil
}

// Load reads a recorded history: gzip of JSON {"txns": [{"patches": [[position,
// deleted, inserted], …]}, …]}.
func Load(path string) ([]Edit, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open trace: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("unzip trace: %w", err)
	}
	var recorded struct {
		Txns []struct{ Patches []patch }
	}
	if err := json.NewDecoder(unzipped).Decode(&recorded); err != nil {
		return nil, fmt.Errorf("decode trace: %w", err)
	}
	var edits []Edit
	for _, txn := range recorded.Txns {
		for _, p := range txn.Patches {
			edits = append(edits, Edit(p))
		}
	}
	return edits, nil
}

// patch is an Edit as a recorded history has it: an array.
type patch Edit

// UnmarshalJSON reads [position, deleted, inserted].
func (p *patch) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.Position, &p.Deleted, &p.Inserted})
}
