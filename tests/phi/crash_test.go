//go:build integration

package phi

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"corsia/tests/phi/sweep"
	"corsia/tests/testkit"
)

// printed is what a process prints, while others read it.
type printed struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.data.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.data.String()
}

// TestACrashPrintsNoText ends a gateway on its embedded drivers as a broken invariant would, with the stacks of all goroutines,
// while it holds text. What is on its disk then is the journal, in which text may be.
func TestACrashPrintsNoText_T6(t *testing.T) {
	d := &drive{t: t, set: &sweep.Set{}, notes: &notes{}, resource: "page:/chart/crash"}
	addr := testkit.Port(t)
	cmd := exec.Command(testkit.Build(t), "serve")
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "ADDR=" + addr, "JWT_KEYS=" + testkit.PublicKey(t), "LOG_LEVEL=debug"}
	var stdout, stderr printed
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { defer close(gone); _ = cmd.Wait() }() // how it ended is in ProcessState
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-gone })
	testkit.Eventually(t, patience, "address in the log", func() bool {
		line, _, _ := strings.Cut(stdout.String(), "\n")
		return json.Valid([]byte(line)) && strings.Contains(stdout.String(), "gateway: listening")
	})
	d.cluster = &testkit.Cluster{Instances: []*testkit.Instance{{Gateway: &testkit.Gateway{URL: "http://" + addr}}}}
	anna := join(t, d.connect(0, "usr_anna"), d.resource, "editor", d.rich(typed, "a resource's type"))
	anna.write("id-notes", strings.Repeat(d.rich(text, "text"), 1000))
	anna.OK("AWARENESS", anna.about(fields{"state": fields{"at": d.rich(awareness, "awareness")}}))
	for n := range 50 { // some are under way
		anna.Emit("Y_UPDATE", anna.about(fields{"update": anna.insert("id-notes", d.rich(text, "text %d on its way", n))}))
	}
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone:
	case <-time.After(patience):
		t.Fatal("SIGQUIT does not end it")
	}
	if !strings.Contains(stderr.String(), "goroutine ") {
		t.Fatalf("it printed no stacks: %.500s", stderr.String())
	}
	pieces := []sweep.Piece{{Place: "log/stdout", Data: []byte(stdout.String())}, {Place: "log/stderr", Data: []byte(stderr.String())}}
	judge(t, d.set, []sweep.Rule{{Place: "files/corsia.db*", Kinds: []sweep.Kind{text, typed}, Why: "D3, R1"}}, append(pieces, folder(t, "files", cmd.Dir)...))
}
