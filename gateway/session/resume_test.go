package session_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/tests/testkit"
)

const (
	longGrace = 8 * time.Second
	ward3     = "page:/ward/3"
)

// notes is the lock that the tests below hold.
var notes = fields{"resourceId": ward3, "field": "notes"}

func TestResumedSessionKeepsRoomsModesAndLocks(t *testing.T) { // C11, L4, R5
	t.Parallel()
	one, two := cluster(t, longGrace)
	tests := map[string]struct {
		to   *instance
		lost func(*testkit.Client)
	}{
		"on the same instance":                      {one, (*testkit.Client).Drop},
		"on another instance":                       {two, (*testkit.Client).Drop},
		"on the same, which has not noticed":        {one, func(*testkit.Client) {}},
		"on another, while the old has not noticed": {two, func(*testkit.Client) {}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resource := "page:/" + name
			bruno, carla := one.editor(t, "bruno", resource), two.editor(t, "carla", resource)
			anna := one.open(t, "anna", resource)
			anna.OK("JOIN_RESOURCE", fields{"resourceId": resource + "/read", "mode": "viewer"})
			anna.OK("Y_UPDATE", anna.update(anna.types(t, "notes", "before")))
			lock := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
			heard(bruno, "carla")
			for _, c := range []*testkit.Client{bruno, carla} {
				heard(c, "anna")
				c.Next("LOCK_STATUS_CHANGED")
			}

			pending := anna.types(t, "notes", ", while away")
			tt.lost(anna.Client)
			back := tt.to.resume(t, anna.Client, "anna")
			wantResumed(t, back, anna.Client)
			rooms, _ := back.Connected["rooms"].([]any)
			if len(rooms) != 2 || !slices.Contains(rooms, any(resource)) || !slices.Contains(rooms, any(resource+"/read")) {
				t.Errorf("resumed in the rooms %v", rooms)
			}
			anna.Ended()
			back.OK("Y_SYNC", fields{"resourceId": resource})
			back.OK("Y_SYNC", fields{"resourceId": resource + "/read"})
			if e := back.Refusal("Y_UPDATE", fields{"resourceId": resource + "/read", "update": []byte{0, 0}}); e.Text("code") != "PERMISSION_DENIED" {
				t.Errorf("a viewer writes: %v", e)
			}
			back.OK("Y_UPDATE", anna.update(pending)) // under the client id that it had
			if got := carla.Next("Y_UPDATE"); got.Text("sessionId") != back.Session() {
				t.Errorf("carla got %v", got)
			}
			if e := back.OK("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")}); e.Int("expiresAt") <= time.Now().UnixMilli() {
				t.Errorf("extended %v", e)
			}
			if e := carla.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"}); e.Text("lockedBy") != "anna" {
				t.Errorf("carla's lock: %v", e)
			}
			for _, c := range []*testkit.Client{bruno, carla} {
				c.None("USER_LEFT", "USER_JOINED", "LOCK_RELEASED", "LOCK_STATUS_CHANGED")
			}
			back.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
			back.Disconnect()
			for _, c := range []*testkit.Client{bruno, carla} {
				if e := c.Next("USER_LEFT"); e.Text("userId") != "anna" || e.Text("reason") != "disconnected" {
					t.Errorf("told %v", e)
				}
			}
			bruno.Disconnect()
			carla.Disconnect()
		})
	}
	resumed := 0
	for _, e := range one.audited(t, 4*len(tests), audit.UserConnected) {
		if e.Details["resumed"] == "true" {
			resumed++
		}
	}
	if resumed != len(tests) {
		t.Errorf("%d rows of resumed sessions, want %d", resumed, len(tests))
	}
	one.audited(t, 3*len(tests), audit.UserDisconnected)
}

// heard waits until a client was told that a user joined.
func heard(c *testkit.Client, user string) {
	c.NextWhere("USER_JOINED", func(e fields) bool { u, _ := e["user"].(fields); return u.Text("userId") == user })
}

