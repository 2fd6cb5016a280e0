package audit

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	coverEvery   = time.Second
	lookEvery    = 30 * time.Second // for what an instance that was killed has not covered: less than what verifies as incomplete
	coverTimeout = 10 * time.Second // one transaction
)

// CoverStore is the store, as the coverer sees it.
type CoverStore interface {
	// CoverJournal records what describe says of rows of the journal that are not covered yet, of journals that were written
	// to before a time, and notes in the same transaction that as many rows as describe tells, from the first on, are
	// covered: each is once, whoever covers. Describe gets rows in the order of revisions, of one journal or of several, and
	// may be called several times; with more, rows follow that it was not given. CoverJournal reports whether there may be
	// more to cover at once.
	CoverJournal(ctx context.Context, before time.Time, describe func(lines []collab.JournalLine, more bool) (rows []collab.AuditRow, n int)) (more bool, err error)
	// FindUncovered looks for rows that are not covered and that this instance may not know of; it may leave that to
	// another that has just done so, unless it must. It reports whether there may be more.
	FindUncovered(ctx context.Context, must bool) (more bool, err error)
}

// Coverer makes the DOCUMENT_UPDATED events of what all instances have committed to the journal (T2). Every instance has one:
// it covers what its instance wrote, and what is left by others.
type Coverer struct {
	store    CoverStore
	recorder *Recorder
	log      *slog.Logger
	now      func() time.Time

	// Owned by Run, later by Finish.
	looked time.Time // when uncovered rows were last looked for; zero: never

	round  atomic.Int64 // µs since 1970, when the last round began that succeeded
	failed atomic.Bool  // the last round did not
}

// NewCoverer returns a coverer, which Run runs.
func NewCoverer(store CoverStore, recorder *Recorder, log *slog.Logger, now func() time.Time) *Coverer {
	c := &Coverer{store: store, recorder: recorder, log: log, now: now}
	c.round.Store(now().UnixMicro())
	return c
}

// Run covers every second until ctx ends.
func (c *Coverer) Run(ctx context.Context) {
	rounds(ctx, coverEvery, &c.failed, c.Cover, func(err error) {
		if err != nil {
			c.log.Warn("audit: cover the journal", obs.Err(err))
		} else {
			c.log.Info("audit: covering goes on")
		}
	})
}

// Cover covers what was committed two seconds ago and more, as far as this instance knows of it.
func (c *Coverer) Cover(ctx context.Context) error {
	begun := c.now()
	err := c.look(ctx, begun)
	if err == nil {
		err = c.cover(ctx, false)
	}
	c.failed.Store(err != nil)
	if err == nil {
		c.round.Store(begun.UnixMicro())
	}
	return err
}

// Finish covers everything that there is, without waiting for the rest of a burst. Run has ended.
func (c *Coverer) Finish(ctx context.Context) error {
	c.looked = time.Time{}
	if err := c.look(ctx, c.now()); err != nil {
		return err
	}
	return c.cover(ctx, true)
}

// Lag returns for how long nothing could be covered; 0 when the last round did.
func (c *Coverer) Lag() time.Duration {
	if !c.failed.Load() {
		return 0
	}
	return c.now().Sub(time.UnixMicro(c.round.Load()))
}

// look looks for what nobody may know of: at the start, and now and then.
func (c *Coverer) look(ctx context.Context, now time.Time) error {
	if !c.looked.IsZero() && now.Sub(c.looked) < lookEvery {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, coverTimeout)
	defer cancel()
	more, err := c.store.FindUncovered(ctx, c.looked.IsZero())
	if err == nil && !more { // else the next round goes on
		c.looked = now
	}
	return err
}

func (c *Coverer) cover(ctx context.Context, all bool) error {
	for {
		more, err := c.batch(ctx, all)
		if err != nil || !more {
			return err
		}
	}
}

func (c *Coverer) batch(ctx context.Context, all bool) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, coverTimeout)
	defer cancel()
	now := c.now()
	before := now.Add(-Burst)
	if all {
		before = now.Add(Burst)
	}
	return c.store.CoverJournal(ctx, before, func(lines []collab.JournalLine, more bool) ([]collab.AuditRow, int) {
		events, n := Describe(lines, more, all, now)
		rows := make([]collab.AuditRow, len(events))
		for i, e := range events {
			rows[i] = c.recorder.Row(e)
		}
		return rows, n
	})
}
