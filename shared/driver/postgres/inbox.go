package postgres

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"corsia/shared/collab"
)

// Advisory locks of the inbox. Who inserts rows holds inboxOrder until its commit, so that positions become visible in
// their order: who has read up to one has missed none before it.
const (
	lockMessage = "SELECT pg_try_advisory_xact_lock(hashtextextended($1 || chr(10) || $2, 7011))"
	inboxOrder  = "SELECT pg_advisory_xact_lock(7011)"
)

// Accept keeps a message of a webhook source, once, with its audit rows (SPEC W3). A push that is older than what the source
// had said is kept as superseded (SPEC W4). It has a transaction of its own: nothing in it touches a document.
func (db *DB) Accept(ctx context.Context, d collab.Delivery) (kept collab.Accepted, err error) {
	err = db.guard(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, db.limits.trip)
		defer cancel()
		conn, err := db.pool.Acquire(ctx)
		if err != nil {
			return db.known(err)
		}
		defer conn.Release()
		kept, err = db.accept(ctx, conn, d)
		return err
	})
	if err != nil {
		return collab.Accepted{}, fmt.Errorf("accept delivery %s: %w", d.ID, err)
	}
	return kept, nil
}

func (db *DB) accept(ctx context.Context, conn *pgxpool.Conn, d collab.Delivery) (kept collab.Accepted, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return kept, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.limits.trip)
		defer cancel()
		_ = tx.Rollback(ctx) // after a commit it does nothing; a connection that cannot even do this is not used again
	}()
	kept, err = received(ctx, tx, d)
	if err != nil || kept.Replayed {
		return kept, err
	}
	stamps, err := stamps(ctx, tx, d)
	if err != nil {
		return kept, err
	}
	c := &change{audit: d.Audit}
	b := &pgx.Batch{}
	b.Queue("INSERT INTO webhook_messages (source, message_id, sum, delivery_id, received_at) VALUES ($1, $2, $3, $4, $5)",
		d.Source, d.Message, d.Sum, d.ID, d.ReceivedAt)
	for i, p := range d.Pushes {
		queuePush(b, d, i, p, stamps)
	}
	c.queueAudit(b)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return kept, err
	}
	if err := tx.Commit(ctx); err != nil {
		return kept, err
	}
	if len(c.audited) > 0 {
		db.committer.options.OnAudit(c.audited) // with the connection in hand: Close waits for it
	}
	return kept, nil
}

// received returns what became of the message when it came before; else it is this transaction's alone.
func received(ctx context.Context, tx pgx.Tx, d collab.Delivery) (kept collab.Accepted, err error) {
	mine := false
	if err := tx.QueryRow(ctx, lockMessage, d.Source, d.Message).Scan(&mine); err != nil {
		return kept, err
	}
	if !mine {
		return kept, collab.ErrInFlight
	}
	kept = collab.Accepted{ID: d.ID, ReceivedAt: d.ReceivedAt}
	var sum []byte
	rows, err := tx.Query(ctx, "SELECT sum, delivery_id, received_at FROM webhook_messages WHERE source = $1 AND message_id = $2", d.Source, d.Message)
	if err != nil {
		return kept, err
	}
	_, err = pgx.ForEachRow(rows, []any{&sum, &kept.ID, &kept.ReceivedAt}, func() error {
		kept.Replayed, kept.ReceivedAt = true, kept.ReceivedAt.UTC()
		return nil
	})
	if err == nil && kept.Replayed && !bytes.Equal(sum, d.Sum) {
		err = collab.ErrOtherBody
	}
	return kept, err
}

// stamps returns the newest that the source has said of each resource of the delivery. From here on no other inserts.
func stamps(ctx context.Context, tx pgx.Tx, d collab.Delivery) (map[collab.Resource]collab.Stamp, error) {
	found := map[collab.Resource]collab.Stamp{}
	rs := make([]collab.Resource, len(d.Pushes))
	for i, p := range d.Pushes {
		rs[i] = p.Resource
	}
	tenants, ids := columns(rs)
	b := &pgx.Batch{}
	b.Queue(inboxOrder)
	b.Queue(`SELECT v.* FROM unnest($2::text[], $3::text[]) AS w (tenant, resource_id), LATERAL (SELECT v.tenant, v.resource_id, v.version, v.occurred_at
		FROM webhook_versions v WHERE v.source = $1 AND v.tenant = w.tenant AND v.resource_id = w.resource_id OFFSET 0) v`, d.Source, tenants, ids).
		Query(func(rows pgx.Rows) error {
			var r collab.Resource
			var s collab.Stamp
			_, err := pgx.ForEachRow(rows, []any{&r.Tenant, &r.ID, &s.Version, &s.OccurredAt}, func() error {
				found[r] = s
				return nil
			})
			return err
		})
	return found, tx.SendBatch(ctx, b).Close()
}

