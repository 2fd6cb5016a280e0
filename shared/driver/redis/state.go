// Package redis keeps sessions, presence and lock leases in Redis 7 or Valkey, under the keys of SPEC R, which operators may
// read. What must be atomic is one script; every script may run twice, as it does when its answer got lost.
//
// It wants one primary behind one endpoint, replicas and fail-over as they please, with `maxmemory-policy noeviction` and
// `notify-keyspace-events Ex`. It does not work with hash slots (Redis Cluster): the scripts of a room use the keys of all
// its members, those of a session the keys of its user, those of a lock two keys of different names.
package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"corsia/shared/collab"
)

// TTLs are how long facts outlive their last renewal; a zero one is the default.
type TTLs struct {
	Session  time.Duration // sessions of a user: 3600 s
	Activity time.Duration // last activity of a user, presence:user and presence:socket: 300 s
	Room     time.Duration // members of a room and cached states: 600 s
}

// Options configures a State. The zero value is of use.
type Options struct {
	TTL TTLs
	// Observe is told of every operation after it ended: its name in lower case, how long it took, and its error when Redis
	// failed or the caller's context ended. That another session holds a lease or that one is lost is no failure. Nil: nobody
	// is told.
	Observe func(op string, d time.Duration, err error)
	// Guard makes the operation, several times if it likes, or none: then its error is the operation's. See Away. Ping does not
	// go through it: whoever guards asks. Nil: every operation is made, once.
	Guard func(ctx context.Context, operate func(context.Context) error) error
	// OnReplaced is called when another server answers than before, after a restart or a fail-over: it may lack the last
	// writes. It must not wait for operations. Nil: nobody is told.
	OnReplaced func()
	Log        *slog.Logger // nil: slog.Default()
	TLS        *tls.Config  // for rediss: trusted roots, say; nil: those of the system
}

const (
	maxConnections = 32
	maxIdle        = 8
	operationLimit = 2 * time.Second
	dialLimit      = time.Second
	maxIdleTime    = 5 * time.Minute
	// A fail-over that changes the name's address is followed when a connection breaks or turns read-only, at the latest
	// after this.
	maxConnectionAge = 30 * time.Minute
	retries          = 2 // connections may have died while nobody used them; TLS hides that until they are used

	maxExpirations = 1024 // notifications that nobody has taken; further ones are dropped
)

// State holds sessions, members and leases in Redis. All methods may be called from any goroutine; each ends within 2 s,
// unless the guard waits.
type State struct {
	// Set by Open, never changed.
	rdb     *redis.Client
	ttl     TTLs
	observe func(op string, d time.Duration, err error)
	guard   func(ctx context.Context, operate func(context.Context) error) error
	log     *slog.Logger
	expired chan collab.LockKey
	servers servers

	// Guarded by mu.
	mu       sync.Mutex
	isClosed bool
}

// Open returns the state of a redis: or rediss: URL. It does not connect; Ping does. Whoever wants Expirations calls Run.
func Open(rawURL string, o Options) (*State, error) {
	c, err := parse(rawURL)
	if err != nil {
		return nil, err
	}
	if c.TLSConfig != nil && o.TLS != nil {
		config := o.TLS.Clone()
		config.ServerName = cmp.Or(config.ServerName, c.TLSConfig.ServerName)
		config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
		c.TLSConfig = config
	}
	quiet()
	s := &State{
		ttl: TTLs{
			Session:  cmp.Or(o.TTL.Session, 3600*time.Second),
			Activity: cmp.Or(o.TTL.Activity, 300*time.Second),
			Room:     cmp.Or(o.TTL.Room, 600*time.Second),
		},
		observe: o.Observe,
		guard:   o.Guard,
		log:     cmp.Or(o.Log, slog.Default()),
		expired: make(chan collab.LockKey, maxExpirations),
		servers: servers{replaced: o.OnReplaced},
	}
	if o.OnReplaced != nil {
		c.OnConnect = s.servers.met
	}
	s.rdb = redis.NewClient(c)
	if s.observe == nil {
		s.observe = func(string, time.Duration, error) {}
	}
	if s.guard == nil {
		s.guard = func(ctx context.Context, operate func(context.Context) error) error { return operate(ctx) }
	}
	return s, nil
}

// errURL names no part of the URL, which may hold a password.
var errURL = errors.New("it is no URL of the form rediss://user:password@host:port/database")

