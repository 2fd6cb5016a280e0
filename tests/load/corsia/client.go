// Package corsia is a client of the gateway for load tests: it speaks the gateway's events over Socket.IO on a WebSocket.
// It knows the names of events and their bytes; what is measured is its caller's business.
package corsia

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"corsia/tests/load/wire"
)

// requestBase is the first acknowledgement id of Request. Those below are the caller's, for Update.
const requestBase = 1 << 40

// Listener is told what the gateway sends. Its methods are called by the goroutine that reads, and byte slices are valid
// during the call alone.
type Listener interface {
	// Updated tells of a colleague's update of a resource, whose id is a JSON string.
	Updated(resource []byte, revision int64, update []byte)
	// Acknowledged answers an Update.
	Acknowledged(seq uint64, answer []byte)
	// Event tells of everything else. arg is the first argument's JSON.
	Event(name string, arg []byte)
	// Lost tells that the connection ended, unless Close ended it.
	Lost(err error)
}

// Options say who connects, and where.
type Options struct {
	URL      string // of the gateway, http://host:port
	Token    string
	Local    net.IP // address to connect from; nil: the system chooses
	Listener Listener

	Resume *Connected // a session that lost its transport, to go on with; nil: a new one
}

// Client is one session.
type Client struct {
	// Set by Connect, never changed.
	conn      *wire.Conn
	listener  Listener
	done      chan struct{} // closed when reading has ended
	Connected Connected

	// Owned by the reading goroutine.
	head        packet // waits for attachments, when head.kind is not 0
	body        []byte // of head
	attachments [][]byte

	// Guarded by mu.
	mu      sync.Mutex
	waiting map[uint64]chan<- Reply
	next    uint64
	text    []byte // scratch space of Update
	closed  bool
	lost    error
}

// Connected is what the gateway says to an authenticated client (SPEC C4).
type Connected struct {
	SessionID string   `json:"sessionId"`
	UserID    string   `json:"userId"`
	ResumeKey string   `json:"resumeKey"`
	Resumed   bool     `json:"resumed"`
	Rooms     []string `json:"rooms"` // in which a resumed session is
}

// Reply is the acknowledgement of a request.
type Reply struct {
	JSON        []byte
	Attachments [][]byte
	err         error
}

// Connect opens a session and returns when it is CONNECTED. Close ends it.
func Connect(ctx context.Context, o Options) (*Client, error) {
	conn, err := wire.Dial(ctx, strings.TrimSuffix(o.URL, "/")+"/ws/?EIO=4&transport=websocket", o.Local)
	if err != nil {
		return nil, err
	}
	c := &Client{conn: conn, listener: o.Listener, done: make(chan struct{}), waiting: map[uint64]chan<- Reply{}, next: requestBase}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) }) // an error means that it is closed
	err = c.authenticate(o)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect: %w", err), conn.Close())
	}
	go c.read()
	return c, nil
}

// authenticate sends CONNECT when the transport is open, and waits for CONNECTED.
func (c *Client) authenticate(o Options) error {
	auth := map[string]string{"token": o.Token}
	if o.Resume != nil {
		auth["sessionId"], auth["resumeKey"] = o.Resume.SessionID, o.Resume.ResumeKey
	}
	payload, err := json.Marshal(auth)
	if err != nil {
		return err
	}
	for {
		m, err := c.conn.Read()
		if err != nil {
			return err
		}
		switch {
		case len(m.Data) == 0:
			return errPacket
		case m.Data[0] == '0':
			err = c.conn.Write(wire.Message{Opcode: wire.Text, Data: append([]byte("40"), payload...)})
		case bytes.HasPrefix(m.Data, []byte("44")):
			err = fmt.Errorf("CONNECT_ERROR %s", m.Data[2:])
		case bytes.HasPrefix(m.Data, []byte(`42["CONNECTED",`)):
			_, arg, _ := eventName(m.Data[2:])
			return json.Unmarshal(arg, &c.Connected)
		case m.Data[0] == '2':
			err = c.pong()
		}
		if err != nil {
			return err
		}
	}
}

func (c *Client) pong() error {
	return c.conn.Write(wire.Message{Opcode: wire.Text, Data: []byte("3")})
}

// Update sends a Y_UPDATE. seq comes back in Acknowledged and is less than 2⁴⁰; resource is a JSON string.
func (c *Client) Update(seq uint64, resource, update []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = appendUpdate(c.text[:0], seq, resource)
	return c.conn.Write(wire.Message{Opcode: wire.Text, Data: c.text}, wire.Message{Opcode: wire.Binary, Data: update})
}

// Request sends an event and waits for its acknowledgement. An answer that is not ok is a *Refusal.
func (c *Client) Request(ctx context.Context, event string, arg any) (Reply, error) {
	body, err := json.Marshal(arg)
	if err != nil {
		return Reply{}, err
	}
	answer := make(chan Reply, 1)
	c.mu.Lock()
	if c.closed || c.lost != nil {
		err := c.lost
		c.mu.Unlock()
		return Reply{}, errors.Join(net.ErrClosed, err)
	}
	id := c.next
	c.next++
	c.waiting[id] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, id)
		c.mu.Unlock()
	}()
	if err := c.conn.Write(wire.Message{Opcode: wire.Text, Data: appendEvent(nil, event, id, body)}); err != nil {
		return Reply{}, err
	}
	select {
	case r := <-answer:
		if r.err == nil {
			r.err = outcome(event, r.JSON)
		}
		return r, r.err
	case <-ctx.Done():
		return Reply{}, fmt.Errorf("%s: %w", event, context.Cause(ctx))
	}
}

// Heartbeat sends a HEARTBEAT, whose answer is an event (SPEC C5).
func (c *Client) Heartbeat() error {
	return c.conn.Write(wire.Message{Opcode: wire.Text, Data: []byte(`42["HEARTBEAT"]`)})
}

// Close leaves in order: the session ends at once. It returns when reading has ended.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	const normal = "\x03\xe8" // close code 1000
	err := c.conn.Write(wire.Message{Opcode: wire.Text, Data: []byte("41")}, wire.Message{Opcode: wire.Close, Data: []byte(normal)})
	if err == nil {
		err = c.conn.SetReadDeadline(time.Now().Add(closeTimeout))
	}
	if err != nil {
		err = errors.Join(err, c.conn.Close())
	}
	<-c.done
	if errors.Is(err, net.ErrClosed) {
		return nil // the server was faster
	}
	return err
}

// Drop closes the connection without a word, as a lost network does.
func (c *Client) Drop() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	err := c.conn.Close()
	<-c.done
	return err
}

const closeTimeout = 5 * time.Second // for the server's close frame
