package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"corsia/shared/collab"
)

func TestOpenRefusesWhatIsNoURLWithoutTellingItsPassword(t *testing.T) {
	for _, url := range []string{
		"", "redis:", "redis://", "localhost:6379", "http://u:hunter2@h", "unix://u:hunter2@/tmp/s", "rediss://u:hunter2@h:port", "rediss://u:hunter/2@h:1",
		"redis://u:hunter2@h:1/x", "redis://u:hunter2@h:1/0/1", "rediss://u:hunter2@h:1/0?skip_verify=true", "redis://u:hunter2@h:1/0#f", "rediss://u:hunter2%zz@h",
	} {
		s, err := Open(url, Options{})
		if err == nil {
			s.Close()
			t.Errorf("%q is opened", url)
		} else if strings.Contains(err.Error(), "hunter") {
			t.Errorf("%q: the error tells the password: %v", url, err)
		}
	}
}

func TestOpenTakesWhatTheURLSays(t *testing.T) {
	c, err := parse("rediss://corsia:hunter2@cache.example:6380/3")
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "cache.example:6380" || c.Username != "corsia" || c.Password != "hunter2" || c.DB != 3 {
		t.Fatalf("options %+v", c)
	}
	if c.TLSConfig == nil || c.TLSConfig.ServerName != "cache.example" || c.TLSConfig.InsecureSkipVerify {
		t.Fatalf("TLS %+v", c.TLSConfig)
	}
	if c, err = parse("redis://127.0.0.1"); err != nil || c.Addr != "127.0.0.1:6379" || c.TLSConfig != nil {
		t.Fatalf("options %+v, %v", c, err)
	}
}

func TestOpenStartsNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := Open("redis://127.0.0.1:1/0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := runtime.NumGoroutine(); n > before {
		t.Fatalf("%d goroutines were started", n-before)
	}
}

