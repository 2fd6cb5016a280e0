package testkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Client is a Socket.IO client on a WebSocket that does exactly what it is told: it answers pings, and keeps every event
// until a test asks for it. Its methods fail the test after 10 s.
type Client struct {
	Connected Fields // the fields of CONNECTED

	t     testing.TB
	conn  *websocket.Conn
	mute  bool
	watch func(name string, fields Fields)
	done  chan struct{} // closed when reading has ended

	reading sync.Mutex // held by Pause

	writing sync.Mutex

	mu      sync.Mutex
	changed *sync.Cond
	events  []event
	acks    map[int]Fields
	next    int // acknowledgement
	refused Fields
	ended   string // how the connection ended; empty while it lives
}

type event struct {
	name   string
	fields Fields
}

// Options are how a client connects. The zero value is a client without any token.
type Options struct {
	Token  string      // in the CONNECT payload
	Auth   Fields      // further fields of the payload
	Header http.Header // of the WebSocket's request
	Path   string      // default /ws/
	Raw    bool        // do not send CONNECT
	Mute   bool        // do not answer pings

	Watch func(name string, fields Fields) // is told of each event, from another goroutine; nil: nobody

	SmallBuffers bool // of the network, so that Pause is felt soon
}

// Connect connects a user with an ordinary token and returns when CONNECTED is there. The client leaves with the test.
func (g *Gateway) Connect(t testing.TB, user string, claims ...Fields) *Client {
	t.Helper()
	return g.ConnectWith(t, Options{Token: g.Token(user, claims...)})
}

// ConnectWith is Connect with options.
func (g *Gateway) ConnectWith(t testing.TB, o Options) *Client {
	t.Helper()
	c := g.Dial(t, o)
	c.Connected = c.Next("CONNECTED")
	return c
}

// Refused connects a client that the gateway does not accept, and returns the payload of CONNECT_ERROR.
func (g *Gateway) Refused(t testing.TB, o Options) Fields {
	t.Helper()
	return g.Dial(t, o).NextRefusal()
}

// NextRefusal waits for CONNECT_ERROR and returns its payload.
func (c *Client) NextRefusal() Fields {
	c.t.Helper()
	var refused Fields
	c.await("CONNECT_ERROR", func() bool { refused = c.refused; return refused != nil })
	return refused
}

// Dial opens the WebSocket and sends CONNECT, without waiting for the answer.
func (g *Gateway) Dial(t testing.TB, o Options) *Client {
	t.Helper()
	c, err := g.dial(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TryDial opens a WebSocket and closes it again, and returns why it could not.
func (g *Gateway) TryDial(o Options) error {
	conn, err := g.open(o)
	if err == nil {
		conn.Close()
	}
	return err
}

func (g *Gateway) dial(t testing.TB, o Options) (*Client, error) {
	conn, err := g.open(o)
	if err != nil {
		return nil, err
	}
	c := &Client{t: t, conn: conn, mute: o.Mute, watch: o.Watch, acks: map[int]Fields{}, done: make(chan struct{})}
	c.changed = sync.NewCond(&c.mu)
	go c.read()
	t.Cleanup(func() { c.Drop(); <-c.done })
	if o.Raw {
		return c, nil
	}
	payload := Fields{}
	if o.Token != "" {
		payload["token"] = o.Token
	}
	maps.Copy(payload, o.Auth)
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	c.Text("40" + string(body))
	return c, nil
}

// open opens the WebSocket.
func (g *Gateway) open(o Options) (*websocket.Conn, error) {
	path := o.Path
	if path == "" {
		path = "/ws/"
	}
	dialer := websocket.Dialer{HandshakeTimeout: answerTime}
	if o.SmallBuffers {
		dialer.NetDialContext = dialSmall
	}
	conn, answer, err := dialer.Dial("ws"+strings.TrimPrefix(g.URL, "http")+path+"?EIO=4&transport=websocket", o.Header)
	if err != nil && answer != nil {
		return nil, fmt.Errorf("open a WebSocket: %w (%s)", err, answer.Status)
	}
	if err != nil {
		return nil, fmt.Errorf("open a WebSocket: %w", err)
	}
	return conn, nil
}

// dialSmall dials with a small receive buffer.
func dialSmall(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, smallBuffer)
		})
		return errors.Join(err, failed)
	}}
	return d.DialContext(ctx, network, address)
}

