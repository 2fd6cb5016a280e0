package document

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	largeState     = 256 << 10 // from here on a state is written when the tail exceeds a quarter of it (SPEC D3)
	maxCachedState = 256 << 10 // a larger one is not worth a place in memory
	compactTimeout = 30 * time.Second
	finalTimeout   = 5 * time.Second // for everything, when the process stops: what is left over stays in the journal
)

// States is where a Compactor reads journals and writes states.
type States interface {
	// Fold reads a resource, has fold make the state, and keeps it: for one caller at a time on all instances. ErrHeld:
	// another is at it.
	Fold(ctx context.Context, res collab.Resource, fold func(collab.Snapshot) (collab.State, error)) error
}

// Cache keeps states for whoever looks at the state driver. It is never authoritative.
type Cache interface {
	CacheState(ctx context.Context, s collab.State) error
}

// CompactorOptions configures a Compactor.
type CompactorOptions struct {
	States  States
	Cache   Cache // nil: none
	Metrics *obs.Metrics
	Log     *slog.Logger
	Now     func() time.Time
	After   time.Duration // a state is at most so much older than a change
}

// Compactor folds the journals of resources that changed, off the rooms' path: it reads from the store what the store
// has, so that a room never waits for it and its proof covers what would be read after a crash.
type Compactor struct {
	// Set by NewCompactor, never changed.
	CompactorOptions
	wake chan struct{} // room for one

	// Guarded by mu.
	mu    sync.Mutex
	dirty map[collab.Resource]*tail
	sizes map[collab.Resource]int // of large states, as last written
}

// tail is what was appended to a journal since its state was written.
type tail struct {
	since  time.Time
	bytes  int
	erased bool // the content was erased: the cache forgets what was before
	left   bool // the last session of this instance left: now is the time
	again  bool // the store failed: try again, however short the tail is
}

// NewCompactor returns a compactor that knows of no change.
func NewCompactor(o CompactorOptions) *Compactor {
	return &Compactor{CompactorOptions: o, wake: make(chan struct{}, 1), dirty: map[collab.Resource]*tail{}, sizes: map[collab.Resource]int{}}
}

// Changed notes that bytes were appended to the resource's journal.
func (c *Compactor) Changed(res collab.Resource, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.dirty[res]
	if t == nil {
		t = &tail{since: c.Now()}
		c.dirty[res] = t
	}
	t.bytes += bytes
}

// Left notes that nobody of this instance is in the room any more.
func (c *Compactor) Left(res collab.Resource) {
	c.mu.Lock()
	if t := c.dirty[res]; t != nil {
		t.left = true
	}
	delete(c.sizes, res)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Erased notes that the content of the resource was erased: nothing older stays in the cache.
func (c *Compactor) Erased(res collab.Resource) {
	c.mu.Lock()
	t := c.dirty[res]
	if t == nil {
		t = &tail{since: c.Now()}
		c.dirty[res] = t
	}
	t.erased, t.left = true, true
	delete(c.sizes, res)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run compacts what is due until ctx ends, and then, for a while, everything that changed.
func (c *Compactor) Run(ctx context.Context) {
	tick := time.NewTicker(max(c.After/10, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalTimeout)
			defer cancel()
			c.all(last, c.take(func(*tail, int) bool { return true }))
			if n := c.waiting(); n > 0 {
				c.Log.Warn("document: journals are left as they are", obs.Count(n))
			}
			return
		case <-tick.C:
		case <-c.wake:
		}
		early := c.Now().Add(-c.After * 8 / 10) // the rest of the time is for the work
		c.all(ctx, c.take(func(t *tail, size int) bool {
			return t.left || !t.since.After(early) && (t.again || size < largeState || t.bytes > size/4)
		}))
	}
}

func (c *Compactor) take(due func(t *tail, size int) bool) map[collab.Resource]*tail {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[collab.Resource]*tail{}
	for res, t := range c.dirty {
		if due(t, c.sizes[res]) {
			out[res] = t
			delete(c.dirty, res)
		}
	}
	return out
}

func (c *Compactor) all(ctx context.Context, due map[collab.Resource]*tail) {
	for res, t := range due {
		retry, err := c.compact(ctx, res, t)
		if retry {
			c.postpone(res, t)
		}
		switch {
		case err == nil || ctx.Err() != nil:
		case retry: // the store's own breaker tells operators
			c.Log.Warn("document: compaction is tried again", obs.Tenant(res.Tenant), obs.Resource(res.ID), obs.Err(err))
			c.Metrics.CompactionFailures.Inc()
		default:
			c.Log.Error("document: compaction", obs.Tenant(res.Tenant), obs.Resource(res.ID), obs.Err(err))
			c.Metrics.CompactionFailures.Inc() // the journal is kept: nothing is lost
		}
	}
}

// compact folds one journal. An error of the store is worth another try; a document that cannot be folded is not, before
// it changes.
func (c *Compactor) compact(ctx context.Context, res collab.Resource, t *tail) (retry bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, compactTimeout)
	defer cancel()
	var state, stored collab.State
	var unfit error
	err = c.States.Fold(ctx, res, func(s collab.Snapshot) (collab.State, error) {
		state, unfit = collab.State{}, nil
		stored = collab.State{Resource: res, Revision: s.StateRevision, Epoch: s.Head.Epoch, State: s.State, At: c.Now()}
		if s.Head.Revision > s.StateRevision {
			state, unfit = Compact(s)
			state.Resource, state.At = res, c.Now()
		}
		return state, unfit
	})
	switch {
	case errors.Is(err, collab.ErrHeld): // what this instance knows of may be newer: look again
		return true, nil
	case unfit != nil:
		return false, unfit
	case err != nil:
		return true, err
	case state.Revision == 0:
		if t.erased {
			c.cache(ctx, stored)
		}
		return false, nil
	}
	c.Metrics.Operations.Compact.Inc()
	c.cache(ctx, state)
	if len(state.State) >= largeState && !t.left {
		c.mu.Lock()
		c.sizes[res] = len(state.State)
		c.mu.Unlock()
	}
	return false, nil
}

// cache keeps a small state where operators and tools look (SPEC R).
func (c *Compactor) cache(ctx context.Context, state collab.State) {
	if c.Cache == nil || len(state.State) > maxCachedState {
		return
	}
	if err := c.Cache.CacheState(ctx, state); err != nil && ctx.Err() == nil {
		c.Log.Debug("document: cache a state", obs.Resource(state.Resource.ID), obs.Err(err)) // nobody relies on it
	}
}

// postpone puts back what could not be done. The store is asked again after a while, not at once.
func (c *Compactor) postpone(res collab.Resource, t *tail) {
	c.mu.Lock()
	defer c.mu.Unlock()
	newer := c.dirty[res]
	if newer == nil {
		newer = &tail{since: c.Now()}
		c.dirty[res] = newer
	}
	newer.bytes += t.bytes
	newer.again, newer.erased = true, newer.erased || t.erased
}

func (c *Compactor) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.dirty)
}
