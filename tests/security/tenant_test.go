//go:build integration

package security

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

const (
	secret   = "a text of the north alone"
	resource = "page:/tenants/1"
)

// north is a hospital at work: what one of its people has, that nobody of another may touch or see.
type north struct {
	*testkit.Client
	lock, session, key, token string
	before                    fields
}

func startNorth(t *testing.T, g *testkit.Gateway) *north {
	t.Helper()
	token := g.Token("usr_north", fields{"tenant": "north"})
	n := &north{Client: g.ConnectWith(t, testkit.Options{Token: token}), token: token}
	n.session, n.key = n.Session(), n.Connected.Text("resumeKey")
	n.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	n.OK("SEED", fields{"resourceId": resource, "values": fields{"notes": secret}})
	n.lock = n.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes", "ttl": 120}).Text("lockId")
	n.before = n.OK("Y_SYNC", fields{"resourceId": resource})
	n.Take("LOCK_STATUS_CHANGED")
	n.Take("Y_UPDATE") // what the server has written of the seed
	return n
}

// attempts are what a client of another tenant, with every permission there, makes of the north's ids, event by event.
func (n *north) attempts(t *testing.T) map[string]fields {
	t.Helper()
	doc := ydoc.New()
	update, err := doc.Transact(4711, func(e *ydoc.Edit) { e.InsertText("notes", 0, "of the south") })
	if err != nil {
		t.Fatal(err)
	}
	on := func(more fields) fields {
		more["resourceId"] = resource
		return more
	}
	return map[string]fields{
		"HEARTBEAT":             {"sessionId": n.session},
		"JOIN_RESOURCE":         on(fields{"mode": "editor", "tenant": "north"}),
		"Y_UPDATE":              on(fields{"update": update, "tenant": "north"}),
		"RESOURCE_UPDATE":       on(fields{"update": update}),
		"Y_SYNC":                on(fields{}),
		"SEED":                  on(fields{"values": fields{"notes": "of the south"}}),
		"AWARENESS":             on(fields{"state": fields{"field": "notes", "sessionId": n.session, "userId": "usr_north"}}),
		"LOCK_ACQUIRE":          on(fields{"field": "notes", "takeOver": true}),
		"LOCK_EXTEND":           {"lockId": n.lock},
		"LOCK_RELEASE":          {"lockId": n.lock, "to": n.session},
		"LOCK_REQUEST":          on(fields{"field": "notes", "message": "please"}),
		"LOCK_REQUEST_DECLINED": on(fields{"field": "notes", "sessionId": n.session}),
		"LOCK_BREAK":            on(fields{"field": "notes", "reason": "an emergency of the south", "code": "BTG"}),
		"LEAVE_RESOURCE":        on(fields{"sessionId": n.session}),
		"TOKEN_REFRESH":         {"token": n.token},
	}
}

// order is how the attempts come: those that need a room before it is left, and the renewal, which ends the session, last.
var order = []string{"HEARTBEAT", "LOCK_EXTEND", "LOCK_RELEASE", "LOCK_REQUEST", "LOCK_REQUEST_DECLINED", "Y_SYNC", "JOIN_RESOURCE", "Y_UPDATE",
	"RESOURCE_UPDATE", "Y_SYNC", "SEED", "AWARENESS", "LOCK_ACQUIRE", "LOCK_BREAK", "LOCK_REQUEST", "LEAVE_RESOURCE", "TOKEN_REFRESH"}

