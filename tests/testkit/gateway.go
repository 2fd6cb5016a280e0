package testkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout = 20 * time.Second
	stopTimeout  = 30 * time.Second // SPEC C6 allows 25 s
	answerTime   = 10 * time.Second // for anything that a gateway should answer at once, on a busy machine
)

// Gateway is one gateway on a folder of its own. It is not safe for concurrent use, but for URL, Token and Log.
type Gateway struct {
	URL string // http://127.0.0.1:<port>; the same after a restart
	Dir string // its store, keys and archive

	env      []string
	log      *log
	postgres string // URL of its store, when that is no file
	program  string // empty: the one that Build made

	// Of the process that runs, or ran last.
	cmd    *exec.Cmd
	done   chan struct{} // closed when the process has ended
	killed bool          // by us: its last line may be cut
}

// Start starts a gateway with settings such as "LOCK_TTL=2s" and waits until clients can connect. When the test ends the
// process is killed, and its log is checked: lines of JSON with known keys, no token, no marked text, no panic (SPEC T6).
func Start(t testing.TB, env ...string) *Gateway {
	t.Helper()
	Build(t)
	g := newGateway(t.TempDir(), env)
	if err := g.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.finish(t) })
	return g
}

// finish ends the process and judges its log.
func (g *Gateway) finish(t testing.TB) {
	g.end()
	if err := g.log.check(); err != nil {
		t.Errorf("the log of the gateway: %v", err)
	}
	if t.Failed() {
		t.Logf("the last lines of the gateway:\n%s", g.log.tail(40))
	}
}

var shared struct {
	mu      sync.Mutex
	gateway *Gateway
	err     error
}

// Shared returns the gateway with default settings that all tests of a package may use, each with resources and users of
// its own.
func Shared(t testing.TB) *Gateway {
	t.Helper()
	Build(t)
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.gateway == nil && shared.err == nil {
		folder, err := os.MkdirTemp("", "corsia-shared-")
		if err == nil {
			shared.gateway = newGateway(folder, nil)
			err = shared.gateway.start()
		}
		shared.err = err
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.gateway
}

func endShared() error {
	g := shared.gateway
	if g == nil {
		return nil
	}
	g.end()
	defer os.RemoveAll(g.Dir)
	return g.log.check()
}

func newGateway(dir string, env []string) *Gateway { return &Gateway{Dir: dir, env: env, log: &log{}} }

// start runs the process and waits for its word.
func (g *Gateway) start() error {
	if err := putKey(g.Dir); err != nil {
		return err
	}
	program := g.program
	if program == "" {
		program = built.path
	}
	g.cmd = exec.Command(program, "serve")
	g.cmd.Env, g.cmd.Dir, g.cmd.SysProcAttr = g.Env(), g.Dir, dieWithUs()
	g.log.begin()
	g.cmd.Stdout, g.cmd.Stderr = g.log, &g.log.stderr
	g.done, g.killed = make(chan struct{}), false
	if err := g.cmd.Start(); err != nil {
		return fmt.Errorf("start the gateway: %w", err)
	}
	go func() {
		_ = g.cmd.Wait() // the exit status is in ProcessState
		close(g.done)
	}()
	select {
	case g.URL = <-g.log.listening:
		return nil
	case <-g.done:
		return fmt.Errorf("the gateway ended at its start: %v\n%s", g.cmd.ProcessState, g.log.tail(20))
	case <-time.After(startTimeout):
		g.end()
		return fmt.Errorf("the gateway does not listen after %v\n%s", startTimeout, g.log.tail(20))
	}
}

// Env returns the environment that the gateway runs with: little of our own, and its settings.
func (g *Gateway) Env() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "ADDR=127.0.0.1:0",
		"STORE_URL=sqlite:" + g.storePath(), "ARCHIVE_URL=file:" + filepath.Join(g.Dir, "archive")}
	env = append(env, g.env...)
	if g.URL != "" {
		env = append(env, "ADDR="+strings.TrimPrefix(g.URL, "http://"))
	}
	return env
}

func (g *Gateway) storePath() string { return filepath.Join(g.Dir, "corsia.db") }

