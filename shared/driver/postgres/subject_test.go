//go:build integration

package postgres

import (
	"context"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest"
	"corsia/shared/driver/drivertest/pgtest"
)

func TestSubject(t *testing.T) {
	address := pgtest.Database(t)
	db := openTest(t, address, Options{})
	b, err := OpenBackup(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	drivertest.Subject(t, db, func(t *testing.T, r collab.Resource) {
		at := time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC)
		// Migrations make them, from 00016 and 00017 on.
		run(t, db.DB, "CREATE TABLE IF NOT EXISTS yjs_bases (tenant text, resource_id text, revision bigint, state bytea, last_at timestamptz, made_at timestamptz)")
		run(t, db.DB, "CREATE TABLE IF NOT EXISTS erasures (tenant text, resource_id text, epoch bigint, erased_at timestamptz, erased_by text, reason text, repeats text)")
		run(t, db.DB, "INSERT INTO yjs_bases (tenant, resource_id, revision, state, last_at, made_at) VALUES ($1, $2, 9, 'base', $3, $3)", string(r.Tenant), string(r.ID), at)
		run(t, db.DB, "INSERT INTO erasures (tenant, resource_id, epoch, erased_at, erased_by, reason, repeats) VALUES ($1, $2, 1, $3, 'usr_anna', 'asked for', '')", string(r.Tenant), string(r.ID), at)
	}, func(ctx context.Context, of collab.Subject, f func(drivertest.SubjectReader) error) error {
		return b.ReadSubject(ctx, of, func(s *Subject) error { return f(s) })
	})
}
