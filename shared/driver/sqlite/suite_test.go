package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest"
)

// shown is a store with the view of audit_pending that the suites need.
type shown struct{ *DB }

func (s shown) Pending(ctx context.Context, tenant collab.Tenant) ([]collab.AuditRow, error) {
	scan := func(s scanner) (r collab.AuditRow, err error) {
		var at int64
		err = s.Scan(&r.EventID, &r.Shard, &r.Tenant, &at, &r.Type, &r.Outcome, &r.Actor, &r.Resource, &r.Session, &r.Body)
		r.RecordedAt = fromMicros(at)
		return r, err
	}
	return collect(ctx, s.readers, scan, `SELECT event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id,
		session_id, body FROM audit_pending WHERE tenant = ? ORDER BY position`, tenant)
}

func openTest(t *testing.T, path string, o Options) shown {
	t.Helper()
	db, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return shown{db}
}

// openOnce opens one store for all cases of a suite.
func openOnce(t *testing.T) shown {
	return openTest(t, filepath.Join(t.TempDir(), "corsia.db"), Options{})
}

func TestJournal(t *testing.T) {
	db := openOnce(t)
	drivertest.Journal(t, func(*testing.T) drivertest.Journaler { return db })
}

func TestLocks(t *testing.T) {
	db := openOnce(t)
	drivertest.Locks(t, func(*testing.T) drivertest.Locker { return db })
	t.Run("T6 a lock that has ended keeps no person's name", func(t *testing.T) {
		var ended, named int
		err := db.readers.QueryRowContext(t.Context(), "SELECT count(*), count(nullif(name, '')) FROM locks WHERE closed_at IS NOT NULL").Scan(&ended, &named)
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
		db := openOnce(t)
		return db, db
	})
}

func TestRetention(t *testing.T) {
	drivertest.Retention(t, func(t *testing.T) (a, b drivertest.Trimming) {
		db := openOnce(t)
		return db, db
	})
}
