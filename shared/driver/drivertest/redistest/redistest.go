// Package redistest gives tests, and programs that measure, a Redis of their own: a private redis-server on the loopback interface, with a temporary
// folder, that ends with the test.
package redistest

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"corsia/shared/driver/drivertest/servertest"
)

const (
	startTime  = 15 * time.Second
	lookEvery  = 10 * time.Millisecond
	portsTried = 3 // another program may take a free port before the server does
)

// URL returns the URL of a Redis for tests that leave keys of their own tenants alone: TEST_REDIS_URL, or a private server.
func URL(t testing.TB) string {
	t.Helper()
	if url := os.Getenv("TEST_REDIS_URL"); url != "" {
		return url
	}
	return Start(t).URL
}

// Server is a private Redis. It keeps nothing on disk unless its arguments say so.
type Server struct {
	Addr string // 127.0.0.1:<port>; the same after Restart
	URL  string // redis://<Addr>/0, or rediss:
	Dir  string // its working folder

	port string // the option that names the port
	args []string
	cmd  *exec.Cmd
	out  bytes.Buffer
	done chan struct{} // closed when the process has ended
}

// Start starts a server with further arguments, such as "--requirepass", "secret", and stops it when the test ends. It
// fails the test when redis-server is not installed.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return begin(t, "redis", "--port", args)
}

// Open is Start for a program that is no test: Close stops the server.
func Open(args ...string) (*Server, error) { return open("redis", "--port", args) }

// StartTLS is Start of a server that speaks TLS alone, and the roots that vouch for it.
func StartTLS(t testing.TB, args ...string) (*Server, *x509.CertPool) {
	t.Helper()
	roots, cert, key := servertest.Certificate(t, "redis")
	args = append([]string{"--port", "0", "--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no"}, args...)
	return begin(t, "rediss", "--tls-port", args), roots
}

func begin(t testing.TB, scheme, port string, args []string) *Server {
	t.Helper()
	s, err := open(scheme, port, args)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func open(scheme, port string, args []string) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, fmt.Errorf("redis-server is missing (Debian: apt-get install redis-server), or set TEST_REDIS_URL: %w", err)
	}
	dir, err := os.MkdirTemp("", "corsia-redis-")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, port: port, args: args}
	for range portsTried {
		var ports []int
		if ports, err = servertest.FreePorts(1); err != nil {
			break
		}
		s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
		s.URL = scheme + "://" + s.Addr + "/0"
		if err = s.run(); err == nil {
			return s, nil
		}
	}
	s.Close()
	return nil, fmt.Errorf("start redis-server: %w", err)
}

// run starts the process and waits until it accepts connections.
func (s *Server) run() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	args := append([]string{"--bind", "127.0.0.1", s.port, port, "--dir", s.Dir, "--save", "", "--appendonly", "no"}, s.args...)
	s.out.Reset()
	s.cmd = exec.Command("redis-server", args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.SysProcAttr = servertest.EndWithUs(syscall.SIGKILL)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		s.cmd.Wait()
	}()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", s.Addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-s.done:
			return fmt.Errorf("it ended: %s", s.out.String())
		case <-ctx.Done():
			s.Kill()
			return errors.New("it does not accept connections")
		case <-time.After(lookEvery):
		}
	}
}

// Kill ends the server at once, as a crash does.
func (s *Server) Kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	s.cmd.Process.Kill()
	<-s.done
}

// PID returns the id of the process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Close ends the server and removes its files.
func (s *Server) Close() {
	s.Kill()
	os.RemoveAll(s.Dir)
}

// Restart starts the server again at the same address, after killing it when it runs. Unless its arguments keep data, it is
// empty.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		t.Fatalf("restart redis-server: %v", err)
	}
}

// Freeze stops the server without closing its connections (SIGSTOP), until Thaw.
func (s *Server) Freeze(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw(t testing.TB) { s.signal(t, syscall.SIGCONT) }

func (s *Server) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("signal redis-server: %v", err)
	}
}
