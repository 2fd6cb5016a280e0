//go:build integration

package postgres

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest"
	"corsia/shared/driver/drivertest/pgtest"
)

const secret = "p:w/d@x%3F#1"

// with returns the address with another role and further settings.
func with(t *testing.T, address string, user *url.Userinfo, settings ...string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if user != nil {
		u.User = user
	}
	u.RawQuery = strings.Join(settings, "&")
	return u.String()
}

// owner runs statements in a database as its owner.
func owner(t *testing.T, address string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// TestTheGatewaysRoleMayAddToTheTrailAndNotChangeIt runs the suites as a role that owns nothing (T3).
func TestTheGatewaysRoleMayAddToTheTrailAndNotChangeIt(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Database(t)
	owner(t, address, "CREATE ROLE gateway LOGIN")
	limited := with(t, address, url.User("gateway"))
	if db, err := Open(t.Context(), limited, Options{}); err == nil {
		db.Close()
		t.Fatal("a role that owns nothing has made the tables")
	}
	if err := openTest(t, address, Options{}).Close(); err != nil { // the owner makes them
		t.Fatal(err)
	}
	owner(t, address, "SELECT grant_application('gateway')")
	db := openTest(t, limited, Options{})
	t.Run("journal", func(t *testing.T) {
		drivertest.Journal(t, func(*testing.T) drivertest.Journaler { return db })
	})
	t.Run("locks", func(t *testing.T) { drivertest.Locks(t, func(*testing.T) drivertest.Locker { return db }) })
	t.Run("audit", func(t *testing.T) { drivertest.Audit(t, func(*testing.T) drivertest.Auditor { return db }) })
	t.Run("seal", func(t *testing.T) {
		address := server.Database(t)
		if err := openTest(t, address, Options{}).Close(); err != nil {
			t.Fatal(err)
		}
		owner(t, address, "SELECT grant_application('gateway')")
		mine := openTest(t, with(t, address, url.User("gateway")), Options{})
		drivertest.Seal(t, func(t *testing.T) drivertest.Sealing {
			owner(t, address, "TRUNCATE audit_log, audit_pending, audit_checkpoints")
			return mine
		})
	})
	t.Run("cover", func(t *testing.T) {
		address := server.Database(t)
		if err := openTest(t, address, Options{}).Close(); err != nil {
			t.Fatal(err)
		}
		owner(t, address, "SELECT grant_application('gateway')")
		mine := openTest(t, with(t, address, url.User("gateway")), Options{})
		drivertest.Cover(t, func(t *testing.T) (a, b drivertest.Covering) {
			owner(t, address, "TRUNCATE yjs_heads, yjs_updates, yjs_states, yjs_clients, audit_covers, audit_pending")
			return mine, mine
		})
	})
	t.Run("revocations", func(t *testing.T) {
		drivertest.Revocations(t, func(*testing.T) drivertest.Revoker { return db })
	})
	t.Run("inbox", func(t *testing.T) { drivertest.Inbox(t, func(*testing.T) drivertest.Inboxer { return db }) })
	for _, statement := range []string{
		"UPDATE audit_pending SET actor = 'x'", "DELETE FROM audit_pending", "TRUNCATE audit_pending",
		"UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "UPDATE yjs_updates SET revision = 1",
		"UPDATE audit_checkpoints SET note = 'x'", "DELETE FROM audit_checkpoints", "INSERT INTO audit_floors VALUES (0, 1, '', now())",
		"INSERT INTO audit_epochs VALUES (2, now())", "DELETE FROM yjs_updates", "DELETE FROM audit_covers", "ALTER TABLE audit_log DISABLE TRIGGER ALL", "SELECT grant_application('gateway')",
	} {
		if _, err := db.pool.Exec(t.Context(), statement); sqlState(err) != "42501" {
			t.Errorf("%s: %v, want no right to it", statement, err)
		}
	}
	again := openTest(t, limited, Options{}) // the schema is up to date: nothing to migrate
	if err := again.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestNoErrorAndNoLogLineHasThePassword tries to connect in every wrong way.
func TestNoErrorAndNoLogLineHasThePassword(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Database(t)
	owner(t, address, "CREATE ROLE gateway LOGIN PASSWORD '"+secret+"'", "GRANT CREATE ON SCHEMA public TO gateway")
	server.Write(t, "pg_hba.conf", []byte("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"))
	owner(t, address, "SELECT pg_reload_conf()")
	var log bytes.Buffer
	o := Options{Log: slog.New(slog.NewTextHandler(&log, nil))}
	good := url.UserPassword("gateway", secret)
	db := openTest(t, with(t, address, good), o).DB
	res := created(t, db, "a")
	closed := with(t, "postgres://127.0.0.1:1/x", good)
	for name, address := range map[string]string{
		"another role's password": with(t, address, url.UserPassword("nobody", secret)),
		"another database":        with(t, strings.Replace(address, "corsia_", "none_", 1), good),
		"a closed port":           closed,
		"sslmode that is not":     closed + "?sslmode=" + "perhaps",
		"no certificate":          closed + "?sslmode=verify-full&sslrootcert=/none",
		"TLS that is not there":   with(t, address, good, "sslmode=require"),
		"pool_max_conns":          closed + "?pool_max_conns=" + "many",
		"not encoded":             "postgres://gateway:" + secret + "@127.0.0.1/x",
		"a control character":     "postgres://gateway:" + secret + "\x7f@127.0.0.1/x",
		"a port that is none":     "postgres://gateway:" + url.QueryEscape(secret) + "@127.0.0.1:port/x",
	} {
		refused, err := Open(t.Context(), address, o)
		if err == nil {
			refused.Close()
			t.Errorf("%s: it was opened", name)
			continue
		}
		wantNoSecret(t, name, err.Error())
	}
	server.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := db.Record(ctx, collab.AuditRow{EventID: "e"}); err == nil {
		t.Fatal("a server that is away has recorded")
	}
	_, err := db.Load(t.Context(), res)
	wantNoSecret(t, "load", err.Error())
	if err := db.Close(); err != nil { // after which the log is no longer written
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "try again") {
		t.Fatalf("nothing was logged of the server that is away: %s", log.String())
	}
	wantNoSecret(t, "log", log.String())
}

// wantNoSecret checks that a text has no part of the secret that is longer than two characters.
func wantNoSecret(t *testing.T, name, text string) {
	t.Helper()
	for i := range len(secret) - 2 {
		if part := secret[i : i+3]; strings.Contains(text, part) {
			t.Errorf("%s has %q of the password: %s", name, part, text)
			return
		}
	}
}

func TestEveryConnectionWaitsForTheServersDisk(t *testing.T) {
	address := pgtest.Database(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	for set, want := range map[string]string{"off": "on", "local": "on", "remote_apply": "remote_apply"} {
		owner(t, address, "ALTER DATABASE "+name+" SET synchronous_commit = "+set)
		db := openTest(t, address, Options{}).DB
		var got string
		if err := db.commits.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&got); err != nil || got != want {
			t.Errorf("with %s in the database a connection has %s, %v: want %s", set, got, err, want)
		}
	}
}

func TestAServerThatTakesNoWritesIsRefused(t *testing.T) {
	address := pgtest.Database(t)
	if err := openTest(t, address, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), with(t, address, nil, "default_transaction_read_only=on"), Options{})
	if err == nil {
		db.Close()
		t.Fatal("it was opened")
	}
	if !strings.Contains(err.Error(), "takes no writes") {
		t.Fatal(err)
	}
}

func TestAServerThatDoesNotWriteToItsDiskIsWarnedOf(t *testing.T) {
	var log bytes.Buffer
	openTest(t, pgtest.Start(t, "fsync=off").Database(t), Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if !strings.Contains(log.String(), "fsync") {
		t.Fatalf("log %q", log.String())
	}
}

// TestTheURLSaysHowTheConnectionIsSecured lets a server accept nothing but TLS.
func TestTheURLSaysHowTheConnectionIsSecured(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Database(t)
	cert, key := certificate(t)
	server.Write(t, "server.crt", cert)
	server.Write(t, "server.key", key)
	server.Write(t, "pg_hba.conf", []byte("hostssl all all 127.0.0.1/32 trust\n"))
	server.Kill()
	server.Restart(t, "ssl=on")
	root := filepath.Join(t.TempDir(), "root.crt")
	if err := os.WriteFile(root, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		settings []string
		wantErr  string
	}{
		{[]string{"sslmode=disable"}, "no encryption"},
		{[]string{"sslmode=verify-full"}, "certificate"},
		{[]string{"sslmode=require"}, ""},
		{[]string{"sslmode=verify-full", "sslrootcert=" + root}, ""},
	}
	for _, tt := range tests {
		db, err := Open(t.Context(), with(t, address, nil, tt.settings...), Options{})
		if tt.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("%v: %v, want an error of %q", tt.settings, err, tt.wantErr)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", tt.settings, err)
			continue
		}
		var encrypted bool
		err = db.commits.QueryRow(t.Context(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&encrypted)
		if err != nil || !encrypted {
			t.Errorf("%v: encrypted %v, %v", tt.settings, encrypted, err)
		}
		db.Close()
	}
}

// certificate makes a self-signed certificate of 127.0.0.1.
func certificate(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})
}
