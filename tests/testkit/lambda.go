package testkit

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Function is one of functions/, run as AWS Lambda runs it: its bootstrap as a process that asks a Runtime API for one event
// after the other. It takes the next event when it has answered the last. A process that ended, or was too slow and so was
// killed, is started again for the next event. Its methods may be called from any goroutine.
type Function struct {
	Name string
	Dir  string // its package, and its working folder

	path    string   // of the bootstrap
	env     []string // settings
	api     *http.Server
	address string
	log     *log
	events  chan *Invocation // handed out one at a time; full: Invoke waits

	// Guarded by mu.
	mu      sync.Mutex
	cmd     *exec.Cmd
	gone    chan struct{} // closed when the process has ended
	started time.Time
	waited  bool // it has asked for an event
	cold    time.Duration
	starts  int         // processes
	flying  *Invocation // that was handed out
	ended   bool        // with the test
}

// Invocation is one event and what became of it.
type Invocation struct {
	Response  []byte
	ErrorType string // empty: the function answered
	Error     string
	Took      time.Duration // from the event to the answer, without the cold start
	Cold      bool          // it was the first of its process
	Trace     string        // root id of its X-Ray trace

	id      string
	event   []byte
	timeout time.Duration
	begun   time.Time
	timer   *time.Timer
	done    chan struct{} // closed when the answer is there
}

// What a Runtime API says of a function that does not answer.
const (
	ErrorTimeout = "Sandbox.Timedout"
	ErrorExit    = "Runtime.ExitError"
)

const (
	usualTimeout   = 30 * time.Second
	maxEvents      = 1024 // that wait
	functionMemory = "256"
	functionRegion = "eu-south-1"
	runtimePath    = "/2018-06-01/runtime/"
)

// built functions of this test run, by name and architecture.
var bootstraps struct {
	mu     sync.Mutex
	folder string // removed by Main
	paths  map[string]string
}

// BuildFunction compiles a function as it ships, once for all tests of a package, for an architecture of Go's, and returns the
// path of its bootstrap.
func BuildFunction(t testing.TB, name, arch string) string {
	t.Helper()
	return buildBootstrap(t, "corsia/functions/"+name, arch)
}

func buildBootstrap(t testing.TB, pkg, arch string) string {
	t.Helper()
	bootstraps.mu.Lock()
	defer bootstraps.mu.Unlock()
	if bootstraps.folder == "" {
		bootstraps.paths = map[string]string{}
		common.mu.Lock()
		whole.during(t, func(t testing.TB) { bootstraps.folder = t.TempDir() })
		common.mu.Unlock()
	}
	key := pkg + "/" + arch
	if path := bootstraps.paths[key]; path != "" {
		return path
	}
	path := filepath.Join(bootstraps.folder, key, "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-o", path, pkg)
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s for %s: %v\n%s", pkg, arch, err, out)
	}
	bootstraps.paths[key] = path
	return path
}

// StartFunction starts a function with settings such as "STORE_URL=…" and waits until it asks for its first event, or has
// ended: then the first invocation starts it again. When the test ends the process is killed, and its log is checked as that
// of a gateway.
func StartFunction(t testing.TB, name string, env ...string) *Function {
	t.Helper()
	return startBootstrap(t, name, BuildFunction(t, name, runtime.GOARCH), env)
}

