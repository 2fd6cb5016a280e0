package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest"
)

func TestRecoveries(t *testing.T) {
	db := openOnce(t)
	restore := func(t *testing.T) {
		err := db.do(t.Context(), 0, func(w *writer) error {
			return w.exec("INSERT INTO audit_epochs (epoch, opened_at) VALUES (2, 0)")
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	drivertest.Recoveries(t, func(*testing.T) drivertest.Recoverer { return db }, restore)
}

// beside opens and closes recoveries past the gateway that has the store.
type beside struct {
	shown
	b *Backup
}

func (s beside) OpenRecovery(ctx context.Context, r collab.Recovery, audit []collab.AuditRow) error {
	return s.b.OpenRecovery(ctx, r, audit)
}

func (s beside) CloseRecoveries(ctx context.Context, tenant collab.Tenant, at time.Time, audit []collab.AuditRow) error {
	return s.b.CloseRecoveries(ctx, tenant, at, audit)
}

func TestRecoveriesBesideAGateway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corsia.db")
	db := openTest(t, path, Options{})
	b, err := OpenBackup(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	drivertest.Recoveries(t, func(*testing.T) drivertest.Recoverer { return beside{db, b} }, func(t *testing.T) {
		if err := b.change(t.Context(), func(w *writer) error { return w.exec("INSERT INTO audit_epochs (epoch, opened_at) VALUES (2, 0)") }); err != nil {
			t.Fatal(err)
		}
	})
}
