//go:build integration

package redis

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/redistest"
)

// eventually tries until it succeeds.
func eventually(t testing.TB, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// wantExpiry checks that the end of a lease of 1 s is told, of one lease in a row of leases.
func wantExpiry(t *testing.T, s *State) {
	t.Helper()
	eventually(t, "the end of a lease", func() error {
		key := collab.LockKey{Resource: collab.Resource{Tenant: "ward-3", ID: "page:/a|b"}, Field: "id:1"}
		_, err := s.Acquire(t.Context(), collab.Lease{Key: key, Lock: collab.NewLockID(), User: "usr_001"}, time.Second)
		ok(t, err)
		for {
			select {
			case got := <-s.Expirations():
				if got == key {
					return nil
				}
			case <-time.After(2 * time.Second):
				return fmt.Errorf("nothing is told of %v", key)
			}
		}
	})
}

func TestARestartIsSurvived(t *testing.T) {
	t.Parallel()
	t.Run("TCP", func(t *testing.T) {
		t.Parallel()
		surviveRestart(t, redistest.Start(t), nil)
	})
	t.Run("TLS", func(t *testing.T) {
		t.Parallel()
		server, roots := redistest.StartTLS(t)
		surviveRestart(t, server, &tls.Config{RootCAs: roots})
	})
}

func surviveRestart(t *testing.T, server *redistest.Server, config *tls.Config) {
	var log lockedBuffer
	var replaced atomic.Int32
	s := start(t, server.URL, Options{Log: slog.New(slog.NewTextHandler(&log, nil)), TLS: config, OnReplaced: func() { replaced.Add(1) }})
	wantExpiry(t, s)
	var callers sync.WaitGroup
	for range maxIdle { // as many connections that will be found dead
		callers.Go(func() { ok(t, s.Ping(t.Context())) })
	}
	callers.Wait()
	if n := replaced.Load(); n != 0 {
		t.Fatalf("told %d times of another server before there was one", n)
	}
	server.Restart(t) // without data, scripts and the option of notifications
	eventually(t, "the first answer", func() error { return s.Ping(t.Context()) })
	for op, operate := range operations(s) {
		if err := operate(t.Context()); err != nil && op != "extend" && op != "confirm" && op != "acquire" && op != "replace" && op != "claim_session" {
			t.Errorf("%s after a restart: %v", op, err)
		}
	}
	wantExpiry(t, s)
	if n := replaced.Load(); n != 1 {
		t.Errorf("told %d times of another server, want once", n)
	}
	if !strings.Contains(log.String(), "interrupted") {
		t.Fatalf("the interruption is not logged: %s", log.String())
	}
}

func TestAFrozenServerCostsEachCallItsTimeLimit(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := start(t, server.URL, Options{})
	ok(t, s.Ping(t.Context()))
	server.Freeze(t)
	var calls sync.WaitGroup
	for op, operate := range operations(s) {
		calls.Go(func() {
			begin := time.Now()
			err := operate(t.Context())
			if took := time.Since(begin); err == nil || took > operationLimit+time.Second {
				t.Errorf("%s: %v after %v, want an error after %v", op, err, took, operationLimit)
			}
		})
	}
	calls.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := s.Ping(ctx); err == nil || time.Since(begin) > time.Second {
		t.Errorf("a call with a shorter limit: %v after %v", err, time.Since(begin))
	}
	server.Thaw(t)
	eventually(t, "the first answer", func() error { return s.Ping(t.Context()) })
	wantExpiry(t, s)
}

// The end of a lease is told again after a silence that only the subscription could notice.
func TestASubscriptionToAFrozenServerIsMadeAgain(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	var log lockedBuffer
	s := start(t, server.URL, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	wantExpiry(t, s)
	server.Freeze(t)
	eventually(t, "the subscription's end", func() error {
		if !strings.Contains(log.String(), "interrupted") {
			return fmt.Errorf("nothing is logged")
		}
		return nil
	})
	server.Thaw(t)
	wantExpiry(t, s)
}

func TestRunEndsWithItsContextAndWithClose(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for _, end := range []string{"context", "close"} {
		s, err := Open(server.URL, Options{})
		ok(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Run(ctx)
		}()
		clients := plain(t, server.URL)
		eventually(t, "the subscription", func() error {
			if n := clients.PubSubNumSub(ctx, "__keyevent@0__:expired").Val()["__keyevent@0__:expired"]; n == 0 {
				return fmt.Errorf("nobody listens")
			}
			return nil
		})
		begin := time.Now()
		if end == "context" {
			cancel()
			<-ended
		}
		ok(t, s.Close())
		<-ended
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("Run ended %v after %s", took, end)
		}
		if _, open := <-s.Expirations(); open {
			t.Error("Expirations is open after Close")
		}
		ok(t, s.Close())
		cancel()
	}
}

func TestScriptsThatTheServerForgotAreSentAgain(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := start(t, server.URL, Options{})
	for range 2 {
		if _, err := s.Members(t.Context(), collab.Resource{Tenant: "default", ID: "page:/1"}); err != nil {
			t.Fatal(err)
		}
		ok(t, plain(t, server.URL).ScriptFlush(t.Context()).Err())
	}
}

func TestAPasswordIsUsedAndNeverTold(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "hunter2")
	s := start(t, strings.Replace(server.URL, "//", "//:hunter2@", 1), Options{})
	ok(t, s.Ping(t.Context()))
	wantExpiry(t, s)
	for _, user := range []string{"", ":hunter3@", "corsia:hunter3@"} {
		var log lockedBuffer
		stranger := start(t, strings.Replace(server.URL, "//", "//"+user, 1), Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		for op, operate := range operations(stranger) {
			if err := operate(t.Context()); err == nil || strings.Contains(err.Error(), "hunter") {
				t.Errorf("%s with the wrong password: %v", op, err)
			}
		}
		if strings.Contains(log.String(), "hunter") {
			t.Errorf("the log tells the password: %s", log.String())
		}
	}
}

// The user of a managed service may not change the server's options; its operator has.
func TestNotificationsWorkWithoutTheRightToEnableThem(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--notify-keyspace-events", "Ex", "--user", "default", "on", "nopass", "~*", "&*", "+@all", "-config")
	wantExpiry(t, start(t, server.URL, Options{}))
}

func TestTLSChecksTheServersCertificate(t *testing.T) {
	t.Parallel()
	server, roots := redistest.StartTLS(t)
	s := start(t, server.URL, Options{TLS: &tls.Config{RootCAs: roots}})
	ok(t, s.Ping(t.Context()))
	wantExpiry(t, s)
	stranger := start(t, server.URL, Options{Log: slog.New(slog.DiscardHandler)})
	if err := stranger.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Fatalf("ping of a server whose certificate nobody vouches for: %v", err)
	}
}

