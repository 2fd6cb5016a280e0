package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// OpenLock opens the record of a grant and issues its fence (SPEC L1); the lock is effective once it returns. Open records
// of other sessions that overlap deny it with a *collab.HeldError around ErrHeld (same key) or ErrOverlaps (another key).
// What displace says is closed instead, as is one of the same key and session always. audit makes the rows of the grant and of what it ended; it may be called more than once.
func (db *DB) OpenLock(ctx context.Context, l collab.Lock, displace collab.Displace, audit func(collab.LockGranted) []collab.AuditRow) (collab.LockGranted, error) {
	var granted collab.LockGranted
	err := db.do(ctx, 4*rowOverhead, func(w *wants) {
		w.head(l.Key.Resource, true) // without a document, too: of two that overlap the second must wait for the first
		w.locks[l.Key.Resource] = true
		w.fences[l.Key] = true
	}, func(c *change) (err error) {
		if granted, err = c.openLock(l, displace); err != nil {
			return err
		}
		if audit != nil {
			c.audit = append(c.audit, audit(granted)...)
		}
		return nil
	})
	if err != nil {
		return collab.LockGranted{}, fmt.Errorf("open lock on %v: %w", l.Key.Resource, err)
	}
	return granted, nil
}

func (c *change) openLock(l collab.Lock, displace collab.Displace) (collab.LockGranted, error) {
	superseded, denied := displace.Judge(l, c.locks[l.Key.Resource])
	if denied != nil {
		return collab.LockGranted{}, refuse(denied)
	}
	for _, old := range superseded {
		c.closeLock(old, displace.Reason(), l.AcquiredAt)
	}
	r := l.Key.Resource
	l.Fence = c.fences[l.Key] + 1
	c.fences[l.Key] = l.Fence
	c.exec(`INSERT INTO lock_fences (tenant, resource_id, field, fence) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant, resource_id, field) DO UPDATE SET fence = excluded.fence`,
		string(r.Tenant), string(r.ID), string(l.Key.Field), l.Fence)
	l.Name = storable(l.Name)
	c.exec("INSERT INTO locks ("+lockColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
		string(l.ID), string(r.Tenant), string(r.ID), string(l.Key.Field), l.Fence, string(l.User), l.Name,
		string(l.Session), string(l.Instance), l.AcquiredAt, l.ExpiresAt, l.TTL.Microseconds(), l.Explicit)
	c.locks[r] = append(c.locks[r], l)
	return collab.LockGranted{Lock: l, Superseded: superseded, Head: c.raiseGuard(r)}, nil
}

// CloseLock ends the grant of that fence, if it is still open, and keeps the audit rows. It reports false, and writes
// nothing, when somebody else has closed it (SPEC L5). The head is the resource's after its guard was raised, zero when it
// has no document.
func (db *DB) CloseLock(ctx context.Context, key collab.LockKey, fence int64, end collab.LockEnd, at time.Time, audit []collab.AuditRow) (collab.Head, bool, error) {
	var head collab.Head
	var closed bool
	err := db.do(ctx, auditBytes(audit)+2*rowOverhead, func(w *wants) {
		w.head(key.Resource, false)
		w.locks[key.Resource] = true
	}, func(c *change) error {
		var l collab.Lock
		if l, closed = c.openRecord(key, fence); !closed {
			head = c.current(key.Resource)
			return nil
		}
		c.closeLock(l, end, at)
		head = c.raiseGuard(key.Resource)
		c.audit = append(c.audit, audit...)
		return nil
	})
	if err != nil {
		return collab.Head{}, false, fmt.Errorf("close lock on %v: %w", key.Resource, err)
	}
	return head, closed, nil
}

// openRecord returns the open record of a grant and whether there is one.
func (c *change) openRecord(key collab.LockKey, fence int64) (collab.Lock, bool) {
	for _, l := range c.locks[key.Resource] {
		if l.Key == key && l.Fence == fence {
			return l, true
		}
	}
	return collab.Lock{}, false
}

// closeLock closes a record. A person's name is in it for those who meet the lock, and not for longer.
func (c *change) closeLock(l collab.Lock, end collab.LockEnd, at time.Time) {
	r := l.Key.Resource
	c.exec(`UPDATE locks SET closed_at = $5, closed_reason = $6, name = ''
		WHERE tenant = $1 AND resource_id = $2 AND field = $3 AND fence = $4 AND closed_at IS NULL`,
		string(r.Tenant), string(r.ID), string(l.Key.Field), l.Fence, at, string(end))
	c.locks[r] = slices.DeleteFunc(slices.Clone(c.locks[r]), func(other collab.Lock) bool { return other.ID == l.ID })
}

// raiseGuard makes appends that were checked against the old locks stale (SPEC D2b).
func (c *change) raiseGuard(r collab.Resource) collab.Head {
	if h := c.heads[r]; h != nil {
		h.Guard++
		h.changed = true
	}
	return c.current(r)
}

// ExtendLock moves the end of an open grant. It returns ErrLost when the grant of that fence is closed.
func (db *DB) ExtendLock(ctx context.Context, key collab.LockKey, fence int64, expires time.Time) error {
	err := db.do(ctx, rowOverhead, func(w *wants) {
		w.head(key.Resource, false)
		w.locks[key.Resource] = true
	}, func(c *change) error {
		if _, open := c.openRecord(key, fence); !open {
			return refuse(collab.ErrLost)
		}
		c.exec(`UPDATE locks SET expires_at = $5
			WHERE tenant = $1 AND resource_id = $2 AND field = $3 AND fence = $4 AND closed_at IS NULL`,
			string(key.Resource.Tenant), string(key.Resource.ID), string(key.Field), fence, expires)
		return nil
	})
	if err != nil {
		return fmt.Errorf("extend lock on %v: %w", key.Resource, err)
	}
	return nil
}

const selectOpenLocks = "SELECT " + lockColumns + ` FROM locks
	WHERE tenant = $1 AND resource_id = $2 AND closed_at IS NULL ORDER BY field`

// OpenLocks returns the open records of a resource, by field.
func (db *DB) OpenLocks(ctx context.Context, r collab.Resource) (found []collab.Lock, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
		found, err = query(ctx, conn, scanLock, selectOpenLocks, string(r.Tenant), string(r.ID))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read open locks of %v: %w", r, err)
	}
	return found, nil
}

// LocksOf returns the open records of a session, by resource and field.
func (db *DB) LocksOf(ctx context.Context, tenant collab.Tenant, session collab.SessionID) (found []collab.Lock, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
		found, err = query(ctx, conn, scanLock, "SELECT "+lockColumns+` FROM locks
			WHERE tenant = $1 AND session_id = $2 AND closed_at IS NULL ORDER BY resource_id, field`, string(tenant), string(session))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read locks of a session: %w", err)
	}
	return found, nil
}

// ExpiredLocks returns up to limit open records, of all tenants, that should have ended before a time, oldest first.
func (db *DB) ExpiredLocks(ctx context.Context, before time.Time, limit int) (found []collab.Lock, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
		found, err = query(ctx, conn, scanLock, "SELECT "+lockColumns+` FROM locks
			WHERE closed_at IS NULL AND expires_at < $1 ORDER BY expires_at LIMIT $2`, before, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read expired locks: %w", err)
	}
	return found, nil
}
