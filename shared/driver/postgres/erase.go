package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// selectErased reads the last erasure of a resource.
const selectErased = `SELECT epoch, erased_at FROM erasures WHERE tenant = $1 AND resource_id = $2 ORDER BY epoch DESC LIMIT 1`

// queueErased queues the query of a resource's last erasure.
func queueErased(b *pgx.Batch, r collab.Resource, into *collab.LastErasure) {
	b.Queue(selectErased, string(r.Tenant), string(r.ID)).QueryRow(func(row pgx.Row) error {
		err := orNone(row.Scan(&into.Epoch, &into.At))
		into.At = into.At.UTC()
		return err
	})
}

// Content counts what there is of a resource to erase.
func (b *Backup) Content(ctx context.Context, r collab.Resource) (c collab.Content, err error) {
	err = b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			c, err = content(ctx, tx, r, selectHeadRow)
			return err
		})
	})
	if err != nil {
		return collab.Content{}, fmt.Errorf("count content of %v: %w", r, err)
	}
	return c, nil
}

const (
	selectHeadRow = "SELECT revision, guard, epoch FROM yjs_heads WHERE tenant = $1 AND resource_id = $2"
	countContent  = `SELECT (SELECT count(*) FROM yjs_updates WHERE tenant = $1 AND resource_id = $2),
		(SELECT coalesce(min(revision), 0) FROM yjs_updates WHERE tenant = $1 AND resource_id = $2),
		(SELECT coalesce(max(revision), 0) FROM yjs_updates WHERE tenant = $1 AND resource_id = $2),
		EXISTS (SELECT FROM yjs_states WHERE tenant = $1 AND resource_id = $2 AND state <> $3),
		(SELECT count(*) FROM yjs_seeds WHERE tenant = $1 AND resource_id = $2),
		(SELECT count(*) FROM webhook_inbox WHERE tenant = $1 AND resource_id = $2 AND length(data) > 0),
		(SELECT count(*) FROM yjs_bases WHERE tenant = $1 AND resource_id = $2 AND state <> $3)`
)

// content counts in a transaction, which reads the head by a query: one that locks it, or not.
func content(ctx context.Context, tx pgx.Tx, r collab.Resource, head string) (c collab.Content, err error) {
	tenant, id := string(r.Tenant), string(r.ID)
	b := &pgx.Batch{}
	b.Queue(head, tenant, id).QueryRow(func(row pgx.Row) error {
		return orNone(row.Scan(&c.Head.Revision, &c.Head.Guard, &c.Head.Epoch))
	})
	b.Queue(countContent, tenant, id, emptyState).QueryRow(func(row pgx.Row) error {
		return row.Scan(&c.Updates, &c.From, &c.To, &c.Text, &c.Seeds, &c.Pushes, &c.Bases)
	})
	err = tx.SendBatch(ctx, b).Close()
	if c.Head.Revision == 0 { // somebody has locked it, no more
		c.Head = collab.Head{}
	}
	return c, err
}

// Erase takes the content of a resource out of the store, in one transaction that holds the resource's head: an append that
// waits for it meets another epoch. The role of the URL owns the tables: no other may delete from the journal.
func (b *Backup) Erase(ctx context.Context, e collab.Erasure) (done collab.Erased, err error) {
	err = b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			done, err = erase(ctx, tx, e)
			return err
		})
	})
	if err != nil {
		return collab.Erased{}, fmt.Errorf("erase %v: %w", e.Resource, err)
	}
	return done, nil
}

func erase(ctx context.Context, tx pgx.Tx, e collab.Erasure) (done collab.Erased, err error) {
	if err := lockBase(ctx, tx, e.Resource); err != nil {
		return done, fmt.Errorf("lock base: %w", err)
	}
	if done.Content, err = content(ctx, tx, e.Resource, selectHeadRow+" FOR UPDATE"); err != nil {
		return done, err
	}
	c := done.Content
	done.Head = c.Head
	if c.Empty() && len(e.Repeats) == 0 {
		return done, nil
	}
	if done.Covered, err = coverRest(ctx, tx, e); err != nil {
		return done, fmt.Errorf("cover journal: %w", err)
	}
	rows, err := tx.Query(ctx, `UPDATE locks SET closed_at = $3, closed_reason = $4 WHERE tenant = $1 AND resource_id = $2
		AND closed_at IS NULL RETURNING `+lockColumns, string(e.Resource.Tenant), string(e.Resource.ID), e.At, string(collab.LockReleased))
	if err != nil {
		return done, err
	}
	closed, err := collect(rows, scanLock)
	if err != nil {
		return done, fmt.Errorf("close locks: %w", err)
	}
	done.Locks = int64(len(closed))
	if c.Head.Revision > 0 {
		done.Head.Epoch, done.Head.Guard = c.Head.Epoch+e.Lives(), c.Head.Guard+1
	}
	b := &pgx.Batch{}
	queueErase(b, e, done.Head)
	if done.Head.Revision > 0 {
		queueBase(b, e, done.Head)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return done, err
	}
	audit, err := e.Audit(c, closed)
	if err != nil {
		return done, err
	}
	return done, record(ctx, tx, audit)
}