// queuePush inserts one row of a delivery, and remembers what it says for the next.
func queuePush(b *pgx.Batch, d collab.Delivery, i int, p collab.Push, stamps map[collab.Resource]collab.Stamp) {
	superseded := p.Older(stamps[p.Resource])
	if p.Version != "" && !superseded {
		stamps[p.Resource] = collab.Stamp{Version: p.Version, OccurredAt: p.OccurredAt}
		b.Queue(`INSERT INTO webhook_versions (source, tenant, resource_id, version, occurred_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (source, tenant, resource_id) DO UPDATE SET version = excluded.version, occurred_at = excluded.occurred_at`,
			d.Source, string(p.Resource.Tenant), string(p.Resource.ID), p.Version, p.OccurredAt)
	}
	b.Queue(`INSERT INTO webhook_inbox (delivery_id, source, tenant, resource_id, event_type, version, occurred_at, data, received_at, superseded)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, d.PushID(i), d.Source, string(p.Resource.Tenant), string(p.Resource.ID),
		storable(p.EventType), storable(p.Version), p.OccurredAt, append([]byte{}, p.Data...), d.ReceivedAt, superseded)
}

// Inbox returns at most so many rows after a position, in order.
func (db *DB) Inbox(ctx context.Context, after int64, limit int) (found []collab.InboxRow, err error) {
	scan := func(row pgx.CollectableRow) (r collab.InboxRow, err error) {
		err = row.Scan(&r.Position, &r.Delivery, &r.Source, &r.Resource.Tenant, &r.Resource.ID, &r.EventType, &r.Version, &r.OccurredAt,
			&r.Data, &r.ReceivedAt, &r.Superseded, &r.Told)
		r.OccurredAt, r.ReceivedAt = r.OccurredAt.UTC(), r.ReceivedAt.UTC()
		return r, err
	}
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
		found, err = query(ctx, conn, scan, `SELECT position, delivery_id, source, tenant, resource_id, event_type, version, occurred_at,
			data, received_at, superseded, told_at IS NOT NULL FROM webhook_inbox WHERE position > $1 ORDER BY position LIMIT $2`, after, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	return found, nil
}

// InboxStart returns the position after which an instance begins to read: what came since a time, and what nobody has told.
func (db *DB) InboxStart(ctx context.Context, since time.Time) (after int64, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT coalesce(least(
			(SELECT position - 1 FROM webhook_inbox WHERE told_at IS NULL ORDER BY position LIMIT 1),
			(SELECT min(position) - 1 FROM webhook_inbox WHERE received_at >= $1),
			(SELECT position FROM webhook_inbox ORDER BY position DESC LIMIT 1)), 0)`, since).Scan(&after)
	})
	if err != nil {
		return 0, fmt.Errorf("read inbox: %w", err)
	}
	return after, nil
}

// MarkTold notes that some instance has told its rooms of the rows up to a position. Rows that another is noting are left to
// it.
func (db *DB) MarkTold(ctx context.Context, upTo int64, at time.Time) error {
	return db.tidy(ctx, "mark inbox", func(b *pgx.Batch) {
		b.Queue(`UPDATE webhook_inbox SET told_at = $2 WHERE position IN
			(SELECT position FROM webhook_inbox WHERE told_at IS NULL AND position <= $1 FOR UPDATE SKIP LOCKED)`, upTo, at)
	})
}

// TidyInbox erases the data of rows that were told before one time, and rows and messages that came before another.
func (db *DB) TidyInbox(ctx context.Context, told, received time.Time) error {
	return db.tidy(ctx, "tidy inbox", func(b *pgx.Batch) {
		b.Queue(`UPDATE webhook_inbox SET data = '' WHERE position IN
			(SELECT position FROM webhook_inbox WHERE told_at < $1 AND length(data) > 0 FOR UPDATE SKIP LOCKED)`, told)
		b.Queue("DELETE FROM webhook_inbox WHERE received_at < $1", received)
		b.Queue("DELETE FROM webhook_messages WHERE received_at < $1", received)
	})
}

// tidy runs statements that may be repeated, in one transaction.
func (db *DB) tidy(ctx context.Context, what string, queue func(*pgx.Batch)) error {
	err := db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		b := &pgx.Batch{}
		queue(b)
		return conn.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
