//go:build integration

package recovery

import (
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"

	"corsia/shared/collab"
	"corsia/tests/testkit"
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
		exec(fmt.Sprintf("UPDATE yjs_heads SET epoch = epoch + 1, next_client = next_client + %d", collab.ClientsPerEpoch))
		exec("UPDATE yjs_states SET epoch = epoch + 1")
		exec("INSERT INTO audit_epochs (epoch, opened_at) SELECT max(epoch) + 1, now() - interval '5 seconds' FROM audit_epochs")
		exec("UPDATE locks SET closed_at = now() WHERE closed_at IS NULL")
		exec("SELECT setval(pg_get_serial_sequence('audit_pending', 'position'), (SELECT coalesce(max(position), 0) + 1000000 FROM audit_pending))")
		exec("DROP SCHEMA kept CASCADE")
	})
}

// step is a step of the runbook.
func (d *database) step(n int) string {
	d.t.Helper()
	runbook, err := os.ReadFile("../../docs/runbooks/recovery-window.md")
	if err != nil {
		d.t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(runbook), fmt.Sprintf("\n## %d. ", n))
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// follow carries out what a step of the runbook does in the database, and returns the rows of each statement, as text.
func (d *database) follow(step int) (answers [][][]string) {
	d.t.Helper()
	for _, statement := range regexp.MustCompile(`-c "([^"]+)"`).FindAllStringSubmatch(d.step(step), -1) {
		answers = append(answers, d.rows(statement[1]))
	}
	if len(answers) == 0 {
		d.t.Fatalf("the runbook has no statement in step %d", step)
	}
	return answers
}

// carryOut carries out the commands of a step of the runbook, and returns what they print.
func (d *database) carryOut(step int) (printed string) {
	d.t.Helper()
	commands := regexp.MustCompile(`(?m)^corsia (recovery .+)$`).FindAllStringSubmatch(d.step(step), -1)
	if len(commands) == 0 {
		d.t.Fatalf("the runbook has no command in step %d", step)
	}
	for _, command := range commands {
		var args []string
		for _, word := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(command[1], -1) {
			args = append(args, strings.ReplaceAll(strings.Trim(word, `"`), "$STORE_URL", d.url))
		}
		out, errs, status := testkit.Run(d.t, d.t.TempDir(), nil, args...)
		if status != 0 {
			d.t.Fatalf("corsia %v: status %d\n%s%s", args, status, out, errs)
		}
		printed += out
	}
	return printed
}

func (d *database) rows(statement string) (found [][]string) {
	d.t.Helper()
	rows, err := d.sql.QueryContext(d.t.Context(), statement)
	if err != nil {
		d.t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		d.t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			d.t.Fatal(err)
		}
		var text []string
		for _, value := range row {
			text = append(text, value.String)
		}
		found = append(found, text)
	}
	if err := rows.Err(); err != nil {
		d.t.Fatalf("%s: %v", statement, err)
	}
	return found
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