// queueErase queues what takes the content away, and begins the new life of the document at its revision.
func queueErase(b *pgx.Batch, e collab.Erasure, head collab.Head) {
	tenant, id := string(e.Resource.Tenant), string(e.Resource.ID)
	b.Queue("DELETE FROM yjs_updates WHERE tenant = $1 AND resource_id = $2", tenant, id)
	b.Queue("DELETE FROM yjs_seeds WHERE tenant = $1 AND resource_id = $2", tenant, id)
	b.Queue("UPDATE webhook_inbox SET data = '' WHERE tenant = $1 AND resource_id = $2 AND length(data) > 0", tenant, id)
	b.Queue("UPDATE locks SET name = '' WHERE tenant = $1 AND resource_id = $2 AND name <> ''", tenant, id)
	if len(e.Repeats) > 0 || head.Revision > 0 {
		b.Queue(`INSERT INTO erasures (tenant, resource_id, epoch, erased_at, erased_by, reason, repeats) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (tenant, resource_id, epoch) DO UPDATE SET repeats = concat_ws(',', nullif(erasures.repeats, ''), excluded.repeats)`,
			tenant, id, head.Epoch, e.At, storable(e.By), storable(e.Reason), strings.Join(e.Repeats, ","))
	}
	if head.Revision == 0 {
		return
	}
	b.Queue(`INSERT INTO yjs_states (tenant, resource_id, state, revision, updated_at, epoch) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant, resource_id) DO UPDATE SET state = excluded.state, revision = excluded.revision,
		updated_at = excluded.updated_at, epoch = excluded.epoch`, tenant, id, emptyState, head.Revision, e.At, head.Epoch)
	b.Queue("UPDATE yjs_clients SET retired = true WHERE tenant = $1 AND resource_id = $2 AND NOT retired", tenant, id)
	b.Queue("UPDATE yjs_heads SET epoch = $3, guard = $4, updated_at = $5 WHERE tenant = $1 AND resource_id = $2",
		tenant, id, head.Epoch, head.Guard, e.At)
}

// lockBase waits for who removes the first rows of the journal, and takes their place: they hold the base before the head. A
// base of revision 1 says what none says.
func lockBase(ctx context.Context, tx pgx.Tx, r collab.Resource) error {
	if _, err := tx.Exec(ctx, `INSERT INTO yjs_bases (tenant, resource_id, revision, state, last_at, made_at)
		SELECT tenant, resource_id, 1, $3, now(), now() FROM yjs_heads WHERE tenant = $1 AND resource_id = $2 AND revision > 0
		ON CONFLICT DO NOTHING`, string(r.Tenant), string(r.ID), emptyState); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "SELECT FROM yjs_bases WHERE tenant = $1 AND resource_id = $2 FOR UPDATE", string(r.Tenant), string(r.ID))
	return err
}

// queueBase queues what the journal begins with now: nothing, at the revision of the last row that was in it.
func queueBase(b *pgx.Batch, e collab.Erasure, head collab.Head) {
	b.Queue(`INSERT INTO yjs_bases (tenant, resource_id, revision, state, last_at, made_at) VALUES ($1, $2, $3, $4, $5, $5)
		ON CONFLICT (tenant, resource_id) DO UPDATE SET revision = excluded.revision, state = excluded.state, last_at = excluded.last_at,
		made_at = excluded.made_at`, string(e.Resource.Tenant), string(e.Resource.ID), head.Revision, emptyState, e.At)
}

// Repeated returns the events of a newer trail whose erasures were carried out again.
func (b *Backup) Repeated(ctx context.Context) (events []string, err error) {
	err = b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		lists, err := query(ctx, conn, pgx.RowTo[string], "SELECT repeats FROM erasures WHERE repeats <> ''")
		for _, list := range lists {
			events = append(events, strings.Split(list, ",")...)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read erasures: %w", err)
	}
	return events, nil
}

// coverRest covers what no event covers yet of the journal, whose head the transaction holds. It returns the number of rows.
func coverRest(ctx context.Context, tx pgx.Tx, e collab.Erasure) (n int64, err error) {
	of := []collab.Resource{e.Resource}
	tenants, ids := columns(of)
	if _, err := tx.Exec(ctx, makeCovers, tenants, ids); err != nil {
		return 0, err
	}
	after := make([]int64, 1)
	err = tx.QueryRow(ctx, "SELECT revision FROM audit_covers WHERE tenant = $1 AND resource_id = $2 FOR UPDATE", tenants[0], ids[0]).Scan(&after[0])
	if err != nil {
		return 0, err
	}
	for {
		lines, err := uncovered(ctx, tx.Conn(), of, after)
		if err != nil || len(lines[0]) == 0 {
			return n, err
		}
		if err := record(ctx, tx, e.Cover(lines[0])); err != nil {
			return n, err
		}
		n, after[0] = n+int64(len(lines[0])), lines[0][len(lines[0])-1].Revision
		if _, err := tx.Exec(ctx, raiseCovers, tenants, ids, after); err != nil {
			return n, err
		}
	}
}
