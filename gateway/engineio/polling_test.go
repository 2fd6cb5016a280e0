package engineio

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPayloadsAreReceivedAndAnsweredInOrder(t *testing.T) {
	tests := []struct{ name, payload, received string }{
		{"one text", "4hello", "hello"},
		{"several", "4test1\x1e4test2\x1e4test3", "test1 test2 test3"},
		{"text and binary", "4hello\x1ebAQIDBA==", "hello [\x01\x02\x03\x04]"},
		{"empty text", "4", ""},
		{"multi-byte", "4€ \U0001f600", "€ \U0001f600"},
	}
	run(t, Options{}, func(w *world) {
		for _, tt := range tests {
			sid := w.open()
			wantAnswer(t, w.post(sid, tt.payload), http.StatusOK, "ok")
			wantAnswer(t, w.get(sid), http.StatusOK, tt.payload)
			if got := w.last().received(); got != tt.received {
				t.Errorf("%s: received %q, want %q", tt.name, got, tt.received)
			}
		}
	})
}

func TestPollWaitsUntilThereIsAMessage(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		got := w.goGet(sid)
		sleep(10 * time.Second)
		if len(got) > 0 {
			t.Fatalf("answered %+v", <-got)
		}
		w.last().socket.Send(Encode(Message{Data: []byte("a")}, Message{Binary: true, Data: []byte("b")}))
		wantAnswer(t, <-got, http.StatusOK, "4a\x1ebYg==")
		if p := w.last().socket.Pending(); p != 0 {
			t.Errorf("%d bytes pending", p)
		}
	})
}

func TestSecondPollClosesTheSession(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		first := w.goGet(sid)
		wantAnswer(t, w.get(sid), http.StatusBadRequest, badRequest)
		wantAnswer(t, <-first, http.StatusOK, "1")
		wantAnswer(t, w.get(sid), http.StatusBadRequest, unknownID)
		w.last().wantReason(ReasonDuplicate)
	})
}

func TestSecondPostClosesTheSession(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		body, finish := io.Pipe()
		first := make(chan answer, 1)
		go func() { first <- w.do(httptestRequest("POST", pollingQuery+"&sid="+sid, body)) }()
		synctest.Wait()
		wantAnswer(t, w.post(sid, "4second"), http.StatusBadRequest, badRequest)
		_, _ = io.WriteString(finish, "4first")
		_ = finish.Close()
		if a := <-first; a.status == http.StatusOK {
			t.Errorf("first post: %+v", a)
		}
		w.last().wantReason(ReasonDuplicate)
		if got := w.last().received(); got != "" {
			t.Errorf("received %q", got)
		}
	})
}

func TestCancelledPollClosesTheSession(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		ctx, cancel := context.WithCancel(context.Background())
		go w.do(httptestRequest("GET", pollingQuery+"&sid="+sid, nil).WithContext(ctx))
		synctest.Wait()
		cancel()
		w.last().wantReason(ReasonTransportClose)
		wantAnswer(t, w.get(sid), http.StatusBadRequest, unknownID)
	})
}

func TestInvalidPayloadsCloseTheSession(t *testing.T) {
	tests := []struct{ name, payload string }{
		{"unknown type", "abc"},
		{"empty", ""},
		{"empty packet", "4a\x1e"},
		{"bad base64", "bAQ*="},
		{"unpadded base64", "bAQ"},
		{"not UTF-8", "4\xff"},
		{"a ping from the client", "2"},
		{"an open packet", "0{}"},
		{"an upgrade packet", "5"},
	}
	setup := func(r *receiver) { r.quiet = true }
	runWith(t, Options{}, setup, func(w *world) {
		for _, tt := range tests {
			sid := w.open()
			waiting := w.goGet(sid)
			if a := w.post(sid, tt.payload); a.status != http.StatusBadRequest {
				t.Errorf("%s: %+v", tt.name, a)
			}
			if a := <-waiting; a.status != http.StatusOK || a.body != "1" {
				t.Errorf("%s: poll answered %+v", tt.name, a)
			}
			wantAnswer(t, w.get(sid), http.StatusBadRequest, unknownID)
			w.last().wantReason(ReasonParseError)
		}
	})
}

// C2: maxPayload.
func TestPostBeyondMaxPayloadIsRefused(t *testing.T) {
	run(t, Options{MaxPayload: 10}, func(w *world) {
		sid := w.open()
		wantAnswer(t, w.post(sid, "4123456789"), http.StatusOK, "ok")
		wantAnswer(t, w.post(sid, "41234567890"), http.StatusRequestEntityTooLarge, badRequest)
		w.last().wantReason(ReasonTooLarge)

		sid = w.open()
		chunked := httptestRequest("POST", pollingQuery+"&sid="+sid, io.MultiReader(strings.NewReader("41234567890")))
		chunked.ContentLength = -1
		wantAnswer(t, w.do(chunked), http.StatusRequestEntityTooLarge, badRequest)
		w.last().wantReason(ReasonTooLarge)
	})
}

