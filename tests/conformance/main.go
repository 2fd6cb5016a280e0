// Command conformance serves the public protocol suites of Engine.IO 4 and
// Socket.IO 5, on the packages that the gateway is built on (C1).
//
//	go run ./tests/conformance -addr 127.0.0.1:3000
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"corsia/gateway/engineio"
	"corsia/gateway/socketio"
)

// What the suites expect of the server.
const (
	pingInterval   = 300 * time.Millisecond
	pingTimeout    = 200 * time.Millisecond
	maxPayload     = 1_000_000
	connectTimeout = time.Second
	stopTimeout    = 5 * time.Second

	// authDelay separates the event "auth" from the answer to CONNECT: the suite
	// listens for one message at a time and misses the second of one segment.
	authDelay = 30 * time.Millisecond
)

func main() {
	addr := flag.String("addr", "127.0.0.1:3000", "listen address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// serve listens on addr and serves until ctx ends.
func serve(ctx context.Context, addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	handler, closeSockets := newHandler()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: stopTimeout}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Println("listening on", listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(closeSockets(ctx), server.Shutdown(ctx))
}

// newHandler returns the two servers of the suites and what closes them.
func newHandler() (http.Handler, func(context.Context) error) {
	options := engineio.Options{
		PingInterval: pingInterval,
		PingTimeout:  pingTimeout,
		MaxPayload:   maxPayload,
		AllowOrigin:  func(*http.Request, string) bool { return true },
	}
	engine := engineio.NewServer(options, func(s *engineio.Socket) engineio.Receiver { return echo{s} })
	sockets := socketio.NewServer(options, socketio.Options{ConnectTimeout: connectTimeout}, map[string]socketio.Handler{
		"/":       namespace{},
		"/custom": namespace{},
	})
	mux := http.NewServeMux()
	mux.Handle("/engine.io/", engine)
	mux.Handle("/socket.io/", sockets)
	return mux, func(ctx context.Context) error {
		return errors.Join(engine.Close(ctx), sockets.Close(ctx))
	}
}

// echo sends every Engine.IO message back.
type echo struct{ socket *engineio.Socket }

func (e echo) Receive(m engineio.Message) { e.socket.Send(engineio.Encode(m)) }

func (e echo) Closed(string) {}

// namespace accepts everybody and answers as the suites want it.
type namespace struct{}

func (namespace) Connect(c *socketio.Conn, auth json.RawMessage) (socketio.Listener, error) {
	payload := bytes.Clone(auth)
	time.AfterFunc(authDelay, func() { c.Emit("auth", payload) })
	return answerer{c}, nil
}

type answerer struct{ conn *socketio.Conn }

func (a answerer) Event(e socketio.Event) {
	args := e.JoinArgs()
	switch e.Name {
	case "message":
		a.conn.Emit("message-back", args, e.Attachments...)
	case "message-with-ack":
		a.conn.Ack(e.AckID(), args, e.Attachments...)
	}
}

func (a answerer) Closed(string) {}
