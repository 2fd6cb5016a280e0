package cluster

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"corsia/shared/collab"
)

func TestAPollingSessionGoesOnThroughAnotherInstance(t *testing.T) { // C3
	a, b := pair(t)
	query, session := a.open()
	for _, via := range []*node{b, a, b} {
		wantAnswer(t, via.post(query, "4hello"), http.StatusOK, "ok")
		wantAnswer(t, via.get(query), http.StatusOK, "4hello")
	}
	if got := session.socket.Handshake().RemoteAddr; got != "192.0.2.7" {
		t.Fatalf("client's address %q", got)
	}
}

func TestAPassedOnAnswerHasTheHeadersOfItsInstanceOnce(t *testing.T) { // C3, C9
	a, b := pair(t)
	query, _ := a.open()
	got := b.post(query, "4hello")
	wantHeader(t, got, "Access-Control-Allow-Origin", "https://ward.example")
	wantHeader(t, got, "Access-Control-Allow-Credentials", "true")
	wantHeader(t, got, "Vary", "Origin")
	wantHeader(t, got, "Content-Length", "2")
	wantHeader(t, got, "Cache-Control", "no-store")
	stranger := b.request(http.MethodPost, query, "4hello")
	stranger.Header.Set("Origin", "https://evil.example")
	if refused := b.do(stranger); refused.status != http.StatusForbidden {
		t.Fatalf("a strange origin got %d", refused.status)
	}
	preflight := b.request(http.MethodOptions, query, "")
	wantAnswer(t, b.do(preflight), http.StatusNoContent, "")
}

func TestALongPollIsAnsweredWhenThereIsSomethingToSay(t *testing.T) { // C3
	a, b := pair(t)
	query, session := a.open()
	answers := make(chan answer)
	go func() { answers <- b.get(query) }()
	wantAnswer(t, b.post(query, "4"+strings.Repeat("x", 100)), http.StatusOK, "ok")
	wantAnswer(t, within(t, "the poll", answers), http.StatusOK, "4"+strings.Repeat("x", 100))
	within(t, "the message", session.got)
}

func TestAnUpgradeIsPassedOn(t *testing.T) { // C3
	a, b := pair(t)
	query, session := a.open()
	wantAnswer(t, b.post(query, "4early"), http.StatusOK, "ok")
	ws := upgrade(t, b, query)
	wantMessage(t, ws, "4early")
	for _, text := range []string{"4hello", "4" + strings.Repeat("x", 1<<19)} {
		send(t, ws, text)
		wantMessage(t, ws, text)
	}
	ws.Close()
	if reason := within(t, "the end", session.gone); reason == "" {
		t.Fatal("the session ended without a reason")
	}
}

// upgrade makes a WebSocket of a polling session, through n.
func upgrade(t *testing.T, n *node, query string) *websocket.Conn {
	t.Helper()
	url := "ws" + strings.TrimPrefix(n.server.URL, "http") + "/ws/?EIO=4&" + strings.Replace(query, "polling", "websocket", 1)
	ws, res, err := websocket.DefaultDialer.DialContext(t.Context(), url, http.Header{"Origin": {"https://ward.example"}, "Host": {"ward.example"}})
	if err != nil {
		t.Fatalf("%v: %+v", err, res)
	}
	t.Cleanup(func() { ws.Close() })
	send(t, ws, "2probe")
	wantMessage(t, ws, "3probe")
	send(t, ws, "5")
	return ws
}

func send(t *testing.T, ws *websocket.Conn, text string) {
	t.Helper()
	if err := ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func wantMessage(t *testing.T, ws *websocket.Conn, want string) {
	t.Helper()
	_, got, err := ws.ReadMessage()
	if err != nil || string(got) != want {
		t.Fatalf("message %.100q (%v), want %.100q", got, err, want)
	}
}

func TestTheEndOfASessionReachesItsPassedOnWebSocket(t *testing.T) {
	a, b := pair(t)
	query, session := a.open()
	ws := upgrade(t, b, query)
	send(t, ws, "4hello")
	wantMessage(t, ws, "4hello")
	session.socket.CloseAfterFlush(websocket.CloseServiceRestart, "draining")
	_, _, err := ws.ReadMessage()
	if !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
		t.Fatalf("the client got %v, want the close code of its instance", err)
	}
}

