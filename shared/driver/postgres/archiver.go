package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"corsia/shared/collab"
)

// archiveLock is the key of the advisory lock that lets one archiver at a time work.
const archiveLock = 0x436f727361726368

// removeRows bounds one transaction that removes rows.
const removeRows = 5000

// Archiver is the audit trail of a store for who archives it: it reads, and removes what the archive has. Its role is one
// that the function grant_archiver of the schema was called for, and never the gateway's.
type Archiver struct {
	*Trail
	pool *pgxpool.Pool
}

// OpenArchiver opens the audit trail of the store at a URL. The schema must be there.
func OpenArchiver(ctx context.Context, url string) (*Archiver, error) {
	config, err := configure(url, production)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	config.MaxConns = 2 // one has the lock
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	a := &Archiver{pool: pool}
	a.Trail = &Trail{look: a.do, close: pool.Close}
	return a, nil
}

func (a *Archiver) do(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, production.read)
	defer cancel()
	return a.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return f(ctx, conn.Conn()) })
}

// LockArchive takes the right to archive, and reports false when somebody else has it. It lasts until release is called or the
// connection ends.
func (a *Archiver) LockArchive(ctx context.Context) (release func(), ok bool, err error) {
	conn, err := a.pool.Acquire(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("lock archive: %w", err)
	}
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(archiveLock)).Scan(&ok); err != nil || !ok {
		conn.Release()
		if err != nil {
			return nil, false, fmt.Errorf("lock archive: %w", err)
		}
		return nil, false, nil
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), production.trip)
		defer cancel()
		_ = conn.Hijack().Close(ctx) // the lock ends with the connection, whatever state that is in
	}, true, nil
}

// RemoveArchived removes the rows of a shard up to head, which the archive has, and returns how many (SPEC T5). It does so in
// several transactions, after each of which the trail verifies. Where the store's chain is another one nothing is removed.
func (a *Archiver) RemoveArchived(ctx context.Context, shard int, head collab.AuditHead) (removed int64, err error) {
	for {
		step, last, err := a.step(ctx, shard, head)
		if err != nil {
			return removed, fmt.Errorf("remove archived audit rows of shard %d: %w", shard, err)
		}
		var n int64
		err = a.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			return conn.QueryRow(ctx, "SELECT remove_archived($1, $2, $3)", int16(shard), step.Seq, step.Chain[:]).Scan(&n)
		})
		if err != nil {
			return removed, fmt.Errorf("remove archived audit rows of shard %d: %w", shard, err)
		}
		if removed += n; last {
			return removed, nil
		}
	}
}

// step returns a row up to which the next transaction removes, and whether it is the last one. It makes sure first that the
// store has the head.
func (a *Archiver) step(ctx context.Context, shard int, head collab.AuditHead) (step collab.AuditHead, last bool, err error) {
	err = a.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		found, err := heads(ctx, conn, `SELECT shard, seq, chain FROM audit_log WHERE shard = $1 AND seq = $2 AND chain = $3`,
			int16(shard), head.Seq, head.Chain[:])
		if err != nil {
			return err
		}
		if len(found) == 0 { // removed already, or never there: the function knows
			step, last = head, true
			return nil
		}
		found, err = heads(ctx, conn, `SELECT shard, seq, chain FROM audit_log WHERE shard = $1 AND seq <= $2 ORDER BY seq LIMIT 1 OFFSET $3`,
			int16(shard), head.Seq, removeRows-1)
		if step = found[shard]; len(found) == 0 || step.Seq == head.Seq {
			step, last = head, true
		}
		return err
	})
	return step, last, err
}
