//go:build integration

package migrations

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// postgresBin returns the folder of PostgreSQL's programs: PG_BIN, or where Debian keeps version 15.
func postgresBin() string {
	if bin := os.Getenv("PG_BIN"); bin != "" {
		return bin
	}
	return "/usr/lib/postgresql/15/bin"
}

// asPostgres runs a program of PostgreSQL, which refuses to run as root: then the user postgres runs it.
func asPostgres(t *testing.T, dir, program string, args ...string) *exec.Cmd {
	t.Helper()
	program = filepath.Join(postgresBin(), program)
	if os.Getuid() == 0 {
		args = append([]string{"--reuid=postgres", "--regid=postgres", "--init-groups", program}, args...)
		program = "setpriv"
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	return cmd
}

// startPostgres starts a private server in a temporary folder, on a free port of the loopback interface, and stops it when
// the test ends.
func startPostgres(t *testing.T) (url string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "corsia-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if os.Getuid() == 0 {
		owner, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	if out, err := asPostgres(t, dir, "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	server := asPostgres(t, dir, "postgres", "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", dir, "-F")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(syscall.SIGINT) // fast shutdown
		server.Wait()
	})
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", port)
}

func openPostgres(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", startPostgres(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	deadline := time.Now().Add(30 * time.Second)
	for err = db.PingContext(t.Context()); err != nil; err = db.PingContext(t.Context()) {
		if time.Now().After(deadline) {
			t.Fatalf("the server does not answer: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
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
	want := slices.DeleteFunc(columns(t, embedded, sqliteColumns), func(name string) bool { // the journal's index
		return name == "yjs_updates.position" || strings.HasPrefix(name, "yjs_revisions.") || strings.HasPrefix(name, "yjs_indexed.")
	})
	if got := columns(t, db, postgresColumns); !slices.Equal(got, want) {
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
