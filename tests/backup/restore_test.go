//go:build integration

package backup

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/tests/testkit"
)

func TestARestoreRefusesWhatIsNotEmptyAndWhatIsProduction_O4(t *testing.T) {
	w := open(t, postgresServer(t).Database(t))
	day(t, w)
	w.must(t, "backup")
	refused := func(t *testing.T, to, about string) {
		t.Helper()
		out, errs, status := w.corsia(t, "restore", "-to", to)
		if status != 3 || !strings.Contains(errs, "refused") || !strings.Contains(errs, about) {
			t.Fatalf("status %d, want 3 and %q:\n%s%s", status, about, out, errs)
		}
	}
	other := postgresServer(t).Database(t)
	t.Run("one with a table", func(t *testing.T) {
		exec1(t, other, "CREATE TABLE mine (a int)")
		refused(t, other, "not empty")
		exec1(t, other, "DROP TABLE mine")
	})
	t.Run("one with a sequence alone", func(t *testing.T) {
		exec1(t, other, "CREATE SEQUENCE mine")
		refused(t, other, "not empty")
		exec1(t, other, "DROP SEQUENCE mine")
	})
	t.Run("one that is marked as production", func(t *testing.T) {
		exec1(t, other, "COMMENT ON DATABASE "+strings.TrimPrefix(path(t, other), "/")+" IS 'corsia:production, the ward'")
		refused(t, other, "production")
		exec1(t, other, "COMMENT ON DATABASE "+strings.TrimPrefix(path(t, other), "/")+" IS NULL")
	})
	t.Run("the store of the configuration", func(t *testing.T) { refused(t, w.store, "STORE_URL") })
	t.Run("the store of the backup by another name of its host, even when it was emptied", func(t *testing.T) {
		exec1(t, w.store, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
		refused(t, strings.Replace(w.store, "127.0.0.1", "localhost", 1), "that the backup was made of")
	})
}

// What a restore is for: afterwards people work on, and nothing of the lost time is mistaken for anything of now.
func TestAGatewayGoesOnOnARestoredStore_O4_D8(t *testing.T) {
	w := open(t, postgresServer(t).Database(t))
	day(t, w)
	w.must(t, "backup")

	// The time that will be lost.
	w.Restart(t)
	lost := w.join(t, "usr_bruno", "page:/patient/1")
	lost.write(t, "notes", "lost ")
	lostLock := lost.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/patient/1", "field": "notes"})
	fresh := w.join(t, "usr_bruno", "page:/lost/document")
	fresh.write(t, "notes", "lost altogether")
	freshLock := fresh.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/lost/document", "field": "notes"})
	old := w.Token("usr_bruno")
	admin := w.Token("usr_admin", fields{"permissions": []any{"admin"}})
	if status, _, body := w.HTTP(t, "POST", "/api/revocations", admin, fields{"userId": "usr_thief"}); status/100 != 2 {
		t.Fatalf("revoking: %d %s", status, body)
	}
	thief := w.Token("usr_thief", fields{"iat": time.Now().Add(-time.Minute).Unix()})
	w.Kill9()

	to := beside(t, w.store)
	out := w.must(t, "restore", "-to", to)
	for _, want := range []string{"verified: level 5", "epoch 2 is open", "download", "restore", "verify", "RTO", "RPO"} {
		if !strings.Contains(out, want) {
			t.Errorf("the restore does not say %q:\n%s", want, out)
		}
	}
	if n := number(t, to, "SELECT count(*) FROM locks WHERE closed_at IS NULL"); n != 0 {
		t.Errorf("%d locks are still open", n)
	}
	if n := number(t, to, "SELECT count(*) FROM audit_pending WHERE type = 'EPOCH_OPENED'"); n != 1 {
		t.Errorf("%d rows say that an epoch was opened", n)
	}
	if n := number(t, to, "SELECT count(*) FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE')"); n != 0 {
		t.Errorf("everybody may execute %d functions", n)
	}

	// The gateway goes on, with the archive that it had.
	g := open(t, to, "ARCHIVE_URL=file:"+filepath.Join(w.Dir, "archive"), "AUDIT_KEY="+w.auditKey(t))
	for name, token := range map[string]string{"of the lost time": old, "that was revoked in the lost time": thief} {
		if got := g.Refused(t, testkit.Options{Token: token}); !strings.Contains(text(got), "revoked") {
			t.Errorf("a token %s is answered by %v", name, got)
		}
	}
	later := fields{"iat": time.Now().Add(2 * time.Second).Unix()} // within the skew of clocks that is allowed
	p := g.join(t, "usr_bruno", "page:/patient/1", later)
	if p.joined.Int("epoch") != 1 {
		t.Errorf("the document is of epoch %d, want 1", p.joined.Int("epoch"))
	}
	if got := p.doc.Text("notes"); strings.Contains(got, "lost") || !strings.HasPrefix(got, "4 3 2 1 0 ") {
		t.Errorf("the document has %q", got)
	}
	if p.client <= lost.client {
		t.Errorf("client id %d was given out in the lost time: %d", p.client, lost.client)
	}
	p.write(t, "notes", "found ")
	lock := p.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/patient/1", "field": "notes"})
	if lock.Int("fence") <= lostLock.Int("fence") {
		t.Errorf("fence %d is not beyond that of the lost time, %d", lock.Int("fence"), lostLock.Int("fence"))
	}
	again := g.join(t, "usr_bruno", "page:/lost/document", later)
	if again.joined.Int("epoch") != 1 || again.client <= fresh.client {
		t.Errorf("a document that was lost begins anew in epoch %d with client id %d; it had %d", again.joined.Int("epoch"), again.client, fresh.client)
	}
	lock = again.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/lost/document", "field": "notes"})
	if lock.Int("fence") <= freshLock.Int("fence") {
		t.Errorf("fence %d of a lock key that was lost is not beyond %d", lock.Int("fence"), freshLock.Int("fence"))
	}
	if status, _ := g.Stop(t); status != 0 {
		t.Fatalf("status %d", status)
	}
	if out, errs, status := g.corsia(t, "audit", "verify"); status != 0 {
		t.Errorf("the trail: status %d\n%s%s", status, out, errs)
	}

	// The same backup once more is yet another epoch.
	third := beside(t, w.store)
	if out := w.must(t, "restore", "-to", third); !strings.Contains(out, "epoch 3 is open") {
		t.Errorf("restored again:\n%s", out)
	}
	next := "SELECT next_client FROM yjs_heads WHERE resource_id = 'page:/patient/1'"
	if a, b := number(t, to, next), number(t, third, next); b <= a+1000 {
		t.Errorf("client ids go on at %d after the first restore, at %d after the second", a, b)
	}
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// auditKey returns the key that signs the ward's trail.
func (w *ward) auditKey(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(string(read(t, filepath.Join(w.Dir, "corsia-audit.key"))))
}

func TestADrillMeasuresReportsAndLeavesNothing_O4_P(t *testing.T) {
	w := open(t, postgresServer(t).Database(t))
	day(t, w)
	w.must(t, "backup", "-redundancy", "none, this is a test")
	out := w.must(t, "drill", "-quiet")
	for _, want := range []string{"step", "download", "restore", "verify", "start", "RTO", "RPO by the dump", "verified: level 5"} {
		if !strings.Contains(out, want) {
			t.Errorf("the drill does not say %q:\n%s", want, out)
		}
	}
	if n := number(t, w.store, "SELECT count(*) FROM pg_database WHERE datname LIKE 'corsia\\_drill%'"); n != 0 {
		t.Errorf("%d scratch databases are left", n)
	}
	if n := number(t, w.store, "SELECT count(*) FROM audit_pending WHERE type = 'ADMIN_ACTION' AND convert_from(body, 'UTF8') LIKE '%backup drill%'"); n != 1 {
		t.Errorf("%d rows of the trail tell of the drill", n)
	}
	reports, err := filepath.Glob(filepath.Join(w.Dir, "archive/backups/reports/*-drill.json"))
	if err != nil || len(reports) != 1 {
		t.Fatalf("reports: %v, %v", reports, err)
	}
	var r struct {
		Verified               bool
		Level                  int
		RTOSeconds, RPOSeconds float64
		Steps                  []struct {
			Name    string
			Seconds float64
		}
	}
	b, err := os.ReadFile(reports[0])
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil || !r.Verified || r.Level != 5 || r.RTOSeconds <= 0 || r.RPOSeconds <= 0 || len(r.Steps) < 5 {
		t.Fatalf("the report is %s, %v", b, err)
	}
	if _, errs, status := w.corsia(t, "drill", "-id", "20200101T000000Z"); status != 1 || errs == "" {
		t.Errorf("a drill of no backup ends with status %d: %s", status, errs)
	}
}
