package session_test

import (
	"fmt"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/tests/testkit"
)

func TestLockIsAnsweredTwiceAndAnnounced(t *testing.T) { // L1, L2, L5
	t.Parallel()
	w := start(t)
	anna, bruno := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1")
	ack := anna.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
	event := anna.Next("LOCK_ACQUIRED")
	delete(ack, "ok")
	if fmt.Sprint(ack) != fmt.Sprint(event) || event.Text("field") != "notes" || event.Int("fence") != 1 || event.Int("revision") != 1 {
		t.Errorf("the callback says %v, the event %v", ack, event)
	}
	if e := bruno.Next("LOCK_STATUS_CHANGED"); e.Text("status") != "locked" || e.Text("userId") != "anna" || e.Int("expiresAt") != event.Int("expiresAt") {
		t.Errorf("announced %v", e)
	}
	refusal := bruno.Refusal("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
	denied := bruno.Next("LOCK_DENIED")
	if fmt.Sprint(refusal) != fmt.Sprint(denied) || denied.Text("reason") != "already_locked" || denied.Text("lockedBy") != "anna" ||
		denied.Text("lockedByName") == "" || denied.Int("lockedUntil") != event.Int("expiresAt") || denied.Text("field") != "notes" {
		t.Errorf("the callback says %v, the event %v", refusal, denied)
	}
	bruno.Emit("LOCK_ACQUIRE", fields{"resourceId": "page:/1"})
	if e := bruno.Next("LOCK_DENIED"); e.Text("reason") != "overlaps" || e["field"] != nil {
		t.Errorf("the whole resource: %v", e)
	}
	id := event.Text("lockId")
	if e := anna.OK("LOCK_EXTEND", fields{"lockId": id}); e.Int("expiresAt") < event.Int("expiresAt") {
		t.Errorf("extended %v", e)
	}
	for _, name := range []string{"LOCK_EXTEND", "LOCK_RELEASE"} {
		if e := bruno.Refusal(name, fields{"lockId": id}); e.Text("code") != "LOCK_LOST" || e.Text("lockId") != id {
			t.Errorf("%s by another session: %v", name, e)
		}
	}
	bruno.Emit("LOCK_RELEASE", fields{"lockId": id})
	if e := bruno.Next("LOCK_LOST"); e.Text("lockId") != id {
		t.Errorf("got %v", e)
	}
	anna.OK("LOCK_RELEASE", fields{"lockId": id})
	if e := bruno.Next("LOCK_RELEASED"); e.Text("reason") != "released" || e.Text("userId") != "anna" || e.Text("field") != "notes" {
		t.Errorf("announced %v", e)
	}
	bruno.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
}

func TestRequestThatWaitsLeavesTheSessionFree(t *testing.T) { // L1
	t.Parallel()
	w := start(t)
	anna, bruno := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1")
	lock := anna.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
	waiting := bruno.Ask("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes", "waitMs": 10_000})
	bruno.OK("HEARTBEAT", fields{})
	anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
	if got := waiting(); got["ok"] != true || got.Int("fence") != 2 {
		t.Errorf("got %v", got)
	}
	for range 8 {
		anna.Emit("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes", "waitMs": 2000})
	}
	if e := anna.Refusal("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes", "waitMs": 2000}); e.Text("code") != "RATE_LIMITED" || e.Int("retryAfterMs") <= 0 {
		t.Errorf("the ninth that waits: %v", e)
	}
	for _, wrong := range []fields{{"ttl": 0}, {"ttl": 301}, {"waitMs": -1}, {"field": "a\nb"}, {"resourceId": ""}} {
		ask := fields{"resourceId": "page:/1", "field": "dose"}
		for key, value := range wrong {
			ask[key] = value
		}
		if e := anna.Refusal("LOCK_ACQUIRE", ask); e.Text("code") == "LOCK_DENIED" || e.Text("message") == "" {
			t.Errorf("%v: %v", wrong, e)
		}
	}
}

