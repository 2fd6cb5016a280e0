//go:build integration

package cluster

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"corsia/tests/testkit"
)

// three returns three editors of a resource, each on an instance of its own.
func three(t *testing.T, c *testkit.Cluster, resource, rule string) (anna, bruno, carla *person) {
	t.Helper()
	return join(t, c.Instances[0], "usr_anna_"+rule, resource), join(t, c.Instances[1], "usr_bruno_"+rule, resource), join(t, c.Instances[2], "usr_carla_"+rule, resource)
}

func TestALockIsGrantedAndSeenOnTheOtherInstances_L1(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/lock/granted"
	anna, bruno, carla := three(t, c, resource, "l1")
	within(t, 100*time.Millisecond, "acquiring a lock", 9, func(i int) time.Duration {
		field := fmt.Sprintf("field%d", i)
		start := time.Now()
		lock := anna.lock(field)
		took := time.Since(start)
		if lock.Text("lockId") == "" || lock.Int("fence") != 1 || lock.Int("expiresAt")-lock.Int("acquiredAt") != 30_000 {
			t.Errorf("LOCK_ACQUIRED says %v", lock)
		}
		for _, p := range []*person{bruno, carla} {
			told := p.NextWhere("LOCK_STATUS_CHANGED", func(e fields) bool { return e.Text("field") == field })
			if told.Text("status") != "locked" || told.Text("userId") != "usr_anna_l1" || told.Text("lockId") != lock.Text("lockId") || told.Int("expiresAt") != lock.Int("expiresAt") {
				t.Errorf("%s is told %v", p.user, told)
			}
		}
		return took
	})
	late := join(t, c.Instances[2], "usr_late_l1", resource)
	if locks, _ := late.state["locks"].([]any); len(locks) != 9 {
		t.Errorf("who joins now is told of %d locks, want 9", len(locks))
	}
	c.Store(t).WaitAudit(9, "session_id", anna.Session(), "LOCK_ACQUIRED")
}

func TestALockThatIsTakenIsDeniedOnEveryInstanceWithItsHolder_L2(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/lock/denied"
	anna, bruno, carla := three(t, c, resource, "l2")
	lock := anna.lock("notes")
	for _, p := range []*person{bruno, carla} {
		denied := p.Refusal("LOCK_ACQUIRE", p.about("notes"))
		if denied.Text("code") != "LOCK_DENIED" || denied.Text("reason") != "already_locked" || denied.Text("lockedBy") != "usr_anna_l2" ||
			denied.Text("lockedByName") != anna.Connected.Text("name") || denied.Int("lockedUntil") < lock.Int("expiresAt") {
			t.Errorf("%s is told %v", p.user, denied)
		}
		p.Next("LOCK_DENIED")
		if overlaps := p.Refusal("LOCK_ACQUIRE", p.about("")); overlaps.Text("reason") != "overlaps" || overlaps.Text("lockedBy") != "usr_anna_l2" {
			t.Errorf("the whole resource: %s is told %v", p.user, overlaps)
		}
		c.Store(t).WaitAudit(2, "session_id", p.Session(), "LOCK_DENIED")
	}
	carla.lock("dose")
}

func TestALockOfAWholeResourceExcludesItsFieldsOnOtherInstances_L2(t *testing.T) {
	c := testkit.SharedCluster(t)
	anna, bruno, _ := three(t, c, "page:/lock/whole", "l2w")
	anna.lock("")
	if denied := bruno.Refusal("LOCK_ACQUIRE", bruno.about("notes")); denied.Text("reason") != "overlaps" || denied.Text("lockedBy") != "usr_anna_l2w" {
		t.Errorf("got %v", denied)
	}
	if code := bruno.send(bruno.insert("notes", "x"))()["error"].(fields).Text("code"); code != "UPDATE_REJECTED" {
		t.Errorf("an update under it is answered %s", code)
	}
}

func TestOfFiveAtOnceOnThreeInstancesOneWinsAndAllSeeTheSame_L2(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/lock/five"
	var five []*person
	for i := range 5 {
		five = append(five, join(t, at(c, i), fmt.Sprintf("usr_five_%d", i), resource))
	}
	for round := range 10 {
		field := fmt.Sprintf("field%d", round)
		answers := make([]func() fields, len(five))
		for i, p := range five {
			answers[i] = p.Ask("LOCK_ACQUIRE", p.about(field))
		}
		var winners []string
		var denied []fields
		for i, answer := range answers {
			if got := answer(); got["ok"] == true {
				winners = append(winners, five[i].user)
			} else {
				denied = append(denied, got["error"].(fields))
			}
		}
		if len(winners) != 1 || len(denied) != 4 {
			t.Fatalf("round %d: %v won, %v", round, winners, denied)
		}
		for _, d := range denied {
			if d.Text("code") != "LOCK_DENIED" || d.Text("lockedBy") != winners[0] {
				t.Errorf("round %d: %s won, and a loser is told %v", round, winners[0], d)
			}
		}
		for _, p := range five {
			if p.user == winners[0] {
				continue
			}
			told := p.NextWhere("LOCK_STATUS_CHANGED", func(e fields) bool { return e.Text("field") == field })
			if told.Text("userId") != winners[0] {
				t.Errorf("round %d: %s sees %s as the holder, want %s", round, p.user, told.Text("userId"), winners[0])
			}
		}
	}
	if n := c.Store(t).Count("SELECT count(*) FROM locks WHERE resource_id = ? AND closed_at IS NULL", resource); n != 10 {
		t.Errorf("the store has %d open locks, want 10", n)
	}
}