// Every call on an address where nobody listens fails soon, with an error that names the operation.
func TestWithoutRedisEveryOperationFails(t *testing.T) {
	told := map[string]bool{}
	s, err := Open("redis://corsia:hunter2@127.0.0.1:1/0", Options{Observe: func(op string, _ time.Duration, err error) {
		told[op] = err != nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for op, operate := range operations(s) {
		err := operate(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), "redis: "+op+": ") || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s: error %v", op, err)
		}
		if !told[op] {
			t.Errorf("%s: the observer was not told of its failure", op)
		}
	}
}

// operations are all calls of a State, by what the observer is told.
func operations(s *State) map[string]func(context.Context) error {
	session := collab.Session{ID: "s_1", Tenant: "default", User: "usr_001", Instance: "i_1"}
	m := collab.Member{Resource: collab.Resource{Tenant: "default", ID: "page:/1"}, Session: "s_1", User: "usr_001", Mode: collab.Editor}
	lease := collab.Lease{Key: collab.LockKey{Resource: m.Resource}, Lock: "l_1", User: "usr_001", Session: "s_1"}
	return map[string]func(context.Context) error{
		"ping":          s.Ping,
		"open_session":  func(ctx context.Context) error { _, err := s.OpenSession(ctx, session); return err },
		"touch_session": func(ctx context.Context) error { return s.TouchSession(ctx, session, time.Now()) },
		"claim_session": func(ctx context.Context) error {
			_, _, err := s.ClaimSession(ctx, collab.Claim{Tenant: "default", User: "usr_001", Session: "s_1", Hash: "shown", Next: "next"})
			return err
		},
		"close_session": func(ctx context.Context) error { return s.CloseSession(ctx, session) },
		"sessions_of":   func(ctx context.Context) error { _, err := s.SessionsOf(ctx, "default", "usr_001"); return err },
		"last_active":   func(ctx context.Context) error { _, _, err := s.LastActive(ctx, "default", "usr_001"); return err },
		"enter":         func(ctx context.Context) error { _, err := s.Enter(ctx, m); return err },
		"leave":         func(ctx context.Context) error { _, err := s.Leave(ctx, m); return err },
		"members":       func(ctx context.Context) error { _, err := s.Members(ctx, m.Resource); return err },
		"renew_member":  func(ctx context.Context) error { return s.RenewMember(ctx, m) },
		"acquire":       func(ctx context.Context) error { _, err := s.Acquire(ctx, lease, time.Second); return err },
		"extend":        func(ctx context.Context) error { return s.Extend(ctx, lease, time.Second) },
		"release":       func(ctx context.Context) error { return s.Release(ctx, lease) },
		"holder":        func(ctx context.Context) error { _, _, err := s.Holder(ctx, lease.Key); return err },
		"replace":       func(ctx context.Context) error { return s.Replace(ctx, "l_0", lease, time.Second) },
		"confirm": func(ctx context.Context) error {
			return s.Confirm(ctx, collab.Lock{ID: "l_1", Key: lease.Key, Fence: 7})
		},
		"find":     func(ctx context.Context) error { _, _, err := s.Find(ctx, "default", "s_1"); return err },
		"rooms_of": func(ctx context.Context) error { _, err := s.RoomsOf(ctx, session); return err },
		"orphans": func(ctx context.Context) error {
			_, err := s.Orphans(ctx, func(collab.InstanceID) bool { return true })
			return err
		},
		"cache_state":  func(ctx context.Context) error { return s.CacheState(ctx, collab.State{Resource: m.Resource}) },
		"cached_state": func(ctx context.Context) error { _, _, err := s.CachedState(ctx, m.Resource); return err },
	}
}

func TestTheGuardDecidesOnEveryOperationButPing(t *testing.T) {
	errGuard := errors.New("not now")
	lets, asked := false, 0
	s, err := Open("redis://127.0.0.1:1/0", Options{Guard: func(ctx context.Context, operate func(context.Context) error) error {
		asked++
		if !lets {
			return errGuard
		}
		return operate(ctx)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all := operations(s)
	delete(all, "ping")
	for op, operate := range all {
		if err := operate(t.Context()); !errors.Is(err, errGuard) || err.Error() != "redis: "+op+": not now" {
			t.Errorf("%s: error %v, want the guard's", op, err)
		}
	}
	lets = true
	for op, operate := range all {
		if err := operate(t.Context()); !Away(err) || !strings.HasPrefix(err.Error(), "redis: "+op+": dial") {
			t.Errorf("%s: error %v, want that nobody listens", op, err)
		}
	}
	if asked != 2*len(all) {
		t.Errorf("the guard was asked %d times for %d operations", asked, 2*len(all))
	}
	if err := s.Ping(t.Context()); !Away(err) || asked != 2*len(all) {
		t.Errorf("ping: %v", err)
	}
}

// answer is an error that Redis tells.
type answer string

func (a answer) Error() string { return string(a) }
func (answer) RedisError()     {}

func TestAwayIsWhatDoesNotAnswerAndNotWhatRefuses(t *testing.T) {
	for err, want := range map[error]bool{
		context.DeadlineExceeded: true,
		io.EOF:                   true,
		net.ErrClosed:            true,
		&net.OpError{Op: "read", Err: errors.New("connection reset by peer")}: true,
		redis.ErrPoolTimeout: true,
		answer("LOADING Redis is loading the dataset in memory"):          true,
		answer("READONLY You can't write against a read only replica."):   true,
		answer("MASTERDOWN Link with MASTER is down"):                     true,
		answer("WRONGPASS invalid username-password pair"):                false,
		answer("OOM command not allowed when used memory > 'maxmemory'."): false,
		answer("ERR Error running script"):                                false,
		redis.Nil:                                                         false,
		context.Canceled:                                                  false,
		collab.ErrHeld:                                                    false,
		collab.ErrLost:                                                    false,
		errForm:                                                           false,
	} {
		if got := Away(fmt.Errorf("redis: acquire: %w", err)); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}

func TestStampsKeepMicroseconds(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 123456789, time.UTC)
	if got, want := stampOf(at).time(), at.Truncate(time.Microsecond); !got.Equal(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestAnswersOfAnUnknownFormAreErrors(t *testing.T) {
	for _, answer := range [][]any{{"u"}, {"u", "l", "s", "30"}, {int64(1), "l", "s", int64(30)}} {
		if _, _, err := decodeLease(collab.LockKey{}, func() ([]any, error) { return answer, nil }); err == nil {
			t.Errorf("%v is read as a lease", answer)
		}
	}
	if _, err := decodeMembers(collab.Resource{}, "usr_001", "[]"); err == nil {
		t.Error("a list is read as members")
	}
	if _, err := decodeSession("default", "usr_001", "s_1", "["); err == nil {
		t.Error("half a list is read as a session")
	}
}
