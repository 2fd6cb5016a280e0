package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// change is one transaction while its jobs are judged: what was read, and what will be written in the second round trip.
// Rows that come in numbers are gathered, so that one statement writes all of them; the others are written one by one, in
// the order of the jobs.
type change struct {
	*view
	statements []statement
	journal    journalRows
	audit      []collab.AuditRow // to insert
	audited    []collab.AuditRow // those that were not there before; set by the insertion
}

type statement struct {
	sql  string
	args []any
}

// exec adds a statement.
func (c *change) exec(sql string, args ...any) {
	c.statements = append(c.statements, statement{sql, args})
}

// empty reports whether there is nothing to write.
func (c *change) empty() bool {
	for _, h := range c.heads {
		if h.changed {
			return false
		}
	}
	return len(c.statements) == 0 && c.journal.count() == 0 && len(c.audit) == 0
}

// queue queues all that is written.
func (c *change) queue(b *pgx.Batch) {
	for _, s := range c.statements {
		b.Queue(s.sql, s.args...)
	}
	c.queueHeads(b)
	c.journal.queue(b)
	c.queueAudit(b)
}

const advanceHeads = `UPDATE yjs_heads h SET revision = w.revision, guard = w.guard, next_client = w.next_client,
	updated_at = coalesce(w.updated_at, h.updated_at)
	FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[])
	AS w (tenant, resource_id, revision, guard, next_client, updated_at)
	WHERE h.tenant = w.tenant AND h.resource_id = w.resource_id`

func (c *change) queueHeads(b *pgx.Batch) {
	var rs []collab.Resource
	var revisions, guards, nexts []int64
	var touched []*time.Time
	for r, h := range c.heads {
		if !h.changed {
			continue
		}
		rs = append(rs, r)
		revisions, guards, nexts = append(revisions, h.Revision), append(guards, h.Guard), append(nexts, h.next)
		if h.touched.IsZero() {
			touched = append(touched, nil)
		} else {
			touched = append(touched, &h.touched)
		}
	}
	if len(rs) == 0 {
		return
	}
	tenants, ids := columns(rs)
	b.Queue(advanceHeads, tenants, ids, revisions, guards, nexts, touched)
}
