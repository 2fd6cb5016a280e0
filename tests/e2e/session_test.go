//go:build integration

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"corsia/tests/testkit"
)

func TestADeadPeerIsGoneAfterPingIntervalAndTimeout_C2(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "PING_INTERVAL=300ms", "PING_TIMEOUT=300ms", "RESUME_GRACE=100ms")
	const resource = "page:/session/dead"
	witness := g.Connect(t, "usr_witness")
	witness.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	dead := g.ConnectWith(t, testkit.Options{Token: g.Token("usr_dead"), Mute: true})
	dead.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	start := time.Now()
	if left := witness.Next("USER_LEFT"); left.Text("userId") != "usr_dead" || left.Text("reason") != "disconnected" {
		t.Fatalf("got %v", left)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	if !witness.Alive() {
		t.Error("who answers pings is gone too")
	}
}

func TestASocketWithoutAuthenticationIsClosedAfterFiveSeconds_C8(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	start := time.Now()
	silent := g.Dial(t, testkit.Options{Raw: true})
	refused := g.Dial(t, testkit.Options{Token: "bad"})
	for _, c := range []*testkit.Client{silent, refused} {
		c.Ended()
		if took := time.Since(start); took < 4*time.Second || took > 8*time.Second {
			t.Errorf("closed after %v", took)
		}
	}
}

func TestEventsBeforeConnectEndTheSocket_C8(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	c := g.Dial(t, testkit.Options{Raw: true})
	c.Emit("HEARTBEAT", fields{})
	c.Ended()
}

func TestPacketsThatBreakTheProtocolEndTheirConnectionAlone_C8(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/session/packets"
	witness := g.Connect(t, "usr_witness")
	witness.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	for name, send := range map[string]func(c *testkit.Client){
		"no JSON":                     func(c *testkit.Client) { c.Text("42[broken") },
		"no event name":               func(c *testkit.Client) { c.Text("42[]") },
		"an unknown packet":           func(c *testkit.Client) { c.Text("49") },
		"an attachment of nothing":    func(c *testkit.Client) { c.Binary([]byte{1}) },
		"eleven attachments":          func(c *testkit.Client) { c.Text(`4511-["Y_UPDATE",{"_placeholder":true,"num":0}]`) },
		"text while an attachment is": func(c *testkit.Client) { c.Text(`451-["Y_UPDATE",{"_placeholder":true,"num":0}]`); c.Text("42[\"X\"]") },
		"JSON nested without end": func(c *testkit.Client) {
			c.Text(`42["X",` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "]")
		},
		"more than 1 MiB":             func(c *testkit.Client) { c.Text(`42["X","` + strings.Repeat("x", 1<<20) + `"]`) },
		"an unknown Engine.IO packet": func(c *testkit.Client) { c.Text("9") },
	} {
		t.Run(name, func(t *testing.T) {
			c := g.Connect(t, "usr_broken")
			c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
			send(c)
			c.Ended()
		})
	}
	witness.OK("Y_SYNC", fields{"resourceId": resource})
}

func TestAUserHasAtMostSoManySessions_C8(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	sessions := make([]*testkit.Client, 10)
	for i := range sessions {
		sessions[i] = g.Connect(t, "usr_many")
	}
	over := g.Dial(t, testkit.Options{Token: g.Token("usr_many")})
	if e := over.Next("ERROR"); e.Text("code") != "RATE_LIMITED" || e.Int("retryAfterMs") <= 0 {
		t.Fatalf("got %v", e)
	}
	if how := over.Ended(); how != "disconnect" {
		t.Errorf("it ended by %q", how)
	}
	if len(over.Waiting("CONNECTED")) > 0 {
		t.Error("it was connected")
	}
	g.Connect(t, "usr_other")
	g.Connect(t, "usr_many", fields{"tenant": "elsewhere"})
	sessions[0].Disconnect()
	testkit.Eventually(t, eventually, "place for another session", func() bool {
		c := g.Dial(t, testkit.Options{Token: g.Token("usr_many")})
		for len(c.Waiting("CONNECTED")) == 0 && len(c.Waiting("ERROR")) == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		return len(c.Waiting("CONNECTED")) > 0
	})
	for _, c := range sessions[1:] {
		if !c.Alive() {
			t.Error("a session that was there before is gone")
		}
	}
}

