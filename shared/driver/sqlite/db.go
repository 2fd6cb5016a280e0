// Package sqlite keeps the store in one SQLite file: journal, states, locks' records and fences, audit rows, revocations.
// It is the embedded driver, for one gateway process on one machine. What it has answered survives the end of the process
// and of the machine (WAL, synchronous=FULL).
//
// One connection writes. Everything that changes the store goes through a queue, and one goroutine commits all that waits
// as one transaction across rooms (SPEC D2). A few more connections read.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"corsia/migrations"
	"corsia/shared/collab"
)

// maxReaders is the number of connections that load documents and look at heads at the same time.
const maxReaders = 4

// Options are what Open may be given; the zero value is fine.
type Options struct {
	Log      *slog.Logger                     // nil: nothing is logged
	OnCommit func(batch int, d time.Duration) // after each commit, in the committer's goroutine: jobs in it, time it took
	OnAudit  func(rows []collab.AuditRow)     // likewise: the audit rows of the commit, which the receiver keeps (SPEC T2)
}

// DB is an open store. All methods may be called from any goroutine.
type DB struct {
	// Set by Open, never changed.
	*Trail
	path      string
	log       *slog.Logger
	onCommit  func(int, time.Duration)
	onAudit   func([]collab.AuditRow)
	writers   *sql.DB       // holds one connection, the committer's
	lock      *os.File      // held while the store is open
	committed chan struct{} // closed when the committer has returned
	queue     *queue
	failed    atomic.Bool // the last commit failed for the disk or the connection
	folding   sync.Map    // collab.Resource → true: being compacted

	// Owned by the committer.
	writer *writer // nil: to be opened
}

// Open opens the store at path, which it creates when missing, and brings its schema to the newest version. It starts the
// committer's goroutine, for which Close waits. Two processes never share a store: the second one's Open fails, as it does
// when the folder or the file cannot be written.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	db, err := open(ctx, path, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), lock.Close())
	}
	db.lock = lock
	go db.commitAll()
	return db, nil
}

func open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OnCommit == nil {
		o.OnCommit = func(int, time.Duration) {}
	}
	if o.OnAudit == nil {
		o.OnAudit = func([]collab.AuditRow) {}
	}
	if err := create(path); err != nil {
		return nil, err
	}
	writers, err := openPool(path, writerPragmas)
	if err != nil {
		return nil, err
	}
	writers.SetMaxOpenConns(1)
	writers.SetMaxIdleConns(0) // a connection that is given back is closed
	if err := writable(ctx, writers); err != nil {
		return nil, errors.Join(err, writers.Close())
	}
	if err := migrations.SQLite(ctx, writers); err != nil {
		return nil, errors.Join(err, writers.Close())
	}
	w, err := openWriter(writers)
	if err == nil {
		err = w.index() // what a process that was killed has left
	}
	if err != nil {
		return nil, errors.Join(err, writers.Close())
	}
	readers, err := openPool(path, readerPragmas)
	if err != nil {
		return nil, errors.Join(err, writers.Close())
	}
	readers.SetMaxOpenConns(maxReaders)
	readers.SetMaxIdleConns(maxReaders)
	return &DB{
		Trail: &Trail{readers}, path: path, log: o.Log, onCommit: o.OnCommit, onAudit: o.OnAudit, writers: writers,
		committed: make(chan struct{}), queue: newQueue(), writer: w,
	}, nil
}

// Close commits everything that is queued, then closes the store. Later calls get ErrClosed.
func (db *DB) Close() error {
	if !db.queue.close() {
		return nil
	}
	<-db.committed
	err := errors.Join(db.readers.Close(), db.writers.Close(), db.lock.Close())
	if err != nil {
		return fmt.Errorf("close store %s: %w", db.path, err)
	}
	return nil
}

// ErrClosed is the error of every call after Close.
var ErrClosed = errors.New("store is closed")

// Ping reports whether the store can be read and written. It writes only after a commit that failed, to find out whether
// the next would.
func (db *DB) Ping(ctx context.Context) error {
	var n int
	if db.failed.Load() {
		err := db.do(ctx, rowOverhead, func(w *writer) error { return w.exec("UPDATE yjs_indexed SET position = position") })
		if err != nil {
			return fmt.Errorf("ping store: %w", err)
		}
	}
	if err := db.readers.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM yjs_heads LIMIT 1)").Scan(&n); err != nil {
		return fmt.Errorf("ping store: %w", err)
	}
	return nil
}

// Stats returns the number of queued changes and since when the oldest of those not yet committed has been waiting (zero:
// none is).
func (db *DB) Stats() (queued int, oldest time.Time) { return db.queue.stats() }
