//go:build integration

package cluster

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"corsia/tests/testkit"
)

func TestAClientIsConnectedWithin500MillisecondsOnEveryInstance_C4(t *testing.T) {
	c := testkit.SharedCluster(t)
	within(t, 500*time.Millisecond, "connecting", 9, func(i int) time.Duration {
		user := fmt.Sprintf("usr_connect_%d", i)
		token := at(c, i).Token(user)
		start := time.Now()
		client := at(c, i).ConnectWith(t, testkit.Options{Token: token})
		took := time.Since(start)
		got := client.Connected
		if got.Text("userId") != user || got.Text("role") != "nurse" || got.Text("sessionId") == "" || got.Text("resumeKey") == "" ||
			got.Int("protocol") != 1 || got.Int("heartbeatInterval") != 30_000 || got["resumed"] != false {
			t.Errorf("CONNECTED says %v", got)
		}
		return took
	})
}

func TestADisconnectedClientIsGoneEverywhereWithin500Milliseconds_R3(t *testing.T) {
	c := testkit.SharedCluster(t)
	keys := c.Keys(t)
	const resource = "page:/connect/disconnect"
	witness := view(t, c.Instances[2], "usr_witness_gone", resource)
	within(t, 500*time.Millisecond, "cleaning up after a client", 5, func(i int) time.Duration {
		user := fmt.Sprintf("usr_gone_%d", i)
		p := join(t, at(c, i), user, resource)
		witness.NextWhere("USER_JOINED", func(e fields) bool { u, _ := e["user"].(fields); return u.Text("userId") == user })
		p.lock("notes")
		start := time.Now()
		p.Disconnect()
		left := witness.NextWhere("USER_LEFT", func(e fields) bool { return e.Text("userId") == user })
		if left.Text("reason") != "disconnected" || left.Text("sessionId") != p.Session() || left.Text("resourceId") != resource {
			t.Errorf("USER_LEFT says %v", left)
		}
		testkit.Eventually(t, eventually, "end of the keys of "+user, func() bool {
			n, err := keys.Exists(t.Context(), "user:"+user+":session", "presence:user:"+user, "presence:socket:"+p.Session(),
				"resource:"+resource+":user:"+user, "lock:"+resource+"#notes", "lock:"+resource+"#notes:metadata").Result()
			return err == nil && n == 0 && !keys.SIsMember(t.Context(), "resource:"+resource+":users", user).Val()
		})
		return time.Since(start)
	})
	c.Store(t).WaitAudit(1, "actor", "usr_gone_0", "USER_DISCONNECTED")
}

func TestAnInvalidTokenIsRefusedByEveryInstanceAndLeavesNoSession_A4(t *testing.T) {
	c := testkit.SharedCluster(t)
	for i, instance := range c.Instances {
		user := fmt.Sprintf("usr_invalid_%d", i)
		valid := instance.Token(user)
		for reason, token := range map[string]string{
			"missing_token": "", "malformed_token": "no token", "bad_signature": valid[:len(valid)-8] + "AAAAAAAA",
			"expired":       instance.Token(user, fields{"exp": time.Now().Add(-time.Second).Unix()}),
			"not_yet_valid": instance.Token(user, fields{"nbf": time.Now().Add(time.Hour).Unix()}),
			"bad_algorithm": testkit.Sign(fields{"alg": "none"}, fields{"userId": user}, func([]byte) []byte { return nil }),
		} {
			refused := instance.Refused(t, testkit.Options{Token: token})
			data, _ := refused["data"].(fields)
			if refused.Text("message") != "UNAUTHORIZED" || data.Text("code") != "UNAUTHORIZED" || data.Text("reason") != reason {
				t.Errorf("%s on %s: %v", reason, instance.ID, refused)
			}
		}
		if n := c.Keys(t).Exists(t.Context(), "user:"+user+":session", "presence:user:"+user).Val(); n != 0 {
			t.Errorf("%s has a session", user)
		}
	}
	rejected := c.Store(t).Query("SELECT count(*) AS n FROM " + testkit.AuditEvents + " WHERE type = 'CONNECTION_REJECTED'")
	if n, _ := rejected[0]["n"].(int64); n < 18 {
		t.Errorf("%d refusals are audited, want 18", n)
	}
}

