//go:build integration

package rabbitmq

import (
	"context"
	"testing"
	"time"

	"corsia/shared/driver/drivertest"
	"corsia/shared/driver/drivertest/rabbittest"
)

// start returns a bus that runs until the test ends, or until stop is called.
func start(t testing.TB, url string, o Options) (b *Bus, stop func()) {
	t.Helper()
	b, err := Open(url, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return b, stop
}

// connected is start of a bus that has reached the broker.
func connected(t testing.TB, url string, o Options) (b *Bus, stop func()) {
	t.Helper()
	b, stop = start(t, url, o)
	eventually(t, "the connection", func() error { return b.Ping(context.Background()) })
	return b, stop
}

// eventually tries until it succeeds.
func eventually(t testing.TB, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestBus(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	drivertest.Bus(t, func(t *testing.T) drivertest.Publisher {
		b, _ := connected(t, url, Options{})
		return b
	})
}
