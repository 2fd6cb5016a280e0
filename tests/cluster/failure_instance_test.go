//go:build integration

package cluster

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"corsia/tests/testkit"
)

func TestAKilledGatewayCostsItsThirtyOfAHundredClientsNothingButTime_F5(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Env: []string{"LOCK_TTL=5s", "RESUME_GRACE=2s"}})
	const resource = "page:/failure/f5"
	people := caravanOf(t, c, 100, resource, time.Second)
	victim := c.Instances[2]
	on := 0
	for _, p := range people {
		p.mu.Lock()
		if p.instances[p.at] == victim.URL {
			on++
		}
		p.mu.Unlock()
	}
	holder := join(t, victim, "usr_holder_f5", resource)
	lock := holder.lock("dose")
	heir := join(t, c.Instances[0], "usr_heir_f5", resource)
	victim.Kill9()
	start := time.Now()
	if next := heir.lock("dose", fields{"waitMs": 9500}); next.Int("fence") <= lock.Int("fence") {
		t.Errorf("fence %d after %d", next.Int("fence"), lock.Int("fence"))
	}
	t.Logf("the lock moved after %v", time.Since(start))
	time.Sleep(2 * time.Second)
	people.settle(t, 2*eventually)
	words := people.judge(t, c.Store(t), healed+3*time.Second)
	moved, away := 0, time.Duration(0)
	for _, p := range people {
		p.mu.Lock()
		if p.visits > 1 {
			moved++
		}
		away = max(away, p.awayFor)
		p.mu.Unlock()
	}
	t.Logf("%d clients were on it, %d moved, away for at most %v; %d words", on, moved, away, words)
	if on < 30 || moved < on {
		t.Errorf("%d clients moved of %d", moved, on)
	}
	if away > 120*time.Second {
		t.Errorf("somebody was away for %v", away)
	}
}

func TestARollingRestartUnderLoadLosesNothingAndSpreadsReconnections_F6_C6(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{})
	const resource = "page:/failure/f6"
	people := caravanOf(t, c, 45, resource, 100*time.Millisecond)
	for _, i := range c.Instances {
		i.Signal(t, syscall.SIGTERM)
		start := time.Now()
		if status := i.Wait(t); status != 0 {
			t.Errorf("%s ended with status %d", i.ID, status)
		}
		t.Logf("%s stopped after %v", i.ID, time.Since(start))
		if took := time.Since(start); took > 25*time.Second {
			t.Errorf("%s took %v to stop", i.ID, took)
		}
		i.Gateway.Restart(t)
	}
	people.settle(t, 2*eventually)
	t.Logf("%d words", people.judge(t, c.Store(t), healed+3*time.Second))
	for _, p := range people {
		if _, _, visits := p.words(); visits < 2 {
			t.Errorf("%s did not move", p.user)
		}
	}
}

// A frozen process is worse than a dead one: its connections stay.
func TestAFrozenGatewayDoesNotHoldUpTheOthersAndComesBackRight_F5_D4(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Env: []string{"LOCK_TTL=3s", "RESUME_GRACE=1s"}})
	c.ExpectError(troubles...)
	const resource = "page:/failure/frozen"
	anna, bruno, carla := three(t, c, resource, "frozen")
	lock := anna.lock("notes")
	c.Instances[0].Freeze(t)
	follows(t, healthy, bruno, "other", carla)
	next := bruno.lock("notes", fields{"waitMs": 9500})
	if next.Int("fence") <= lock.Int("fence") {
		t.Errorf("fence %d after %d", next.Int("fence"), lock.Int("fence"))
	}
	bruno.write("notes", "the new holder's;")
	late := anna.insert("notes", "the old holder's;")
	racing := anna.Attempt("Y_UPDATE", fields{"resourceId": resource, "update": late}) // waits in the socket of the frozen process
	time.Sleep(time.Second)
	c.Instances[0].Thaw(t)
	if got := racing(); got["ok"] == true {
		t.Errorf("who lost the lock while it was frozen still writes: %v", got)
	}
	carla.shows(eventually, "notes", "the new holder's;")
	newcomer := join(t, c.Instances[0], "usr_late_frozen", resource)
	newcomer.shows(healed, "notes", "the new holder's;")
	converge(t, eventually, c.Store(t), bruno, carla, newcomer)
}

