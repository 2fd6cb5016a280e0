package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

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
	c.queueHeads(b) // first: the others may move the rows
	for _, s := range c.statements {
		b.Queue(s.sql, s.args...)
	}
	c.journal.queue(b)
	c.queueAudit(b)
}

// advanceHeads finds the rows by their place: while somebody reads with an old snapshot, such as a backup, all versions of
// a head since then lie under its key.
const advanceHeads = `UPDATE yjs_heads h SET revision = w.revision, guard = w.guard, next_client = w.next_client,
	updated_at = coalesce(w.updated_at, h.updated_at)
	FROM unnest($1::tid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[])
	AS w (place, revision, guard, next_client, updated_at) WHERE h.ctid = w.place`

func (c *change) queueHeads(b *pgx.Batch) {
	var places []pgtype.TID
	var revisions, guards, nexts []int64
	var touched []*time.Time
	for _, h := range c.heads {
		if !h.changed {
			continue
		}
		places, revisions = append(places, h.place), append(revisions, h.Revision)
		guards, nexts = append(guards, h.Guard), append(nexts, h.next)
		if h.touched.IsZero() {
			touched = append(touched, nil)
		} else {
			touched = append(touched, &h.touched)
		}
	}
	if len(places) > 0 {
		b.Queue(advanceHeads, places, revisions, guards, nexts, touched)
	}
}
