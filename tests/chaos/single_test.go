//go:build integration

package chaos

import (
	"encoding/json"
	"syscall"
	"testing"
	"time"

	"corsia/tests/chaos/check"
	"corsia/tests/testkit"
)

// single is one gateway on its embedded drivers.
type single struct{ *testkit.Gateway }

var singleKinds = []FaultKind{KillInstance, StopInstance, FreezeInstance}

func (s single) URLs() []string { return []string{s.URL} }

func (s single) Inject(t testing.TB, f Fault) (heal func()) {
	t.Helper()
	switch f.Kind {
	case KillInstance:
		s.Kill9()
		return func() { s.Restart(t) }
	case StopInstance:
		s.Stop(t)
		return func() { s.Restart(t) }
	case FreezeInstance:
		s.Signal(t, syscall.SIGSTOP)
		return func() { s.Signal(t, syscall.SIGCONT) }
	}
	t.Fatalf("a single gateway has no %s", f.Kind)
	return nil
}

func (s single) Keys(testing.TB) []string { return nil } // they are in the process

func (s single) Read(t testing.TB, h *check.History) check.Final {
	t.Helper()
	store := s.Store(t)
	f := check.Final{Journal: map[string][]check.Row{}}
	at := func(v any) time.Duration { return h.At(time.UnixMicro(v.(int64))) }
	for _, r := range store.Query(`SELECT resource_id, revision, "update", session_id, fields FROM yjs_updates ORDER BY resource_id, revision`) {
		room := r["resource_id"].(string)
		f.Journal[room] = append(f.Journal[room], check.Row{Revision: r["revision"].(int64), Update: r["update"].([]byte),
			Session: r["session_id"].(string), Fields: list(t, r["fields"])})
	}
	for _, r := range store.Query("SELECT lock_id, resource_id, field, fence, user_id, session_id, acquired_at, closed_at, closed_reason FROM locks") {
		g := check.Grant{Lock: r["lock_id"].(string), Room: r["resource_id"].(string), Field: r["field"].(string), Fence: r["fence"].(int64),
			User: r["user_id"].(string), Session: r["session_id"].(string), Asked: at(r["acquired_at"]), Closed: check.Never}
		if r["closed_at"] != nil {
			g.Closed, g.Reason = at(r["closed_at"]), r["closed_reason"].(string)
		}
		f.Grants = append(f.Grants, g)
	}
	for _, r := range store.Query("SELECT event_id, type, session_id, resource_id, body FROM audit_pending ORDER BY position") {
		f.Audit = append(f.Audit, event(t, r["event_id"].(string), r["type"].(string), r["session_id"].(string), r["resource_id"].(string), r["body"].([]byte)))
	}
	return f
}

func event(t testing.TB, id, kind, session, room string, body []byte) check.Event {
	t.Helper()
	e := check.Event{ID: id, Type: kind, Session: session, Room: room}
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("the body of an audit event: %v", err)
	}
	return e
}

func list(t testing.TB, v any) (all []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(v.(string)), &all); err != nil {
		t.Fatalf("a list in the store: %v", err)
	}
	return all
}

const (
	embeddedTime = 12 * time.Second
	trialTime    = 8 * time.Second // of a broken gateway
)

func TestAnEmbeddedGatewayKeepsItsPromisesThroughKillsAndFreezes(t *testing.T) {
	embedded(t, seed(t), singleKinds, embeddedTime)
}

func embedded(t *testing.T, seed uint64, kinds []FaultKind, length time.Duration) {
	t.Helper()
	g := testkit.Start(t, "ADDR="+testkit.Port(t), "LOCK_TTL=3s", "COMPACT_AFTER=500ms", "MAX_SESSIONS_PER_USER=100", "RESUME_GRACE=1s")
	g.ExpectError("session: connect") // while it stops
	plan := NewPlan(seed, Setting{Instances: 1, Kinds: kinds, Length: length})
	judge(t, plan, single{g}, length, func(user string) string { return g.Token(user) })
}
