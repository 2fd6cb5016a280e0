package rabbitmq

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	amqp "github.com/rabbitmq/amqp091-go"

	"corsia/shared/collab"
)

const (
	// The library notices a silent broker after one and a half heartbeats, the broker a silent instance after two.
	heartbeat    = 6 * time.Second
	connectLimit = 5 * time.Second // TCP, TLS and the greeting
	writeLimit   = 5 * time.Second // of one write: a broker that takes nothing is away
	stopLimit    = time.Second     // from the wish to end until the socket is closed, whatever waits

	firstRedial  = 250 * time.Millisecond
	maxRedial    = 5 * time.Second
	redialJitter = 0.5 // of the wait, either way: instances do not come back all at once
)

// errURL names no part of the URL, which may hold a password.
var errURL = errors.New("it is no URL of the form amqps://user:password@host:port/vhost")

// checkURL returns an error for what the library would refuse with the URL in its error, and for options, which would
// change what this driver relies on.
func checkURL(rawURL string) error {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "amqp" && u.Scheme != "amqps" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return errURL
	}
	if _, err := amqp.ParseURI(rawURL); err != nil {
		return errURL
	}
	return nil
}

// dialer makes connections.
type dialer struct {
	// Set by Open, never changed.
	url       string
	instance  collab.InstanceID
	heartbeat time.Duration // 0: the usual
	tls       *tls.Config
}

// connection is one connection to the broker; its channels end with it.
type connection struct {
	*amqp.Connection
	socket *socket
	stop   func() bool
}

// dial connects. When ctx ends, the connection ends stopLimit later, whatever it waits for.
func (d *dialer) dial(ctx context.Context) (*connection, error) {
	var c connection
	connect := func(network, addr string) (net.Conn, error) {
		plain := net.Dialer{Timeout: connectLimit}
		conn, err := plain.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c.socket = &socket{Conn: conn}
		c.stop = context.AfterFunc(ctx, c.socket.finish)
		return c.socket, conn.SetDeadline(time.Now().Add(connectLimit)) // the library takes it back after the greeting
	}
	var config *tls.Config
	if d.tls != nil {
		config = d.tls.Clone() // the library writes into it
	}
	var err error
	c.Connection, err = amqp.DialConfig(d.url, amqp.Config{
		Heartbeat: cmp.Or(d.heartbeat, heartbeat), Dial: connect, TLSClientConfig: config,
		Properties: amqp.Table{"product": "corsia", "connection_name": exchange + " " + string(d.instance)},
	})
	if err != nil {
		if c.socket != nil {
			c.stop()
			_ = c.socket.Close()
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &c, nil
}

// hangUp says goodbye and closes the connection, within stopLimit.
func (c *connection) hangUp() {
	c.socket.finish()
	_ = c.Close() // it may be closed already
	_ = c.socket.Close()
	c.stop()
}

// socket bounds every write, and everything once it is to end.
type socket struct {
	net.Conn

	// Guarded by mu.
	mu  sync.Mutex
	end time.Time // zero: not yet known
}

// finish lets reads and writes go on for stopLimit.
func (s *socket) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end.IsZero() {
		s.end = time.Now().Add(stopLimit)
		_ = s.Conn.SetDeadline(s.end) // a closed one needs none
	}
}

func (s *socket) Write(b []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, err
	}
	return s.Conn.Write(b)
}

func (s *socket) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Conn.SetWriteDeadline(s.atMost(t))
}

func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Conn.SetReadDeadline(s.atMost(t))
}

func (s *socket) SetDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Conn.SetDeadline(s.atMost(t))
}

// atMost wants mu held. The zero time means without end.
func (s *socket) atMost(t time.Time) time.Time {
	if !s.end.IsZero() && (t.IsZero() || t.After(s.end)) {
		return s.end
	}
	return t
}

// lostError says why a channel or a connection is gone; nil: because it was closed here.
func lostError(err *amqp.Error) error {
	if err == nil {
		return errors.New("the connection is closed")
	}
	return err
}

// keeper has a connection used, and made again whenever it breaks.
type keeper struct {
	// Set by Open, never changed.
	purpose string
	log     *slog.Logger
}

// keep calls use until ctx ends, and waits longer each time that it fails soon. use calls ready when it has reached the broker.
func (k *keeper) keep(ctx context.Context, use func(ctx context.Context, ready func()) error) {
	waits := newBackOff()
	told := false // that the broker is away
	for ctx.Err() == nil {
		begin := time.Now()
		err := use(ctx, func() {
			k.log.Info("rabbitmq: connected", slog.String("purpose", k.purpose))
			told = false
		})
		if ctx.Err() != nil {
			return
		}
		if !told {
			k.log.Warn("rabbitmq: the broker is away", slog.String("purpose", k.purpose), slog.Any("err", cmp.Or(err, errors.New("closed"))))
			told = true
		}
		if time.Since(begin) > maxRedial {
			waits.Reset()
		}
		timer := time.NewTimer(waits.NextBackOff())
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

func newBackOff() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: firstRedial, MaxInterval: maxRedial, Multiplier: 2, RandomizationFactor: redialJitter,
	}
}
