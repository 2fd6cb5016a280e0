package postgres

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

const (
	coverResources = 64   // of one transaction
	coverRows      = 2048 // of one resource in it
	lookAgain      = 25 * time.Second
)

const (
	makeCovers = `INSERT INTO audit_covers (tenant, resource_id, revision)
		SELECT tenant, resource_id, 1 FROM unnest($1::text[], $2::text[]) AS w (tenant, resource_id)
		WHERE NOT EXISTS (SELECT FROM audit_covers c WHERE c.tenant = w.tenant AND c.resource_id = w.resource_id)
		ORDER BY tenant, resource_id ON CONFLICT DO NOTHING`
	// lockCovers leaves out those that another instance is covering.
	lockCovers = `SELECT w.n, c.revision FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (tenant, resource_id, n),
		LATERAL (SELECT c.revision FROM audit_covers c
			WHERE c.tenant = w.tenant AND c.resource_id = w.resource_id FOR UPDATE SKIP LOCKED) c`
	// readUncovered leaves out what is beyond the head: nobody has appended it.
	readUncovered = `SELECT w.n, e.* FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS w (tenant, resource_id, after, n),
		LATERAL (SELECT u.revision, u.user_id, u.session_id, u.client_ids, u.fields, u.created_at, pg_catalog.sha256(u."update")
			FROM yjs_updates u WHERE u.tenant = w.tenant AND u.resource_id = w.resource_id AND u.revision > w.after
			AND u.revision <= (SELECT h.revision FROM yjs_heads h WHERE h.tenant = w.tenant AND h.resource_id = w.resource_id)
			ORDER BY u.revision LIMIT $4) e`
	raiseCovers = `UPDATE audit_covers c SET revision = w.revision FROM unnest($1::text[], $2::text[], $3::bigint[])
		AS w (tenant, resource_id, revision) WHERE c.tenant = w.tenant AND c.resource_id = w.resource_id`
	findUncovered = `SELECT h.tenant, h.resource_id FROM yjs_heads h LEFT JOIN audit_covers c USING (tenant, resource_id)
		WHERE h.revision > coalesce(c.revision, 1) LIMIT $1`
	takeTurn = "UPDATE audit_looked SET at = now() WHERE $1 OR at < now() - $2::interval"
)

// CoverJournal records what describe says of rows of the journal that are not covered yet, of some resources that this
// instance has noted before a time, and raises in the same transaction what is covered of them. Describe is called for each
// resource that no other instance is covering.
func (db *DB) CoverJournal(ctx context.Context, before time.Time, describe func([]collab.JournalLine, bool) ([]collab.AuditRow, int)) (more bool, err error) {
	rs, more := db.noted.take(before, coverResources)
	doubted := db.noted.doubted()
	if len(rs) == 0 && len(doubted) == 0 {
		return false, nil
	}
	slices.SortFunc(rs, func(a, b collab.Resource) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
	})
	now := time.Now()
	c := covering{doubted: doubted}
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		db.noted.doubt(c.rows) // of an attempt before this one
		c = covering{describe: describe, doubted: c.doubted, audited: c.audited, held: map[collab.Resource]time.Time{}}
		return c.run(ctx, conn, rs)
	})
	if len(c.audited) > 0 {
		db.committer.options.OnAudit(c.audited)
	}
	if err != nil {
		db.noted.doubt(append(c.doubted, c.rows...))
		db.noted.add(now, rs...)
		return false, fmt.Errorf("cover %d journals: %w", len(rs), err)
	}
	db.noted.add(now, c.busy...)
	db.noted.add(time.Time{}, c.cut...)
	for r, since := range c.held {
		db.noted.add(since, r)
	}
	return more || len(c.cut) > 0, nil
}

// FindUncovered notes resources of which not all is covered, unless another instance has just done so and this one need not.
// It reports whether there may be more.
func (db *DB) FindUncovered(ctx context.Context, must bool) (more bool, err error) {
	room := db.noted.room()
	var found []collab.Resource
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		tag, err := conn.Exec(ctx, takeTurn, must, lookAgain)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		found, err = query(ctx, conn, func(row pgx.CollectableRow) (r collab.Resource, err error) {
			err = row.Scan(&r.Tenant, &r.ID)
			return r, err
		}, findUncovered, room)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("find uncovered journals: %w", err)
	}
	db.noted.add(time.Time{}, found...)
	return len(found) == room, nil
}

