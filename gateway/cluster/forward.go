package cluster

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Addresses tell where an instance is.
type Addresses interface {
	Lookup(ctx context.Context, id collab.InstanceID) (addr string, found bool)
}

// ForwarderOptions configures a Forwarder.
type ForwarderOptions struct {
	Instance  collab.InstanceID
	Key       []byte // CLUSTER_KEY, at least 32 bytes, the same on all instances
	Addresses Addresses
	Address   func(*http.Request) string // of the client, when the request comes from outside
	// Patience bounds the time until another instance answers: more than a long poll lasts, which is a ping interval. 0:
	// DefaultPatience.
	Patience time.Duration
	Log      *slog.Logger
	Now      func() time.Time
}

// DefaultPatience is the longest that a peer may be silent (SPEC C2): then its client has given it up.
const DefaultPatience = 60 * time.Second

const (
	maxBodyBytes    = 1 << 20 // as the transport takes (SPEC C2)
	bodyTimeout     = 30 * time.Second
	connectTimeout  = 2 * time.Second
	writeTimeout    = 10 * time.Second // for what is written to a client at once, at most 32 KiB
	maxIdlePerPeer  = 64
	idleConnTimeout = 30 * time.Second // shorter than that of the instances' servers, which would break a request off
)

// Forwarder passes requests of sessions that live on another instance on to it, and takes those that others pass on.
type Forwarder struct {
	// Set by NewForwarder, never changed.
	ForwarderOptions
	transport *http.Transport
	active    sync.WaitGroup // requests that are passed on

	// Guarded by mu.
	mu      sync.Mutex
	cancels map[*http.Request]context.CancelFunc // of those requests
	closed  bool
}

// NewForwarder returns a forwarder. The owner calls Close.
func NewForwarder(o ForwarderOptions) (*Forwarder, error) {
	if len(o.Key) < minKeyBytes {
		return nil, errKeyShort
	}
	o.Patience = cmp.Or(o.Patience, DefaultPatience)
	return &Forwarder{
		ForwarderOptions: o,
		transport: &http.Transport{ // no Proxy: the environment's is for the world outside
			DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout:   connectTimeout,
			ResponseHeaderTimeout: o.Patience,
			MaxIdleConnsPerHost:   maxIdlePerPeer,
			IdleConnTimeout:       idleConnTimeout,
			DisableCompression:    true, // an answer passes as it is
		},
		cancels: map[*http.Request]context.CancelFunc{},
	}, nil
}

// addressKey is the context key of a client's address that another instance told.
type addressKey struct{}

// ClientAddress returns the client's address: as the instance that passed the request on told it, or as Address tells.
func (f *Forwarder) ClientAddress(r *http.Request) string {
	if address, ok := r.Context().Value(addressKey{}).(string); ok {
		return address
	}
	return f.Address(r)
}

// Handler returns next with the forwarder before it. Next answers for the sessions of this instance, and refuses those that
// nobody has: it knows the form of such a refusal.
func (f *Forwarder) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isForwarded(r.Header) {
			f.receive(w, r, next) // and not passed on again, wherever its session id points
			return
		}
		id, named := ParseSessionID(r.URL.Query().Get("sid"))
		if !named || id == f.Instance || r.Method != http.MethodGet && r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		addr, found := f.Addresses.Lookup(r.Context(), id)
		if !found {
			next.ServeHTTP(w, r)
			return
		}
		f.forward(w, r, peer{id, addr}, next)
	})
}

// receive serves a request that another instance passed on, if one did.
func (f *Forwarder) receive(w http.ResponseWriter, r *http.Request, next http.Handler) {
	from, mac, err := claim(r.Header, f.Instance, f.Now())
	if err != nil {
		f.forbid(w, r, err)
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	if err := from.verify(f.Key, mac, r.Method, r.RequestURI, body); err != nil {
		f.forbid(w, r, err)
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), addressKey{}, from.address))
	unsigned(r.Header)
	if len(body) > 0 {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	next.ServeHTTP(w, r)
}

func (f *Forwarder) forbid(w http.ResponseWriter, r *http.Request, err error) {
	f.Log.Warn("cluster: a request that no instance passed on", slog.String(obs.KeyAddress, f.Address(r)), obs.Err(err))
	refuse(w, http.StatusForbidden, `{"code":4,"message":"Forbidden"}`)
}

// peer is another instance.
type peer struct {
	id   collab.InstanceID
	addr string
}

