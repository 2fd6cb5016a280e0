// Bench times the document engine beside npm yjs on the same updates in the
// same run, and prints the ratios: go run ./tests/yjs/bench
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"corsia/shared/ydoc/trace"
	"corsia/tests/yjs"
)

// rounds is how often both engines are timed in turn; the best counts, since
// whatever else the machine does only makes things slower.
const rounds = 3

// targets are the ratios that must be reached (P, engine).
var targets = map[string]float64{"single": 0.2, "load": 0.2}

var labels = []struct{ key, label string }{
	{"single", "single updates, CPU ms"},
	{"planned", "single updates through plans, CPU ms"},
	{"load", "load the state, CPU ms"},
	{"encode", "encode the state, CPU ms"},
	{"diff", "encode the last 100 edits, CPU ms"},
	{"merge", "merge 1,000 updates, CPU ms"},
	{"keyMicroseconds", "keystroke in a form, µs"},
	{"formBytes", "heap of a form, bytes"},
	{"docBytes", "heap of the document, bytes"},
}

func main() {
	reached, err := run(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if !reached {
		fmt.Fprintln(os.Stderr, "bench: a target was missed")
		os.Exit(1)
	}
}

func run(ctx context.Context) (reached bool, err error) {
	if err := yjs.Install(ctx); err != nil {
		return false, err
	}
	folder, err := os.MkdirTemp("", "ydoc-bench")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	edits, err := trace.FromEnvironment()
	if err != nil {
		return false, err
	}
	encoded, err := json.Marshal(edits)
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(filepath.Join(folder, "edits.json"), encoded, 0o600); err != nil {
		return false, err
	}
	if out, err := yjs.Node(ctx, "bench-build.mjs", folder); err != nil {
		return false, fmt.Errorf("%w\n%s", err, out)
	}
	theirs, ours := map[string]float64{}, map[string]float64{}
	for range rounds {
		if err := round(ctx, folder, theirs, ours); err != nil {
			return false, err
		}
	}
	return report(len(edits), theirs, ours), nil
}

// round times both once and keeps what is better than before.
func round(ctx context.Context, folder string, theirs, ours map[string]float64) error {
	out, err := yjs.Node(ctx, "bench.mjs", folder)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	var figures map[string]float64
	if err := json.Unmarshal([]byte(out), &figures); err != nil {
		return err
	}
	keepBest(theirs, figures)
	figures, err = measure(folder)
	if err != nil {
		return err
	}
	keepBest(ours, figures)
	return nil
}

func keepBest(best, figures map[string]float64) {
	for key, v := range figures {
		if old, ok := best[key]; !ok || v < old {
			best[key] = v
		}
	}
}

func report(edits int, theirs, ours map[string]float64) (reached bool) {
	reached = true
	fmt.Printf("%-36s %12s %12s %8s %8s\n", fmt.Sprintf("%d edits", edits), "yjs", "corsia", "ratio", "target")
	for _, l := range labels {
		their, ok := theirs[l.key]
		if l.key == "planned" {
			their, ok = theirs["single"]
		}
		ratio, target := ours[l.key]/their, ""
		if t, has := targets[l.key]; has {
			target = fmt.Sprintf("%.2f", t)
			reached = reached && ratio <= t
		}
		if ok {
			fmt.Printf("%-36s %12.3f %12.3f %8.3f %8s\n", l.label, their, ours[l.key], ratio, target)
		}
	}
	perSecond := func(key string) float64 { return float64(edits) / ours[key] / 1e3 }
	fmt.Printf("%.1f M edits/s loading, %.2f M single updates/s a core, %.2f M through plans\n",
		perSecond("load"), perSecond("single"), perSecond("planned"))
	return reached
}