func TestAClientThatGoesAwayEndsItsPollOnTheOtherInstance(t *testing.T) {
	a, b := pair(t)
	query, session := a.open()
	ctx, leave := context.WithCancel(t.Context())
	polls := make(chan error)
	go func() {
		res, err := b.server.Client().Do(b.request(http.MethodGet, query, "").WithContext(ctx))
		if err == nil {
			res.Body.Close()
		}
		polls <- err
	}()
	within(t, "the handshake", a.arrived)
	within(t, "the poll", a.arrived)
	leave()
	if err := within(t, "the poll", polls); !errors.Is(err, context.Canceled) {
		t.Fatalf("the poll ended with %v", err)
	}
	within(t, "the end of the session", session.gone)
}

func TestCloseBreaksOffWhatIsPassedOnAndNothingElse(t *testing.T) {
	a, b := pair(t)
	pollQuery, _ := a.open()
	wsQuery, socket := a.open()
	ownQuery, _ := b.open()
	ws := upgrade(t, b, wsQuery)
	answers := make(chan answer)
	go func() { answers <- b.get(pollQuery) }()
	for len(b.forward.underWay()) < 2 {
		<-time.After(time.Millisecond)
	}
	b.forward.Close()
	wantUnknown(t, within(t, "the poll", answers))
	within(t, "the end of the WebSocket's session", socket.gone)
	if _, _, err := ws.ReadMessage(); err == nil {
		t.Fatal("the WebSocket lives")
	}
	wantUnknown(t, b.get(pollQuery))
	wantAnswer(t, b.post(ownQuery, "4hello"), http.StatusOK, "ok")
}

// underWay returns the requests that are passed on.
func (f *Forwarder) underWay() (all []*http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for r := range f.cancels {
		all = append(all, r)
	}
	return all
}

func TestASessionOfNobodyIsUnknown(t *testing.T) { // C3
	addresses := &book{addr: map[collab.InstanceID]string{}}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	start(t, addresses, "gateway-b")
	addresses.set("silent", silent.Addr().String())
	addresses.set("dead", dead.Addr().String())
	addresses.set("nowhere", "http://")
	a := start(t, addresses, "gateway-a", func(o *ForwarderOptions) { o.Patience = 50 * time.Millisecond })
	for _, id := range []collab.InstanceID{"gateway-a", "gateway-b", "silent", "dead", "nowhere", "never heard of"} {
		query := "transport=polling&sid=" + NewSessionID(id)()
		wantUnknown(t, a.get(query))
		wantUnknown(t, a.post(query, "4hello"))
		wantUnknown(t, a.get(strings.Replace(query, "polling", "websocket", 1)))
	}
	wantUnknown(t, a.get("transport=polling&sid=nonsense"))
}

func TestBodiesUpToTheLimitArePassedOn(t *testing.T) { // C2
	a, b := pair(t)
	largest := "4" + strings.Repeat("x", maxBodyBytes-1)
	query, session := a.open()
	wantAnswer(t, b.post(query, largest), http.StatusOK, "ok")
	if got := within(t, "the message", session.got); got != largest[1:] {
		t.Fatalf("got %d bytes", len(got))
	}
	tooLarge := b.request(http.MethodPost, query, largest+"x")
	wantAnswer(t, b.do(tooLarge), http.StatusRequestEntityTooLarge, badRequest)
	chunked := b.request(http.MethodPost, query, "")
	chunked.Body, chunked.ContentLength, chunked.GetBody = io.NopCloser(strings.NewReader(largest+"x")), -1, nil
	wantAnswer(t, b.do(chunked), http.StatusRequestEntityTooLarge, badRequest)
	wantAnswer(t, b.get(query), http.StatusOK, largest) // the session goes on
	chunked = b.request(http.MethodPost, query, "")
	chunked.Body, chunked.ContentLength, chunked.GetBody = io.NopCloser(strings.NewReader("4hello")), -1, nil
	wantAnswer(t, b.do(chunked), http.StatusOK, "ok")
	wantAnswer(t, b.get(query), http.StatusOK, "4hello")
}

