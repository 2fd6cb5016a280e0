//go:build integration

package chaos

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/chaos/check"
	"corsia/tests/testkit"
)

// dialect is how a database writes what differs: a list as JSON, a time in microseconds, when a row was committed.
type dialect struct {
	list, time func(column string) string
	committed  string
	events     string // of the audit trail, in order
}

var (
	sqlite = dialect{
		list: func(column string) string { return column }, time: func(column string) string { return column }, committed: "0",
		events: testkit.AuditEvents + " ORDER BY event_id",
	}
	// postgres needs track_commit_timestamp.
	postgres = dialect{
		list: func(column string) string { return "array_to_json(" + column + ")::text AS " + column },
		time: func(column string) string {
			return "(extract(epoch FROM " + column + ") * 1000000)::bigint AS " + column
		},
		committed: "(extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint",
		events:    "audit_recorded ORDER BY position",
	}
)

// reader turns rows into what is judged.
type reader struct {
	t       testing.TB
	history *check.History
	store   *testkit.Store
	dialect dialect
}

func (r reader) read() check.Final {
	r.t.Helper()
	f := check.Final{Journal: r.journal(), Grants: r.grants()}
	f.Replicas = r.states(f.Journal)
	type key struct {
		room, field string
		fence       int64
	}
	opened, ended := map[key]time.Duration{}, map[key]time.Duration{}
	for _, row := range r.store.Query("SELECT event_id, type, session_id, resource_id, body, " + r.dialect.committed + " AS committed FROM " + r.dialect.events) {
		e := check.Event{ID: row["event_id"].(string), Type: row["type"].(string), Session: row["session_id"].(string), Room: row["resource_id"].(string)}
		if err := json.Unmarshal(row["body"].([]byte), &e); err != nil {
			r.t.Fatalf("the body of an audit event: %v", err)
		}
		f.Audit = append(f.Audit, e)
		k := key{e.Room, strings.Join(e.Fields, ","), e.Fence}
		switch e.Type {
		case "LOCK_ACQUIRED":
			opened[k] = r.at(row["committed"])
		case "LOCK_RELEASED", "LOCK_EXPIRED":
			ended[k] = r.at(row["committed"])
		}
	}
	for i := range f.Grants {
		g := &f.Grants[i]
		k := key{g.Room, g.Field, g.Fence}
		g.Opened, g.Ended = opened[k], ended[k]
	}
	return f
}

func (r reader) journal() map[string][]check.Row {
	r.t.Helper()
	journal := map[string][]check.Row{}
	for _, row := range r.store.Query(`SELECT resource_id, revision, "update", session_id, ` + r.dialect.list("fields") + ", " + r.dialect.committed +
		" AS committed FROM yjs_updates ORDER BY resource_id, revision") {
		room := row["resource_id"].(string)
		var fields []string
		if err := json.Unmarshal([]byte(row["fields"].(string)), &fields); err != nil {
			r.t.Fatalf("the fields of a row: %v", err)
		}
		journal[room] = append(journal[room], check.Row{Revision: row["revision"].(int64), Update: row["update"].([]byte),
			Session: row["session_id"].(string), Fields: fields, Committed: r.at(row["committed"])})
	}
	return journal
}

// states returns each room as an instance would open it: its compacted state, then the later rows.
func (r reader) states(journal map[string][]check.Row) (replicas []check.Replica) {
	r.t.Helper()
	for _, row := range r.store.Query("SELECT resource_id, state, revision FROM yjs_states") {
		room, revision := row["resource_id"].(string), row["revision"].(int64)
		updates := [][]byte{row["state"].([]byte)}
		for _, later := range journal[room] {
			if later.Revision > revision {
				updates = append(updates, later.Update)
			}
		}
		state, err := ydoc.Merge(updates)
		if err != nil {
			r.t.Fatalf("the state of %s: %v", room, err)
		}
		replicas = append(replicas, check.Replica{Whose: "who opens the store", Room: room, State: state})
	}
	return replicas
}

func (r reader) grants() (grants []check.Grant) {
	r.t.Helper()
	for _, row := range r.store.Query("SELECT lock_id, resource_id, field, fence, user_id, session_id, " + r.dialect.time("acquired_at") + ", " +
		r.dialect.time("closed_at") + ", closed_reason FROM locks") {
		g := check.Grant{Lock: row["lock_id"].(string), Room: row["resource_id"].(string), Field: row["field"].(string), Fence: row["fence"].(int64),
			User: row["user_id"].(string), Session: row["session_id"].(string), Asked: r.at(row["acquired_at"]), Closed: check.Never}
		if row["closed_at"] != nil {
			g.Closed, g.Reason = r.at(row["closed_at"]), row["closed_reason"].(string)
		}
		grants = append(grants, g)
	}
	return grants
}

// at returns a time of the database on the run's clock, 0 for none.
func (r reader) at(v any) time.Duration {
	micros, ok := v.(int64)
	if !ok || micros == 0 {
		return 0
	}
	return r.history.At(time.UnixMicro(micros))
}
