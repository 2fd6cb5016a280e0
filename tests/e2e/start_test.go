//go:build integration

package e2e

import (
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/tests/testkit"
)

// settings returns the environment of a gateway in a folder.
func settings(dir string, more ...string) []string {
	return append([]string{"ADDR=127.0.0.1:0", "STORE_URL=sqlite:" + filepath.Join(dir, "corsia.db"), "ARCHIVE_URL=file:" + filepath.Join(dir, "archive")}, more...)
}

// refusesToStart runs a gateway that must end by itself, and returns its standard error.
func refusesToStart(t *testing.T, status int, env []string, args ...string) string {
	t.Helper()
	testkit.Build(t)
	start := time.Now()
	out, errs, got := testkit.Run(t, t.TempDir(), env, append([]string{"serve"}, args...)...)
	if got != status {
		t.Fatalf("status %d, want %d\n%s%s", got, status, out, errs)
	}
	if took := time.Since(start); took > 12*time.Second {
		t.Errorf("it took %v", took)
	}
	if strings.Contains(out+errs, "goroutine ") {
		t.Errorf("it panicked: %s%s", out, errs)
	}
	if strings.Contains(out, "listening") {
		t.Errorf("it listened: %s", out)
	}
	return errs
}

func TestAWrongConfigurationNamesEveryWrongValueAtOnceAndExitsWithTwo(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	wrong := map[string]string{
		"ADDR": "nowhere", "ENV": "testing", "STORE_URL": "mysql://root:" + secret + "@db", "STATE_URL": "memcached:", "BUS_URL": "kafka:", "ARCHIVE_URL": "ftp:x",
		"TRUSTED_PROXIES": "10.0.0.0/99", "JWT_KEYS": "/no/such/file", "JWKS_URL": "gopher://x", "ALLOWED_ORIGINS": "emr.example", "ROLE_POLICY": "/no/such/policy", "WEBHOOK_SOURCES": "/no/such/sources",
		"PING_INTERVAL": "30", "PING_TIMEOUT": "-1s", "LOCK_TTL": "soon", "SESSION_TTL": "x", "ACTIVITY_TTL": "0s", "COMPACT_AFTER": "5", "BREAKER_THRESHOLD": "0",
		"MAX_MESSAGES_PER_SECOND": "many", "MAX_SESSIONS_PER_USER": "0", "MAX_ROOMS_PER_SESSION": "-3", "MAX_OUTBOX_BYTES": "1", "MAX_UPDATE_BYTES": "1.5",
		"MAX_DOCUMENT_BYTES": "1MB", "LOG_LEVEL": "loud",
	}
	var env []string
	for name, value := range wrong {
		env = append(env, name+"="+value)
	}
	errs := refusesToStart(t, 2, env)
	for name := range wrong {
		if !strings.Contains(errs, name+" ") {
			t.Errorf("%s is not named:\n%s", name, errs)
		}
	}
	if strings.Contains(errs, secret) {
		t.Errorf("a password is shown:\n%s", errs)
	}
}

func TestEverySettingOfTheSpecificationIsKnownAsAFlagToo(t *testing.T) {
	t.Parallel()
	errs := refusesToStart(t, 2, nil, "-addr", "nowhere", "-lock-ttl", "soon", "-max-update-bytes", "x")
	for _, name := range []string{"ADDR", "LOCK_TTL", "MAX_UPDATE_BYTES"} {
		if !strings.Contains(errs, name+" ") {
			t.Errorf("%s is not named:\n%s", name, errs)
		}
	}
	refusesToStart(t, 2, nil, "-no-such-flag")
	refusesToStart(t, 2, nil, "argument")
}

func TestProductionRefusesEmbeddedDriversAndDevelopmentKeys_ENV(t *testing.T) {
	t.Parallel()
	errs := refusesToStart(t, 2, settings(t.TempDir(), "ENV=production"))
	for _, name := range []string{"STORE_URL", "STATE_URL", "BUS_URL", "ARCHIVE_URL", "JWT_KEYS", "JWT_ISSUER", "JWT_AUDIENCE"} {
		if !strings.Contains(errs, name+" ") {
			t.Errorf("%s is not named:\n%s", name, errs)
		}
	}
}