// forward passes a request on. When there is no answer, whatever the cause, the session is unknown: a Socket.IO client
// gives a session up after any failed request and opens another, so no status would serve it better, while proxies repeat
// requests that failed with 502 to 504, and a POST that may have been received must not be repeated.
func (f *Forwarder) forward(w http.ResponseWriter, r *http.Request, to peer, next http.Handler) {
	target, err := to.url()
	if err != nil {
		f.unreachable(to, err)
		next.ServeHTTP(w, r)
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	original := r
	r = r.WithContext(ctx)
	if !f.begin(r, cancel) {
		next.ServeHTTP(w, original)
		return
	}
	defer f.end(r)
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	guarded := &guardedWriter{w, http.NewResponseController(w)}
	defer guarded.release()
	said := forwarding{to: to.id, address: f.Address(r), at: f.Now()}
	proxy := &httputil.ReverseProxy{
		Transport: f.transport, FlushInterval: -1, ErrorLog: noLog,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = target.Scheme, target.Host // and Out.Host stays: the origin is compared with it
			said.sign(p.Out.Header, f.Key, p.Out.Method, p.Out.URL.RequestURI(), body)
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) {
			if original.Context().Err() != nil {
				return // the client is gone
			}
			f.unreachable(to, err)
			next.ServeHTTP(w, original)
		},
	}
	proxy.ServeHTTP(guarded, r)
}

var noLog = log.New(io.Discard, "", 0) // an answer that breaks off ends the session, which its instance notices

func (f *Forwarder) unreachable(to peer, err error) {
	f.Log.Warn("cluster: pass a request on", obs.Instance(to.id), obs.Err(err))
}

// url returns where a peer is: host:port means HTTP.
func (p peer) url() (*url.URL, error) {
	addr := p.addr
	if !strings.Contains(addr, "://") {
		addr = "http://" + addr
	}
	u, err := url.Parse(addr)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("address of instance %s is neither host:port nor a URL", p.id)
	}
	return u, nil
}

// begin counts a request that is passed on; it fails when the forwarder is closed.
func (f *Forwarder) begin(r *http.Request, cancel context.CancelFunc) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.cancels[r] = cancel
	f.active.Add(1)
	return true
}

func (f *Forwarder) end(r *http.Request) {
	f.mu.Lock()
	delete(f.cancels, r)
	f.mu.Unlock()
	f.active.Done()
}

// Close breaks off what is passed on, WebSockets too, which the HTTP server does not know any more, and waits for its end.
// The clients come back through another instance.
func (f *Forwarder) Close() {
	f.mu.Lock()
	f.closed = true
	for _, cancel := range f.cancels {
		cancel()
	}
	f.mu.Unlock()
	f.active.Wait()
	f.transport.CloseIdleConnections()
}

// readBody returns the body of a request; when it cannot be had, the request has been answered.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, true
	}
	var body []byte
	err := errTooLarge
	if r.ContentLength <= maxBodyBytes {
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // not every writer has one
		body, err = io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
		_ = control.SetReadDeadline(time.Time{})
	}
	switch {
	case errors.Is(err, errTooLarge) || len(body) > maxBodyBytes:
		w.Header().Set("Connection", "close") // the rest of the body is not read
		refuse(w, http.StatusRequestEntityTooLarge, badRequest)
	case err != nil:
		refuse(w, http.StatusBadRequest, badRequest)
	default:
		return body, true
	}
	return nil, false
}

var errTooLarge = errors.New("body is too large")

const badRequest = `{"code":3,"message":"Bad request"}` // as Engine.IO says it

func refuse(w http.ResponseWriter, status int, body string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the client may be gone, nothing depends on it
}

// guardedWriter bounds each write to a client: one that does not read ends, and holds nothing here.
type guardedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

// Unwrap is for http.ResponseController.
func (g *guardedWriter) Unwrap() http.ResponseWriter { return g.ResponseWriter }

func (g *guardedWriter) Write(p []byte) (int, error) {
	_ = g.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // not every writer has one
	return g.ResponseWriter.Write(p)
}

// release leaves the connection to the next request.
func (g *guardedWriter) release() { _ = g.control.SetWriteDeadline(time.Time{}) }

// Hijack hands the connection of a WebSocket over, guarded likewise.
func (g *guardedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := g.control.Hijack()
	if err != nil {
		return nil, nil, err
	}
	return guardedConn{conn}, rw, nil
}

// guardedConn bounds each write. It cannot be closed for writing alone: when the instance has hung up, nobody waits for
// the client to do so as well.
type guardedConn struct{ net.Conn }

func (c guardedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
