//go:build integration

package rabbitmq

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/rabbittest"
)

func TestThreeInstancesHearEachOtherAndNotThemselves(t *testing.T) {
	t.Parallel()
	res := fresh()
	var buses []*Bus
	var heard []<-chan collab.Notice
	name := func(i int) collab.InstanceID { return collab.InstanceID(fmt.Sprint("i_", i)) }
	for i := range 3 {
		b, _ := connected(t, rabbittest.URL(t), Options{Instance: name(i)})
		buses = append(buses, b)
		heard = append(heard, subscribe(t, b, res, name(i)))
	}
	for i, b := range buses {
		publish(t, b, res, name(i), string(name(i)))
		for j := range heard {
			if j != i {
				wantHeard(t, heard[j], string(name(i)))
			}
		}
	}
}

func TestEachRoomKeepsItsOrderUnderLoad(t *testing.T) {
	t.Parallel()
	const rooms, notices = 50, 1000
	var count tally
	speaker, _ := connected(t, rabbittest.URL(t), Options{Observe: count.observe})
	listener, _ := connected(t, rabbittest.URL(t), Options{})
	var publishers sync.WaitGroup
	var heard [rooms]<-chan collab.Notice
	for i := range rooms {
		res := fresh()
		heard[i] = subscribe(t, listener, res, "i_2")
		publishers.Go(func() {
			for n := range notices {
				publish(t, speaker, res, "i_1", fmt.Sprint(n))
				if n%20 == 19 {
					time.Sleep(20 * time.Millisecond) // 50,000 a second in all
				}
			}
		})
	}
	for i := range rooms {
		for n := range notices {
			wantHeard(t, heard[i], fmt.Sprint(n))
		}
	}
	publishers.Wait()
	eventually(t, "the confirmations", func() error { return wantSum(&count, rooms*notices) })
	if got := count.confirmed.Load(); got != rooms*notices {
		t.Errorf("%d of %d notices were confirmed", got, rooms*notices)
	}
}

func TestASlowInstanceLosesTheOldestAndTheBrokerNotItsMemory(t *testing.T) {
	t.Parallel()
	const sent, size = 120, 1 << 20 // the first are sent within the time that messages live
	var count tally
	speaker, _ := connected(t, rabbittest.URL(t), Options{Observe: count.observe})
	slow, _ := connected(t, rabbittest.URL(t), Options{})
	res := fresh()
	wait := make(chan struct{})
	heard := make(chan byte, sent)
	t.Cleanup(slow.Subscribe(res, "i_2", func(n collab.Notice) bool {
		<-wait // a real one must not
		heard <- n.Body[0]
		return true
	}))
	for n := range sent {
		body := make([]byte, size)
		body[0] = byte(n)
		publish(t, speaker, res, "i_1", string(body))
		if n%16 == 15 { // what waits is bounded
			eventually(t, "the confirmation", func() error { return wantSum(&count, int64(n)+1) })
		}
	}
	eventually(t, "the confirmation", func() error { return wantSum(&count, sent) })
	close(wait)
	got := map[byte]bool{}
	for last := byte(0); last != sent-1; {
		select {
		case last = <-heard:
			got[last] = true
		case <-time.After(patience):
			t.Fatalf("the newest notice was not heard, but %d others", len(got))
		}
	}
	if limit := queueBytes/size + prefetch; len(got) > limit || len(got) < prefetch {
		t.Errorf("%d of %d notices were kept, want at most %d", len(got), sent, limit)
	}
}

func TestABusThatEndsWhileItIsBusyLeavesNothing(t *testing.T) {
	// Not parallel: it counts goroutines.
	url := rabbittest.URL(t)
	before := runtime.NumGoroutine()
	for round := range 6 {
		var count tally
		b, err := Open(url, Options{Observe: count.observe})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			b.Run(ctx)
		}()
		if round > 0 { // in the first it ends while it connects
			eventually(t, "the connection", func() error { return b.Ping(ctx) })
		}
		res := fresh()
		stop := b.Subscribe(res, "i_2", func(collab.Notice) bool { return true })
		for n := range 2000 {
			publish(t, b, res, "i_1", fmt.Sprint(n))
		}
		begin := time.Now()
		if round%2 == 0 {
			cancel()
		} else if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		<-ended
		if took := time.Since(begin); took > stopLimit+time.Second {
			t.Errorf("Run ended %v after it should", took)
		}
		if err := wantSum(&count, 2000); err != nil {
			t.Error(err)
		}
		if round > 0 && count.confirmed.Load() != 2000 {
			t.Errorf("%d of 2000 notices that waited at the end were published", count.confirmed.Load())
		}
		stop()
		cancel()
		if err := errors.Join(b.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	}
	eventually(t, "the end of goroutines", func() error {
		if now := runtime.NumGoroutine(); now > before {
			stacks := make([]byte, 1<<20)
			return fmt.Errorf("%d goroutines, %d before: %s", now, before, stacks[:runtime.Stack(stacks, true)])
		}
		return nil
	})
}

