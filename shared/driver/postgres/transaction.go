package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// transaction is one transaction on the server, in two round trips.
type transaction interface {
	// look begins it, locks and reads.
	look(w *wants) (*view, error)
	// write writes and commits. Its errors are those of atCommit.
	write(c *change) error
	// end ends it, without a trace unless it was committed.
	end()
}

// session is a transaction on a connection of a pool.
type session struct {
	conn *pgxpool.Conn
	trip time.Duration
}

// begin takes a connection. Its error wraps errUnreachable.
func begin(ctx context.Context, pool *pgxpool.Pool, l limits) (transaction, error) {
	ctx, cancel := context.WithTimeout(ctx, l.connect)
	defer cancel()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	return &session{conn: conn, trip: l.trip}, nil
}

func (s *session) look(w *wants) (*view, error) {
	b := &pgx.Batch{}
	b.Queue("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
	v := w.queue(b)
	return v, s.send(b)
}

// errRolledBack says that COMMIT was answered by a roll-back.
var errRolledBack = errors.New("the server has rolled the transaction back")

func (s *session) write(c *change) error {
	b := &pgx.Batch{}
	c.queue(b)
	rolledBack := false
	b.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		rolledBack = tag.String() != "COMMIT"
		return nil
	})
	if err := s.send(b); err != nil {
		return atCommit(err)
	}
	if rolledBack {
		return errRolledBack
	}
	return nil
}

// end gives the connection back. One in which the transaction cannot be undone is closed by its pool.
func (s *session) end() {
	if conn := s.conn.Conn(); !conn.IsClosed() && conn.PgConn().TxStatus() != 'I' {
		ctx, cancel := context.WithTimeout(context.Background(), s.trip)
		defer cancel()
		_, _ = conn.Exec(ctx, "ROLLBACK") // a connection that cannot even do this is not used again
	}
	s.conn.Release()
}

// send sends the batch as one round trip, two the first time that the connection meets a statement.
func (s *session) send(b *pgx.Batch) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.trip)
	defer cancel()
	return s.conn.SendBatch(ctx, b).Close()
}
