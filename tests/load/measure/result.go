package measure

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// Figure is one measured value.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	Limit string  `json:"limit,omitempty"` // what it must keep, such as "= 0"
	Fails bool    `json:"fails,omitempty"` // it does not
}

// Result is what one scenario measured.
type Result struct {
	Scenario   string         `json:"scenario"`
	Step       string         `json:"step,omitempty"` // of a scenario that has several results
	Parameters map[string]any `json:"parameters"`
	Started    time.Time      `json:"started"`
	Figures    []Figure       `json:"figures"`
	Series     any            `json:"series,omitempty"`   // what was sampled each second
	Problems   []string       `json:"problems,omitempty"` // the first error of each kind
}

// Add notes a figure.
func (r *Result) Add(name string, value float64, unit string) {
	r.Figures = append(r.Figures, Figure{Name: name, Value: round(value), Unit: unit})
}

// AddLatency notes the median, the 99th percentile and the longest of a histogram, in milliseconds. A limit of 0 is none;
// otherwise the 99th percentile must stay under it.
func (r *Result) AddLatency(name string, l *Latency, limit time.Duration) {
	r.Add(name+" P50", milliseconds(l.Quantile(0.5)), "ms")
	if p99 := milliseconds(l.Quantile(0.99)); limit > 0 {
		r.Under(name+" P99", p99, "ms", milliseconds(limit))
	} else {
		r.Add(name+" P99", p99, "ms")
	}
	r.Add(name+" longest", milliseconds(l.Quantile(1)), "ms")
}

// Under notes a figure that must not exceed limit.
func (r *Result) Under(name string, value float64, unit string, limit float64) {
	r.expect(Figure{Name: name, Value: round(value), Unit: unit, Limit: "≤ " + format(limit), Fails: !(value <= limit)})
}

// Equal notes a figure that must be want.
func (r *Result) Equal(name string, value, want float64) {
	r.expect(Figure{Name: name, Value: value, Limit: "= " + format(want), Fails: value != want})
}

func (r *Result) expect(f Figure) { r.Figures = append(r.Figures, f) }

// Problem notes what went wrong, unless it is nil.
func (r *Result) Problem(err error) {
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
	}
}

// Get returns the figure of a name, NaN when there is none.
func (r *Result) Get(name string) float64 {
	for _, f := range r.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	return math.NaN()
}

// Failed returns the figures that do not keep their limits, as text, and whatever else went wrong.
func (r *Result) Failed() []string {
	var out []string
	for _, f := range r.Figures {
		if f.Fails {
			out = append(out, fmt.Sprintf("%s is %s %s: want %s", f.Name, format(f.Value), f.Unit, f.Limit))
		}
	}
	return append(out, r.Problems...)
}

// WriteJSON writes the result as one line.
func (r *Result) WriteJSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// WriteTable writes results of the same kind for people, side by side: a row each figure.
func WriteTable(w io.Writer, results []*Result) {
	width := 0
	var names []string
	for _, r := range results {
		for _, f := range r.Figures {
			if !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
				width = max(width, len([]rune(f.Name)))
			}
		}
	}
	fmt.Fprint(w, results[0].Scenario, strings.Repeat(" ", max(0, width+2-len(results[0].Scenario))))
	for _, r := range results {
		fmt.Fprintf(w, " %14s", r.Step)
	}
	fmt.Fprintln(w)
	for _, name := range names {
		fmt.Fprintf(w, "  %s%s", name, strings.Repeat(" ", width-len([]rune(name))))
		writeRow(w, name, results)
	}
	for _, r := range results {
		for _, p := range r.Problems {
			fmt.Fprintf(w, "  problem: %s %s\n", r.Step, p)
		}
	}
}

// writeRow writes the values of a figure, its unit, and how it keeps its limit.
func writeRow(w io.Writer, name string, results []*Result) {
	unit, limit, fails := "", "", false
	for _, r := range results {
		i := slices.IndexFunc(r.Figures, func(f Figure) bool { return f.Name == name })
		if i < 0 {
			fmt.Fprintf(w, " %14s", "-")
			continue
		}
		f := r.Figures[i]
		fmt.Fprintf(w, " %14s", format(f.Value))
		unit, fails = f.Unit, fails || f.Fails
		if f.Limit != "" {
			limit = f.Limit
		}
	}
	switch {
	case fails:
		fmt.Fprintf(w, " %s  FAILS: want %s\n", unit, limit)
	case limit != "":
		fmt.Fprintf(w, " %s  ok, %s\n", unit, limit)
	default:
		fmt.Fprintf(w, " %s\n", unit)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// round keeps a thousandth, which is more than any of the figures is good for.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }

// format writes a number with as many decimals as are worth reading.
func format(v float64) string {
	switch {
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return fmt.Sprintf("%d", int64(v))
	case math.Abs(v) >= 100:
		return fmt.Sprintf("%.0f", v)
	case math.Abs(v) >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