const smallBuffer = 8 << 10 // bytes

// Session returns the session id.
func (c *Client) Session() string { return c.Connected.Text("sessionId") }

// Text sends a text frame as it is: an Engine.IO packet, whatever stands in it.
func (c *Client) Text(frame string) { c.write(websocket.TextMessage, []byte(frame)) }

// Binary sends a binary frame as it is.
func (c *Client) Binary(frame []byte) { c.write(websocket.BinaryMessage, frame) }

func (c *Client) write(kind int, frame []byte) {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.conn.WriteMessage(kind, frame) // a lost connection shows in what is read
}

// Emit sends an event without asking for an acknowledgement. Binary values become attachments.
func (c *Client) Emit(name string, fields Fields) { c.emit(-1, name, fields) }

func (c *Client) emit(ack int, name string, args ...any) {
	text, attachments, err := encode(ack, append([]any{name}, args...)...)
	if err != nil {
		c.t.Errorf("encode %s: %v", name, err)
		return
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.conn.WriteMessage(websocket.TextMessage, []byte("4"+text))
	for _, a := range attachments {
		_ = c.conn.WriteMessage(websocket.BinaryMessage, a)
	}
}

// Ask sends an event and returns a function that waits for its acknowledgement.
func (c *Client) Ask(name string, args ...any) (answer func() Fields) {
	return c.Sent(func(id int) { c.emit(id, name, args...) })
}

// Sent sends what a test writes itself, with the number of an acknowledgement, and returns a function that waits for that.
func (c *Client) Sent(send func(id int)) (answer func() Fields) {
	c.mu.Lock()
	id := c.next
	c.next++
	c.mu.Unlock()
	send(id)
	return func() Fields {
		c.t.Helper()
		var got Fields
		c.await(fmt.Sprintf("acknowledgement %d", id), func() bool { got = c.acks[id]; return got != nil })
		return got
	}
}

// Attempt is Ask for what may never be answered: its function returns nil when the connection ended instead.
func (c *Client) Attempt(name string, args ...any) (answer func() Fields) {
	c.mu.Lock()
	id := c.next
	c.next++
	c.mu.Unlock()
	c.emit(id, name, args...)
	return func() Fields {
		c.t.Helper()
		var got Fields
		c.await(fmt.Sprintf("acknowledgement %d", id), func() bool { got = c.acks[id]; return got != nil || c.ended != "" })
		return got
	}
}

// Call sends an event and returns its acknowledgement.
func (c *Client) Call(name string, fields Fields) Fields {
	c.t.Helper()
	return c.Ask(name, fields)()
}

// OK is Call for what must succeed.
func (c *Client) OK(name string, fields Fields) Fields {
	c.t.Helper()
	answer := c.Call(name, fields)
	if answer["ok"] != true {
		c.t.Fatalf("%s %v: %v", name, fields, answer)
	}
	return answer
}

// Refusal is Call for what must be refused: it returns the error.
func (c *Client) Refusal(name string, fields Fields) Fields {
	c.t.Helper()
	answer := c.Call(name, fields)
	refusal, ok := answer["error"].(Fields)
	if answer["ok"] != false || !ok {
		c.t.Fatalf("%s %v: %v, want a refusal", name, fields, answer)
	}
	return refusal
}

// Next returns the next event of a name and takes it out of what waits. Other events go on waiting.
func (c *Client) Next(name string) Fields {
	c.t.Helper()
	return c.NextWhere(name, func(Fields) bool { return true })
}

// NextWhere is Next for the first event that matches.
func (c *Client) NextWhere(name string, match func(Fields) bool) Fields {
	c.t.Helper()
	var got Fields
	c.await("event "+name, func() bool {
		for i, e := range c.events {
			if e.name == name && match(e.fields) {
				got = e.fields
				c.events = append(c.events[:i:i], c.events[i+1:]...)
				return true
			}
		}
		return false
	})
	return got
}

// Waiting returns the events of a name that nobody asked for yet.
func (c *Client) Waiting(name string) []Fields {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Fields
	for _, e := range c.events {
		if e.name == name {
			out = append(out, e.fields)
		}
	}
	return out
}

// Take returns the events of a name that wait, and takes them out.
func (c *Client) Take(name string) []Fields {
	c.mu.Lock()
	defer c.mu.Unlock()
	var taken []Fields
	c.events = slices.DeleteFunc(c.events, func(e event) bool {
		if e.name == name {
			taken = append(taken, e.fields)
		}
		return e.name == name
	})
	return taken
}

// None fails when an event of the name waits, after what the gateway has sent up to now is read.
func (c *Client) None(names ...string) {
	c.t.Helper()
	c.Call("HEARTBEAT", Fields{})
	for _, name := range names {
		if got := c.Waiting(name); len(got) > 0 {
			c.t.Fatalf("an event %s that should not be: %v", name, got)
		}
	}
}

// Ended waits for the end of the connection and says how it came: "disconnect" after a packet of that name, else the
// close code of the WebSocket, or "lost".
func (c *Client) Ended() string {
	c.t.Helper()
	var how string
	c.await("end of the connection", func() bool { how = c.ended; return how != "" })
	return how
}

// Pause stops reading after the next frame, until Resume: a consumer that is too slow.
func (c *Client) Pause() { c.reading.Lock() }

// Resume goes on.
func (c *Client) Resume() { c.reading.Unlock() }

// Alive reports whether the connection lives.
func (c *Client) Alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended == ""
}

