package wire

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestAFrameIsParsedWhenItIsWhole(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 100_000} {
		frame := serverFrame(Binary, bytes.Repeat([]byte{7}, size))
		for _, cut := range []int{0, 1, 2, 3, 9, len(frame) - 1} {
			if cut >= len(frame) {
				continue
			}
			if _, got, err := parseFrame(frame[:cut]); got != 0 || err != nil {
				t.Fatalf("%d bytes of a frame of %d: size %d, error %v", cut, len(frame), got, err)
			}
		}
		m, got, err := parseFrame(append(frame, 1, 2, 3))
		if err != nil || got != len(frame) || m.Opcode != Binary || len(m.Data) != size {
			t.Fatalf("frame of %d bytes: size %d, %d bytes of data, error %v", len(frame), got, len(m.Data), err)
		}
	}
}

func TestFragmentsAndEndlessFramesAreRefused(t *testing.T) {
	if _, _, err := parseFrame([]byte{0x01, 0}); !errors.Is(err, errFragmented) {
		t.Errorf("a fragment: %v", err)
	}
	if _, _, err := parseFrame([]byte{0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0}); !errors.Is(err, errTooLong) {
		t.Errorf("an endless frame: %v", err)
	}
}

// serverFrame is a frame as a server writes it, without a mask.
func serverFrame(op Opcode, data []byte) []byte {
	f := appendFrame(nil, Message{op, data})
	header := len(f) - len(data) - 4
	f[1] &^= masked
	return append(f[:header:header], data...)
}

func TestMessagesOfAllSizesComeBackFromAServer(t *testing.T) {
	c := dial(t, func(ws *websocket.Conn) {
		for {
			kind, data, err := ws.ReadMessage()
			if err != nil || ws.WriteMessage(kind, data) != nil {
				return
			}
		}
	})
	var sent []Message
	for _, size := range []int{1, 125, 126, 700, 65535, 65536, 300_000} {
		sent = append(sent, Message{Text, bytes.Repeat([]byte{'x'}, size)}, Message{Binary, bytes.Repeat([]byte{0xfe}, size)})
	}
	failed := make(chan error, 1)
	go func() { failed <- c.Write(sent...) }()
	for i, want := range sent {
		got, err := c.Read()
		if err != nil {
			t.Fatal(err)
		}
		if got.Opcode != want.Opcode || !bytes.Equal(got.Data, want.Data) {
			t.Fatalf("message %d: opcode %d, %d bytes: want %d, %d", i, got.Opcode, len(got.Data), want.Opcode, len(want.Data))
		}
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}

func TestAPingIsAnsweredAndACloseIsTheEnd(t *testing.T) {
	ponged := make(chan string, 1)
	c := dial(t, func(ws *websocket.Conn) {
		ws.SetPongHandler(func(data string) error {
			ponged <- data
			return ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
		})
		_ = ws.WriteControl(websocket.PingMessage, []byte("still there?"), time.Now().Add(time.Second))
		_, _, _ = ws.ReadMessage() // runs the pong handler
	})
	if _, err := c.Read(); !errors.Is(err, ErrClosed) {
		t.Errorf("reading ended with %v: want %v", err, ErrClosed)
	}
	if got := <-ponged; got != "still there?" {
		t.Errorf("the pong carries %q", got)
	}
}

func TestARefusedUpgradeNamesTheStatus(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := Dial(t.Context(), server.URL, nil)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("error %v: want one with 404", err)
	}
}

func TestDiallingEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, server.URL, nil); err == nil {
		t.Error("a server that does not answer was dialled")
	}
}

// dial connects to a server that handles one WebSocket.
func dial(t *testing.T, handle func(*websocket.Conn)) *Conn {
	t.Helper()
	upgrader := websocket.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		handle(ws)
	}))
	t.Cleanup(server.Close)
	c, err := Dial(t.Context(), server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
