package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// Pauses of the committer.
const (
	minCommitInterval = 2 * time.Millisecond // between the starts of two transactions: what arrives meanwhile shares one
	firstRetryDelay   = 10 * time.Millisecond
	maxRetryDelay     = time.Second
)

// refusal is an error of one job that has written nothing: the others of its transaction go on.
type refusal struct{ error }

func refuse(err error) error { return refusal{err} }

// commitAll commits what is queued until the queue is closed and empty. After a failure it opens its connection again,
// with a growing delay.
func (db *DB) commitAll() {
	defer close(db.committed)
	retry := time.Duration(0)
	last := time.Time{}
	for {
		if pause := minCommitInterval - time.Since(last); pause > 0 && retry == 0 {
			time.Sleep(pause)
		}
		jobs, closed := db.queue.take(db.untilIdle())
		if closed {
			break
		}
		last = time.Now()
		err := db.work(jobs)
		if err == nil {
			retry = 0
			continue
		}
		db.dropWriter()
		retry = min(max(2*retry, firstRetryDelay), maxRetryDelay)
		db.log.Warn("store: open the connection again", "err", err, "retry_ms", retry.Milliseconds())
		time.Sleep(retry)
	}
	if err := db.work(nil); err != nil {
		db.log.Warn("store: index the journal", "err", err) // the next process will
	}
	db.dropWriter()
}

// untilIdle returns how long the committer waits for jobs before it indexes the journal, zero when there is nothing to index.
func (db *DB) untilIdle() time.Duration {
	if db.writer == nil || db.writer.unindexed() == 0 {
		return 0
	}
	return idleBeforeIndex
}

// work commits the jobs, and indexes the journal when there are none or when many rows wait for it. It returns an error when
// the connection cannot be trusted.
func (db *DB) work(jobs []*job) error {
	if len(jobs) > 0 {
		if err := db.commit(jobs); err != nil {
			return err
		}
	}
	if w := db.writer; w != nil && (len(jobs) == 0 || w.unindexed() >= maxUnindexedRows) {
		return w.index()
	}
	return nil
}

// commit applies the jobs in one transaction and answers each. When one of them fails by its own fault, each is tried by
// itself, so that a bad row costs nobody else (SPEC F8). It returns an error when the connection cannot be trusted.
func (db *DB) commit(jobs []*job) error {
	start := time.Now()
	refused, err := db.transact(jobs)
	if err != nil && ownFault(err) && len(jobs) > 1 {
		for i, j := range jobs {
			if err := db.commit([]*job{j}); err != nil {
				finish(jobs[i+1:], nil, err)
				return err
			}
		}
		return nil
	}
	db.failed.Store(err != nil && !ownFault(err))
	finish(jobs, refused, err)
	if err != nil {
		if ownFault(err) {
			return nil
		}
		return err
	}
	db.onCommit(len(jobs), time.Since(start))
	if rows := db.writer.audited; len(rows) > 0 {
		db.onAudit(rows)
	}
	return nil
}

func finish(jobs []*job, refused []error, err error) {
	at := time.Now()
	for i, j := range jobs {
		own := err
		if own == nil && refused != nil {
			own = refused[i]
		}
		j.done(own, at)
	}
}

// transact runs the jobs in one transaction and returns what each was refused with, nil when nobody was. With an error
// nothing was written, unless it comes from COMMIT itself: then nobody knows.
func (db *DB) transact(jobs []*job) (refused []error, err error) {
	if db.writer == nil {
		if db.writer, err = openWriter(db.writers); err != nil {
			return nil, fmt.Errorf("%w: open: %w", errConnection, err)
		}
	}
	w := db.writer
	w.audited = nil
	if err := w.exec(stmtBegin); err != nil {
		return nil, fmt.Errorf("%w: begin: %w", errConnection, err)
	}
	for i, j := range jobs {
		err := j.apply(w)
		if r, ok := errors.AsType[refusal](err); ok {
			if refused == nil {
				refused = make([]error, len(jobs))
			}
			refused[i] = r.error
		} else if err != nil {
			return nil, w.rollback(err)
		}
	}
	if err := w.flush(); err != nil {
		return nil, w.rollback(err)
	}
	if err := w.exec(stmtCommit); err != nil {
		return nil, w.rollback(fmt.Errorf("%w: commit: %w", errConnection, err))
	}
	return refused, nil
}

// errConnection marks the failure of a whole transaction.
var errConnection = errors.New("store cannot be written")

// ownFault reports whether the error is of the data rather than of the disk or the connection.
func ownFault(err error) bool {
	if errors.Is(err, errConnection) {
		return false
	}
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_OK:
		return true
	}
	return false
}

func (db *DB) dropWriter() {
	if db.writer != nil {
		db.writer.close()
		db.writer = nil
	}
}

// do queues a change and waits for its commit. When ctx ends while the change still waits, it is withdrawn and nothing is
// written; once its transaction has begun the outcome is awaited.
func (db *DB) do(ctx context.Context, bytes int, apply func(*writer) error) error {
	result := make(chan error, 1)
	j := &job{apply: apply, done: func(err error, _ time.Time) { result <- err }, bytes: bytes, rows: 1}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := db.queue.push(j); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		if db.queue.withdraw(j) {
			return context.Cause(ctx)
		}
		return <-result
	}
}
