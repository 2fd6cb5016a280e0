package postgres

import (
	"errors"
	"testing"

	"corsia/shared/collab"
)

func pushed(t *testing.T, q *queue, jobs ...*job) {
	t.Helper()
	for _, j := range jobs {
		if err := q.push(j); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTransactionsAreBoundedInRowsAndBytes(t *testing.T) {
	q := newQueue()
	for range 3 {
		pushed(t, q, &job{bytes: maxCommitBytes/2 + 1, rows: 1})
	}
	for range 3 {
		pushed(t, q, &job{rows: maxCommitRows / 2})
	}
	for i, want := range []int{1, 1, 2, 2, 0} {
		if got := len(q.take()); got != want {
			t.Fatalf("transaction %d has %d jobs, want %d", i, got, want)
		}
	}
}

func TestAFullQueueRefusesWithAHint(t *testing.T) {
	q := newQueue()
	pushed(t, q, &job{bytes: maxQueuedBytes})
	refused, ok := errors.AsType[*collab.Error](q.push(&job{bytes: 1}))
	if !ok || refused.Code != collab.CodeBackpressure || refused.RetryAfter == 0 {
		t.Fatalf("the job that does not fit: %v, want BACKPRESSURE with a delay", refused)
	}
	q.take()
	pushed(t, q, &job{bytes: maxQueuedBytes})
}

func TestJobsPutBackComeFirstAndMayBeWithdrawn(t *testing.T) {
	q := newQueue()
	a, b, c := &job{bytes: 1}, &job{bytes: 2}, &job{bytes: 4}
	pushed(t, q, a, b)
	taken := q.take()
	if _, oldest := q.stats(); !oldest.Equal(a.since) {
		t.Fatal("the oldest is not the one under way")
	}
	pushed(t, q, c)
	if q.withdraw(a) {
		t.Fatal("a job under way was withdrawn")
	}
	q.putBack(taken)
	if !q.withdraw(b) || q.withdraw(b) {
		t.Fatal("b was not withdrawn once")
	}
	if got := q.take(); len(got) != 2 || got[0] != a || got[1] != c || q.bytes != 0 {
		t.Fatalf("took %d jobs, %d bytes are left", len(got), q.bytes)
	}
}

func TestAClosedQueueIsFinishedWhenItIsEmpty(t *testing.T) {
	q := newQueue()
	pushed(t, q, &job{bytes: 1})
	if !q.close() || q.close() || !q.isClosed() {
		t.Fatal("the queue was not closed once")
	}
	if err := q.push(&job{}); !errors.Is(err, ErrClosed) {
		t.Fatalf("push after close: %v, want ErrClosed", err)
	}
	if q.wait() {
		t.Fatal("finished while a job waits")
	}
	if got := q.drain(); len(got) != 1 || q.bytes != 0 {
		t.Fatalf("drained %d", len(got))
	}
	if !q.wait() {
		t.Fatal("not finished when nothing waits")
	}
}