func parse(rawURL string) (*redis.Options, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errURL
	}
	c, err := redis.ParseURL(rawURL)
	if err != nil {
		return nil, errURL
	}
	c.Protocol = 2 // nothing here needs the newer one
	c.DisableIdentity = true
	c.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c.PoolSize, c.MaxActiveConns, c.MaxIdleConns = maxConnections, maxConnections, maxIdle
	c.PipelinePoolSize = -1
	c.ConnMaxIdleTime, c.ConnMaxLifetime, c.ConnMaxLifetimeJitter = maxIdleTime, maxConnectionAge, maxConnectionAge/5
	c.ContextTimeoutEnabled = true
	c.DialTimeout, c.ReadTimeout, c.WriteTimeout, c.PoolTimeout = dialLimit, operationLimit, operationLimit, operationLimit
	c.DialerRetries = 1
	c.MaxRetries = retries
	return c, nil
}

// quiet stops the library from writing to standard error what its errors say as well.
var quiet = sync.OnceFunc(func() { redis.SetLogger(&logging.VoidLogger{}) })

// Close closes the connections and Expirations.
func (s *State) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed {
		return nil
	}
	s.isClosed = true
	close(s.expired)
	return s.rdb.Close()
}

// Ping asks Redis for a sign of life, whatever the guard thinks.
func (s *State) Ping(ctx context.Context) error {
	return s.attempt(ctx, "ping", func(ctx context.Context) error { return s.rdb.Ping(ctx).Err() })
}

// script is an operation that is one Lua script.
type script struct {
	op string
	*redis.Script
}

// prelude is how scripts begin that compare times or make JSON. Times are compared by the clock of Redis alone, so that
// instances need not agree.
const prelude = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(n) return string.format('%.0f', n) end
local function json(v)
	if next(v) == nil then return '[]' end
	return (string.gsub(cjson.encode(v), '\\/', '/'))
end
`

func newScript(op string, parts ...string) script {
	source := ""
	for _, part := range parts {
		source += part
	}
	return script{op, redis.NewScript(source)}
}

// eval runs a script that returns a number or a list of numbers and strings.
func (s *State) eval(ctx context.Context, sc script, keys []string, args ...any) (result *redis.Cmd, err error) {
	err = s.do(ctx, sc.op, func(ctx context.Context) error {
		result = sc.Run(ctx, s.rdb, keys, args...)
		return result.Err()
	})
	return result, err
}

// do makes one operation, if the guard lets it.
func (s *State) do(ctx context.Context, op string, operate func(context.Context) error) error {
	attempted := false
	err := s.guard(ctx, func(ctx context.Context) error {
		attempted = true
		return s.attempt(ctx, op, operate)
	})
	if err != nil && !attempted {
		return fmt.Errorf("redis: %s: %w", op, err)
	}
	return err
}

// attempt makes one operation: in time, and told to the observer.
func (s *State) attempt(ctx context.Context, op string, operate func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	begin := time.Now()
	err := operate(ctx)
	s.observe(op, time.Since(begin), err)
	if err != nil {
		return fmt.Errorf("redis: %s: %w", op, err)
	}
	return nil
}

// Away reports whether an error says that Redis cannot be reached or does not serve, and not that it refused.
func Away(err error) bool {
	if _, answered := errors.AsType[redis.Error](err); answered {
		return redis.HasErrorPrefix(err, "LOADING") || redis.HasErrorPrefix(err, "READONLY") || redis.HasErrorPrefix(err, "MASTERDOWN")
	}
	if _, network := errors.AsType[net.Error](err); network { // the end of a time limit is one too
		return true
	}
	return errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// millis is a duration as scripts take it. What is shorter than a millisecond is one: zero would be refused.
func millis(d time.Duration) int64 { return max(1, d.Milliseconds()) }

// A stamp is a time as values hold it: milliseconds UTC, and the microseconds beyond them apart.
type stamp struct {
	Millis int64
	Micros int
}

func stampOf(t time.Time) stamp {
	return stamp{t.UnixMilli(), t.Nanosecond() / int(time.Microsecond) % 1000}
}

func (s stamp) time() time.Time {
	return time.UnixMilli(s.Millis).Add(time.Duration(s.Micros) * time.Microsecond).UTC()
}
