package socketio

import (
	"encoding/json"
	"sync"
	"sync/atomic"

	"corsia/gateway/engineio"
)

type connState int32

const (
	connecting connState = iota // what is sent waits for the answer to CONNECT
	connected
	ended
)

// Conn is the connection of one client to one namespace. Its methods may be
// called by any goroutine and none of them blocks.
type Conn struct {
	// Set by connect, never changed.
	client    *client
	namespace string
	id        string
	listener  Listener // set before the first event

	state atomic.Int32 // connState; written with mu held

	mu         sync.Mutex
	early      []early // sent before the answer
	earlyBytes int
	goodbye    func() // Disconnect or Close, called before the answer
}

// early is a packet that waits for the answer to CONNECT.
type early struct {
	packet *Packet
	shared bool
}

// ID returns the Socket.IO session id.
func (c *Conn) ID() string { return c.id }

// Namespace returns the name of the namespace.
func (c *Conn) Namespace() string { return c.namespace }

// Handshake returns what is remembered of the request that opened the transport.
// Its Authorization is empty once a namespace has accepted the client.
func (c *Conn) Handshake() engineio.Handshake { return c.client.socket.Handshake() }

// RemoteAddr returns the address of the client.
func (c *Conn) RemoteAddr() string { return c.Handshake().RemoteAddr }

// Pending returns the bytes that wait in the outbox of the transport.
func (c *Conn) Pending() int { return c.client.socket.Pending() }

// Send appends a packet to the outbox. It returns false when the outbox is full
// (C7), the connection has ended or the packet is for another namespace.
func (c *Conn) Send(p *Packet) bool { return c.send(p, false) }

// SendShared is Send for a packet whose bytes belong to many connections: they
// are not counted in the outbox.
func (c *Conn) SendShared(p *Packet) bool { return c.send(p, true) }

// Emit encodes an event for the namespace of the connection and sends it.
func (c *Conn) Emit(name string, args []byte, attachments ...[]byte) bool {
	return c.Send(EncodeEventFor(c.namespace, name, args, attachments...))
}

// Ack answers the event that asked for it with id. args are JSON values
// separated by commas, as they stand inside the array, with a Placeholder for
// each attachment.
func (c *Conn) Ack(id uint64, args json.RawMessage, attachments ...[]byte) bool {
	return c.Send(encodeAck(c.namespace, id, args, attachments, false))
}

// AckShared is Ack for attachments that belong to many connections: they are
// neither copied nor counted, and must not change.
func (c *Conn) AckShared(id uint64, args json.RawMessage, attachments ...[]byte) bool {
	return c.SendShared(encodeAck(c.namespace, id, args, attachments, true))
}

// Disconnect tells the client that the server ended the connection: after what
// waits comes the DISCONNECT packet, then the transport is closed. A
// socket.io-client does not connect again by itself after that; after Close it
// does. Called before the answer to CONNECT, it takes effect after that.
func (c *Conn) Disconnect(reason string) {
	c.afterAnswer(func() {
		c.client.socket.Send(outgoing{kind: kindDisconnect, namespace: c.namespace}.frames(nil))
		c.client.socket.CloseAfterFlush(engineio.CloseNormal, reason)
	})
}

// Close closes the transport after what waits was sent, with a close code such
// as engineio.CloseTryAgainLater. The client takes it for a lost connection.
// Called before the answer to CONNECT, it takes effect after that.
func (c *Conn) Close(code int, reason string) {
	c.afterAnswer(func() { c.client.socket.CloseAfterFlush(code, reason) })
}

// afterAnswer calls end, or leaves that to accepted. Of several the first counts.
func (c *Conn) afterAnswer(end func()) {
	c.mu.Lock()
	if connState(c.state.Load()) == connecting {
		if c.goodbye == nil {
			c.goodbye = end
		}
		end = func() {}
	}
	c.mu.Unlock()
	end()
}

// Kick closes the transport at once and drops what waits: the end of a slow
// consumer.
func (c *Conn) Kick(reason string) { c.client.socket.Close(reason) }

func (c *Conn) send(p *Packet, shared bool) bool {
	if p.namespace != c.namespace {
		return false
	}
	switch connState(c.state.Load()) {
	case connected:
		return c.pass(p, shared)
	case ended:
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch connState(c.state.Load()) {
	case connected:
		return c.pass(p, shared)
	case ended:
		return false
	}
	if !shared {
		if c.earlyBytes > maxEarlyBytes {
			return false
		}
		c.earlyBytes += p.Len()
	}
	c.early = append(c.early, early{p, shared})
	return true
}

// maxEarlyBytes bounds what may wait for the answer to CONNECT.
const maxEarlyBytes = 1 << 20

func (c *Conn) pass(p *Packet, shared bool) bool {
	if shared {
		return c.client.socket.SendShared(p.frames)
	}
	return c.client.socket.Send(p.frames)
}

// accepted sends the answer to CONNECT and what was sent meanwhile.
func (c *Conn) accepted() {
	payload := append(append([]byte(`{"sid":"`), c.id...), `"}`...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.client.socket.Send(outgoing{kind: kindConnect, namespace: c.namespace, body: payload}.frames(nil))
	for _, e := range c.early {
		c.pass(e.packet, e.shared)
	}
	c.early = nil
	c.state.Store(int32(connected))
	if c.goodbye != nil {
		c.goodbye()
	}
}

// refused ends a connection that has no listener.
func (c *Conn) refused() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.early = nil
	c.state.Store(int32(ended))
}

// end tells the listener.
func (c *Conn) end(reason string) {
	c.refused()
	c.listener.Closed(reason)
}