func TestARequestIsPassedOnOnce(t *testing.T) { // C3
	a, b := pair(t)
	query, _ := a.open()
	r := b.request(http.MethodPost, query, "4hello") // of a's session, and passed on to b
	forwarding{to: "gateway-b", address: "192.0.2.7", at: time.Now()}.sign(r.Header, testKey, r.Method, r.URL.RequestURI(), []byte("4hello"))
	wantUnknown(t, b.do(r))
}

func TestTwoInstancesThatTakeEachOtherForAThirdMakeNoLoop(t *testing.T) {
	addresses := &book{addr: map[collab.InstanceID]string{}}
	a, b := start(t, addresses, "gateway-a"), start(t, addresses, "gateway-b")
	addresses.set("gateway-c", b.server.Listener.Addr().String())
	if got := a.get("transport=polling&sid=" + NewSessionID("gateway-c")()); got.status != http.StatusForbidden {
		t.Fatalf("got %d, want b's refusal", got.status)
	}
}

// forged are the ways in which a request differs from the one that was signed for instance a.
var forged = map[string]func(r *http.Request, said *forwarding, body *string){
	"another body":    func(_ *http.Request, _ *forwarding, body *string) { *body = "4forged" },
	"no body":         func(_ *http.Request, _ *forwarding, body *string) { *body = "" },
	"another path":    func(r *http.Request, _ *forwarding, _ *string) { r.URL.Path = "/socket.io/" },
	"another query":   func(r *http.Request, _ *forwarding, _ *string) { r.URL.RawQuery += "&x=1" },
	"another method":  func(r *http.Request, _ *forwarding, _ *string) { r.Method = http.MethodPut },
	"another address": func(r *http.Request, _ *forwarding, _ *string) { r.Header.Set(headerFor, "192.0.2.8") },
	"another time": func(r *http.Request, _ *forwarding, _ *string) {
		r.Header.Set(headerAt, forwarding{at: time.Now().Add(2 * time.Second)}.millis())
	},
	"no signature":  func(r *http.Request, _ *forwarding, _ *string) { r.Header.Del(headerMAC) },
	"a short one":   func(r *http.Request, _ *forwarding, _ *string) { r.Header.Set(headerMAC, "AAAA") },
	"no address":    func(r *http.Request, _ *forwarding, _ *string) { r.Header.Del(headerFor) },
	"two addresses": func(r *http.Request, _ *forwarding, _ *string) { r.Header.Add(headerFor, "192.0.2.8") },
	"no time":       func(r *http.Request, _ *forwarding, _ *string) { r.Header.Set(headerAt, "now") },
	"an address alone": func(r *http.Request, _ *forwarding, _ *string) {
		unsigned(r.Header)
		r.Header.Set(headerFor, "192.0.2.8")
	},
	"another header": func(r *http.Request, _ *forwarding, _ *string) {
		unsigned(r.Header)
		r.Header.Set("corsia-forwarded-x", "")
	},
}

