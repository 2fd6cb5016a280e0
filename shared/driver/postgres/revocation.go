package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// Revoke keeps a revocation (SPEC A5) with its audit rows. Revoking the same again never shortens: the later time of
// revocation and the later end count.
func (db *DB) Revoke(ctx context.Context, r collab.Revocation, audit []collab.AuditRow) error {
	err := db.do(ctx, auditBytes(audit)+rowOverhead, func(*wants) {}, func(c *change) error {
		c.exec(`INSERT INTO revocations AS r (tenant, kind, value, revoked_at, until) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant, kind, value) DO UPDATE SET revoked_at = greatest(r.revoked_at, excluded.revoked_at),
			until = CASE WHEN r.until IS NULL OR excluded.until IS NULL THEN NULL ELSE greatest(r.until, excluded.until) END`,
			string(r.Tenant), string(r.Kind), storable(r.Value), r.RevokedAt, untilOrNull(r.Until))
		c.audit = append(c.audit, audit...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("revoke %s %q: %w", r.Kind, r.Value, err)
	}
	return nil
}

func untilOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Revocations returns those that are still in force, of all tenants, and after a restore that of everyone.
func (db *DB) Revocations(ctx context.Context) (found []collab.Revocation, err error) {
	scan := func(row pgx.CollectableRow) (r collab.Revocation, err error) {
		var until *time.Time
		err = row.Scan(&r.Tenant, &r.Kind, &r.Value, &r.RevokedAt, &until)
		r.RevokedAt = r.RevokedAt.UTC()
		if until != nil {
			r.Until = until.UTC()
		}
		return r, err
	}
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
		found, err = query(ctx, conn, scan, `SELECT tenant, kind, value, revoked_at, until FROM revocations
			WHERE until IS NULL OR until > $1
			UNION ALL (SELECT '', 'everyone', '', opened_at, NULL FROM audit_epochs WHERE epoch > 1 ORDER BY epoch DESC LIMIT 1)
			ORDER BY tenant, kind, value`, time.Now())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read revocations: %w", err)
	}
	return found, nil
}
