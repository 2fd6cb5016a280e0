package engineio

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

const defaultOpen = `,"pingInterval":30000,"pingTimeout":30000,"maxPayload":1048576}`

func TestHandshakeTellsIDUpgradesAndHeartbeat(t *testing.T) {
	run(t, Options{}, func(w *world) {
		a := w.request("GET", pollingQuery, "")
		want := `0{"sid":"` + sidOf(t, a.body) + `","upgrades":["websocket"]` + defaultOpen
		wantAnswer(t, a, http.StatusOK, want)
		if got := a.header.Get("Content-Type"); got != "text/plain; charset=UTF-8" {
			t.Errorf("content type %q", got)
		}
		c := w.connect("")
		packet := c.read()
		if want := `0{"sid":"` + sidOf(t, packet) + `","upgrades":[]` + defaultOpen; packet != want {
			t.Errorf("open packet %q, want %q", packet, want)
		}
		if got := w.server.Len(); got != 2 {
			t.Errorf("%d sockets, want 2", got)
		}
	})
}

func TestWrongRequestsAreRefusedWithTheProtocolsCode(t *testing.T) {
	tests := []struct {
		name, method, query string
		want                string
	}{
		{"no version", "GET", "?transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
		{"version 3", "GET", "?EIO=3&transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
		{"version abc", "GET", "?EIO=abc&transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
		{"no transport", "GET", "?EIO=4", `{"code":0,"message":"Transport unknown"}`},
		{"unknown transport", "GET", "?EIO=4&transport=abc", `{"code":0,"message":"Transport unknown"}`},
		{"handshake by POST", "POST", pollingQuery, `{"code":2,"message":"Bad handshake method"}`},
		{"handshake by PUT", "PUT", pollingQuery, `{"code":2,"message":"Bad handshake method"}`},
		{"WebSocket without upgrade", "GET", "?EIO=4&transport=websocket", badRequest},
		{"GET of an unknown session", "GET", pollingQuery + "&sid=x", unknownID},
		{"GET of an empty session", "GET", pollingQuery + "&sid=", unknownID},
		{"POST to an unknown session", "POST", pollingQuery + "&sid=x", unknownID},
		{"upgrade of an unknown session", "GET", "?EIO=4&transport=websocket&sid=x", unknownID},
	}
	run(t, Options{}, func(w *world) {
		for _, tt := range tests {
			wantAnswer(t, w.request(tt.method, tt.query, ""), http.StatusBadRequest, tt.want)
		}
		wantAnswer(t, w.request("PUT", pollingQuery+"&sid="+w.open(), ""), http.StatusBadRequest, `{"code":2,"message":"Bad handshake method"}`)
		if _, res, err := w.dialWS("?transport=websocket", nil); err == nil || res.StatusCode != http.StatusBadRequest {
			t.Errorf("WebSocket without version: %v", err)
		}
	})
}

// C9: origins are checked alike on polling and on the WebSocket handshake.
func TestOriginIsCheckedOnEveryTransport(t *testing.T) {
	allowList := func(_ *http.Request, origin string) bool { return origin == "https://emr.example" }
	tests := []struct {
		name, origin string
		allow        func(*http.Request, string) bool
		want         bool
	}{
		{"no origin", "", allowList, true},
		{"listed", "https://emr.example", allowList, true},
		{"other scheme", "http://emr.example", allowList, false},
		{"prefix", "https://emr.example.evil", allowList, false},
		{"own origin is not listed", "http://ward.example", allowList, false},
		{"default, own", "http://ward.example", nil, true},
		{"default, other", "http://emr.example", nil, false},
		{"default, null", "null", nil, false},
		{"default, nonsense", "http://%zz", nil, false},
	}
	for _, tt := range tests {
		run(t, Options{AllowOrigin: tt.allow}, func(w *world) {
			header := http.Header{}
			if tt.origin != "" {
				header.Set("Origin", tt.origin)
			}
			req := httptestRequest("GET", pollingQuery, nil)
			req.Header = header
			a := w.do(req)
			if got := a.status == http.StatusOK; got != tt.want {
				t.Errorf("%s: polling answered %d", tt.name, a.status)
			}
			if got := a.header.Get("Access-Control-Allow-Origin"); tt.want && got != tt.origin {
				t.Errorf("%s: allows origin %q", tt.name, got)
			}
			if got := a.header.Get("Vary"); got != "Origin" {
				t.Errorf("%s: varies by %q", tt.name, got)
			}
			c, res, err := w.dialWS("?EIO=4&transport=websocket", header)
			if got := err == nil; got != tt.want {
				t.Errorf("%s: WebSocket: %v", tt.name, err)
			}
			if err != nil && res.StatusCode != http.StatusForbidden {
				t.Errorf("%s: WebSocket answered %d", tt.name, res.StatusCode)
			}
			if err == nil {
				_ = c.Close()
			}
		})
	}
}

func TestPreflightAllowsWhatTheClientAsksFor(t *testing.T) {
	run(t, Options{AllowOrigin: func(*http.Request, string) bool { return true }}, func(w *world) {
		req := httptestRequest("OPTIONS", pollingQuery, nil)
		req.Header.Set("Origin", "https://emr.example")
		req.Header.Set("Access-Control-Request-Headers", "authorization")
		a := w.do(req)
		wantAnswer(t, a, http.StatusNoContent, "")
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin":      "https://emr.example",
			"Access-Control-Allow-Credentials": "true",
			"Access-Control-Allow-Methods":     "GET, POST",
			"Access-Control-Allow-Headers":     "authorization",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}

func TestAdmitRefusesNewSessionsAlone(t *testing.T) {
	var refusal error
	run(t, Options{Admit: func(*http.Request) error { return refusal }}, func(w *world) {
		sid := w.open()
		refusal = errors.New("draining")
		wantAnswer(t, w.request("GET", pollingQuery, ""), http.StatusServiceUnavailable, `{"code":4,"message":"draining"}`)
		if _, res, err := w.dialWS("?EIO=4&transport=websocket", nil); err == nil || res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("WebSocket: %v", err)
		}
		refusal = &Refusal{Status: http.StatusTooManyRequests, Message: "too many", RetryAfter: 1500 * time.Millisecond}
		a := w.request("GET", pollingQuery, "")
		wantAnswer(t, a, http.StatusTooManyRequests, `{"code":4,"message":"too many"}`)
		if got := a.header.Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After %q, want 2", got)
		}
		wantAnswer(t, w.post(sid, "4hello"), http.StatusOK, "ok")
	})
}

func TestHandshakeIsRememberedAndAuthorizationForgotten(t *testing.T) {
	opts := Options{ClientAddress: func(r *http.Request) string { return r.Header.Get("X-Forwarded-For") }}
	run(t, opts, func(w *world) {
		req := httptestRequest("GET", pollingQuery, nil)
		req.Header.Set("X-Forwarded-For", "192.0.2.7")
		req.Header.Set("Authorization", "Bearer token")
		req.Header.Set("User-Agent", "widget")
		req.Header.Set("Origin", "http://ward.example")
		w.do(req)
		socket := w.last().socket
		want := Handshake{RemoteAddr: "192.0.2.7", Origin: "http://ward.example", UserAgent: "widget", Authorization: "Bearer token"}
		if got := socket.Handshake(); got != want {
			t.Errorf("handshake %+v, want %+v", got, want)
		}
		socket.ForgetAuthorization()
		want.Authorization = ""
		if got := socket.Handshake(); got != want {
			t.Errorf("handshake %+v, want %+v", got, want)
		}
	})
}

func TestAddressIsThatOfThePeerByDefault(t *testing.T) {
	for remote, want := range map[string]string{"192.0.2.1:4711": "192.0.2.1", "[2001:db8::1]:80": "2001:db8::1", "pipe": "pipe"} {
		if got := peerAddress(&http.Request{RemoteAddr: remote}); got != want {
			t.Errorf("%s: %q, want %q", remote, got, want)
		}
	}
}

func TestIDsDifferAndFitAQuery(t *testing.T) {
	a, b := NewID(), NewID()
	if a == b || len(a) != 20 || strings.ContainsAny(a+b, "+/=&") {
		t.Errorf("ids %q and %q", a, b)
	}
}

func TestSessionIDCanBeChosen(t *testing.T) {
	run(t, Options{SessionID: func() string { return "gw1.abc" }}, func(w *world) {
		if sid := w.open(); sid != "gw1.abc" || w.last().socket.ID() != sid {
			t.Errorf("session id %q", sid)
		}
	})
}