// Running reports whether the process lives.
func (g *Gateway) Running() bool {
	if g.cmd == nil {
		return false
	}
	select {
	case <-g.done:
		return false
	default:
		return g.cmd.Process != nil
	}
}

// PID returns the id of the process.
func (g *Gateway) PID() int { return g.cmd.Process.Pid }

// Kill9 ends the process with SIGKILL, and returns when it is gone.
func (g *Gateway) Kill9() {
	g.killed = true
	_ = g.cmd.Process.Kill() // an error means that it is gone
	<-g.done
	g.log.endOfProcess(true)
}

// Restart starts the gateway again on its folder and at its address. A test that restarts should name an address with
// Port, as another program may take a port of the ephemeral range meanwhile.
func (g *Gateway) Restart(t testing.TB) {
	t.Helper()
	if g.Running() {
		t.Fatal("the gateway still runs")
	}
	if err := g.start(); err != nil {
		t.Fatal(err)
	}
}

// Stop sends SIGTERM and returns the exit status and how long the process took.
func (g *Gateway) Stop(t testing.TB) (status int, took time.Duration) {
	t.Helper()
	start := time.Now()
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("stop the gateway: %v", err)
	}
	return g.Wait(t), time.Since(start)
}

// Wait waits for the end of a gateway that was told to stop, and returns its exit status.
func (g *Gateway) Wait(t testing.TB) (status int) {
	t.Helper()
	select {
	case <-g.done:
		g.log.endOfProcess(false)
		return g.cmd.ProcessState.ExitCode()
	case <-time.After(stopTimeout):
		g.Kill9()
		t.Fatalf("the gateway did not stop within %v", stopTimeout)
		return -1
	}
}

// Signal sends a signal to the process.
func (g *Gateway) Signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := g.cmd.Process.Signal(s); err != nil {
		t.Fatalf("signal the gateway: %v", err)
	}
}

func (g *Gateway) end() {
	if g.cmd == nil || g.cmd.Process == nil {
		return
	}
	if g.Running() {
		g.Kill9()
	}
}

// Log returns what the gateway has written to its standard output since its first start.
func (g *Gateway) Log() []Line { return g.log.all() }

// Output returns all that the gateway has printed since its first start, as it was written.
func (g *Gateway) Output() (stdout, stderr []byte) { return g.log.output() }

// ports are given out one after the other from a random one on: never one twice, as a gateway may not have taken its own
// yet or may be about to start again, and seldom one of another test program.
var ports = struct {
	mu   sync.Mutex
	next int
}{next: rand.IntN(portCount)}

const (
	firstPort = 20000
	portCount = 12000 // the system gives clients those from 32768 on
)

// Port returns an address on a free port outside the range from which the system gives ports to clients, so that a
// gateway finds it free again after a restart.
func Port(t testing.TB) (address string) {
	t.Helper()
	ports.mu.Lock()
	defer ports.mu.Unlock()
	for range portCount {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+ports.next)
		ports.next = (ports.next + 1) % portCount
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// Run runs the program with arguments and settings, in a folder, and returns its outputs and exit status. The settings
// are all of its environment but PATH and HOME.
func Run(t testing.TB, dir string, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.Command(Build(t), args...)
	cmd.Dir, cmd.SysProcAttr = dir, dieWithUs()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(startTimeout, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("run corsia %v: %v", args, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// HTTP makes a request of the gateway, with a JSON body unless it is nil and a bearer token unless it is empty, and
// returns status, headers and body.
func (g *Gateway) HTTP(t testing.TB, method, path, token string, body any) (int, http.Header, []byte) {
	t.Helper()
	var payload io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		payload = bytes.NewReader(encoded)
	}
	q, err := http.NewRequest(method, g.URL+path, payload)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		q.Header.Set("Authorization", "Bearer "+token)
	}
	return g.Do(t, q)
}

// Do makes a request.
func (g *Gateway) Do(t testing.TB, q *http.Request) (int, http.Header, []byte) {
	t.Helper()
	client := http.Client{Timeout: answerTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, read
}
