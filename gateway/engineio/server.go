// Package engineio is the transport under Socket.IO: Engine.IO protocol 4 over
// HTTP long polling and WebSocket, with the upgrade from one to the other.
//
// It owns the connections, their heartbeats and their outboxes, and moves
// messages. What the messages mean is the business of the Receiver. An idle
// WebSocket costs one goroutine, which reads; a second one writes, only while
// the outbox is not empty; heartbeats of all sockets share one timer.
package engineio

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Defaults of Options (C2, C7).
const (
	DefaultPingInterval   = 30 * time.Second
	DefaultPingTimeout    = 30 * time.Second
	DefaultUpgradeTimeout = 10 * time.Second
	DefaultWriteTimeout   = 10 * time.Second
	DefaultMaxPayload     = 1 << 20
	DefaultMaxOutboxBytes = 1 << 20
)

// Options configure a Server. The zero value of a field means its default.
type Options struct {
	// PingInterval is the time between two heartbeats, PingTimeout the time
	// that the client has to answer one.
	PingInterval, PingTimeout time.Duration
	// UpgradeTimeout bounds the time between the WebSocket handshake of an
	// upgrade and its completion.
	UpgradeTimeout time.Duration
	// WriteTimeout bounds one write of at most 64 KiB to the network.
	WriteTimeout time.Duration
	// MaxPayload is the greatest size in bytes of a WebSocket message and of
	// the body of a POST.
	MaxPayload int64
	// MaxOutboxBytes bounds what may wait in the outbox of a socket (C7).
	MaxOutboxBytes int

	// AllowOrigin decides about requests that carry an Origin header, on every
	// transport (C9). Nil allows the origin of the server itself alone.
	AllowOrigin func(r *http.Request, origin string) bool
	// Admit may refuse a new session; nil admits all. A *Refusal chooses the
	// answer, any other error is answered with 503.
	Admit func(r *http.Request) error
	// ClientAddress names the client's address; nil means the peer of the
	// connection, without its port.
	ClientAddress func(r *http.Request) string
	// SessionID makes a new session id, unguessable and fit for a query string;
	// nil means 120 random bits.
	SessionID func() string
}

func (o Options) withDefaults() Options {
	setDefault(&o.PingInterval, DefaultPingInterval)
	setDefault(&o.PingTimeout, DefaultPingTimeout)
	setDefault(&o.UpgradeTimeout, DefaultUpgradeTimeout)
	setDefault(&o.WriteTimeout, DefaultWriteTimeout)
	setDefault(&o.MaxPayload, DefaultMaxPayload)
	setDefault(&o.MaxOutboxBytes, DefaultMaxOutboxBytes)
	if o.AllowOrigin == nil {
		o.AllowOrigin = SameOrigin
	}
	if o.Admit == nil {
		o.Admit = func(*http.Request) error { return nil }
	}
	if o.ClientAddress == nil {
		o.ClientAddress = peerAddress
	}
	if o.SessionID == nil {
		o.SessionID = NewID
	}
	return o
}

func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// Receiver takes what a client sends. Both methods are called by one goroutine
// at a time, in the order of the wire; Receive may block and then slows only
// this client.
type Receiver interface {
	// Receive takes one message. The bytes of a text are valid only during the
	// call, those of a binary message belong to the receiver.
	Receive(Message)
	// Closed is called once, after the last Receive, with a reason from the
	// list of constants or the one given to Close.
	Closed(reason string)
}

// Message is one message, text (UTF-8) or binary.
type Message struct {
	Binary bool
	Data   []byte
}

// Server accepts Engine.IO sessions. It may be mounted at several paths, which
// then share their sessions.
type Server struct {
	// Set by NewServer, never changed.
	opts   Options
	accept func(*Socket) Receiver
	wheel  *wheel

	live sync.WaitGroup // sockets whose Closed has not returned

	mu      sync.Mutex
	sockets map[string]*Socket // guarded by mu
	closed  bool               // guarded by mu
}

// NewServer returns a server that asks accept for the receiver of each new
// socket. The caller closes it with Close.
func NewServer(opts Options, accept func(*Socket) Receiver) *Server {
	opts = opts.withDefaults()
	return &Server{
		opts:    opts,
		accept:  accept,
		wheel:   newWheel(opts.PingInterval, opts.PingTimeout),
		sockets: make(map[string]*Socket),
	}
}

// Len returns the number of live sockets.
func (s *Server) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets)
}

// ServeHTTP answers every request of the protocol: handshakes, polls, posts and
// WebSocket upgrades.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guardAnswer(w.Header())
	if !s.allowOrigin(w, r) {
		writeError(w, http.StatusForbidden, errForbidden)
		return
	}
	if r.Method == http.MethodOptions {
		answerPreflight(w, r)
		return
	}
	query := r.URL.Query()
	transport := query.Get("transport")
	switch {
	case transport != "polling" && transport != "websocket":
		writeError(w, http.StatusBadRequest, errTransport)
		return
	case query.Get("EIO") != "4":
		writeError(w, http.StatusBadRequest, errVersion)
		return
	}
	sid, known := query.Get("sid"), query.Has("sid")
	switch {
	case known && transport == "polling":
		s.servePolling(w, r, sid)
	case known:
		s.serveUpgrade(w, r, sid)
	case r.Method != http.MethodGet:
		writeError(w, http.StatusBadRequest, errMethod)
	case transport == "polling":
		s.openPolling(w, r)
	default:
		s.openWebSocket(w, r)
	}
}

// Close refuses new sessions, tells the live ones to go, and waits until every
// receiver has been told, or until ctx ends; then it cuts what is left.
func (s *Server) Close(ctx context.Context) error {
	for _, socket := range s.stop() {
		socket.CloseAfterFlush(CloseServiceRestart, ReasonShutdown)
	}
	done := make(chan struct{})
	go func() {
		s.live.Wait()
		s.wheel.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, socket := range s.stop() {
		socket.Close(ReasonShutdown)
	}
	<-done
	return context.Cause(ctx)
}

// stop marks the server closed and returns the live sockets.
func (s *Server) stop() []*Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	sockets := make([]*Socket, 0, len(s.sockets))
	for _, socket := range s.sockets {
		sockets = append(sockets, socket)
	}
	return sockets
}

var errServerClosed = errors.New("server is shutting down")

// add registers a socket; it fails when the server is closed.
func (s *Server) add(socket *Socket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errServerClosed
	}
	s.sockets[socket.id] = socket
	s.live.Add(1)
	s.wheel.add(socket)
	return nil
}

// forget takes a closed socket out of the map and off the wheel.
func (s *Server) forget(socket *Socket) {
	s.wheel.remove(socket)
	s.mu.Lock()
	delete(s.sockets, socket.id)
	s.mu.Unlock()
}

func (s *Server) find(sid string) *Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sockets[sid]
}
