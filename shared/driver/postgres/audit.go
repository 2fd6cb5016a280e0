package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// insertAudit inserts any number of rows in their order, and names those that were not there before.
const insertAudit = `INSERT INTO audit_pending
	(event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body)
	SELECT event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body
	FROM unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[])
	AS a (event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body)
	ON CONFLICT (event_id) DO NOTHING RETURNING event_id`

// Record keeps audit rows of something that changed nothing else in the store. A row whose event id is kept already is
// left out, so that recording again after an unknown outcome doubles nothing.
func (db *DB) Record(ctx context.Context, rows ...collab.AuditRow) error {
	if len(rows) == 0 {
		return nil
	}
	err := db.do(ctx, auditBytes(rows), func(*wants) {}, func(c *change) error {
		c.audit = append(c.audit, rows...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("record audit events: %w", err)
	}
	return nil
}

// queueAudit queues the rows into audit_pending, in the transaction of the changes that they describe (SPEC T3).
func (c *change) queueAudit(b *pgx.Batch) {
	n := len(c.audit)
	if n == 0 {
		return
	}
	ids, shards, tenants, at := make([]string, n), make([]int16, n), make([]string, n), make([]time.Time, n)
	types, outcomes, actors := make([]string, n), make([]string, n), make([]string, n)
	resources, sessions, bodies := make([]string, n), make([]string, n), make([][]byte, n)
	for i := range c.audit {
		r := &c.audit[i]
		ids[i], shards[i], tenants[i], at[i] = r.EventID, int16(r.Shard), storable(r.Tenant), r.RecordedAt
		types[i], outcomes[i], actors[i] = r.Type, r.Outcome, storable(r.Actor)
		resources[i], sessions[i], bodies[i] = storable(r.Resource), string(r.Session), r.Body
		if r.Body == nil {
			bodies[i] = []byte{}
		}
	}
	b.Queue(insertAudit, ids, shards, tenants, at, types, outcomes, actors, resources, sessions, bodies).
		Query(func(rows pgx.Rows) error {
			inserted, err := collect(rows, pgx.RowTo[string])
			c.audited = chosen(c.audit, inserted)
			return err
		})
}

// chosen returns the first row of each id.
func chosen(rows []collab.AuditRow, ids []string) []collab.AuditRow {
	if len(ids) == len(rows) {
		return rows
	}
	want := make(map[string]bool, len(ids))
	for _, id := range ids {
		want[id] = true
	}
	var found []collab.AuditRow
	for _, r := range rows {
		if want[r.EventID] {
			want[r.EventID] = false
			found = append(found, r)
		}
	}
	return found
}

func auditBytes(rows []collab.AuditRow) int {
	n := 0
	for i := range rows {
		n += len(rows[i].Body) + rowOverhead
	}
	return n
}
