// Package postgres keeps the store in PostgreSQL: journal, states, locks' records and fences, audit rows, revocations. It
// is the production driver; several instances share one database. What it has answered is on the server's disk
// (synchronous_commit=on).
//
// Everything that changes a document goes through a queue, and one goroutine, the committer, commits all that waits as one
// transaction across rooms (SPEC D2), in two round trips: the first locks the heads of all its resources, in one order, and
// reads what its jobs must know; then the jobs are judged here, one after the other; the second writes and commits. So
// transactions of several instances never deadlock, a job that is refused disturbs no other, and nothing is written on
// the word of a row that another instance may change.
//
// While the server cannot be reached jobs wait, in order. A caller who gives up takes its job back as long as no
// transaction is under way with it.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"corsia/shared/collab"
)

// Options are what Open may be given; the zero value is fine.
type Options struct {
	Log      *slog.Logger                     // nil: nothing is logged
	OnCommit func(batch int, d time.Duration) // after each commit, in the committer's goroutine: jobs in it, time it took
	OnAudit  func(rows []collab.AuditRow)     // likewise: the audit rows of the commit, which the receiver keeps (SPEC T2)
	// Guard makes what is to be done on the server, once, or not at all: then its error is the read's, and changes wait. See
	// Away. Ping does not go through it: whoever guards asks. Nil: everything is done.
	Guard func(ctx context.Context, operate func(context.Context) error) error
}

// limits are the driver's deadlines and pauses.
type limits struct {
	trip       time.Duration // one round trip of a commit
	connect    time.Duration
	read       time.Duration // a load, a list, a state
	interval   time.Duration // between the starts of two transactions: what arrives meanwhile shares one
	firstRetry time.Duration
	maxRetry   time.Duration
	closing    time.Duration // how long Close goes on trying to commit what is queued
}

var production = limits{
	trip: 5 * time.Second, connect: 5 * time.Second, read: 10 * time.Second, interval: 2 * time.Millisecond,
	firstRetry: 10 * time.Millisecond, maxRetry: time.Second, closing: 5 * time.Second,
}

// DB is an open store. All methods may be called from any goroutine.
type DB struct {
	// Set by Open, never changed.
	*Trail
	limits    limits
	commits   *pgxpool.Pool // the committer's connection
	pool      *pgxpool.Pool // everybody else's
	guard     func(ctx context.Context, operate func(context.Context) error) error
	committer *committer
	done      chan struct{} // closed when the committer has returned
	failed    atomic.Bool   // the last transaction failed for the server or the connection
	noted     noted         // what this instance has appended, and nobody has covered
}

// Open opens the store at a URL postgres://user:password@host:port/database?sslmode=verify-full and brings its schema to
// the newest version, for which the URL's role must own it; a role that does not opens a store whose schema is up to date.
// It starts the committer's goroutine, for which Close waits. No error and no log line has a part of the password.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	db, err := open(ctx, url, o, production)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return db, nil
}

func open(ctx context.Context, url string, o Options, l limits) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OnCommit == nil {
		o.OnCommit = func(int, time.Duration) {}
	}
	if o.OnAudit == nil {
		o.OnAudit = func([]collab.AuditRow) {}
	}
	if o.Guard == nil {
		o.Guard = func(ctx context.Context, operate func(context.Context) error) error { return operate(ctx) }
	}
	config, err := configure(url, l)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, config); err != nil {
		return nil, err
	}
	db := &DB{limits: l, guard: o.Guard, done: make(chan struct{})}
	db.Trail = &Trail{look: db.read}
	if db.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	if err := inspect(ctx, db.pool, o.Log); err != nil {
		db.pool.Close()
		return nil, err
	}
	own := config.Copy()
	own.MaxConns = maxCommitConns
	if db.commits, err = pgxpool.NewWithConfig(ctx, own); err != nil {
		db.pool.Close()
		return nil, err
	}
	begin := func(ctx context.Context) (transaction, error) { return begin(ctx, db.commits, l) }
	db.committer = &committer{limits: l, options: o, begin: begin, queue: newQueue(), failed: &db.failed, closing: make(chan struct{})}
	go func() {
		defer close(db.done)
		db.committer.run()
	}()
	return db, nil
}

// Close commits everything that is queued, then closes the store. When the server cannot be reached it gives up after five
// seconds: what is still queued gets ErrClosed and was not written. Later calls get ErrClosed.
func (db *DB) Close() error {
	if db.committer.queue.close() {
		close(db.committer.closing)
	}
	<-db.done
	db.commits.Close()
	db.pool.Close()
	return nil
}

// ErrClosed is the error of every call after Close.
var ErrClosed = errors.New("store is closed")

// Ping reports whether the store can be read and written, whatever the guard thinks. It writes only after a transaction that
// failed, to find out whether the next would.
func (db *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, db.limits.trip)
	defer cancel()
	sql, failed := "SELECT 1 FROM yjs_heads LIMIT 1", db.failed.Load()
	if failed {
		sql = "SELECT pg_current_xact_id()" // a transaction with a number is written down when it commits
	}
	if _, err := db.pool.Exec(ctx, sql); err != nil {
		return fmt.Errorf("ping store: %w", db.known(err))
	}
	if failed {
		db.failed.Store(false)
	}
	return nil
}

// Stats returns the number of queued changes and since when the oldest of those not yet committed has been waiting (zero:
// none is).
func (db *DB) Stats() (queued int, oldest time.Time) { return db.committer.queue.stats() }

// known returns ErrClosed in the place of the pool's word for it.
func (db *DB) known(err error) error {
	if err != nil && db.committer.queue.isClosed() {
		return ErrClosed
	}
	return err
}
