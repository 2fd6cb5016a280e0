package engineio

import (
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

func TestWebSocketMessagesAreEchoedInOrder(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		c.send("4hello")
		c.sendBinary("\x01\x02")
		c.sendBinary("")
		c.send("4")
		c.want("4hello", "[\x01\x02]", "[]", "4")
	})
}

func TestFragmentedAndLargeMessagesArriveWhole(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		frame, err := c.NextWriter(websocket.TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range []string{"4one ", "two ", "three"} {
			_, _ = io.WriteString(frame, piece)
		}
		_ = frame.Close()
		c.want("4one two three")
		large := strings.Repeat("0123456789abcdef", 1<<16-1)
		c.sendBinary(large)
		c.want("[" + large + "]")
	})
}

func TestWebSocketIsNeverCompressed(t *testing.T) { // C9
	run(t, Options{}, func(w *world) {
		c, res, err := w.dialWS("?EIO=4&transport=websocket", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := res.Header.Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("extensions %q", got)
		}
	})
}

func TestProtocolErrorsCloseTheWebSocket(t *testing.T) {
	text, bin := websocket.TextMessage, websocket.BinaryMessage
	tests := []struct {
		name   string
		kind   int
		data   string
		want   string
		reason string
	}{
		{"unknown type", text, "abc", "close protocol", ReasonParseError},
		{"empty packet", text, "", "close protocol", ReasonParseError},
		{"a ping from the client", text, "2", "close protocol", ReasonParseError},
		{"an upgrade without a probe", text, "5", "close protocol", ReasonParseError},
		{"not UTF-8", text, "4\xff", "close utf8", ReasonParseError},
		{"text too large", text, "4" + strings.Repeat("x", 100), "close large", ReasonTooLarge},
		{"binary too large", bin, strings.Repeat("x", 101), "close large", ReasonTooLarge},
		{"close packet", text, "1", "close normal", ReasonClientClose},
	}
	run(t, Options{MaxPayload: 100}, func(w *world) {
		for _, tt := range tests {
			c := w.openWS()
			if err := c.WriteMessage(tt.kind, []byte(tt.data)); err != nil {
				t.Fatal(err)
			}
			if got := c.read(); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
			_ = c.Close()
			w.last().wantReason(tt.reason)
			if got := w.last().received(); got != "" {
				t.Errorf("%s: received %q", tt.name, got)
			}
		}
		if n := w.server.Len(); n != 0 {
			t.Errorf("%d sockets left", n)
		}
	})
}

// rawFrame writes a client frame whose header may lie.
func rawFrame(first byte, masked bool, length uint64) []byte {
	header := []byte{first, 127}
	if masked {
		header[1] |= 0x80
	}
	return append(binary.BigEndian.AppendUint64(header, length), 0, 0, 0, 0)
}

func TestLyingFrameHeadersCostNothing(t *testing.T) {
	tests := []struct {
		name   string
		frame  []byte
		reason string
	}{
		{"2^62 bytes declared", rawFrame(0x82, true, 1<<62), ReasonTooLarge},
		{"2^64-1 bytes declared", rawFrame(0x82, true, 1<<64-1), ReasonParseError},
		{"not masked", rawFrame(0x81, false, 1), ReasonParseError},
		{"reserved bit", rawFrame(0xC1, true, 1), ReasonParseError},
		{"unknown opcode", rawFrame(0x83, true, 1), ReasonParseError},
		{"continuation of nothing", rawFrame(0x80, true, 1), ReasonParseError},
	}
	run(t, Options{}, func(w *world) {
		for _, tt := range tests {
			c := w.openWS()
			conn := c.NetConn()
			go func() { _, _ = io.Copy(io.Discard, conn) }()
			_, _ = conn.Write(tt.frame)
			sleep(2 * lingerTimeout)
			if got := w.last().reason(); got != tt.reason && (tt.reason != ReasonParseError || got != ReasonTooLarge) {
				t.Errorf("%s: closed for %q, want %q", tt.name, got, tt.reason)
			}
			_ = c.Close()
		}
	})
}

func TestDeclaredBytesThatNeverComeHoldNoMemoryAndEnd(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		_, _ = c.NetConn().Write(rawFrame(0x82, true, DefaultMaxPayload))
		go func() { _, _ = io.Copy(io.Discard, c.NetConn()) }()
		sleep(DefaultPingInterval + DefaultPingTimeout)
		w.last().wantReason(ReasonPingTimeout)
	})
}

func TestPingFramesAreAnsweredInLine(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		var pongs []string
		c.SetPongHandler(func(payload string) error {
			pongs = append(pongs, payload)
			return nil
		})
		_ = c.WriteControl(websocket.PingMessage, []byte("are you there"), time.Time{})
		c.send("4hello")
		c.want("4hello")
		if len(pongs) != 1 || pongs[0] != "are you there" {
			t.Errorf("pongs %q", pongs)
		}
	})
}

func TestCloseFrameIsAnswered(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Time{})
		c.want("close normal")
		w.last().wantReason(ReasonTransportClose)
	})
}

func TestLostConnectionIsNoticedAtOnce(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		_ = c.NetConn().Close()
		w.last().wantReason(ReasonTransportClose)
		if n := w.server.Len(); n != 0 {
			t.Errorf("%d sockets left", n)
		}
	})
}

func TestBinaryMessagesBelongToTheReceiver(t *testing.T) {
	var kept [][]byte
	synctestServer := func(s *Socket) Receiver { return keeper{&kept} }
	synctest.Test(t, func(t *testing.T) {
		listener := newMemoryListener()
		w := &world{t: t, dial: listener.dial, server: NewServer(Options{}, synctestServer)}
		httpServer := &http.Server{Handler: w.server}
		go func() { _ = httpServer.Serve(listener) }()
		c := w.openWS()
		sizes := []int{1, 1000, 70_000, 500_000, 1 << 20}
		for i, size := range sizes {
			c.sendBinary(strings.Repeat(string(rune('a'+i)), size))
		}
		synctest.Wait()
		for i, size := range sizes {
			if got := string(kept[i]); got != strings.Repeat(string(rune('a'+i)), size) {
				t.Errorf("message of %d bytes changed", size)
			}
			if c := cap(kept[i]); c > 2*size+64 {
				t.Errorf("message of %d bytes keeps %d", size, c)
			}
		}
		_ = c.Close()
		_ = httpServer.Close()
	})
}

// keeper keeps binary messages.
type keeper struct{ messages *[][]byte }

func (k keeper) Receive(m Message) { *k.messages = append(*k.messages, m.Data) }
func (k keeper) Closed(string)     {}
