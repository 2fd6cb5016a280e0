// Command coverage prints how much of each package a Go coverage profile covers, and guards the total (SPEC O8).
//
//	go run ./scripts/coverage -minimum 80 coverage/unit.out
//
// Main packages, which only wire, and the drivers' test suites do not count. It exits with 1 below the minimum.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// uncounted are files whose work is seen by running the program: wiring, and code that is itself a test.
var uncounted = regexp.MustCompile(`^corsia/(gateway/[^/]+\.go|functions/[^/]+/main\.go|shared/driver/drivertest/.*|tests/.*|scripts/.*)$`)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit status: 0 enough is covered, 1 too little or no profile, 2 it was asked wrongly.
func run(args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("coverage", flag.ContinueOnError)
	set.SetOutput(stderr)
	minimum := set.Float64("minimum", 80, "least percentage of all statements")
	if err := set.Parse(args); err != nil {
		return 2
	}
	blocks := map[string]block{}
	for _, name := range set.Args() {
		if err := readFile(name, blocks); err != nil {
			fmt.Fprintf(stderr, "coverage: %v\n", err)
			return 1
		}
	}
	packages := map[string]figure{}
	var total figure
	for place, b := range blocks {
		file, _, _ := strings.Cut(place, ":")
		if !uncounted.MatchString(file) {
			packages[path.Dir(file)] = packages[path.Dir(file)].plus(b)
			total = total.plus(b)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		fmt.Fprintf(stdout, "%6.1f %%  %s\n", packages[name].percent(), name)
	}
	fmt.Fprintf(stdout, "Go coverage: %.1f %% of %d statements, at least %g %% wanted\n", total.percent(), total.statements, *minimum)
	if total.percent() < *minimum {
		return 1
	}
	return 0
}

// block is some statements that run together.
type block struct {
	statements int
	covered    bool
}

type figure struct{ statements, covered int }

func (f figure) plus(b block) figure {
	f.statements += b.statements
	if b.covered {
		f.covered += b.statements
	}
	return f
}

// percent of nothing is 0: an empty profile is no proof.
func (f figure) percent() float64 {
	if f.statements == 0 {
		return 0
	}
	return 100 * float64(f.covered) / float64(f.statements)
}

func readFile(name string, blocks map[string]block) error {
	profile, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return readProfile(bytes.NewReader(profile), blocks)
}

// readProfile merges a profile into blocks, by place: what any run covered is covered.
func readProfile(r io.Reader, blocks map[string]block) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "mode:") {
			continue
		}
		parts := strings.Fields(lines.Text()) // file.go:3.10,5.2 statements count
		if len(parts) != 3 {
			return fmt.Errorf("not a line of a coverage profile: %q", lines.Text())
		}
		statements, err := strconv.Atoi(parts[1])
		if err != nil {
			return fmt.Errorf("read profile: %w", err)
		}
		blocks[parts[0]] = block{statements: statements, covered: blocks[parts[0]].covered || parts[2] != "0"}
	}
	return lines.Err()
}