// Disconnect leaves in an orderly way.
func (c *Client) Disconnect() { c.Text("41"); c.Drop() }

// Drop cuts the connection.
func (c *Client) Drop() { c.conn.Close() }

func (c *Client) await(what string, done func() bool) {
	c.t.Helper()
	late := false
	timer := time.AfterFunc(answerTime, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		late = true
		c.changed.Broadcast()
	})
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !done() {
		if late || c.ended != "" {
			c.t.Fatalf("no %s (connection: %q, waiting events: %v)", what, c.ended, c.events)
		}
		c.changed.Wait()
	}
}

// read takes frames until the connection ends.
func (c *Client) read() {
	defer close(c.done)
	var partial packet
	var attachments [][]byte
	goodbye := ""
	for {
		c.reading.Lock()
		c.reading.Unlock() //nolint:staticcheck // Pause holds it for as long as nothing shall be read
		kind, frame, err := c.conn.ReadMessage()
		if err != nil {
			c.end(goodbye, err)
			return
		}
		switch {
		case kind == websocket.BinaryMessage:
			attachments = append(attachments, frame)
		case len(frame) > 0 && frame[0] == '2':
			if !c.mute {
				c.Text("3" + string(frame[1:]))
			}
			continue
		case len(frame) > 0 && frame[0] == '4':
			if partial, err = parse(string(frame[1:])); err != nil {
				c.end("broken: "+err.Error(), err)
				return
			}
			attachments = nil
			if partial.kind == packetDisconnect {
				goodbye = "disconnect"
			}
		default: // open, noop
			continue
		}
		if len(attachments) == partial.attachments {
			partial.payload = putBinary(partial.payload, attachments)
			c.take(partial)
		}
	}
}

func (c *Client) end(goodbye string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = goodbye
	if closed := new(websocket.CloseError); goodbye == "" && errors.As(err, &closed) {
		c.ended = fmt.Sprint(closed.Code)
	}
	if c.ended == "" {
		c.ended = "lost"
	}
	c.changed.Broadcast()
}

func (c *Client) take(p packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changed.Broadcast()
	list, _ := p.payload.([]any)
	switch {
	case p.kind == packetConnectError:
		c.refused, _ = p.payload.(Fields)
	case (p.kind == packetEvent || p.kind == packetBinaryEvent) && len(list) > 0:
		name, _ := list[0].(string)
		e := event{name: name}
		if len(list) > 1 {
			e.fields, _ = list[1].(Fields)
		}
		c.events = append(c.events, e)
		if c.watch != nil {
			c.watch(e.name, e.fields)
		}
	case (p.kind == packetAck || p.kind == packetBinaryAck) && len(list) > 0:
		answer, _ := list[0].(Fields)
		if c.acks[p.id] != nil {
			c.t.Errorf("acknowledgement %d came twice", p.id)
		}
		c.acks[p.id] = answer
	}
}
