package session_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/tests/testkit"
)

func TestConnectedSaysWhoTheSessionIs(t *testing.T) { // C4, A1
	t.Parallel()
	w := start(t, "PING_INTERVAL", "25s")
	before := time.Now().UnixMilli()
	c := w.Connect(t, "anna", fields{"role": "surgeon", "name": "Dr Anna"})
	got := c.Connected
	want := fields{"userId": "anna", "name": "Dr Anna", "role": "surgeon", "heartbeatInterval": 25000.0, "resumed": false, "protocol": 1.0}
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s is %v, want %v", key, got[key], value)
		}
	}
	if !strings.HasPrefix(got.Text("sessionId"), "s_") || len(got.Text("resumeKey")) < 40 || len(got) != len(want)+4 {
		t.Errorf("CONNECTED %v", got)
	}
	if at := got.Int("serverTime"); at < before || at > time.Now().UnixMilli() {
		t.Errorf("serverTime %d", at)
	}
	header := w.ConnectWith(t, testkit.Options{Header: map[string][]string{"Authorization": {"Bearer " + w.Token("bruno")}}})
	if header.Connected.Text("userId") != "bruno" {
		t.Errorf("by a header: %v", header.Connected)
	}
	if rows := w.audited(t, 2, audit.UserConnected); rows[0].Actor != "anna" || rows[0].Role != "surgeon" || rows[0].Address != "127.0.0.1" {
		t.Errorf("audited %+v", rows[0])
	}
}

func TestRefusedClientIsToldTheReasonAndAudited(t *testing.T) { // A2, A3, A4
	t.Parallel()
	w := start(t)
	tests := map[string]testkit.Options{
		"missing_token":   {},
		"malformed_token": {Token: "no.token"},
		"expired":         {Token: w.Token("anna", fields{"exp": in(-time.Second)})},
		"not_yet_valid":   {Token: w.Token("anna", fields{"nbf": in(2 * time.Minute)})},
		"bad_signature":   {Token: w.Token("anna") + "AAAA"},
	}
	tests["bad_signature"] = testkit.Options{Token: forged(w.Token("anna"))}
	for reason, o := range tests {
		t.Run(reason, func(t *testing.T) {
			refused := w.Refused(t, o)
			data, _ := refused["data"].(fields)
			if refused.Text("message") != "UNAUTHORIZED" || data.Text("code") != "UNAUTHORIZED" || data.Text("reason") != reason {
				t.Errorf("got %v", refused)
			}
		})
	}
	t.Run("a token that is no text", func(t *testing.T) {
		if data, _ := w.Refused(t, testkit.Options{Auth: fields{"token": 7}})["data"].(fields); data.Text("reason") != "malformed_token" {
			t.Errorf("got %v", data)
		}
	})
	for _, e := range w.audited(t, len(tests)+1, audit.ConnectionRejected) {
		if e.Outcome != audit.Denied || e.Reason == "" {
			t.Errorf("audited %+v", e)
		}
	}
	if n := w.sessions(t); n != 0 {
		t.Errorf("%d sessions of refused clients", n)
	}
}

// forged returns a token with another signature of the right form.
func forged(token string) string {
	last := token[len(token)-20:]
	return token[:len(token)-20] + strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return 'A'
	}, last[:19]) + last[19:]
}

// sessions returns the gauge of live sessions.
func (w *ward) sessions(t *testing.T) int {
	t.Helper()
	_, _, body := w.HTTP(t, "GET", "/metrics", "", nil)
	n := -1
	for line := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(line, "sessions "); ok {
			if _, err := fmt.Sscan(rest, &n); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
	}
	return n
}

func TestUserHasSoManySessionsAndNoMore(t *testing.T) { // C8
	t.Parallel()
	w := start(t, "MAX_SESSIONS_PER_USER", "2")
	first := w.Connect(t, "anna")
	w.Connect(t, "anna")
	over := w.Dial(t, testkit.Options{Token: w.Token("anna")})
	if e := over.Next("ERROR"); e.Text("code") != "RATE_LIMITED" || e.Int("retryAfterMs") <= 0 {
		t.Errorf("got %v", e)
	}
	if how := over.Ended(); how != "disconnect" {
		t.Errorf("ended by %q", how)
	}
	w.Connect(t, "anna", fields{"tenant": "elsewhere"}) // tenants never meet
	first.Disconnect()
	w.audited(t, 1, audit.UserDisconnected)
	w.Connect(t, "anna")
}

