package engineio

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// world is a server and its clients on a network in memory, in a bubble of
// synctest: time passes when everybody waits.
type world struct {
	t      *testing.T
	server *Server
	client *http.Client
	dial   func() (net.Conn, error)
	writes *atomic.Int64 // by the server

	mu        sync.Mutex
	receivers []*receiver
}

// receiver records what it gets, and echoes messages.
type receiver struct {
	socket *Socket
	world  *world
	quiet  bool                    // does not echo
	hold   func(*receiver, string) // called with each message

	mu     sync.Mutex
	got    []string // binary messages in brackets
	closed []string
}

func (r *receiver) Receive(m Message) {
	text := string(m.Data)
	if m.Binary {
		text = "[" + text + "]"
	}
	r.mu.Lock()
	r.got = append(r.got, text)
	r.mu.Unlock()
	if r.hold != nil {
		r.hold(r, text)
	}
	if !r.quiet {
		r.socket.Send(Encode(m))
	}
}

func (r *receiver) Closed(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = append(r.closed, reason)
}

func (r *receiver) received() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.got, " ")
}

func (r *receiver) reason() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.closed, "; ")
}

// run calls test in a bubble with a server of the given options.
func run(t *testing.T, opts Options, test func(*world)) {
	runWith(t, opts, func(*receiver) {}, test)
}

// runWith calls setup for each new receiver.
func runWith(t *testing.T, opts Options, setup func(*receiver), test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := newMemoryListener()
		w := &world{t: t, dial: listener.dial, writes: &listener.writes}
		w.server = NewServer(opts, func(s *Socket) Receiver {
			r := &receiver{socket: s, world: w}
			setup(r)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.receivers = append(w.receivers, r)
			return r
		})
		httpServer := &http.Server{Handler: w.server}
		go func() { _ = httpServer.Serve(listener) }()
		w.client = &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(context.Context, string, string) (net.Conn, error) { return listener.dial() },
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

// last returns the receiver of the newest socket.
func (w *world) last() *receiver {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.receivers[len(w.receivers)-1]
}

const pollingQuery = "?EIO=4&transport=polling"

// answer is what an HTTP request got; status 0 without an answer.
type answer struct {
	status int
	body   string
	header http.Header
}

func (w *world) do(req *http.Request) answer {
	res, err := w.client.Do(req)
	if err != nil {
		return answer{}
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return answer{res.StatusCode, string(body), res.Header}
}

func (w *world) request(method, query, body string) answer {
	return w.do(httptestRequest(method, query, strings.NewReader(body)))
}

func httptestRequest(method, query string, body io.Reader) *http.Request {
	req := httptest.NewRequest(method, "http://ward.example/ws/"+query, body)
	req.RequestURI = ""
	return req
}

func (w *world) get(sid string) answer { return w.request("GET", pollingQuery+"&sid="+sid, "") }

func (w *world) post(sid, body string) answer {
	return w.request("POST", pollingQuery+"&sid="+sid, body)
}

// goGet sends a GET and returns when it waits.
func (w *world) goGet(sid string) <-chan answer {
	got := make(chan answer, 1)
	go func() { got <- w.get(sid) }()
	synctest.Wait()
	return got
}

// open opens a polling session.
func (w *world) open() (sid string) {
	w.t.Helper()
	a := w.request("GET", pollingQuery, "")
	if a.status != http.StatusOK || !strings.HasPrefix(a.body, "0{") {
		w.t.Fatalf("handshake: %+v", a)
	}
	return sidOf(w.t, a.body)
}

func sidOf(t *testing.T, packet string) string {
	t.Helper()
	var open struct{ SID string }
	if err := json.Unmarshal([]byte(packet[1:]), &open); err != nil {
		t.Fatalf("open packet %q: %v", packet, err)
	}
	return open.SID
}

// ws is a WebSocket client.
type ws struct {
	*websocket.Conn
	t   *testing.T
	sid string
}

// openWS opens a session without polling.
func (w *world) openWS() *ws {
	w.t.Helper()
	c := w.connect("")
	c.sid = sidOf(w.t, c.read())
	return c
}

// connect opens a WebSocket, for the session of that id unless it is empty.
func (w *world) connect(sid string) *ws {
	w.t.Helper()
	query := "?EIO=4&transport=websocket"
	if sid != "" {
		query += "&sid=" + sid
	}
	c, _, err := w.dialWS(query, nil)
	if err != nil {
		w.t.Fatalf("dial: %v", err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	return &ws{Conn: c, t: w.t, sid: sid}
}

func (w *world) dialWS(query string, header http.Header) (*websocket.Conn, *http.Response, error) {
	dialer := websocket.Dialer{
		NetDial:           func(string, string) (net.Conn, error) { return w.dial() },
		EnableCompression: true, // offered, and refused
	}
	return dialer.Dial("ws://ward.example/ws/"+query, header)
}

func (c *ws) send(text string) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatalf("send %q: %v", text, err)
	}
}

func (c *ws) sendBinary(data string) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.BinaryMessage, []byte(data)); err != nil {
		c.t.Fatalf("send binary: %v", err)
	}
}

// read returns the next message, a binary one in brackets, or how the
// connection ended: "close CODE" or "lost".
func (c *ws) read() string {
	kind, data, err := c.ReadMessage()
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		return "close " + closeName(closed.Code)
	case err != nil:
		return "lost"
	case kind == websocket.BinaryMessage:
		return "[" + string(data) + "]"
	default:
		return string(data)
	}
}

func closeName(code int) string {
	names := map[int]string{
		CloseNormal: "normal", CloseProtocolError: "protocol", CloseNotUTF8: "utf8", ClosePolicy: "policy",
		CloseTooLarge: "large", CloseServiceRestart: "restart", CloseTryAgainLater: "later",
	}
	return names[code]
}

// want reads and compares.
func (c *ws) want(messages ...string) {
	c.t.Helper()
	for _, want := range messages {
		if got := c.read(); got != want {
			c.t.Fatalf("read %.80q, want %.80q", got, want)
		}
	}
}

// memoryListener accepts connections that dial makes.
type memoryListener struct {
	conns  chan net.Conn
	done   chan struct{}
	once   sync.Once
	writes atomic.Int64 // by the server
}

// countingConn counts its writes.
type countingConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countingConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memoryListener) dial() (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- countingConn{far, &l.writes}:
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

func wantAnswer(t *testing.T, got answer, status int, body string) {
	t.Helper()
	if got.status != status || got.body != body {
		t.Fatalf("answer %d %.200q, want %d %.200q", got.status, got.body, status, body)
	}
}

const (
	badRequest = `{"code":3,"message":"Bad request"}`
	unknownID  = `{"code":1,"message":"Session ID unknown"}`
)

// wantReason waits until nothing moves and compares the reason of closing.
func (r *receiver) wantReason(want string) {
	r.world.t.Helper()
	synctest.Wait()
	if got := r.reason(); got != want {
		r.world.t.Fatalf("closed for %q, want %q", got, want)
	}
}

func sleep(d time.Duration) {
	time.Sleep(d) // in a bubble: until everybody waits
	synctest.Wait()
}