func TestASessionIsInAtMostSoManyRooms_C8(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "MAX_ROOMS_PER_SESSION=5")
	c := g.Connect(t, "usr_rooms")
	for i := range 5 {
		c.OK("JOIN_RESOURCE", fields{"resourceId": fmt.Sprintf("page:/rooms/%d", i), "mode": "editor"})
	}
	c.OK("JOIN_RESOURCE", fields{"resourceId": "page:/rooms/0", "mode": "viewer"}) // it is there already
	c.OK("LEAVE_RESOURCE", fields{"resourceId": "page:/rooms/1"})
	c.OK("JOIN_RESOURCE", fields{"resourceId": "page:/rooms/5", "mode": "editor"})
	c.Emit("JOIN_RESOURCE", fields{"resourceId": "page:/rooms/6", "mode": "editor"})
	if e := c.Next("ERROR"); e.Text("code") != "RATE_LIMITED" || e.Int("retryAfterMs") <= 0 {
		t.Errorf("got %v", e)
	}
	if how := c.Ended(); how != "disconnect" {
		t.Errorf("it ended by %q", how)
	}
}

func TestTooManyMessagesASecondEndTheSessionAlone_C8(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "MAX_MESSAGES_PER_SECOND=20")
	const resource = "page:/session/rate"
	calm, eager := g.Connect(t, "usr_calm"), g.Connect(t, "usr_eager")
	for _, c := range []*testkit.Client{calm, eager} {
		c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	}
	for range 200 {
		eager.Emit("HEARTBEAT", fields{}) // not counted
	}
	for range 39 { // with the join, the burst
		eager.OK("Y_SYNC", fields{"resourceId": resource})
	}
	for range 60 {
		eager.Emit("Y_SYNC", fields{"resourceId": resource})
	}
	if e := eager.Next("ERROR"); e.Text("code") != "RATE_LIMITED" || e.Int("retryAfterMs") <= 0 {
		t.Errorf("got %v", e)
	}
	if how := eager.Ended(); how != "disconnect" {
		t.Errorf("it ended by %q", how)
	}
	calm.Next("USER_LEFT")
	calm.OK("Y_SYNC", fields{"resourceId": resource})
}

func TestASessionWithoutActivityIsCleanedUp_C5(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "ACTIVITY_TTL=1s", "PING_INTERVAL=200ms")
	const resource = "page:/session/idle"
	idle, awake := g.Connect(t, "usr_idle"), g.Connect(t, "usr_awake")
	for _, c := range []*testkit.Client{awake, idle} {
		c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	}
	idle.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	for range 12 { // pings of the transport go on meanwhile, and do not count
		awake.Emit("HEARTBEAT", fields{})
		time.Sleep(250 * time.Millisecond)
	}
	if told := awake.Next("LOCK_RELEASED"); told.Text("reason") != "session_timeout" || told.Text("userId") != "usr_idle" {
		t.Errorf("got %v", told)
	}
	if left := awake.Next("USER_LEFT"); left.Text("reason") != "session_timeout" || left.Text("userId") != "usr_idle" {
		t.Errorf("got %v", left)
	}
	if how := idle.Ended(); how != "disconnect" {
		t.Errorf("it ended by %q", how)
	}
	if !awake.Alive() {
		t.Error("heartbeats did not keep a session")
	}
	store := g.Store(t)
	store.WaitAudit(1, "session_id", idle.Session(), "SESSION_EXPIRED")
	store.WaitAudit(1, "session_id", idle.Session(), "LOCK_RELEASED")
	store.WaitAudit(1, "session_id", idle.Session(), "RESOURCE_LEFT")
	store.WaitAudit(1, "session_id", idle.Session(), "USER_DISCONNECTED")
	store.WaitAudit(0, "session_id", awake.Session(), "SESSION_EXPIRED")
}