func TestWaitForALockEndsWithItsSession(t *testing.T) { // L1, R3
	t.Parallel()
	w := start(t)
	anna, bruno := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1")
	lock := anna.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
	bruno.Emit("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes", "waitMs": 30_000})
	bruno.OK("HEARTBEAT", fields{})
	bruno.Disconnect()
	if e := anna.Next("USER_LEFT"); e.Text("userId") != "bruno" {
		t.Errorf("told %v", e)
	}
	if rows := w.audited(t, 1, audit.LockDenied); rows[0].Actor != "bruno" {
		t.Errorf("audited %+v", rows[0])
	}
	anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
	anna.None("LOCK_DENIED")
	w.audited(t, 1, audit.LockAcquired)
}

func TestLockOfAResourceThatIsNotJoined(t *testing.T) { // L1, L3, L5
	t.Parallel()
	w := start(t)
	anna, bruno := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1")
	tab := w.editor(t, "anna", "page:/1")
	anna.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/elsewhere"})
	if e := bruno.Next("LOCK_STATUS_CHANGED"); e.Text("resourceId") != "page:/elsewhere" {
		t.Errorf("announced %v", e)
	}
	tab.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/elsewhere", "takeOver": true})
	if e := anna.Next("LOCK_RELEASED"); e.Text("reason") != "taken_over" || e.Text("sessionId") != anna.Session() {
		t.Errorf("the old tab was told %v", e)
	}
	tab.Disconnect()
	if e := bruno.NextWhere("LOCK_RELEASED", func(e fields) bool { return e.Text("reason") != "taken_over" }); e.Text("reason") != "user_disconnected" {
		t.Errorf("announced %v", e)
	}
	w.audited(t, 2, audit.LockAcquired)
	w.audited(t, 2, audit.LockReleased)
}

func TestLeavingARoomOrJoiningItAsAViewerFreesItsLocks(t *testing.T) { // R2, R3, L5
	t.Parallel()
	w := start(t)
	anna, bruno := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1")
	anna.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
	anna.OK("JOIN_RESOURCE", fields{"resourceId": "page:/1", "mode": "viewer"})
	if e := bruno.Next("LOCK_RELEASED"); e.Text("reason") != "released" {
		t.Errorf("as a viewer: %v", e)
	}
	anna.OK("JOIN_RESOURCE", fields{"resourceId": "page:/1", "mode": "editor"})
	anna.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
	anna.OK("LEAVE_RESOURCE", fields{"resourceId": "page:/1"})
	if e := bruno.Next("LOCK_RELEASED"); e.Text("reason") != "left_resource" {
		t.Errorf("left: %v", e)
	}
}

func TestRenewedTokenKeepsTheSession(t *testing.T) { // A5
	t.Parallel()
	w := start(t)
	c := w.editor(t, "anna", "page:/1", fields{"exp": in(30 * time.Second)})
	if e := c.Next("TOKEN_EXPIRING"); e.Int("expiresAt") <= time.Now().UnixMilli() {
		t.Errorf("warned %v", e)
	}
	if ack := c.OK("TOKEN_REFRESH", fields{"token": w.Token("anna")}); ack.Int("expiresAt") < time.Now().Add(time.Minute).UnixMilli() {
		t.Errorf("renewed %v", ack)
	}
	c.OK("Y_SYNC", fields{"resourceId": "page:/1"})
	c.None("TOKEN_EXPIRING", "PERMISSION_DENIED")
}

func TestTokenThatExpiresEndsTheSession(t *testing.T) { // A5
	t.Parallel()
	w := start(t)
	c := w.Connect(t, "anna", fields{"exp": in(2 * time.Second)})
	c.Next("TOKEN_EXPIRING")
	if e := c.Next("UNAUTHORIZED"); e.Text("code") != "UNAUTHORIZED" || e.Text("reason") != "expired" {
		t.Errorf("told %v", e)
	}
	if how := c.Ended(); how != "disconnect" {
		t.Errorf("ended by %q", how)
	}
}

