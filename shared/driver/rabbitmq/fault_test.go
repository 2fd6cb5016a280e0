//go:build integration

package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/rabbittest"
)

const patience = 30 * time.Second

// tally counts what becomes of notices.
type tally struct{ confirmed, nacked, failed, dropped atomic.Int64 }

func (c *tally) observe(result string, n int) {
	counter := map[string]*atomic.Int64{Confirmed: &c.confirmed, Nacked: &c.nacked, Failed: &c.failed, Dropped: &c.dropped}[result]
	counter.Add(int64(n))
}

func (c *tally) sum() int64 {
	return c.confirmed.Load() + c.nacked.Load() + c.failed.Load() + c.dropped.Load()
}

func fresh() collab.Resource {
	return collab.Resource{Tenant: "default", ID: collab.ResourceID("page:/" + collab.NewInstanceID())}
}

func subscribe(t testing.TB, b *Bus, res collab.Resource, inst collab.InstanceID) <-chan collab.Notice {
	t.Helper()
	heard := make(chan collab.Notice, 100000)
	t.Cleanup(b.Subscribe(res, inst, func(n collab.Notice) bool {
		heard <- n
		return true
	}))
	return heard
}

func publish(t testing.TB, b *Bus, res collab.Resource, from collab.InstanceID, body string) {
	t.Helper()
	if err := b.Publish(context.Background(), collab.Notice{Resource: res, From: from, Kind: collab.BusUpdates, Body: []byte(body)}); err != nil {
		t.Fatal(err)
	}
}

func wantHeard(t testing.TB, heard <-chan collab.Notice, body string) {
	t.Helper()
	select {
	case n := <-heard:
		if string(n.Body) != body {
			t.Fatalf("heard %.40q, want %.40q", n.Body, body)
		}
	case <-time.After(patience):
		t.Fatalf("%.40q was not heard", body)
	}
}

// publishWhile publishes without a pause while during lasts, and checks that no call takes long and that no memory is used up.
func publishWhile(t *testing.T, b *Bus, during func()) (published int) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		during()
	}()
	body := strings.Repeat("x", 1000)
	var slow int
	var longest time.Duration
	for {
		select {
		case <-ended:
			// A call that waits for the broker takes seconds; a busy machine makes some calls late.
			if slow > published/20 || longest > time.Second {
				t.Errorf("%d of %d notices took more than 5 ms, one took %v", slow, published, longest)
			}
			return published
		default:
		}
		for range 20 {
			begin := time.Now()
			publish(t, b, fresh(), "i_1", body)
			took := time.Since(begin)
			longest = max(longest, took)
			if took > 5*time.Millisecond {
				slow++
			}
			published++
		}
		b.outgoing.mu.Lock()
		if b.outgoing.notices > maxWaitingNotices || b.outgoing.bytes > maxWaitingBytes {
			t.Errorf("%d notices of %d bytes wait", b.outgoing.notices, b.outgoing.bytes)
		}
		b.outgoing.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
}