func TestOriginsAreCheckedExactly_C9(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "ALLOWED_ORIGINS=https://emr.example,http://ward.example:8081")
	own := g.URL
	for origin, allowed := range map[string]bool{
		"https://emr.example": true, "http://ward.example:8081": true, own: true, "": true,
		"http://emr.example": false, "https://emr.example.evil": false, "https://emr.example:8443": false, "https://sub.emr.example": false,
		"http://ward.example": false, "null": false, "https://EMR.example.": false,
	} {
		t.Run(fmt.Sprintf("%q", origin), func(t *testing.T) {
			q, err := http.NewRequest("GET", g.URL+"/ws/?EIO=4&transport=polling", nil)
			if err != nil {
				t.Fatal(err)
			}
			if origin != "" {
				q.Header.Set("Origin", origin)
			}
			status, header, _ := g.Do(t, q)
			if got := status == http.StatusOK; got != allowed {
				t.Errorf("polling: status %d", status)
			}
			if shown := header.Get("Access-Control-Allow-Origin"); allowed != (shown == origin) && origin != "" || shown == "*" {
				t.Errorf("it allows %q", shown)
			}
			header = http.Header{}
			if origin != "" {
				header.Set("Origin", origin)
			}
			if err := g.TryDial(testkit.Options{Header: header, Raw: true}); (err == nil) != allowed {
				t.Errorf("WebSocket: %v", err)
			}
		})
	}
}

func TestWithoutAListTheOwnOriginAloneIsAllowed_C9(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	if err := g.TryDial(testkit.Options{Header: http.Header{"Origin": {g.URL}}, Raw: true}); err != nil {
		t.Errorf("its own: %v", err)
	}
	if err := g.TryDial(testkit.Options{Header: http.Header{"Origin": {"http://evil.example"}}, Raw: true}); err == nil {
		t.Error("another origin was let in")
	}
}

func TestSIGTERMDrainsTheSessionsAndExitsWithZero_C6(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t)
	const resource = "page:/session/drain"
	clients := make([]*testkit.Client, 20)
	for i := range clients {
		clients[i] = g.Connect(t, fmt.Sprintf("usr_drain%d", i))
		clients[i].OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	}
	seeded := clients[0].OK("SEED", fields{"resourceId": resource, "values": fields{"notes": testkit.Marker}})
	clients[1].OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	status := make(chan int, 1)
	start := time.Now()
	go func() {
		code, _ := g.Stop(t)
		status <- code
	}()
	waits := map[int64]bool{}
	for _, c := range clients {
		e := c.Next("SERVER_DRAINING")
		if e.Int("retryAfterMs") < 0 {
			t.Errorf("got %v", e)
		}
		waits[e.Int("retryAfterMs")] = true
	}
	if len(waits) < len(clients)/2 {
		t.Errorf("%d different delays for %d sessions: no jitter", len(waits), len(clients))
	}
	ready, _ := http.Get(g.URL + "/health/ready")
	if ready != nil && ready.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readiness while draining: %d", ready.StatusCode)
	}
	for _, c := range clients {
		if how := c.Ended(); how != "1012" {
			t.Errorf("a session ended by %q, want the close code of a restart", how)
		}
	}
	if code := <-status; code != 0 {
		t.Errorf("exit status %d", code)
	}
	if took := time.Since(start); took > 25*time.Second {
		t.Errorf("it took %v", took)
	}
	store := g.Store(t)
	if _, revision := store.State(resource); revision != seeded.Int("revision") {
		t.Errorf("the state is of revision %d, want %d: everything is flushed", revision, seeded.Int("revision"))
	}
	if n := store.Count("SELECT count(*) FROM locks WHERE closed_at IS NULL"); n != 0 {
		t.Errorf("%d locks are open", n)
	}
	store.WaitAudit(len(clients), "type", "USER_DISCONNECTED")
}

func TestAnIdleGatewayStopsAtOnce_C6(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t)
	if status, took := g.Stop(t); status != 0 || took > 3*time.Second {
		t.Errorf("status %d after %v", status, took)
	}
}

func TestASlowConsumerIsEndedAndOthersAreNotDelayed_C7(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "MAX_OUTBOX_BYTES=262144", "MAX_MESSAGES_PER_SECOND=100000")
	const resource = "page:/session/slow"
	slow := g.ConnectWith(t, testkit.Options{Token: g.Token("usr_slow"), SmallBuffers: true})
	slow.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "viewer"})
	slow.Pause()
	writer, reader := pair(t, g, resource)
	text := strings.Repeat("x", 100_000)
	for i := range 60 {
		start := time.Now()
		writer.OK("SEED", fields{"resourceId": resource, "values": fields{fmt.Sprintf("field%d", i): text}})
		reader.Next("Y_UPDATE")
		writer.Next("Y_UPDATE")
		if took := time.Since(start); took > 3*time.Second {
			t.Fatalf("an update took %v", took)
		}
	}
	if left := reader.Next("USER_LEFT"); left.Text("userId") != "usr_slow" {
		t.Errorf("got %v", left)
	}
	slow.Resume()
	slow.Ended()
}
