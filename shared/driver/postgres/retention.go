package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"corsia/shared/collab"
)

const (
	takeJournalTurn = "UPDATE journal_looked SET at = now() WHERE at < now() - $1::interval"

	// lookAged looks at heads, one after the other, and at the first row of each journal.
	lookAged = `SELECT h.tenant, h.resource_id, coalesce(f.created_at < $4, false) FROM
		(SELECT tenant, resource_id FROM yjs_heads WHERE (tenant, resource_id) > ($1, $2) ORDER BY tenant, resource_id LIMIT $3) h
		LEFT JOIN LATERAL (SELECT u.created_at FROM yjs_updates u WHERE u.tenant = h.tenant AND u.resource_id = h.resource_id
			ORDER BY u.revision LIMIT 1) f ON true ORDER BY 1, 2`

	selectSettled = `SELECT h.epoch, least(s.revision, c.revision) FROM yjs_heads h JOIN yjs_states s USING (tenant, resource_id)
		JOIN audit_covers c USING (tenant, resource_id) WHERE h.tenant = $1 AND h.resource_id = $2 AND h.epoch = s.epoch`
	selectBase  = "SELECT revision, state FROM yjs_bases WHERE tenant = $1 AND resource_id = $2"
	selectMarks = `SELECT revision, created_at, octet_length("update") FROM yjs_updates WHERE tenant = $1 AND resource_id = $2
		ORDER BY revision LIMIT $3`
	earliestAfter = `SELECT min(created_at) FROM yjs_updates WHERE tenant = $1 AND resource_id = $2 AND revision >
		(SELECT max(revision) FROM (SELECT revision FROM yjs_updates WHERE tenant = $1 AND resource_id = $2 ORDER BY revision LIMIT $3) f)`

	removeJournal = "SELECT remove_journal($1, $2, $3, $4, $5, $6, $7)"
	// briefly bounds how long a removal waits for a row that another transaction holds. It is less than deadlock_timeout: of two
	// that wait for each other it is the removal that gives way.
	briefly = "SELECT set_config('lock_timeout', '400ms', true)"
)

// TakeTurn takes the turn to look at all journals, and reports false when an instance has taken it less than a time ago.
func (db *DB) TakeTurn(ctx context.Context, every time.Duration) (taken bool, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		tag, err := conn.Exec(ctx, takeJournalTurn, every)
		taken = tag.RowsAffected() > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take the turn to look at journals: %w", err)
	}
	return taken, nil
}

// AgedJournals looks at up to limit documents after one, in the order of tenants and resources, and returns those whose journal
// begins with a row that is from before a time. Last is the last one that it looked at; zero: there are no more.
func (db *DB) AgedJournals(ctx context.Context, before time.Time, after collab.Resource, limit int) (aged []collab.Resource, last collab.Resource, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		aged, last = nil, collab.Resource{}
		rows, err := conn.Query(ctx, lookAged, string(after.Tenant), string(after.ID), limit, before)
		if err != nil {
			return err
		}
		n := 0
		var r collab.Resource
		var old bool
		_, err = pgx.ForEachRow(rows, []any{&r.Tenant, &r.ID, &old}, func() error {
			if n++; old {
				aged = append(aged, r)
			}
			return nil
		})
		if n == limit {
			last = r
		}
		return err
	})
	if err != nil {
		return nil, collab.Resource{}, fmt.Errorf("look for aged journals: %w", err)
	}
	return aged, last, nil
}

// JournalPrefix reads the first rows of a journal, up to limit, and what is known of them, in one consistent read.
func (db *DB) JournalPrefix(ctx context.Context, r collab.Resource, limit int) (p collab.JournalPrefix, err error) {
	tenant, id := string(r.Tenant), string(r.ID)
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		p = collab.JournalPrefix{Revision: 1}
		var later *time.Time
		b := &pgx.Batch{}
		b.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
		b.Queue(selectSettled, tenant, id).QueryRow(func(row pgx.Row) error { return orNone(row.Scan(&p.Epoch, &p.Settled)) })
		b.Queue(selectBase, tenant, id).QueryRow(func(row pgx.Row) error { return orNone(row.Scan(&p.Revision, &p.Base)) })
		queueList(b, &p.Rows, func(row pgx.CollectableRow) (m collab.JournalMark, err error) {
			err = row.Scan(&m.Revision, &m.At, &m.Bytes)
			m.At = m.At.UTC()
			return m, err
		}, selectMarks, tenant, id, limit)
		b.Queue(earliestAfter, tenant, id, limit).QueryRow(func(row pgx.Row) error { return row.Scan(&later) })
		b.Queue("COMMIT")
		if err := conn.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		if later != nil {
			p.Later = later.UTC()
		}
		return nil
	})
	if err != nil {
		return collab.JournalPrefix{}, fmt.Errorf("read the beginning of the journal of %v: %w", r, err)
	}
	return p, nil
}

// RemoveJournal removes the first rows of a journal, keeps what they amount to and records it, in one transaction. It returns
// how many it removed: 0 when somebody else has, or when the resource began a new life. What refuses is the function
// remove_journal of the schema: the gateway's role may not delete from a journal. ErrHeld says that somebody else holds the
// resource for longer than a removal waits.
func (db *DB) RemoveJournal(ctx context.Context, removal collab.JournalRemoval) (removed int64, err error) {
	rows := []collab.AuditRow{removal.Audit}
	base := removal.Base
	if base == nil {
		base = []byte{}
	}
	unknown := false // of an attempt before this one, too
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		removed = 0
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit there is nothing to undo
		b := &pgx.Batch{}
		b.Queue(briefly)
		(&change{audit: rows}).queueAudit(b)
		b.Queue(removeJournal, string(removal.Resource.Tenant), string(removal.Resource.ID), removal.Epoch, removal.From, removal.To, base, removal.Audit.EventID).
			QueryRow(func(row pgx.Row) error { return row.Scan(&removed) })
		if err := tx.SendBatch(ctx, b).Close(); err != nil || removed == 0 {
			return err
		}
		err = tx.Commit(ctx)
		unknown = err != nil
		return err
	})
	if unknown { // the commit may have been made: the coverer finds out, and writes the line of the log
		db.noted.doubt(rows)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == lockNotAvailable {
		err = collab.ErrHeld
	}
	if err != nil {
		return 0, fmt.Errorf("remove the beginning of the journal of %v: %w", removal.Resource, err)
	}
	if removed > 0 {
		db.committer.options.OnAudit(rows)
	}
	return removed, nil
}

const lockNotAvailable = "55P03"
