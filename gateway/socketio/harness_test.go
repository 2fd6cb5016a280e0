package socketio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"corsia/gateway/engineio"
)

// world is a server and its clients on a network in memory, in a bubble of
// synctest.
type world struct {
	t         *testing.T
	server    *Server
	client    *http.Client
	listener  *memoryListener
	malformed []string // what OnMalformed was told; read after synctest.Wait

	mu    sync.Mutex
	conns []*listener
}

// ward is the handler of a namespace: its methods may be replaced.
type ward struct {
	world   *world
	connect func(c *Conn, auth json.RawMessage) error
	event   func(l *listener, e Event)
}

func (h *ward) Connect(c *Conn, auth json.RawMessage) (Listener, error) {
	if h.connect != nil {
		if err := h.connect(c, auth); err != nil {
			return nil, err
		}
	}
	l := &listener{handler: h, conn: c}
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	h.world.conns = append(h.world.conns, l)
	return l, nil
}

// listener records events.
type listener struct {
	handler *ward
	conn    *Conn

	mu     sync.Mutex
	events []string
	closed []string
}

func (l *listener) Event(e Event) {
	l.mu.Lock()
	l.events = append(l.events, fmt.Sprintf("%s(%s)%q", e.Name, e.JoinArgs(), e.Attachments))
	l.mu.Unlock()
	if l.handler.event != nil {
		l.handler.event(l, e)
	}
}

func (l *listener) Closed(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = append(l.closed, reason)
}

func (l *listener) want(events, closed string) {
	l.handler.world.t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := strings.Join(l.events, " "); got != events {
		l.handler.world.t.Errorf("events %s, want %s", got, events)
	}
	if got := strings.Join(l.closed, "; "); got != closed {
		l.handler.world.t.Errorf("closed for %q, want %q", got, closed)
	}
}

// run calls test in a bubble with a server of the namespaces / and /custom.
func run(t *testing.T, opts Options, handler ward, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, listener: newMemoryListener()}
		handler.world = w
		opts.OnMalformed = func(_ string, err error) { w.malformed = append(w.malformed, err.Error()) }
		w.server = NewServer(engineio.Options{}, opts, map[string]Handler{"/": &handler, "/custom": &handler})
		httpServer := &http.Server{Handler: w.server}
		go func() { _ = httpServer.Serve(w.listener) }()
		w.client = &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(context.Context, string, string) (net.Conn, error) { return w.listener.dial() },
		}}
		defer func() {
			if err := w.server.Close(context.Background()); err != nil {
				t.Errorf("close: %v", err)
			}
			_ = httpServer.Close()
		}()
		test(w)
	})
}

// last returns the newest listener.
func (w *world) last() *listener {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.conns[len(w.conns)-1]
}

// ws is a WebSocket client.
type ws struct {
	*websocket.Conn
	t *testing.T
}

// dial opens a transport.
func (w *world) dial() *ws {
	w.t.Helper()
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return w.listener.dial() }}
	c, _, err := dialer.Dial("ws://ward.example/ws/?EIO=4&transport=websocket", http.Header{"Authorization": {"Bearer t"}})
	if err != nil {
		w.t.Fatalf("dial: %v", err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	s := &ws{c, w.t}
	s.read()
	return s
}

// connect opens a transport and connects to the main namespace.
func (w *world) connect() *ws {
	w.t.Helper()
	c := w.dial()
	c.send("40")
	if got := c.read(); !strings.HasPrefix(got, `40{"sid":"`) {
		w.t.Fatalf("read %q", got)
	}
	return c
}

// send sends packets of the Socket.IO protocol, a binary message in brackets.
func (c *ws) send(packets ...string) {
	c.t.Helper()
	for _, p := range packets {
		kind, data := websocket.TextMessage, []byte(p)
		if strings.HasPrefix(p, "[") {
			kind, data = websocket.BinaryMessage, []byte(p[1:len(p)-1])
		}
		if err := c.WriteMessage(kind, data); err != nil {
			c.t.Fatalf("send %q: %v", p, err)
		}
	}
}

// read returns the next message but pings, a binary one in brackets, or how the
// connection ended: "close CODE" or "lost".
func (c *ws) read() string {
	kind, data, err := c.ReadMessage()
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		return fmt.Sprintf("close %d", closed.Code)
	case err != nil:
		return "lost"
	case kind == websocket.BinaryMessage:
		return "[" + string(data) + "]"
	case string(data) == "2":
		c.send("3")
		return c.read()
	default:
		return string(data)
	}
}

func (c *ws) want(messages ...string) {
	c.t.Helper()
	for _, want := range messages {
		if got := c.read(); got != want {
			c.t.Fatalf("read %q, want %q", got, want)
		}
	}
}

// poller is a client that polls.
type poller struct {
	w   *world
	url string
}

func (w *world) poll() *poller {
	p := &poller{w, "http://ward.example/ws/?EIO=4&transport=polling"}
	var open struct{ SID string }
	if err := json.Unmarshal([]byte(p.get()[1:]), &open); err != nil {
		w.t.Fatal(err)
	}
	p.url += "&sid=" + open.SID
	return p
}

func (p *poller) get() string {
	res, err := p.w.client.Get(p.url)
	return p.body(res, err)
}

func (p *poller) post(payload string) string {
	res, err := p.w.client.Post(p.url, "text/plain", strings.NewReader(payload))
	return p.body(res, err)
}

func (p *poller) body(res *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return string(body)
}

func sleep(d time.Duration) {
	time.Sleep(d) // in a bubble: until everybody waits
	synctest.Wait()
}

// memoryListener accepts connections that dial makes.
type memoryListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memoryListener) dial() (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
