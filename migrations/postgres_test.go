//go:build integration

package migrations

import (
	"database/sql"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"corsia/shared/driver/drivertest/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func openPostgres(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

const postgresColumns = `SELECT table_name || '.' || column_name FROM information_schema.columns
	WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%'`

func TestPostgresMigratesOnceAndHasTheTablesOfSQLite(t *testing.T) {
	db := openPostgres(t)
	var instances sync.WaitGroup
	for range 3 { // that start at once
		instances.Go(func() {
			if err := Postgres(t.Context(), db); err != nil {
				t.Error(err)
			}
		})
	}
	instances.Wait()
	embedded := openSQLite(t)
	if err := SQLite(t.Context(), embedded); err != nil {
		t.Fatal(err)
	}
	// Each has its own index of the journal, and its own way to know how far the trail covers it.
	own := func(name string) bool {
		table, _, _ := strings.Cut(name, ".")
		return name == "yjs_updates.position" || slices.Contains([]string{"yjs_revisions", "yjs_indexed", "audit_covered", "audit_covers", "audit_looked", "journal_looked"}, table)
	}
	want := slices.DeleteFunc(columns(t, embedded, sqliteColumns), own)
	if got := slices.DeleteFunc(columns(t, db, postgresColumns), own); !slices.Equal(got, want) {
		t.Fatalf("columns\n%q\nwant those of SQLite\n%q", got, want)
	}
}

func TestTheJournalOfPostgresIsAppendOnly(t *testing.T) {
	db := openPostgres(t)
	if err := Postgres(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	_, err := db.ExecContext(t.Context(), `INSERT INTO yjs_updates VALUES ('default', 'a', 2, '\x00', 'usr_001', 's_1', '{1}', '{content}', now())`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE yjs_updates SET revision = 3"); err == nil || !strings.Contains(err.Error(), "append only") {
		t.Fatalf("updating the journal: %v, want a refusal", err)
	}
}
