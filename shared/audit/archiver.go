package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Retention of rows in the store (SPEC 1, AUDIT_RETENTION).
const (
	DefaultRetention = 400 * 24 * time.Hour
	MinRetention     = 48 * time.Hour // a day that is over, and a day more: the store refuses to remove rows of the last day
	Forever          = time.Duration(0)
)

// ParseRetention reads a retention: a duration in Go's notation, "forever", or nothing for the default.
func ParseRetention(text string) (time.Duration, error) {
	switch text {
	case "":
		return DefaultRetention, nil
	case "forever":
		return Forever, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < MinRetention {
		return 0, fmt.Errorf("is not forever or a duration of at least %s, such as 9600h", MinRetention)
	}
	return d, nil
}

// ArchiveStore is the store, as the archiver sees it.
type ArchiveStore interface {
	Chains
	// LockArchive takes the right to archive, and reports false when somebody else has it.
	LockArchive(ctx context.Context) (release func(), ok bool, err error)
	// RemoveArchived removes the rows of a shard up to head and notes that the chain goes on there, in one transaction or in
	// several steps. It refuses a head that is not the shard's, and returns 0 for one that was removed already.
	RemoveArchived(ctx context.Context, shard int, head collab.AuditHead) (int64, error)
}

// ArchiverOptions are what an archiver works with.
type ArchiverOptions struct {
	Store     ArchiveStore
	Objects   Days
	Retention time.Duration // rows that were recorded longer ago leave the store, when they are in the archive; Forever: none
	Log       *slog.Logger
	Now       func() time.Time
}

// Archiver archives every day that is over and was not archived yet, and removes from the store what is in the archive and
// older than the retention (T5). Running it again changes nothing; of two that run at once one works. One that is
// interrupted leaves a trail that verifies, and the next one goes on.
type Archiver struct{ o ArchiverOptions }

// NewArchiver returns an archiver. It holds nothing.
func NewArchiver(o ArchiverOptions) *Archiver { return &Archiver{o: o} }

// Archived is what a run of an archiver did. It is the answer of the function auditarchive.
type Archived struct {
	Days     []ArchivedDay `json:"days"`              // those that were archived now
	Through  string        `json:"through,omitempty"` // the last day that the archive has
	Removed  int64         `json:"removed"`           // rows that left the store now
	Busy     bool          `json:"busy,omitempty"`    // another archiver is at work: nothing was done
	Complete bool          `json:"complete"`          // nothing is left to do until the next day
	Waiting  int           `json:"waiting,omitempty"` // days that are over and not archived
}

// ArchivedDay is one day of a run.
type ArchivedDay struct {
	Day    string `json:"day"`
	Rows   int64  `json:"rows"`
	Object string `json:"object"`
	SHA256 string `json:"sha256"`
}

// Archived returns what a run tells of the day.
func (m *Manifest) Archived() ArchivedDay {
	return ArchivedDay{Day: m.Day, Rows: m.Rows, Object: m.Object, SHA256: m.SHA256}
}

// Run archives and removes. When ctx ends first, what is done is good, and the error is that of ctx.
func (a *Archiver) Run(ctx context.Context) (Archived, error) {
	r := Archived{Days: []ArchivedDay{}}
	release, ok, err := a.o.Store.LockArchive(ctx)
	if err != nil {
		return r, err
	}
	if !ok {
		r.Busy = true
		return r, nil
	}
	defer release()
	l, err := openLedger(ctx, a.o.Store, a.o.Objects)
	if err == nil {
		err = a.archive(ctx, l, &r)
	}
	if err == nil {
		err = a.remove(ctx, l, &r)
	}
	r.Complete = err == nil
	if cause := ctx.Err(); err != nil && cause != nil {
		err = errors.Join(cause, err)
	}
	return r, err
}

func (a *Archiver) archive(ctx context.Context, l *ledger, r *Archived) error {
	if n := len(l.all); n > 0 {
		r.Through = l.all[n-1].Day
	}
	day, ok, err := l.next(ctx, a.o.Store)
	if err != nil || !ok {
		return err
	}
	now := a.o.Now()
	r.Waiting = max(0, int(now.Sub(day)/oneDay))
	for ; r.Waiting > 0; day = day.Add(oneDay) {
		m, err := l.archive(ctx, a.o.Store, a.o.Objects, day, now)
		if err != nil {
			return err
		}
		r.Days = append(r.Days, m.Archived())
		r.Through, r.Waiting = m.Day, r.Waiting-1
		a.o.Log.LogAttrs(ctx, slog.LevelInfo, "audit: a day is in the archive", slog.String(obs.KeyFile, m.Object), slog.Int64(obs.KeyCount, m.Rows))
	}
	return nil
}

// remove removes day by day what the archive has and the store need not keep. Each day's object is read and verified again, and
// the store's rows are compared with it, before the first of them goes.
func (a *Archiver) remove(ctx context.Context, l *ledger, r *Archived) error {
	if a.o.Retention == Forever {
		return nil
	}
	state, err := a.o.Store.AuditState(ctx)
	if err != nil {
		return err
	}
	floors, start := cloned(state.Floors), map[int]collab.AuditHead{}
	limit := a.o.Now().Add(-a.o.Retention)
	for i := range l.all {
		m := &l.all[i]
		day, err := time.Parse(dayLayout, m.Day)
		if err != nil || day.Add(oneDay).After(limit) {
			return err
		}
		end := maps.Clone(start)
		if err := m.advance(end); err != nil {
			return err
		}
		if m.beyond(floors) {
			n, err := a.removeDay(ctx, m, start, end, floors)
			if r.Removed += n; err != nil {
				return fmt.Errorf("remove audit rows of %s: %w", m.Day, err)
			}
			a.o.Log.LogAttrs(ctx, slog.LevelInfo, "audit: rows have left the store", slog.String(obs.KeyFile, m.Object), slog.Int64(obs.KeyCount, n))
		}
		start = end
	}
	return nil
}

// beyond reports whether the store has rows of the day.
func (m *Manifest) beyond(floors map[int]collab.AuditHead) bool {
	for shard, part := range m.Shards {
		if part.Last > floors[shard].Seq {
			return true
		}
	}
	return false
}

func (a *Archiver) removeDay(ctx context.Context, m *Manifest, start, end, floors map[int]collab.AuditHead) (removed int64, err error) {
	if err := m.readBack(ctx, a.o.Objects, start); err != nil {
		return 0, err
	}
	if err := a.compare(ctx, m, end, floors); err != nil {
		return 0, err
	}
	for _, shard := range slices.Sorted(maps.Keys(m.Shards)) {
		if end[shard].Seq <= floors[shard].Seq {
			continue
		}
		n, err := a.o.Store.RemoveArchived(ctx, shard, end[shard])
		if removed += n; err != nil {
			return removed, err
		}
		floors[shard] = end[shard]
	}
	return removed, nil
}

// compare makes sure that the store's rows of a day are good and lead to the archive's chains: one that was changed in the
// store stays there as evidence.
func (a *Archiver) compare(ctx context.Context, m *Manifest, end, floors map[int]collab.AuditHead) error {
	report := &Report{}
	w := newWalk(report, floors)
	for shard := range m.Shards {
		last := end[shard]
		w.expect(mark{by: "the archive", missing: Tampered, other: Tampered}, map[int]collab.AuditHead{shard: last})
		for after := floors[shard].Seq; after < last.Seq; {
			rows, err := a.o.Store.AuditRows(ctx, shard, after, int(min(verifyPage, last.Seq-after)))
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				break
			}
			for i := range rows {
				w.row(&rows[i])
			}
			after = rows[len(rows)-1].Seq
		}
	}
	w.end()
	if len(report.Problems) > 0 {
		return fmt.Errorf("the store's rows are not those of the archive: %s", report.Problems[0])
	}
	return nil
}
