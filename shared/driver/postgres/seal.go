package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// sealLock is the first key of the advisory locks that let one sealer at a time into a shard (SPEC T3); the shard is the
// second.
const sealLock = 0x436f7273

// sealHands is the number of transactions that one call of SealAudit has under way, each with its half of the shards: while
// the server writes the rows of one, those of the other are hashed.
const sealHands = 2

// takeShards takes up to half of the shards, of those that have pending rows and that nobody is sealing, until the
// transaction ends. What their last sealer has committed is seen by the statements after this one.
const takeShards = `WITH waiting AS MATERIALIZED (
		SELECT s FROM generate_series(0, 63) s WHERE EXISTS (SELECT FROM audit_pending p WHERE p.shard = s))
	SELECT s FROM waiting WHERE pg_try_advisory_xact_lock($1, s) LIMIT 32`

const readPending = `SELECT position, event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body
	FROM audit_pending p WHERE shard = ANY ($1)
	AND NOT EXISTS (SELECT FROM audit_log l WHERE l.event_id = p.event_id) ORDER BY position LIMIT $2`

// readHeads reads the ends of chains. Where all rows have gone to the archive, the floor is the end.
const readHeads = `SELECT s, h.seq, h.chain FROM unnest($1::smallint[]) s CROSS JOIN LATERAL (
		(SELECT seq, chain FROM audit_log l WHERE l.shard = s ORDER BY seq DESC LIMIT 1)
		UNION ALL
		(SELECT seq, chain FROM audit_floors f WHERE f.shard = s ORDER BY seq DESC LIMIT 1)
		ORDER BY seq DESC LIMIT 1) h`

var sealedColumns = []string{
	"shard", "seq", "event_id", "tenant", "recorded_at", "type", "outcome", "actor", "role", "session_id", "instance", "address",
	"resource_id", "fields", "revision_from", "revision_to", "fence", "reason", "details", "body", "leaf", "chain",
}

// SealAudit moves up to twice limit pending rows into the chains, in two transactions: of the shards that no other instance is
// sealing, in the order in which they were recorded, as link says. A row whose event id is in a chain already is not
// chained again. It returns how many were chained; link is called by two goroutines.
func (db *DB) SealAudit(ctx context.Context, limit int, link func(map[int]collab.AuditHead, []collab.AuditRow) []collab.SealedRow) (n int, err error) {
	var hands sync.WaitGroup
	var counts [sealHands]int
	var errs [sealHands]error
	for i := range sealHands {
		hands.Go(func() {
			errs[i] = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
				counts[i], err = seal(ctx, conn, limit, link)
				return err
			})
		})
	}
	hands.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return 0, fmt.Errorf("seal audit events: %w", err)
	}
	return counts[0] + counts[1], nil
}

func seal(ctx context.Context, conn *pgx.Conn, limit int, link func(map[int]collab.AuditHead, []collab.AuditRow) []collab.SealedRow) (n int, err error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return 0, err
	}
	defer func() {
		if undo := tx.Rollback(context.WithoutCancel(ctx)); undo != nil && !errors.Is(undo, pgx.ErrTxClosed) && err == nil {
			err = undo
		}
	}()
	shards, err := query(ctx, conn, pgx.RowTo[int16], takeShards, sealLock)
	if err != nil || len(shards) == 0 {
		return 0, err
	}
	var positions []int64
	pending, err := query(ctx, conn, func(row pgx.CollectableRow) (r collab.AuditRow, err error) {
		var position int64
		err = row.Scan(&position, &r.EventID, &r.Shard, &r.Tenant, &r.RecordedAt, &r.Type, &r.Outcome, &r.Actor, &r.Resource, &r.Session, &r.Body)
		positions = append(positions, position)
		return r, err
	}, readPending, shards, limit)
	if err != nil {
		return 0, err
	}
	if len(pending) > 0 {
		heads, err := heads(ctx, conn, readHeads, shards)
		if err != nil {
			return 0, err
		}
		sealed := link(heads, pending)
		if _, err := conn.CopyFrom(ctx, pgx.Identifier{"audit_log"}, sealedColumns, &sealedSource{rows: sealed}); err != nil {
			return 0, err
		}
	}
	if err := discard(ctx, conn, shards, positions); err != nil {
		return 0, err
	}
	return len(pending), tx.Commit(ctx)
}

// discard removes what is in the chains from what is pending: the rows at positions, and those that were recorded again
// when the outcome of a commit was unknown.
func discard(ctx context.Context, conn *pgx.Conn, shards []int16, positions []int64) error {
	if len(positions) == 0 {
		again, err := query(ctx, conn, pgx.RowTo[int64], `SELECT position FROM audit_pending p WHERE shard = ANY ($1)
			AND EXISTS (SELECT FROM audit_log l WHERE l.event_id = p.event_id) ORDER BY position LIMIT 1000`, shards)
		if err != nil || len(again) == 0 {
			return err
		}
		positions = again
	}
	_, err := conn.Exec(ctx, "SELECT discard_sealed($1)", positions)
	return err
}

func heads(ctx context.Context, conn *pgx.Conn, sql string, args ...any) (map[int]collab.AuditHead, error) {
	found := map[int]collab.AuditHead{}
	_, err := query(ctx, conn, func(row pgx.CollectableRow) (struct{}, error) {
		var shard int
		var h collab.AuditHead
		var chain []byte
		err := row.Scan(&shard, &h.Seq, &chain)
		copy(h.Chain[:], chain)
		found[shard] = h
		return struct{}{}, err
	}, sql, args...)
	return found, err
}

// sealedSource feeds COPY.
type sealedSource struct {
	rows   []collab.SealedRow
	next   int
	values [22]any
}

// Next moves to the next row.
func (s *sealedSource) Next() bool {
	s.next++
	return s.next <= len(s.rows)
}

// Values returns the row's columns.
func (s *sealedSource) Values() ([]any, error) {
	r := &s.rows[s.next-1]
	var details any
	if len(r.Details) > 0 {
		storables := make(map[string]string, len(r.Details))
		for key, value := range r.Details {
			storables[storable(key)] = storable(value)
		}
		encoded, err := json.Marshal(storables)
		if err != nil {
			return nil, err
		}
		details = encoded
	}
	var fields any
	if len(r.Fields) > 0 {
		texts := make([]string, len(r.Fields))
		for i, field := range r.Fields {
			texts[i] = storable(field)
		}
		fields = texts
	}
	s.values = [22]any{
		int16(r.Shard), r.Seq, r.EventID, string(r.Tenant), r.RecordedAt, r.Type, r.Outcome, string(r.Actor), storable(r.Role),
		string(r.Session), storable(r.Instance), storable(r.Address), string(r.Resource), fields, unlessZero(r.RevisionFrom),
		unlessZero(r.RevisionTo), unlessZero(r.Fence), storable(r.Reason), details, r.Body, r.Leaf[:], r.Chain[:],
	}
	return s.values[:], nil
}

// Err returns nil: rows in memory do not fail.
func (s *sealedSource) Err() error { return nil }

func unlessZero(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}