// covering is one transaction.
type covering struct {
	describe func([]collab.JournalLine, bool) ([]collab.AuditRow, int)
	doubted  []collab.AuditRow // that may be recorded, until that is known

	rows    []collab.AuditRow             // to insert; after an error, whose commit has an unknown outcome
	audited []collab.AuditRow             // those that are recorded, of doubted too
	busy    []collab.Resource             // that another instance covers
	cut     []collab.Resource             // with rows that were not read
	held    map[collab.Resource]time.Time // with rows that wait, since when
}

func (c *covering) run(ctx context.Context, conn *pgx.Conn, rs []collab.Resource) error {
	if err := c.resolve(ctx, conn); err != nil || len(rs) == 0 {
		return err
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit there is nothing to undo
	free, after, err := c.lock(ctx, conn, rs)
	if err != nil {
		return err
	}
	lines, err := uncovered(ctx, conn, free, after)
	if err != nil {
		return err
	}
	var covered []collab.Resource
	var upTo []int64
	for i, r := range free {
		if len(lines[i]) == 0 {
			continue
		}
		full := len(lines[i]) == coverRows
		rows, n := c.describe(lines[i], full)
		switch {
		case full:
			c.cut = append(c.cut, r)
		case n < len(lines[i]):
			c.held[r] = lines[i][n].At
			if now := time.Now(); now.Before(c.held[r]) { // by another's clock
				c.held[r] = now
			}
		}
		if n > 0 {
			c.rows, covered, upTo = append(c.rows, rows...), append(covered, r), append(upTo, lines[i][n-1].Revision)
		}
	}
	if len(covered) == 0 {
		return tx.Commit(ctx) // of rows that were made
	}
	return c.commit(ctx, tx, covered, upTo)
}

// resolve finds out which rows of a transaction of unknown outcome were recorded.
func (c *covering) resolve(ctx context.Context, conn *pgx.Conn) error {
	if len(c.doubted) == 0 {
		return nil
	}
	ids := make([]string, len(c.doubted))
	for i := range c.doubted {
		ids[i] = c.doubted[i].EventID
	}
	found, err := query(ctx, conn, pgx.RowTo[string], `SELECT event_id FROM audit_pending WHERE event_id = ANY ($1)
		UNION SELECT event_id FROM audit_log WHERE event_id = ANY ($1)`, ids)
	if err == nil {
		c.audited, c.doubted = append(c.audited, chosen(c.doubted, found)...), nil
	}
	return err
}

// lock returns those of rs that no other instance is covering, and up to where each is covered.
func (c *covering) lock(ctx context.Context, conn *pgx.Conn, rs []collab.Resource) (free []collab.Resource, after []int64, err error) {
	tenants, ids := columns(rs)
	locked := make([]int64, len(rs))
	b := &pgx.Batch{}
	b.Queue(makeCovers, tenants, ids)
	b.Queue(lockCovers, tenants, ids).Query(func(rows pgx.Rows) error {
		var n, revision int64
		_, err := pgx.ForEachRow(rows, []any{&n, &revision}, func() error {
			locked[n-1] = revision
			return nil
		})
		return err
	})
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return nil, nil, err
	}
	for i, r := range rs {
		if locked[i] == 0 {
			c.busy = append(c.busy, r)
			continue
		}
		free, after = append(free, r), append(after, locked[i])
	}
	return free, after, nil
}

// uncovered reads up to coverRows rows of each journal after a revision.
func uncovered(ctx context.Context, conn *pgx.Conn, rs []collab.Resource, after []int64) ([][]collab.JournalLine, error) {
	all := make([][]collab.JournalLine, len(rs))
	tenants, ids := columns(rs)
	rows, err := conn.Query(ctx, readUncovered, tenants, ids, after, coverRows)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		var clients []int64
		var fields []string
		var sum []byte
		l := collab.JournalLine{}
		if err := rows.Scan(&n, &l.Revision, &l.User, &l.Session, &clients, &fields, &l.At, &sum); err != nil {
			return nil, err
		}
		l.Resource, l.Clients, l.Fields, l.At = rs[n-1], clientIDs(clients), fieldIDs(fields), l.At.UTC()
		copy(l.Sum[:], sum)
		all[n-1] = append(all[n-1], l)
	}
	for _, lines := range all {
		slices.SortFunc(lines, func(a, b collab.JournalLine) int { return cmp.Compare(a.Revision, b.Revision) }) // as they come
	}
	return all, rows.Err()
}

