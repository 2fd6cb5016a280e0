//go:build integration

package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"corsia/tests/testkit"
)

// troubles are the errors that gateways may log while a service is away.
var troubles = []string{"health: a dependency is away", "health: a dependency stays away", "room: reading the document again", "session: request", "session: connect", "session: adopt its locks",
	"document: compaction"}

// fault breaks the ways of some instances to a service, and mends them.
type fault struct {
	name   string
	injure func(*testkit.Proxy)
}

var (
	cut    = fault{"cut", (*testkit.Proxy).Cut}
	frozen = fault{"frozen", (*testkit.Proxy).Freeze}
	deaf   = fault{"deaf", func(p *testkit.Proxy) { p.Drop(testkit.ToClient) }}
)

// redisOf, rabbitOf and storeOf are an instance's ways.
func redisOf(i *testkit.Instance) *testkit.Proxy  { return i.Redis }
func rabbitOf(i *testkit.Instance) *testkit.Proxy { return i.RabbitMQ }
func storeOf(i *testkit.Instance) *testkit.Proxy  { return i.Postgres }

// strike injures the ways of instances, and returns how to mend them.
func (f fault) strike(t *testing.T, way func(*testkit.Instance) *testkit.Proxy, instances ...*testkit.Instance) (mend func()) {
	t.Helper()
	for _, i := range instances {
		f.injure(way(i))
	}
	return func() {
		t.Helper()
		for _, i := range instances {
			way(i).Restore(t)
		}
	}
}

// health is what GET /health says.
type health struct {
	Status       string
	Dependencies map[string]struct{ Status, Breaker string }
}

func healthOf(t *testing.T, i *testkit.Instance) (h health, status int) {
	t.Helper()
	status, _, body := i.HTTP(t, http.MethodGet, "/health", "", nil)
	if err := json.Unmarshal(body, &h); err != nil {
		t.Fatalf("/health of %s: %v: %s", i.ID, err, body)
	}
	return h, status
}

// isHealthy waits until an instance says so.
func isHealthy(t *testing.T, limit time.Duration, instances ...*testkit.Instance) {
	t.Helper()
	for _, i := range instances {
		testkit.Eventually(t, limit, "health of "+i.ID, func() bool { h, status := healthOf(t, i); return h.Status == "healthy" && status == http.StatusOK })
	}
}

// ownRedis returns the shared services with a Redis that the test may kill.
func ownRedis(t *testing.T) *testkit.Services {
	t.Helper()
	shared := testkit.SharedServices(t)
	return &testkit.Services{Postgres: shared.Postgres, RabbitMQ: shared.RabbitMQ, Redis: testkit.StartRedis(t)}
}

func TestWhileRedisIsAwayForLessThanTheGraceEverybodyGoesOnAndWhatWaitsIsDone_F1(t *testing.T) {
	own := ownRedis(t)
	c := testkit.StartCluster(t, testkit.ClusterOptions{Services: own, Proxied: true, Env: []string{"REDIS_GRACE=8s"}})
	c.ExpectError(troubles...)
	for _, f := range []struct {
		name   string
		strike func() (mend func())
	}{
		{"cut", func() func() { return cut.strike(t, redisOf, c.Instances...) }},
		{"stopped", func() func() { own.Redis.Freeze(t); return func() { own.Redis.Thaw(t) } }},
	} {
		t.Run(f.name, func(t *testing.T) {
			resource := "page:/failure/f1/" + f.name
			anna, bruno, carla := three(t, c, resource, "f1"+f.name)
			held := anna.lock("dose")
			for _, p := range []*person{anna, bruno, carla} {
				p.Take("DEGRADED")
				p.Take("RECOVERED")
			}
			mend := f.strike()
			broken := time.Now()
			text := ""
			for i := range 10 { // typing goes on, and is seen everywhere
				word := fmt.Sprintf("%d;", i)
				text = word + text
				anna.write("notes", word)
				for _, p := range []*person{bruno, carla} {
					p.shows(healed, "notes", text)
				}
			}
			if code := bruno.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": bruno.insert("dose", "x")}).Text("code"); code != "UPDATE_REJECTED" {
				t.Errorf("a lock does not hold without Redis: %s", code)
			}
			locking := carla.Ask("LOCK_ACQUIRE", carla.about("notes"))
			entering := bruno.Ask("JOIN_RESOURCE", fields{"resourceId": resource + "/other", "mode": "editor"})
			coming := at(c, 1).Dial(t, testkit.Options{Token: at(c, 1).Token("usr_new_f1" + f.name)})
			for _, p := range []*person{anna, bruno, carla} {
				if what := p.Next("DEGRADED").Text("what"); what != "state" {
					t.Errorf("DEGRADED says %s", what)
				}
			}
			time.Sleep(time.Until(broken.Add(4 * time.Second)))
			mend()
			for _, p := range []*person{anna, bruno, carla} {
				if what := p.Next("RECOVERED").Text("what"); what != "state" {
					t.Errorf("RECOVERED says %s", what)
				}
			}
			if got := locking(); got["ok"] != true {
				t.Errorf("the lock that waited: %v", got)
			}
			if got := entering(); got["ok"] != true {
				t.Errorf("the join that waited: %v", got)
			}
			coming.Next("CONNECTED")
			anna.OK("LOCK_EXTEND", fields{"lockId": held.Text("lockId")})
			for _, p := range []*person{anna, bruno, carla} {
				if got := len(p.Take("USER_LEFT")); got > 0 {
					t.Errorf("%s was told that %d left", p.user, got)
				}
			}
			late := view(t, at(c, 0), "usr_late_f1"+f.name, resource)
			for _, p := range []*person{anna, bruno, carla} {
				if users(late.state)[p.user] != 1 {
					t.Errorf("after it %s is not listed: %v", p.user, users(late.state))
				}
			}
			isHealthy(t, eventually, c.Instances...)
		})
	}
}