func TestNoEventReachesTheIdsOfAnotherTenant(t *testing.T) { // SPEC 2, A6, ASVS 4.2.1
	t.Parallel()
	g := testkit.Shared(t)
	n := startNorth(t, g)
	attempts := n.attempts(t)
	for _, event := range documented(t) {
		if attempts[event] == nil || !slices.Contains(order, event) {
			t.Errorf("%s is in docs/protocol.md and is not tried", event)
		}
	}
	south := g.Connect(t, "usr_south", fields{"tenant": "south", "name": "S", "permissions": []any{
		fields{"resource": "*", "mode": "editor"}, "admin", "break_glass"}})
	for _, event := range order {
		answer := south.Call(event, attempts[event])
		if text := visible(t, answer); strings.Contains(text, secret) || strings.Contains(text, "usr_north") || strings.Contains(text, n.session) {
			t.Errorf("%s shows what is the north's: %s", event, text)
		}
		switch event {
		case "LOCK_EXTEND", "LOCK_RELEASE", "TOKEN_REFRESH":
			if answer["ok"] != false {
				t.Errorf("%s: %v", event, answer)
			}
		}
	}
	n.untouched(t)
	for path, body := range map[string]any{"/api/revocations": fields{"sessionId": n.session}, "/api/recovery": fields{"minutes": 5, "reason": "an attempt of the south"}} {
		g.HTTP(t, "POST", path, g.Token("usr_south", fields{"tenant": "south", "permissions": []any{"admin"}}), body)
	}
	g.HTTP(t, "POST", "/api/revocations", g.Token("usr_south", fields{"tenant": "south", "permissions": []any{"admin"}}), fields{"userId": "usr_north"})
	time.Sleep(6 * time.Second) // a revocation takes effect within five (A5)
	n.None("UNAUTHORIZED")
	n.untouched(t)
}

func TestASessionIsResumedByItsOwnUserOfItsOwnTenantAlone(t *testing.T) { // C11, ASVS 3.2, 4.2.1
	t.Parallel()
	g := testkit.Start(t, "RESUME_GRACE=20s")
	n := startNorth(t, g)
	n.Drop()
	for name, claims := range map[string]fields{"usr_south": {"tenant": "north"}, "usr_north": {"tenant": "south"}} {
		c := g.ConnectWith(t, testkit.Options{Token: g.Token(name, claims), Auth: fields{"sessionId": n.session, "resumeKey": n.key}})
		if c.Connected["resumed"] != false || c.Session() == n.session {
			t.Errorf("%s of %v resumed it: %v", name, claims["tenant"], c.Connected)
		}
	}
	wrong := g.ConnectWith(t, testkit.Options{Token: n.token, Auth: fields{"sessionId": n.session, "resumeKey": n.key + "x"}})
	if wrong.Connected["resumed"] != false {
		t.Error("a key that is none resumed it")
	}
	back := g.ConnectWith(t, testkit.Options{Token: n.token, Auth: fields{"sessionId": n.session, "resumeKey": n.key}})
	if back.Connected["resumed"] != true || back.Session() != n.session {
		t.Errorf("its own user: %v", back.Connected)
	}
}

// untouched fails unless the north's document, lock and session are as they were, and it heard of nobody.
func (n *north) untouched(t *testing.T) {
	t.Helper()
	after := n.OK("Y_SYNC", fields{"resourceId": resource})
	if after.Int("revision") != n.before.Int("revision") || !bytes.Equal(after.Bytes("update"), n.before.Bytes("update")) {
		t.Errorf("the north's document is another: revision %d, was %d", after.Int("revision"), n.before.Int("revision"))
	}
	n.OK("LOCK_EXTEND", fields{"lockId": n.lock})
	n.None("USER_JOINED", "USER_LEFT", "Y_UPDATE", "AWARENESS", "LOCK_STATUS_CHANGED", "LOCK_RELEASED", "LOCK_REQUESTED", "LOCK_REQUEST_DECLINED",
		"LOCK_LOST", "PERMISSION_DENIED", "RESOURCE_UPDATED")
}

func visible(t *testing.T, answer fields) string {
	t.Helper()
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + string(answer.Bytes("update")) + string(answer.Bytes("state"))
}

var inCode = regexp.MustCompile("`([A-Z_]+)`")

// documented returns the events that a client may send, by docs/protocol.md.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n### What a client sends\n")
	table, _, ends := strings.Cut(table, "\n### ")
	if !found || !ends {
		t.Fatal("docs/protocol.md has no table of what a client sends")
	}
	var events []string
	for _, line := range strings.Split(table, "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 2 && strings.HasPrefix(line, "| `") {
			for _, m := range inCode.FindAllStringSubmatch(cells[1], -1) {
				events = append(events, m[1])
			}
		}
	}
	if len(events) < 10 {
		t.Fatalf("docs/protocol.md tells of %d events", len(events))
	}
	return events
}
