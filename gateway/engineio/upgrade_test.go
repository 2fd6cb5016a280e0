package engineio

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// upgraded opens a polling session and upgrades it.
func (w *world) upgraded() *ws {
	w.t.Helper()
	c := w.connect(w.open())
	c.send("2probe")
	c.want("3probe")
	c.send("5")
	synctest.Wait()
	return c
}

func TestUpgradeMovesTheSessionToTheWebSocket(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.upgraded()
		c.send("4hello")
		c.want("4hello")
		wantAnswer(t, w.get(c.sid), http.StatusBadRequest, badRequest)
		wantAnswer(t, w.post(c.sid, "4late"), http.StatusBadRequest, badRequest)
		c.send("4still here")
		c.want("4still here")
		if n := w.server.Len(); n != 1 {
			t.Errorf("%d sockets, want 1", n)
		}
	})
}

func TestProbeReleasesTheWaitingPoll(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		waiting := w.goGet(sid)
		c := w.connect(sid)
		c.send("2probe")
		c.want("3probe")
		synctest.Wait()
		if len(waiting) != 1 {
			t.Fatal("the poll still waits")
		}
		wantAnswer(t, <-waiting, http.StatusOK, "6")
	})
}

func TestPollBetweenProbeAndUpgradeIsReleased(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		c := w.connect(sid)
		c.send("2probe")
		c.want("3probe")
		wantAnswer(t, w.get(sid), http.StatusOK, "6")
		c.send("5")
		c.send("4hello")
		c.want("4hello")
	})
}

func TestPollThatCrossesTheUpgradeIsRefused(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		c := w.connect(sid)
		crossing := w.goGet(sid)
		c.send("2probe")
		c.want("3probe")
		c.send("5")
		wantAnswer(t, <-crossing, http.StatusBadRequest, badRequest)
		c.send("4hello")
		c.want("4hello")
	})
}

func TestPollThatOutlivesTheUpgradeIsReleased(t *testing.T) {
	run(t, Options{}, func(w *world) {
		s := newSocket(w.server, polling, Handshake{})
		p := s.beginPoll()
		s.kind = webSocket
		batch, got := s.takePoll(p, false)
		if got != pollReady || string(batch[0].frames.polling()) != "6" {
			t.Errorf("answer %v, %v", got, batch)
		}
	})
}

func TestSecondWebSocketOfASessionIsClosed(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		c := w.connect(sid)
		during := w.connect(sid)
		during.want("close policy")
		c.send("2probe")
		c.want("3probe")
		c.send("5")
		after := w.connect(sid)
		after.want("close policy")
		c.send("4hello")
		c.want("4hello")
	})
}

func TestFailedUpgradeLeavesTheSessionPolling(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*ws)
	}{
		{"wrong probe", func(c *ws) { c.send("2prob") }},
		{"binary probe", func(c *ws) { c.sendBinary("2probe") }},
		{"upgrade without probe", func(c *ws) { c.send("5") }},
		{"message instead of upgrade", func(c *ws) { c.send("2probe"); c.want("3probe"); c.send("4hello") }},
		{"oversize probe", func(c *ws) { c.send(strings.Repeat("2", 100)) }},
		{"connection lost", func(c *ws) { _ = c.Close() }},
		{"connection lost after the probe", func(c *ws) { c.send("2probe"); c.want("3probe"); _ = c.Close() }},
		{"silence", func(*ws) { sleep(DefaultUpgradeTimeout) }},
	}
	run(t, Options{}, func(w *world) {
		for _, tt := range tests {
			sid := w.open()
			c := w.connect(sid)
			tt.spoil(c)
			if got := c.read(); got != "close protocol" && got != "lost" {
				t.Errorf("%s: %q", tt.name, got)
			}
			_ = c.Close()
			waiting := w.goGet(sid)
			if a := w.post(sid, "4hello"); a.status != http.StatusOK {
				t.Errorf("%s: post answered %+v", tt.name, a)
			}
			if a := <-waiting; a.body != "4hello" {
				t.Errorf("%s: poll answered %+v", tt.name, a)
			}
			again := w.connect(sid)
			again.send("2probe")
			again.want("3probe")
			again.send("5")
			again.send("4hello")
			again.want("4hello")
		}
	})
}

func TestPostUnderWayIsReceivedBeforeWhatFollowsTheUpgrade(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		body, rest := io.Pipe()
		posted := make(chan answer, 1)
		go func() { posted <- w.do(httptestRequest("POST", pollingQuery+"&sid="+sid, body)) }()
		_, _ = io.WriteString(rest, "4first")
		synctest.Wait()
		c := w.connect(sid)
		c.send("2probe")
		c.want("3probe")
		c.send("5")
		go func() { _ = c.WriteMessage(websocket.TextMessage, []byte("4second")) }()
		synctest.Wait()
		_ = rest.Close()
		wantAnswer(t, <-posted, http.StatusOK, "ok")
		c.want("4first", "4second")
		if got := w.last().received(); got != "first second" {
			t.Errorf("received %q", got)
		}
	})
}

func TestSessionThatEndsTakesItsUpgradeAlong(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.connect(w.open())
		c.send("2probe")
		c.want("3probe")
		w.last().socket.Close("enough")
		c.want("lost")
		w.last().wantReason("enough")
	})
}

func TestUpgradeDuringCloseAfterFlushFlushes(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.connect(w.open())
		c.send("2probe")
		c.want("3probe")
		w.last().socket.Send(Encode(Message{Data: []byte("last")}))
		w.last().socket.CloseAfterFlush(CloseTryAgainLater, "later")
		c.send("5")
		c.want("4last", "close later")
		w.last().wantReason("later")
	})
}

// TestNoMessageIsLostOrReorderedByAnUpgrade sends numbers both ways while the
// session changes its transport.
func TestNoMessageIsLostOrReorderedByAnUpgrade(t *testing.T) {
	const count = 300
	setup := func(r *receiver) { r.quiet = true }
	runWith(t, Options{}, setup, func(w *world) {
		sid := w.open()
		r := w.last()
		go func() {
			for i := range count {
				r.socket.Send(Encode(Message{Data: fmt.Appendf(nil, "%d", i)}))
				time.Sleep(time.Millisecond)
			}
		}()
		var got []string
		for len(got) < count/3 { // by polling, posting as well
			got = append(got, strings.Split(w.get(sid).body, "\x1e")...)
			w.post(sid, fmt.Sprintf("4p%d", len(r.received())))
		}
		c := w.connect(sid)
		waiting := w.goGet(sid)
		c.send("2probe")
		c.want("3probe")
		for _, packet := range strings.Split((<-waiting).body, "\x1e") {
			if packet != "6" {
				got = append(got, packet)
			}
		}
		c.send("5")
		c.send("4after")
		for len(got) < count {
			got = append(got, c.read())
		}
		for i, packet := range got {
			if want := fmt.Sprintf("4%d", i); packet != want {
				t.Fatalf("packet %d is %q, want %q", i, packet, want)
			}
		}
		synctest.Wait()
		if !strings.HasSuffix(r.received(), " after") {
			t.Errorf("received %q", r.received())
		}
	})
}
