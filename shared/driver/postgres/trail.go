package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"corsia/shared/collab"
)

// Trail reads the audit trail of a store.
type Trail struct {
	look  func(ctx context.Context, f func(context.Context, *pgx.Conn) error) error
	close func()
}

// OpenTrail opens the audit trail of the store at a URL for reading alone: a role that may only read will do.
func OpenTrail(ctx context.Context, url string) (*Trail, error) {
	config, err := configure(url, production)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	config.AfterConnect = nil
	config.MaxConns = 1
	config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	look := func(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
		ctx, cancel := context.WithTimeout(ctx, production.read)
		defer cancel()
		return pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return f(ctx, conn.Conn()) })
	}
	return &Trail{look: look, close: pool.Close}, nil
}

// Close closes what OpenTrail opened.
func (t *Trail) Close() error {
	t.close()
	return nil
}

// PendingAudit returns how many rows wait to be chained, and the time of the oldest (zero: none).
func (t *Trail) PendingAudit(ctx context.Context) (count int, oldest time.Time, err error) {
	var at *time.Time
	err = t.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT count(*), min(recorded_at) FROM audit_pending").Scan(&count, &at)
	})
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count pending audit events: %w", err)
	}
	if at != nil {
		oldest = at.UTC()
	}
	return count, oldest, nil
}

// PendingRows returns the rows of a type that wait to be chained in a shard, in the order in which they were recorded.
func (t *Trail) PendingRows(ctx context.Context, shard int, kind string) (rows []collab.AuditRow, err error) {
	err = t.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err = query(ctx, conn, func(row pgx.CollectableRow) (r collab.AuditRow, err error) {
			err = row.Scan(&r.EventID, &r.Shard, &r.Tenant, &r.RecordedAt, &r.Type, &r.Outcome, &r.Actor, &r.Resource, &r.Session, &r.Body)
			r.RecordedAt = r.RecordedAt.UTC()
			return r, err
		}, `SELECT event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body
			FROM audit_pending WHERE shard = $1 AND type = $2 ORDER BY position`, int16(shard), kind)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read pending audit events of shard %d: %w", shard, err)
	}
	return rows, nil
}

// readEnds reads the last row of each shard in a table.
const readEnds = `SELECT s, h.seq, h.chain FROM generate_series(0, 63) s CROSS JOIN LATERAL
	(SELECT seq, chain FROM %s t WHERE t.shard = s ORDER BY seq DESC LIMIT 1) h`

// AuditState returns where the trail stands, in one consistent read.
func (t *Trail) AuditState(ctx context.Context) (s collab.AuditState, err error) {
	err = t.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(pgx.Tx) error {
			s, err = auditState(ctx, conn)
			return err
		})
	})
	if err != nil {
		return collab.AuditState{}, fmt.Errorf("read state of audit trail: %w", err)
	}
	return s, nil
}

func auditState(ctx context.Context, conn *pgx.Conn) (s collab.AuditState, err error) {
	if s.Heads, err = heads(ctx, conn, fmt.Sprintf(readEnds, "audit_log")); err != nil {
		return s, err
	}
	if s.Floors, err = heads(ctx, conn, fmt.Sprintf(readEnds, "audit_floors")); err != nil {
		return s, err
	}
	for shard, floor := range s.Floors { // of a shard whose rows have all gone
		if s.Heads[shard].Seq < floor.Seq {
			s.Heads[shard] = floor
		}
	}
	if err := conn.QueryRow(ctx, "SELECT coalesce(max(epoch), 0) FROM audit_epochs").Scan(&s.Epoch); err != nil {
		return s, err
	}
	var note string
	err = conn.QueryRow(ctx, "SELECT number, created_at, note FROM audit_checkpoints ORDER BY number DESC LIMIT 1").
		Scan(&s.Latest.Number, &s.Latest.At, &note)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, nil
	}
	s.Latest.At, s.Latest.Note = s.Latest.At.UTC(), []byte(note)
	return s, err
}

var selectSealed = "SELECT " + strings.Join(sealedColumns, ", ") + " FROM audit_log WHERE "

// AuditRows returns up to limit rows of a shard after seq, in order.
func (t *Trail) AuditRows(ctx context.Context, shard int, after int64, limit int) (rows []collab.SealedRow, err error) {
	err = t.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err = query(ctx, conn, scanSealed, selectSealed+"shard = $1 AND seq > $2 ORDER BY seq LIMIT $3", int16(shard), after, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read audit shard %d after %d: %w", shard, after, err)
	}
	return rows, nil
}

// SelectAudit returns up to limit rows that the filter chooses, by time, shard and seq, after a row that it has returned
// before (nil: from the beginning).
func (t *Trail) SelectAudit(ctx context.Context, f collab.AuditFilter, after *collab.SealedRow, limit int) (rows []collab.SealedRow, err error) {
	where, args := []string{"true"}, []any{}
	add := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where = append(where, condition)
	}
	if !f.From.IsZero() {
		add("recorded_at >= ?", f.From)
	}
	if !f.To.IsZero() {
		add("recorded_at < ?", f.To)
	}
	for _, c := range []struct{ column, value string }{
		{"tenant", string(f.Tenant)}, {"resource_id", string(f.Resource)}, {"actor", string(f.Actor)},
	} {
		if c.value != "" {
			add(c.column+" = ?", c.value)
		}
	}
	if after != nil {
		add("(recorded_at, shard, seq) > (?, ?, ?)", after.RecordedAt, int16(after.Shard), after.Seq)
	}
	args = append(args, limit)
	err = t.look(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err = query(ctx, conn, scanSealed, selectSealed+strings.Join(where, " AND ")+
			" ORDER BY recorded_at, shard, seq LIMIT $"+strconv.Itoa(len(args)), args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("select audit rows: %w", err)
	}
	return rows, nil
}

func scanSealed(row pgx.CollectableRow) (r collab.SealedRow, err error) {
	var fields []string
	var from, to, fence *int64
	var details, leaf, chain []byte
	err = row.Scan(&r.Shard, &r.Seq, &r.EventID, &r.Tenant, &r.RecordedAt, &r.Type, &r.Outcome, &r.Actor, &r.Role, &r.Session,
		&r.Instance, &r.Address, &r.Resource, &fields, &from, &to, &fence, &r.Reason, &details, &r.Body, &leaf, &chain)
	r.RecordedAt = r.RecordedAt.UTC()
	for _, field := range fields {
		r.Fields = append(r.Fields, collab.Field(field))
	}
	for _, n := range []struct {
		to   *int64
		from *int64
	}{{&r.RevisionFrom, from}, {&r.RevisionTo, to}, {&r.Fence, fence}} {
		if n.from != nil {
			*n.to = *n.from
		}
	}
	copy(r.Leaf[:], leaf)
	copy(r.Chain[:], chain)
	if err == nil && len(details) > 0 && json.Unmarshal(details, &r.Details) != nil {
		r.Details = map[string]string{"": "unreadable"} // the verifier finds that the column is not what the body says
	}
	return r, err
}

// KeepCheckpoint keeps a checkpoint, and reports false when there is one of that number already.
func (db *DB) KeepCheckpoint(ctx context.Context, c collab.SealedCheckpoint) (kept bool, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		tag, err := conn.Exec(ctx, "INSERT INTO audit_checkpoints (number, created_at, note) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
			c.Number, c.At, string(c.Note))
		kept = tag.RowsAffected() > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("keep checkpoint %d: %w", c.Number, err)
	}
	return kept, nil
}
