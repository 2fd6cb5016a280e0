//go:build integration

package cluster

import (
	"testing"
	"time"

	"corsia/tests/testkit"
)

func TestALockIsAskedForAndHandedOverBetweenInstances_L7(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/lock/asked"
	anna, bruno, carla := three(t, c, resource, "l7")
	lock := anna.lock("notes")
	ack := bruno.OK("LOCK_REQUEST", bruno.about("notes", fields{"message": "please"}))
	if ack.Text("lockedBy") != "usr_anna_l7" || ack.Text("lockedByName") != anna.Connected.Text("name") || ack.Int("lockedUntil") < lock.Int("expiresAt") {
		t.Errorf("answered %v", ack)
	}
	asked := anna.Next("LOCK_REQUESTED")
	if asked.Text("userId") != "usr_bruno_l7" || asked.Text("sessionId") != bruno.Session() || asked.Text("lockId") != lock.Text("lockId") || asked.Text("message") != "please" {
		t.Errorf("the holder is told %v", asked)
	}
	if code := bruno.Refusal("LOCK_REQUEST", bruno.about("notes")).Text("code"); code != "RATE_LIMITED" {
		t.Errorf("asked again at once: %s", code)
	}
	start := time.Now()
	anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId"), "to": bruno.Session()})
	handed := bruno.Next("LOCK_ACQUIRED")
	if handed.Int("fence") != lock.Int("fence")+1 || handed.Text("field") != "notes" {
		t.Errorf("handed %v", handed)
	}
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Errorf("handing over takes %v", took)
	}
	for _, p := range []*person{anna, carla} {
		if e := p.Next("LOCK_RELEASED"); e.Text("reason") != "released" || e.Text("by") != "usr_bruno_l7" || e.Text("lockId") != lock.Text("lockId") {
			t.Errorf("%s is told %v", p.user, e)
		}
		p.NextWhere("LOCK_STATUS_CHANGED", func(e fields) bool { return e.Text("lockId") == handed.Text("lockId") })
	}
	bruno.write("notes", "mine now")
	if code := anna.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": anna.insert("notes", "x")}).Text("code"); code != "UPDATE_REJECTED" {
		t.Errorf("the old holder writes: %s", code)
	}
	carla.OK("LOCK_REQUEST", carla.about("notes"))
	bruno.Next("LOCK_REQUESTED")
	bruno.OK("LOCK_REQUEST_DECLINED", bruno.about("notes", fields{"sessionId": carla.Session()}))
	if e := carla.Next("LOCK_REQUEST_DECLINED"); e.Text("userId") != "usr_bruno_l7" {
		t.Errorf("declined by %v", e)
	}
	if n := c.Store(t).Count("SELECT count(*) FROM locks WHERE resource_id = ? AND closed_at IS NULL", resource); n != 1 {
		t.Errorf("%d open locks, want 1", n)
	}
}

func TestALockOfAnotherInstanceIsBrokenForAReason_L7(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/lock/broken"
	anna, bruno, carla := three(t, c, resource, "l7b")
	broken := fields{"reason": "the holder was called away", "code": "ETREAT"}
	if code := bruno.Refusal("LOCK_BREAK", bruno.about("notes", broken)).Text("code"); code != "PERMISSION_DENIED" {
		t.Errorf("without the permission: %s", code)
	}
	doctor := c.Instances[1].Connect(t, "usr_doctor_l7b", fields{"permissions": []any{fields{"resource": "*", "mode": "editor"}, "break_glass"}})
	for _, where := range []string{resource, "page:/lock/broken/open-nowhere"} {
		lock := anna.OK("LOCK_ACQUIRE", fields{"resourceId": where, "field": "notes"})
		ask := fields{"resourceId": where, "field": "notes", "reason": broken["reason"], "code": broken["code"]}
		if grant := doctor.OK("LOCK_BREAK", ask); grant.Int("fence") != lock.Int("fence")+1 {
			t.Errorf("granted %v", grant)
		}
		told := []*person{anna}
		if where == resource {
			told = []*person{anna, bruno, carla}
		}
		for _, p := range told {
			e := p.NextWhere("LOCK_RELEASED", func(e fields) bool { return e.Text("lockId") == lock.Text("lockId") })
			if e.Text("reason") != "broken" || e.Text("by") != "usr_doctor_l7b" || e.Text("byName") == "" {
				t.Errorf("%s is told %v", p.user, e)
			}
		}
		if code := anna.Refusal("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")}).Text("code"); code != "LOCK_LOST" {
			t.Errorf("the old holder releases: %s", code)
		}
		c.Store(t).WaitAudit(1, "resource_id", where, "LOCK_BROKEN")
	}
}
