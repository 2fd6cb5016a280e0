package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"corsia/shared/collab"
)

// maxAttempts is how often a job's transaction may fail on a server that can be reached before the job is answered with
// the error: then the job itself may be the reason.
const maxAttempts = 5

// committer commits what is queued, in order.
type committer struct {
	// Set by Open, never changed.
	limits  limits
	options Options
	begin   func(context.Context) (transaction, error)
	queue   *queue
	failed  *atomic.Bool
	closing chan struct{} // closed when the queue is
}

// run commits what is queued until the queue is closed and empty. After a failure it waits, with a growing delay, and takes
// no job before the server can be reached again.
func (c *committer) run() {
	retry := time.Duration(0)
	last := time.Time{}
	var giveUp <-chan time.Time // after Close
	for !c.queue.wait() {
		if early := c.limits.interval - time.Since(last); early > 0 {
			time.Sleep(early)
		}
		last = time.Now()
		err := c.step(retry > 0)
		if err == nil {
			retry = 0
			continue
		}
		c.failed.Store(true)
		retry = min(max(2*retry, c.limits.firstRetry), c.limits.maxRetry)
		c.options.Log.Warn("store: try again", "err", err, "retry_ms", retry.Milliseconds())
		closing := c.closing
		if giveUp != nil {
			closing = nil
		}
		select {
		case <-time.After(retry):
		case <-closing:
			giveUp = time.After(c.limits.closing)
		case <-giveUp:
			finish(c.queue.drain(), fmt.Errorf("%w: %w", ErrClosed, err))
		}
	}
}

// step commits what waits. After a failure it asks first whether the server can be reached.
func (c *committer) step(failed bool) error {
	if failed {
		if err := c.reach(); err != nil {
			return err
		}
	}
	left, err := c.commit(c.queue.take())
	if len(left) > 0 {
		c.queue.putBack(left)
	}
	return err
}

func (c *committer) reach() error {
	return c.guarded(func() error {
		t, err := c.begin(context.Background())
		if err != nil {
			return err
		}
		defer t.end()
		_, err = t.look(newWants())
		return err
	})
}

// guarded runs a transaction if the guard lets it. Else the server counts as one that cannot be reached.
func (c *committer) guarded(transact func() error) error {
	begun := false
	err := c.options.Guard(context.Background(), func(context.Context) error {
		begun = true
		return transact()
	})
	if err != nil && !begun {
		return fmt.Errorf("%w: %w", errUnreachable, err)
	}
	return err
}

// commit commits the jobs in one transaction and answers each. When one of them may be to blame for a failure each is tried
// by itself, so that a bad row costs nobody else (SPEC F8). It returns the jobs that are to be tried again, and an error
// when that has to wait.
func (c *committer) commit(jobs []*job) (left []*job, err error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	start := time.Now()
	var refused []error
	var audited []collab.AuditRow
	err = c.guarded(func() (err error) {
		refused, audited, err = c.transact(jobs)
		return err
	})
	if err == nil {
		c.failed.Store(false)
		at := time.Now()
		for i, j := range jobs {
			j.done(refused[i], at)
		}
		c.options.OnCommit(len(jobs), at.Sub(start))
		if len(audited) > 0 {
			c.options.OnAudit(audited)
		}
		return nil, nil
	}
	switch judge(err) {
	case unknown:
		finish(jobs, err)
		return nil, err
	case isolate:
		if len(jobs) == 1 {
			finish(jobs, err)
			return nil, nil
		}
		for i := range jobs {
			left, err := c.commit(jobs[i : i+1])
			if err != nil || len(left) > 0 {
				return append(left, jobs[i+1:]...), err
			}
		}
		return nil, nil
	case repeat:
		return again(jobs, err), nil
	default:
		return again(jobs, err), err
	}
}

// again returns the jobs that have not failed too often and for whose outcome somebody waits. The others are answered.
func again(jobs []*job, err error) []*job {
	var left []*job
	for _, j := range jobs {
		if !errors.Is(err, errUnreachable) {
			j.attempts++
		}
		switch {
		case j.ended():
			finish([]*job{j}, context.Cause(j.ctx))
		case j.attempts >= maxAttempts:
			finish([]*job{j}, err)
		default:
			left = append(left, j)
		}
	}
	return left
}

func finish(jobs []*job, err error) {
	at := time.Now()
	for _, j := range jobs {
		j.done(err, at)
	}
}

// transact runs the jobs in one transaction. It returns for each what it was refused with, nil for those that are
// committed, and the audit rows that were inserted.
func (c *committer) transact(jobs []*job) (refused []error, audited []collab.AuditRow, err error) {
	t, err := c.begin(context.Background())
	if err != nil {
		return nil, nil, err
	}
	defer t.end()
	w := newWants()
	for _, j := range jobs {
		j.wants(w)
	}
	v, err := t.look(w)
	if err != nil {
		return nil, nil, err
	}
	ch := &change{view: v}
	refused = make([]error, len(jobs))
	for i, j := range jobs {
		err := j.apply(ch)
		if r, ok := errors.AsType[refusal](err); ok {
			refused[i] = r.error
		} else if err != nil {
			return nil, nil, err
		}
	}
	if ch.empty() {
		return refused, nil, nil
	}
	if err := t.write(ch); err != nil {
		return nil, nil, err
	}
	return refused, ch.audited, nil
}

// do queues a change and waits for its commit. When ctx ends while the change still waits, it is withdrawn
// and nothing is written; once its transaction is under way the outcome is awaited.
func (db *DB) do(ctx context.Context, bytes int, read func(*wants), apply func(*change) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	result := make(chan error, 1)
	j := &job{ctx: ctx, wants: read, apply: apply, done: func(err error, _ time.Time) { result <- err }, bytes: bytes, rows: 1}
	q := db.committer.queue
	if err := q.push(j); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		if q.withdraw(j) {
			return context.Cause(ctx)
		}
		return <-result
	}
}
