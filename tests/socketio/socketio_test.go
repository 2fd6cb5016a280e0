//go:build integration

// Package socketio_test drives the unmodified npm socket.io-client against
// gateway/socketio (C1), by polling, by WebSocket and with the upgrade.
package socketio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"corsia/gateway/engineio"
	"corsia/gateway/socketio"
)

const scenarioTimeout = time.Minute

func TestUnmodifiedClient(t *testing.T) {
	install(t)
	scenarios := []string{
		"echoes", "acknowledges", "binary", "bigPayloads", "tooBig", "order", "namespaces", "refusals", "disconnects",
		"reconnects", "heartbeats",
	}
	for _, transports := range []string{"polling", "websocket", "polling,websocket"} {
		for _, scenario := range scenarios {
			t.Run(transports+" "+scenario, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.Background(), scenarioTimeout)
				defer cancel()
				options := engineio.Options{MaxOutboxBytes: 8 << 20}
				if scenario == "heartbeats" {
					options.PingInterval, options.PingTimeout = 300*time.Millisecond, 250*time.Millisecond
				}
				server := start(t, options)
				cmd := exec.CommandContext(ctx, "node", "scenarios.mjs", scenario, "http://"+server.addr, transports)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			})
		}
	}
}

// install fetches the client when it is not there.
func install(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("node_modules/socket.io-client/package.json"); err == nil {
		return
	}
	if out, err := exec.Command("npm", "ci", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
}

// server is one that can be restarted on its port.
type server struct {
	t       *testing.T
	addr    string
	options engineio.Options

	mu      sync.Mutex
	http    *http.Server
	sockets *socketio.Server
}

func start(t *testing.T, options engineio.Options) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, addr: listener.Addr().String(), options: options}
	s.open(listener)
	t.Cleanup(s.close)
	return s
}

// restart closes everything and listens again.
func (s *server) restart() {
	s.close()
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Errorf("listen again: %v", err)
		return
	}
	s.open(listener)
}

func (s *server) open(listener net.Listener) {
	sockets := socketio.NewServer(s.options, socketio.Options{}, map[string]socketio.Handler{"/": s, "/custom": s})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets = sockets
	s.http = &http.Server{Handler: sockets}
	go func(h *http.Server) { _ = h.Serve(listener) }(s.http)
}

func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = s.sockets.Close(ctx) // those that do not poll are cut off
	_ = s.http.Close()
}

func (s *server) Connect(c *socketio.Conn, auth json.RawMessage) (socketio.Listener, error) {
	if bytes.Contains(auth, []byte("bad")) {
		return nil, &socketio.ConnectError{Message: "UNAUTHORIZED", Data: map[string]string{"code": "UNAUTHORIZED", "reason": "expired"}}
	}
	return &client{server: s, conn: c, auth: bytes.Clone(auth)}, nil
}

// client answers the events of the scenarios.
type client struct {
	server *server
	conn   *socketio.Conn
	auth   []byte
	count  int
}

func (c *client) Event(e socketio.Event) {
	switch e.Name {
	case "echo":
		c.conn.Emit("echo", e.JoinArgs(), e.Attachments...)
	case "ack":
		c.conn.Ack(e.AckID(), e.JoinArgs(), e.Attachments...)
	case "auth":
		c.conn.Ack(e.AckID(), c.auth)
	case "state":
		c.conn.AckShared(e.AckID(), []byte(socketio.Placeholder(0)), state())
	case "flood":
		n, _ := strconv.Atoi(string(e.Args[0]))
		go c.flood(n)
	case "count":
		if string(e.Args[0]) == strconv.Itoa(c.count) {
			c.count++
		}
		c.conn.Ack(e.AckID(), strconv.AppendInt(nil, int64(c.count), 10))
	case "kick":
		c.conn.Kick("kicked")
	case "close":
		c.conn.Close(engineio.CloseTryAgainLater, "closed")
	case "disconnect me":
		c.conn.Emit("bye", []byte(`"after this"`))
		c.conn.Disconnect("asked for")
	case "restart":
		go c.server.restart()
	}
}

func (c *client) Closed(string) {}

func (c *client) flood(n int) {
	for i := range n {
		c.conn.Emit("number", strconv.AppendInt(nil, int64(i), 10))
		if i%50 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// state is what the scenario bigPayloads expects.
func state() []byte {
	b := make([]byte, 3<<20)
	for i := range b {
		b[i] = byte(i*31 + 7)
	}
	return b
}
