package httpapi

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnswersThatAreNoSocketsHaveTheGuardingHeaders(t *testing.T) { // ASVS 14.4
	for _, production := range []bool{false, true} {
		s := newSite(t, production)
		for _, target := range []string{"/health", "/metrics", "/collab-sdk.js", "/demo/demo.css", "/demo/", "/token", "/nothing", "/api/recovery"} {
			w := s.get("GET", target, nil)
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Strict-Transport-Security": ""} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s (production %v): %s %q, want %q", target, production, name, got, want)
				}
			}
			policy := w.Header().Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors") || !strings.Contains(policy, "base-uri 'none'") {
				t.Errorf("%s (production %v): policy %q", target, production, policy)
			}
		}
		w := s.get("GET", "/health", func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") })
		if got := w.Header().Get("Strict-Transport-Security"); got != strictTransport {
			t.Errorf("by TLS: %q", got)
		}
	}
}

// silent is a connection of which one side sends what it is told and then nothing more.
func silent(t *testing.T, h http.Handler, request string) (held time.Duration) {
	t.Helper()
	ours, theirs := net.Pipe()
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(&one{conn: theirs, done: make(chan struct{})}) }()
	defer server.Close()
	began := time.Now()
	go func() { _, _ = io.WriteString(ours, request) }()
	_, _ = io.Copy(io.Discard, ours)
	return time.Since(began)
}

// one is a listener of one connection.
type one struct {
	conn net.Conn
	done chan struct{}
}

func (l *one) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

func (l *one) Close() error   { close(l.done); return nil }
func (l *one) Addr() net.Addr { return &net.TCPAddr{} }

func TestABodyThatNobodyReadsAndThatNeverComesIsNotWaitedFor(t *testing.T) { // ASVS 11.1.4
	synctest.Test(t, func(t *testing.T) {
		h := guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
		if held := silent(t, h, "POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx"); held < bodyTimeout || held > bodyTimeout+2*time.Second {
			t.Errorf("the connection was held for %v", held)
		}
	})
}

func TestAnAnswerThatNobodyReadsIsGivenUp(t *testing.T) { // ASVS 11.1.4
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan time.Duration, 1)
		h := guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			began := time.Now()
			_, err := w.Write(make([]byte, 1<<20))
			if err == nil {
				t.Error("a megabyte was written to nobody")
			}
			ended <- time.Since(began)
		}))
		ours, theirs := net.Pipe()
		defer ours.Close()
		server := &http.Server{Handler: h}
		go func() { _ = server.Serve(&one{conn: theirs, done: make(chan struct{})}) }()
		defer server.Close()
		if _, err := io.WriteString(ours, "GET /collab-sdk.js HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if held := <-ended; held != answerTimeout {
			t.Errorf("it was held for %v", held)
		}
	})
}

func TestOtherBodiesOfTheTokenPageAreBounded(t *testing.T) { // ASVS 12.1.1
	s := newSite(t, false)
	form := httptest.NewRequest("POST", "/token", strings.NewReader("name="+strings.Repeat("x", maxPushBody)+"&user=usr_1"))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	form.RemoteAddr, form.Host = "127.0.0.1:4711", "127.0.0.1:8080"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, form)
	if strings.Contains(w.Body.String(), "<textarea") {
		t.Error("a form of more than its bound made a token")
	}
}
