package sqlite

import (
	"context"
	"path/filepath"
	"testing"

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
	drivertest.Subject(t, db, func(ctx context.Context, of collab.Subject, f func(drivertest.SubjectReader) error) error {
		return b.ReadSubject(ctx, of, func(s *Subject) error { return f(s) })
	})
}
