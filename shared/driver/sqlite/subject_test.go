package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest"
)

func TestSubject(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corsia.db")
	db := openTest(t, path, Options{})
	b, err := OpenBackup(t.Context(), path) // beside a gateway
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	drivertest.Subject(t, db, func(t *testing.T, r collab.Resource) {
		at := time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC).UnixMicro()
		err := b.change(t.Context(), func(w *writer) error {
			for _, statement := range []string{ // migrations make them, from 00016 and 00017 on
				"CREATE TABLE IF NOT EXISTS yjs_bases (tenant TEXT, resource_id TEXT, revision INTEGER, state BLOB, last_at INTEGER, made_at INTEGER)",
				"CREATE TABLE IF NOT EXISTS erasures (tenant TEXT, resource_id TEXT, epoch INTEGER, erased_at INTEGER, erased_by TEXT, reason TEXT, repeats TEXT)",
			} {
				if err := w.exec(statement); err != nil {
					return err
				}
			}
			if err := w.exec("INSERT INTO yjs_bases (tenant, resource_id, revision, state, last_at, made_at) VALUES (?, ?, 9, ?, ?, ?)", r.Tenant, r.ID, []byte("base"), at, at); err != nil {
				return err
			}
			return w.exec("INSERT INTO erasures (tenant, resource_id, epoch, erased_at, erased_by, reason, repeats) VALUES (?, ?, 1, ?, 'usr_anna', 'asked for', '')", r.Tenant, r.ID, at)
		})
		if err != nil {
			t.Fatal(err)
		}
	}, func(ctx context.Context, of collab.Subject, f func(drivertest.SubjectReader) error) error {
		return b.ReadSubject(ctx, of, func(s *Subject) error { return f(s) })
	})
}
