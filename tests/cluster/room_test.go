//go:build integration

package cluster

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"corsia/tests/testkit"
)

func TestAnEditorJoinsAndTheOtherInstancesAreTold_R1(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/room/editor"
	anna := join(t, c.Instances[0], "usr_anna_r1", resource)
	anna.write("notes", "hello")
	anna.lock("dose")
	bruno := join(t, c.Instances[1], "usr_bruno_r1", resource)
	s := bruno.state
	if s.Text("mode") != "editor" || s.Int("revision") != 2 || s.Int("clientId") <= anna.state.Int("clientId") || bruno.text("notes") != "hello" || len(s.Bytes("stateVector")) < 2 {
		t.Errorf("RESOURCE_STATE says %v", s)
	}
	if want := map[string]int{"usr_anna_r1": 1, "usr_bruno_r1": 1}; !maps.Equal(users(s), want) {
		t.Errorf("it lists %v, want %v", users(s), want)
	}
	locks, _ := s["locks"].([]any)
	if len(locks) != 1 || locks[0].(fields).Text("field") != "dose" || locks[0].(fields).Text("userId") != "usr_anna_r1" {
		t.Errorf("it lists the locks %v", locks)
	}
	joined, _ := anna.Next("USER_JOINED")["user"].(fields)
	if joined.Text("userId") != "usr_bruno_r1" || joined.Text("mode") != "editor" || joined.Text("role") != "nurse" || joined.Text("color") == "" {
		t.Errorf("USER_JOINED says %v", joined)
	}
	event := bruno.Next("RESOURCE_STATE")
	if event.Int("revision") != 2 || !bytes.Equal(event.Bytes("state"), s.Bytes("state")) {
		t.Errorf("event and callback differ: %v, %v", event, s)
	}
}

func TestAViewerSeesEverythingAndIsRefusedEveryWriting_R2(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/room/viewer"
	anna := join(t, c.Instances[0], "usr_anna_r2", resource)
	viewer := view(t, c.Instances[1], "usr_viewer_r2", resource)
	anna.write("notes", "for all to see")
	viewer.shows(eventually, "notes", "for all to see")
	viewer.client = 1 << 30
	for event, f := range map[string]fields{
		"Y_UPDATE": {"resourceId": resource, "update": viewer.insert("notes", "x")}, "LOCK_ACQUIRE": {"resourceId": resource, "field": "notes"},
		"SEED": {"resourceId": resource, "values": fields{"a": "b"}},
	} {
		token := at(c, 1).Token("usr_viewer_r2", fields{"permissions": []any{fields{"resource": "page:/room/*", "mode": "viewer"}}})
		limited := enter(t, at(c, 1).ConnectWith(t, testkit.Options{Token: token}), "usr_viewer_r2", resource, "viewer")
		if code := limited.Refusal(event, f).Text("code"); code != "PERMISSION_DENIED" {
			t.Errorf("%s: %s", event, code)
		}
		c.Store(t).WaitAudit(1, "session_id", limited.Session(), "PERMISSION_DENIED")
		limited.Disconnect()
	}
	token := at(c, 2).Token("usr_viewer_r2", fields{"permissions": []any{fields{"resource": "page:/room/*", "mode": "viewer"}}})
	limited := at(c, 2).ConnectWith(t, testkit.Options{Token: token})
	if code := limited.Refusal("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"}).Text("code"); code != "PERMISSION_DENIED" {
		t.Errorf("editor without the right: %s", code)
	}
	if n := len(c.Store(t).Journal(resource, 1)); n != 1 {
		t.Errorf("the journal has %d edits, want 1", n)
	}
}

