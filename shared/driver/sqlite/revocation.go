package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"corsia/shared/collab"
)

// Revoke keeps a revocation (SPEC A5) with its audit rows. Revoking the same again never shortens: the later time of
// revocation and the later end count.
func (db *DB) Revoke(ctx context.Context, r collab.Revocation, audit []collab.AuditRow) error {
	err := db.do(ctx, auditBytes(audit)+rowOverhead, func(w *writer) error {
		err := w.exec(`INSERT INTO revocations (tenant, kind, value, revoked_at, until) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (tenant, kind, value) DO UPDATE
			SET revoked_at = max(revoked_at, excluded.revoked_at), until = max(until, excluded.until)`, // max with NULL is NULL
			r.Tenant, r.Kind, r.Value, micros(r.RevokedAt), untilMicros(r.Until))
		if err != nil {
			return err
		}
		return w.audit(audit)
	})
	if err != nil {
		return fmt.Errorf("revoke %s %q: %w", r.Kind, r.Value, err)
	}
	return nil
}

func untilMicros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return micros(t)
}

// Revocations returns those that are still in force, of all tenants, and after a restore that of everyone.
func (db *DB) Revocations(ctx context.Context) ([]collab.Revocation, error) {
	scan := func(s scanner) (r collab.Revocation, err error) {
		var at int64
		var until sql.NullInt64
		err = s.Scan(&r.Tenant, &r.Kind, &r.Value, &at, &until)
		r.RevokedAt = fromMicros(at)
		if until.Valid {
			r.Until = fromMicros(until.Int64)
		}
		return r, err
	}
	found, err := collect(ctx, db.readers, scan, `SELECT tenant, kind, value, revoked_at, until FROM revocations
		WHERE until IS NULL OR until > ?
		UNION ALL SELECT '', 'everyone', '', opened_at, NULL FROM audit_epochs
			WHERE epoch > 1 AND epoch = (SELECT max(epoch) FROM audit_epochs)
		ORDER BY tenant, kind, value`, micros(time.Now()))
	if err != nil {
		return nil, fmt.Errorf("read revocations: %w", err)
	}
	return found, nil
}