// raw is a client that knows nothing of the driver.
func raw(t *testing.T) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(rabbittest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func TestABindingEndsWithTheLastSubscription(t *testing.T) {
	t.Parallel()
	b, _ := connected(t, rabbittest.URL(t), Options{})
	res := fresh()
	ch := raw(t)
	returned := ch.NotifyReturn(make(chan amqp.Return, 100))
	routed := func() bool {
		if err := ch.Confirm(false); err != nil {
			t.Fatal(err)
		}
		c, err := ch.PublishWithDeferredConfirm(exchange, routingKey(res), true, false, amqp.Publishing{Body: encode(about(string(res.ID), "a"))})
		if err != nil {
			t.Fatal(err)
		}
		c.Wait()
		select {
		case <-returned: // comes before the confirmation
			return false
		default:
			return true
		}
	}
	first := b.Subscribe(res, "i_2", func(collab.Notice) bool { return true })
	second := b.Subscribe(res, "i_2", func(collab.Notice) bool { return true })
	first()
	if err := b.Ping(t.Context()); err != nil || !routed() {
		t.Fatalf("the binding ended with the first of two subscriptions (%v)", err)
	}
	second()
	eventually(t, "the binding's end", func() error {
		if routed() {
			return errors.New("a message is still routed")
		}
		return nil
	})
}

func TestAMessageThatCannotBeReadIsDroppedWithAWarning(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	b, _ := connected(t, rabbittest.URL(t), Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	res := fresh()
	heard := subscribe(t, b, res, "i_2")
	ch := raw(t)
	good := encode(about(string(res.ID), "good"))
	newer := bytes.Clone(good)
	newer[0]++
	other := encode(about("page:/other", "other room, same key"))
	for _, body := range [][]byte{newer, good[:len(good)-1], nil, other, good} {
		if err := ch.PublishWithContext(t.Context(), exchange, routingKey(res), false, false, amqp.Publishing{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	wantHeard(t, heard, "good")
	if n := strings.Count(log.String(), "another version"); n != 1 {
		t.Errorf("the log tells %d times of the message, want once: %s", n, log.String())
	}
}

func TestThousandsOfSubscriptionsAreMadeAgainTogether(t *testing.T) {
	t.Parallel()
	const rooms = 2000
	url := rabbittest.URL(t)
	listener, err := Open(url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener.topics.lost() // as if the broker had been away: nobody waits
	heard := make(chan collab.Notice, rooms)
	var resources []collab.Resource
	for range rooms {
		res := fresh()
		resources = append(resources, res)
		listener.Subscribe(res, "i_2", func(n collab.Notice) bool {
			heard <- n
			return true
		})
	}
	again := make(chan struct{}, 1)
	listener.onReconnect = func() { again <- struct{}{} }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		listener.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	begin := time.Now()
	<-again
	t.Logf("%d bindings in %v", rooms, time.Since(begin))
	speaker, _ := connected(t, url, Options{})
	for _, res := range resources {
		publish(t, speaker, res, "i_1", "a")
	}
	for range rooms {
		wantHeard(t, heard, "a")
	}
}

func TestTLSChecksTheServersCertificate(t *testing.T) {
	t.Parallel()
	server, roots := rabbittest.StartTLS(t)
	b, _ := connected(t, server.URL, Options{TLS: &tls.Config{RootCAs: roots}})
	res := fresh()
	heard := subscribe(t, b, res, "i_2")
	publish(t, b, res, "i_1", "a")
	wantHeard(t, heard, "a")
	var log lockedBuffer
	stranger, _ := start(t, server.URL, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	eventually(t, "the refusal", func() error {
		if !strings.Contains(log.String(), "certificate") {
			return errors.New("nothing is logged")
		}
		return nil
	})
	if err := stranger.Ping(t.Context()); err == nil {
		t.Error("a server whose certificate nobody vouches for answers")
	}
}

func TestAWrongPasswordIsToldAndNotShown(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	url := strings.Replace(rabbittest.URL(t), "guest:guest@", "guest:hunter2@", 1)
	b, _ := start(t, url, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	eventually(t, "the refusal", func() error {
		if !strings.Contains(log.String(), "away") {
			return errors.New("nothing is logged")
		}
		return nil
	})
	err := b.Ping(t.Context())
	if err == nil || strings.Contains(err.Error()+log.String(), "hunter") {
		t.Errorf("ping: %v; log: %s", err, log.String())
	}
}

// lockedBuffer is a log that a test reads while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
