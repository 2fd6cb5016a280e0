package sqlite

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"corsia/shared/driver/drivertest/trailtest"
)

func TestT4TamperingWithTheFileIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corsia.db")
	store := openTest(t, path, Options{})
	client, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	trailtest.Tamper(t, store, trailtest.SQL{
		Exec:  func(statement string) error { _, err := client.ExecContext(t.Context(), statement); return err },
		Blob:  func(b []byte) string { return fmt.Sprintf("x'%x'", b) },
		Index: []string{"yjs_revisions", "yjs_indexed"},
		Free:  "DROP TRIGGER yjs_updates_append_only; DROP TRIGGER audit_log_append_only; DROP TRIGGER audit_checkpoints_append_only; DROP TRIGGER audit_epochs_append_only",
	}, 5)
}

func TestT2AnHonestFileRaisesNoAlarm(t *testing.T) {
	db := openOnce(t)
	trailtest.Honest(t, db, db, 4)
}
