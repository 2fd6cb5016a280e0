package testkit

import (
	"context"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
)

// Front is a load balancer without sticky sessions: each request, a WebSocket's too, goes to the next instance. One that
// does not accept the connection is passed over.
type Front struct {
	URL string

	next atomic.Uint64
}

// NewFront starts a load balancer before gateways. It ends with the test.
func NewFront(t testing.TB, gateways ...string) *Front {
	t.Helper()
	f := &Front{}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		first := f.next.Add(1)
		var wrong []error
		for i := range uint64(len(gateways)) {
			target := strings.TrimPrefix(gateways[(first+i)%uint64(len(gateways))], "http://")
			conn, err := new(net.Dialer).DialContext(ctx, network, target)
			if err == nil {
				return conn, nil
			}
			wrong = append(wrong, err)
		}
		return nil, errors.Join(wrong...)
	}
	proxy := &httputil.ReverseProxy{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true},
		FlushInterval: -1,
		ErrorLog:      stdlog.New(io.Discard, "", 0), // clients that go away
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", r.In.Host, r.In.Host
			r.SetXForwarded()
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	f.URL = server.URL
	return f
}

// Gateway returns the front as something that clients connect to. It is no process.
func (f *Front) Gateway() *Gateway { return &Gateway{URL: f.URL} }
