package testkit

import (
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
	_ "modernc.org/sqlite"             // registers "sqlite"
)

// Store reads a gateway's SQLite file or PostgreSQL database, past the gateway. Queries have ? for their arguments.
type Store struct {
	t        testing.TB
	db       *sql.DB
	postgres bool
}

// AuditEvents are the events of the trail, chained or not yet, as a table of queries. Ids of one instance are in the order
// in which it made them.
const AuditEvents = "(SELECT " + auditColumns + " FROM audit_pending UNION ALL SELECT " + auditColumns + " FROM audit_log) AS events"

const auditColumns = "event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body"

// Store opens the store for reading until the test ends. Of a gateway that does not run it opens a copy, so that nothing
// of its recovery after a kill is done for it.
func (g *Gateway) Store(t testing.TB) *Store {
	t.Helper()
	if g.postgres != "" {
		db, err := sql.Open("pgx", g.postgres)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return &Store{t: t, db: db, postgres: true}
	}
	path := g.storePath()
	if !g.Running() {
		path = g.copyStore(t)
	}
	query := url.Values{"_pragma": {"busy_timeout(5000)", "query_only(1)"}}
	db, err := sql.Open("sqlite", "file:"+path+"?"+query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &Store{t: t, db: db}
}

// Close closes the store before the test ends.
func (s *Store) Close() { s.db.Close() }

func (g *Gateway) copyStore(t testing.TB) string {
	t.Helper()
	folder := t.TempDir()
	for _, suffix := range []string{"", "-wal"} { // the -shm file is made from these
		data, err := os.ReadFile(g.storePath() + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, "corsia.db"+suffix), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "corsia.db")
}

// Damage changes the store of a gateway that does not run, as no gateway would.
func (g *Gateway) Damage(t testing.TB, statement string, args ...any) {
	t.Helper()
	if g.Running() {
		t.Fatal("the gateway runs")
	}
	db, err := sql.Open("sqlite", "file:"+g.storePath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatalf("damage the store: %v", err)
	}
}

// dialect returns a query as the database writes it.
func (s *Store) dialect(query string) string {
	if !s.postgres {
		return query
	}
	parts := strings.Split(query, "?")
	for i := range parts[1:] {
		parts[i] += "$" + strconv.Itoa(i+1)
	}
	return strings.Join(parts, "")
}

// list returns how a query reads a column that is a list, as JSON.
func (s *Store) list(column string) string {
	if !s.postgres {
		return column
	}
	return "array_to_json(" + column + ")::text AS " + column
}

// Query returns the rows of a query: integers as int64, text as string, blobs as []byte.
func (s *Store) Query(query string, args ...any) []Fields {
	s.t.Helper()
	rows, err := s.db.Query(s.dialect(query), args...)
	if err != nil {
		s.t.Fatalf("query the store: %v", err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		s.t.Fatal(err)
	}
	var out []Fields
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			s.t.Fatal(err)
		}
		row := Fields{}
		for i, column := range columns {
			row[column] = values[i]
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatalf("query the store: %v", err)
	}
	return out
}

// Count returns the one number of a query.
func (s *Store) Count(query string, args ...any) int64 {
	s.t.Helper()
	var n int64
	if err := s.db.QueryRow(s.dialect(query), args...).Scan(&n); err != nil {
		s.t.Fatalf("query the store: %v", err)
	}
	return n
}

// Entry is a row of the journal.
type Entry struct {
	Revision int64
	Update   []byte
	User     string
	Session  string
	Clients  []int64
	Fields   []string
}

// Journal returns a resource's rows after a revision, in order. The tenant is the default one.
func (s *Store) Journal(resource string, after int64) []Entry {
	s.t.Helper()
	rows := s.Query(`SELECT revision, "update", user_id, session_id, `+s.list("client_ids")+`, `+s.list("fields")+` FROM yjs_updates
		WHERE tenant = 'default' AND resource_id = ? AND revision > ? ORDER BY revision`, resource, after)
	entries := make([]Entry, 0, len(rows))
	for _, r := range rows {
		e := Entry{Revision: r["revision"].(int64), Update: r["update"].([]byte), User: r["user_id"].(string), Session: r["session_id"].(string)}
		if err := errors.Join(json.Unmarshal([]byte(r["client_ids"].(string)), &e.Clients), json.Unmarshal([]byte(r["fields"].(string)), &e.Fields)); err != nil {
			s.t.Fatalf("a row of the journal: %v", err)
		}
		entries = append(entries, e)
	}
	return entries
}

// State returns a resource's compacted state and its revision, 0 when there is none.
func (s *Store) State(resource string) (state []byte, revision int64) {
	s.t.Helper()
	rows := s.Query(`SELECT state, revision FROM yjs_states WHERE tenant = 'default' AND resource_id = ?`, resource)
	if len(rows) == 0 {
		return nil, 0
	}
	return rows[0]["state"].([]byte), rows[0]["revision"].(int64)
}

// Audit is an event of the trail that is not sealed yet.
type Audit struct {
	Type, Outcome, Tenant, Actor, Session, Resource string

	Body Fields // what will be hashed
}

// Reason returns the event's reason.
func (a Audit) Reason() string {
	reason, _ := a.Body["reason"].(string)
	return reason
}

// Audit returns the events of one column's value, such as ("resource_id", "page:/1"), in the order of their insertion,
// of the given types, all when none is given.
func (s *Store) Audit(column, value string, types ...string) []Audit {
	s.t.Helper()
	switch column {
	case "resource_id", "session_id", "actor", "type", "tenant":
	default:
		s.t.Fatalf("the trail has no column %q to look by", column)
	}
	var out []Audit
	for _, r := range s.Query("SELECT type, outcome, tenant, actor, session_id, resource_id, body FROM "+AuditEvents+" WHERE "+column+" = ? ORDER BY event_id", value) {
		a := Audit{Type: r["type"].(string), Outcome: r["outcome"].(string), Tenant: r["tenant"].(string), Actor: r["actor"].(string),
			Session: r["session_id"].(string), Resource: r["resource_id"].(string)}
		if err := json.Unmarshal(r["body"].([]byte), &a.Body); err != nil {
			s.t.Fatalf("the body of an audit event: %v", err)
		}
		if len(types) == 0 || slices.Contains(types, a.Type) {
			out = append(out, a)
		}
	}
	return out
}

// WaitAudit waits until there are n events of a kind, and fails when there are more.
func (s *Store) WaitAudit(n int, column, value string, types ...string) []Audit {
	s.t.Helper()
	var found []Audit
	deadline := time.Now().Add(answerTime)
	for len(found) < n && time.Now().Before(deadline) {
		if found = s.Audit(column, value, types...); len(found) < n {
			time.Sleep(20 * time.Millisecond)
		}
	}
	if len(found) != n {
		s.t.Fatalf("the trail has %d events %v of %s %s, want %d: %+v", len(found), types, column, value, n, found)
	}
	return found
}