func TestWhenRedisIsAwayForLongerClientsAreSentAwayAndAllReturnsByItself_F2(t *testing.T) {
	t.Parallel()
	c := testkit.StartCluster(t, testkit.ClusterOptions{Proxied: true, Env: []string{"REDIS_GRACE=2s"}})
	c.ExpectError(troubles...)
	for _, f := range []fault{frozen, cut} {
		t.Run(f.name, func(t *testing.T) {
			resource := "page:/failure/f2/" + f.name
			anna, bruno, carla := three(t, c, resource, "f2"+f.name)
			anna.write("notes", "before")
			mend := f.strike(t, redisOf, c.Instances...)
			broken := time.Now()
			testkit.Eventually(t, 5*time.Second, "sign of it in /health", func() bool {
				h, _ := healthOf(t, c.Instances[0])
				return h.Status != "healthy" && h.Dependencies["state"].Status != "healthy" && h.Dependencies["state"].Status != "up"
			})
			for _, p := range []*person{anna, bruno, carla} {
				how := p.Ended()
				if how == "lost" {
					t.Errorf("%s was cut off", p.user)
				}
			}
			t.Logf("everybody was sent away after %v", time.Since(broken))
			testkit.Eventually(t, eventually, "refusal with a hint when to come back", func() bool {
				refused := c.Instances[1].Refused(t, testkit.Options{Token: c.Instances[1].Token("usr_new_f2" + f.name)})
				data, _ := refused["data"].(fields)
				return data.Text("code") == "UNAVAILABLE" && data.Int("retryAfterMs") > 0
			})
			mend()
			isHealthy(t, 2*eventually, c.Instances...)
			again := join(t, c.Instances[2], "usr_again_f2"+f.name, resource)
			if again.text("notes") != "before" {
				t.Errorf("it shows %q", again.text("notes"))
			}
			again.lock("notes")
			again.write("notes", "after;")
			again.Disconnect()
		})
	}
}

func TestAnInstanceThatAloneLosesRedisDoesNotDisturbTheOthers_F2(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Proxied: true, Env: []string{"REDIS_GRACE=2s", "LOCK_TTL=4s", "RESUME_GRACE=1s"}})
	c.ExpectError(troubles...)
	const resource = "page:/failure/f2/alone"
	anna, bruno, carla := three(t, c, resource, "f2a")
	lock := anna.lock("notes")
	mend := frozen.strike(t, redisOf, c.Instances[0])
	for i := range 20 {
		bruno.write("other", fmt.Sprintf("%d;", i))
	}
	carla.shows(healthy, "other", bruno.text("other"))
	anna.Ended() // sent away, in order
	next := bruno.lock("notes", fields{"waitMs": 20_000})
	if next.Int("fence") <= lock.Int("fence") {
		t.Errorf("fence %d after %d", next.Int("fence"), lock.Int("fence"))
	}
	back := join(t, c.Instances[2], "usr_anna_f2a", resource)
	back.shows(healed, "other", bruno.text("other"))
	mend()
	isHealthy(t, 2*eventually, c.Instances...)
	home := join(t, c.Instances[0], "usr_anna_f2a", resource)
	home.shows(healed, "other", bruno.text("other"))
}

