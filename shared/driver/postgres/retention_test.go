//go:build integration

package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest"
	"corsia/shared/driver/drivertest/pgtest"
)

// TestO7TheGatewaysRoleRemovesRowsByTheFunctionAlone runs the suite as a role that owns nothing, and tries to remove more.
func TestO7TheGatewaysRoleRemovesRowsByTheFunctionAlone(t *testing.T) {
	server := pgtest.Start(t)
	first := server.Database(t)
	owner(t, first, "CREATE ROLE gateway LOGIN", "CREATE ROLE nobody LOGIN")
	open := func(t *testing.T) (string, shown) {
		address := server.Database(t)
		if err := openTest(t, address, Options{}).Close(); err != nil {
			t.Fatal(err)
		}
		owner(t, address, "SELECT grant_application('gateway')")
		return address, openTest(t, with(t, address, url.User("gateway")), Options{})
	}
	drivertest.Retention(t, func(t *testing.T) (a, b drivertest.Trimming) {
		_, mine := open(t)
		return mine, mine
	})
	address, db := open(t)
	res := created(t, db.DB, "a")
	owner(t, address, fmt.Sprintf(`INSERT INTO yjs_updates SELECT '%[1]s', '%[2]s', n, '\x00', 'usr_001', 's_1', '{1}', '{content}', now() - interval '9 days' FROM generate_series(2, 4) n;
		UPDATE yjs_heads SET revision = 4; UPDATE yjs_states SET revision = 4;
		INSERT INTO yjs_states SELECT tenant, resource_id, '\x01', 4, now(), epoch FROM yjs_heads ON CONFLICT DO NOTHING;
		INSERT INTO audit_covers VALUES ('%[1]s', '%[2]s', 4) ON CONFLICT (tenant, resource_id) DO UPDATE SET revision = 4`, res.Tenant, res.ID))
	call := fmt.Sprintf("SELECT remove_journal('%s', '%s', 0, 2, 4, '\\x00', 'e')", res.Tenant, res.ID)
	body := fmt.Sprintf(`{"tenant":"%s","resource_id":"%s","type":"ADMIN_ACTION","revision_from":2,"revision_to":4,`+
		`"details":{"action":"journal_removed","cause":"retention","revisions":"2-4","rows":"3"}}`, res.Tenant, res.ID)
	record := func(body string) string {
		return fmt.Sprintf(`INSERT INTO audit_pending (event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body)
			VALUES ('e', 0, '%s', now(), 'ADMIN_ACTION', 'success', '', '%s', '', convert_to('%s', 'UTF8'))`, res.Tenant, res.ID, body)
	}
	for name, statement := range map[string]string{
		"not recorded":       call,
		"recorded otherwise": record(strings.Replace(body, "2-4", "2-3", 1)) + "; " + call,
		"of another cause":   record(strings.Replace(body, "retention", "erasure", 1)) + "; " + call,
	} {
		if _, err := db.pool.Exec(t.Context(), statement); sqlState(err) == "" || !strings.Contains(err.Error(), "is not recorded") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := db.pool.Exec(t.Context(), record(body)); err != nil { // before: it may be chained, and say nothing of this removal
		t.Fatal(err)
	}
	if _, err := db.pool.Exec(t.Context(), call); err == nil || !strings.Contains(err.Error(), "is not recorded") {
		t.Errorf("recorded in another transaction: %v", err)
	}
	for _, statement := range []string{"DELETE FROM yjs_updates", "DELETE FROM yjs_bases", "UPDATE yjs_bases SET revision = 1",
		"INSERT INTO yjs_bases SELECT tenant, resource_id, 4, '\\x00', now(), now() FROM yjs_heads", "INSERT INTO journal_looked VALUES (now())"} {
		if _, err := db.pool.Exec(t.Context(), statement); sqlState(err) != "42501" {
			t.Errorf("%s: %v, want no right to it", statement, err)
		}
	}
	owner(t, address, "GRANT USAGE ON SCHEMA public TO nobody")
	if db, err := pgxConnect(t, with(t, address, url.User("nobody"))); err != nil {
		t.Fatal(err)
	} else if _, err := db.Exec(t.Context(), call); sqlState(err) != "42501" {
		t.Errorf("a role that was given nothing: %v", err)
	}
	if rows, err := db.Entries(t.Context(), res, 0, -1); err != nil || len(rows) != 3 {
		t.Errorf("%d rows are left, want 3, %v", len(rows), err)
	}
}

func TestO7OneInstanceAtATimeLooksAtTheJournals(t *testing.T) {
	address := pgtest.Database(t)
	a, b := openTest(t, address, Options{}), openTest(t, address, Options{})
	for i, tt := range []struct {
		db    shown
		every time.Duration
		want  bool
	}{{a, time.Hour, true}, {b, time.Hour, false}, {a, time.Hour, false}, {b, 0, true}} {
		if taken, err := tt.db.TakeTurn(t.Context(), tt.every); err != nil || taken != tt.want {
			t.Errorf("%d: taken %v, %v", i, taken, err)
		}
	}
}

func pgxConnect(t *testing.T, address string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(t.Context(), address)
	if err == nil {
		t.Cleanup(func() { conn.Close(context.Background()) })
	}
	return conn, err
}

// TestO7ARemovalGivesWay holds a head as an erasure would: the removal does not wait for it, and has written nothing.
func TestO7ARemovalGivesWay(t *testing.T) {
	address := pgtest.Database(t)
	db := openTest(t, address, Options{})
	conn, err := pgxConnect(t, address)
	if err != nil {
		t.Fatal(err)
	}
	res := created(t, db.DB, "a")
	owner(t, address, fmt.Sprintf(`INSERT INTO yjs_updates VALUES ('%[1]s', '%[2]s', 2, '\x00', 'usr_001', 's_1', '{1}', '{content}', now() - interval '9 days');
		UPDATE yjs_heads SET revision = 2; DELETE FROM yjs_states; INSERT INTO yjs_states SELECT tenant, resource_id, '\x01', 2, now(), epoch FROM yjs_heads;
		INSERT INTO audit_covers VALUES ('%[1]s', '%[2]s', 2)`, res.Tenant, res.ID))
	body := fmt.Appendf(nil, `{"tenant":"%s","resource_id":"%s","type":"ADMIN_ACTION","revision_from":2,"revision_to":2,`+
		`"details":{"action":"journal_removed","cause":"retention","revisions":"2","rows":"1"}}`, res.Tenant, res.ID)
	removal := collab.JournalRemoval{Resource: res, From: 2, To: 2, Audit: collab.AuditRow{EventID: "e", Tenant: res.Tenant, Resource: res.ID, Type: "ADMIN_ACTION", Body: body}}
	if _, err := conn.Exec(t.Context(), "BEGIN; SELECT FROM yjs_heads FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if n, err := db.RemoveJournal(t.Context(), removal); n != 0 || !errors.Is(err, collab.ErrHeld) {
		t.Fatalf("%d rows were removed while somebody holds the head, %v", n, err)
	}
	if waited := time.Since(began); waited > 900*time.Millisecond {
		t.Errorf("it gave way after %v", waited)
	}
	if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if n, err := db.RemoveJournal(t.Context(), removal); n != 1 || err != nil {
		t.Fatalf("%d rows were removed, %v", n, err)
	}
}