func TestClosePacketEndsTheSessionAndReleasesThePoll(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		waiting := w.goGet(sid)
		wantAnswer(t, w.post(sid, "1"), http.StatusOK, "ok")
		wantAnswer(t, <-waiting, http.StatusOK, "6")
		synctest.Wait()
		if a := w.get(sid); a.status != http.StatusBadRequest {
			t.Errorf("further poll: %+v", a)
		}
		w.last().wantReason(ReasonClientClose)
	})
}

func TestPollThatCrossesTheClosePacketIsReleasedOnce(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		wantAnswer(t, w.post(sid, "1"), http.StatusOK, "ok")
		wantAnswer(t, w.get(sid), http.StatusOK, "6")
		if a := w.get(sid); a.status != http.StatusBadRequest {
			t.Errorf("further poll: %+v", a)
		}
		sid = w.open()
		w.post(sid, "1")
		sleep(upgradeGrace)
		wantAnswer(t, w.get(sid), http.StatusBadRequest, unknownID)
		w.last().wantReason(ReasonClientClose)
	})
}

func TestNothingIsReceivedAfterTheClosePacket(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		w.post(sid, "4a\x1e1\x1e4b")
		w.last().wantReason("")
		sleep(time.Second)
		w.last().wantReason(ReasonClientClose)
		if got := w.last().received(); got != "a" {
			t.Errorf("received %q", got)
		}
	})
}

func TestPacketsAfterCloseInTheSamePayloadAreDropped(t *testing.T) {
	setup := func(r *receiver) { r.hold = func(r *receiver, _ string) { r.socket.Close("enough") } }
	runWith(t, Options{}, setup, func(w *world) {
		w.post(w.open(), "4a\x1e4b")
		w.last().wantReason("enough")
		if got := w.last().received(); got != "a" {
			t.Errorf("received %q", got)
		}
	})
}

func TestStalledPostEndsWithTheSession(t *testing.T) {
	run(t, Options{}, func(w *world) {
		body, end := io.Pipe()
		defer end.Close()
		req := httptestRequest("POST", pollingQuery+"&sid="+w.open(), body)
		got := make(chan answer, 1)
		go func() { got <- w.do(req) }()
		sleep(DefaultPingInterval + DefaultPingTimeout)
		w.last().wantReason(ReasonPingTimeout)
		<-got
	})
}

func TestPostThatBreaksOffClosesTheSession(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		conn, err := w.dial()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "POST /ws/"+pollingQuery+"&sid="+sid+" HTTP/1.1\r\nHost: ward.example\r\nContent-Length: 100\r\n\r\n4half")
		_ = conn.Close()
		w.last().wantReason(ReasonTransportError)
		if got := w.last().received(); got != "" {
			t.Errorf("received %q", got)
		}
	})
}

func TestBlockedReceiverSlowsOnlyItsClient(t *testing.T) {
	gate := make(chan struct{})
	setup := func(r *receiver) {
		r.hold = func(_ *receiver, m string) {
			if m == "block" {
				<-gate
			}
		}
	}
	runWith(t, Options{}, setup, func(w *world) {
		gate = make(chan struct{}) // of this bubble
		slow, quick := w.open(), w.open()
		done := make(chan answer, 1)
		go func() { done <- w.post(slow, "4block") }()
		synctest.Wait()
		wantAnswer(t, w.post(quick, "4hello"), http.StatusOK, "ok")
		wantAnswer(t, w.get(quick), http.StatusOK, "4hello")
		close(gate)
		wantAnswer(t, <-done, http.StatusOK, "ok")
		wantAnswer(t, w.get(slow), http.StatusOK, "4block")
	})
}

// brokenWriter fails like the connection of a client that is gone.
type brokenWriter struct{ *httptest.ResponseRecorder }

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestFailedPollAnswerClosesTheSession(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		w.post(sid, "4lost")
		w.server.ServeHTTP(brokenWriter{httptest.NewRecorder()}, httptestRequest("GET", pollingQuery+"&sid="+sid, nil))
		w.last().wantReason(ReasonTransportError)
		wantAnswer(t, w.get(sid), http.StatusBadRequest, unknownID)
	})
}

func TestPollAnswersWithoutAConnectionToTune(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid := w.open()
		w.post(sid, "4a\x1e4b")
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, httptestRequest("GET", pollingQuery+"&sid="+sid, nil))
		if got := rec.Body.String(); got != "4a\x1e4b" {
			t.Errorf("answered %q", got)
		}
	})
}

func TestLargePayloadIsAnsweredWhole(t *testing.T) {
	run(t, Options{}, func(w *world) {
		sid, large := w.open(), strings.Repeat("0123456789", 50_000)
		wantAnswer(t, w.post(sid, "4"+large), http.StatusOK, "ok")
		wantAnswer(t, w.get(sid), http.StatusOK, "4"+large)
	})
}
