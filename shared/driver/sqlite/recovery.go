package sqlite

import (
	"context"
	"fmt"
	"time"

	"corsia/shared/collab"
)

// documentEpoch is the epoch of documents that are created now: a restore raises it with that of the audit trail, which
// begins with 1 (SPEC D8).
const documentEpoch = "SELECT ifnull(max(epoch), 1) - 1 AS epoch FROM audit_epochs"

// DocumentEpoch returns the epoch that documents are in since the last restore; 0: there was none.
func (t *Trail) DocumentEpoch(ctx context.Context) (epoch int64, err error) {
	if err = t.readers.QueryRowContext(ctx, documentEpoch).Scan(&epoch); err != nil {
		return 0, fmt.Errorf("read epoch of documents: %w", err)
	}
	return epoch, nil
}

// OpenRecovery opens a recovery with its audit rows, or opens it anew: the later opening counts (SPEC D8).
func (db *DB) OpenRecovery(ctx context.Context, r collab.Recovery, audit []collab.AuditRow) error {
	return openedRecovery(r, db.do(ctx, auditBytes(audit)+rowOverhead, func(w *writer) error { return w.openRecovery(r, audit) }))
}

// OpenRecovery does so beside a gateway, which waits for it.
func (b *Backup) OpenRecovery(ctx context.Context, r collab.Recovery, audit []collab.AuditRow) error {
	return openedRecovery(r, b.change(ctx, func(w *writer) error { return w.openRecovery(r, audit) }))
}

func openedRecovery(r collab.Recovery, err error) error {
	if err != nil {
		return fmt.Errorf("open recovery of epoch %d: %w", r.Epoch, err)
	}
	return nil
}

func (w *writer) openRecovery(r collab.Recovery, audit []collab.AuditRow) error {
	err := w.exec(`INSERT INTO recoveries (tenant, epoch, opened_at, until, opened_by, reason) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, epoch) DO UPDATE SET opened_at = excluded.opened_at, until = excluded.until,
		opened_by = excluded.opened_by, reason = excluded.reason`,
		r.Tenant, r.Epoch, micros(r.OpenedAt), micros(r.Until), r.By, r.Reason)
	if err != nil {
		return err
	}
	return w.audit(audit)
}

// CloseRecoveries ends a tenant's open recoveries with their audit rows. Those of all tenants are closed by naming
// collab.AllTenants.
func (db *DB) CloseRecoveries(ctx context.Context, tenant collab.Tenant, at time.Time, audit []collab.AuditRow) error {
	return closedRecoveries(tenant, db.do(ctx, auditBytes(audit)+rowOverhead, func(w *writer) error { return w.closeRecoveries(tenant, at, audit) }))
}

// CloseRecoveries does so beside a gateway, which waits for it.
func (b *Backup) CloseRecoveries(ctx context.Context, tenant collab.Tenant, at time.Time, audit []collab.AuditRow) error {
	return closedRecoveries(tenant, b.change(ctx, func(w *writer) error { return w.closeRecoveries(tenant, at, audit) }))
}

func closedRecoveries(tenant collab.Tenant, err error) error {
	if err != nil {
		return fmt.Errorf("close recoveries of %q: %w", tenant, err)
	}
	return nil
}

func (w *writer) closeRecoveries(tenant collab.Tenant, at time.Time, audit []collab.AuditRow) error {
	if err := w.exec("UPDATE recoveries SET until = ? WHERE tenant = ? AND until > ?", micros(at), tenant, micros(at)); err != nil {
		return err
	}
	return w.audit(audit)
}

// Recoveries returns those that are open, of all tenants.
func (t *Trail) Recoveries(ctx context.Context) ([]collab.Recovery, error) {
	scan := func(s scanner) (r collab.Recovery, err error) {
		var opened, until int64
		err = s.Scan(&r.Tenant, &r.Epoch, &opened, &until, &r.By, &r.Reason)
		r.OpenedAt, r.Until = fromMicros(opened), fromMicros(until)
		return r, err
	}
	found, err := collect(ctx, t.readers, scan, `SELECT tenant, epoch, opened_at, until, opened_by, reason FROM recoveries
		WHERE until > ? ORDER BY tenant, epoch`, micros(time.Now()))
	if err != nil {
		return nil, fmt.Errorf("read recoveries: %w", err)
	}
	return found, nil
}
