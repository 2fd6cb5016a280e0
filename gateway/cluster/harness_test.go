package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/gateway/engineio"
	"corsia/shared/collab"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

// patience is that of the tests' forwarders: more than any of their polls lasts.
const patience = 10 * time.Second

// book are the addresses of instances.
type book struct {
	mu   sync.Mutex
	addr map[collab.InstanceID]string
}

func (b *book) Lookup(_ context.Context, id collab.InstanceID) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	addr, found := b.addr[id]
	return addr, found
}

func (b *book) set(id collab.InstanceID, addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addr[id] = addr
}

// node is an instance: an Engine.IO server behind the forwarder, on a real port.
type node struct {
	t       *testing.T
	forward *Forwarder
	server  *httptest.Server
	sockets *engineio.Server
	opened  chan *echo
	arrived chan string // methods of the requests that reached the sockets, the first of them
}

// echo is a receiver that sends everything back.
type echo struct {
	socket *engineio.Socket
	got    chan string
	gone   chan string
}

func (e *echo) Receive(m engineio.Message) {
	select {
	case e.got <- string(m.Data):
	default: // nobody looks
	}
	e.socket.Send(engineio.Encode(m))
}

func (e *echo) Closed(reason string) { e.gone <- reason }

// start starts an instance and writes it into the book.
func start(t *testing.T, b *book, id collab.InstanceID, change ...func(*ForwarderOptions)) *node {
	t.Helper()
	n := &node{t: t, opened: make(chan *echo, 8), arrived: make(chan string, 8)}
	o := ForwarderOptions{
		Instance: id, Key: testKey, Addresses: b, Patience: patience, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Address: func(r *http.Request) string { return r.Header.Get("X-Client") },
	}
	for _, c := range change {
		c(&o)
	}
	var err error
	if n.forward, err = NewForwarder(o); err != nil {
		t.Fatal(err)
	}
	n.sockets = engineio.NewServer(engineio.Options{
		SessionID: NewSessionID(id), ClientAddress: n.forward.ClientAddress,
		AllowOrigin: engineio.SameOrigin,
	}, func(s *engineio.Socket) engineio.Receiver {
		e := &echo{socket: s, got: make(chan string, 8), gone: make(chan string, 1)}
		n.opened <- e
		return e
	})
	n.server = httptest.NewServer(n.forward.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case n.arrived <- r.Method:
		default: // nobody looks
		}
		n.sockets.ServeHTTP(w, r)
	})))
	b.set(id, n.server.Listener.Addr().String())
	t.Cleanup(func() {
		n.forward.Close()
		_ = n.sockets.Close(t.Context()) // which is over: nobody waits for those that do not poll
		n.server.Close()
	})
	return n
}

// pair starts two instances that know each other.
func pair(t *testing.T, change ...func(*ForwarderOptions)) (a, b *node) {
	t.Helper()
	addresses := &book{addr: map[collab.InstanceID]string{}}
	return start(t, addresses, "gateway-a", change...), start(t, addresses, "gateway-b", change...)
}

// answer is what a request got.
type answer struct {
	status int
	body   string
	header http.Header
}

func (n *node) request(method, query, body string) *http.Request {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.server.URL+"/ws/?EIO=4&"+query, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	req.Host = "ward.example"
	req.Header.Set("Origin", "https://ward.example")
	req.Header.Set("X-Client", "192.0.2.7")
	return req
}

func (n *node) do(req *http.Request) answer {
	n.t.Helper()
	res, err := n.server.Client().Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return answer{res.StatusCode, string(body), res.Header}
}

func (n *node) get(query string) answer        { return n.do(n.request(http.MethodGet, query, "")) }
func (n *node) post(query, body string) answer { return n.do(n.request(http.MethodPost, query, body)) }

// open opens a polling session and returns the query of its further requests, and its receiver.
func (n *node) open() (query string, e *echo) {
	n.t.Helper()
	a := n.get("transport=polling")
	var handshake struct {
		SID string `json:"sid"`
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(a.body, "0")), &handshake); err != nil || a.status != http.StatusOK {
		n.t.Fatalf("handshake: %d %s", a.status, a.body)
	}
	return "transport=polling&sid=" + handshake.SID, <-n.opened
}

func wantAnswer(t *testing.T, a answer, status int, body string) {
	t.Helper()
	if a.status != status || a.body != body {
		t.Fatalf("answer %d %.200s, want %d %.200s", a.status, a.body, status, body)
	}
}

const unknownSession = `{"code":1,"message":"Session ID unknown"}`

func wantUnknown(t *testing.T, a answer) {
	t.Helper()
	wantAnswer(t, a, http.StatusBadRequest, unknownSession)
	wantHeader(t, a, "Access-Control-Allow-Origin", "https://ward.example")
}

func wantHeader(t *testing.T, a answer, name string, want ...string) {
	t.Helper()
	if got := a.header.Values(name); !slices.Equal(got, want) {
		t.Fatalf("%s is %q, want %q", name, got, want)
	}
}

// within receives from a channel, or fails the test.
func within[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing of %s", what)
		panic("unreachable")
	}
}

// pipes is a listener whose connections are in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, errors.New("closed")
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	server, client := net.Pipe()
	p.conns <- server
	return client
}