func startBootstrap(t testing.TB, name, path string, env []string) *Function {
	t.Helper()
	f := &Function{Name: name, Dir: t.TempDir(), path: path, env: env, log: &log{}, events: make(chan *Invocation, maxEvents)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.address = listener.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+runtimePath+"invocation/next", f.next)
	mux.HandleFunc("POST "+runtimePath+"invocation/{id}/response", f.response)
	mux.HandleFunc("POST "+runtimePath+"invocation/{id}/error", f.failure)
	mux.HandleFunc("POST "+runtimePath+"init/error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	f.api = &http.Server{Handler: mux}
	serving := make(chan struct{})
	go func() { // the cleanup waits for it
		defer close(serving)
		_ = f.api.Serve(listener)
	}()
	t.Cleanup(func() {
		f.end()
		f.api.Close()
		<-serving
		if err := f.log.check(); err != nil {
			t.Errorf("the log of the function %s: %v", f.Name, err)
		}
		if t.Failed() {
			t.Logf("the last lines of the function %s:\n%s", f.Name, f.log.tail(40))
		}
	})
	if err := f.start(); err != nil {
		t.Fatal(err)
	}
	Eventually(t, startTimeout, "function that asks for an event", func() bool { return f.ColdStart() > 0 || isClosed(f.exited()) })
	return f
}

// start runs a process, unless one runs.
func (f *Function) start() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return nil
	}
	if f.gone != nil && !isClosed(f.gone) {
		return nil
	}
	cmd := exec.Command(f.path)
	cmd.Dir, cmd.SysProcAttr = f.Dir, dieWithUs()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TZ=:UTC", "LAMBDA_TASK_ROOT=" + f.Dir,
		"AWS_LAMBDA_RUNTIME_API=" + f.address, "_HANDLER=bootstrap", "AWS_LAMBDA_FUNCTION_NAME=" + f.Name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + functionMemory, "AWS_REGION=" + functionRegion, "AWS_EC2_METADATA_DISABLED=true"}, f.env...)
	cmd.Stdout, cmd.Stderr = f.log, &f.log.stderr
	f.cmd, f.gone, f.started, f.waited = cmd, make(chan struct{}), time.Now(), false
	f.starts++
	if err := cmd.Start(); err != nil {
		close(f.gone)
		return fmt.Errorf("start the function %s: %w", f.Name, err)
	}
	gone := f.gone
	go func() { // end waits for it
		_ = cmd.Wait() // how it ended is in ProcessState
		f.mu.Lock()
		defer f.mu.Unlock()
		f.log.endOfProcess(true)
		if f.flying != nil {
			f.flying.settle(Invocation{ErrorType: ErrorExit, Error: "the process ended: " + cmd.ProcessState.String()})
			f.flying = nil
		}
		close(gone)
	}()
	return nil
}

// next hands out an event when there is one.
func (f *Function) next(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	process, first := f.starts, !f.waited
	if first {
		f.waited, f.cold = true, time.Since(f.started)
	}
	f.mu.Unlock()
	var v *Invocation
	select {
	case v = <-f.events:
	case <-r.Context().Done():
		return
	}
	f.mu.Lock()
	if process != f.starts || isClosed(f.gone) { // nobody asks any more
		f.mu.Unlock()
		f.events <- v
		return
	}
	f.flying = v
	v.Cold, v.begun = first, time.Now()
	v.timer = time.AfterFunc(v.timeout, func() { f.tooSlow(v) })
	f.mu.Unlock()
	h := w.Header()
	h.Set("Lambda-Runtime-Aws-Request-Id", v.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(v.begun.Add(v.timeout).UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+functionRegion+":123456789012:function:"+f.Name)
	h.Set("Lambda-Runtime-Trace-Id", "Root="+v.Trace+";Parent="+v.id[len(v.id)-12:]+"0000;Sampled=1")
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(v.event) // the process may be gone: then it is told by its end
}

func (f *Function) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); err == nil && kind == "" {
		f.answer(r.PathValue("id"), Invocation{Response: body})
	} else {
		f.answer(r.PathValue("id"), Invocation{ErrorType: kind, Error: fmt.Sprint("the answer broke off: ", err)})
	}
	w.WriteHeader(http.StatusAccepted)
}

func (f *Function) failure(w http.ResponseWriter, r *http.Request) {
	var said struct{ ErrorType, ErrorMessage string }
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
		said.ErrorType, said.ErrorMessage = "unreadable", err.Error()
	}
	f.answer(r.PathValue("id"), Invocation{ErrorType: said.ErrorType, Error: said.ErrorMessage})
	w.WriteHeader(http.StatusAccepted)
}

