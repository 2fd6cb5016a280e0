//go:build integration

package functions

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/rabbitmq"
	"corsia/tests/testkit"
)

// swept is what one run reports.
type swept struct {
	Expired, Disconnected, Kept int
	More                        bool
}

// sweeper starts the function on the services of a place.
func sweeper(t testing.TB, p testkit.Place) *testkit.Function {
	t.Helper()
	return testkit.StartFunction(t, "locksweep", "STORE_URL="+p.StoreURL, "STATE_URL="+p.StateURL, "BUS_URL="+p.BusURL)
}

// scheduled is EventBridge's event.
var scheduled = []byte(`{"version":"0","detail-type":"Scheduled Event","source":"aws.events","time":"2026-03-01T12:00:00Z","detail":{}}`)

func sweep(t testing.TB, f *testkit.Function) swept {
	t.Helper()
	return reported(t, f.Invoke(t, scheduled))
}

func reported(t testing.TB, v *testkit.Invocation) (r swept) {
	t.Helper()
	if err := json.Unmarshal(v.Response, &r); err != nil || v.ErrorType != "" {
		t.Fatalf("the function answers %q, %s %s", v.Response, v.ErrorType, v.Error)
	}
	return r
}

func lock(c *testkit.Client, resource, field string, more fields) fields {
	f := fields{"resourceId": resource, "field": field}
	for name, value := range more {
		f[name] = value
	}
	return c.OK("LOCK_ACQUIRE", f)
}

// ends gathers the ends of a resource's locks that the bus carries, as an instance of its own.
func ends(t *testing.T, busURL, resource string) func() []collab.LockEnded {
	t.Helper()
	bus, err := rabbitmq.Open(busURL, rabbitmq.Options{Instance: "listener"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); bus.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	testkit.Eventually(t, eventually, "connection to the bus", func() bool { return bus.Ping(t.Context()) == nil })
	var mu sync.Mutex
	var all []collab.LockEnded
	t.Cleanup(bus.Subscribe(collab.Resource{Tenant: collab.DefaultTenant, ID: collab.ResourceID(resource)}, "listener", func(n collab.Notice) bool {
		var e collab.LockEnded
		if n.Kind == collab.BusUnlocked && json.Unmarshal(n.Body, &e) == nil {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, e)
		}
		return true
	}))
	return func() []collab.LockEnded {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// troubles are what gateways say of a Redis that is away.
var troubles = []string{"health: a dependency is away", "health: a dependency stays away", "room: reading the document again", "session: request", "session: connect",
	"session: adopt its locks", "document: compaction"}

func TestALockOfAKilledGatewayIsEndedAndToldOnceWhenNoGatewayCanSweep_L5(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Proxied: true, Env: []string{"LOCK_TTL=2s", "REDIS_GRACE=10m"}})
	c.ExpectError(troubles...)
	f := sweeper(t, c.Place)
	const resource = "page:/sweep/killed"
	anna, bruno, carla := join(t, c.Instances[0], "usr_sweep_anna", resource), join(t, c.Instances[1], "usr_sweep_bruno", resource), join(t, c.Instances[2], "usr_sweep_carla", resource)
	for _, i := range c.Instances[1:] {
		i.Redis.Cut() // they cannot know that a lease is gone, and end nothing
	}
	taken := lock(anna, resource, "notes", nil)
	for _, p := range []*testkit.Client{bruno, carla} {
		if e := p.Next("LOCK_STATUS_CHANGED"); e.Text("lockId") != taken.Text("lockId") {
			t.Errorf("of the lock they are told %v", e)
		}
	}
	c.Instances[0].Kill9()
	start := time.Now()
	testkit.Eventually(t, eventually, "lock that the function ends", func() bool { return sweep(t, f).Expired == 1 })
	ended := time.Now()
	for _, p := range []*testkit.Client{bruno, carla} {
		if e := p.Next("LOCK_RELEASED"); e.Text("field") != "notes" || e.Text("reason") != "expired" || e.Text("userId") != "usr_sweep_anna" {
			t.Errorf("of its end they are told %v", e)
		}
	}
	t.Logf("ended %v after the kill, known to the sockets within %v; cold start %v", ended.Sub(start).Round(time.Millisecond), time.Since(ended).Round(time.Millisecond), f.ColdStart())
	for _, i := range c.Instances[1:] {
		i.Redis.Restore(t)
		testkit.Eventually(t, eventually, "gateway that sweeps again", func() bool {
			_, _, health := i.HTTP(t, "GET", "/health", "", nil)
			return strings.Contains(string(health), `"status":"healthy","version"`)
		})
	}
	if r := sweep(t, f); r.Expired != 0 {
		t.Errorf("the next run: %+v", r)
	}
	time.Sleep(2 * time.Second) // looks of the rooms, and sweeps of the gateways
	bruno.None("LOCK_RELEASED")
	carla.None("LOCK_RELEASED")
	if e := c.Store(t).WaitAudit(1, "session_id", anna.Session(), "LOCK_EXPIRED", "LOCK_RELEASED")[0]; e.Reason() != "expired" || e.Actor != "usr_sweep_anna" {
		t.Errorf("audited %+v", e)
	}
}

