//go:build integration

package postgres

import (
	"testing"

	"corsia/shared/driver/drivertest"
)

func TestRecoveries(t *testing.T) {
	db := openOnce(t)
	restore := func(t *testing.T) {
		err := db.do(t.Context(), 0, func(*wants) {}, func(c *change) error {
			c.exec("INSERT INTO audit_epochs (epoch, opened_at) VALUES (2, now())")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	drivertest.Recoveries(t, func(*testing.T) drivertest.Recoverer { return db }, restore)
}
