package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// start serves the handler of the command.
func start(t *testing.T) (url string) {
	t.Helper()
	handler, closeSockets := newHandler()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		if err := closeSockets(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
		server.Close()
	})
	return server.URL
}

func dial(t *testing.T, url, path string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http")+path+"?EIO=4&transport=websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if open := read(t, c); !strings.HasSuffix(open, `"upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}`) {
		t.Fatalf("open packet %q", open)
	}
	return c
}

// read returns the next message but pings.
func read(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	for {
		_, data, err := c.ReadMessage()
		if err != nil {
			return "closed"
		}
		if string(data) != "2" {
			return string(data)
		}
	}
}

func send(t *testing.T, c *websocket.Conn, kind int, data string) {
	t.Helper()
	if err := c.WriteMessage(kind, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func TestEngineEchoesOnBothTransports(t *testing.T) {
	url := start(t)
	c := dial(t, url, "/engine.io/")
	send(t, c, websocket.TextMessage, "4hello")
	send(t, c, websocket.BinaryMessage, "\x01\x02")
	for _, want := range []string{"4hello", "\x01\x02"} {
		if got := read(t, c); got != want {
			t.Errorf("read %q, want %q", got, want)
		}
	}
	poll := url + "/engine.io/?EIO=4&transport=polling"
	open := get(t, poll)
	poll += "&sid=" + strings.Split(open, `"`)[3]
	res, err := http.Post(poll, "text/plain", strings.NewReader("4hello\x1ebAQIDBA=="))
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("post: %v", err)
	}
	_ = res.Body.Close()
	if got := get(t, poll); got != "4hello\x1ebAQIDBA==" {
		t.Errorf("poll answered %q", got)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, _ := http.NewRequest(http.MethodGet, url, nil)
	req.Header.Set("Origin", "https://anywhere.example")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != "https://anywhere.example" {
		t.Errorf("allows origin %q", got)
	}
	return string(body)
}

func TestNamespacesAnswerAsTheSuiteWants(t *testing.T) {
	url := start(t)
	for _, nsp := range []string{"", "/custom,"} {
		c := dial(t, url, "/socket.io/")
		send(t, c, websocket.TextMessage, "40"+nsp+`{"token":"123"}`)
		if got := read(t, c); !strings.HasPrefix(got, "40"+nsp+`{"sid":"`) {
			t.Fatalf("answer %q", got)
		}
		one := `{"_placeholder":true,"num":0}`
		send(t, c, websocket.TextMessage, "42"+nsp+`["message",1,{"a":[true]}]`)
		send(t, c, websocket.TextMessage, "451-"+nsp+`789["message-with-ack",`+one+`]`)
		send(t, c, websocket.BinaryMessage, "\x01")
		want := map[string]bool{
			"42" + nsp + `["auth",{"token":"123"}]`:        true, // comes a little later
			"42" + nsp + `["message-back",1,{"a":[true]}]`: true,
			"461-" + nsp + "789[" + one + "]":              true,
			"\x01":                                         true,
		}
		for len(want) > 0 {
			got := read(t, c)
			if !want[got] {
				t.Fatalf("read %q", got)
			}
			delete(want, got)
		}
	}
}

func TestSilentClientsAreClosed(t *testing.T) {
	url := start(t)
	for _, path := range []string{"/engine.io/", "/socket.io/"} {
		if got := read(t, dial(t, url, path)); got != "closed" {
			t.Errorf("%s: read %q", path, got)
		}
	}
}

func TestServeListensAndStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := serve(ctx, "127.0.0.1:0"); err != nil {
		t.Errorf("serve: %v", err)
	}
	if err := serve(ctx, "127.0.0.1:no"); err == nil {
		t.Error("serve listened at no port")
	}
}