func TestPresenceIsRebuiltFromLiveSocketsWhenRedisHasForgottenEverything_R5(t *testing.T) {
	t.Parallel()
	own := ownRedis(t)
	const activity = 4 * time.Second
	c := testkit.StartCluster(t, testkit.ClusterOptions{Services: own, Env: []string{"ACTIVITY_TTL=4s", "REDIS_GRACE=8s"}})
	c.ExpectError(troubles...)
	const resource = "page:/failure/forgotten"
	anna, bruno, carla := three(t, c, resource, "r5f")
	defer alive(anna, bruno, carla)()
	anna.NextWhere("USER_JOINED", joined(bruno))
	anna.NextWhere("USER_JOINED", joined(carla))
	bruno.NextWhere("USER_JOINED", joined(carla))
	own.Redis.Restart(t) // it keeps nothing
	start := time.Now()
	keys := c.Keys(t)
	want := map[string]int{}
	for _, p := range []*person{anna, bruno, carla} {
		want[p.user] = 1
		for _, key := range []string{"user:" + p.user + ":session", "presence:user:" + p.user, "presence:socket:" + p.Session(), "resource:" + resource + ":user:" + p.user} {
			testkit.Eventually(t, eventually, key, func() bool { return keys.Exists(t.Context(), key).Val() == 1 })
		}
	}
	took := time.Since(start)
	if t.Logf("all keys were back after %v", took); took > activity+2*time.Second {
		t.Errorf("all keys were back after %v, want one TTL of %v", took, activity)
	}
	late := view(t, c.Instances[0], "usr_late_r5f", resource)
	list := users(late.state)
	delete(list, late.user)
	if !maps.Equal(list, want) {
		t.Errorf("the list is %v, want %v", list, want)
	}
	late.Disconnect()
	for _, p := range []*person{anna, bruno, carla} {
		testkit.Eventually(t, eventually, "true list for "+p.user, func() bool { // who seemed gone for a moment is there again
			list := map[string]int{anna.user: 1, bruno.user: 1, carla.user: 1}
			for _, e := range p.Waiting("USER_JOINED") {
				user, _ := e["user"].(fields)
				list[user.Text("userId")]++
			}
			for _, e := range p.Waiting("USER_LEFT") {
				list[e.Text("userId")]--
			}
			delete(list, late.user)
			return maps.Equal(list, want) && p.Alive()
		})
	}
}

// joined matches the USER_JOINED of somebody.
func joined(p *person) func(fields) bool {
	return func(e fields) bool { user, _ := e["user"].(fields); return user.Text("userId") == p.user }
}

// A replica that never heard of a lease becomes the primary: for Redis the lock is free. The store's record decides who
// may write.
func TestAFailOverOfRedisThatForgetsALeaseMakesNoSecondWriter_L8(t *testing.T) {
	t.Parallel()
	own := ownRedis(t)
	replica, link := own.StartReplica(t)
	c := testkit.StartCluster(t, testkit.ClusterOptions{Services: own, Proxied: true})
	c.ExpectError(troubles...)
	const resource = "page:/failure/failover"
	anna, bruno, carla := three(t, c, resource, "l8")
	old := c.Keys(t)
	testkit.Eventually(t, eventually, "replication", func() bool {
		n, err := old.Wait(t.Context(), 1, 100*time.Millisecond).Result()
		return err == nil && n == 1
	})
	link.Freeze()
	lock := anna.lock("notes") // the replica does not hear of it
	own.Redis.Kill()
	testkit.Promote(t, replica)
	for _, i := range c.Instances {
		i.Redis.Retarget(replica.Addr)
		i.Redis.Reset()
	}
	first := anna.send(anna.insert("notes", "anna;"))()
	taken := bruno.Call("LOCK_ACQUIRE", bruno.about("notes", fields{"waitMs": 5000}))
	second := bruno.send(bruno.insert("notes", "bruno;"))()
	third := anna.send(anna.insert("notes", "anna again;"))()
	t.Logf("bruno's lock: %v; updates: %v, %v, %v", taken, first, second, third)
	if first["ok"] != true {
		t.Errorf("the holder's update before anybody else asked: %v", first)
	}
	if taken["ok"] == true && taken.Int("fence") <= lock.Int("fence") {
		t.Errorf("fence %d after %d", taken.Int("fence"), lock.Int("fence"))
	}
	if second["ok"] == true && third["ok"] == true {
		t.Error("both write under the lock")
	}
	if taken["ok"] == true != (second["ok"] == true) {
		t.Errorf("who has the lock is %v, who writes is %v", taken, second)
	}
	open := c.Store(t).Count("SELECT count(*) FROM locks WHERE resource_id = ? AND field = 'notes' AND closed_at IS NULL", resource)
	if open != 1 {
		t.Errorf("the store has %d open locks", open)
	}
	converge(t, eventually, c.Store(t), carla)
	isHealthy(t, 2*eventually, c.Instances...)
}