func TestASlowConsumerIsSentAwayAndDelaysNobody_F7_C7(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Proxied: true, Env: []string{"MAX_MESSAGES_PER_SECOND=100000"}})
	const resource = "page:/failure/slow"
	anna, bruno, _ := three(t, c, resource, "slow")
	line := testkit.NewProxy(t, c.Instances[1].URL[len("http://"):])
	behind := &testkit.Gateway{URL: "http://" + line.Addr}
	slow := enter(t, behind.ConnectWith(t, testkit.Options{Token: c.Instances[1].Token("usr_slow"), SmallBuffers: true}), "usr_slow", resource, "viewer")
	before := resident(t, c.Instances[1])
	line.Throttle(1024)
	page := string(bytes.Repeat([]byte("0123456789abcdef"), 2<<10)) // 32 KiB
	var last time.Duration
	for i := range 200 {
		start := time.Now()
		anna.OK("Y_UPDATE", fields{"resourceId": resource, "update": anna.insert(fmt.Sprintf("field%d", i%20), page)})
		e := bruno.Next("Y_UPDATE")
		bruno.apply(e.Bytes("update"))
		last = max(last, time.Since(start))
	}
	t.Logf("the slowest of 200 updates of 32 KiB took %v", last)
	if last > 2*time.Second {
		t.Errorf("an update took %v", last)
	}
	bruno.NextWhere("USER_LEFT", func(e fields) bool { return e.Text("userId") == "usr_slow" })
	if grown := resident(t, c.Instances[1]) - before; grown > 96<<20 {
		t.Errorf("its gateway grew by %d MiB", grown>>20)
	}
	line.Cut()
	slow.Ended()
	converge(t, eventually, c.Store(t), anna, bruno)
}

// resident is the memory of a process, 0 where the system does not tell.
func resident(t *testing.T, i *testkit.Instance) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", i.PID()))
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

func TestHostileClientsSufferAlone_F7_C8_D6(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{})
	const resource = "page:/failure/hostile"
	anna, bruno, carla := three(t, c, resource, "f7")
	var attack sync.WaitGroup
	attack.Go(func() { // floods
		for i := range 3 {
			c := at(c, i).Connect(t, fmt.Sprintf("usr_flood_%d", i))
			for n := 0; n < 5000 && c.Alive(); n++ {
				c.Emit("AWARENESS", fields{"resourceId": resource, "state": fields{}})
			}
			c.Ended()
		}
	})
	attack.Go(func() { // sends what is no update
		for i := range 3 {
			p := join(t, at(c, i), fmt.Sprintf("usr_garbage_%d", i), resource)
			for range 3 {
				if code := p.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": bytes.Repeat([]byte{0xff}, 100)}).Text("code"); code != "MALFORMED_UPDATE" {
					t.Errorf("garbage is answered %s", code)
				}
			}
			p.Ended()
		}
	})
	attack.Go(func() { // says nothing after opening the transport
		for i := range 3 {
			c := at(c, i).Dial(t, testkit.Options{Raw: true})
			c.Ended()
		}
	})
	attack.Go(func() { // speaks another protocol
		for i := range 3 {
			c := at(c, i).Connect(t, fmt.Sprintf("usr_nonsense_%d", i))
			c.Text("4" + "nonsense")
			c.Ended()
		}
	})
	for i := range 5 {
		follows(t, healthy, anna, fmt.Sprintf("anna%d", i), bruno, carla)
		follows(t, healthy, carla, fmt.Sprintf("carla%d", i), bruno, anna)
	}
	attack.Wait()
	converge(t, eventually, c.Store(t), anna, bruno, carla)
	for _, p := range []*person{anna, bruno, carla} {
		if !p.Alive() {
			t.Errorf("%s was sent away", p.user)
		}
	}
}
