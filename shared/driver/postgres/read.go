package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// read reads with a connection of the pool, if the guard lets it, within a deadline. A connection that turns out to be dead, as all are after the
// server was restarted, is thrown away and the next one tried.
func (db *DB) read(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	return db.guard(ctx, func(ctx context.Context) error { return db.readNow(ctx, f) })
}

func (db *DB) readNow(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.limits.read)
	defer cancel()
	for tries := db.pool.Config().MaxConns; ; tries-- {
		conn, err := db.pool.Acquire(ctx)
		if err != nil {
			return db.known(err)
		}
		err = f(ctx, conn.Conn())
		dead := conn.Conn().IsClosed()
		conn.Release()
		if err == nil || !dead || tries <= 0 || ctx.Err() != nil {
			return err
		}
	}
}

// query queries rows and scans each.
func query[T any](ctx context.Context, conn *pgx.Conn, scan func(pgx.CollectableRow) (T, error), sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scan)
}