// commit writes and commits. After an error of the commit itself nobody knows whether it did: then rows are left. What failed
// before is undone, so that a store that refuses for long gathers none.
func (c *covering) commit(ctx context.Context, tx pgx.Tx, covered []collab.Resource, upTo []int64) error {
	ch := &change{audit: c.rows}
	tenants, ids := columns(covered)
	b := &pgx.Batch{}
	ch.queueAudit(b)
	b.Queue(raiseCovers, tenants, ids, upTo)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		c.rows = nil
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	c.rows, c.audited = nil, append(c.audited, ch.audited...)
	return nil
}

// errAgain ends a reading that would give rows a second time.
var errAgain = errors.New("the connection was lost")

// JournalLines calls each with the rows of the spans, in the order of the spans and of their revisions.
func (t *Trail) JournalLines(ctx context.Context, spans []collab.JournalSpan, each func(at int, line *collab.JournalLine) error) error {
	if len(spans) == 0 {
		return nil
	}
	given := false
	err := t.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		if given {
			return errAgain
		}
		b := &pgx.Batch{}
		for i, s := range spans {
			b.Queue("SELECT "+entryColumns+` FROM yjs_updates WHERE tenant = $1 AND resource_id = $2 AND revision BETWEEN $3 AND $4
				ORDER BY revision`, string(s.Resource.Tenant), string(s.Resource.ID), s.From, s.To).Query(func(rows pgx.Rows) error {
				defer rows.Close()
				for rows.Next() {
					e, err := scanEntry(rows)
					if err != nil {
						return err
					}
					given = true
					line := collab.JournalLine{Resource: s.Resource, Revision: e.Revision, User: e.User, Session: e.Session, Clients: e.Clients,
						Fields: e.Fields, At: e.At, Sum: sha256.Sum256(e.Update)}
					if err := each(i, &line); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		}
		return conn.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	return nil
}

// journalEnds finds the journals one after the other by their key, those without a head too.
const journalEnds = `WITH RECURSIVE j AS (
		(SELECT tenant, resource_id FROM yjs_updates WHERE (tenant, resource_id) > ($1, $2) ORDER BY tenant, resource_id LIMIT 1)
		UNION ALL
		SELECT n.tenant, n.resource_id FROM j, LATERAL (SELECT u.tenant, u.resource_id FROM yjs_updates u
			WHERE (u.tenant, u.resource_id) > (j.tenant, j.resource_id) ORDER BY u.tenant, u.resource_id LIMIT 1) n
	), k AS (
		(SELECT tenant, resource_id FROM j LIMIT $3)
		UNION
		(SELECT tenant, resource_id FROM yjs_heads WHERE (tenant, resource_id) > ($1, $2) AND revision > 0 ORDER BY tenant, resource_id LIMIT $3)
	)
	SELECT k.tenant, k.resource_id, coalesce(h.revision, 0),
		coalesce((SELECT min(u.revision) FROM yjs_updates u WHERE u.tenant = k.tenant AND u.resource_id = k.resource_id AND u.revision < 2),
			(SELECT min(u.revision) FROM yjs_updates u WHERE u.tenant = k.tenant AND u.resource_id = k.resource_id AND u.revision > coalesce(h.revision, 0)))
	FROM (SELECT * FROM k ORDER BY tenant, resource_id LIMIT $3) k LEFT JOIN yjs_heads h USING (tenant, resource_id) ORDER BY 1, 2`

// JournalEnds returns the ends of up to limit journals after a resource, in the order of tenants and resources.
func (t *Trail) JournalEnds(ctx context.Context, after collab.Resource, limit int) (ends []collab.JournalEnd, err error) {
	err = t.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		ends, err = query(ctx, conn, func(row pgx.CollectableRow) (e collab.JournalEnd, err error) {
			err = row.Scan(&e.Resource.Tenant, &e.Resource.ID, &e.Revision, &e.Stray)
			return e, err
		}, journalEnds, string(after.Tenant), string(after.ID), limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read ends of journals: %w", err)
	}
	return ends, nil
}
