package socketio

import (
	"encoding/json"
	"errors"
	"sync"
	"time"

	"corsia/gateway/engineio"
)

// maxConnects bounds the CONNECT packets of one transport: checking what they
// carry is dear.
const maxConnects = 32

// client is one transport with its connections to namespaces. All but conns is
// owned by the reading goroutine.
type client struct {
	// Set by accept, never changed.
	server *Server
	socket *engineio.Socket

	connects  int     // CONNECT packets so far
	partial   *packet // waits for attachments; nil without one
	lastEvent string  // name of the last event, so that a repeated one costs nothing
	lastConn  *Conn   // of the last event

	conns []*Conn // live connections, one a namespace

	mu       sync.Mutex
	timeout  *time.Timer // closes a transport without namespace; nil with one, and while a namespace is asked
	deadline time.Time   // of timeout
}

// awaitConnect starts the time that a client has to connect to a namespace (C8).
func (c *client) awaitConnect() { c.awaitUntil(time.Now().Add(c.server.opts.ConnectTimeout)) }

func (c *client) awaitUntil(deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = deadline
	c.timeout = time.AfterFunc(time.Until(deadline), func() {
		c.socket.CloseAfterFlush(engineio.ClosePolicy, ReasonConnectTimeout)
	})
}

// stopAwaiting returns the end of the time, zero when there is none.
func (c *client) stopAwaiting() (deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timeout == nil || !c.timeout.Stop() {
		return time.Time{}
	}
	c.timeout = nil
	return c.deadline
}

// Receive takes one message of the transport: a packet or an attachment.
func (c *client) Receive(m engineio.Message) {
	if err := c.receive(m); err != nil {
		c.drop()
		c.server.opts.OnMalformed(c.socket.Handshake().RemoteAddr, err)
		c.socket.CloseAfterFlush(engineio.CloseProtocolError, ReasonMalformed)
	}
}

// Closed ends what is left.
func (c *client) Closed(reason string) {
	c.stopAwaiting()
	c.drop()
	for _, conn := range c.conns {
		conn.end(reason)
	}
	c.conns, c.lastConn = nil, nil
}

// drop forgets a packet in reassembly.
func (c *client) drop() {
	if c.partial != nil {
		c.partial.release()
		c.partial = nil
	}
}

var (
	errUnexpectedBinary = errors.New("attachment without a packet")
	errMissingBinary    = errors.New("packet while attachments are missing")
	errPacketTooLarge   = errors.New("packet with its attachments is too large")
	errNotConnected     = errors.New("packet of a namespace that is not connected")
	errTooManyConnects  = errors.New("too many CONNECT packets")
)

func (c *client) receive(m engineio.Message) error {
	if m.Binary {
		return c.attach(m.Data)
	}
	if c.partial != nil {
		return errMissingBinary
	}
	p := newPacket()
	if err := p.decode(m.Data, &c.server.opts); err != nil {
		p.release()
		return err
	}
	if p.expected == 0 {
		defer p.release()
		return c.dispatch(p)
	}
	if c.find(p.namespace) == nil { // no memory for strangers
		p.release()
		return errNotConnected
	}
	c.partial = p
	return nil
}

// attach adds an attachment to the packet in reassembly and delivers it when it
// is complete.
func (c *client) attach(data []byte) error {
	p := c.partial
	if p == nil {
		return errUnexpectedBinary
	}
	if p.size += len(data); p.size > c.server.opts.MaxPacketBytes {
		return errPacketTooLarge
	}
	p.attachments = append(p.attachments, data)
	if len(p.attachments) < p.expected {
		return nil
	}
	c.partial = nil
	defer p.release()
	return c.dispatch(p)
}

// find returns the connection to a namespace, or nil.
func (c *client) find(namespace []byte) *Conn {
	if c.lastConn != nil && c.lastConn.namespace == string(namespace) {
		return c.lastConn
	}
	for _, conn := range c.conns {
		if conn.namespace == string(namespace) {
			c.lastConn = conn
			return conn
		}
	}
	return nil
}

// dispatch handles a complete packet.
func (c *client) dispatch(p *packet) error {
	conn := c.find(p.namespace)
	switch {
	case p.kind == kindConnect:
		return c.connect(conn, string(p.namespace), p.payload)
	case conn == nil:
		return errNotConnected
	case p.kind == kindDisconnect:
		c.remove(conn)
		conn.end(ReasonClientDisconnect)
	case p.kind.event():
		conn.listener.Event(c.event(p))
	}
	return nil // an ACK: nothing was asked for, so that it means nothing
}

func (c *client) event(p *packet) Event {
	if string(p.name) != c.lastEvent || p.numeric {
		c.lastEvent = p.eventName()
	}
	return Event{Name: c.lastEvent, Args: p.args, Attachments: p.attachments, id: p.id, wantsAck: p.hasID}
}

// connect asks the namespace's handler and answers. A client that is connected
// already is: the official one repeats CONNECT when its user does.
func (c *client) connect(already *Conn, namespace string, auth json.RawMessage) error {
	if c.connects++; c.connects > maxConnects {
		return errTooManyConnects
	}
	if already != nil {
		return nil
	}
	handler, ok := c.server.namespaces[namespace]
	if !ok {
		c.refuse(namespace, &ConnectError{Message: "Invalid namespace"})
		return nil
	}
	if len(auth) == 0 {
		auth = json.RawMessage("{}")
	}
	conn := &Conn{client: c, namespace: namespace, id: engineio.NewID()}
	deadline := c.stopAwaiting() // the handler may wait for what it needs; that is not the client's time
	listener, err := handler.Connect(conn, auth)
	if err != nil {
		conn.refused()
		c.refuse(namespace, err)
		if !deadline.IsZero() {
			c.awaitUntil(deadline)
		}
		return nil
	}
	conn.listener = listener
	c.conns = append(c.conns, conn)
	c.socket.ForgetAuthorization()
	conn.accepted()
	return nil
}

// refuse sends CONNECT_ERROR. What an error says is shown only when it is a
// *ConnectError.
func (c *client) refuse(namespace string, err error) {
	shown := &ConnectError{Message: "Connection refused"}
	errors.As(err, &shown)
	payload, err := json.Marshal(shown)
	if err != nil {
		payload, _ = json.Marshal(&ConnectError{Message: shown.Message}) // cannot fail: a string
	}
	o := outgoing{kind: kindConnectError, namespace: namespace, body: payload}
	c.socket.Send(o.frames(nil))
}

func (c *client) remove(conn *Conn) {
	for i, other := range c.conns {
		if other == conn {
			c.conns = append(c.conns[:i], c.conns[i+1:]...)
			break
		}
	}
	c.lastConn = nil
	if len(c.conns) == 0 {
		c.awaitConnect()
	}
}
