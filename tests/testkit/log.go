package testkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Marker is part of every text that tests put where no log may show it: field text, awareness, names of people. The
// check of a log looks for it. It is too long to be part of a random id.
const Marker = "zq9XvK7wQ"

// Line is one line of the gateway's log.
type Line map[string]any

// Text returns a value of the line as text, empty when it is not there.
func (l Line) Text(key string) string {
	if s, ok := l[key].(string); ok {
		return s
	}
	return ""
}

// log gathers the outputs of a gateway over its lives. It is the process's standard output.
type log struct {
	stderr    buffer
	listening chan string // room for one: the address of the process that runs

	mu     sync.Mutex
	lines  []Line
	raw    [][]byte // as written
	broken []string // lines that are no JSON
	rest   []byte   // of a line that has not ended

	expected []string // messages of errors that a test brings about
}

// buffer is a bytes.Buffer that a process may write while a test reads.
type buffer struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}

func (l *log) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listening = make(chan string, 1)
}

// Write takes what the process prints.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.take(bytes.Clone(line))
		l.rest = rest
	}
}

func (l *log) take(raw []byte) {
	l.raw = append(l.raw, raw)
	var line Line
	if err := json.Unmarshal(raw, &line); err != nil {
		l.broken = append(l.broken, string(raw))
		return
	}
	l.lines = append(l.lines, line)
	if line.Text("msg") == "gateway: listening" {
		select {
		case l.listening <- line.Text("url"):
		default:
		}
	}
}

// endOfProcess takes a line that was cut: kill -9 may do that, an orderly end may not.
func (l *log) endOfProcess(killed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 && !killed {
		l.broken = append(l.broken, string(l.rest))
	}
	if len(l.rest) > 0 {
		l.raw = append(l.raw, l.rest)
	}
	l.rest = nil
}

func (l *log) all() []Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Line(nil), l.lines...)
}

func (l *log) output() (stdout, stderr []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(bytes.Join(l.raw, []byte("\n")), l.rest...), []byte(l.stderr.String())
}

func (l *log) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out strings.Builder
	for _, line := range l.raw[max(0, len(l.raw)-n):] {
		fmt.Fprintf(&out, "%.300s\n", line)
	}
	return out.String() + "standard error: " + l.stderr.String()
}

// tokenText finds a JSON Web Token, or its first two parts.
var tokenText = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}`)

// check judges the whole log (SPEC T6).
func (l *log) check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var wrong []error
	for _, line := range l.broken {
		wrong = append(wrong, fmt.Errorf("a line is no JSON: %.200s", line))
	}
	all := append(append([][]byte(nil), l.raw...), []byte(l.stderr.String()))
	for _, line := range all {
		switch {
		case bytes.Contains(line, []byte(Marker)):
			wrong = append(wrong, fmt.Errorf("a line shows text that belongs in no log: %.400s", line))
		case tokenText.Match(line):
			wrong = append(wrong, fmt.Errorf("a line shows a token: %.400s", line))
		case bytes.Contains(line, []byte("DATA RACE")), bytes.Contains(line, []byte("goroutine ")), bytes.Contains(line, []byte("panic")):
			wrong = append(wrong, fmt.Errorf("the gateway panicked or raced: %.4000s", line))
		}
	}
	for _, line := range l.lines {
		if line.Text("level") == "ERROR" && !slices.Contains(l.expected, line.Text("msg")) {
			wrong = append(wrong, fmt.Errorf("an error that nothing explains: %v", line))
		}
		if unknown := strings.Join(unknownKeys(line), ", "); unknown != "" {
			wrong = append(wrong, fmt.Errorf("a line has keys outside the closed set: %s", unknown))
		}
	}
	return errors.Join(wrong...)
}

// unknownKeys returns the keys of a line that the log may not have: the set of shared/obs, written down once more so
// that an addition is noticed.
func unknownKeys(line Line) []string {
	var unknown []string
	for key := range line {
		if !strings.Contains(knownKeys, " "+key+" ") {
			unknown = append(unknown, key)
		}
	}
	return unknown
}

const knownKeys = ` time level msg actor address attempt batch bytes client code count delivery dependency details driver
 dropped duration_ms epoch err event event_id fence field fields file instance limit lock method note op outcome panic path
 reason recorded_at resource retry_ms revision revision_from revision_to role rooms session sessions setting signal
 source stack state status tenant transport type url user version `

// ExpectError allows an error of that message in the log. Without it every line of level ERROR fails the test.
func (g *Gateway) ExpectError(msg string) {
	g.log.mu.Lock()
	defer g.log.mu.Unlock()
	g.log.expected = append(g.log.expected, msg)
}

// WaitLog waits for a line that matches, and returns it.
func (g *Gateway) WaitLog(t testing.TB, what string, match func(Line) bool) Line {
	t.Helper()
	var found Line
	Eventually(t, answerTime, what+" in the log", func() bool {
		for _, line := range g.Log() {
			if match(line) {
				found = line
				return true
			}
		}
		return false
	})
	return found
}

// Eventually waits until a condition holds.
func Eventually(t testing.TB, within time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("after %v there is still no %s", within, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