func TestSessionThatNobodyResumesEndsWithItsGrace(t *testing.T) { // C11, L4, R3
	t.Parallel()
	one, two := cluster(t, time.Second)
	bruno := two.editor(t, "bruno", ward3)
	anna := one.editor(t, "anna", ward3)
	anna.OK("LOCK_ACQUIRE", notes)
	lost := time.Now()
	anna.Drop()
	if e := bruno.Next("LOCK_RELEASED"); e.Text("reason") != "user_disconnected" {
		t.Errorf("its lock: %v", e)
	}
	if e := bruno.Next("USER_LEFT"); e.Text("userId") != "anna" || e.Text("reason") != "disconnected" {
		t.Errorf("told %v", e)
	}
	if kept := time.Since(lost); kept < time.Second {
		t.Errorf("kept for %v, want a second", kept)
	}
	one.audited(t, 1, audit.UserDisconnected)
	wantFresh(t, two.resume(t, anna, "anna"), anna)
}

func TestOrderlyEndIsAtOnceAndForGood(t *testing.T) { // C11, L4
	t.Parallel()
	one, two := cluster(t, longGrace)
	tests := map[string]func(*testkit.Client){
		"Socket.IO's packet":   func(c *testkit.Client) { c.Text("41") },
		"Engine.IO's packet":   func(c *testkit.Client) { c.Text("1") },
		"a broken protocol":    func(c *testkit.Client) { c.Text("9") },
		"the server's own":     func(c *testkit.Client) { c.Call("TOKEN_REFRESH", fields{"token": "rubbish"}) },
		"too many messages":    func(c *testkit.Client) { flood(c) },
		"the server's, unread": func(c *testkit.Client) { c.Emit("TOKEN_REFRESH", fields{"token": "rubbish"}); c.Ended() },
	}
	for name, leave := range tests {
		t.Run(name, func(t *testing.T) {
			resource := "page:/" + name
			bruno := two.editor(t, "bruno", resource)
			anna := one.editor(t, "anna", resource)
			began := time.Now()
			leave(anna)
			if e := bruno.Next("USER_LEFT"); e.Text("userId") != "anna" {
				t.Errorf("told %v", e)
			}
			if took := time.Since(began); took > longGrace/2 {
				t.Errorf("it took %v", took)
			}
			back := two.resume(t, anna, "anna")
			wantFresh(t, back, anna)
			back.Disconnect()
			bruno.Disconnect()
		})
	}
}

// flood sends more than a session may.
func flood(c *testkit.Client) {
	for range 500 {
		c.Emit("LEAVE_RESOURCE", fields{"resourceId": ward3})
	}
}

func TestOnlyItsOwnKeyAndUserResumeASession(t *testing.T) { // C11, A5
	t.Parallel()
	one, two := cluster(t, longGrace)
	anna := one.editor(t, "anna", ward3)
	other := one.Connect(t, "bruno")
	key := func(session, secret *testkit.Client) fields {
		return fields{"sessionId": session.Session(), "resumeKey": secret.Connected.Text("resumeKey")}
	}
	tests := map[string]testkit.Options{
		"another key":     {Token: one.Token("anna"), Auth: key(anna, other)},
		"another session": {Token: one.Token("anna"), Auth: key(other, anna)},
		"another user":    {Token: one.Token("carla"), Auth: key(anna, anna)},
		"another tenant":  {Token: one.Token("anna", fields{"tenant": "elsewhere"}), Auth: key(anna, anna)},
		"no key":          {Token: one.Token("anna"), Auth: fields{"sessionId": anna.Session(), "resumeKey": ""}},
		"no session":      {Token: one.Token("anna"), Auth: fields{"sessionId": "s_404", "resumeKey": "guessed"}},
		"half a megabyte": {Token: one.Token("anna"), Auth: fields{"sessionId": string(make([]byte, 1<<16)), "resumeKey": "guessed"}},
	}
	for name, o := range tests {
		for _, w := range []*instance{one, two} {
			c := w.ConnectWith(t, o)
			if c.Connected["resumed"] != false || c.Session() == anna.Session() {
				t.Errorf("%s: CONNECTED %v", name, c.Connected)
			}
			c.Disconnect()
			testkit.Eventually(t, 5*time.Second, "its end", func() bool { return one.gate.Count()+two.gate.Count() == 2 })
		}
	}
	anna.OK("Y_SYNC", fields{"resourceId": ward3}) // it did not notice
	anna.Drop()
	back := two.resume(t, anna, "anna")
	wantResumed(t, back, anna)
	back.Drop()
	stale := one.resume(t, anna, "anna") // with the key before
	wantFresh(t, stale, anna)
	wantResumed(t, one.resume(t, back, "anna"), back)
}