func TestAHeartbeatIsAnswered_C5(t *testing.T) {
	c := testkit.SharedCluster(t)
	client := c.Instances[1].Connect(t, "usr_heartbeat")
	before := time.Now()
	client.Call("HEARTBEAT", fields{})
	if ack := client.Next("HEARTBEAT_ACK"); ack.Int("serverTime") < before.UnixMilli()-1 || ack.Int("serverTime") > time.Now().UnixMilli() {
		t.Errorf("HEARTBEAT_ACK says %v", ack)
	}
}

// A client that answers the transport's pings and says nothing more is no active session (C5).
func TestASessionThatSaysNothingIsEndedEverywhereAndHeartbeatsRenewTheOthers_C5(t *testing.T) {
	t.Parallel()
	const activity, session = 3 * time.Second, 20 * time.Second
	c := testkit.StartCluster(t, testkit.ClusterOptions{Env: []string{"ACTIVITY_TTL=3s", "SESSION_TTL=20s"}})
	const resource = "page:/connect/silent"
	silent := join(t, c.Instances[0], "usr_silent", resource)
	silent.lock("notes")
	witness := view(t, c.Instances[1], "usr_lively", resource)
	stop := alive(witness)
	defer stop()
	start := time.Now()
	if left := witness.Next("USER_LEFT"); left.Text("reason") != "session_timeout" || left.Text("userId") != "usr_silent" {
		t.Errorf("USER_LEFT says %v", left)
	}
	if took := time.Since(start); took < activity-time.Second {
		t.Errorf("it was ended after %v", took)
	}
	if released := witness.Next("LOCK_RELEASED"); released.Text("reason") != "session_timeout" || released.Text("field") != "notes" {
		t.Errorf("LOCK_RELEASED says %v", released)
	}
	silent.Ended()
	c.Store(t).WaitAudit(1, "session_id", silent.Session(), "SESSION_EXPIRED")
	keys := c.Keys(t)
	testkit.Eventually(t, eventually, "end of its keys", func() bool {
		n, err := keys.Exists(t.Context(), "user:usr_silent:session", "presence:user:usr_silent", "presence:socket:"+silent.Session(),
			"resource:"+resource+":user:usr_silent", "lock:"+resource+"#notes").Result()
		return err == nil && n == 0
	})
	for end := start.Add(2 * activity); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for key, ttl := range map[string]time.Duration{"user:usr_lively:session": session, "user:usr_lively:activity": activity,
			"presence:user:usr_lively": activity, "presence:socket:" + witness.Session(): activity} {
			if left := keys.PTTL(t.Context(), key).Val(); left <= 0 || left < ttl-activity || left > ttl {
				t.Fatalf("%s of who has heartbeats lives for %v, want up to %v", key, left, ttl)
			}
		}
	}
	if !witness.Alive() {
		t.Error("who has heartbeats was ended too")
	}
}

func TestARevocationOnOneInstanceEndsSessionsOnAllWithin5Seconds_A5(t *testing.T) {
	c := testkit.SharedCluster(t)
	token := c.Instances[0].Token("usr_revoked") // one that is issued later is good again
	var sessions []*testkit.Client
	for _, i := range c.Instances {
		sessions = append(sessions, i.ConnectWith(t, testkit.Options{Token: token}))
	}
	admin := c.Instances[0].Token("usr_admin", fields{"permissions": []any{"admin"}})
	status, _, body := c.Instances[0].HTTP(t, http.MethodPost, "/api/revocations", admin, fields{"userId": "usr_revoked"})
	if status/100 != 2 {
		t.Fatalf("status %d: %s", status, body)
	}
	start := time.Now()
	for _, s := range sessions {
		if reason := s.Next("UNAUTHORIZED").Text("reason"); reason != "revoked" {
			t.Errorf("UNAUTHORIZED says %s", reason)
		}
		s.Ended()
	}
	if took := time.Since(start); took > 6*time.Second { // SPEC: 5, and a busy machine
		t.Errorf("it took %v", took)
	}
	refused := c.Instances[2].Refused(t, testkit.Options{Token: token})
	if data, _ := refused["data"].(fields); data.Text("reason") != "revoked" {
		t.Errorf("a new session is answered %v", refused)
	}
}
