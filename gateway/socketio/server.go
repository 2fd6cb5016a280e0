// Package socketio is the Socket.IO protocol 5 above Engine.IO: namespaces,
// events with acknowledgements and binary attachments.
//
// It owns the connections to namespaces and the wire format. What an event
// means is the business of the Listener.
package socketio

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"corsia/gateway/engineio"
)

// Defaults of Options (C8).
const (
	DefaultConnectTimeout = 5 * time.Second
	DefaultMaxAttachments = 10
	DefaultMaxPacketBytes = 1 << 20
	DefaultMaxDepth       = 64
)

// Options are the limits of a Server. The zero value of a field means its
// default.
type Options struct {
	// ConnectTimeout is how long a transport may be without a namespace.
	ConnectTimeout time.Duration
	// MaxAttachments bounds the binary attachments of a packet.
	MaxAttachments int
	// MaxPacketBytes bounds the text of a packet with all its attachments.
	MaxPacketBytes int
	// MaxDepth bounds how deep the JSON of a packet is nested.
	MaxDepth int
	// OnMalformed is told of a packet for which the transport is closed; nil
	// ignores it. It is called on the reading goroutine.
	OnMalformed func(remoteAddr string, err error)
}

func (o Options) withDefaults() Options {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = DefaultConnectTimeout
	}
	if o.MaxAttachments == 0 {
		o.MaxAttachments = DefaultMaxAttachments
	}
	if o.MaxPacketBytes == 0 {
		o.MaxPacketBytes = DefaultMaxPacketBytes
	}
	if o.MaxDepth == 0 {
		o.MaxDepth = DefaultMaxDepth
	}
	if o.OnMalformed == nil {
		o.OnMalformed = func(string, error) {}
	}
	return o
}

// Handler decides who may connect to a namespace.
type Handler interface {
	// Connect is called on the reading goroutine with the payload of the CONNECT
	// packet, a JSON object that is valid during the call, {} when there was
	// none. What is sent to c meanwhile follows the answer. An error refuses the
	// client: a *ConnectError is shown to it, of others it learns nothing.
	Connect(c *Conn, auth json.RawMessage) (Listener, error)
}

// Listener takes what a client sends to a namespace. Both methods are called on
// the reading goroutine; Event may block and then slows only this client.
type Listener interface {
	Event(Event)
	// Closed is called once, after the last Event, with one of the reasons of
	// this package or of engineio, or one given to Disconnect or Close.
	Closed(reason string)
}

// Reasons for the end of a connection beside those of engineio.
const (
	ReasonClientDisconnect = "client namespace disconnect" // the client sent DISCONNECT
	ReasonConnectTimeout   = "connect timeout"             // no namespace within ConnectTimeout
	ReasonMalformed        = engineio.ReasonParseError     // the client broke the protocol
)

// ConnectError refuses a client. It is sent as the payload of CONNECT_ERROR.
type ConnectError struct {
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// Error returns the message.
func (e *ConnectError) Error() string { return e.Message }

// Server accepts Socket.IO clients. It is an http.Handler that may be mounted
// at several paths.
type Server struct {
	// Set by NewServer, never changed.
	opts       Options
	engine     *engineio.Server
	namespaces map[string]Handler
}

// NewServer returns a server of the given namespaces; the main one is "/". The
// caller closes it with Close.
func NewServer(eio engineio.Options, opts Options, namespaces map[string]Handler) *Server {
	s := &Server{opts: opts.withDefaults(), namespaces: namespaces}
	s.engine = engineio.NewServer(eio, s.accept)
	return s
}

// ServeHTTP answers every request of the protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Len returns the number of live transports.
func (s *Server) Len() int { return s.engine.Len() }

// Close closes all transports, as engineio.Server.Close does.
func (s *Server) Close(ctx context.Context) error { return s.engine.Close(ctx) }

func (s *Server) accept(socket *engineio.Socket) engineio.Receiver {
	c := &client{server: s, socket: socket}
	c.awaitConnect()
	return c
}
