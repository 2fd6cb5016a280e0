package sqlite

import (
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
	// apply runs in the committer's goroutine and transaction. It returns a refusal (see refuse) before it wrote anything,
	// or the error that stops the transaction. It runs again when the transaction is repeated.
	apply func(*writer) error
	// done is called once, in the committer's goroutine: it must not block.
	done  func(err error, at time.Time)
	bytes int // of the rows it writes, roughly
	rows  int
	since time.Time
}

// queue holds the jobs that wait for the committer, in order. It is bounded in bytes: a full one refuses jobs, which is
// far above what the rooms' credits allow.
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

// withdraw takes a job out and reports whether it was still waiting.
func (q *queue) withdraw(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, waiting := range q.jobs {
		if waiting == j {
			q.jobs = append(q.jobs[:i], q.jobs[i+1:]...)
			q.bytes -= j.bytes
			return true
		}
	}
	return false
}

// take waits for jobs and returns as many as one transaction may hold; none when there are none after a while, or when
// the queue is closed and empty, which it reports. A zero while is for ever.
func (q *queue) take(while time.Duration) (batch []*job, closed bool) {
	var idle <-chan time.Time
	for {
		q.mu.Lock()
		if len(q.jobs) > 0 {
			batch := q.cut()
			q.mu.Unlock()
			return batch, false
		}
		q.busy = time.Time{}
		closed = q.closed
		q.mu.Unlock()
		if closed {
			return nil, true
		}
		if while > 0 && idle == nil {
			idle = time.After(while)
		}
		select {
		case <-q.wake:
		case <-idle:
			return nil, false
		}
	}
}

func (q *queue) cut() []*job {
	n, bytes, rows := 0, 0, 0
	for _, j := range q.jobs {
		if n > 0 && (bytes+j.bytes > maxCommitBytes || rows+j.rows > maxCommitRows) {
			break
		}
		n, bytes, rows = n+1, bytes+j.bytes, rows+j.rows
	}
	batch := q.jobs[:n:n]
	if q.jobs = q.jobs[n:]; len(q.jobs) == 0 {
		q.jobs = nil
	}
	q.bytes -= bytes
	q.busy = batch[0].since
	return batch
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
