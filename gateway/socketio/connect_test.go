package socketio

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"corsia/gateway/engineio"
)

func TestConnectIsAnsweredWithTheSessionID(t *testing.T) {
	run(t, Options{}, ward{}, func(w *world) {
		for packet, prefix := range map[string]string{"40": "40", `40{"token":"1"}`: "40", "40/custom,": "40/custom,", `40/custom,{"a":1}`: "40/custom,", "40/custom": "40/custom,", "40/,": "40"} {
			c := w.dial()
			c.send(packet)
			answer := c.read()
			id := w.last().conn.ID()
			if want := prefix + `{"sid":"` + id + `"}`; answer != want || len(id) != 20 {
				t.Errorf("%s: answer %q, want %q", packet, answer, want)
			}
		}
	})
}

func TestHandlerGetsThePayloadAndTheHandshake(t *testing.T) {
	var got []string
	handler := ward{connect: func(c *Conn, auth json.RawMessage) error {
		got = append(got, c.Namespace()+string(auth)+c.Handshake().Authorization)
		return nil
	}}
	run(t, Options{}, handler, func(w *world) {
		w.connect()
		c := w.dial()
		c.send(`40/custom,{"token": "x"}`)
		c.read()
		want := `/{}Bearer t /custom{"token": "x"}Bearer t`
		if got := strings.Join(got, " "); got != want {
			t.Errorf("handler got %s, want %s", got, want)
		}
		if h := w.last().conn.Handshake(); h.Authorization != "" || w.last().conn.RemoteAddr() != h.RemoteAddr {
			t.Errorf("handshake %+v", h)
		}
	})
}

func TestRefusalsAreShownAsConnectError(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"shown", &ConnectError{Message: "UNAUTHORIZED", Data: map[string]string{"reason": "expired"}}, `44{"message":"UNAUTHORIZED","data":{"reason":"expired"}}`},
		{"wrapped", errors.Join(&ConnectError{Message: "no"}), `44{"message":"no"}`},
		{"hidden", errors.New("secret detail"), `44{"message":"Connection refused"}`},
		{"data without JSON", &ConnectError{Message: "no", Data: func() {}}, `44{"message":"no"}`},
	}
	for _, tt := range tests {
		var conn *Conn
		handler := ward{connect: func(c *Conn, _ json.RawMessage) error {
			conn = c
			c.Emit("early", nil) // never sent
			return tt.err
		}}
		run(t, Options{}, handler, func(w *world) {
			c := w.dial()
			c.send("40")
			c.want(tt.want)
			if conn.Emit("late", nil) {
				t.Errorf("%s: a refused connection took an event", tt.name)
			}
			c.send("40/random", "40/random")
			c.want(`44/random,{"message":"Invalid namespace"}`, `44/random,{"message":"Invalid namespace"}`)
			if msg := tt.err.Error(); msg == "" {
				t.Errorf("%s: no message", tt.name)
			}
		})
	}
}

func TestWhatIsSentWhileConnectingFollowsTheAnswer(t *testing.T) {
	handler := ward{connect: func(c *Conn, _ json.RawMessage) error {
		for range 2 {
			if !c.Emit("early", []byte("1")) || !c.SendShared(EncodeEvent("shared", nil)) {
				return errors.New("not taken")
			}
		}
		huge := EncodeEvent("x", []byte(`"`+strings.Repeat("x", maxEarlyBytes)+`"`))
		c.Send(huge)
		if c.Send(huge) {
			return errors.New("no bound")
		}
		return nil
	}}
	run(t, Options{}, handler, func(w *world) {
		c := w.connect()
		c.want(`42["early",1]`, `42["shared"]`, `42["early",1]`, `42["shared"]`)
	})
}

// C8: an unauthenticated socket is closed after 5 s.
func TestTransportWithoutNamespaceIsClosed(t *testing.T) {
	run(t, Options{}, ward{connect: func(_ *Conn, auth json.RawMessage) error {
		if string(auth) == `{"no":1}` {
			return errors.New("no")
		}
		return nil
	}}, func(w *world) {
		silent, refused, polling := w.dial(), w.dial(), w.poll()
		connected := w.connect()
		refused.send(`40{"no":1}`)
		refused.read()
		start := time.Now()
		silent.want("close 1008")
		refused.want("close 1008")
		if d := time.Since(start); d != DefaultConnectTimeout {
			t.Errorf("closed after %v", d)
		}
		if got := polling.get(); got != "1" {
			t.Errorf("poll answered %q", got)
		}
		connected.send("41") // leaves the last namespace: the time runs again
		sleep(DefaultConnectTimeout - time.Second)
		connected.send("40")
		connected.read()
		sleep(DefaultConnectTimeout)
		connected.send(`42["still here"]`)
		w.last().want(`still here()[]`, "")
		connected.send("41")
		connected.want("close 1008")
	})
}

