//go:build integration

package postgres

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"corsia/shared/driver/drivertest/pgtest"
	"corsia/shared/driver/drivertest/trailtest"
)

func TestT4TamperingWithTheServerIsFound(t *testing.T) {
	address := pgtest.Database(t)
	store := openTest(t, address, Options{})
	client, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())
	trailtest.Tamper(t, store, trailtest.SQL{
		Exec: func(statement string) error { _, err := client.Exec(t.Context(), statement); return err },
		Blob: func(b []byte) string { return fmt.Sprintf(`'\x%x'::bytea`, b) },
		Free: "ALTER TABLE audit_log DISABLE TRIGGER USER; ALTER TABLE audit_checkpoints DISABLE TRIGGER USER; ALTER TABLE audit_epochs DISABLE TRIGGER USER; " +
			"ALTER TABLE yjs_updates DISABLE TRIGGER USER",
	}, 25)
}

func TestT2AnHonestServerRaisesNoAlarm(t *testing.T) {
	address := pgtest.Database(t)
	trailtest.Honest(t, openTest(t, address, Options{}), openTest(t, address, Options{}), 100)
}
