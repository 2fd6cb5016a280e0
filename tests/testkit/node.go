package testkit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const installTimeout = 3 * time.Minute

var installed = sync.OnceValue(install)

// install runs npm ci in the package's folder, unless that was done before.
func install() error {
	if _, err := os.Stat("node_modules"); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund")
	stop := time.AfterFunc(installTimeout, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
}

// Node is a Node process that a test talks to: it is sent a JSON value a line on its standard input and answers likewise
// on its standard output. What it writes to its standard error is shown when the test fails.
type Node struct {
	t      testing.TB
	script string
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan []byte
	stderr buffer
}

// StartNode starts a script of the package's folder with one argument, encoded as JSON. Packages of package-lock.json are
// installed first, when node_modules is missing.
func StartNode(t testing.TB, script string, arg any) *Node {
	t.Helper()
	if err := installed(); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(arg)
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{t: t, script: script, cmd: exec.Command("node", path, string(encoded)), lines: make(chan []byte, 64)}
	n.cmd.SysProcAttr, n.cmd.Stderr = dieWithUs(), &n.stderr
	n.in, err = n.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatalf("node %s: %v", script, err)
	}
	go n.read(out)
	t.Cleanup(n.end)
	return n
}

func (n *Node) read(out io.Reader) {
	defer close(n.lines)
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		n.lines <- bytes.Clone(scanner.Bytes())
	}
}

func (n *Node) end() {
	n.in.Close()
	_ = n.cmd.Process.Kill() // an error means that it has ended
	for range n.lines {      // until the pipe is closed
	}
	_ = n.cmd.Wait()
	if text := n.stderr.String(); n.t.Failed() && text != "" {
		n.t.Logf("node %s: %s", n.script, text)
	}
}

// Send writes one value.
func (n *Node) Send(v any) {
	n.t.Helper()
	encoded, err := json.Marshal(v)
	if err == nil {
		_, err = n.in.Write(append(encoded, '\n'))
	}
	if err != nil {
		n.t.Fatalf("write to node %s: %v\n%s", n.script, err, n.stderr.String())
	}
}

// Read reads the next value, and reports false at the end of the script.
func (n *Node) Read(within time.Duration, into any) bool {
	n.t.Helper()
	select {
	case line, ok := <-n.lines:
		if !ok {
			return false
		}
		if err := json.Unmarshal(line, into); err != nil {
			n.t.Fatalf("node %s printed what is no JSON: %.500s", n.script, line)
		}
		return true
	case <-time.After(within):
		n.t.Fatalf("node %s has printed nothing for %v\n%s", n.script, within, n.stderr.String())
		return false
	}
}

// Call sends one value and reads its answer.
func (n *Node) Call(within time.Duration, v, into any) {
	n.t.Helper()
	n.Send(v)
	if !n.Read(within, into) {
		n.t.Fatalf("node %s has ended: %s", n.script, n.stderr.String())
	}
}

// outcome is a line of a script of tests: one test's end, or the script's.
type outcome struct {
	Test   string
	Error  string
	Ms     float64
	Result json.RawMessage // of the script, with its last line
	Done   bool
}

const scriptTimeout = 2 * time.Minute

// RunNode runs a script of tests, each as a subtest, against the gateway: the script gets {url, key, marker, args}, and
// prints a line for each test as tests/e2e/lib/suite.mjs does. What the script reports at its end is decoded into result,
// unless that is nil.
func (g *Gateway) RunNode(t *testing.T, script string, args, result any) {
	t.Helper()
	n := StartNode(t, script, Fields{"url": g.URL, "key": g.KeyFile(), "marker": Marker, "args": args})
	for {
		var o outcome
		if !n.Read(scriptTimeout, &o) {
			t.Fatalf("node %s ended without its last word: %s", script, n.stderr.String())
		}
		if o.Done {
			if result != nil {
				if err := json.Unmarshal(o.Result, result); err != nil {
					t.Fatalf("the result of node %s: %v: %s", script, err, o.Result)
				}
			}
			return
		}
		t.Run(strings.ReplaceAll(o.Test, "/", "∕"), func(t *testing.T) { // a slash would make a subtest of a subtest
			t.Logf("%.0f ms", o.Ms)
			if o.Error != "" {
				t.Error(o.Error)
			}
		})
	}
}