func (f *Function) answer(id string, a Invocation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flying != nil && f.flying.id == id {
		f.flying.settle(a)
		f.flying = nil
	}
}

// tooSlow kills the process, as Lambda does.
func (f *Function) tooSlow(v *Invocation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flying == v {
		v.settle(Invocation{ErrorType: ErrorTimeout, Error: "no answer within " + v.timeout.String()})
		f.flying = nil
		_ = f.cmd.Process.Kill() // an error means that it is gone
	}
}

// settle is called once.
func (v *Invocation) settle(a Invocation) {
	v.timer.Stop()
	v.Response, v.ErrorType, v.Error, v.Took = a.Response, a.ErrorType, a.Error, time.Since(v.begun)
	close(v.done)
}

// Send queues an event, which is given as JSON or is encoded to it, with the function's timeout from when it takes the event (0: 30 s). It
// returns a function that waits for what becomes of it.
func (f *Function) Send(t testing.TB, event any, timeout time.Duration) (outcome func() *Invocation) {
	t.Helper()
	encoded, given := event.([]byte)
	if !given {
		var err error
		if encoded, err = json.Marshal(event); err != nil {
			t.Fatal(err)
		}
	}
	if timeout == 0 {
		timeout = usualTimeout
	}
	id := uuid.NewString()
	trace := strings.ReplaceAll(uuid.NewString(), "-", "")
	v := &Invocation{id: id, event: encoded, timeout: timeout, done: make(chan struct{}), Trace: fmt.Sprintf("1-%08x-%s", time.Now().Unix(), trace[:24])}
	if err := f.start(); err != nil {
		t.Fatal(err)
	}
	f.events <- v
	return func() *Invocation {
		t.Helper()
		limit := time.NewTimer(startTimeout + timeout)
		defer limit.Stop()
		for {
			select {
			case <-v.done:
				return v
			case <-f.exited():
				select {
				case <-v.done:
					return v
				case <-time.After(10 * time.Millisecond):
				}
				if err := f.start(); err != nil { // for an event that was not handed out
					t.Fatal(err)
				}
			case <-limit.C:
				t.Fatalf("the function %s does not take its event", f.Name)
			}
		}
	}
}

// Invoke is Send for what is waited for.
func (f *Function) Invoke(t testing.TB, event any) *Invocation {
	t.Helper()
	return f.Send(t, event, 0)()
}

// ColdStart returns how long the process took from its start until it asked for an event; 0: it has not.
func (f *Function) ColdStart() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.waited {
		return 0
	}
	return f.cold
}

// Starts returns how many processes there were.
func (f *Function) Starts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.starts
}

// Freeze stops the process, as Lambda does between two events, until Thaw.
func (f *Function) Freeze(t testing.TB) { f.signal(t, syscall.SIGSTOP) }

// Thaw lets a frozen function go on.
func (f *Function) Thaw(t testing.TB) { f.signal(t, syscall.SIGCONT) }

func (f *Function) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.cmd.Process.Signal(s); err != nil {
		t.Fatalf("signal the function: %v", err)
	}
}

// Log returns what the function has written to its standard output since its first start.
func (f *Function) Log() []Line { return f.log.all() }

// ExpectError allows errors of these messages in the log. Without it every line of level ERROR fails the test.
func (f *Function) ExpectError(msgs ...string) {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	f.log.expected = append(f.log.expected, msgs...)
}

// exited returns a channel that is closed when the process that runs, or ran last, has ended.
func (f *Function) exited() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gone
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (f *Function) end() {
	f.mu.Lock()
	f.ended = true
	cmd, gone := f.cmd, f.gone
	f.mu.Unlock()
	if cmd != nil && cmd.Process != nil {
		_ = cmd.Process.Kill() // an error means that it is gone
		<-gone
	}
}
