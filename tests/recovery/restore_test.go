//go:build integration

package recovery

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"

	"corsia/shared/collab"
	"corsia/shared/driver/postgres"
)

// database is the gateways' store, as a database administrator has it.
type database struct {
	t   *testing.T
	url string
	sql *sql.DB
}

func openDatabase(t *testing.T, url string) *database {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &database{t, url, db}
}

// in runs statements in one transaction that sees one state of the database.
func (d *database) in(run func(exec func(string))) {
	d.t.Helper()
	tx, err := d.sql.BeginTx(d.t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		d.t.Fatal(err)
	}
	defer tx.Rollback()
	run(func(statement string) {
		if _, err := tx.ExecContext(d.t.Context(), statement); err != nil {
			d.t.Fatalf("%s: %v", statement, err)
		}
	})
	if err := tx.Commit(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *database) tables() (names []string) {
	d.t.Helper()
	rows, err := d.sql.QueryContext(d.t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'")
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			d.t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// backUp keeps what all tables have at this moment.
func (d *database) backUp() {
	d.t.Helper()
	tables := d.tables()
	d.in(func(exec func(string)) {
		exec("CREATE SCHEMA kept")
		for _, table := range tables {
			exec(fmt.Sprintf("CREATE TABLE kept.%s AS SELECT * FROM public.%s", table, table))
		}
	})
}

// restore puts all tables back, and then does what a restore does: another epoch, client ids that nobody has had, no session
// and no lock that goes on (SPEC D8, O4).
func (d *database) restore() {
	d.t.Helper()
	tables := d.tables()
	d.in(func(exec func(string)) {
		for _, table := range tables {
			exec("DELETE FROM public." + table)
			exec(fmt.Sprintf("INSERT INTO public.%s OVERRIDING SYSTEM VALUE SELECT * FROM kept.%s", table, table))
		}
		exec(fmt.Sprintf("UPDATE yjs_heads SET epoch = epoch + 1, next_client = next_client + %d", collab.ClientsOfLife))
		exec("UPDATE yjs_states SET epoch = epoch + 1")
		exec("INSERT INTO audit_epochs (epoch, opened_at) SELECT max(epoch) + 1, now() FROM audit_epochs")
		exec("UPDATE locks SET closed_at = now() WHERE closed_at IS NULL")
		exec("SELECT setval(pg_get_serial_sequence('audit_pending', 'position'), (SELECT coalesce(max(position), 0) + 1000000 FROM audit_pending))")
		exec("DROP SCHEMA kept CASCADE")
	})
}

// store calls the gateways' store, as `corsia` does for who administers it.
func (d *database) store(call func(context.Context, *postgres.DB) error) {
	d.t.Helper()
	db, err := postgres.Open(d.t.Context(), d.url, postgres.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	if err := call(d.t.Context(), db); err != nil {
		d.t.Fatal(err)
	}
}

// openRecovery opens a recovery for every tenant, before any browser is let in.
func (d *database) openRecovery() {
	d.t.Helper()
	d.store(func(ctx context.Context, db *postgres.DB) error {
		epoch, err := db.DocumentEpoch(ctx)
		if err != nil {
			return err
		}
		if epoch != 1 {
			d.t.Fatalf("documents are in epoch %d after the first restore", epoch)
		}
		now := time.Now()
		return db.OpenRecovery(ctx, collab.Recovery{Tenant: collab.AllTenants, Epoch: epoch - 1, OpenedAt: now, Until: now.Add(time.Hour),
			By: "usr_dba", Reason: "the disk of the database failed"}, nil)
	})
}

func (d *database) closeRecovery() {
	d.t.Helper()
	d.store(func(ctx context.Context, db *postgres.DB) error {
		return db.CloseRecoveries(ctx, collab.AllTenants, time.Now(), nil)
	})
}

// words are what the people write: <who-n>.
func words(text string) map[string]bool {
	found := map[string]bool{}
	for word := range strings.SplitSeq(text, "<") {
		if at := strings.IndexByte(word, '>'); at >= 0 {
			found["<"+word[:at+1]] = true
		}
	}
	return found
}
