package engineio

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// Reasons for the end of a socket, as Closed gets them. Close and
// CloseAfterFlush may add others.
const (
	ReasonTransportClose = "transport close"          // the peer went away
	ReasonTransportError = "transport error"          // the network failed
	ReasonPingTimeout    = "ping timeout"             // a heartbeat was not answered
	ReasonClientClose    = "client close"             // the client sent a close packet
	ReasonParseError     = "parse error"              // the client broke the protocol
	ReasonTooLarge       = "payload too large"        // beyond MaxPayload
	ReasonShutdown       = "server shutting down"     // Server.Close
	ReasonDuplicate      = "overlapping poll request" // two polls or two posts at once
)

// Close codes of the WebSocket protocol for CloseAfterFlush.
const (
	CloseNormal         = websocket.CloseNormalClosure
	CloseProtocolError  = websocket.CloseProtocolError
	CloseNotUTF8        = websocket.CloseInvalidFramePayloadData
	ClosePolicy         = websocket.ClosePolicyViolation
	CloseTooLarge       = websocket.CloseMessageTooBig
	CloseServiceRestart = websocket.CloseServiceRestart
	CloseTryAgainLater  = websocket.CloseTryAgainLater
)

const (
	// flushTimeout bounds what CloseAfterFlush may take.
	flushTimeout = 10 * time.Second
	// lingerTimeout is how long a closed WebSocket waits for the peer's close
	// frame, so that the reset of a socket with unread input does not destroy
	// what was sent last.
	lingerTimeout = time.Second
)

type transport byte

const (
	polling transport = iota
	webSocket
)

type state int32

const (
	open    state = iota
	closing       // CloseAfterFlush: nothing more is received or accepted for sending
	closed
)

// Socket is one session. Its methods may be called by any goroutine and none of
// them blocks.
type Socket struct {
	// Set by newSocket, never changed.
	server *Server
	id     string

	receiver Receiver // set by begin

	// turn is held by the one request of a polling session that may call the
	// receiver; nil for a session that began with a WebSocket, whose reading
	// goroutine is alone.
	turn chan struct{}

	heartbeat  heartbeat    // owned by the wheel
	writeUntil time.Time    // write deadline of conn; owned by write
	silent     atomic.Bool  // a ping went out and nothing came since
	state      atomic.Int32 // written with mu held

	mu        sync.Mutex
	handshake Handshake
	kind      transport
	conn      net.Conn // nil while polling
	reason    string   // of closing

	outbox   []entry
	spare    []entry
	pending  int           // cost of outbox and of what is being written
	writing  bool          // a goroutine runs write
	drained  chan struct{} // closed when that goroutine ends; nil when nobody waits
	progress bool          // something was written since the last heartbeat looked

	upgrading bool                     // an upgrade is under way
	upgrade   *websocket.Conn          // its WebSocket
	probed    bool                     // its probe was answered: polls are released at once
	poll      *poll                    // the GET that waits; nil without one
	answering bool                     // a GET is being answered
	post      *http.ResponseController // of the POST under way
	deadline  *time.Timer              // of CloseAfterFlush
}

// newSocket returns a socket that holds its own turn until begin.
func newSocket(server *Server, kind transport, handshake Handshake) *Socket {
	s := &Socket{server: server, id: server.opts.SessionID(), kind: kind, handshake: handshake}
	if kind == polling {
		s.turn = make(chan struct{}, 1)
		s.takeTurn()
	}
	return s
}

// begin asks for the receiver; requests of the session are served from here on.
func (s *Socket) begin() {
	s.receiver = s.server.accept(s)
	s.endTurn()
}

func (s *Socket) takeTurn() {
	if s.turn != nil {
		s.turn <- struct{}{}
	}
}

func (s *Socket) endTurn() {
	if s.turn != nil {
		<-s.turn
	}
}

// ID returns the session id.
func (s *Socket) ID() string { return s.id }

// Handshake returns what is remembered of the request that opened the session.
func (s *Socket) Handshake() Handshake {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handshake
}

// ForgetAuthorization drops the Authorization header, once it has been checked.
func (s *Socket) ForgetAuthorization() {
	s.mu.Lock()
	s.handshake.Authorization = ""
	s.mu.Unlock()
}

// Close ends the session at once and drops what waits. The receiver is told by
// another goroutine.
func (s *Socket) Close(reason string) { s.shut(reason) }

// CloseAfterFlush ends the session when everything that waits has been sent,
// followed by a close frame with code and reason, at the latest after 10 s.
// Nothing more is received.
func (s *Socket) CloseAfterFlush(code int, reason string) {
	s.closeAfter(closeFrames(code, reason), reason, flushTimeout)
}

// closeAfter ends the session after last was sent, or after timeout.
func (s *Socket) closeAfter(last *Frames, reason string, timeout time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now() != open {
		return
	}
	s.state.Store(int32(closing))
	s.reason = reason
	s.deadline = time.AfterFunc(timeout, func() { s.shut(reason) })
	s.push(last, 0)
}

func (s *Socket) now() state { return state(s.state.Load()) }

// shut ends the session. The reading goroutine of a WebSocket then calls finish;
// a polling session has none.
func (s *Socket) shut(reason string) {
	s.mu.Lock()
	if s.now() == closed {
		s.mu.Unlock()
		return
	}
	if s.now() == open {
		s.reason = reason
	}
	s.state.Store(int32(closed))
	s.outbox, s.spare, s.pending = nil, nil, 0
	if s.deadline != nil {
		s.deadline.Stop()
	}
	if s.post != nil {
		_ = s.post.SetReadDeadline(time.Unix(1, 0)) // wakes the POST from reading its body
	}
	s.wake()
	kind, conn, upgrade := s.kind, s.conn, s.upgrade
	s.mu.Unlock()

	if conn != nil {
		_ = conn.Close() // nothing can be done about an error
	}
	if upgrade != nil {
		_ = upgrade.Close()
	}
	s.server.forget(s)
	if kind == polling {
		go s.finish()
	}
}

// finish tells the receiver, after the last message.
func (s *Socket) finish() {
	defer s.server.live.Done()
	s.takeTurn()
	defer s.endTurn()
	s.mu.Lock()
	reason := s.reason
	s.mu.Unlock()
	s.receiver.Closed(reason)
}

// packet handles one packet of the client.
func (s *Socket) packet(kind packetType, data []byte) error {
	s.silent.Store(false)
	switch kind {
	case packetMessage:
		s.receiver.Receive(Message{Data: data})
	case packetBinary:
		s.receiver.Receive(Message{Binary: true, Data: data})
	case packetPong, packetNoop:
	case packetClose:
		return errClientClose
	default:
		return unexpectedPacket(kind)
	}
	return nil
}