func TestALockIsExtendedByItsHolderAlone_L4(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/lock/extended"
	anna, bruno, _ := three(t, c, resource, "l4")
	lock := anna.lock("notes", fields{"ttl": 20})
	key := "lock:" + resource + "#notes"
	for _, k := range []string{key, key + ":metadata"} {
		if err := c.Keys(t).Expire(t.Context(), k, 5*time.Second).Err(); err != nil {
			t.Fatal(err)
		}
	}
	extended := anna.OK("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")})
	if extended.Int("expiresAt") < lock.Int("expiresAt") {
		t.Errorf("extended to %d, before it was %d", extended.Int("expiresAt"), lock.Int("expiresAt"))
	}
	for _, k := range []string{key, key + ":metadata"} {
		if ttl := c.Keys(t).PTTL(t.Context(), k).Val(); ttl < 15*time.Second || ttl > 20*time.Second {
			t.Errorf("%s has %v to live", k, ttl)
		}
	}
	if code := bruno.Refusal("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")}).Text("code"); code != "LOCK_LOST" {
		t.Errorf("another session's extension is answered %s", code)
	}
	if code := bruno.Refusal("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")}).Text("code"); code != "LOCK_LOST" {
		t.Errorf("another session's release is answered %s", code)
	}
	anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
	if released := bruno.Next("LOCK_RELEASED"); released.Text("reason") != "released" || released.Text("lockId") != lock.Text("lockId") {
		t.Errorf("LOCK_RELEASED says %v", released)
	}
	if code := anna.Refusal("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")}).Text("code"); code != "LOCK_LOST" {
		t.Errorf("a lock that is gone: %s", code)
	}
}

func TestTheEndOfALockIsToldOnceToEverybodyAndTheNextFenceIsHigher_L5(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/lock/expired"
	anna, bruno, carla := three(t, c, resource, "l5")
	lock := anna.lock("notes", fields{"ttl": 1})
	start := time.Now()
	for _, p := range []*person{anna, bruno, carla} {
		released := p.Next("LOCK_RELEASED")
		if released.Text("reason") != "expired" || released.Text("userId") != "usr_anna_l5" || released.Text("lockId") != lock.Text("lockId") {
			t.Errorf("%s is told %v", p.user, released)
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the end of a lock of one second is told after %v", took)
	}
	if next := carla.lock("notes"); next.Int("fence") != lock.Int("fence")+1 {
		t.Errorf("fence %d after %d", next.Int("fence"), lock.Int("fence"))
	}
	for _, p := range []*person{anna, bruno, carla} {
		p.None("LOCK_RELEASED")
	}
	c.Store(t).WaitAudit(1, "resource_id", resource, "LOCK_EXPIRED")
}

func TestALockEndsWithItsSessionAtOnceOrAfterTheGrace_L4_C11(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Env: []string{"RESUME_GRACE=1s"}})
	const resource = "page:/lock/disconnected"
	anna, bruno, carla := three(t, c, resource, "l4d")
	anna.lock("orderly")
	bruno.lock("lost")
	start := time.Now()
	anna.Disconnect()
	if released := carla.Next("LOCK_RELEASED"); released.Text("reason") != "user_disconnected" || released.Text("field") != "orderly" {
		t.Errorf("LOCK_RELEASED says %v", released)
	}
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Errorf("an orderly disconnect releases after %v", took)
	}
	start = time.Now()
	bruno.Drop()
	if released := carla.Next("LOCK_RELEASED"); released.Text("reason") != "user_disconnected" || released.Text("field") != "lost" {
		t.Errorf("LOCK_RELEASED says %v", released)
	}
	if took := time.Since(start); took < 900*time.Millisecond || took > 4*time.Second {
		t.Errorf("a lost transport releases after %v, want the grace of 1 s", took)
	}
	carla.lock("orderly")
	carla.lock("lost")
}

