package rabbitmq

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAURLIsCheckedAndNeverTold(t *testing.T) {
	for _, url := range []string{
		"", "amqp:", "amqp://", "redis://u:hunter2@h/", "amqps://u:hunter2@h/?heartbeat=0", "amqp://u:hunter2@h:port/",
		"amqp://u:hunter2@h/#f", "amqp://u:hunter2%zz@h/", "://u:hunter2@h",
	} {
		_, err := Open(url, Options{})
		if err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("open %q: %v", url, err)
		}
	}
	for _, url := range []string{"amqp://localhost", "amqps://u:p@mq.example:5671/", "amqp://u:p%40@[::1]:5672/vhost"} {
		if _, err := Open(url, Options{}); err != nil {
			t.Errorf("open %q: %v", url, err)
		}
	}
}

func TestTheBrokerIsTriedLessAndLessOftenAndToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		k := keeper{"test", slog.New(slog.NewTextHandler(&log, nil))}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var tries []time.Time
		k.keep(ctx, func(context.Context, func()) error {
			tries = append(tries, time.Now())
			return errors.New("refused")
		})
		for i := 1; i < len(tries); i++ {
			wait := tries[i].Sub(tries[i-1])
			mean := min(firstRedial<<min(i-1, 10), maxRedial)
			if wait < mean/2 || wait > mean*3/2 {
				t.Errorf("wait %d is %v, want %v within a half", i, wait, mean)
			}
		}
		if len(tries) < 70 {
			t.Errorf("tried only %d times in 10 min", len(tries))
		}
		if n := strings.Count(log.String(), "away"); n != 1 {
			t.Errorf("the log tells %d times that the broker is away", n)
		}
	})
}

func TestAConnectionThatLastedIsMadeAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		k := keeper{"test", slog.New(slog.NewTextHandler(&log, nil))}
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		var broken time.Time
		k.keep(ctx, func(_ context.Context, ready func()) error {
			tries++
			switch {
			case tries == 10: // after failures that have made the waits long
				ready()
				time.Sleep(time.Minute)
				broken = time.Now()
			case tries == 11:
				if wait := time.Since(broken); wait > firstRedial*3/2 {
					t.Errorf("the connection is made again after %v", wait)
				}
				cancel()
			}
			return errors.New("refused")
		})
		if n := strings.Count(log.String(), "away"); n != 2 {
			t.Errorf("the log tells %d times that the broker is away, want 2", n)
		}
	})
}

func TestAWaitForTheBrokerEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keeper{"test", slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithCancel(t.Context())
		begin := time.Now()
		k.keep(ctx, func(context.Context, func()) error {
			cancel()
			return errors.New("refused")
		})
		if took := time.Since(begin); took != 0 {
			t.Errorf("keep ended %v after its context", took)
		}
	})
}

func TestASubscriberDoesNotWaitForABrokerThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := Open("amqp://localhost", Options{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		b.Subscribe(ward, "i_1", nil)
		if took := time.Since(begin); took != bindLimit {
			t.Errorf("the first connection was waited for %v, want %v", took, bindLimit)
		}
		b.topics.lost()
		begin = time.Now()
		cancel := b.Subscribe(ward, "i_2", nil)
		if took := time.Since(begin); took != 0 {
			t.Errorf("a broker that is away was waited for %v", took)
		}
		if err := b.Ping(t.Context()); err == nil {
			t.Error("a broker that is away answers")
		}
		cancel()
		cancel()
		if got := len(b.topics.subscriptions(ward)); got != 1 {
			t.Errorf("%d subscriptions are left, want 1", got)
		}
	})
}

func TestWishesAreTheDifferenceBetweenSubscriptionsAndBindings(t *testing.T) {
	topics := newTopics()
	topics.lost() // nobody waits
	first, second := &subscription{}, &subscription{}
	topics.add(ward, first, time.Second)
	topics.add(ward, second, time.Second)
	if got := topics.wishes(); len(got) != 1 || !got[0].wanted {
		t.Fatalf("wishes %v, want one binding", got)
	}
	topics.remove(ward, first)
	if got := topics.wishes(); len(got) != 0 {
		t.Fatalf("wishes %v while somebody listens", got)
	}
	topics.remove(ward, second)
	if got := topics.wishes(); len(got) != 1 || got[0].wanted {
		t.Fatalf("wishes %v, want the binding's end", got)
	}
	topics.add(ward, first, time.Second)
	topics.wishes()
	topics.connecting()
	if got := topics.wishes(); len(got) != 1 || !got[0].wanted {
		t.Fatalf("wishes %v on a new connection, want the binding again", got)
	}
}

func TestABrokerThatHasJustAnsweredIsNotAskedAgain(t *testing.T) {
	l := listening{probed: time.Now()} // and no channel to ask on
	if err := l.probe(); err != nil {
		t.Fatal(err)
	}
}
