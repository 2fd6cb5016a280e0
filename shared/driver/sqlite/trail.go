package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"corsia/shared/collab"
)

// Trail reads the audit trail of a store.
type Trail struct{ readers *sql.DB }

// OpenTrail opens the audit trail of the store at path for reading alone, also while a gateway uses the store.
func OpenTrail(ctx context.Context, path string) (*Trail, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	readers, err := openPool(path, readerPragmas)
	if err == nil {
		if err = readers.PingContext(ctx); err != nil {
			err = errors.Join(err, readers.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return &Trail{readers}, nil
}

// Close closes what OpenTrail opened.
func (t *Trail) Close() error { return t.readers.Close() }

// PendingAudit returns how many rows wait to be chained, and the time of the oldest (zero: none).
func (t *Trail) PendingAudit(ctx context.Context) (count int, oldest time.Time, err error) {
	var at sql.NullInt64
	err = t.readers.QueryRowContext(ctx, "SELECT count(*), min(recorded_at) FROM audit_pending").Scan(&count, &at)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count pending audit events: %w", err)
	}
	if at.Valid {
		oldest = fromMicros(at.Int64)
	}
	return count, oldest, nil
}

// PendingRows returns the rows of a type that wait to be chained in a shard, in the order in which they were recorded.
func (t *Trail) PendingRows(ctx context.Context, shard int, kind string) ([]collab.AuditRow, error) {
	rows, err := collect(ctx, t.readers, func(s scanner) (r collab.AuditRow, err error) {
		var at int64
		err = s.Scan(&r.EventID, &r.Shard, &r.Tenant, &at, &r.Type, &r.Outcome, &r.Actor, &r.Resource, &r.Session, &r.Body)
		r.RecordedAt = fromMicros(at)
		return r, err
	}, `SELECT event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body
		FROM audit_pending WHERE shard = ? AND type = ? ORDER BY position`, shard, kind)
	if err != nil {
		return nil, fmt.Errorf("read pending audit events of shard %d: %w", shard, err)
	}
	return rows, nil
}

// AuditState returns where the trail stands, in one consistent read.
func (t *Trail) AuditState(ctx context.Context) (s collab.AuditState, err error) {
	fail := func(err error) (collab.AuditState, error) {
		return collab.AuditState{}, fmt.Errorf("read state of audit trail: %w", err)
	}
	tx, err := t.readers.BeginTx(ctx, nil)
	if err != nil {
		return fail(err)
	}
	defer tx.Rollback() // it has written nothing
	if s.Heads, err = ends(ctx, tx, "audit_log"); err != nil {
		return fail(err)
	}
	if s.Floors, err = ends(ctx, tx, "audit_floors"); err != nil {
		return fail(err)
	}
	for shard, floor := range s.Floors { // of a shard whose rows have all gone
		if s.Heads[shard].Seq < floor.Seq {
			s.Heads[shard] = floor
		}
	}
	if err := tx.QueryRowContext(ctx, "SELECT ifnull(max(epoch), 0) FROM audit_epochs").Scan(&s.Epoch); err != nil {
		return fail(err)
	}
	var at int64
	err = tx.QueryRowContext(ctx, "SELECT number, created_at, note FROM audit_checkpoints ORDER BY number DESC LIMIT 1").
		Scan(&s.Latest.Number, &at, &s.Latest.Note)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fail(err)
	}
	if err == nil {
		s.Latest.At = fromMicros(at)
	}
	return s, nil
}

// ends returns the last row of each shard in a table.
func ends(ctx context.Context, tx *sql.Tx, table string) (map[int]collab.AuditHead, error) {
	type end struct {
		shard int
		head  collab.AuditHead
	}
	found, err := collect(ctx, tx, func(s scanner) (e end, err error) {
		var chain []byte
		err = s.Scan(&e.shard, &e.head.Seq, &chain)
		copy(e.head.Chain[:], chain)
		return e, err
	}, `WITH RECURSIVE shards(shard) AS (SELECT min(shard) FROM `+table+` UNION ALL
		SELECT (SELECT min(shard) FROM `+table+` t WHERE t.shard > shards.shard) FROM shards WHERE shard IS NOT NULL)
		SELECT s.shard, t.seq, t.chain FROM shards s JOIN `+table+` t ON t.shard = s.shard
		AND t.seq = (SELECT max(seq) FROM `+table+` m WHERE m.shard = s.shard)`)
	heads := make(map[int]collab.AuditHead, len(found))
	for _, e := range found {
		heads[e.shard] = e.head
	}
	return heads, err
}

// AuditRows returns up to limit rows of a shard after seq, in order.
func (t *Trail) AuditRows(ctx context.Context, shard int, after int64, limit int) ([]collab.SealedRow, error) {
	rows, err := collect(ctx, t.readers, scanSealed, "SELECT "+sealedColumns+` FROM audit_log
		WHERE shard = ? AND seq > ? ORDER BY seq LIMIT ?`, shard, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read audit shard %d after %d: %w", shard, after, err)
	}
	return rows, nil
}

// SelectAudit returns up to limit rows that the filter chooses, by time, shard and seq, after a row that it has returned
// before (the zero row: from the beginning).
func (t *Trail) SelectAudit(ctx context.Context, f collab.AuditFilter, after *collab.SealedRow, limit int) ([]collab.SealedRow, error) {
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	if !f.From.IsZero() {
		from = micros(f.From)
	}
	if !f.To.IsZero() {
		to = micros(f.To)
	}
	where := []string{"recorded_at >= ? AND recorded_at < ?"}
	args := []any{from, to}
	for _, c := range []struct{ column, value string }{
		{"tenant", string(f.Tenant)}, {"resource_id", string(f.Resource)}, {"actor", string(f.Actor)},
	} {
		if c.value != "" {
			where, args = append(where, c.column+" = ?"), append(args, c.value)
		}
	}
	if after != nil {
		where, args = append(where, "(recorded_at, shard, seq) > (?, ?, ?)"), append(args, micros(after.RecordedAt), after.Shard, after.Seq)
	}
	rows, err := collect(ctx, t.readers, scanSealed, "SELECT "+sealedColumns+" FROM audit_log WHERE "+strings.Join(where, " AND ")+
		" ORDER BY recorded_at, shard, seq LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("select audit rows: %w", err)
	}
	return rows, nil
}

// KeepCheckpoint keeps a checkpoint, and reports false when there is one of that number already.
func (db *DB) KeepCheckpoint(ctx context.Context, c collab.SealedCheckpoint) (kept bool, err error) {
	err = db.do(ctx, rowOverhead+len(c.Note), func(w *writer) error {
		n, err := w.changed("INSERT INTO audit_checkpoints (number, created_at, note) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			c.Number, micros(c.At), string(c.Note))
		kept = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("keep checkpoint %d: %w", c.Number, err)
	}
	return kept, nil
}
