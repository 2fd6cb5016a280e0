package privacy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// How long rows of journals are kept (SPEC 1, JOURNAL_RETENTION).
const (
	KeepForever      = time.Duration(0)
	MinJournalAge    = 24 * time.Hour // the store refuses to remove rows of the last day
	retentionEvery   = time.Hour
	retentionTurn    = 55 * time.Minute // of all instances, one looks in that time
	retentionRetry   = 5 * time.Minute
	retentionPage    = 500     // documents that are looked at by one query
	retentionRows    = 2000    // rows that are removed in one transaction, unless there is no place to stop in so many
	retentionBytes   = 8 << 20 // of their updates, likewise
	maxRetentionRows = 32 * retentionRows
	retentionPause   = 20 * time.Millisecond // between two transactions
)

// ParseJournalRetention reads a retention: a duration in Go's notation, or "forever", as nothing is.
func ParseJournalRetention(text string) (time.Duration, error) {
	if text == "" || text == "forever" {
		return KeepForever, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < MinJournalAge {
		return 0, fmt.Errorf("is not forever or a duration of at least %s, such as 8760h", MinJournalAge)
	}
	return d, nil
}

// JournalFinder finds journals that are old.
type JournalFinder interface {
	// TakeTurn takes the turn to look at all journals, and reports false when somebody has taken it less than a time ago.
	TakeTurn(ctx context.Context, every time.Duration) (bool, error)
	// AgedJournals looks at up to limit documents after one, and returns those whose journal begins with a row that is from
	// before a time. Last is the last one that it looked at; zero: there are no more.
	AgedJournals(ctx context.Context, before time.Time, after collab.Resource, limit int) (aged []collab.Resource, last collab.Resource, err error)
}

// JournalStore is the store, as the retention sees it.
type JournalStore interface {
	JournalFinder
	// JournalPrefix reads the first rows of a journal, up to limit, and what is known of them.
	JournalPrefix(ctx context.Context, r collab.Resource, limit int) (collab.JournalPrefix, error)
	// Entries returns up to limit entries after a revision, in order.
	Entries(ctx context.Context, r collab.Resource, after int64, limit int) ([]collab.Entry, error)
	// RemoveJournal removes the first rows of a journal, keeps what they amount to and records it, in one transaction. It
	// returns how many it removed: 0 when somebody else has, or when the resource began a new life. It refuses what the state
	// or the audit trail does not have.
	RemoveJournal(ctx context.Context, removal collab.JournalRemoval) (int64, error)
}

// RetentionOptions are what a Retention works with.
type RetentionOptions struct {
	Store    JournalStore
	Recorder *audit.Recorder
	Keep     time.Duration // rows that were written longer ago are removed; at least MinJournalAge
	By       collab.UserID // who asked for it; empty: the system
	Removed  func(rows int64)
	Log      *slog.Logger
	Now      func() time.Time
}

// Retention removes the rows of journals that are older than JOURNAL_RETENTION, from the beginning of each journal (O7, D3). What
// they amount to is kept: the history (D9) begins there. Several instances may do it at once.
type Retention struct {
	// Set by NewRetention, never changed.
	RetentionOptions

	// Owned by Run.
	unfinished bool // a round of this instance ended early: it has the turn still
}

// Trimmed is what a round did.
type Trimmed struct {
	Documents int   // of whose journals rows were removed
	Rows      int64 // that were
	Left      int   // documents with old rows that could not be removed, as the log says
}

// NewRetention returns what Run runs.
func NewRetention(o RetentionOptions) *Retention { return &Retention{RetentionOptions: o} }

// Run looks at all journals at the start and then once an hour until ctx ends, unless another instance has.
func (r *Retention) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		wait := retentionEvery
		if err := r.turn(ctx); err != nil && ctx.Err() == nil {
			r.Log.Warn("privacy: old rows of journals", obs.Err(err))
			wait = retentionRetry
		}
		timer.Reset(wait)
	}
}

