package audit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"corsia/shared/collab"
)

// trail is what the verifier walks, for who must look again.
type trail struct {
	walk    *walk // of the store
	store   TrailStore
	archive Objects                  // nil: there is none
	floors  map[int]collab.AuditHead // rows up to there are in the archive alone
}

// removes reports whether a row is of the type that JournalRemoved makes.
func removes(kind string, details map[string]string) bool {
	return Type(kind) == AdminAction && details[detailAction] == actionJournalRemoved
}

// removal takes a row that says which rows of a journal were removed. The rows of the trail that cover them come before it.
func (c *coverage) removal(r *collab.SealedRow) {
	removed, err := parseSpans(r.Details[detailRevisions])
	if cause := Cause(r.Details[detailCause]); err != nil || !agree(removed, r) || cause != CauseRetention && cause != CauseErasure {
		c.fail(r, "it does not say which rows of the journal were removed, and why")
		return
	}
	of := collab.Resource{Tenant: r.Tenant, ID: r.Resource}
	covered, before := runs(c.covered, of), runs(c.removed, of)
	for _, run := range removed {
		switch {
		case !c.blind && !covered.has(run):
			c.fail(r, fmt.Sprintf("it says that revisions %d to %d were removed, of which no row before it covers some", run.from, run.to))
		case !before.add(run):
			c.fail(r, fmt.Sprintf("it says that revisions %d to %d were removed, which a row before it says of some", run.from, run.to))
		default:
			c.report.Removed += run.to - run.from + 1
		}
	}
}

// doubtful returns the revisions that are missing although no row of the trail that was taken says that they were removed. Of a
// shard that the walk did not follow to its end nothing is known: it has said so.
func (c *coverage) doubtful() map[collab.Resource]spans {
	doubtful := map[collab.Resource]spans{}
	for r, missing := range c.missing {
		if left := missing.without(*runs(c.removed, r)); len(left) > 0 && !c.trail.walk.broken[Shard(r.Tenant, r.ID)] {
			doubtful[r] = left
		}
	}
	return doubtful
}

// settle judges what is missing. Rows may have been removed while the trail was walked: what says so is then pending, or was
// chained after its shard was walked. It is recorded in the transaction that removes, so it was there when the rows were
// found missing: whoever looks at what is pending first, and then at what was chained, does not miss it.
func (c *coverage) settle(ctx context.Context) error {
	bad := map[collab.Resource]spans{}
	for range verifyTries {
		doubtful := c.doubtful()
		if len(doubtful) == 0 {
			break
		}
		shards := map[int]bool{}
		for r := range doubtful {
			shards[Shard(r.Tenant, r.ID)] = true
		}
		pending, err := c.pending(ctx, slices.Sorted(maps.Keys(shards)))
		if err != nil {
			return err
		}
		for _, shard := range slices.Sorted(maps.Keys(shards)) {
			if err := c.trail.walk.shard(ctx, c.trail.store, shard); err != nil {
				return err
			}
		}
		if c.flush(ctx); c.err != nil {
			return c.err
		}
		for r, missing := range doubtful {
			*c.missing[r] = c.missing[r].without(missing) // judged now, and what the flush found is next
			left := missing.without(*runs(c.removed, r)).without(*runs(pending, r))
			for _, run := range left {
				runs := bad[r]
				runs.add(run)
				bad[r] = runs
			}
		}
	}
	return c.blame(ctx, bad)
}

// pending returns what pending rows say was removed.
func (c *coverage) pending(ctx context.Context, shards []int) (map[collab.Resource]*spans, error) {
	removed := map[collab.Resource]*spans{}
	for _, shard := range shards {
		rows, err := c.store.PendingRows(ctx, shard, string(AdminAction))
		if err != nil {
			return nil, err
		}
		for i := range rows {
			e, err := Parse(rows[i].Body)
			if err != nil || !removes(string(e.Type), e.Details) {
				continue
			}
			said, err := parseSpans(e.Details[detailRevisions])
			if err != nil {
				continue
			}
			for _, run := range said {
				runs(removed, collab.Resource{Tenant: e.Tenant, ID: e.Resource}).add(run)
			}
		}
	}
	return removed, nil
}

// blame reports revisions that are missing and were not removed, of each shard the first row that covers some.
func (c *coverage) blame(ctx context.Context, bad map[collab.Resource]spans) error {
	if len(bad) == 0 {
		return nil
	}
	first := map[collab.Resource]bool{}
	err := c.trail.retrace(ctx, bad, func(r *collab.SealedRow) {
		of := collab.Resource{Tenant: r.Tenant, ID: r.Resource}
		if Type(r.Type) != DocumentUpdated || first[of] {
			return
		}
		covers, err := parseSpans(r.Details[detailRevisions])
		if err != nil {
			return
		}
		if n := covers.count() - covers.without(bad[of]).count(); n > 0 {
			first[of] = true
			c.fail(r, fmt.Sprintf("journal of %s: of revisions %s, %d are missing", of.ID, covers, n))
		}
	})
	if err != nil {
		return err
	}
	for _, r := range sorted(bad) {
		if !first[r] {
			c.report.add(Tampered, fmt.Sprintf("journal of %s: revision %d is missing", r.ID, bad[r][0].from))
		}
	}
	return nil
}

// retrace hands each the rows of the shards of resources once more, in the order of each shard.
func (t trail) retrace(ctx context.Context, of map[collab.Resource]spans, each func(*collab.SealedRow)) error {
	shards := map[int]bool{}
	for r := range of {
		shards[Shard(r.Tenant, r.ID)] = true
	}
	if t.archive != nil && len(t.floors) > 0 {
		below := newWalk(&Report{}, nil)
		below.vouch = func(r *collab.SealedRow) {
			if shards[r.Shard] && r.Seq <= t.floors[r.Shard].Seq {
				each(r)
			}
		}
		if err := below.archive(ctx, t.archive); err != nil {
			return err
		}
	}
	for _, shard := range slices.Sorted(maps.Keys(shards)) {
		above := newWalk(&Report{}, t.floors)
		above.vouch = each
		if err := above.shard(ctx, t.store, shard); err != nil {
			return err
		}
	}
	return nil
}

// gone makes sure that what was removed is not there again. What removed the rows also recorded that it did: since the trail was
// walked they cannot be there.
func (c *coverage) gone(ctx context.Context) error {
	var asked []collab.JournalSpan
	back := map[collab.Resource]int64{}
	look := func() error {
		err := c.store.JournalLines(ctx, asked, func(at int, line *collab.JournalLine) error {
			if r := asked[at].Resource; back[r] == 0 {
				back[r] = line.Revision
			}
			return nil
		})
		asked = asked[:0]
		return err
	}
	for r, removed := range c.removed {
		for _, run := range *removed {
			if asked = append(asked, collab.JournalSpan{Resource: r, From: run.from, To: run.to}); len(asked) >= claimSpans {
				if err := look(); err != nil {
					return err
				}
			}
		}
	}
	if err := look(); err != nil {
		return err
	}
	for _, r := range sorted(back) {
		c.report.add(Tampered, fmt.Sprintf("journal of %s: revision %d is there, which the trail says was removed", r.ID, back[r]))
	}
	return nil
}

// sorted returns the resources of a map in the order of tenants and ids.
func sorted[T any](of map[collab.Resource]T) []collab.Resource {
	return slices.SortedFunc(maps.Keys(of), func(a, b collab.Resource) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
	})
}
