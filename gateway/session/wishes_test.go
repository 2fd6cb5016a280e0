package session_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/tests/testkit"
)

var mayBreak = fields{"permissions": []any{fields{"resource": "*", "mode": "editor"}, "break_glass"}}

func TestLockIsAskedForAndHandedOver(t *testing.T) { // L7
	t.Parallel()
	w := start(t)
	anna, bruno, carla := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1"), w.editor(t, "carla", "page:/1")
	notes := fields{"resourceId": "page:/1", "field": "notes"}
	if free := bruno.OK("LOCK_REQUEST", fields{"resourceId": "page:/1", "field": "free"}); free["lockedBy"] != nil {
		t.Errorf("a lock that nobody has is %v", free)
	}
	lock := anna.OK("LOCK_ACQUIRE", notes)
	ack := bruno.OK("LOCK_REQUEST", fields{"resourceId": "page:/1", "field": "notes", "message": " just one word "})
	if ack.Text("lockedBy") != "anna" || ack.Text("lockedByName") == "" || ack.Int("lockedUntil") != lock.Int("expiresAt") {
		t.Errorf("answered %v", ack)
	}
	asked := anna.Next("LOCK_REQUESTED")
	if asked.Text("resourceId") != "page:/1" || asked.Text("field") != "notes" || asked.Text("lockId") != lock.Text("lockId") ||
		asked.Text("userId") != "bruno" || asked.Text("name") == "" || asked.Text("sessionId") != bruno.Session() || asked.Text("message") != "just one word" {
		t.Errorf("the holder is told %v", asked)
	}
	if e := bruno.Refusal("LOCK_REQUEST", notes); e.Text("code") != "RATE_LIMITED" || e.Int("retryAfterMs") <= 0 {
		t.Errorf("asked again at once: %v", e)
	}
	anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId"), "to": bruno.Session()})
	handed := bruno.Next("LOCK_ACQUIRED")
	if handed.Int("fence") <= lock.Int("fence") || handed.Text("field") != "notes" || handed.Int("revision") != 1 || handed.Int("expiresAt") <= time.Now().UnixMilli() || handed.Text("lockId") == "" {
		t.Errorf("handed %v", handed)
	}
	for name, c := range map[string]*testkit.Client{"anna": anna, "carla": carla} {
		if e := c.Next("LOCK_RELEASED"); e.Text("reason") != "released" || e.Text("by") != "bruno" || e.Text("byName") == "" || e.Text("lockId") != lock.Text("lockId") {
			t.Errorf("%s is told %v", name, e)
		}
		if e := c.NextWhere("LOCK_STATUS_CHANGED", func(e fields) bool { return e.Text("userId") == "bruno" }); e.Text("lockId") != handed.Text("lockId") {
			t.Errorf("%s is told %v", name, e)
		}
	}
	bruno.OK("LOCK_EXTEND", fields{"lockId": handed.Text("lockId")})
	if e := anna.Refusal("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")}); e.Text("code") != "LOCK_LOST" {
		t.Errorf("the old holder extends: %v", e)
	}
	rows := w.audited(t, 1, audit.LockReleased)
	if rows[0].Actor != "anna" || rows[0].Details["to"] != "bruno" || rows[0].Role == "" || rows[0].Address == "" {
		t.Errorf("audited %+v", rows[0])
	}
}

func TestLockThatIsAskedForIsKept(t *testing.T) { // L7
	t.Parallel()
	w := start(t)
	anna, bruno := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1")
	notes := fields{"resourceId": "page:/1", "field": "notes"}
	lock := anna.OK("LOCK_ACQUIRE", notes)
	bruno.OK("LOCK_REQUEST", notes)
	anna.OK("LOCK_REQUEST_DECLINED", fields{"resourceId": "page:/1", "field": "notes", "sessionId": bruno.Session()})
	if e := bruno.Next("LOCK_REQUEST_DECLINED"); e.Text("userId") != "anna" || e.Text("name") == "" || e.Text("field") != "notes" || e.Text("resourceId") != "page:/1" {
		t.Errorf("told %v", e)
	}
	anna.OK("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")})
	viewer := w.Connect(t, "vera")
	viewer.OK("JOIN_RESOURCE", fields{"resourceId": "page:/1", "mode": "viewer"})
	for _, event := range []string{"LOCK_REQUEST", "LOCK_BREAK"} {
		if e := viewer.Refusal(event, notes); e.Text("code") != "PERMISSION_DENIED" {
			t.Errorf("%s of a viewer: %v", event, e)
		}
	}
	if e := bruno.Refusal("LOCK_REQUEST", fields{"resourceId": "page:/1", "field": "plan", "message": strings.Repeat("x", 201)}); e.Text("code") != "INVALID" {
		t.Errorf("a long message: %v", e)
	}
}