func TestConnectMisuseClosesTheTransport(t *testing.T) {
	tests := []struct{ name, packet, want string }{
		{"event first", `42["x"]`, errNotConnected.Error()},
		{"event of another namespace", `42/custom,["x"]`, errNotConnected.Error()},
		{"acknowledgement first", `431["x"]`, errNotConnected.Error()},
		{"disconnect first", "41", errNotConnected.Error()},
		{"attachments announced first", `451-["x",{"_placeholder":true,"num":0}]`, errNotConnected.Error()},
		{"binary first", "[x]", errUnexpectedBinary.Error()},
		{"array payload", "40[]", errPayload.Error()},
		{"string payload", `40"x"`, errPayload.Error()},
		{"broken payload", `40{"x":`, errPayload.Error()},
		{"two payloads", `40{}{}`, errPayload.Error()},
		{"with an id", `401{}`, errPayload.Error()},
		{"namespace too long", "40/" + strings.Repeat("x", 200), errNamespace.Error()},
		{"no packet", "4", errEmpty.Error()},
		{"unknown type", "4abc", `unexpected packet type 'a'`},
		{"connect error", `44{"message":"x"}`, `unexpected packet type '4'`},
	}
	run(t, Options{}, ward{}, func(w *world) {
		for i, tt := range tests {
			c := w.dial()
			c.send(tt.packet)
			if got := c.read(); got != "close 1002" {
				t.Errorf("%s: %q", tt.name, got)
			}
			synctest.Wait()
			if len(w.malformed) != i+1 || w.malformed[i] != tt.want {
				t.Fatalf("%s: malformed %q, want %q", tt.name, w.malformed, tt.want)
			}
		}
	})
}

func TestRepeatedConnectChangesNothing(t *testing.T) {
	run(t, Options{}, answering, func(w *world) {
		c := w.connect()
		c.send("40", `40{"token":"other"}`, `42["a"]`)
		c.want(`42["a"]`)
		w.last().want("a()[]", "")
		if len(w.conns) != 1 {
			t.Errorf("%d connections", len(w.conns))
		}
	})
}

func TestConnectingTooOftenClosesTheTransport(t *testing.T) {
	run(t, Options{}, ward{}, func(w *world) {
		c := w.dial()
		for range maxConnects {
			c.send("40/random")
			c.read()
		}
		c.send("40/random")
		c.want("close 1002")
	})
}

func TestNamespacesOfOneTransportAreIndependent(t *testing.T) {
	echo := ward{event: func(l *listener, e Event) { l.conn.Emit("back", e.JoinArgs()) }}
	run(t, Options{}, echo, func(w *world) {
		c := w.connect()
		main := w.last()
		c.send("40/custom,")
		c.read()
		custom := w.last()
		c.send(`42["a",1]`, `42/custom,["b",2]`)
		c.want(`42["back",1]`, `42/custom,["back",2]`)
		c.send("41/custom,", `42["c",3]`)
		c.want(`42["back",3]`)
		custom.want(`b(2)[]`, ReasonClientDisconnect)
		if custom.conn.Emit("x", nil) {
			t.Error("an ended connection took an event")
		}
		c.send("40/custom,")
		c.read()
		again := w.last()
		_ = c.Close()
		main.want(`a(1)[] c(3)[]`, engineio.ReasonTransportClose)
		again.want("", engineio.ReasonTransportClose)
		custom.want(`b(2)[]`, ReasonClientDisconnect)
	})
}

func TestServerDisconnectsAfterFlushing(t *testing.T) {
	run(t, Options{}, ward{}, func(w *world) {
		tests := []struct {
			name string
			end  func(*Conn)
			want []string
		}{
			{"Disconnect", func(c *Conn) { c.Disconnect("bye") }, []string{`42["last"]`, "41", "close 1000"}},
			{"Close", func(c *Conn) { c.Close(engineio.CloseTryAgainLater, "bye") }, []string{`42["last"]`, "close 1013"}},
		}
		for _, tt := range tests {
			c := w.connect()
			conn := w.last().conn
			conn.Emit("last", nil)
			tt.end(conn)
			c.want(tt.want...)
			w.last().want("", "bye")
		}
		c := w.connect()
		w.last().conn.Kick("slow consumer")
		c.want("lost")
		w.last().want("", "slow consumer")
		if n := w.server.Len(); n != 0 {
			t.Errorf("%d transports left", n)
		}
	})
}

func TestHandlerMayEndTheConnectionThatItAccepts(t *testing.T) {
	tests := []struct {
		name string
		end  func(*Conn)
		want []string
	}{
		{"Disconnect", func(c *Conn) { c.Disconnect("limit"); c.Close(engineio.CloseNormal, "second") }, []string{`42["why"]`, "41", "close 1000"}},
		{"Close", func(c *Conn) { c.Close(engineio.CloseTryAgainLater, "limit") }, []string{`42["why"]`, "close 1013"}},
	}
	for _, tt := range tests {
		handler := ward{connect: func(c *Conn, _ json.RawMessage) error {
			c.Emit("why", nil)
			tt.end(c)
			return nil
		}}
		run(t, Options{}, handler, func(w *world) {
			c := w.connect()
			c.want(tt.want...)
			w.last().want("", "limit")
		})
	}
}
