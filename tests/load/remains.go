package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // reads the store
	_ "modernc.org/sqlite"             // likewise

	"corsia/tests/load/measure"
)

const (
	metricGoroutines  = "go_goroutines"
	metricCollections = "go_gc_duration_seconds_count"
	leaveTimeout      = 20 * time.Second
	collectTimeout    = 90 * time.Second
	lookInterval      = 100 * time.Millisecond
	spareGoroutines   = 8  // that come and go: connections of the store, this very scrape
	pooledGoroutines  = 24 // of an instance: its pools of connections to services grow under load
)

// look is the gateway at a moment, or all instances together.
type look struct {
	metrics  map[string]float64
	oldest   time.Duration // of the uncommitted updates
	resident int64
}

func (b *bench) look(ctx context.Context) (look, error) {
	l := look{metrics: map[string]float64{}, resident: b.target.resident()}
	for _, url := range b.target.urls {
		metrics, err := measure.Scrape(ctx, url+"/metrics")
		if err != nil {
			return l, err
		}
		for name, value := range metrics {
			l.metrics[name] += value
		}
		l.oldest = max(l.oldest, time.Duration(metrics["oldest_uncommitted_seconds"]*float64(time.Second)))
	}
	return l, nil
}

// collected returns a look after the gateway has collected its garbage and given the memory back. A gateway that
// profiles itself is told to; any other is asked for its metrics until that has made garbage enough for two collections,
// and watched until its memory shrinks no more.
func (b *bench) collected(ctx context.Context) (look, error) {
	ctx, cancel := context.WithTimeout(ctx, collectTimeout)
	defer cancel()
	if err := b.target.signal(b.settings, writeProfile); err != nil {
		return look{}, err
	}
	seen, err := b.look(ctx)
	if err != nil {
		return seen, err
	}
	enough := seen.metrics[metricCollections] + float64(2*len(b.target.urls))
	for seen.metrics[metricCollections] < enough {
		if seen, err = b.look(ctx); err != nil {
			return seen, fmt.Errorf("wait for the gateway's garbage collection: %w", err)
		}
	}
	return b.shrunk(ctx)
}

// shrunk waits until the resident memory has not shrunk for a while.
func (b *bench) shrunk(ctx context.Context) (look, error) {
	least, since := b.target.resident(), time.Now()
	for time.Since(since) < b.settings.Settle {
		select {
		case <-ctx.Done():
			return look{}, context.Cause(ctx)
		case <-time.After(lookInterval):
		}
		const noise = 1 << 20
		if now := b.target.resident(); now < least-noise {
			least, since = now, time.Now()
		}
	}
	return b.look(ctx)
}

// gone waits until the gateway has forgotten the sessions that left, and notes what is left of them.
func (b *bench) gone(ctx context.Context, before look) error {
	var after look
	var err error
	for until := time.Now().Add(leaveTimeout); ; {
		if after, err = b.look(ctx); err != nil {
			return err
		}
		if after.back(before, b.spare()) || time.Now().After(until) {
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookInterval):
		}
	}
	r := b.result
	for _, name := range []string{"websocket_connections_total", "sessions", "rooms", "documents", "locks_held", "journal_queue_depth"} {
		r.Equal("left over: "+name, after.metrics[name]-before.metrics[name], 0)
	}
	r.Under("left over: goroutines", after.metrics[metricGoroutines]-before.metrics[metricGoroutines], "", b.spare())
	if b.target.store.driver == "" {
		return nil
	}
	return b.rows(ctx)
}

// spare returns how many goroutines may be left over.
func (b *bench) spare() float64 {
	return float64(spareGoroutines + pooledGoroutines*b.settings.Instances)
}

// back reports whether everything is as it was before.
func (l look) back(before look, spare float64) bool {
	for _, name := range []string{"websocket_connections_total", "sessions", "rooms", "documents", "locks_held"} {
		if l.metrics[name] != before.metrics[name] {
			return false
		}
	}
	return l.metrics[metricGoroutines] <= before.metrics[metricGoroutines]+spare
}

// rows notes what the store keeps of sessions that are gone: client ids that were never used, and open locks.
func (b *bench) rows(ctx context.Context) (err error) {
	db, err := sql.Open(b.target.store.driver, b.target.store.source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, q := range []struct{ name, query string }{
		{"left over: unused client ids", "SELECT count(*) FROM yjs_clients WHERE NOT used AND NOT retired"},
		{"left over: open locks", "SELECT count(*) FROM locks WHERE closed_at IS NULL"},
	} {
		var n float64
		if err := db.QueryRowContext(ctx, q.query).Scan(&n); err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		b.result.Equal(q.name, n, 0)
	}
	return nil
}
