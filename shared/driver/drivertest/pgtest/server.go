// Package pgtest starts private PostgreSQL servers for tests, and for programs that measure: in a temporary folder, on a
// free port of the loopback interface, stopped by process id. A test may restart one hard or freeze it.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/driver/drivertest/servertest"
)

const (
	startPatience = 30 * time.Second // until a server answers
	portsTried    = 3                // another program may take a free port before the server does
)

// Superuser is the role that owns everything in a private server. It needs no password.
const Superuser = "postgres"

// Server is a private server. Its methods belong to the goroutine of the test.
type Server struct {
	dir      string
	port     int
	settings []string
	process  *exec.Cmd
	exited   chan struct{} // closed when process has ended
}

// Start starts a server with settings such as "ssl=on", and stops it when the test ends. A machine without PostgreSQL's
// programs fails the test.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := Open(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// programs returns the folder of PostgreSQL's programs: PG_BIN, or where Debian keeps version 15.
func programs() string {
	if bin := os.Getenv("PG_BIN"); bin != "" {
		return bin
	}
	return "/usr/lib/postgresql/15/bin"
}

// command returns a program of PostgreSQL, which refuses to run as root: then the user postgres runs it. It ends with the
// tests where the system can do that.
func command(dir, program string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(filepath.Join(programs(), program), args...)
	cmd.Dir = dir
	cmd.SysProcAttr = servertest.EndWithUs(syscall.SIGQUIT) // it ends as after Kill
	if os.Getuid() != 0 {
		return cmd, nil
	}
	uid, gid, err := owner()
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return cmd, nil
}

// owner returns the ids of the user postgres.
func owner() (uid, gid int, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, err
	}
	uid, err = strconv.Atoi(u.Uid)
	if err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}

// Open is Start for a program that is no test: Close stops the server.
func Open(settings ...string) (*Server, error) {
	dir, err := os.MkdirTemp("", "corsia-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, settings: settings}
	if err := s.create(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for range portsTried {
		var ports []int
		if ports, err = servertest.FreePorts(1); err != nil {
			break
		}
		s.port = ports[0]
		if err = s.run(); err == nil {
			return s, nil
		}
		s.Kill()
	}
	s.Close()
	return nil, err
}

// create makes the server's files.
func (s *Server) create() error {
	if os.Getuid() == 0 {
		uid, gid, err := owner()
		if err != nil {
			return err
		}
		if err := os.Chown(s.dir, uid, gid); err != nil {
			return err
		}
	}
	initdb, err := command(s.dir, "initdb", "-D", s.data(), "-A", "trust", "-U", Superuser, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	if err != nil {
		return err
	}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// run starts the server and waits until it answers.
func (s *Server) run() error {
	args := []string{"-D", s.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-k", s.dir, "-F"}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	process, err := command(s.dir, "postgres", args...)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	s.process, s.exited = process, exited
	go func() {
		process.Wait()
		close(exited)
	}()
	return s.await()
}

func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	for {
		err := s.answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("the server has ended: %s", s.Log())
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w: %s", err, s.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// answers returns nil when the server, and not another one that has taken the port, answers.
func (s *Server) answers(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var folder string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&folder); err != nil {
		return err
	}
	if folder != s.data() {
		return fmt.Errorf("another server has the port: it keeps its data in %s", folder)
	}
	return nil
}

// URL returns the address of the server's first database, which stays empty.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/postgres", Superuser, s.port)
}

// Log returns what the server wrote.
func (s *Server) Log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Write puts a file into the server's data folder, with the mode and the owner that it accepts for a key.
func (s *Server) Write(t testing.TB, name string, content []byte) {
	t.Helper()
	path := filepath.Join(s.data(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		return
	}
	uid, gid, err := owner()
	if err == nil {
		err = os.Chown(path, uid, gid)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Database creates an empty database and returns its address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	return database(t, s.URL())
}

// Kill ends the server at once, as a crash would (pg_ctl stop -m immediate).
func (s *Server) Kill() { s.stop(syscall.SIGQUIT) }

// Restart starts the server again after Kill, with these settings beside its first ones.
func (s *Server) Restart(t testing.TB, settings ...string) {
	t.Helper()
	s.settings = append(s.settings, settings...)
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) stop(signal syscall.Signal) {
	if s.process == nil {
		return
	}
	s.signalAll(syscall.SIGCONT)
	s.process.Process.Signal(signal)
	<-s.exited
}

// Close ends the server and removes its files.
func (s *Server) Close() {
	s.stop(syscall.SIGQUIT)
	os.RemoveAll(s.dir)
}

// database creates a database in the server of an address and returns its own address. It is dropped when the test ends.
func database(t testing.TB, server string) string {
	t.Helper()
	ctx := context.Background()
	name := "corsia_" + strconv.FormatInt(time.Now().UnixNano(), 36)
	run := func(statement string) error {
		conn, err := pgx.Connect(ctx, server)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, statement)
		return err
	}
	if err := run("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil && !strings.Contains(err.Error(), "refused") {
			t.Errorf("drop database: %v", err)
		}
	})
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal("TEST_POSTGRES_URL is not a URL")
	}
	address.Path = "/" + name
	return address.String()
}
