package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"golang.org/x/mod/sumdb/note"

	"corsia/shared/collab"
)

const (
	pendingLimit   = time.Minute     // an event that waits longer is missing from the chain (T3)
	uncoveredLimit = 5 * time.Minute // a row that is older should be covered by a checkpoint
	verifyPage     = 1000            // rows read at once
	verifyTries    = 5               // while rows leave the store
)

// TrailStore is the store, as the verifier sees it.
type TrailStore interface {
	AuditState(ctx context.Context) (collab.AuditState, error)
	// AuditRows returns up to limit rows of a shard after seq, in order.
	AuditRows(ctx context.Context, shard int, after int64, limit int) ([]collab.SealedRow, error)
	PendingAudit(ctx context.Context) (count int, oldest time.Time, err error)
	JournalStore
}

// Trust is what a trail is measured by.
type Trust struct {
	Keys    []note.Verifier // whose checkpoints count
	Trusted []byte          // a checkpoint that was kept elsewhere; nil: none
	Now     time.Time
	Chains  bool // the chains alone are verified, and not the journals that they vouch for
}

// VerifyStore verifies the trail in a store: every row, its columns against its body, its place in the chain, and the chains
// against the newest checkpoint of the store, those of the archive (nil: there is none) and the one that was kept elsewhere;
// and the journals against the rows that vouch for them. Where rows have left the store it goes on from the archive, which
// it verifies too. An error says that it could not read.
func VerifyStore(ctx context.Context, store TrailStore, archive Objects, t Trust) (*Report, error) {
	for tries := 1; ; tries++ {
		report, state, err := verifyStore(ctx, store, archive, t)
		if err != nil {
			return nil, err
		}
		after, err := store.AuditState(ctx)
		if err != nil {
			return nil, err
		}
		if maps.Equal(state.Floors, after.Floors) || tries == verifyTries {
			return report, nil
		}
	}
}

// verifyStore verifies once. Rows that leave for the archive meanwhile look like rows that are missing: the floors tell.
func verifyStore(ctx context.Context, store TrailStore, archive Objects, t Trust) (*Report, collab.AuditState, error) {
	report := &Report{}
	said, err := gather(ctx, archive, t, report) // before the store is read, which only grows
	if err != nil {
		return nil, collab.AuditState{}, err
	}
	state, err := store.AuditState(ctx)
	if err != nil {
		return nil, state, err
	}
	report.Epoch = state.Epoch
	if state.Latest.Number > 0 {
		c, err := OpenCheckpoint(state.Latest.Note, t.Keys...)
		if err != nil {
			report.add(Tampered, fmt.Sprintf("checkpoint %d of the store: %v", state.Latest.Number, err))
		} else {
			said = append(said, witness{c, fmt.Sprintf("checkpoint %d of the store", c.Number), true})
		}
	}
	w := newWalk(report, state.Floors)
	journals := newCoverage(store, trail{w, store, archive, state.Floors}, report, t.Chains)
	if len(state.Floors) > 0 { // first: what is covered there is covered before
		if err := verifyBelow(ctx, archive, state.Floors, journals, report); err != nil {
			return nil, state, err
		}
	}
	w.vouch = func(r *collab.SealedRow) { journals.row(ctx, r) }
	w.trust(said, state.Epoch, t.Now)
	for shard := range Shards {
		if err := w.shard(ctx, store, shard); err != nil {
			return nil, state, err
		}
	}
	if err := journals.finish(ctx, t.Now); err != nil { // it may walk on
		return nil, state, err
	}
	w.end()
	w.judge()
	if report.Pending, err = pending(ctx, store, t.Now, report); err != nil {
		return nil, state, err
	}
	report.sort()
	return report, state, nil
}

// witness is a checkpoint and where it comes from.
type witness struct {
	Checkpoint
	from   string
	needed bool // it was kept elsewhere or is the store's own: what it says of rows before a restore counts too
}

