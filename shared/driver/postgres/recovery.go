package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// documentEpoch is the epoch of documents that are created now: a restore raises it with that of the audit trail, which
// begins with 1 (SPEC D8).
const documentEpoch = "SELECT coalesce(max(epoch), 1) - 1 FROM audit_epochs"

// DocumentEpoch returns the epoch that documents are in since the last restore; 0: there was none.
func (db *DB) DocumentEpoch(ctx context.Context) (epoch int64, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, documentEpoch).Scan(&epoch)
	})
	if err != nil {
		return 0, fmt.Errorf("read epoch of documents: %w", err)
	}
	return epoch, nil
}

// OpenRecovery opens a recovery with its audit rows, or opens it anew: the later opening counts (SPEC D8).
func (db *DB) OpenRecovery(ctx context.Context, r collab.Recovery, audit []collab.AuditRow) error {
	err := db.do(ctx, auditBytes(audit)+rowOverhead, func(*wants) {}, func(c *change) error {
		c.exec(`INSERT INTO recoveries (tenant, epoch, opened_at, until, opened_by, reason) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (tenant, epoch) DO UPDATE SET opened_at = excluded.opened_at, until = excluded.until,
			opened_by = excluded.opened_by, reason = excluded.reason`,
			string(r.Tenant), r.Epoch, r.OpenedAt, r.Until, string(r.By), storable(r.Reason))
		c.audit = append(c.audit, audit...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("open recovery of epoch %d: %w", r.Epoch, err)
	}
	return nil
}

// CloseRecoveries ends a tenant's open recoveries with their audit rows. Those of all tenants are closed by naming
// collab.AllTenants.
func (db *DB) CloseRecoveries(ctx context.Context, tenant collab.Tenant, at time.Time, audit []collab.AuditRow) error {
	err := db.do(ctx, auditBytes(audit)+rowOverhead, func(*wants) {}, func(c *change) error {
		c.exec("UPDATE recoveries SET until = $2 WHERE tenant = $1 AND until > $2", string(tenant), at)
		c.audit = append(c.audit, audit...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("close recoveries of %q: %w", tenant, err)
	}
	return nil
}

// Recoveries returns those that are open, of all tenants.
func (db *DB) Recoveries(ctx context.Context) (found []collab.Recovery, err error) {
	scan := func(row pgx.CollectableRow) (r collab.Recovery, err error) {
		err = row.Scan(&r.Tenant, &r.Epoch, &r.OpenedAt, &r.Until, &r.By, &r.Reason)
		r.OpenedAt, r.Until = r.OpenedAt.UTC(), r.Until.UTC()
		return r, err
	}
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
		found, err = query(ctx, conn, scan, `SELECT tenant, epoch, opened_at, until, opened_by, reason FROM recoveries
			WHERE until > $1 ORDER BY tenant, epoch`, time.Now())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read recoveries: %w", err)
	}
	return found, nil
}
