//go:build integration

package backup

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/driver/drivertest/pgtest"
	"corsia/shared/driver/drivertest/servertest"
	"corsia/tests/testkit"
)

const bin = "/usr/lib/postgresql/15/bin/"

// asPostgres runs a program of PostgreSQL, which refuses to run as root.
func asPostgres(t *testing.T, dir, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), bin+program, args...)
	cmd.Dir, cmd.SysProcAttr = dir, servertest.EndWithUs(syscall.SIGQUIT)
	if os.Getuid() == 0 {
		uid, gid := owner(t)
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return cmd
}

func owner(t *testing.T) (uid, gid int) {
	t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return uid, gid
}

// room makes a folder that PostgreSQL may write.
func room(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "corsia-pitr-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if os.Getuid() == 0 {
		uid, gid := owner(t)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// recoverTo starts a server from a base backup and the archived write-ahead log, up to a moment, and returns the URL of a
// database of it.
func recoverTo(t *testing.T, base, wal string, moment time.Time, database string) string {
	t.Helper()
	conf := fmt.Sprintf("restore_command = 'cp %s/%%f %%p'\nrecovery_target_time = '%s'\nrecovery_target_action = 'promote'\narchive_mode = off\n",
		wal, moment.UTC().Format("2006-01-02 15:04:05.999999-07"))
	write(t, filepath.Join(base, "postgresql.auto.conf"), []byte(conf))
	write(t, filepath.Join(base, "recovery.signal"), nil)
	if os.Getuid() == 0 {
		uid, gid := owner(t)
		for _, name := range []string{"postgresql.auto.conf", "recovery.signal"} {
			if err := os.Chown(filepath.Join(base, name), uid, gid); err != nil {
				t.Fatal(err)
			}
		}
	}
	ports, err := servertest.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server := asPostgres(t, base, "postgres", "-D", base, "-h", "127.0.0.1", "-p", strconv.Itoa(ports[0]), "-k", base)
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT)
		_ = server.Wait()
	})
	address := fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s", pgtest.Superuser, ports[0], database)
	deadline := time.Now().Add(2 * time.Minute)
	for {
		var recovering bool
		conn, err := pgx.Connect(t.Context(), address)
		if err == nil {
			err = conn.QueryRow(t.Context(), "SELECT pg_is_in_recovery()").Scan(&recovering)
			_ = conn.Close(t.Context())
		}
		if err == nil && !recovering {
			return address
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not come up: %v\n%s", err, read(t, log.Name()))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// A mistake is made at a known moment; the database comes back as it was just before.
func TestAPointInTimeRecoveryIsExactAndMeasured_O4_P(t *testing.T) {
	wal, bases := room(t), room(t)
	s := pgtest.Start(t, "wal_level=replica", "archive_mode=on", "archive_command=cp %p "+wal+"/%f", "archive_timeout=60", "max_wal_senders=4")
	w := open(t, s.Database(t))
	day(t, w)
	w.must(t, "backup")
	base := filepath.Join(bases, "base")
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	if out, err := asPostgres(t, bases, "pg_basebackup", "-h", u.Hostname(), "-p", u.Port(), "-U", pgtest.Superuser, "-D", base, "-X", "none", "-c", "fast", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v: %s", err, out)
	}
	if _, errs, status := w.corsia(t, "restore", "-recovered", "-to", w.store); status != 3 || !strings.Contains(errs, "was not recovered") {
		t.Fatalf("production was taken for a recovered one: status %d: %s", status, errs)
	}

	w.Restart(t)
	p := w.join(t, "usr_anna", "page:/patient/1")
	var last int64
	for i := range 20 {
		last = p.write(t, "notes", fmt.Sprintf("kept %d ", i))
	}
	before := clock(t, w.store) // the moment to go back to
	for i := range 5 {
		p.write(t, "notes", fmt.Sprintf("mistake %d ", i))
	}
	w.Kill9()
	exec1(t, w.store, "TRUNCATE yjs_updates", "SELECT pg_switch_wal()") // archive_timeout does this within a minute
	lost := clock(t, w.store)
	testkit.Eventually(t, 2*time.Minute, "the last piece of the write-ahead log in its archive", func() bool {
		return number(t, w.store, "SELECT count(*) FROM pg_stat_archiver WHERE last_archived_wal >= (SELECT pg_walfile_name(pg_switch_wal())) OR last_archived_time > '"+lost.Format(time.RFC3339Nano)+"'") > 0
	})

	begin := time.Now()
	to := recoverTo(t, base, wal, before, strings.TrimPrefix(path(t, w.store), "/"))
	up := time.Since(begin)
	if n := number(t, to, "SELECT revision FROM yjs_heads WHERE resource_id = 'page:/patient/1'"); n != last {
		t.Fatalf("the document is at revision %d, want %d exactly", n, last)
	}
	if n := number(t, to, "SELECT max(revision) FROM yjs_updates WHERE resource_id = 'page:/patient/1'"); n != last {
		t.Fatalf("the journal ends at revision %d, want %d exactly", n, last)
	}
	out := w.must(t, "restore", "-recovered", "-to", to)
	if !strings.Contains(out, "verified: level 5") || !strings.Contains(out, "epoch 2 is open") {
		t.Fatalf("the recovered store:\n%s", out)
	}
	g := open(t, to, "ARCHIVE_URL=file:"+filepath.Join(w.Dir, "archive"), "AUDIT_KEY="+w.auditKey(t))
	q := g.join(t, "usr_anna", "page:/patient/1", fields{"iat": time.Now().Add(2 * time.Second).Unix()})
	if text := q.doc.Text("notes"); !strings.HasPrefix(text, "kept 19 ") || strings.Contains(text, "mistake") {
		t.Errorf("the document has %q", text)
	}
	rto := time.Since(begin)
	rpo := time.Duration(number(t, to, "SELECT extract(epoch FROM ('"+before.Format(time.RFC3339Nano)+"'::timestamptz - max(created_at))) * 1000000 FROM yjs_updates")) * time.Microsecond
	t.Logf("recovered in %s, gateway serving after %s (RTO); the last update kept is %s older than the moment asked for (RPO)",
		up.Round(time.Millisecond), rto.Round(time.Millisecond), rpo)
	if rto > 35*time.Minute || rpo > 15*time.Minute {
		t.Errorf("RTO %s, RPO %s", rto, rpo)
	}
}

// clock returns the server's time.
func clock(t *testing.T, store string) time.Time {
	t.Helper()
	return time.UnixMicro(number(t, store, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")).UTC()
}