// gather opens the checkpoint that was kept elsewhere and those of the archive: all of its last day, and the last one of every
// day before. One alone would not do: what was rewritten may have been signed again.
func gather(ctx context.Context, archive Objects, t Trust, report *Report) (said []witness, err error) {
	if t.Trusted != nil {
		c, err := OpenCheckpoint(t.Trusted, t.Keys...)
		if err != nil {
			return nil, fmt.Errorf("trusted checkpoint: %w", err)
		}
		said = append(said, witness{c, fmt.Sprintf("the trusted checkpoint %d", c.Number), true})
	}
	if archive == nil {
		return said, nil
	}
	found, err := archived(ctx, archive, t.Keys)
	if errors.Is(err, ErrNotSigned) {
		report.add(Tampered, "a checkpoint of the archive: "+err.Error())
		return said, nil
	}
	if err != nil {
		return nil, err
	}
	for _, c := range found {
		said = append(said, witness{c, fmt.Sprintf("checkpoint %d of the archive", c.Number), false})
	}
	return said, nil
}

// trust takes what the checkpoints say as marks. A checkpoint of a later epoch than the trail's shows that the trail is an
// old one. One of an earlier epoch may know rows that the restore did not bring back.
func (w *walk) trust(said []witness, epoch int64, now time.Time) {
	for _, c := range said {
		m := mark{by: c.from, missing: Tampered, other: Tampered}
		switch {
		case c.Epoch > epoch:
			w.report.add(Tampered, fmt.Sprintf("the trail is of epoch %d, and %s of epoch %d: an old one was put in its place", epoch, c.from, c.Epoch))
		case c.Epoch < epoch && !c.needed: // that a restore lost them is no alarm for ever
			m.missing, m.other = Intact, Intact
		case c.Epoch < epoch:
			m.by += fmt.Sprintf(", of epoch %d, before the restore that opened epoch %d,", c.Epoch, epoch)
			m.missing, m.other = Incomplete, Incomplete
		case c.Number > w.report.Checkpoint.Number:
			w.report.Checkpoint, w.covered = c.Checkpoint, c.Heads
		}
		w.expect(m, c.Heads)
	}
	w.old = now.Add(-uncoveredLimit)
}

func (w *walk) shard(ctx context.Context, store TrailStore, shard int) error {
	after := w.heads[shard].Seq
	for {
		rows, err := store.AuditRows(ctx, shard, after, verifyPage)
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			w.row(&rows[i])
		}
		last := rows[len(rows)-1].Seq
		if last <= after {
			return fmt.Errorf("the store returns rows of shard %d out of order after seq %d", shard, after)
		}
		after = last
	}
}

// judge says what no checkpoint vouches for.
func (w *walk) judge() {
	r := w.report
	switch {
	case r.Rows > 0 && r.Checkpoint.Number == 0:
		r.add(Incomplete, "no checkpoint of this epoch vouches for the rows: they follow from each other, but may be new altogether")
	case w.late > 0:
		r.add(Incomplete, fmt.Sprintf("%d rows older than %s are covered by no checkpoint", w.late, uncoveredLimit))
	}
}

func pending(ctx context.Context, store TrailStore, now time.Time, report *Report) (int, error) {
	count, oldest, err := store.PendingAudit(ctx)
	if err == nil && !oldest.IsZero() && now.Sub(oldest) > pendingLimit {
		report.add(Incomplete, fmt.Sprintf("%d events are not chained yet, the oldest for %s", count, now.Sub(oldest).Truncate(time.Second)))
	}
	return count, err
}

// verifyBelow verifies the archive as far as rows have left the store for it.
func verifyBelow(ctx context.Context, archive Objects, floors map[int]collab.AuditHead, journals *coverage, report *Report) error {
	if archive == nil {
		report.add(Incomplete, "rows have left the store for the archive, which was not given")
		journals.blind = true
		return nil
	}
	below := &Report{}
	w := newWalk(below, nil)
	w.vouch = func(r *collab.SealedRow) {
		if r.Seq <= floors[r.Shard].Seq { // the others are in the store too
			journals.row(ctx, r)
		}
	}
	w.expect(mark{by: "the store, which has handed them to the archive,", missing: Tampered, other: Tampered}, floors)
	if err := w.archive(ctx, archive); err != nil {
		return err
	}
	w.end()
	for shard, floor := range floors { // those above it were counted in the store
		report.Rows += min(below.Heads[shard].Seq, floor.Seq)
	}
	for _, p := range below.Problems {
		p.What = "archive: " + p.What
		report.Problems = append(report.Problems, p)
	}
	return nil
}
