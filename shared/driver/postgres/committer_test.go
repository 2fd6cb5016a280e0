package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"corsia/shared/collab"
)

// script is a server of which the test says how each transaction ends. Without a word of the test all go well.
type script struct {
	begins, looks, writes []error     // outcomes of the next calls
	away                  atomic.Bool // cannot be reached
	written               []string
	transactions          int
}

func next(outcomes *[]error) (err error) {
	if len(*outcomes) > 0 {
		err, *outcomes = (*outcomes)[0], (*outcomes)[1:]
	}
	return err
}

func (s *script) begin(context.Context) (transaction, error) {
	if s.away.Load() {
		return nil, fmt.Errorf("%w: away", errUnreachable)
	}
	return s, next(&s.begins)
}

func (s *script) look(*wants) (*view, error) {
	s.transactions++
	return newView(), next(&s.looks)
}

// write notes the statements of the transaction, one word each. A statement that is its own error fails the transaction.
func (s *script) write(c *change) error {
	var words []string
	for _, it := range c.statements {
		if it.sql == "bad" {
			return &pgconn.PgError{Code: "23505", Severity: "ERROR", SeverityUnlocalized: "ERROR"}
		}
		words = append(words, it.sql)
	}
	if err := next(&s.writes); err != nil {
		return err
	}
	s.written = append(s.written, words...)
	c.audited = c.audit
	return nil
}

func (s *script) end() {}

// outcomes are the answers to jobs, in their order.
type outcomes []string

func (o *outcomes) job(ctx context.Context, word string) *job {
	return &job{
		ctx: ctx, wants: func(*wants) {}, rows: 1, bytes: 1,
		apply: func(c *change) error {
			if word == "refused" {
				return refuse(collab.ErrStale)
			}
			c.exec(word)
			return nil
		},
		done: func(err error, _ time.Time) {
			switch {
			case err == nil:
				*o = append(*o, word)
			case errors.Is(err, errUnknown):
				*o = append(*o, word+" unknown")
			case errors.Is(err, ErrClosed):
				*o = append(*o, word+" closed")
			default:
				*o = append(*o, word+" failed")
			}
		},
	}
}

func newCommitter(s *script) *committer {
	o := Options{Log: slog.New(slog.DiscardHandler), OnCommit: func(int, time.Duration) {}, OnAudit: func([]collab.AuditRow) {},
		Guard: func(ctx context.Context, operate func(context.Context) error) error { return operate(ctx) }}
	return &committer{limits: production, options: o, begin: s.begin, queue: newQueue(), failed: &atomic.Bool{}, closing: make(chan struct{})}
}

// serve pushes the words as jobs and runs the committer in a bubble until it has been idle or for a time; then closes it.
func serve(t *testing.T, s *script, during func(c *committer), words ...string) outcomes {
	t.Helper()
	var got outcomes
	synctest.Test(t, func(t *testing.T) {
		c := newCommitter(s)
		for _, word := range words {
			if err := c.queue.push(got.job(context.Background(), word)); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.run()
		}()
		time.Sleep(time.Minute)
		if during != nil {
			during(c)
		}
		c.queue.close()
		close(c.closing)
		<-done
	})
	return got
}

func wantOutcomes(t *testing.T, got outcomes, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("outcomes %q, want %q", got, want)
	}
}

func TestWhatIsQueuedIsOneTransaction(t *testing.T) {
	s := &script{}
	wantOutcomes(t, serve(t, s, nil, "a", "refused", "b"), "a", "refused failed", "b")
	if s.transactions != 1 || !slices.Equal(s.written, []string{"a", "b"}) {
		t.Fatalf("%d transactions wrote %q", s.transactions, s.written)
	}
}

// A guard that refuses is a server that is away: nothing is asked of it, however long that takes, and no job is answered.
func TestJobsWaitWhileTheGuardRefuses(t *testing.T) { // F4
	s := &script{}
	shut := atomic.Bool{}
	shut.Store(true)
	var got outcomes
	synctest.Test(t, func(t *testing.T) {
		c := newCommitter(s)
		c.options.Guard = func(ctx context.Context, operate func(context.Context) error) error {
			if shut.Load() {
				return errors.New("not now")
			}
			return operate(ctx)
		}
		for _, word := range []string{"a", "b"} {
			if err := c.queue.push(got.job(context.Background(), word)); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan struct{})
		go func() { defer close(done); c.run() }()
		time.Sleep(time.Hour)
		if n, _ := c.queue.stats(); n != 2 || s.transactions != 0 {
			t.Errorf("%d wait after %d transactions", n, s.transactions)
		}
		shut.Store(false)
		time.Sleep(time.Minute)
		c.queue.close()
		<-done
	})
	wantOutcomes(t, got, "a", "b")
}

