// Command tally adds up what the test runners of `make test` have written and ends with one line, "N passed, N failed".
//
//	go run ./scripts/tally -failed "lint" coverage/unit.json coverage/widget.log
//
// A .json file is what `go test -json` prints, a .log file what `node --test` prints. It exits with 1 when a test
// failed, a step failed, a file is missing, or nothing was run.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit status: 0 all passed, 1 something failed, 2 it was asked wrongly.
func run(args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("tally", flag.ContinueOnError)
	set.SetOutput(stderr)
	steps := set.String("failed", "", "steps of the run that failed, separated by spaces")
	if err := set.Parse(args); err != nil {
		return 2
	}
	var total count
	for _, path := range set.Args() {
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		c, err := read(path)
		if err != nil {
			fmt.Fprintf(stdout, "%s: %v\n", name, err)
			c = count{failures: []string{name + ": no result"}}
		}
		fmt.Fprintf(stdout, "%-12s %5d passed, %d failed, %d skipped\n", name, c.passed, len(c.failures), len(c.skips))
		total.add(c)
	}
	failedSteps := strings.Fields(*steps)
	if len(total.failures) == 0 { // otherwise the steps failed because of these
		for _, step := range failedSteps {
			total.failures = append(total.failures, "step "+step)
		}
	}
	for _, name := range total.skips {
		fmt.Fprintln(stdout, "skipped:", name)
	}
	for _, name := range total.failures {
		fmt.Fprintln(stdout, "failed:", name)
	}
	if len(failedSteps) > 0 {
		fmt.Fprintln(stdout, "steps that failed:", strings.Join(failedSteps, " "))
	}
	fmt.Fprintf(stdout, "%d passed, %d failed\n", total.passed, len(total.failures))
	if len(total.failures) > 0 || total.passed == 0 {
		return 1
	}
	return 0
}

func read(path string) (count, error) {
	output, err := os.ReadFile(path)
	if err != nil {
		return count{}, err
	}
	if filepath.Ext(path) == ".json" {
		return goTests(bytes.NewReader(output))
	}
	return nodeTests(bytes.NewReader(output))
}