// A replica is where a client lands after a fail-over that it has not heard of.
func TestARefusedWriteOnAReplicaEndsItsConnection(t *testing.T) {
	t.Parallel()
	primary := redistest.Start(t)
	server := redistest.Start(t)
	s := start(t, server.URL, Options{})
	ok(t, s.Ping(t.Context()))
	host, port, err := net.SplitHostPort(primary.Addr)
	ok(t, err)
	admin := plain(t, server.URL)
	ok(t, admin.ReplicaOf(t.Context(), host, port).Err())
	_, err = s.OpenSession(t.Context(), collab.Session{ID: "s_1", Tenant: "default", User: "usr_001"})
	if err == nil || !strings.Contains(err.Error(), "READONLY") && !strings.Contains(err.Error(), "LOADING") {
		t.Fatalf("a write on a replica: %v, want READONLY", err)
	}
	ok(t, admin.ReplicaOf(t.Context(), "NO", "ONE").Err())
	eventually(t, "a write after the promotion", func() error {
		_, err := s.OpenSession(t.Context(), collab.Session{ID: "s_1", Tenant: "default", User: "usr_001"})
		return err
	})
}

func TestTheObserverHearsOfOperationsAndOfFailuresOnly(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	told := map[string]int{}
	s := start(t, redistest.URL(t), Options{Observe: func(op string, d time.Duration, err error) {
		mu.Lock()
		defer mu.Unlock()
		told[op]++
		if err != nil || d <= 0 {
			t.Errorf("%s took %v and failed: %v", op, d, err)
		}
	}})
	all := operations(s)
	for _, operate := range all {
		_ = operate(t.Context()) // held and lost are answers
	}
	mu.Lock()
	defer mu.Unlock()
	for op := range all {
		if told[op] == 0 {
			t.Errorf("nothing is told of %s", op)
		}
	}
}

// lockedBuffer is a log that a test reads while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
