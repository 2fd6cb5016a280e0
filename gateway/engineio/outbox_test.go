package engineio

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

func text(format string, args ...any) *Frames {
	return Encode(Message{Data: fmt.Appendf(nil, format, args...)})
}

func TestEverythingPendingLeavesInOneWrite(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		s := w.last().socket
		s.Send(text("first")) // its write blocks: nobody reads
		synctest.Wait()
		before := w.writes.Load()
		want := []string{"4first"}
		for i := range 20 {
			s.Send(Encode(Message{Data: fmt.Appendf(nil, "%d", i)}, Message{Binary: true, Data: []byte("b")}))
			want = append(want, fmt.Sprintf("4%d", i), "[b]")
		}
		c.want(want...)
		synctest.Wait()
		if got := w.writes.Load() - before; got != 1 {
			t.Errorf("%d writes, want 1", got)
		}
		if p := s.Pending(); p != 0 {
			t.Errorf("%d bytes pending", p)
		}
	})
}

func TestLargeBacklogsAreWrittenInPiecesAndInOrder(t *testing.T) {
	run(t, Options{MaxOutboxBytes: 4 << 20}, func(w *world) {
		c := w.openWS()
		s := w.last().socket
		large := strings.Repeat("x", 200_000)
		want := []string{"4start"}
		s.Send(text("start"))
		for i := range 5 {
			small := strings.Repeat("y", 30_000)
			s.Send(text("%d%s", i, small))
			s.Send(text("%d%s", i, large))
			s.SendShared(EncodeShared(Message{Data: []byte("state")}, Message{Binary: true, Data: []byte(large)}))
			want = append(want, fmt.Sprint(4, i)[0:1]+fmt.Sprint(i)+small, "4"+fmt.Sprint(i)+large, "4state", "["+large+"]")
		}
		c.want(want...)
		synctest.Wait()
		if p := s.Pending(); p != 0 {
			t.Errorf("%d bytes pending", p)
		}
	})
}

// C7: the outbox is bounded in bytes; a slow consumer does not delay others.
func TestFullOutboxRefusesAndOthersStillReceive(t *testing.T) {
	run(t, Options{MaxOutboxBytes: 10_000}, func(w *world) {
		w.openWS() // does not read
		slow := w.last().socket
		quick := w.openWS()
		fast := w.last().socket
		message := text("%s", strings.Repeat("x", 900))
		accepted := 0
		for slow.Send(message) {
			accepted++
			fast.Send(message)
			quick.want("4" + strings.Repeat("x", 900))
		}
		if accepted < 8 || accepted > 11 {
			t.Errorf("%d messages accepted", accepted)
		}
		if p := slow.Pending(); p > 10_000 || p < 8_000 {
			t.Errorf("%d bytes pending", p)
		}
		if !fast.Send(message) {
			t.Errorf("the other socket is full as well")
		}
		quick.want("4" + strings.Repeat("x", 900))
		w.server.sockets[slow.ID()].Close("slow consumer")
		synctest.Wait()
	})
}

func TestManySmallMessagesFillTheOutboxToo(t *testing.T) {
	run(t, Options{MaxOutboxBytes: 10_000}, func(w *world) {
		w.open()
		s, n := w.last().socket, 0
		for message := text(""); s.Send(message); n++ {
			if n > 10_000/entryOverhead {
				t.Fatal("no bound")
			}
		}
	})
}

func TestSharedMessagesAreNotCountedAndAnEmptyOutboxTakesAll(t *testing.T) {
	run(t, Options{MaxOutboxBytes: 1000}, func(w *world) {
		sid := w.open()
		s := w.last().socket
		large := text("%s", strings.Repeat("x", 5000))
		for range 3 {
			if !s.SendShared(large) {
				t.Fatal("shared message refused")
			}
		}
		if p := s.Pending(); p != 0 {
			t.Errorf("%d bytes pending", p)
		}
		if !s.Send(large) {
			t.Error("an empty outbox refused a message")
		}
		if s.Send(text("x")) {
			t.Error("a full outbox took a message")
		}
		if a := w.get(sid); len(a.body) != 4*5001+3 {
			t.Errorf("poll answered %d bytes", len(a.body))
		}
	})
}

func TestPeerThatDoesNotReadIsDisconnected(t *testing.T) {
	run(t, Options{WriteTimeout: 4 * time.Second}, func(w *world) {
		w.openWS()
		w.last().socket.Send(text("hello"))
		sleep(4 * time.Second)
		w.last().wantReason(ReasonTransportError)
		if w.last().socket.Send(text("more")) {
			t.Error("a closed socket took a message")
		}
	})
}

func TestCloseAfterFlushSendsWhatWaitsAndReceivesNothingMore(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		r := w.last()
		r.socket.Send(text("a"))
		r.socket.Send(text("b"))
		r.socket.CloseAfterFlush(CloseTryAgainLater, "slow consumer")
		if r.socket.Send(text("c")) {
			t.Error("a closing socket took a message")
		}
		c.send("4ignored")
		c.want("4a", "4b", "close later")
		r.wantReason("slow consumer")
		if got := r.received(); got != "" {
			t.Errorf("received %q", got)
		}
	})
}

func TestCloseAfterFlushOfPollingEndsWithAClosePacket(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		w.last().socket.Send(text("a"))
		w.last().socket.CloseAfterFlush(CloseNormal, "done")
		wantAnswer(t, w.get(sid), http.StatusOK, "4a")
		w.last().wantReason("")
		wantAnswer(t, w.get(sid), http.StatusOK, "1")
		w.last().wantReason("done")
		wantAnswer(t, w.get(sid), http.StatusBadRequest, unknownID)
	})
}

func TestCloseAfterFlushGivesUpOnADeadPeer(t *testing.T) {
	run(t, Options{WriteTimeout: time.Minute}, func(w *world) {
		w.open()
		absent := w.last()
		absent.socket.CloseAfterFlush(CloseNormal, "done")
		w.openWS()
		deaf := w.last()
		deaf.socket.Send(text("a"))
		deaf.socket.CloseAfterFlush(CloseNormal, "done")
		sleep(flushTimeout - time.Millisecond)
		absent.wantReason("")
		deaf.wantReason("")
		sleep(time.Millisecond)
		absent.wantReason("done")
		deaf.wantReason("done")
	})
}

func TestPeerThatIgnoresTheCloseFrameIsCutOff(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		c.SetCloseHandler(func(int, string) error { return nil })
		w.last().socket.CloseAfterFlush(CloseNormal, "done")
		c.want("close normal")
		sleep(lingerTimeout)
		w.last().wantReason("done")
	})
}

func TestCloseDropsWhatWaits(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		w.last().socket.Send(text("a"))
		synctest.Wait()
		w.last().socket.Send(text("b"))
		w.last().socket.Close("kicked")
		c.want("lost")
		w.last().wantReason("kicked")
		if p := w.last().socket.Pending(); p != 0 {
			t.Errorf("%d bytes pending", p)
		}
	})
}

func TestPongsOfAFloodDoNotGrowTheOutbox(t *testing.T) {
	run(t, Options{MaxOutboxBytes: 5000}, func(w *world) {
		c := w.openWS()
		for range 1000 { // reads no pong
			_ = c.WriteControl(websocket.PingMessage, nil, time.Time{})
		}
		synctest.Wait()
		if p := w.last().socket.Pending(); p > 5000 {
			t.Errorf("%d bytes pending", p)
		}
	})
}
