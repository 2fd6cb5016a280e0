package postgres

import (
	"context"
	"slices"
	"sync"
	"time"

	"corsia/shared/collab"
)

// Bounds of one transaction and of the queue.
const (
	maxCommitBytes = 4 << 20
	maxCommitRows  = 4096
	maxQueuedBytes = 256 << 20
)

// job is one change that is applied whole or not at all.
type job struct {
	// ctx is the caller's, who waits; nil for an append, which waits as long as it takes.
	ctx context.Context
	// wants says what the job must know before it is judged.
	wants func(*wants)
	// apply judges the job by what was read and adds what it writes. It returns a refusal (see refuse) before it added
	// anything. It runs again when the transaction is repeated.
	apply func(*change) error
	// done is called once, in the committer's goroutine: it must not block.
	done     func(err error, at time.Time)
	bytes    int // of the rows it writes, roughly
	rows     int
	attempts int // transactions that failed with it, of servers that could be reached
	since    time.Time
}

// ended reports whether nobody waits for the job any more.
func (j *job) ended() bool { return j.ctx != nil && j.ctx.Err() != nil }

// queue holds the jobs that wait for the committer, in order. It is bounded in bytes: a full one refuses jobs.
type queue struct {
	wake chan struct{} // has a value when jobs wait or the queue was closed

	// Guarded by mu.
	mu     sync.Mutex
	jobs   []*job
	bytes  int
	busy   time.Time // since when the oldest job of the commit under way has been waiting; zero: none is under way
	closed bool
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// push queues the job, or returns an error, and then done is never called.
func (q *queue) push(j *job) error {
	j.since = time.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if q.bytes+j.bytes > maxQueuedBytes {
		return &collab.Error{Code: collab.CodeBackpressure, Msg: "the store is behind", RetryAfter: time.Second}
	}
	q.jobs = append(q.jobs, j)
	q.bytes += j.bytes
	q.signal()
	return nil
}

// putBack queues jobs that were taken again, in front of the others.
func (q *queue) putBack(jobs []*job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(slices.Clone(jobs), q.jobs...)
	for _, j := range jobs {
		q.bytes += j.bytes
	}
	q.busy = time.Time{}
	q.signal()
}

// withdraw takes a job out and reports whether it was still waiting.
func (q *queue) withdraw(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.jobs, j)
	if i < 0 {
		return false
	}
	q.jobs = slices.Delete(q.jobs, i, i+1)
	q.bytes -= j.bytes
	return true
}

// wait returns when jobs wait or the queue is closed, and reports whether it is closed and empty.
func (q *queue) wait() (finished bool) {
	for {
		q.mu.Lock()
		waiting, closed := len(q.jobs) > 0, q.closed
		if !waiting {
			q.busy = time.Time{}
		}
		q.mu.Unlock()
		if waiting || closed {
			return !waiting
		}
		<-q.wake
	}
}

// take returns as many jobs as one transaction may hold; none when none wait.
func (q *queue) take() []*job {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, bytes, rows := 0, 0, 0
	for _, j := range q.jobs {
		if n > 0 && (bytes+j.bytes > maxCommitBytes || rows+j.rows > maxCommitRows) {
			break
		}
		n, bytes, rows = n+1, bytes+j.bytes, rows+j.rows
	}
	if n == 0 {
		return nil
	}
	batch := q.jobs[:n:n]
	if q.jobs = q.jobs[n:]; len(q.jobs) == 0 {
		q.jobs = nil
	}
	q.bytes -= bytes
	q.busy = batch[0].since
	return batch
}

// drain returns all that waits.
func (q *queue) drain() []*job {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := q.jobs
	q.jobs, q.bytes = nil, 0
	return all
}

// close lets no further job in. It reports false when the queue was closed before.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.closed = true
	q.signal()
	return true
}

func (q *queue) stats() (queued int, oldest time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) > 0 {
		oldest = q.jobs[0].since
	}
	if !q.busy.IsZero() {
		oldest = q.busy
	}
	return len(q.jobs), oldest
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}
