package sqlite

import (
	"context"
	"fmt"
	"time"

	"corsia/shared/collab"
)

// OpenLock opens the record of a grant and issues its fence (SPEC L1); the lock is effective once it returns. Open records
// of other sessions that overlap deny it with a *collab.HeldError around ErrHeld (same key) or ErrOverlaps (another key).
// What displace says is closed instead, as is one of the same key and session always. audit makes the rows of the grant and of what it ended; it may be called more than once.
func (db *DB) OpenLock(ctx context.Context, l collab.Lock, displace collab.Displace, audit func(collab.LockGranted) []collab.AuditRow) (collab.LockGranted, error) {
	var granted collab.LockGranted
	err := db.do(ctx, 4*rowOverhead, func(w *writer) (err error) {
		granted, err = w.openLock(l, displace)
		if err != nil || audit == nil {
			return err
		}
		return w.audit(audit(granted))
	})
	if err != nil {
		return collab.LockGranted{}, fmt.Errorf("open lock on %v: %w", l.Key.Resource, err)
	}
	return granted, nil
}

func (w *writer) openLock(l collab.Lock, displace collab.Displace) (g collab.LockGranted, err error) {
	superseded, err := w.superseded(l, displace)
	if err != nil {
		return g, err
	}
	for _, old := range superseded {
		if _, err := w.closeLock(old.Key, old.Fence, displace.Reason(), l.AcquiredAt); err != nil {
			return g, err
		}
	}
	key := []any{l.Key.Resource.Tenant, l.Key.Resource.ID, l.Key.Field, int64(collab.FencesPerEpoch)}
	if _, err := w.row(`INSERT INTO lock_fences (tenant, resource_id, field, fence) VALUES (?, ?, ?, 1 + ? * (`+documentEpoch+`))
		ON CONFLICT (tenant, resource_id, field) DO UPDATE SET fence = fence + 1 RETURNING fence`, key, &l.Fence); err != nil {
		return g, fmt.Errorf("issue fence: %w", err)
	}
	if err := w.exec("INSERT INTO locks ("+lockColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		l.ID, l.Key.Resource.Tenant, l.Key.Resource.ID, l.Key.Field, l.Fence, l.User, l.Name, l.Session, l.Instance,
		micros(l.AcquiredAt), micros(l.ExpiresAt), l.TTL.Microseconds(), flag(l.Explicit)); err != nil {
		return g, fmt.Errorf("insert lock: %w", err)
	}
	head, err := w.raiseGuard(l.Key.Resource)
	if err != nil {
		return g, err
	}
	return collab.LockGranted{Lock: l, Superseded: superseded, Head: head}, nil
}

// superseded returns the open records that a grant of l ends, or refuses l because of one that it may not end.
func (w *writer) superseded(l collab.Lock, displace collab.Displace) ([]collab.Lock, error) {
	rows, err := w.rows("SELECT "+lockColumns+` FROM locks WHERE tenant = ? AND resource_id = ? AND closed_at IS NULL
		ORDER BY field = ? DESC, field`, l.Key.Resource.Tenant, l.Key.Resource.ID, l.Key.Field)
	if err != nil {
		return nil, fmt.Errorf("read open locks: %w", err)
	}
	open, err := drain(rows, scanLock)
	if err != nil {
		return nil, fmt.Errorf("read open locks: %w", err)
	}
	ends, denied := displace.Judge(l, open)
	if denied != nil {
		return nil, refuse(denied)
	}
	return ends, nil
}

// CloseLock ends the grant of that fence, if it is still open, and keeps the audit rows. It reports false, and writes
// nothing, when somebody else has closed it (SPEC L5). The head is the resource's after its guard was raised, zero when it
// has no document.
func (db *DB) CloseLock(ctx context.Context, key collab.LockKey, fence int64, end collab.LockEnd, at time.Time, audit []collab.AuditRow) (collab.Head, bool, error) {
	var head collab.Head
	var closed bool
	err := db.do(ctx, auditBytes(audit)+2*rowOverhead, func(w *writer) (err error) {
		if closed, err = w.closeLock(key, fence, end, at); err != nil {
			return err
		}
		if !closed {
			head, _, err = w.head(key.Resource)
			return err
		}
		if head, err = w.raiseGuard(key.Resource); err != nil {
			return err
		}
		return w.audit(audit)
	})
	if err != nil {
		return collab.Head{}, false, fmt.Errorf("close lock on %v: %w", key.Resource, err)
	}
	return head, closed, nil
}