func TestAnUpdateUnderALockOfAnotherInstanceIsRefusedWhole_L6(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/lock/enforced"
	anna, bruno, carla := three(t, c, resource, "l6")
	bruno.write("free", "before;")
	anna.lock("notes")
	rows := len(c.Store(t).Journal(resource, 0))
	both := bruno.insert("free", "along;")
	if refused := bruno.send(both)(); refused["ok"] != true {
		t.Fatalf("a field that nobody locked: %v", refused)
	}
	update := mergeOf(t, bruno.insert("notes", "against;"), bruno.insert("free", "with it;"))
	refused := bruno.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": update})
	if names, _ := refused["fields"].([]any); refused.Text("code") != "UPDATE_REJECTED" || refused.Text("reason") != "locked" || !slices.Equal(names, []any{"notes"}) || refused.Text("lockedBy") != "usr_anna_l6" {
		t.Errorf("got %v", refused)
	}
	if code := bruno.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": bruno.insert("free", "later")}).Text("code"); code != "RESYNC_REQUIRED" {
		t.Errorf("the next update of that session is answered %s (D2c)", code)
	}
	if n := len(c.Store(t).Journal(resource, 0)); n != rows+1 {
		t.Errorf("the journal has %d rows, want %d", n, rows+1)
	}
	anna.write("notes", "mine;")
	for _, p := range []*person{anna, carla} {
		p.shows(eventually, "notes", "mine;")
		p.shows(eventually, "free", "along;before;")
	}
	c.Store(t).WaitAudit(1, "session_id", bruno.Session(), "UPDATE_REJECTED")
}

// Between the grant on one instance and its notice on another an update may be on its way: the store decides (D2b).
func TestAnUpdateThatRacesALockOnAnotherInstanceIsBeforeItOrRefused_D2b_L6(t *testing.T) {
	c := testkit.SharedCluster(t)
	for round := range 12 {
		resource := fmt.Sprintf("page:/lock/race/%d", round)
		anna, bruno, carla := three(t, c, resource, "d2b")
		update := bruno.insert("notes", "racing;")
		granted, written := anna.Ask("LOCK_ACQUIRE", anna.about("notes")), bruno.send(update)
		lock, answer := granted(), written()
		if lock["ok"] != true {
			t.Fatalf("the lock: %v", lock)
		}
		if answer["ok"] == true && answer.Int("revision") > lock.Int("revision") {
			t.Errorf("round %d: revision %d is written after a lock at %d", round, answer.Int("revision"), lock.Int("revision"))
		}
		if answer["ok"] != true && answer["error"].(fields).Text("code") != "UPDATE_REJECTED" {
			t.Errorf("round %d: %v", round, answer)
		}
		want := ""
		if answer["ok"] == true {
			want = "racing;"
		}
		carla.shows(eventually, "notes", want)
		anna.shows(eventually, "notes", want)
		for _, p := range []*person{anna, bruno, carla} {
			p.Disconnect()
		}
	}
}

func TestTheSameUserTakesALockOverFromATabOfAnotherInstance_L3(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/lock/takeover"
	old, fresh, other := join(t, c.Instances[0], "usr_anna_l3", resource), join(t, c.Instances[1], "usr_anna_l3", resource), join(t, c.Instances[2], "usr_other_l3", resource)
	lock := old.lock("notes")
	if denied := other.Refusal("LOCK_ACQUIRE", other.about("notes", fields{"takeOver": true})); denied.Text("reason") != "already_locked" {
		t.Errorf("another user's take-over: %v", denied)
	}
	taken := fresh.lock("notes", fields{"takeOver": true})
	if taken.Int("fence") != lock.Int("fence")+1 {
		t.Errorf("fence %d after %d", taken.Int("fence"), lock.Int("fence"))
	}
	if told := old.Next("LOCK_RELEASED"); told.Text("reason") != "taken_over" || told.Text("lockId") != lock.Text("lockId") {
		t.Errorf("the old tab is told %v", told)
	}
	fresh.write("notes", "from the new tab")
	if code := old.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": old.insert("notes", "x")}).Text("code"); code != "UPDATE_REJECTED" {
		t.Errorf("the old tab's update: %s", code)
	}
}

func TestOneWhoWaitsGetsTheLockThatAnotherInstanceReleases_L1(t *testing.T) {
	c := testkit.SharedCluster(t)
	anna, bruno, _ := three(t, c, "page:/lock/waits", "l1w")
	lock := anna.lock("notes")
	waiting := bruno.Ask("LOCK_ACQUIRE", bruno.about("notes", fields{"waitMs": 8000}))
	anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
	if got := waiting(); got["ok"] != true || got.Int("fence") != lock.Int("fence")+1 {
		t.Errorf("got %v", got)
	}
}
