//go:build integration

package postgres

import (
	"testing"

	"corsia/shared/driver/drivertest"
	"corsia/shared/driver/drivertest/pgtest"
)

func TestJournal(t *testing.T) {
	db := openOnce(t)
	drivertest.Journal(t, func(*testing.T) drivertest.Journaler { return db })
}

func TestLocks(t *testing.T) {
	db := openOnce(t)
	drivertest.Locks(t, func(*testing.T) drivertest.Locker { return db })
	t.Run("T6 a lock that has ended keeps no person's name", func(t *testing.T) {
		var ended, named int
		err := db.pool.QueryRow(t.Context(), "SELECT count(*), count(nullif(name, '')) FROM locks WHERE closed_at IS NOT NULL").Scan(&ended, &named)
		if err != nil || ended == 0 || named != 0 {
			t.Errorf("%d of %d ended locks have a name (%v)", named, ended, err)
		}
	})
}

func TestAudit(t *testing.T) {
	db := openOnce(t)
	drivertest.Audit(t, func(*testing.T) drivertest.Auditor { return db })
}

func TestRevocations(t *testing.T) {
	db := openOnce(t)
	drivertest.Revocations(t, func(*testing.T) drivertest.Revoker { return db })
}

func TestSeal(t *testing.T) {
	drivertest.Seal(t, func(t *testing.T) drivertest.Sealing { return openOnce(t) })
}

func TestInbox(t *testing.T) {
	db := openOnce(t)
	drivertest.Inbox(t, func(*testing.T) drivertest.Inboxer { return db })
}

func TestCover(t *testing.T) {
	drivertest.Cover(t, func(t *testing.T) (a, b drivertest.Covering) {
		address := pgtest.Database(t)
		return openTest(t, address, Options{}), openTest(t, address, Options{})
	})
}

func TestRetention(t *testing.T) {
	drivertest.Retention(t, func(t *testing.T) (a, b drivertest.Trimming) {
		address := pgtest.Database(t)
		return openTest(t, address, Options{}), openTest(t, address, Options{})
	})
}
