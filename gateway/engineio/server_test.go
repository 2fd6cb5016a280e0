package engineio

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestCloseTellsEverybodyAndRefusesNewSessions(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		poller := w.last()
		waiting := w.goGet(sid)
		c := w.openWS()
		socket := w.last()
		done := make(chan error, 1)
		go func() { done <- w.server.Close(context.Background()) }()
		c.want("close restart")
		wantAnswer(t, <-waiting, http.StatusOK, "1")
		if err := <-done; err != nil {
			t.Errorf("close: %v", err)
		}
		poller.wantReason(ReasonShutdown)
		socket.wantReason(ReasonShutdown)
		wantAnswer(t, w.request("GET", pollingQuery, ""), http.StatusServiceUnavailable, `{"code":4,"message":"server is shutting down"}`)
		late := w.connect("")
		late.want("close restart")
	})
}

func TestCloseCutsWhatIsLeftWhenItsTimeIsOver(t *testing.T) {
	run(t, Options{}, func(w *world) {
		w.open()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		if err := w.server.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("closed after %v", d)
		}
		w.last().wantReason(ReasonShutdown)
	})
}

func TestCloseWaitsForABlockedReceiver(t *testing.T) {
	var gate chan struct{}
	setup := func(r *receiver) { r.hold = func(*receiver, string) { <-gate } }
	runWith(t, Options{}, setup, func(w *world) {
		gate = make(chan struct{})
		c := w.openWS()
		c.send("4x")
		synctest.Wait()
		done := make(chan error, 1)
		go func() { done <- w.server.Close(context.Background()) }()
		c.want("close restart")
		sleep(flushTimeout)
		if len(done) > 0 {
			t.Fatal("closed while a receiver works")
		}
		close(gate)
		synctest.Wait()
		if len(done) != 1 {
			t.Fatal("not closed")
		}
		w.last().wantReason(ReasonShutdown)
	})
}

func TestReceiverMayCloseFromWithinAccept(t *testing.T) {
	setup := func(r *receiver) { r.socket.Close("not you") }
	runWith(t, Options{}, setup, func(w *world) {
		w.open()
		w.last().wantReason("not you")
		c, _, err := w.dialWS("?EIO=4&transport=websocket", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		w.last().wantReason("not you")
		if n := w.server.Len(); n != 0 {
			t.Errorf("%d sockets left", n)
		}
	})
}