// oneLine fails unless a start failed with one clear line.
func oneLine(t *testing.T, errs string, words ...string) {
	t.Helper()
	if strings.Count(strings.TrimSpace(errs), "\n") > 0 || strings.TrimSpace(errs) == "" {
		t.Errorf("not one line: %q", errs)
	}
	for _, word := range words {
		if !strings.Contains(errs, word) {
			t.Errorf("it does not say %q: %s", word, errs)
		}
	}
}

func TestAPortInUseIsOneClearLineAndExitsWithOne(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	oneLine(t, refusesToStart(t, 1, append(settings(t.TempDir()), "ADDR="+taken.Addr().String())), taken.Addr().String(), "in use")
}

func TestAFolderThatCannotBeUsedIsOneClearLineAndExitsWithOne(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(t.TempDir(), "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"a folder that is a file": file, "a folder that cannot be made": "/proc/no"} {
		t.Run(name, func(t *testing.T) { oneLine(t, refusesToStart(t, 1, settings(dir)), dir) })
	}
	t.Run("a folder without the right to write", func(t *testing.T) {
		if os.Geteuid() == 0 {
			locked = "/proc/self" // the superuser may write everywhere else
		}
		oneLine(t, refusesToStart(t, 1, settings(locked)), locked)
	})
	t.Run("an archive that cannot be written", func(t *testing.T) {
		oneLine(t, refusesToStart(t, 1, append(settings(t.TempDir()), "ARCHIVE_URL=file:"+file)), file)
	})
}

func TestADatabaseThatIsLockedIsOneClearLineAndExitsWithOne(t *testing.T) {
	t.Parallel()
	t.Run("by another gateway", func(t *testing.T) {
		g := testkit.Shared(t)
		oneLine(t, refusesToStart(t, 1, settings(g.Dir)), "another corsia is using it")
		g.Connect(t, "usr_after") // the first goes on
	})
	t.Run("by another program", func(t *testing.T) {
		dir := t.TempDir()
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "corsia.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		for _, q := range []string{"CREATE TABLE t (x)", "BEGIN EXCLUSIVE", "INSERT INTO t VALUES (1)"} {
			if _, err := db.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		oneLine(t, refusesToStart(t, 1, settings(dir)), "another program is using it")
	})
	t.Run("or that is no database", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "corsia.db"), []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		oneLine(t, refusesToStart(t, 1, settings(dir)), "not a SQLite database")
	})
}

func TestAKeyThatIsWrongIsOneClearLineAndExitsWithOne_A2(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"no key": "hello", "a small key": smallKey(t)} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key.pem")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			oneLine(t, refusesToStart(t, 1, settings(t.TempDir(), "JWT_KEYS="+file)), file)
		})
	}
	t.Run("a development key that others can read", func(t *testing.T) {
		dir := t.TempDir()
		testkit.Run(t, dir, settings(dir), "token", "-user", "usr_1")
		if err := os.Chmod(filepath.Join(dir, "corsia-dev.pem"), 0o644); err != nil {
			t.Fatal(err)
		}
		oneLine(t, refusesToStart(t, 1, settings(dir)), "corsia-dev.pem")
	})
}

func TestUnknownCommandsAndWrongTokensAreExplained(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{{"fly"}, {"token"}, {"token", "-user", "usr_1", "-permissions", "[broken"}, {"token", "-no-such-flag"}} {
		if _, errs, status := testkit.Run(t, dir, settings(dir), args...); status != 2 || errs == "" {
			t.Errorf("%v: status %d, %q", args, status, errs)
		}
	}
	out, _, status := testkit.Run(t, dir, nil, "version")
	if status != 0 || strings.TrimSpace(out) == "" {
		t.Errorf("version: status %d, %q", status, out)
	}
}
