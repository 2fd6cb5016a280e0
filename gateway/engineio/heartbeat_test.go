package engineio

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPingsComeAtTheIntervalAndPongsKeepTheSessionAlive(t *testing.T) {
	run(t, Options{}, func(w *world) {
		c := w.openWS()
		for range 5 {
			start := time.Now()
			c.want("2")
			if d := time.Since(start); d < 28*time.Second || d > 32*time.Second {
				t.Errorf("ping after %v", d)
			}
			c.send("3")
		}
		sid := w.open()
		for range 3 {
			wantAnswer(t, w.get(sid), http.StatusOK, "2")
			wantAnswer(t, w.post(sid, "3"), http.StatusOK, "ok")
		}
	})
}

// C2: a dead peer is gone within 60 s.
func TestDeadPeerIsGoneWithinIntervalAndTimeout(t *testing.T) {
	for _, opts := range []Options{
		{},
		{PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond},
		{PingInterval: 5 * time.Minute, PingTimeout: time.Minute}, // more than a lap of the wheel
	} {
		run(t, opts, func(w *world) {
			wheel := w.server.wheel
			total := wheel.interval + wheel.timeout
			w.open()
			polling := w.last()
			c := w.openWS()
			socket := w.last()
			go func() { c.want("2", "lost") }() // reads and does not answer
			sleep(total - 4*wheel.tick)
			if n := w.server.Len(); n != 2 {
				t.Errorf("%v: %d sockets before the end, want 2", total, n)
			}
			sleep(4 * wheel.tick)
			polling.wantReason(ReasonPingTimeout)
			socket.wantReason(ReasonPingTimeout)
		})
	}
}

func TestAnyPacketIsASignOfLife(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		for range 10 {
			sleep(25 * time.Second)
			wantAnswer(t, w.post(sid, "4x"), http.StatusOK, "ok")
		}
		if n := w.server.Len(); n != 1 {
			t.Errorf("%d sockets, want 1", n)
		}
	})
}

func TestSlowTransferThatGoesOnIsNotTakenForADeadPeer(t *testing.T) {
	run(t, Options{MaxOutboxBytes: 8 << 20}, func(w *world) {
		c := w.openWS()
		w.last().quiet = true
		w.last().socket.Send(text("%s", strings.Repeat("x", 3<<20)))
		go func() { // 64 KiB in 4 s: 200 s for all
			buf := make([]byte, 1<<14)
			for {
				if _, err := c.NetConn().Read(buf); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		sleep(150 * time.Second)
		w.last().wantReason("")
		if n := w.server.Len(); n != 1 {
			t.Errorf("%d sockets, want 1", n)
		}
		w.last().socket.Close("enough")
		sleep(time.Second)
	})
}

func TestWheelServesManySocketsAndStopsWithTheLast(t *testing.T) {
	run(t, Options{}, func(w *world) {
		for range 300 {
			w.open()
			time.Sleep(97 * time.Millisecond)
		}
		if n := w.server.Len(); n != 300 {
			t.Errorf("%d sockets, want 300", n)
		}
		sleep(DefaultPingInterval + DefaultPingTimeout)
		if n := w.server.Len(); n != 0 {
			t.Errorf("%d sockets left", n)
		}
		w.server.wheel.running.Wait()
		for slot, h := range w.server.wheel.slots {
			if h != nil {
				t.Errorf("slot %d is not empty", slot)
			}
		}
		w.open() // starts it again
		sleep(DefaultPingInterval + DefaultPingTimeout)
		w.last().wantReason(ReasonPingTimeout)
	})
}

func TestProcessThatSleptDoesNotCloseEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := NewServer(Options{}, func(s *Socket) Receiver { return &receiver{socket: s} })
		s := newSocket(server, polling, Handshake{})
		if err := server.add(s); err != nil {
			t.Fatal(err)
		}
		s.begin()
		late := s.heartbeat.pinged.Add(time.Hour)
		next, alive := s.beat(late, late.Add(time.Second))
		if !alive || !s.silent.Load() || next.Sub(late) != DefaultPingTimeout {
			t.Errorf("next beat in %v, alive %v", next.Sub(late), alive)
		}
		s.Close("enough")
	})
}
