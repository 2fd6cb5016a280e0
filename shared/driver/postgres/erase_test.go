//go:build integration

package postgres

import (
	"testing"

	"corsia/shared/driver/drivertest"
	"corsia/shared/driver/drivertest/pgtest"
)

func TestErasures(t *testing.T) {
	drivertest.Erasures(t, func(t *testing.T) (drivertest.Erasing, drivertest.Eraser) {
		address := pgtest.Database(t)
		db := openTest(t, address, Options{})
		b, err := OpenBackup(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return db, b
	})
}
