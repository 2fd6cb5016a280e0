package engineio

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// readBufferBytes is what each WebSocket keeps for reading; larger messages are
// read past it.
const readBufferBytes = 1024

var upgrader = websocket.Upgrader{
	HandshakeTimeout: DefaultWriteTimeout,
	ReadBufferSize:   readBufferBytes,
	WriteBufferSize:  128, // for errors of the protocol alone: frames are written by the outbox
	WriteBufferPool:  &sync.Pool{},
	CheckOrigin:      func(*http.Request) bool { return true }, // checked by ServeHTTP, for every transport
	Error: func(w http.ResponseWriter, _ *http.Request, _ int, _ error) {
		writeError(w, http.StatusBadRequest, errRequest)
	},
}

// openWebSocket opens a session without polling.
func (s *Server) openWebSocket(w http.ResponseWriter, r *http.Request) {
	if !s.admit(w, r) {
		return
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered by the upgrader
	}
	socket := newSocket(s, webSocket, s.handshake(r))
	socket.conn = ws.NetConn()
	if err := s.add(socket); err != nil {
		refuse(ws, CloseServiceRestart)
		return
	}
	socket.sendControl(packetFrames(packetOpen, s.openPacket(socket.id)))
	socket.begin()
	go socket.read(ws) // the request and its buffers are freed; finish is waited for by Close
}

// serveUpgrade takes the WebSocket of a polling session. When the session
// cannot have it, that WebSocket is closed and the session goes on.
func (s *Server) serveUpgrade(w http.ResponseWriter, r *http.Request, sid string) {
	socket := s.find(sid)
	if socket == nil {
		writeError(w, http.StatusBadRequest, errUnknownID)
		return
	}
	reserved := socket.reserveUpgrade()
	ws, err := upgrader.Upgrade(w, r, nil)
	switch {
	case err != nil && reserved:
		socket.endUpgrade()
		s.live.Done()
	case err != nil: // answered by the upgrader
	case reserved:
		go socket.probe(ws)
	default:
		refuse(ws, ClosePolicy)
	}
}

// refuse closes a WebSocket that has no session.
func refuse(ws *websocket.Conn, code int) {
	conn := ws.NetConn()
	if writeFull(conn, closeFrames(code, "").first, lingerTimeout) == nil {
		discard(conn, readBufferBytes)
	}
	_ = conn.Close()
}

// discard reads up to limit bytes, until the peer is gone or lingerTimeout is over.
func discard(conn net.Conn, limit int64) {
	if conn.SetReadDeadline(time.Now().Add(lingerTimeout)) == nil {
		_, _ = io.CopyN(io.Discard, conn, limit)
	}
}

// reserveUpgrade begins an upgrade; there is at most one. It does so before the
// WebSocket handshake is answered, so that a poll which the client sends after
// the answer is known to be late.
func (s *Socket) reserveUpgrade() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now() != open || s.kind != polling || s.upgrading {
		return false
	}
	s.upgrading = true
	s.server.live.Add(1) // until probe ends
	return true
}

// endUpgrade leaves the session with polling.
func (s *Socket) endUpgrade() {
	s.mu.Lock()
	s.upgrading, s.upgrade, s.probed = false, nil, false
	s.mu.Unlock()
}

// probe runs an upgrade and then reads. When the upgrade fails, the session
// stays with polling.
func (s *Socket) probe(ws *websocket.Conn) {
	defer s.server.live.Done()
	if !s.completeUpgrade(ws) {
		s.endUpgrade()
		refuse(ws, CloseProtocolError)
		return
	}
	s.read(ws)
}

// completeUpgrade answers the probe, releases the poll that waits, and takes the
// session over when the client says so. What waited in the outbox is then
// written to the WebSocket; what was posted before has been received.
func (s *Socket) completeUpgrade(ws *websocket.Conn) bool {
	conn, opts := ws.NetConn(), s.server.opts
	s.mu.Lock()
	s.upgrade = ws
	over := s.now() == closed
	s.mu.Unlock()
	if over {
		return false
	}
	ws.SetPingHandler(func(string) error { return nil })
	if ws.SetReadDeadline(time.Now().Add(opts.UpgradeTimeout)) != nil || !expect(ws, "2probe") {
		return false
	}
	if writeFull(conn, probeAnswer.first, opts.WriteTimeout) != nil {
		return false
	}
	s.mu.Lock()
	s.probed = true
	s.wake()
	s.mu.Unlock()
	if !expect(ws, "5") {
		return false
	}
	s.takeTurn()
	defer s.endTurn()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now() == closed || ws.SetReadDeadline(time.Time{}) != nil {
		return false
	}
	s.kind, s.conn, s.upgrade, s.upgrading = webSocket, conn, nil, false
	s.wake()
	s.startWriting()
	return true
}

