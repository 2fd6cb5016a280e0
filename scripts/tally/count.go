package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

const maxLineBytes = 16 << 20 // a test may print a document

// count is what became of some tests. Subtests count as tests.
type count struct {
	passed   int
	failures []string // names
	skips    []string // likewise
}

func (c *count) add(other count) {
	c.passed += other.passed
	c.failures = append(c.failures, other.failures...)
	c.skips = append(c.skips, other.skips...)
}

// event is a line of `go test -json`; Test is empty when it is about the package.
type event struct {
	Action  string
	Package string
	Test    string
}

// goTests counts what `go test -json` printed. A package that failed without a failed test, because it does not
// compile, panicked or ran out of time, is one failure.
func goTests(r io.Reader) (count, error) {
	var c count
	blamed := map[string]bool{} // packages with a failed test
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLineBytes)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return count{}, fmt.Errorf("read test event: %w", err)
		}
		name := e.Package + " " + e.Test
		switch {
		case e.Action == "pass" && e.Test != "":
			c.passed++
		case e.Action == "skip" && e.Test != "":
			c.skips = append(c.skips, name)
		case e.Action == "fail" && e.Test != "":
			blamed[e.Package] = true
			c.failures = append(c.failures, name)
		case e.Action == "fail" && !blamed[e.Package]:
			c.failures = append(c.failures, e.Package)
		}
	}
	return c, lines.Err()
}

// nodeLine is a line of node's summary, as its reporters "tap" and "spec" write it.
var nodeLine = regexp.MustCompile(`^(?:#|ℹ) (pass|fail|cancelled|skipped|todo) (\d+)$`)

var errNoSummary = errors.New("the test runner printed no summary")

// nodeTests counts what `node --test` printed at its end.
func nodeTests(r io.Reader) (count, error) {
	var c count
	found := false
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLineBytes)
	for lines.Scan() {
		m := nodeLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		n, err := strconv.Atoi(m[2])
		if err != nil {
			return count{}, fmt.Errorf("read %q: %w", m[0], err)
		}
		found = true
		for range n {
			switch m[1] {
			case "pass":
				c.passed++
			case "fail", "cancelled":
				c.failures = append(c.failures, "a test of the widget: see its output above")
			default:
				c.skips = append(c.skips, "a test of the widget")
			}
		}
	}
	if !found && lines.Err() == nil {
		return count{}, errNoSummary
	}
	return c, lines.Err()
}