func TestRevokedSessionIsNotResumed(t *testing.T) { // C11, A5, H2
	t.Parallel()
	w := start(t, "RESUME_GRACE", "8s")
	anna := w.editor(t, "anna", ward3)
	anna.Drop()
	admin := w.Token("admin", fields{"permissions": []any{"admin"}})
	if status, _, body := w.HTTP(t, "POST", "/api/revocations", admin, fields{"sessionId": anna.Session()}); status != 200 {
		t.Fatalf("revoke: %d %s", status, body)
	}
	wantFresh(t, w.resume(t, anna, "anna"), anna)
}

func TestOfTwoWhoResumeAtOnceOneDoes(t *testing.T) { // C11
	t.Parallel()
	one, two := cluster(t, longGrace)
	anna := one.editor(t, "anna", ward3)
	anna.Drop()
	var at sync.WaitGroup
	clients := make([]*testkit.Client, 2)
	for i, w := range []*instance{one, two} {
		at.Go(func() { clients[i] = w.Dial(t, testkit.Options{Token: w.Token("anna"), Auth: resumeKey(anna)}) })
	}
	at.Wait()
	resumed := 0
	for _, c := range clients {
		connected := c.Next("CONNECTED")
		answer := c.Call("Y_SYNC", fields{"resourceId": ward3})
		if connected["resumed"] != answer["ok"] {
			t.Errorf("CONNECTED %v, and its room says %v", connected, answer)
		}
		if connected["resumed"] == true {
			resumed++
		}
	}
	if resumed != 1 {
		t.Errorf("%d were resumed, want one", resumed)
	}
}

func TestResumedSessionIsJudgedByItsNewToken(t *testing.T) { // C11, A5, A6
	t.Parallel()
	one, two := cluster(t, longGrace)
	bruno := one.editor(t, "bruno", ward3)
	anna := one.editor(t, "anna", ward3)
	for _, resource := range []string{"page:/read", "page:/write"} {
		anna.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	}
	bruno.OK("JOIN_RESOURCE", fields{"resourceId": "page:/read", "mode": "editor"})
	for _, resource := range []string{ward3, "page:/read", "page:/elsewhere"} {
		anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	}
	anna.Drop()
	rights := []any{fields{"resource": "page:/read", "mode": "viewer"}, fields{"resource": "page:/write", "mode": "editor"}}
	back := two.resume(t, anna, "anna", fields{"permissions": rights})
	wantResumed(t, back, anna)
	denied := map[string]string{}
	for range 2 {
		e := back.Next("PERMISSION_DENIED")
		denied[e.Text("resourceId")] = e.Text("reason")
	}
	if denied["page:/read"] != "viewer" || denied[ward3] != "no right" {
		t.Errorf("told %v", denied)
	}
	if e := bruno.Next("USER_LEFT"); e.Text("resourceId") != ward3 || e.Text("userId") != "anna" {
		t.Errorf("bruno was told %v", e)
	}
	mode, _ := bruno.NextWhere("USER_JOINED", func(e fields) bool { u, _ := e["user"].(fields); return u.Text("mode") == "viewer" })["user"].(fields)
	if mode.Text("userId") != "anna" {
		t.Errorf("bruno was told of %v", mode)
	}
	bruno.OK("JOIN_RESOURCE", fields{"resourceId": ward3, "mode": "editor"})
	if e := back.Refusal("Y_SYNC", fields{"resourceId": ward3}); e.Text("code") != "NOT_JOINED" {
		t.Errorf("it reads what it may not: %v", e)
	}
	if e := back.Refusal("Y_UPDATE", fields{"resourceId": "page:/read", "update": []byte{0, 0}}); e.Text("code") != "PERMISSION_DENIED" {
		t.Errorf("it writes: %v", e)
	}
	back.OK("Y_UPDATE", fields{"resourceId": "page:/write", "update": []byte{0, 0}})
	for _, resource := range []string{ward3, "page:/read", "page:/elsewhere"} {
		bruno.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	}
	back.None("Y_UPDATE")
}

