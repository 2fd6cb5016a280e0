//go:build integration

package redis

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"corsia/shared/driver/drivertest"
	"corsia/shared/driver/drivertest/redistest"
)

// open returns a state until the test ends, with the lifetimes of the suites, that listens for expirations.
func open(t testing.TB, url string, o Options) *State {
	t.Helper()
	o.TTL = TTLs{Session: drivertest.SessionTTL, Activity: drivertest.ActivityTTL, Room: drivertest.RoomTTL}
	return start(t, url, o)
}

func start(t testing.TB, url string, o Options) *State {
	t.Helper()
	s, err := Open(url, o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(t.Context())
	}()
	t.Cleanup(func() { // t.Context is over
		<-ended
		s.Close()
	})
	return s
}

// plain returns a client that knows nothing of the driver.
func plain(t testing.TB, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSessions(t *testing.T) {
	t.Parallel()
	url := redistest.URL(t)
	drivertest.Sessions(t, func(t *testing.T) (drivertest.SessionKeeper, drivertest.Clock) {
		t.Parallel()
		return open(t, url, Options{}), time.Sleep
	})
}

func TestPresence(t *testing.T) {
	t.Parallel()
	url := redistest.URL(t)
	drivertest.Presence(t, func(t *testing.T) (drivertest.PresenceKeeper, drivertest.Clock) {
		t.Parallel()
		return open(t, url, Options{}), time.Sleep
	})
}

func TestClaims(t *testing.T) {
	t.Parallel()
	url := redistest.URL(t)
	drivertest.Claims(t, func(t *testing.T) (drivertest.Claimer, drivertest.Clock) {
		t.Parallel()
		return open(t, url, Options{}), time.Sleep
	})
}

func TestLeases(t *testing.T) {
	t.Parallel()
	url := redistest.URL(t)
	drivertest.Leases(t, func(t *testing.T) (drivertest.Leaser, drivertest.Clock) {
		t.Parallel()
		return open(t, url, Options{}), time.Sleep
	})
}

func TestInstances(t *testing.T) {
	t.Parallel()
	url := redistest.URL(t)
	drivertest.Instances(t, func(t *testing.T) (drivertest.InstanceKeeper, drivertest.Clock) {
		t.Parallel()
		return open(t, url, Options{}), time.Sleep
	})
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	url := redistest.URL(t)
	drivertest.Orphans(t, func(t *testing.T) drivertest.OrphanKeeper {
		t.Parallel()
		return open(t, url, Options{})
	})
}
