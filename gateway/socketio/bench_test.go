package socketio

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"corsia/gateway/engineio"
)

// hotText is the packet of a keystroke; its update is an attachment.
const hotText = `51-12["Y_UPDATE",{"resourceId":"page:/patient/12345","update":{"_placeholder":true,"num":0}}]`

func TestHotEventIsDecodedAlmostWithoutAllocations(t *testing.T) {
	c := hotClient(func(Event) {})
	text, update := []byte(hotText), bytes.Repeat([]byte{7}, 40)
	allocs := testing.AllocsPerRun(1000, func() {
		c.Receive(engineio.Message{Data: text})
		c.Receive(engineio.Message{Binary: true, Data: update})
	})
	if allocs > 1 { // 0, but pools forget under the race detector
		t.Errorf("%v allocations", allocs)
	}
}

// hotClient returns a client that is connected to the main namespace, without a
// transport.
func hotClient(event func(Event)) *client {
	c := &client{server: &Server{opts: Options{}.withDefaults()}}
	c.conns = []*Conn{{client: c, namespace: "/", listener: eventFunc(event)}}
	return c
}

type eventFunc func(Event)

func (f eventFunc) Event(e Event) { f(e) }
func (eventFunc) Closed(string)   {}

func BenchmarkDecodeHotEvent(b *testing.B) {
	c := hotClient(func(e Event) {
		for name, value := range Members(e.Args[0]) {
			if string(name) == "update" {
				if _, ok := e.Attachment(value); !ok {
					b.Fatal("no attachment")
				}
			}
		}
	})
	text, update := []byte(hotText), bytes.Repeat([]byte{7}, 40)
	b.ReportAllocs()
	for b.Loop() {
		c.Receive(engineio.Message{Data: text})
		c.Receive(engineio.Message{Binary: true, Data: update})
	}
}

func BenchmarkEncodeHotEvent(b *testing.B) {
	args := []byte(`{"resourceId":"page:/patient/12345","update":{"_placeholder":true,"num":0},"userId":"usr_001","sessionId":"abcdefghij","revision":123456}`)
	update := bytes.Repeat([]byte{7}, 40)
	b.ReportAllocs()
	for b.Loop() {
		EncodeEvent("Y_UPDATE", args, update)
	}
}

// BenchmarkBroadcast encodes one event and sends it to 100 sockets over
// loopback, which read in the same process.
func BenchmarkBroadcast(b *testing.B) {
	const sockets = 100
	connected := make(chan *Conn, sockets)
	handler := handlerFunc(func(c *Conn) { connected <- c })
	server := NewServer(engineio.Options{}, Options{}, map[string]Handler{"/": handler})
	httpServer := httptest.NewServer(server)
	defer httpServer.Close()
	var readers sync.WaitGroup
	var conns []*Conn
	for range sockets {
		url := "ws" + strings.TrimPrefix(httpServer.URL, "http") + "/ws/?EIO=4&transport=websocket"
		ws, _, err := websocket.DefaultDialer.Dial(url, nil)
		if err != nil {
			b.Fatal(err)
		}
		_ = ws.WriteMessage(websocket.TextMessage, []byte("40"))
		readers.Go(func() { _, _ = io.CopyBuffer(writeOnly{io.Discard}, readOnly{ws.NetConn()}, make([]byte, 64<<10)) })
		conns = append(conns, <-connected)
	}
	args := []byte(`{"resourceId":"page:/patient/12345","update":{"_placeholder":true,"num":0},"userId":"usr_001","sessionId":"abcdefghij","revision":123456}`)
	update := bytes.Repeat([]byte{7}, 40)
	b.ReportAllocs()
	for b.Loop() {
		p := EncodeEvent("Y_UPDATE", args, update)
		for _, c := range conns {
			for !c.Send(p) { // a full outbox: the benchmark waits where a room would kick
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/sockets, "ns/delivery")
	for _, c := range conns {
		c.Kick("done")
	}
	readers.Wait()
}

type handlerFunc func(*Conn)

func (f handlerFunc) Connect(c *Conn, _ json.RawMessage) (Listener, error) {
	f(c)
	return eventFunc(func(Event) {}), nil
}

type (
	readOnly  struct{ net.Conn }
	writeOnly struct{ io.Writer }
)
