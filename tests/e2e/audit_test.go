//go:build integration

package e2e

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"corsia/tests/testkit"
)

// A day on a ward: every kind of event that this gateway audits happens, in a known number.
func TestEachActIsAuditedOnceInTheStoreAndInTheLog_T1_T2_T3_T6(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t)
	const resource = "page:/audit/ward"
	anna, bruno := pair(t, g, resource)
	viewer := g.Connect(t, "usr_viewer")
	viewer.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "viewer"})
	viewer.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	g.Refused(t, testkit.Options{Token: "bad"})
	lock := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	bruno.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	anna.OK("SEED", fields{"resourceId": resource, "values": fields{"notes": testkit.Marker}})
	// A text inserted into "notes" by client id 77: one struct, as yjs writes it.
	insertion := append([]byte{1, 1, 77, 0, 4, 1, 5}, "notes\x03abc\x00"...)
	if refused := bruno.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": insertion}); refused.Text("code") != "UPDATE_REJECTED" {
		t.Fatalf("got %v", refused)
	}
	anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
	anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "dose", "ttl": 1})
	anna.Next("LOCK_RELEASED") // released
	anna.Next("LOCK_RELEASED") // expired
	anna.OK("LEAVE_RESOURCE", fields{"resourceId": resource})
	admin := g.Token("usr_admin", fields{"permissions": []any{"admin"}})
	g.HTTP(t, "POST", "/api/revocations", admin, fields{"sessionId": viewer.Session()})
	viewer.Next("UNAUTHORIZED")
	viewer.Ended()
	if status, _ := g.Stop(t); status != 0 {
		t.Fatalf("status %d", status)
	}
	want := map[string]int{"USER_CONNECTED": 3, "USER_DISCONNECTED": 3, "CONNECTION_REJECTED": 1, "RESOURCE_JOINED": 3, "RESOURCE_LEFT": 3,
		"PERMISSION_DENIED": 1, "LOCK_ACQUIRED": 2, "LOCK_DENIED": 1, "LOCK_RELEASED": 1, "LOCK_EXPIRED": 1, "UPDATE_REJECTED": 1, "TOKEN_REVOKED": 1,
		"DOCUMENT_UPDATED": 1}
	store := g.Store(t)
	for _, row := range store.Query("SELECT type, count(*) AS n FROM " + testkit.AuditEvents + " GROUP BY type") {
		kind, n := row["type"].(string), int(row["n"].(int64))
		if want[kind] != n {
			t.Errorf("%d rows of %s, want %d", n, kind, want[kind])
		}
		delete(want, kind)
	}
	if len(want) > 0 {
		t.Errorf("there are no rows of %v", want)
	}
	var rows, lines []string
	for _, row := range store.Query("SELECT event_id, body, shard, outcome, actor FROM " + testkit.AuditEvents + " ORDER BY event_id") {
		rows = append(rows, row["event_id"].(string))
		judgeBody(t, row)
	}
	for _, line := range g.Log() {
		if line.Text("time") == "" || line.Text("level") == "" || line.Text("msg") == "" {
			t.Errorf("a line lacks time, level or msg: %v", line)
		}
		if line.Text("msg") == "audit" {
			lines = append(lines, line.Text("event_id"))
		}
	}
	slices.Sort(rows)
	slices.Sort(lines)
	if !slices.Equal(rows, lines) {
		t.Errorf("the store has %d events, the log %d, and they are not the same", len(rows), len(lines))
	}
}

// judgeBody looks at what will be hashed: canonical, complete, without text of fields or names.
func judgeBody(t *testing.T, row fields) {
	t.Helper()
	body := row["body"].([]byte)
	if strings.Contains(string(body), testkit.Marker) {
		t.Errorf("a body shows text or a name: %s", body)
	}
	var event fields
	if err := json.Unmarshal(body, &event); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(event) // keys in order, no spaces: what RFC 8785 asks for of such values
	if err != nil || string(again) != string(body) {
		t.Errorf("not canonical: %s", body)
	}
	for _, key := range []string{"event_id", "tenant", "recorded_at", "type", "outcome", "instance"} {
		if event.Text(key) == "" {
			t.Errorf("%s has no %s: %s", event.Text("type"), key, body)
		}
	}
	if shard := row["shard"].(int64); shard < 0 || shard > 63 {
		t.Errorf("shard %d", shard)
	}
}

// Two people type by turns, one of them is the only one who does later: each revision is in one event, of who wrote it, and
// what is changed in the journal afterwards is found.
func TestWhatIsTypedIsVouchedForByTheTrail_T2_T4(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t)
	const resource, turns = "page:/audit/typing", 20
	anna, bruno := pair(t, g, resource)
	for i := range turns {
		for client, person := range []*testkit.Client{anna, bruno} {
			person.OK("Y_UPDATE", fields{"resourceId": resource, "update": letter(byte(77+client), byte(i))})
		}
	}
	store := g.Store(t)
	for deadline := time.Now().Add(30 * time.Second); len(store.Audit("resource_id", resource, "DOCUMENT_UPDATED")) == 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("while the gateway runs nothing is recorded")
		}
	}
	if status, _ := g.Stop(t); status != 0 {
		t.Fatalf("status %d", status)
	}
	covered := map[string]int{}
	for _, row := range g.Store(t).Query("SELECT body FROM audit_log WHERE type = 'DOCUMENT_UPDATED'") {
		var event struct {
			Actor   string
			Fields  []string
			Details struct{ Rows string }
		}
		if err := json.Unmarshal(row["body"].([]byte), &event); err != nil {
			t.Fatal(err)
		}
		if n, err := strconv.Atoi(event.Details.Rows); err != nil || !slices.Equal(event.Fields, []string{"notes"}) {
			t.Errorf("%s, %v", row["body"], err)
		} else {
			covered[event.Actor] += n
		}
	}
	if covered["usr_anna"] != turns || covered["usr_bruno"] != turns || len(covered) != 2 {
		t.Errorf("covered are %v", covered)
	}
	verify := func(want int, text string, args ...string) {
		t.Helper()
		said, errors, status := testkit.Run(t, g.Dir, g.Env(), append([]string{"audit", "verify"}, args...)...)
		if status != want || !strings.Contains(said+errors, text) {
			t.Errorf("status %d, want %d: %s%s", status, want, said, errors)
		}
	}
	verify(0, "40 rows of journals are what they vouch for")
	g.Damage(t, "DROP TRIGGER yjs_updates_append_only")
	g.Damage(t, "UPDATE yjs_updates SET user_id = 'usr_666' WHERE revision = 7")
	verify(1, "revision 7 is by usr_666")
	verify(0, "the trail is intact", "-chains-alone")
}

// letter is an update that inserts a letter into "notes", by a client that has inserted as many before: one struct, as yjs
// writes it.
func letter(client, before byte) []byte {
	if before == 0 {
		return append([]byte{1, 1, client, 0, 4, 1, 5}, "notes\x01a\x00"...)
	}
	return append([]byte{1, 1, client, before, 0x84, client, before - 1}, "\x01a\x00"...)
}