// expect reads one message and compares it.
func expect(ws *websocket.Conn, want string) bool {
	kind, r, err := ws.NextReader()
	if err != nil || kind != websocket.TextMessage {
		return false
	}
	got := make([]byte, 0, 16)
	return readAll(r, &got, 16) == nil && string(got) == want
}

// ending is how reading came to its end.
type ending struct {
	reason string
	code   int  // of the close frame to send; 0: none
	linger bool // the peer may still be sending
}

// read receives messages until the session ends.
func (s *Socket) read(ws *websocket.Conn) {
	ws.SetReadLimit(s.server.opts.MaxPayload)
	ws.SetCloseHandler(func(int, string) error { return nil }) // answered below, through the outbox
	ws.SetPingHandler(func(payload string) error {
		s.silent.Store(false)
		s.Send(pongFrames(payload)) // one that does not fit is dropped: many wait
		return nil
	})
	end := s.readMessages(ws)
	if end.code != 0 {
		s.CloseAfterFlush(end.code, end.reason)
		s.awaitFlush()
	}
	if end.linger {
		discard(ws.NetConn(), s.server.opts.MaxPayload)
	}
	s.shut(end.reason)
	s.finish()
}

// readMessages receives until the last message. An idle socket waits here: the
// frames from the bottom of its stack to NextReader are kept small, because a
// stack shrinks only when it is used by less than a quarter.
func (s *Socket) readMessages(ws *websocket.Conn) ending {
	for {
		kind, r, err := ws.NextReader()
		if err != nil {
			return endOf(err)
		}
		if end, ok := s.readMessage(kind, r); !ok {
			return end
		}
	}
}

// readMessage receives one message; it returns false when it was the last.
func (s *Socket) readMessage(kind int, r io.Reader) (ending, bool) {
	buf := getBuffer()
	defer func() { putBuffer(buf) }()
	if err := readAll(r, buf, s.server.opts.MaxPayload); err != nil {
		return endOf(err), false
	}
	data := *buf
	switch {
	case s.now() != open:
		return ending{}, true // waits for the peer's close frame
	case kind == websocket.BinaryMessage:
		_ = s.packet(packetBinary, ownBytes(&buf)) // a message is always expected
		return ending{}, true
	case len(data) == 0:
		return endOf(errEmptyPacket), false
	case !utf8.Valid(data):
		return endOf(errNotUTF8), false
	}
	if err := s.packet(packetType(data[0]), data[1:]); err != nil {
		return endOf(err), false
	}
	return ending{}, true
}

// ownBytes returns the content of a buffer for good: a copy of the exact size,
// or the buffer itself when it is well filled and too large to be used again.
func ownBytes(buf **[]byte) []byte {
	data := **buf
	if cap(data) <= keptBufferBytes || len(data) < cap(data)/2 {
		return bytes.Clone(data)
	}
	*buf = new([]byte)
	return data
}

// endOf turns an error of reading into the end of the session.
func endOf(err error) ending {
	var closeErr *websocket.CloseError
	var netErr net.Error
	switch {
	case errors.As(err, &closeErr) && closeErr.Code == websocket.CloseAbnormalClosure, errors.Is(err, io.EOF):
		return ending{reason: ReasonTransportClose}
	case errors.As(err, &closeErr):
		return ending{reason: ReasonTransportClose, code: CloseNormal}
	case errors.Is(err, errClientClose):
		return ending{reason: ReasonClientClose, code: CloseNormal, linger: true}
	case errors.Is(err, websocket.ErrReadLimit): // gorilla has sent the close frame
		return ending{reason: ReasonTooLarge, linger: true}
	case errors.Is(err, errNotUTF8):
		return ending{reason: ReasonParseError, code: CloseNotUTF8, linger: true}
	case errors.As(err, &netErr), errors.Is(err, net.ErrClosed):
		return ending{reason: ReasonTransportError}
	default: // of a broken frame, gorilla has said so already
		return ending{reason: ReasonParseError, code: CloseProtocolError, linger: true}
	}
}
