//go:build integration

package postgres

import (
	"context"
	"testing"

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
	drivertest.Subject(t, db, func(ctx context.Context, of collab.Subject, f func(drivertest.SubjectReader) error) error {
		return b.ReadSubject(ctx, of, func(s *Subject) error { return f(s) })
	})
}
