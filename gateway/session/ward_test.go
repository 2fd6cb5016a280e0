package session_test

import (
	"context"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"corsia/gateway/app"
	"corsia/shared/audit"
	"corsia/shared/obs"
	"corsia/tests/testkit"
)

const stopTime = 20 * time.Second

type fields = testkit.Fields

// ward is a gateway in the test's own process, on a folder of its own.
type ward struct {
	*testkit.Gateway
	app     *app.App
	stopped bool
}

// start starts a gateway with settings such as "LOCK_TTL" and "2s", and stops it with the test.
func start(t *testing.T, settings ...string) *ward {
	t.Helper()
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(testkit.Key(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "corsia-dev.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"ADDR": "127.0.0.1:0", "RESUME_GRACE": "100ms", "STORE_URL": "sqlite:" + filepath.Join(dir, "corsia.db"), "ARCHIVE_URL": "file:" + filepath.Join(dir, "archive")}
	for i := 0; i < len(settings); i += 2 {
		env[settings[i]] = settings[i+1]
	}
	config, err := app.Load(func(name string) string { return env[name] })
	if err != nil {
		t.Fatalf("configuration: %v", err)
	}
	a, err := app.New(t.Context(), config, obs.TestLogger(t, t.Output()))
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	if err := a.Start(t.Context()); err != nil {
		a.Abandon()
		t.Fatalf("start: %v", err)
	}
	w := &ward{Gateway: &testkit.Gateway{URL: "http://" + a.Addr(), Dir: dir}, app: a}
	t.Cleanup(func() { w.stop(t) })
	return w
}

func (w *ward) stop(t *testing.T) {
	if w.stopped {
		return
	}
	w.stopped = true
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := w.app.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// editor connects a user and joins a resource.
func (w *ward) editor(t *testing.T, user, resource string, claims ...fields) *testkit.Client {
	t.Helper()
	c := w.Connect(t, user, claims...)
	c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	return c
}

// audited waits until the trail has n rows of a type, and returns their bodies.
func (w *ward) audited(t *testing.T, n int, kind audit.Type) []audit.Event {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.Dir, "corsia.db")+"?_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var events []audit.Event
	testkit.Eventually(t, 5*time.Second, string(kind)+" in the trail", func() bool {
		events = nil
		rows, err := db.Query("SELECT body FROM "+testkit.AuditEvents+" WHERE type = ? ORDER BY event_id", string(kind))
		if err != nil {
			t.Fatalf("read the trail: %v", err)
		}
		defer rows.Close()
		for rows.Next() {
			var body []byte
			if err := rows.Scan(&body); err != nil {
				t.Fatalf("read the trail: %v", err)
			}
			e, err := audit.Parse(body)
			if err != nil {
				t.Fatalf("read the trail: %v", err)
			}
			events = append(events, e)
		}
		return len(events) >= n
	})
	if len(events) != n {
		t.Fatalf("%d rows of %s, want %d: %v", len(events), kind, n, events)
	}
	return events
}

// in returns a time as a claim has it.
func in(d time.Duration) int64 { return time.Now().Add(d).Unix() }
