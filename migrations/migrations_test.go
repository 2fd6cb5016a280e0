package migrations

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	_ "modernc.org/sqlite"
)

func openSQLite(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "corsia.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// columns returns "table.column" of all tables of a database, but for the migrations' own.
func columns(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		found = append(found, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

const sqliteColumns = `SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
	WHERE t.type = 'table' AND t.name NOT LIKE 'goose%' AND t.name NOT LIKE 'sqlite%'`

func TestSQLiteMigratesOnce(t *testing.T) {
	db := openSQLite(t)
	for range 2 {
		if err := SQLite(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	found := columns(t, db, sqliteColumns)
	for _, want := range []string{"yjs_heads.guard", "yjs_states.epoch", "audit_log.chain", "revocations.until"} { // D2b, D3, T2, A5
		if !slices.Contains(found, want) {
			t.Errorf("no column %s", want)
		}
	}
}

func TestTheJournalAndTheAuditLogAreAppendOnly(t *testing.T) {
	db := openSQLite(t)
	if err := SQLite(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO yjs_updates VALUES (1, 'default', 'a', 2, x'00', 'usr_001', 's_1', '[]', '[]', 0)`,
		`INSERT INTO audit_log (shard, seq, event_id, tenant, recorded_at, type, outcome, actor, role, session_id, instance, address,
			resource_id, reason, body, leaf, chain) VALUES (0, 1, 'e', '', 0, '', '', '', '', '', '', '', '', '', x'', x'', x'')`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, statement := range []string{"UPDATE yjs_updates SET revision = 3", "UPDATE audit_log SET actor = 'x'"} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%s: was done", statement)
		}
	}
}