func TestALockOfASessionThatIsGoneIsEndedBeforeItsTime_L5_C11(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{})
	c.ExpectError(troubles...)
	f := sweeper(t, c.Place)
	const resource = "page:/sweep/gone"
	anna, bruno, carla := join(t, c.Instances[0], "usr_gone_anna", resource), join(t, c.Instances[1], "usr_gone_bruno", resource), join(t, c.Instances[2], "usr_gone_carla", resource)
	lock(anna, resource, "notes", fields{"ttl": 300})
	lock(bruno, resource, "dose", fields{"ttl": 300})
	if r := sweep(t, f); r != (swept{}) {
		t.Errorf("while all are there: %+v", r)
	}
	c.Instances[0].Kill9()
	if r := sweep(t, f); r != (swept{}) { // she may come back to another instance
		t.Errorf("at once: %+v", r)
	}
	testkit.Eventually(t, 2*eventually, "lock that the function ends", func() bool { return sweep(t, f).Disconnected == 1 })
	for _, p := range []*testkit.Client{bruno, carla} {
		if e := p.Next("LOCK_RELEASED"); e.Text("field") != "notes" || e.Text("reason") != "user_disconnected" {
			t.Errorf("of its end they are told %v", e)
		}
	}
	if r := sweep(t, f); r != (swept{}) {
		t.Errorf("the next run: %+v", r)
	}
	bruno.None("LOCK_RELEASED")
	carla.None("LOCK_RELEASED")
	if e := c.Store(t).WaitAudit(1, "session_id", anna.Session(), "LOCK_EXPIRED", "LOCK_RELEASED")[0]; e.Type != "LOCK_RELEASED" || e.Reason() != "user_disconnected" {
		t.Errorf("audited %+v", e)
	}
	if keys := c.Keys(t).Exists(t.Context(), "lock:"+resource+"#notes", "lock:"+resource+"#notes:metadata").Val(); keys != 0 {
		t.Errorf("%d keys of its lease are left", keys)
	}
}

func TestLiveLocksAreNotTouchedAlsoWhenRedisHasLostAll_L5_L8(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Services: testkit.StartServices(t)})
	c.ExpectError(troubles...)
	f := sweeper(t, c.Place)
	const resource = "page:/sweep/live"
	anna := join(t, c.Instances[0], "usr_live_anna", resource)
	lock(anna, resource, "extended", nil)
	lock(anna, resource, "explicit", fields{"ttl": 120})
	check := func(what string) {
		t.Helper()
		if r := sweep(t, f); r != (swept{}) {
			t.Errorf("%s: %+v", what, r)
		}
	}
	check("in health")
	if err := c.Keys(t).FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); time.Since(begin) < 3*time.Second; {
		check("Redis has lost all it knew")
	}
	c.Services.Redis.Kill()
	v := f.Invoke(t, scheduled)
	if v.ErrorType == "" {
		t.Errorf("without Redis it answers %s", v.Response)
	}
	f.ExpectError("function: the work failed")
	c.Services.Redis.Restart(t)
	for begin := time.Now(); time.Since(begin) < 15*time.Second; {
		check("another Redis, which knows nothing")
	}
	anna.None("LOCK_RELEASED")
	if n := c.Store(t).Count("SELECT count(*) FROM locks WHERE resource_id = ? AND closed_at IS NULL", resource); n != 2 {
		t.Errorf("%d locks are open, want 2", n)
	}
}

func TestTwoRunsAtOnceEndEachLockOnce_L5(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Instances: 1})
	const resource, locks = "page:/sweep/twice", 40
	heard := ends(t, c.BusURL, resource)
	anna := join(t, c.Instances[0], "usr_twice_anna", resource)
	for n := range locks {
		lock(anna, resource, fmt.Sprint("field", n), fields{"ttl": 10})
	}
	c.Instances[0].Kill9() // before any of them has ended
	store := c.Store(t)
	const unended = "SELECT count(*) FROM locks WHERE resource_id = ? AND closed_at IS NULL"
	left := int(store.Count(unended, resource))
	before := len(heard())
	runs := []*testkit.Function{sweeper(t, c.Place), sweeper(t, c.Place)}
	total := 0
	testkit.Eventually(t, eventually, "end of the last lock", func() bool {
		outcomes := []func() *testkit.Invocation{runs[0].Send(t, scheduled, 0), runs[1].Send(t, scheduled, 0)}
		for _, outcome := range outcomes {
			total += reported(t, outcome()).Expired
		}
		return store.Count(unended, resource) == 0
	})
	if left != locks || total != left {
		t.Errorf("the two report %d ended locks of %d", total, left)
	}
	testkit.Eventually(t, eventually, "word of each end", func() bool { return len(heard())-before >= left })
	seen := map[string]int{}
	for _, e := range heard() {
		seen[strings.Join([]string{string(e.Lock.Key.Field), fmt.Sprint(e.Lock.Fence), string(e.End)}, " ")]++
	}
	if len(seen) != locks {
		t.Errorf("the bus told of %d locks, want %d", len(seen), locks)
	}
	for what, n := range seen {
		if n != 1 || !strings.HasSuffix(what, " expired") {
			t.Errorf("%s was told %d times", what, n)
		}
	}
	store.WaitAudit(locks, "session_id", anna.Session(), "LOCK_EXPIRED")
	t.Logf("%d locks ended by two runs; a run without work takes %v", left, runs[0].Invoke(t, scheduled).Took)
}