func TestARequestThatNoInstanceSignedIsRefused(t *testing.T) { // C3
	a, _ := pair(t)
	query, session := a.open()
	try := func(key []byte, said forwarding, change func(*http.Request, *forwarding, *string)) answer {
		body := "4signed"
		r := a.request(http.MethodPost, query, "")
		said.sign(r.Header, key, r.Method, r.URL.RequestURI(), []byte(body))
		change(r, &said, &body)
		r.Body, r.ContentLength, r.GetBody = io.NopCloser(strings.NewReader(body)), int64(len(body)), nil
		return a.do(r)
	}
	as := func(*http.Request, *forwarding, *string) {}
	said := forwarding{to: "gateway-a", address: "192.0.2.7", at: time.Now()}
	for name, change := range forged {
		t.Run(name, func(t *testing.T) {
			wantAnswer(t, try(testKey, said, change), http.StatusForbidden, `{"code":4,"message":"Forbidden"}`)
		})
	}
	for name, f := range map[string]forwarding{
		"stale":              {to: "gateway-a", address: "192.0.2.7", at: time.Now().Add(-maxSkew - time.Second)},
		"of the future":      {to: "gateway-a", address: "192.0.2.7", at: time.Now().Add(maxSkew + time.Second)},
		"for another target": {to: "gateway-b", address: "192.0.2.7", at: time.Now()},
	} {
		t.Run(name, func(t *testing.T) {
			wantAnswer(t, try(testKey, f, as), http.StatusForbidden, `{"code":4,"message":"Forbidden"}`)
		})
	}
	other := []byte(strings.ToUpper(string(testKey)))
	wantAnswer(t, try(other, said, as), http.StatusForbidden, `{"code":4,"message":"Forbidden"}`)
	if len(session.got) != 0 {
		t.Fatalf("received %q", <-session.got)
	}
	wantAnswer(t, try(testKey, said, as), http.StatusOK, "ok") // so all else about them was right
	within(t, "the signed message", session.got)
}

func TestTheAddressOfAPassedOnClientIsTheOneThatTheFirstInstanceSaw(t *testing.T) { // C3
	f, err := NewForwarder(ForwarderOptions{Instance: "gateway-a", Key: testKey, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Address: func(*http.Request) string { return "10.0.0.2" }})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []string
	h := f.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, f.ClientAddress(r))
		if isForwarded(r.Header) {
			t.Error("the headers are still there")
		}
	}))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/ws/?EIO=4", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = "/ws/?EIO=4"
	h.ServeHTTP(nil, r)
	forwarding{to: "gateway-a", address: "192.0.2.7", at: time.Now()}.sign(r.Header, testKey, r.Method, r.RequestURI, nil)
	h.ServeHTTP(nil, r)
	if len(got) != 2 || got[0] != "10.0.0.2" || got[1] != "192.0.2.7" {
		t.Fatalf("addresses %q", got)
	}
}

func TestAKeyOfLessThan32BytesIsRefused(t *testing.T) { // C3
	if _, err := NewForwarder(ForwarderOptions{Key: testKey[1:]}); !errors.Is(err, errKeyShort) {
		t.Fatalf("got %v", err)
	}
}

func TestAnAnswerPassesPieceByPiece(t *testing.T) {
	addresses := &book{addr: map[collab.InstanceID]string{}}
	more := make(chan struct{})
	a, b := start(t, addresses, "gateway-a"), start(t, addresses, "gateway-b")
	slow := httptest.NewServer(a.forward.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "a")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-more:
		case <-time.After(patience):
		}
		_, _ = io.WriteString(w, "b")
	})))
	defer slow.Close()
	addresses.set("gateway-a", slow.Listener.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	res, err := b.server.Client().Do(b.request(http.MethodGet, "transport=polling&sid="+NewSessionID("gateway-a")(), "").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var first [1]byte
	if _, err := io.ReadFull(res.Body, first[:]); err != nil || first[0] != 'a' {
		t.Fatalf("first %q, %v", first, err)
	}
	close(more)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "b" {
		t.Fatalf("then %q, %v", rest, err)
	}
}

func TestAClientThatDoesNotReadHoldsNothing(t *testing.T) { // C7
	large := make([]byte, 1<<20)
	for name, write := range map[string]func(*guardedWriter) error{
		"an answer": func(g *guardedWriter) error {
			_, err := g.Write(large)
			return err
		},
		"a WebSocket": func(g *guardedWriter) error {
			conn, _, err := g.Hijack()
			if err != nil {
				return nil
			}
			defer conn.Close()
			_, err = conn.Write(large)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener, ended := newPipes(), make(chan error, 1)
				server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					g := &guardedWriter{w, http.NewResponseController(w)}
					defer g.release()
					ended <- write(g)
				})}
				go func() { _ = server.Serve(listener) }()
				defer server.Close()
				client := listener.dial()
				defer client.Close()
				if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				if err := <-ended; err == nil || time.Since(begin) != writeTimeout {
					t.Fatalf("ended after %v with %v", time.Since(begin), err)
				}
			})
		})
	}
}