func TestMessagesAreLimitedAndHeartbeatsAreNot(t *testing.T) { // C5, C8
	t.Parallel()
	w := start(t, "MAX_MESSAGES_PER_SECOND", "10")
	c := w.Connect(t, "anna")
	for range 100 {
		c.Emit("HEARTBEAT", fields{})
	}
	if beat := c.OK("HEARTBEAT", fields{}); beat.Int("serverTime") <= 0 {
		t.Errorf("got %v", beat)
	}
	if ack := c.Next("HEARTBEAT_ACK"); ack.Int("serverTime") <= 0 || len(ack) != 1 {
		t.Errorf("got %v", ack)
	}
	answers := make([]func() fields, 0, 40)
	for range 40 {
		answers = append(answers, c.Ask("LEAVE_RESOURCE", fields{"resourceId": "page:/1"}))
	}
	for _, answer := range answers[:15] { // within the burst
		if e, _ := answer()["error"].(fields); e.Text("code") != "NOT_JOINED" || e.Text("event") != "LEAVE_RESOURCE" {
			t.Fatalf("got %v", e)
		}
	}
	if e := c.Next("ERROR"); e.Text("code") != "RATE_LIMITED" || e.Text("event") != "LEAVE_RESOURCE" || e.Int("retryAfterMs") <= 0 {
		t.Errorf("got %v", e)
	}
	if how := c.Ended(); how != "disconnect" {
		t.Errorf("ended by %q", how)
	}
}

func TestUnknownEventsAreAnsweredAndHarmless(t *testing.T) { // SPEC 3
	t.Parallel()
	w := start(t)
	c := w.Connect(t, "anna")
	if e := c.Refusal("MAKE_COFFEE", fields{}); e.Text("code") != "UNKNOWN_EVENT" || e.Text("event") != "MAKE_COFFEE" {
		t.Errorf("got %v", e)
	}
	c.Emit("MAKE_COFFEE", fields{})
	if e := c.Next("ERROR"); e.Text("code") != "UNKNOWN_EVENT" {
		t.Errorf("got %v", e)
	}
	for _, name := range []string{"JOIN_RESOURCE", "LEAVE_RESOURCE", "Y_UPDATE", "RESOURCE_UPDATE", "SEED", "Y_SYNC", "AWARENESS", "LOCK_ACQUIRE", "LOCK_EXTEND", "LOCK_RELEASE", "TOKEN_REFRESH"} {
		if e, _ := c.Ask(name, "no object")()["error"].(fields); e.Text("code") != "BAD_REQUEST" {
			t.Errorf("%s: %v, want BAD_REQUEST", name, e)
		}
	}
	c.OK("HEARTBEAT", fields{})
}

func TestSilentSessionIsCleanedUp(t *testing.T) { // C5, R3, L5
	t.Parallel()
	w := start(t, "ACTIVITY_TTL", "1s")
	const resource = "page:/1"
	silent := w.editor(t, "anna", resource)
	silent.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	awake := w.editor(t, "bruno", resource)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
				awake.Emit("HEARTBEAT", fields{})
			}
		}
	}()
	if e := awake.Next("LOCK_RELEASED"); e.Text("reason") != "session_timeout" {
		t.Errorf("got %v", e)
	}
	if e := awake.Next("USER_LEFT"); e.Text("userId") != "anna" || e.Text("reason") != "session_timeout" {
		t.Errorf("got %v", e)
	}
	if how := silent.Ended(); how != "disconnect" {
		t.Errorf("ended by %q", how)
	}
	if rows := w.audited(t, 1, audit.SessionExpired); rows[0].Actor != "anna" || string(rows[0].Session) != silent.Session() {
		t.Errorf("audited %+v", rows[0])
	}
	if rows := w.audited(t, 1, audit.UserDisconnected); rows[0].Reason != "session_timeout" {
		t.Errorf("audited %+v", rows[0])
	}
}

func TestDrainTellsEverybodyAndLetsNobodyIn(t *testing.T) { // C6
	t.Parallel()
	w := start(t)
	clients := make([]*testkit.Client, 6)
	for i := range clients {
		clients[i] = w.editor(t, fmt.Sprintf("user%d", i), "page:/1")
	}
	stopped := make(chan struct{})
	go func() { defer close(stopped); w.stop(t) }()
	for _, c := range clients {
		if e := c.Next("SERVER_DRAINING"); e.Int("retryAfterMs") < 0 || e.Int("retryAfterMs") > 10_000 || len(e) != 1 {
			t.Errorf("told %v", e)
		}
	}
	if refused := w.Refused(t, testkit.Options{Token: w.Token("late")}); refused.Text("message") != "DRAINING" {
		t.Errorf("a client that comes late: %v", refused)
	}
	if status, _, _ := w.HTTP(t, "GET", "/health/ready", "", nil); status != 503 {
		t.Errorf("ready: %d, want 503", status)
	}
	for _, c := range clients {
		if how := c.Ended(); how != "1012" {
			t.Errorf("ended by %q, want close code 1012", how)
		}
	}
	<-stopped
}
