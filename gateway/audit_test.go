package main

import (
	"database/sql"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/gateway/app"
	"corsia/shared/audit"
	"corsia/shared/driver/sqlite"
	"corsia/shared/obs"
)

// TestAuditVerifyTellsWhatHappenedToTheTrail runs a gateway, stops it and looks at what it left (T4).
func TestAuditVerifyTellsWhatHappenedToTheTrail(t *testing.T) {
	getenv := env(t)
	path := strings.TrimPrefix(getenv("STORE_URL"), "sqlite:")
	recorded(t, path, 20)
	gatewayRan(t, getenv)
	verify := func(want int, part string, args ...string) {
		t.Helper()
		var stdout, stderr output
		if status := run(append([]string{"audit", "verify"}, args...), getenv, &stdout, &stderr); status != want || !strings.Contains(stdout.String()+stderr.String(), part) {
			t.Fatalf("status %d, want %d and %q: %s%s", status, want, part, stdout.String(), stderr.String())
		}
	}
	verify(0, "the trail is intact")
	verify(0, "measured by checkpoint", "-archive-alone")
	checkpoints, err := filepath.Glob(filepath.Join(filepath.Dir(path), "archive/audit/checkpoints/*/*/*/*.note"))
	if err != nil || len(checkpoints) == 0 {
		t.Fatalf("checkpoints %v, %v", checkpoints, err)
	}
	verify(0, "the trail is intact", "-checkpoint", checkpoints[len(checkpoints)-1])

	var stdout, stderr output
	if status := run([]string{"audit", "export", "-by", "usr_auditor", "-format", "fhir"}, getenv, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	if len(lines) != 20 {
		t.Fatalf("%d events were exported, want 20", len(lines))
	}
	for _, line := range lines {
		var event struct{ ResourceType, Recorded string }
		if err := json.Unmarshal([]byte(line), &event); err != nil || event.ResourceType != "AuditEvent" {
			t.Fatalf("%s: %v", line, err)
		}
	}
	gatewayRan(t, getenv) // seals what the export recorded
	stdout.text.Reset()
	if status := run([]string{"audit", "export", "-actor", "usr_auditor"}, getenv, &stdout, &stderr); status != 0 ||
		!strings.Contains(stdout.String(), "AUDIT_EXPORTED") {
		t.Fatalf("status %d, want the export itself: %s", status, stdout.String())
	}
	verify(0, "the trail is intact")
	archive := func(want int, part string, args ...string) {
		t.Helper()
		var stdout, stderr output
		if status := run(append([]string{"audit", "archive"}, args...), getenv, &stdout, &stderr); status != want || !strings.Contains(stdout.String()+stderr.String(), part) {
			t.Fatalf("status %d, want %d and %q: %s%s", status, want, part, stdout.String(), stderr.String())
		}
	}
	archive(2, "when it is over", "-day", time.Now().UTC().Format(time.DateOnly))
	archive(2, "cannot parse", "-day", "today")
	archive(2, "exclude each other", "-remove", "-day", "2026-03-01")
	archive(0, "there is nothing to archive before this day is over")
	yesterday := time.Now().UTC().Add(-24 * time.Hour).Format(time.DateOnly)
	archive(0, "0 rows are in audit/days/", "-day", yesterday)
	archive(1, "has that day already", "-day", yesterday)
	archive(0, "the archive has every day up to "+yesterday)
	archive(0, "the archive has every day up to "+yesterday, "-remove")
	verify(0, "verified 0 rows", "-archive-alone")
	tamper(t, path, "UPDATE audit_log SET actor = 'usr_666' WHERE type = 'USER_CONNECTED'")
	verify(1, "column actor is not what the body says")
	tamper(t, path, "DELETE FROM audit_log")
	verify(1, "are missing, which checkpoint")
	verify(2, "no checkpoint", "-store-url", "sqlite:"+unsigned(t), "-archive-url", "file:"+t.TempDir(), "-key", newKey(t))
	verify(3, "no such file", "-store-url", "sqlite:"+path+".none")
	verify(3, "public key is none", "-key", "rubbish")
	verify(3, "no such file", "-checkpoint", path+".none")
	verify(3, "there is no argument", "now")
}

// recorded records n connections in a store, as a gateway does that is killed afterwards.
func recorded(t *testing.T, path string, n int) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	recorder := audit.NewRecorder("i_1", obs.NewLogger(io.Discard, nil))
	for range n {
		if err := db.Record(t.Context(), recorder.Row(audit.Event{Type: audit.UserConnected, Tenant: "default", Actor: "usr_001"})); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// unsigned returns a store whose rows are chained, and no more.
func unsigned(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "corsia.db")
	recorded(t, path, 3)
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if n, err := db.SealAudit(t.Context(), 10, audit.Link); err != nil || n != 3 {
		t.Fatalf("%d rows, %v", n, err)
	}
	return path
}

func newKey(t *testing.T) string {
	t.Helper()
	var stdout, stderr output
	if status := run([]string{"audit", "key"}, env(t), &stdout, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	return strings.Split(stdout.String(), "\n")[1]
}

// gatewayRan runs a gateway and stops it: it seals what was recorded.
func gatewayRan(t *testing.T, getenv func(string) string) {
	t.Helper()
	config, err := app.Load(getenv)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), config, obs.NewLogger(io.Discard, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// tamper changes a store as one who may do everything can.
func tamper(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{"DROP TRIGGER audit_log_append_only", statement,
		"CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'audit_log is append only'); END"} {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}