func TestClientMayJoinAgainInAResumedSession(t *testing.T) { // C11, D7, R4
	t.Parallel()
	one, two := cluster(t, longGrace)
	bruno := one.editor(t, "bruno", ward3)
	anna := one.open(t, "anna", ward3)
	anna.OK("Y_UPDATE", anna.update(anna.types(t, "notes", "one")))
	pending := anna.types(t, "notes", ", two")
	anna.Drop()
	old := anna.client
	anna.Client = two.resume(t, anna.Client, "anna")
	state := anna.OK("JOIN_RESOURCE", fields{"resourceId": ward3, "mode": "editor", "stateVector": nil})
	if state.Int("clientId") == int64(old) || state.Int("clientId") == 0 {
		t.Errorf("client id %d after %d", state.Int("clientId"), old)
	}
	users, _ := state["users"].([]any)
	if len(users) != 2 {
		t.Errorf("users %v", users)
	}
	anna.OK("Y_UPDATE", anna.update(pending))
	heard(bruno, "anna") // before the loss, and no more
	bruno.None("USER_JOINED", "USER_LEFT")
}

func TestJoinUnderWayBelongsToTheResumedSession(t *testing.T) { // C11, R3
	t.Parallel()
	one, two := cluster(t, 300*time.Millisecond)
	for i := range 12 {
		resource := fmt.Sprintf("page:/%d", i)
		bruno := two.Connect(t, "bruno")
		anna := one.Connect(t, "anna")
		anna.Emit("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
		back := []*instance{one, two}[i%2].resume(t, anna, "anna")
		wantResumed(t, back, anna)
		anna.Drop() // on another instance, the old socket learns of it no sooner than that
		there := back.Call("Y_SYNC", fields{"resourceId": resource})["ok"] == true
		testkit.Eventually(t, 5*time.Second, "the end of the old object", func() bool { return one.gate.Count()+two.gate.Count() == 2 })
		state := bruno.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
		if users, _ := state["users"].([]any); (len(users) == 2) != there {
			t.Errorf("round %d: the session is in the room: %v; users %v", i, there, users)
		}
		back.Disconnect()
		testkit.Eventually(t, 5*time.Second, "its end", func() bool { return one.members(t, resource) == 1 })
		bruno.Disconnect()
	}
}

// members returns how many sessions the state driver knows in a room.
func (w *instance) members(t *testing.T, resource string) int {
	t.Helper()
	all, err := w.state.Members(t.Context(), collab.Resource{Tenant: collab.DefaultTenant, ID: collab.ResourceID(resource)})
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestDrainKeepsSessionsForAnotherInstance(t *testing.T) { // C6, C11, F6
	t.Parallel()
	one, two := cluster(t, longGrace)
	bruno := two.editor(t, "bruno", ward3)
	anna := one.editor(t, "anna", ward3)
	lock := anna.OK("LOCK_ACQUIRE", notes)
	drained := make(chan error, 1)
	go func() { drained <- one.gate.Drain(t.Context(), 200*time.Millisecond, longGrace) }()
	if e := anna.Next("SERVER_DRAINING"); e.Int("retryAfterMs") < 0 || e.Int("retryAfterMs") > longGrace.Milliseconds()/2 {
		t.Errorf("told %v: it would come too late", e)
	}
	if how := anna.Ended(); how != "1012" {
		t.Errorf("ended by %q, want close code 1012", how)
	}
	if refused := one.Refused(t, testkit.Options{Token: one.Token("anna"), Auth: resumeKey(anna)}); refused.Text("message") != "DRAINING" {
		t.Errorf("the draining instance says %v", refused)
	}
	back := two.resume(t, anna, "anna")
	wantResumed(t, back, anna)
	if err := <-drained; err != nil {
		t.Errorf("drain: %v", err)
	}
	back.OK("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")})
	bruno.None("USER_LEFT", "LOCK_RELEASED")
}