func (w *writer) closeLock(key collab.LockKey, fence int64, end collab.LockEnd, at time.Time) (bool, error) {
	n, err := w.changed(`UPDATE locks SET closed_at = ?, closed_reason = ?
		WHERE tenant = ? AND resource_id = ? AND field = ? AND fence = ? AND closed_at IS NULL`,
		micros(at), end, key.Resource.Tenant, key.Resource.ID, key.Field, fence)
	if err != nil {
		return false, fmt.Errorf("close lock: %w", err)
	}
	return n > 0, nil
}

// raiseGuard makes appends that were checked against the old locks stale (SPEC D2b).
func (w *writer) raiseGuard(r collab.Resource) (h collab.Head, err error) {
	_, err = w.row(`UPDATE yjs_heads SET guard = guard + 1 WHERE tenant = ? AND resource_id = ?
		RETURNING revision, guard, epoch`, []any{r.Tenant, r.ID}, &h.Revision, &h.Guard, &h.Epoch)
	if err != nil {
		return h, fmt.Errorf("raise guard: %w", err)
	}
	return h, nil
}

// ExtendLock moves the end of an open grant. It returns ErrLost when the grant of that fence is closed.
func (db *DB) ExtendLock(ctx context.Context, key collab.LockKey, fence int64, expires time.Time) error {
	err := db.do(ctx, rowOverhead, func(w *writer) error {
		n, err := w.changed(`UPDATE locks SET expires_at = ?
			WHERE tenant = ? AND resource_id = ? AND field = ? AND fence = ? AND closed_at IS NULL`,
			micros(expires), key.Resource.Tenant, key.Resource.ID, key.Field, fence)
		if err == nil && n == 0 {
			return refuse(collab.ErrLost)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("extend lock on %v: %w", key.Resource, err)
	}
	return nil
}

// OpenLocks returns the open records of a resource, by field.
func (db *DB) OpenLocks(ctx context.Context, r collab.Resource) ([]collab.Lock, error) {
	found, err := openLocks(ctx, db.readers, r)
	if err != nil {
		return nil, fmt.Errorf("read open locks of %v: %w", r, err)
	}
	return found, nil
}

func openLocks(ctx context.Context, q querier, r collab.Resource) ([]collab.Lock, error) {
	return collect(ctx, q, scanLock, "SELECT "+lockColumns+` FROM locks
		WHERE tenant = ? AND resource_id = ? AND closed_at IS NULL ORDER BY field`, r.Tenant, r.ID)
}

// LocksOf returns the open records of a session, by resource and field.
func (db *DB) LocksOf(ctx context.Context, tenant collab.Tenant, session collab.SessionID) ([]collab.Lock, error) {
	found, err := collect(ctx, db.readers, scanLock, "SELECT "+lockColumns+` FROM locks
		WHERE tenant = ? AND session_id = ? AND closed_at IS NULL ORDER BY resource_id, field`, tenant, session)
	if err != nil {
		return nil, fmt.Errorf("read locks of a session: %w", err)
	}
	return found, nil
}

// ExpiredLocks returns up to limit open records, of all tenants, that should have ended before a time, oldest first.
func (db *DB) ExpiredLocks(ctx context.Context, before time.Time, limit int) ([]collab.Lock, error) {
	found, err := collect(ctx, db.readers, scanLock, "SELECT "+lockColumns+` FROM locks
		WHERE closed_at IS NULL AND expires_at < ? ORDER BY expires_at LIMIT ?`, micros(before), limit)
	if err != nil {
		return nil, fmt.Errorf("read expired locks: %w", err)
	}
	return found, nil
}
