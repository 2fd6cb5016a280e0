package inproc

import (
	"sync"
	"testing"
	"time"

	"corsia/shared/driver/drivertest"
)

// clock is a time that passes when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func openState(t *testing.T) (*State, drivertest.Clock) {
	c := &clock{now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	s := NewStateTTL(c.Now, TTLs{
		Session: drivertest.SessionTTL, Activity: drivertest.ActivityTTL, Room: drivertest.RoomTTL,
	})
	t.Cleanup(func() { s.Close() })
	return s, c.pass
}

// openSwept is a state that the owner sweeps each time that time has passed.
func openSwept(t *testing.T) (*State, drivertest.Clock) {
	s, pass := openState(t)
	return s, func(d time.Duration) {
		pass(d)
		s.Sweep(s.now())
	}
}

// each runs a suite with and without sweeping: what has expired is gone either way.
func each(t *testing.T, suite func(*testing.T, func(*testing.T) (*State, drivertest.Clock))) {
	t.Run("lazy", func(t *testing.T) { suite(t, openState) })
	t.Run("swept", func(t *testing.T) { suite(t, openSwept) })
}

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, open func(*testing.T) (*State, drivertest.Clock)) {
		drivertest.Sessions(t, func(t *testing.T) (drivertest.SessionKeeper, drivertest.Clock) { return open(t) })
	})
}

func TestPresence(t *testing.T) {
	each(t, func(t *testing.T, open func(*testing.T) (*State, drivertest.Clock)) {
		drivertest.Presence(t, func(t *testing.T) (drivertest.PresenceKeeper, drivertest.Clock) { return open(t) })
	})
}

func TestClaims(t *testing.T) {
	each(t, func(t *testing.T, open func(*testing.T) (*State, drivertest.Clock)) {
		drivertest.Claims(t, func(t *testing.T) (drivertest.Claimer, drivertest.Clock) { return open(t) })
	})
}

func TestLeases(t *testing.T) {
	each(t, func(t *testing.T, open func(*testing.T) (*State, drivertest.Clock)) {
		drivertest.Leases(t, func(t *testing.T) (drivertest.Leaser, drivertest.Clock) { return open(t) })
	})
}

func TestInstances(t *testing.T) {
	each(t, func(t *testing.T, open func(*testing.T) (*State, drivertest.Clock)) {
		drivertest.Instances(t, func(t *testing.T) (drivertest.InstanceKeeper, drivertest.Clock) { return open(t) })
	})
}

func TestOrphans(t *testing.T) {
	drivertest.Orphans(t, func(t *testing.T) drivertest.OrphanKeeper {
		s, _ := openState(t)
		return s
	})
}

func TestBus(t *testing.T) {
	drivertest.Bus(t, func(*testing.T) drivertest.Publisher { return NewBus() })
}