// turn makes a round when it is this instance's turn.
func (r *Retention) turn(ctx context.Context) error {
	if !r.unfinished {
		mine, err := r.Store.TakeTurn(ctx, retentionTurn)
		if err != nil || !mine {
			return err
		}
	}
	_, err := r.Round(ctx)
	r.unfinished = err != nil
	return err
}

// Round removes what is old now. What it did before an error is good.
func (r *Retention) Round(ctx context.Context) (done Trimmed, err error) {
	defer func() {
		if done.Rows > 0 {
			r.Log.Info("privacy: old rows have left the journals", obs.Count(int(done.Rows)), slog.Int(obs.KeyBatch, done.Documents))
		}
	}()
	before := r.Now().Add(-max(r.Keep, MinJournalAge))
	var after collab.Resource
	for {
		aged, last, err := r.Store.AgedJournals(ctx, before, after, retentionPage)
		if err != nil {
			return done, err
		}
		for _, of := range aged {
			n, left, err := r.trim(ctx, of, before)
			if done.Rows += n; n > 0 {
				done.Documents++
			}
			if left {
				done.Left++
			}
			if err != nil {
				return done, err
			}
		}
		if last == (collab.Resource{}) {
			return done, nil
		}
		after = last
	}
}

// trim removes the old rows of one journal, in steps. Left says that some are left because something is wrong with it.
func (r *Retention) trim(ctx context.Context, of collab.Resource, before time.Time) (removed int64, left bool, err error) {
	leave := func(err error) (int64, bool, error) {
		if ctx.Err() != nil {
			return removed, false, ctx.Err()
		}
		if errors.Is(err, collab.ErrHeld) { // the next round removes them
			return removed, false, nil
		}
		r.Log.Error("privacy: a journal is left as it is", obs.Tenant(of.Tenant), obs.Resource(of.ID), obs.Err(err))
		return removed, true, nil
	}
	for limit := step(retentionRows); ; {
		p, err := r.Store.JournalPrefix(ctx, of, int(limit))
		if err != nil {
			return removed, false, err
		}
		to, more, err := boundary(&p, before, limit)
		if err != nil {
			return leave(err)
		}
		if to == 0 {
			if !more {
				return removed, false, nil
			}
			if limit >= maxRetentionRows {
				return leave(fmt.Errorf("of %d rows there are no two that are more than %s apart", limit, audit.Burst))
			}
			limit *= 2
			continue
		}
		n, err := r.remove(ctx, of, &p, to)
		if errors.Is(err, errStore) {
			return removed, false, err
		}
		if err != nil {
			return leave(err)
		}
		if removed += n; n == 0 || !more {
			return removed, false, nil
		}
		limit = retentionRows
		select {
		case <-ctx.Done():
			return removed, false, ctx.Err()
		case <-time.After(retentionPause):
		}
	}
}

// errStore wraps errors after which the next journal would fare no better.
var errStore = errors.New("the store does not answer")

// remove removes the rows of a journal up to a revision.
func (r *Retention) remove(ctx context.Context, of collab.Resource, p *collab.JournalPrefix, to int64) (int64, error) {
	entries, err := r.Store.Entries(ctx, of, p.Revision, int(to-p.Revision))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errStore, err)
	}
	base, err := fold(p, entries, to)
	if err != nil {
		return 0, err
	}
	e := audit.JournalRemoved(of, audit.CauseRetention, p.Revision+1, to)
	e.Actor, e.Reason = r.By, "older than "+r.Keep.String()
	n, err := r.Store.RemoveJournal(ctx, collab.JournalRemoval{Resource: of, Epoch: p.Epoch, From: p.Revision + 1, To: to, Base: base, Audit: r.Recorder.Row(e)})
	if n > 0 && r.Removed != nil {
		r.Removed(n)
	}
	return n, err
}