func TestAwayIsWhatDoesNotAnswerAndNotWhatRefuses(t *testing.T) {
	for err, want := range map[error]bool{
		context.DeadlineExceeded:       true,
		io.EOF:                         true,
		net.ErrClosed:                  true,
		errUnreachable:                 true,
		errUnknown:                     true,
		&pgconn.PgError{Code: "08006"}: true,
		&pgconn.PgError{Code: "53300"}: true,  // too many connections
		&pgconn.PgError{Code: "57P01"}: true,  // shutting down
		&pgconn.PgError{Code: "57P03"}: true,  // starting
		&pgconn.PgError{Code: "25006"}: true,  // a standby
		&pgconn.PgError{Code: "53100"}: false, // disk full: it can be read
		&pgconn.PgError{Code: "57014"}: false, // a statement took too long
		&pgconn.PgError{Code: "55P03"}: false, // somebody holds the head
		&pgconn.PgError{Code: "23505"}: false,
		&pgconn.PgError{Code: "40P01"}: false,
		pgx.ErrNoRows:                  false,
		context.Canceled:               false,
		ErrClosed:                      false,
		collab.ErrStale:                false,
		refuse(collab.ErrHeld):         false,
	} {
		if got := Away(fmt.Errorf("load: %w", err)); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}

func TestJobsWaitInOrderUntilTheServerCanBeReached(t *testing.T) { // F4
	s := &script{}
	s.away.Store(true)
	got := serve(t, s, func(c *committer) {
		if n, _ := c.queue.stats(); n != 3 || !c.failed.Load() {
			t.Errorf("%d wait, failed %v: want all, and that it shows", n, c.failed.Load())
		}
		s.away.Store(false)
		time.Sleep(production.maxRetry)
		if c.failed.Load() {
			t.Error("the server is back and the store still says that it failed")
		}
	}, "a", "b", "c")
	wantOutcomes(t, got, "a", "b", "c")
}

func TestAConnectionLostBeforeCommitIsNoOutcome(t *testing.T) {
	s := &script{looks: []error{errors.New("connection reset")}}
	wantOutcomes(t, serve(t, s, nil, "a", "b"), "a", "b")
}

func TestAConnectionLostAtCommitIsAnUnknownOutcome(t *testing.T) {
	s := &script{writes: []error{atCommit(errors.New("connection reset"))}}
	wantOutcomes(t, serve(t, s, nil, "a", "b"), "a unknown", "b unknown")
}

func TestADeadlockIsTriedAgainAtOnce(t *testing.T) {
	s := &script{looks: []error{&pgconn.PgError{Code: stateDeadlock}}}
	wantOutcomes(t, serve(t, s, nil, "a", "b"), "a", "b")
}

func TestABadRowFailsAlone(t *testing.T) { // F8
	wantOutcomes(t, serve(t, &script{}, nil, "a", "bad", "b"), "a", "bad failed", "b")
	wantOutcomes(t, serve(t, &script{}, nil, "bad"), "bad failed")
}

func TestAServerThatGoesAwayWhileEachIsTriedKeepsTheOrder(t *testing.T) {
	lost := errors.New("connection reset")
	s := &script{looks: []error{nil, nil, lost}} // all together, a alone, b alone
	wantOutcomes(t, serve(t, s, nil, "a", "b", "bad", "c"), "a", "b", "bad failed", "c")
}

func TestAJobWhoseTransactionsAllFailIsAnswered(t *testing.T) {
	s, full := &script{}, &pgconn.PgError{Code: "53100"}
	for range maxAttempts {
		s.looks = append(s.looks, full, nil) // the transaction, then the question whether the server is there
	}
	wantOutcomes(t, serve(t, s, nil, "a"), "a failed")
}

func TestWhoGaveUpIsNotTriedAgain(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var got outcomes
	gone, waiting := got.job(ctx, "gone"), got.job(t.Context(), "waiting")
	cancel()
	left := again([]*job{gone, waiting}, errors.New("connection reset"))
	if len(left) != 1 || left[0] != waiting {
		t.Fatalf("%d jobs are tried again, want the one whose caller waits", len(left))
	}
	wantOutcomes(t, got, "gone failed")
}

func TestCloseGivesUpWhenTheServerStaysAway(t *testing.T) {
	s := &script{}
	s.away.Store(true)
	wantOutcomes(t, serve(t, s, nil, "a", "b"), "a closed", "b closed")
}

func TestVerdicts(t *testing.T) {
	fatal := &pgconn.PgError{Code: "57P01", Severity: "FATAL", SeverityUnlocalized: "FATAL"}
	tests := []struct {
		name string
		err  error
		want verdict
	}{
		{"unreachable", fmt.Errorf("%w: %w", errUnreachable, fatal), pause},
		{"lost connection", errors.New("EOF"), pause},
		{"deadlock", &pgconn.PgError{Code: "40P01"}, repeat},
		{"serialization", &pgconn.PgError{Code: "40001"}, repeat},
		{"unique", &pgconn.PgError{Code: "23505"}, isolate},
		{"no such column", &pgconn.PgError{Code: "42703"}, isolate},
		{"a lock's time-out", &pgconn.PgError{Code: "55P03"}, isolate},
		{"a statement's time-out", &pgconn.PgError{Code: "57014"}, isolate},
		{"damaged page", &pgconn.PgError{Code: "XX001"}, isolate},
		{"no code", &pgconn.PgError{}, isolate},
		{"shutting down", &pgconn.PgError{Code: "57P01"}, pause},
		{"disk full", &pgconn.PgError{Code: "53100"}, pause},
		{"I/O error", &pgconn.PgError{Code: "58030"}, pause},
		{"standby", &pgconn.PgError{Code: "25006"}, pause},
		{"lost at COMMIT", atCommit(errors.New("EOF")), unknown},
		{"shut down at COMMIT", atCommit(fatal), unknown},
		{"refused by COMMIT", atCommit(&pgconn.PgError{Code: "23503", SeverityUnlocalized: "ERROR"}), isolate},
	}
	for _, tt := range tests {
		if got := judge(tt.err); got != tt.want {
			t.Errorf("%s: verdict %d, want %d", tt.name, got, tt.want)
		}
	}
	if err := atCommit(nil); err != nil {
		t.Errorf("no error at COMMIT is %v", err)
	}
}