func TestWhoLeavesIsGoneFromTheRoomOnAllInstances_R3(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/room/leave"
	anna, bruno, carla := join(t, c.Instances[0], "usr_anna_r3", resource), join(t, c.Instances[1], "usr_bruno_r3", resource), join(t, c.Instances[2], "usr_carla_r3", resource)
	second := join(t, c.Instances[2], "usr_bruno_r3", resource)
	bruno.lock("notes")
	bruno.OK("LEAVE_RESOURCE", fields{"resourceId": resource})
	if released := carla.Next("LOCK_RELEASED"); released.Text("reason") != "left_resource" || released.Text("userId") != "usr_bruno_r3" {
		t.Errorf("LOCK_RELEASED says %v", released)
	}
	anna.None("USER_LEFT") // he is there in another tab (R4)
	second.OK("LEAVE_RESOURCE", fields{"resourceId": resource})
	for _, p := range []*person{anna, carla} {
		left := p.Next("USER_LEFT") // of the session that was heard to leave last: the two left at two instances
		if left.Text("userId") != "usr_bruno_r3" || left.Text("reason") != "left" || !slices.Contains([]string{bruno.Session(), second.Session()}, left.Text("sessionId")) {
			t.Errorf("%s is told %v", p.user, left)
		}
		p.None("USER_LEFT")
	}
	for i := range c.Instances {
		late := view(t, at(c, i), "usr_late_r3", resource)
		if _, there := users(late.state)["usr_bruno_r3"]; there {
			t.Errorf("instance %d still lists him", i+1)
		}
		late.Disconnect()
	}
	if code := bruno.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": bruno.insert("notes", "x")}).Text("code"); code != "NOT_JOINED" {
		t.Errorf("who has left writes: %s", code)
	}
}

func TestTheListOfUsersIsTheSameOnAllInstancesWithin200Milliseconds_R5(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/room/presence"
	var witnesses []*person
	want := map[string]int{}
	for i := range c.Instances {
		user := fmt.Sprintf("usr_witness_r5_%d", i)
		witnesses = append(witnesses, view(t, at(c, i), user, resource))
		want[user] = 1
	}
	within(t, 200*time.Millisecond, "a join seen on all instances", 9, func(i int) time.Duration {
		user := fmt.Sprintf("usr_r5_%d", i)
		want[user] = 1
		p := join(t, at(c, i), user, resource)
		start := time.Now()
		if !maps.Equal(users(p.state), want) {
			t.Errorf("who joins instance %d is told %v, want %v", i%3+1, users(p.state), want)
		}
		for _, w := range witnesses {
			w.NextWhere("USER_JOINED", func(e fields) bool { u, _ := e["user"].(fields); return u.Text("userId") == user })
		}
		return time.Since(start)
	})
	for i := range c.Instances {
		late := view(t, at(c, i), "usr_late_r5", resource)
		got := users(late.state)
		delete(got, "usr_late_r5")
		if !maps.Equal(got, want) {
			t.Errorf("instance %d lists %v, want %v", i+1, got, want)
		}
		late.Disconnect()
	}
	if n := c.Keys(t).SCard(t.Context(), "resource:"+resource+":users").Val(); int(n) < len(want) {
		t.Errorf("Redis has %d, want %d", n, len(want))
	}
}

func TestAwarenessReachesTheOtherInstancesWithItsSenderStamped_R6(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/room/awareness"
	anna, bruno := join(t, c.Instances[0], "usr_anna_r6", resource), join(t, c.Instances[2], "usr_bruno_r6", resource)
	anna.OK("AWARENESS", fields{"resourceId": resource, "state": fields{"field": "notes", "userId": "usr_mallory"}})
	got := bruno.Next("AWARENESS")
	state, _ := got["state"].(fields)
	if got.Text("userId") != "usr_anna_r6" || got.Text("sessionId") != anna.Session() || state.Text("field") != "notes" {
		t.Errorf("AWARENESS says %v", got)
	}
	anna.Disconnect()
	if gone := bruno.NextWhere("AWARENESS", func(e fields) bool { return e["state"] == nil }); gone.Text("sessionId") != anna.Session() {
		t.Errorf("its end says %v", gone)
	}
}
