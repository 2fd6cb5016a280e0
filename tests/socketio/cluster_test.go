//go:build integration

package socketio_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"corsia/gateway/cluster"
	"corsia/gateway/engineio"
	"corsia/gateway/socketio"
	"corsia/shared/collab"
)

// addresses are those of the instances, which do not change.
type addresses map[collab.InstanceID]string

func (a addresses) Lookup(_ context.Context, id collab.InstanceID) (string, bool) {
	addr, found := a[id]
	return addr, found
}

// front gives one request to the first instance and the next to the second, whatever it is of.
type front struct {
	t         *testing.T
	instances []collab.InstanceID
	proxies   []*httputil.ReverseProxy
	turn      atomic.Int64
	strayed   atomic.Int64 // requests that came to the wrong instance
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(f.turn.Add(1)) % len(f.proxies)
	if id, named := cluster.ParseSessionID(r.URL.Query().Get("sid")); named && id != f.instances[n] {
		f.strayed.Add(1)
	}
	f.proxies[n].ServeHTTP(w, r)
}

func (f *front) add(id collab.InstanceID, addr string) {
	f.instances = append(f.instances, id)
	f.proxies = append(f.proxies, &httputil.ReverseProxy{
		ErrorLog: log.New(io.Discard, "", 0),
		Rewrite:  func(p *httputil.ProxyRequest) { p.SetURL(&url.URL{Scheme: "http", Host: addr}) },
		ModifyResponse: func(res *http.Response) error {
			if res.StatusCode >= http.StatusBadRequest {
				f.t.Errorf("%s %s is answered %d", res.Request.Method, res.Request.URL.Query().Get("transport"), res.StatusCode)
			}
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil { // the client waits for an answer
				f.t.Errorf("%s: %v", r.Method, err)
			}
		},
	})
}

func TestUnmodifiedClientOfTwoInstancesInTurn(t *testing.T) { // C3
	install(t)
	scenarios := []string{"binary", "bigPayloads", "order", "heartbeats"}
	for _, transports := range []string{"polling", "polling,websocket"} {
		for _, scenario := range scenarios {
			t.Run(transports+" "+scenario, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), scenarioTimeout)
				defer cancel()
				options := engineio.Options{MaxOutboxBytes: 8 << 20}
				if scenario == "heartbeats" {
					options.PingInterval, options.PingTimeout = 300*time.Millisecond, 250*time.Millisecond
				}
				f := startInstances(t, options)
				entrance := httptest.NewServer(f)
				defer entrance.Close()
				cmd := exec.CommandContext(ctx, "node", "scenarios.mjs", scenario, entrance.URL, transports)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if f.strayed.Load() == 0 {
					t.Error("no request came to the wrong instance")
				}
			})
		}
	}
}

// startInstances starts two instances that pass requests on to each other, and returns the front before them.
func startInstances(t *testing.T, options engineio.Options) *front {
	t.Helper()
	known, f := addresses{}, &front{t: t}
	for _, id := range []collab.InstanceID{"gateway-1", "gateway-2"} {
		s := &server{t: t, options: options}
		forward, err := cluster.NewForwarder(cluster.ForwarderOptions{Instance: id, Key: bytes.Repeat([]byte("k"), 32), Addresses: known,
			Address: func(r *http.Request) string { return r.RemoteAddr }, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		options.SessionID, options.ClientAddress = cluster.NewSessionID(id), forward.ClientAddress
		s.sockets = socketio.NewServer(options, socketio.Options{}, map[string]socketio.Handler{"/": s, "/custom": s})
		listening := httptest.NewServer(forward.Handler(s.sockets))
		known[id] = listening.Listener.Addr().String()
		f.add(id, known[id])
		t.Cleanup(func() {
			forward.Close()
			_ = s.sockets.Close(t.Context()) // which is over: those that do not poll are cut off
			listening.Close()
		})
	}
	return f
}
