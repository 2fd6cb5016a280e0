//go:build integration

package cluster

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

func TestPollingNeedsNoStickySessions_C3(t *testing.T) {
	c := testkit.SharedCluster(t)
	front := c.Front(t)
	people := newCrowd(t)
	const resource = "page:/passing/polling"
	for i := range 4 {
		if r := people.come(fmt.Sprintf("usr_poll_%d", i), front.URL, resource, "polling"); r.Transport != "polling" {
			t.Errorf("the transport is %s", r.Transport)
		}
	}
	want := ""
	for i := range 8 {
		who := fmt.Sprintf("usr_poll_%d", i%4)
		text := fmt.Sprintf("%d;", i)
		want += text
		people.do(who, "type", fields{"field": "notes", "text": text})
		for j := range 4 {
			people.do(fmt.Sprintf("usr_poll_%d", j), "shows", fields{"field": "notes", "text": want})
		}
	}
	if got := stored(t, c.Store(t), resource).Text("notes"); got != want {
		t.Errorf("the store has %q", got)
	}
}

func TestTheUpgradeOfASessionReachesItsInstanceToo_C3(t *testing.T) {
	c := testkit.SharedCluster(t)
	front := c.Front(t)
	people := newCrowd(t)
	const resource = "page:/passing/upgrade"
	for i := range 4 {
		who := fmt.Sprintf("usr_upgrade_%d", i)
		people.come(who, front.URL, resource, "polling", "websocket")
		testkit.Eventually(t, eventually, "upgrade of "+who, func() bool { return people.do(who, "look", nil).Transport == "websocket" })
		people.do(who, "type", fields{"field": "notes", "text": "x"})
		people.do(who, "shows", fields{"field": "notes", "text": strings.Repeat("x", i+1)})
	}
}

func TestAnUnknownSessionIs400WithCode1OnEveryInstance_C3(t *testing.T) {
	c := testkit.SharedCluster(t)
	for _, i := range c.Instances {
		for _, sid := range []string{"unknown", "AAAAAAAAAAAAAAAAAAAAAA.aW5zdGFuY2UtMg", "AAAAAAAAAAAAAAAAAAAAAA.bm93aGVyZQ"} {
			status, _, body := i.HTTP(t, http.MethodGet, "/ws/?EIO=4&transport=polling&sid="+sid, "", nil)
			if status != http.StatusBadRequest || !strings.Contains(string(body), `"code":1`) {
				t.Errorf("%s on %s: %d %s", sid, i.ID, status, body)
			}
		}
	}
}

func TestASessionResumesOnAnotherInstanceWithItsRoomsAndLocks_C11(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/passing/resume"
	anna, bruno := join(t, c.Instances[0], "usr_anna_c11", resource), join(t, c.Instances[1], "usr_bruno_c11", resource)
	lock := anna.lock("notes")
	anna.write("notes", "before;")
	update, err := anna.doc.Transact(anna.client, func(e *ydoc.Edit) { e.InsertText("notes", 0, "while away;") })
	if err != nil {
		t.Fatal(err)
	}
	anna.Drop()
	back := c.Instances[2].ConnectWith(t, testkit.Options{Token: c.Instances[2].Token(anna.user),
		Auth: fields{"sessionId": anna.Session(), "resumeKey": anna.Connected.Text("resumeKey")}})
	if back.Connected["resumed"] != true || back.Session() != anna.Session() {
		t.Fatalf("CONNECTED says %v, want session %s resumed", back.Connected, anna.Session())
	}
	back.OK("Y_UPDATE", fields{"resourceId": resource, "update": update}) // without joining again: the room was restored
	bruno.shows(eventually, "notes", "while away;before;")
	if code := bruno.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": bruno.insert("notes", "x")}).Text("code"); code != "UPDATE_REJECTED" {
		t.Errorf("her lock does not hold any more: %s", code)
	}
	back.OK("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")})
	bruno.None("USER_LEFT", "LOCK_RELEASED")
	for name, auth := range map[string]fields{
		"a wrong key":        {"sessionId": back.Session(), "resumeKey": "wrong"},
		"another's key":      {"sessionId": back.Session(), "resumeKey": bruno.Connected.Text("resumeKey")},
		"an unknown session": {"sessionId": "s_unknown", "resumeKey": back.Connected.Text("resumeKey")},
	} {
		other := c.Instances[0].ConnectWith(t, testkit.Options{Token: c.Instances[0].Token("usr_anna_c11"), Auth: auth})
		if other.Connected["resumed"] != false || other.Session() == back.Session() {
			t.Errorf("%s resumes: %v", name, other.Connected)
		}
		other.Disconnect()
	}
	back.OK("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")})
	back.Disconnect()
	if left := bruno.Next("USER_LEFT"); left.Text("userId") != "usr_anna_c11" || left.Text("reason") != "disconnected" {
		t.Errorf("USER_LEFT says %v", left)
	}
	late := c.Instances[0].ConnectWith(t, testkit.Options{Token: c.Instances[0].Token("usr_anna_c11"),
		Auth: fields{"sessionId": back.Session(), "resumeKey": back.Connected.Text("resumeKey")}})
	if late.Connected["resumed"] != false {
		t.Error("a session is resumed after its orderly end")
	}
}