func TestWaitForALockEndsWithTheTransport(t *testing.T) { // C11, L1
	t.Parallel()
	one, two := cluster(t, longGrace)
	bruno := one.editor(t, "bruno", ward3)
	held := bruno.OK("LOCK_ACQUIRE", notes)
	anna := one.editor(t, "anna", ward3)
	anna.Emit("LOCK_ACQUIRE", fields{"resourceId": ward3, "field": "notes", "waitMs": 30_000})
	anna.OK("HEARTBEAT", fields{})
	anna.Drop()
	back := two.resume(t, anna, "anna")
	wantResumed(t, back, anna)
	one.audited(t, 1, audit.LockDenied)
	bruno.OK("LOCK_RELEASE", fields{"lockId": held.Text("lockId")})
	if got := back.OK("LOCK_ACQUIRE", notes); got.Int("fence") != 2 {
		t.Errorf("got %v", got)
	}
}

func TestLockOutlivesItsTTLDuringTheGrace(t *testing.T) { // C11, L4
	t.Parallel()
	one, two := cluster(t, longGrace)
	bruno := two.editor(t, "bruno", ward3)
	anna := one.editor(t, "anna", ward3)
	lock := anna.OK("LOCK_ACQUIRE", notes) // for 3 s
	anna.Drop()
	bruno.Refusal("LOCK_ACQUIRE", fields{"resourceId": ward3, "field": "notes", "waitMs": 4000})
	back := one.resume(t, anna, "anna")
	wantResumed(t, back, anna)
	back.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
	if e := bruno.Next("LOCK_RELEASED"); e.Text("reason") != "released" {
		t.Errorf("told %v", e)
	}
}

func TestSessionThatEndedWhereItWasResumedHasOneEnd(t *testing.T) { // C11, T3
	t.Parallel()
	one, two := cluster(t, 500*time.Millisecond)
	anna := one.editor(t, "anna", ward3)
	anna.Drop()
	back := two.resume(t, anna, "anna")
	wantResumed(t, back, anna)
	back.Disconnect()
	store := one.state
	testkit.Eventually(t, 5*time.Second, "end of the session", func() bool {
		left, err := store.SessionsOf(t.Context(), "default", "anna")
		return err == nil && len(left) == 0
	})
	testkit.Eventually(t, 20*time.Second, "end of the object that had it", func() bool { return one.gate.Count() == 0 })
	one.audited(t, 1, audit.UserDisconnected)
}

// The grace ends while the state driver does not answer, and a claim of another instance is heard before the end.
func TestSessionThatGoesOnElsewhereDoesNotEndInTheDark(t *testing.T) { // C11, F1, T3
	t.Parallel()
	one, two := cluster(t, 100*time.Millisecond)
	anna := one.editor(t, "anna", ward3)
	one.deaf.Store(true)
	anna.Drop()
	time.Sleep(500 * time.Millisecond) // the grace has ended, and nobody knows whether anybody may claim the session
	back := two.resume(t, anna, "anna")
	wantResumed(t, back, anna)
	one.deaf.Store(false)
	testkit.Eventually(t, 20*time.Second, "end of the object that had it", func() bool { return one.gate.Count() == 0 })
	one.audited(t, 0, audit.UserDisconnected)
	back.Disconnect()
	one.audited(t, 1, audit.UserDisconnected)
}

func TestEndOfAForgottenSessionDoesNotHoldADrain(t *testing.T) { // C6, C11
	t.Parallel()
	one, _ := cluster(t, longGrace)
	anna := one.editor(t, "anna", ward3)
	if err := one.state.CloseSession(t.Context(), collab.Session{ID: collab.SessionID(anna.Session()), Tenant: "default", User: "anna", Instance: "i_1",
		ResumeHash: collab.HashSecret(anna.Connected.Text("resumeKey"))}); err != nil {
		t.Fatal(err)
	}
	anna.Disconnect()
	time.Sleep(100 * time.Millisecond) // its end now waits for who might repair what the driver lost
	began := time.Now()
	if err := one.gate.Drain(t.Context(), 0, 0); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
}
