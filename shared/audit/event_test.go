package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

func sum(b []byte) [32]byte { return sha256.Sum256(b) }

func TestT1TypesAreThoseOfTheSpecification(t *testing.T) {
	const want = "USER_CONNECTED CONNECTION_REJECTED USER_DISCONNECTED SESSION_EXPIRED RESOURCE_JOINED RESOURCE_LEFT " +
		"DOCUMENT_UPDATED UPDATE_REJECTED LOCK_ACQUIRED LOCK_DENIED LOCK_RELEASED LOCK_EXPIRED LOCK_BROKEN " +
		"PERMISSION_DENIED WEBHOOK_RECEIVED WEBHOOK_REJECTED TOKEN_REVOKED AUDIT_EXPORTED ADMIN_ACTION EPOCH_OPENED"
	names := make([]string, len(Types))
	for i, typ := range Types {
		names[i] = string(typ)
	}
	if got := strings.Join(names, " "); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// The shards of these are fixed for ever: the chains of a running installation depend on them.
func TestT2ShardIsStable(t *testing.T) {
	tests := []struct {
		tenant   collab.Tenant
		resource collab.ResourceID
		want     int
	}{
		{"default", "", 59}, {"default", "page:/patient/12345", 48}, {"st-mary", "page:/patient/12345", 12},
	}
	for _, tt := range tests {
		if got := Shard(tt.tenant, tt.resource); got != tt.want {
			t.Errorf("Shard(%q, %q) is %d, want %d", tt.tenant, tt.resource, got, tt.want)
		}
	}
}

func TestT2ShardsAreAllUsedAboutEvenly(t *testing.T) {
	var rows [Shards]int
	for i := range 64 * 200 {
		rows[Shard("default", collab.ResourceID("page:/patient/"+time.Unix(int64(i), 0).UTC().Format(time.RFC3339)))]++
	}
	for shard, n := range rows {
		if n < 120 || n > 300 {
			t.Errorf("shard %d has %d of about 200", shard, n)
		}
	}
}

func TestRecorderStampsAndBounds(t *testing.T) {
	var out bytes.Buffer
	r := NewRecorder("i_1", obs.TestLogger(t, &out))
	row := r.Row(Event{
		ID: "mine", Instance: "other", Tenant: "default", Type: LockBroken, Actor: "usr_001",
		Reason:  "a\x00b\xff" + strings.Repeat("è", 600),
		Details: map[string]string{"code": "E\x00"},
	})
	e, err := Parse(row.Body)
	if err != nil {
		t.Fatal(err)
	}
	if e.ID == "mine" || e.ID != row.EventID || len(e.ID) != 36 || e.ID[14] != '7' {
		t.Errorf("id %q in the body, %q in the row: want one new UUIDv7", e.ID, row.EventID)
	}
	if e.Instance != "i_1" || e.Outcome != Success || row.Shard != Shard("default", "") {
		t.Errorf("instance %q, outcome %q, shard %d", e.Instance, e.Outcome, row.Shard)
	}
	if !e.RecordedAt.Equal(row.RecordedAt) || time.Since(e.RecordedAt) > time.Minute || e.RecordedAt.Nanosecond()%1000 != 0 {
		t.Errorf("recorded at %v, row %v", e.RecordedAt, row.RecordedAt)
	}
	if len(e.Reason) > maxTextBytes || !strings.HasPrefix(e.Reason, "a\uFFFDb\uFFFDè") || e.Details["code"] != "E\uFFFD" {
		t.Errorf("reason %d bytes %q…, details %v", len(e.Reason), e.Reason[:12], e.Details)
	}
	if next := r.Row(Event{Type: LockBroken}); next.EventID <= row.EventID {
		t.Errorf("ids do not grow: %s after %s", next.EventID, row.EventID)
	}
}

func TestRecorderKeepsTheTimeAndOutcomeItIsGiven(t *testing.T) {
	at := time.Date(2031, 2, 3, 4, 5, 6, 7891, time.UTC)
	row := NewRecorder("i_1", obs.TestLogger(t, &bytes.Buffer{})).Row(Event{Type: LockDenied, Outcome: Denied, RecordedAt: at})
	if !row.RecordedAt.Equal(at.Truncate(time.Microsecond)) || row.Outcome != "denied" {
		t.Fatalf("row %+v", row)
	}
}

func TestT2EveryRowIsALogLineOfKnownKeys(t *testing.T) {
	var out bytes.Buffer
	r := NewRecorder("i_1", obs.TestLogger(t, &out))
	r.Log(context.Background(), sample.Row(), Event{Type: LockReleased, Reason: "taken_over"}.Row(), collab.AuditRow{EventID: "broken", Body: []byte("{")})

	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want 3: %s", len(lines), out.String())
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"msg": "audit", "event_id": sample.ID, "recorded_at": "2031-02-03T04:05:06.000007Z", "type": "LOCK_BROKEN",
		"outcome": "success", "tenant": "default", "actor": "usr_001", "role": "surgeon", "session": "s_1",
		"instance": "i_1", "address": "127.0.0.1", "resource": "page:/patient/12345", "fields": "id-dosage values/id-ward",
		"revision_from": 7.0, "revision_to": 9.0, "fence": 41.0,
		"details": `{"Code":"E2","code":"E1"}`,
	}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("%s is %v, want %v", key, line[key], value)
		}
	}
	if line["reason"] != nil { // what a person gave as the reason is for the trail alone (T6)
		t.Errorf("the log has the reason %v", line["reason"])
	}
	if !strings.Contains(lines[1], `"reason":"taken_over"`) {
		t.Errorf("a reason that is a code is not logged: %s", lines[1])
	}
	if !strings.Contains(lines[2], `"event_id":"broken"`) || !strings.Contains(lines[2], `"level":"ERROR"`) {
		t.Errorf("unreadable row: %s", lines[2])
	}
}