func TestTokenThatCannotTakeTheOthersPlaceEndsTheSession(t *testing.T) { // A5
	t.Parallel()
	w := start(t)
	tests := map[string]string{
		"wrong_user":      w.Token("bruno"),
		"expired":         w.Token("anna", fields{"exp": in(-time.Minute)}),
		"malformed_token": "rubbish",
	}
	for reason, token := range tests {
		c := w.Connect(t, "anna")
		if e := c.Refusal("TOKEN_REFRESH", fields{"token": token}); e.Text("code") != "UNAUTHORIZED" || e.Text("reason") != reason {
			t.Errorf("%s: %v", reason, e)
		}
		if how := c.Ended(); how != "disconnect" {
			t.Errorf("%s: ended by %q", reason, how)
		}
	}
	c := w.Connect(t, "anna")
	c.Emit("TOKEN_REFRESH", fields{"token": w.Token("anna", fields{"tenant": "elsewhere"})})
	if e := c.Next("UNAUTHORIZED"); e.Text("reason") != "wrong_user" {
		t.Errorf("another tenant: %v", e)
	}
}

func TestLostRightTurnsAnEditorIntoAViewer(t *testing.T) { // A5, A6
	t.Parallel()
	w := start(t)
	anna, bruno := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1")
	for _, resource := range []string{"page:/2", "page:/3"} {
		anna.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	}
	for _, resource := range []string{"page:/1", "page:/2", "page:/not-joined"} {
		anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	}
	rights := []any{fields{"resource": "page:/1", "mode": "viewer"}, fields{"resource": "page:/3", "mode": "editor"}}
	anna.OK("TOKEN_REFRESH", fields{"token": w.Token("anna", fields{"permissions": rights})})
	denied := map[string]string{}
	for range 2 {
		e := anna.Next("PERMISSION_DENIED")
		denied[e.Text("resourceId")] = e.Text("reason")
	}
	if denied["page:/1"] != "viewer" || denied["page:/2"] != "no right" {
		t.Errorf("told %v", denied)
	}
	if e := bruno.Next("LOCK_RELEASED"); e.Text("userId") != "anna" || e.Text("reason") != "released" {
		t.Errorf("its lock: %v", e)
	}
	joined, _ := bruno.NextWhere("USER_JOINED", func(e fields) bool { u, _ := e["user"].(fields); return u.Text("mode") == "viewer" })["user"].(fields)
	if joined.Text("userId") != "anna" {
		t.Errorf("bruno was told %v", joined)
	}
	if e := anna.Refusal("Y_UPDATE", fields{"resourceId": "page:/1", "update": []byte{0, 0}}); e.Text("code") != "PERMISSION_DENIED" {
		t.Errorf("it writes: %v", e)
	}
	if e := anna.Refusal("Y_SYNC", fields{"resourceId": "page:/2"}); e.Text("code") != "NOT_JOINED" {
		t.Errorf("it reads what it may not: %v", e)
	}
	anna.OK("Y_UPDATE", fields{"resourceId": "page:/3", "update": []byte{0, 0}})
	for _, resource := range []string{"page:/1", "page:/2", "page:/not-joined"} {
		bruno.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	}
}

func TestRevokedUserIsGoneWithinSeconds(t *testing.T) { // A5, H2
	t.Parallel()
	w := start(t)
	anna, bruno := w.Connect(t, "anna"), w.Connect(t, "bruno")
	admin := w.Token("admin", fields{"permissions": []any{"admin"}})
	if status, _, body := w.HTTP(t, "POST", "/api/revocations", admin, fields{"userId": "anna"}); status != 200 {
		t.Fatalf("revoke: %d %s", status, body)
	}
	if e := anna.Next("UNAUTHORIZED"); e.Text("reason") != "revoked" {
		t.Errorf("told %v", e)
	}
	if how := anna.Ended(); how != "disconnect" {
		t.Errorf("ended by %q", how)
	}
	data, _ := w.Refused(t, testkit.Options{Token: w.Token("anna", fields{"iat": in(-time.Hour)})})["data"].(fields)
	if data.Text("reason") != "revoked" {
		t.Errorf("an old token: %v", data)
	}
	bruno.OK("HEARTBEAT", fields{})
}
