package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"time"

	"corsia/shared/collab"
)

// Accept keeps a message of a webhook source, once, with its audit rows (SPEC W3). A push that is older than what the source
// had said is kept as superseded (SPEC W4).
func (db *DB) Accept(ctx context.Context, d collab.Delivery) (kept collab.Accepted, err error) {
	size := auditBytes(d.Audit) + rowOverhead
	for i := range d.Pushes {
		size += len(d.Pushes[i].Data) + rowOverhead
	}
	err = db.do(ctx, size, func(w *writer) error {
		kept = collab.Accepted{ID: d.ID, ReceivedAt: d.ReceivedAt}
		var sum []byte
		var at int64
		there, err := w.row("SELECT sum, delivery_id, received_at FROM webhook_messages WHERE source = ? AND message_id = ?",
			[]any{d.Source, d.Message}, &sum, &kept.ID, &at)
		switch {
		case err != nil:
			return err
		case there && !bytes.Equal(sum, d.Sum):
			return refuse(collab.ErrOtherBody)
		case there:
			kept.ReceivedAt, kept.Replayed = fromMicros(at), true
			return nil
		}
		if err := w.exec("INSERT INTO webhook_messages (source, message_id, sum, delivery_id, received_at) VALUES (?, ?, ?, ?, ?)",
			d.Source, d.Message, d.Sum, d.ID, micros(d.ReceivedAt)); err != nil {
			return err
		}
		for i, p := range d.Pushes {
			if err := w.push(d, i, p); err != nil {
				return err
			}
		}
		return w.audit(d.Audit)
	})
	if err != nil {
		return collab.Accepted{}, fmt.Errorf("accept delivery %s: %w", d.ID, err)
	}
	return kept, nil
}

// push inserts one row of a delivery.
func (w *writer) push(d collab.Delivery, i int, p collab.Push) error {
	var s collab.Stamp
	var at int64
	there, err := w.row("SELECT version, occurred_at FROM webhook_versions WHERE source = ? AND tenant = ? AND resource_id = ?",
		[]any{d.Source, p.Resource.Tenant, p.Resource.ID}, &s.Version, &at)
	if err != nil {
		return err
	}
	s.OccurredAt = fromMicros(at)
	superseded := there && p.Older(s)
	if p.Version != "" && !superseded {
		if err := w.exec(`INSERT INTO webhook_versions (source, tenant, resource_id, version, occurred_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (source, tenant, resource_id) DO UPDATE SET version = excluded.version, occurred_at = excluded.occurred_at`,
			d.Source, p.Resource.Tenant, p.Resource.ID, p.Version, micros(p.OccurredAt)); err != nil {
			return err
		}
	}
	return w.exec(`INSERT INTO webhook_inbox (delivery_id, source, tenant, resource_id, event_type, version, occurred_at, data, received_at, superseded)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.PushID(i), d.Source, p.Resource.Tenant, p.Resource.ID, p.EventType, p.Version, micros(p.OccurredAt), append([]byte{}, p.Data...), micros(d.ReceivedAt), flag(superseded))
}

// Inbox returns at most so many rows after a position, in order.
func (db *DB) Inbox(ctx context.Context, after int64, limit int) ([]collab.InboxRow, error) {
	scan := func(s scanner) (r collab.InboxRow, err error) {
		var occurred, received int64
		var told sql.NullInt64
		err = s.Scan(&r.Position, &r.Delivery, &r.Source, &r.Resource.Tenant, &r.Resource.ID, &r.EventType, &r.Version, &occurred, &r.Data, &received, &r.Superseded, &told)
		r.OccurredAt, r.ReceivedAt, r.Told = fromMicros(occurred), fromMicros(received), told.Valid
		return r, err
	}
	rows, err := collect(ctx, db.readers, scan, `SELECT position, delivery_id, source, tenant, resource_id, event_type, version, occurred_at,
		data, received_at, superseded, told_at FROM webhook_inbox WHERE position > ? ORDER BY position LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	return rows, nil
}

// InboxStart returns the position after which an instance begins to read: what came since a time, and what nobody has told.
func (db *DB) InboxStart(ctx context.Context, since time.Time) (after int64, err error) {
	err = db.readers.QueryRowContext(ctx, `SELECT min(
		coalesce((SELECT min(position) - 1 FROM webhook_inbox WHERE told_at IS NULL), 9223372036854775807),
		coalesce((SELECT min(position) - 1 FROM webhook_inbox WHERE received_at >= ?), 9223372036854775807),
		coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'webhook_inbox'), 0))`, micros(since)).Scan(&after)
	if err != nil {
		return 0, fmt.Errorf("read inbox: %w", err)
	}
	return after, nil
}

// MarkTold notes that some instance has told its rooms of the rows up to a position.
func (db *DB) MarkTold(ctx context.Context, upTo int64, at time.Time) error {
	err := db.do(ctx, rowOverhead, func(w *writer) error {
		return w.exec("UPDATE webhook_inbox SET told_at = ? WHERE told_at IS NULL AND position <= ?", micros(at), upTo)
	})
	if err != nil {
		return fmt.Errorf("mark inbox: %w", err)
	}
	return nil
}

// TidyInbox erases the data of rows that were told before one time, and rows and messages that came before another.
func (db *DB) TidyInbox(ctx context.Context, told, received time.Time) error {
	err := db.do(ctx, rowOverhead, func(w *writer) error {
		if err := w.exec("UPDATE webhook_inbox SET data = x'' WHERE told_at < ? AND length(data) > 0", micros(told)); err != nil {
			return err
		}
		if err := w.exec("DELETE FROM webhook_inbox WHERE received_at < ?", micros(received)); err != nil {
			return err
		}
		return w.exec("DELETE FROM webhook_messages WHERE received_at < ?", micros(received))
	})
	if err != nil {
		return fmt.Errorf("tidy inbox: %w", err)
	}
	return nil
}
