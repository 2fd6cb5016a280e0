// Package rabbittest gives tests, and programs that measure, a RabbitMQ of their own: a private node on the loopback interface with its own name server
// (epmd), in a temporary folder, stopped by process id. A node takes several seconds to start: see Run and URL.
package rabbittest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"corsia/shared/driver/drivertest/servertest"
)

const (
	startPatience = 90 * time.Second // until a node accepts connections; a busy machine takes long
	lookEvery     = 50 * time.Millisecond
	portsTried    = 3 // another program may take a free port before the node does
)

// Server is a private RabbitMQ with the user guest, password guest. Its methods belong to the goroutine of the test.
type Server struct {
	Addr string // 127.0.0.1:<port>; the same after Restart
	URL  string // amqp://guest:guest@<Addr>/, or amqps:

	dir         string
	tls         bool
	settings    []string // lines of its configuration
	environment []string
	epmd        process
	node        process
}

// process is a running program.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Start starts a node with further lines of configuration, such as "vm_memory_high_watermark.absolute = 1MB", and stops it
// when the test ends. It fails the test when RabbitMQ is not installed.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := Open(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Open is Start for a program that is no test: Close stops the node.
func Open(settings ...string) (*Server, error) { return start(false, settings) }

// StartTLS is Start of a node that speaks TLS alone, and the roots that vouch for it.
func StartTLS(t testing.TB, settings ...string) (*Server, *x509.CertPool) {
	t.Helper()
	roots, cert, key := servertest.Certificate(t, "rabbitmq")
	s, err := start(true, append([]string{
		"ssl_options.cacertfile = " + cert, "ssl_options.certfile = " + cert, "ssl_options.keyfile = " + key,
		"ssl_options.verify = verify_none", "ssl_options.fail_if_no_peer_cert = false",
	}, settings...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, roots
}

// programs returns the folder of RabbitMQ's programs: RABBITMQ_BIN, or where Debian keeps those that do not ask which user
// runs them.
func programs() string {
	if bin := os.Getenv("RABBITMQ_BIN"); bin != "" {
		return bin
	}
	return "/usr/lib/rabbitmq/bin"
}

func start(tls bool, settings []string) (*Server, error) {
	dir, err := os.MkdirTemp("", "corsia-rabbit-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, tls: tls, settings: settings}
	for range portsTried {
		var ports []int // of the broker, of the node and of its name server
		if ports, err = servertest.FreePorts(3); err != nil {
			break
		}
		if err = s.configure(ports); err != nil {
			break
		}
		if err = s.run(); err == nil {
			return s, nil
		}
		s.stop()
	}
	s.Close()
	return nil, err
}

// configure writes the node's files and starts its name server.
func (s *Server) configure(ports []int) error {
	s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	scheme, listeners := "amqp", "listeners.tcp.default = "+s.Addr
	if s.tls {
		scheme, listeners = "amqps", "listeners.tcp = none\nlisteners.ssl.default = "+s.Addr
	}
	s.URL = scheme + "://guest:guest@" + s.Addr + "/"
	config := listeners + "\n" + strings.Join(append([]string{"log.console = true", "log.console.level = warning", "log.file = false"}, s.settings...), "\n") + "\n"
	environment := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "LANG=C.UTF-8",
		"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + strconv.Itoa(ports[2]),
		"RABBITMQ_NODENAME=corsia@localhost", "RABBITMQ_NODE_PORT=" + strconv.Itoa(ports[0]), "RABBITMQ_DIST_PORT=" + strconv.Itoa(ports[1]),
		"RABBITMQ_MNESIA_BASE=" + s.path("data"), "RABBITMQ_LOG_BASE=" + s.path("log"), "RABBITMQ_LOGS=-",
		"RABBITMQ_CONFIG_FILE=" + s.path("rabbitmq.conf"), "RABBITMQ_CONF_ENV_FILE=" + s.path("none"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + s.path("plugins"),
		"RABBITMQ_ALLOW_INPUT=1", // the scripts then become the node instead of waiting for it
		"RABBITMQ_SERVER_START_ARGS=-noinput -kernel inet_dist_use_interface {127,0,0,1}",
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+sbwt none +sbwtdcpu none +sbwtdio none", // no spinning: others need the processors
	}
	err := errors.Join(
		os.WriteFile(s.path("rabbitmq.conf"), []byte(config), 0o600),
		os.WriteFile(s.path("plugins"), []byte("[]."), 0o600),
		os.WriteFile(s.path(".erlang.cookie"), []byte("corsia"), 0o600),
	)
	if err != nil {
		return err
	}
	s.environment = environment
	s.epmd, err = s.launch("epmd", "-port", strconv.Itoa(ports[2]), "-address", "127.0.0.1")
	return err
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// launch starts a program of the node, which ends with the tests where the system can do that.
func (s *Server) launch(program string, args ...string) (process, error) {
	log, err := os.OpenFile(s.path("output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return process{}, err
	}
	defer log.Close()
	p := process{cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = s.dir, s.environment
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = servertest.EndWithUs(syscall.SIGKILL)
	if err := p.cmd.Start(); err != nil {
		return process{}, fmt.Errorf("RabbitMQ is missing (Debian: apt-get install rabbitmq-server), or set TEST_AMQP_URL: %w", err)
	}
	go func() {
		defer close(p.done)
		p.cmd.Wait()
	}()
	return p, nil
}

// kill ends a program at once.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Kill()
	<-p.done
}

// run starts the node and waits until it accepts connections.
func (s *Server) run() error {
	var err error
	if s.node, err = s.launch(filepath.Join(programs(), "rabbitmq-server")); err != nil {
		return err
	}
	for patience := time.After(startPatience); ; {
		if conn, err := net.Dial("tcp", s.Addr); err == nil {
			return conn.Close()
		}
		select {
		case <-s.node.done:
			return fmt.Errorf("rabbitmq-server has ended: %s", s.Log())
		case <-patience:
			return fmt.Errorf("rabbitmq-server does not accept connections: %s", s.Log())
		case <-time.After(lookEvery):
		}
	}
}

// Log returns what the node wrote.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.path("output"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Kill ends the node at once, as a crash does.
func (s *Server) Kill() { s.node.kill() }

// Restart starts the node again at the same address, after killing it when it runs.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}

// Freeze stops the node without closing its connections (SIGSTOP), until Thaw.
func (s *Server) Freeze(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Thaw lets a frozen node go on.
func (s *Server) Thaw(t testing.TB) { s.signal(t, syscall.SIGCONT) }

func (s *Server) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.node.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("signal rabbitmq-server: %v", err)
	}
}

// CPU returns the processor time that the node has taken since it started.
func (s *Server) CPU(t testing.TB) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.node.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	// After the name, which may hold anything: state, parent, …; the 12th and 13th are user and system time in 1/100 s.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// Control runs rabbitmqctl on the node, such as Control(t, "set_vm_memory_high_watermark", "0.001"), and returns what it
// wrote. It takes seconds.
func (s *Server) Control(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(programs(), "rabbitmqctl"), args...)
	cmd.Dir, cmd.Env = s.dir, s.environment
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("rabbitmqctl %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s *Server) stop() {
	s.node.kill()
	s.epmd.kill()
}

// PID returns the id of the node's process.
func (s *Server) PID() int { return s.node.cmd.Process.Pid }

// Close ends the node and its name server, and removes its files.
func (s *Server) Close() {
	s.stop()
	os.RemoveAll(s.dir)
}