func wantAway(t *testing.T, b *Bus, limit time.Duration) {
	t.Helper()
	begin := time.Now()
	for b.Ping(context.Background()) == nil {
		if time.Since(begin) > limit {
			t.Errorf("the broker is not missed within %v", limit)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestFaultsOfTheBroker(t *testing.T) { // F3
	t.Parallel()
	server := rabbittest.Start(t)
	var count tally
	var reconnected atomic.Int64
	quiet := slog.New(slog.DiscardHandler)
	speaker, _ := connected(t, server.URL, Options{Instance: "i_1", Log: quiet, Observe: count.observe})
	listener, _ := connected(t, server.URL, Options{Instance: "i_2", Log: quiet, OnReconnect: func() { reconnected.Add(1) }})
	old := fresh()
	heard := subscribe(t, listener, old, "i_2")
	publish(t, speaker, old, "i_1", "before")
	wantHeard(t, heard, "before")
	if n := reconnected.Load(); n != 0 {
		t.Fatalf("a reconnection is told %d times before there was one", n)
	}

	// healed checks that subscriptions of before, and those made meanwhile, are in force without anybody's doing.
	healed := func(t *testing.T, meanwhile collab.Resource, heardMeanwhile <-chan collab.Notice) {
		t.Helper()
		before := reconnected.Load()
		eventually(t, "the connections", func() error {
			if reconnected.Load() == 0 {
				return errors.New("no reconnection is told")
			}
			return errors.Join(speaker.Ping(context.Background()), listener.Ping(context.Background()))
		})
		publish(t, speaker, old, "i_1", "after")
		publish(t, speaker, meanwhile, "i_1", "after")
		wantHeard(t, heard, "after")
		wantHeard(t, heardMeanwhile, "after")
		t.Logf("reconnections told: %d, then %d; notices confirmed %d, failed %d, dropped %d", before, reconnected.Load(),
			count.confirmed.Load(), count.failed.Load(), count.dropped.Load())
	}

	t.Run("killed and started again", func(t *testing.T) {
		reconnected.Store(0)
		server.Kill()
		wantAway(t, speaker, time.Second)
		wantAway(t, listener, time.Second)
		begin := time.Now()
		meanwhile := fresh()
		heardMeanwhile := subscribe(t, listener, meanwhile, "i_2")
		if took := time.Since(begin); took > 200*time.Millisecond {
			t.Errorf("a subscription took %v while the broker is away", took)
		}
		published := publishWhile(t, speaker, func() { server.Restart(t) })
		eventually(t, "the counting of notices", func() error { return wantSum(&count, int64(published)+1) })
		if count.dropped.Load() == 0 {
			t.Error("no notice was counted as dropped")
		}
		healed(t, meanwhile, heardMeanwhile)
	})

	t.Run("frozen", func(t *testing.T) {
		reconnected.Store(0)
		stuck, stop := connected(t, server.URL, Options{Log: quiet})
		server.Freeze(t)
		var meanwhile collab.Resource
		var heardMeanwhile <-chan collab.Notice
		publishWhile(t, speaker, func() {
			begin := time.Now()
			wantAway(t, listener, pingLimit+time.Second)
			meanwhile = fresh()
			heardMeanwhile = subscribe(t, listener, meanwhile, "i_2")
			for speaker.outgoing.accepts() || !isClosed(listener.topics.lostSignal()) {
				if time.Since(begin) > 12*time.Second {
					t.Error("the connections to a frozen broker are kept")
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Logf("noticed after %v", time.Since(begin))
			begin = time.Now()
			stop()
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("a bus stopped %v after it should while the broker is frozen", took)
			}
		})
		if stuck.Ping(context.Background()) == nil {
			t.Error("a bus that has ended answers")
		}
		server.Thaw(t)
		healed(t, meanwhile, heardMeanwhile)
	})

	t.Run("short of memory", func(t *testing.T) {
		reconnected.Store(1) // there is none
		before := count.dropped.Load()
		server.Control(t, "set_vm_memory_high_watermark", "absolute", "1MB")
		eventually(t, "the refusal", func() error {
			publish(t, speaker, fresh(), "i_1", "x")
			if err := speaker.Ping(context.Background()); err == nil {
				return errors.New("the broker still takes messages")
			}
			return nil
		})
		publishWhile(t, speaker, func() {
			time.Sleep(confirmLimit + 2*lookEvery) // a broker that takes nothing confirms nothing either
			server.Control(t, "set_vm_memory_high_watermark", "0.8")
		})
		if count.dropped.Load() == before {
			t.Error("no notice was counted as dropped")
		}
		meanwhile := fresh()
		healed(t, meanwhile, subscribe(t, listener, meanwhile, "i_2"))
	})
}

func wantSum(c *tally, want int64) error {
	if got := c.sum(); got != want {
		return fmt.Errorf("%d notices are counted, want %d", got, want)
	}
	return nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