func TestTheOtherInstancesCleanUpAfterOneThatWasKilled_F5_R5(t *testing.T) {
	t.Parallel()
	c := testkit.StartCluster(t, testkit.ClusterOptions{Env: []string{"LOCK_TTL=3s", "RESUME_GRACE=1s"}})
	const resource = "page:/passing/killed"
	anna, bruno, carla := three(t, c, resource, "dead")
	lock := anna.lock("notes")
	anna.write("notes", "last words")
	stop := alive(bruno, carla)
	defer stop()
	c.Instances[0].Kill9()
	start := time.Now()
	for _, p := range []*person{bruno, carla} {
		within60 := time.Now().Add(60 * time.Second)
		for len(p.Waiting("USER_LEFT")) == 0 && time.Now().Before(within60) {
			time.Sleep(50 * time.Millisecond)
		}
		if left := p.Next("USER_LEFT"); left.Text("userId") != anna.user || left.Text("sessionId") != anna.Session() {
			t.Errorf("%s is told %v", p.user, left)
		}
	}
	t.Logf("the others noticed after %v", time.Since(start))
	if next := bruno.lock("notes", fields{"waitMs": 9000}); next.Int("fence") <= lock.Int("fence") {
		t.Errorf("fence %d after %d", next.Int("fence"), lock.Int("fence"))
	}
	bruno.shows(eventually, "notes", "last words")
	testkit.Eventually(t, eventually, "end of her keys", func() bool {
		n, err := c.Keys(t).Exists(t.Context(), "user:usr_anna_dead:session", "presence:user:usr_anna_dead", "presence:socket:"+anna.Session(),
			"resource:"+resource+":user:usr_anna_dead").Result()
		return err == nil && n == 0
	})
	c.Instances[0].Gateway.Restart(t)
	if again := join(t, c.Instances[0], "usr_anna_dead", resource); again.text("notes") != "last words" {
		t.Errorf("after its return it gives %q", again.text("notes"))
	}
}

// alive sends heartbeats for people until it is told to stop.
func alive(people ...*person) (stop func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-done:
				return
			case <-time.After(500 * time.Millisecond):
			}
			for _, p := range people {
				p.Emit("HEARTBEAT", fields{})
			}
		}
	}()
	return func() { close(done); <-gone }
}

func TestARollingRestartDrainsEachInstanceAndNobodyLosesAnything_C6(t *testing.T) {
	t.Parallel()
	c := testkit.StartCluster(t, testkit.ClusterOptions{})
	front := c.Front(t)
	people := newCrowd(t)
	const resource = "page:/passing/rolling"
	const n = 6
	for i := range n {
		people.come(fmt.Sprintf("usr_roll_%d", i), front.URL, resource, "websocket")
	}
	typed := 0
	for _, instance := range c.Instances {
		instance.Signal(t, syscall.SIGTERM)
		for range 10 {
			people.do(fmt.Sprintf("usr_roll_%d", typed%n), "offline", fields{"field": fmt.Sprintf("field%d", typed%n), "text": fmt.Sprintf("%d;", typed)})
			typed++
			time.Sleep(50 * time.Millisecond)
		}
		if status := instance.Wait(t); status != 0 {
			t.Errorf("%s ended with status %d", instance.ID, status)
		}
		instance.Gateway.Restart(t)
	}
	for i := range n {
		r := people.do(fmt.Sprintf("usr_roll_%d", i), "back", fields{"times": 2})
		if r.Events["SERVER_DRAINING"] == 0 {
			t.Errorf("person %d was not told that its instance stops", i)
		}
		want := ""
		for k := i; k < typed; k += n {
			want += fmt.Sprintf("%d;", k)
		}
		if got := stored(t, c.Store(t), resource).Text(fmt.Sprintf("field%d", i)); got != want {
			t.Errorf("field%d is %q, want %q", i, got, want)
		}
	}
	want := stored(t, c.Store(t), resource)
	for i := range n {
		testkit.Eventually(t, eventually, fmt.Sprintf("equal replica of person %d", i), func() bool {
			return ydoc.Equal(want, people.do(fmt.Sprintf("usr_roll_%d", i), "look", nil).document(t)) == nil
		})
	}
}
