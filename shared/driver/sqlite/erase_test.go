package sqlite

import (
	"path/filepath"
	"testing"

	"corsia/shared/driver/drivertest"
)

func TestErasures(t *testing.T) {
	drivertest.Erasures(t, func(t *testing.T) (drivertest.Erasing, drivertest.Eraser) {
		path := filepath.Join(t.TempDir(), "corsia.db")
		db := openTest(t, path, Options{})
		b, err := OpenBackup(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
		return db, b
	})
}
