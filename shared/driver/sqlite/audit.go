package sqlite

import (
	"context"
	"fmt"

	"corsia/shared/collab"
)

// Record keeps audit rows of something that changed nothing else in the store. A row whose event id is kept already is
// left out, so that recording again after an unknown outcome doubles nothing.
func (db *DB) Record(ctx context.Context, rows ...collab.AuditRow) error {
	if len(rows) == 0 {
		return nil
	}
	if err := db.do(ctx, auditBytes(rows), func(w *writer) error { return w.audit(rows) }); err != nil {
		return fmt.Errorf("record audit events: %w", err)
	}
	return nil
}

// audit inserts the rows into audit_pending, in the transaction of the change that they describe (SPEC T3).
func (w *writer) audit(rows []collab.AuditRow) error {
	for i := range rows {
		r := &rows[i]
		n, err := w.changed(`INSERT INTO audit_pending
			(event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id) DO NOTHING`,
			r.EventID, r.Shard, r.Tenant, micros(r.RecordedAt), r.Type, r.Outcome, r.Actor, r.Resource, r.Session, r.Body)
		if err != nil {
			return fmt.Errorf("insert audit event %s: %w", r.EventID, err)
		}
		if n > 0 {
			w.audited = append(w.audited, *r)
		}
	}
	return nil
}

func auditBytes(rows []collab.AuditRow) int {
	n := 0
	for i := range rows {
		n += len(rows[i].Body) + rowOverhead
	}
	return n
}