func TestLockIsBrokenByWhoMayForAReason(t *testing.T) { // L7, A6
	t.Parallel()
	w := start(t)
	anna, bruno := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1")
	doctor := w.editor(t, "doctor", "page:/1", mayBreak)
	for name, c := range map[string]*testkit.Client{"bruno": bruno, "doctor": doctor} {
		permissions, _ := c.Connected["permissions"].(fields)
		if permissions["breakGlass"] != (name == "doctor") {
			t.Errorf("%s is told %v", name, c.Connected)
		}
	}
	lock := anna.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
	broken := func(change fields) fields {
		all := fields{"resourceId": "page:/1", "field": "notes", "reason": "allergy unknown to Anna", "code": "ETREAT"}
		for k, v := range change {
			all[k] = v
		}
		return all
	}
	if e := bruno.Refusal("LOCK_BREAK", broken(nil)); e.Text("code") != "PERMISSION_DENIED" || e.Text("reason") != "break_glass" {
		t.Errorf("without the permission: %v", e)
	}
	for _, wrong := range []fields{{"reason": "too short"}, {"reason": "          "}, {"reason": strings.Repeat("x", 301)}, {"reason": "with\u0000control"}, {"code": "X"}, {"code": "etreat"}, {"code": ""}} {
		if e := doctor.Refusal("LOCK_BREAK", broken(wrong)); e.Text("code") != "INVALID" || e.Text("message") == "" {
			t.Errorf("%v: %v", wrong, e)
		}
	}
	ack := doctor.OK("LOCK_BREAK", broken(nil))
	event := doctor.Next("LOCK_ACQUIRED")
	delete(ack, "ok")
	if fmt.Sprint(ack) != fmt.Sprint(event) || event.Int("fence") <= lock.Int("fence") {
		t.Errorf("the callback says %v, the event %v", ack, event)
	}
	if e := anna.Next("LOCK_RELEASED"); e.Text("reason") != "broken" || e.Text("by") != "doctor" || e.Text("byName") == "" || e.Text("lockId") != lock.Text("lockId") {
		t.Errorf("the holder is told %v", e)
	}
	rows := w.audited(t, 1, audit.LockBroken)
	r := rows[0]
	if r.Actor != "doctor" || r.Reason != "allergy unknown to Anna" || r.Details["code"] != "ETREAT" || r.Details["holder"] != "anna" || r.Fence != lock.Int("fence") || string(r.Session) != doctor.Session() {
		t.Errorf("audited %+v", r)
	}
	w.audited(t, 1, audit.PermissionDenied)
}

func TestRenewedTokenSaysWhetherLocksMayBeBroken(t *testing.T) { // L7, A5
	t.Parallel()
	w := start(t)
	c := w.editor(t, "anna", "page:/1")
	ack := c.OK("TOKEN_REFRESH", fields{"token": w.Token("anna", mayBreak)})
	if p, _ := ack["permissions"].(fields); p["breakGlass"] != true {
		t.Errorf("renewed %v", ack)
	}
}

func TestLockIsHandedOverToAnotherInstance(t *testing.T) { // L7
	t.Parallel()
	one, two := cluster(t, longGrace)
	anna, bruno := one.editor(t, "anna", "page:/1"), two.editor(t, "bruno", "page:/1")
	for _, resource := range []string{"page:/1", "page:/open-nowhere"} {
		notes := fields{"resourceId": resource, "field": "notes"}
		lock := anna.OK("LOCK_ACQUIRE", notes)
		if ack := bruno.OK("LOCK_REQUEST", notes); ack.Text("lockedBy") != "anna" || ack.Text("lockedByName") == "" {
			t.Errorf("answered %v", ack)
		}
		if e := anna.Next("LOCK_REQUESTED"); e.Text("sessionId") != bruno.Session() || e.Text("resourceId") != resource {
			t.Errorf("told %v", e)
		}
		begun := time.Now()
		anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId"), "to": bruno.Session()})
		if e := bruno.Next("LOCK_ACQUIRED"); e.Int("fence") != lock.Int("fence")+1 || e.Text("resourceId") != resource {
			t.Errorf("handed %v", e)
		}
		if took := time.Since(begun); took > 900*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if resource == "page:/1" {
			if e := anna.Next("LOCK_RELEASED"); e.Text("reason") != "released" || e.Text("by") != "bruno" {
				t.Errorf("told %v", e)
			}
		}
	}
	dose := fields{"resourceId": "page:/1", "field": "dose"}
	anna.OK("LOCK_ACQUIRE", dose)
	bruno.OK("LOCK_REQUEST", dose)
	anna.Next("LOCK_REQUESTED")
	anna.OK("LOCK_REQUEST_DECLINED", fields{"resourceId": "page:/1", "field": "dose", "sessionId": bruno.Session()})
	if e := bruno.Next("LOCK_REQUEST_DECLINED"); e.Text("userId") != "anna" {
		t.Errorf("told %v", e)
	}
}
