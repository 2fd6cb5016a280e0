package audit

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"corsia/shared/collab"
)

const (
	coveredLimit = time.Minute // a row of the journal that is older should be covered (T2)
	claimSpans   = 256         // runs of revisions that are read at once
)

// JournalStore is the journal of a store, as the verifier sees it.
type JournalStore interface {
	// JournalLines calls each with the rows of the spans, in the order of the spans and of their revisions; at is the number
	// of a row's span. It hashes the updates itself. An error of each ends it.
	JournalLines(ctx context.Context, spans []collab.JournalSpan, each func(at int, line *collab.JournalLine) error) error
	// JournalEnds returns the ends of up to limit journals after a resource, in the order of tenants and resources.
	JournalEnds(ctx context.Context, after collab.Resource, limit int) ([]collab.JournalEnd, error)
	// PendingRows returns the rows of a type that wait to be chained in a shard.
	PendingRows(ctx context.Context, shard int, kind string) ([]collab.AuditRow, error)
}

// claim is what a row of the trail says of rows of a journal.
type claim struct {
	row  collab.SealedRow
	runs spans
	sum  string

	// Of the rows that were read so far.
	digest *digest
	read   int64
	next   int64 // revision that follows; 0: none was read
	what   string
}

// coverage compares the rows of journals with the rows of the trail that vouch for them. It keeps in memory the runs of
// revisions that are covered, removed and missing, of each resource mostly one.
type coverage struct {
	// Set by newCoverage, never changed.
	store  JournalStore
	trail  trail
	report *Report
	off    bool // nothing is compared

	blind   bool // rows of the trail cannot be seen: what they cover and remove is not known
	covered map[collab.Resource]*spans
	removed map[collab.Resource]*spans // as rows of the trail say
	missing map[collab.Resource]*spans // covered, and not there when they were looked for
	claims  []claim
	spans   int          // of claims
	broken  map[int]bool // by shard: a claim was found wrong
	err     error        // of the first reading that went wrong
}

func newCoverage(store JournalStore, trail trail, report *Report, off bool) *coverage {
	return &coverage{store: store, trail: trail, report: report, off: off, covered: map[collab.Resource]*spans{}, removed: map[collab.Resource]*spans{},
		missing: map[collab.Resource]*spans{}, broken: map[int]bool{}}
}

// runs returns those of a resource, to be added to.
func runs(of map[collab.Resource]*spans, r collab.Resource) *spans {
	s := of[r]
	if s == nil {
		s = &spans{}
		of[r] = s
	}
	return s
}

// row takes the next row of a shard.
func (c *coverage) row(ctx context.Context, r *collab.SealedRow) {
	switch {
	case c.off || c.err != nil:
	case Type(r.Type) == DocumentUpdated:
		c.claim(ctx, r)
	case removes(r.Type, r.Details):
		c.removal(r)
	}
}

// claim takes a row that covers rows of a journal.
func (c *coverage) claim(ctx context.Context, r *collab.SealedRow) {
	cl := claim{row: *r, sum: r.Details[detailSum]}
	var err error
	if cl.runs, err = parseSpans(r.Details[detailRevisions]); err != nil || !cl.whole() {
		c.fail(r, "it does not say which rows of the journal it covers")
		return
	}
	covered := runs(c.covered, cl.resource())
	for _, run := range cl.runs {
		if !covered.add(run) {
			c.fail(r, fmt.Sprintf("it covers revisions %d to %d, of which a row before it covers some", run.from, run.to))
			return
		}
	}
	c.claims, c.spans = append(c.claims, cl), c.spans+len(cl.runs)
	if c.spans >= claimSpans {
		c.flush(ctx)
	}
}

func (cl *claim) resource() collab.Resource {
	return collab.Resource{Tenant: cl.row.Tenant, ID: cl.row.Resource}
}

// whole reports whether the parts of a claim agree.
func (cl *claim) whole() bool {
	hash, err := hex.DecodeString(cl.sum)
	return err == nil && len(hash) == len(Hash{}) && agree(cl.runs, &cl.row)
}

// agree reports whether a row says the same of its revisions everywhere.
func agree(runs spans, r *collab.SealedRow) bool {
	return r.Details[detailRows] == strconv.FormatInt(runs.count(), 10) && runs[0].from == r.RevisionFrom && runs[len(runs)-1].to == r.RevisionTo
}

func (c *coverage) fail(r *collab.SealedRow, what string) {
	if c.broken[r.Shard] {
		return
	}
	c.broken[r.Shard] = true
	c.report.Problems = append(c.report.Problems, Problem{Status: Tampered, Shard: r.Shard, Seq: r.Seq, EventID: r.EventID, What: what})
}

// flush reads the rows of the journal that the claims are about. Claims of which there is no row at all are noted as missing:
// whether they may be, rows of the trail say that come later.
func (c *coverage) flush(ctx context.Context) {
	if c.err != nil || len(c.claims) == 0 {
		return
	}
	all := make([]*claim, len(c.claims))
	for i := range c.claims {
		all[i] = &c.claims[i]
	}
	if c.err = c.compare(ctx, all); c.err != nil {
		return
	}
	// Rows leave the journal in one transaction, which may have been between two readings of this one: of a claim that it took,
	// nothing is left at the second look.
	parts := slices.DeleteFunc(slices.Clone(all), func(cl *claim) bool { return cl.read == 0 || cl.read == cl.runs.count() })
	if c.err = c.compare(ctx, parts); c.err != nil {
		return
	}
	for _, cl := range all {
		c.report.Journalled += cl.read
		if cl.read == 0 {
			missing := runs(c.missing, cl.resource())
			for _, run := range cl.runs {
				missing.add(run)
			}
		} else if what := cl.verdict(); what != "" {
			c.fail(&cl.row, fmt.Sprintf("journal of %s: %s", cl.row.Resource, what))
		}
	}
	clear(c.claims)
	c.claims, c.spans = c.claims[:0], 0
}

// compare reads the rows of claims, from the beginning.
func (c *coverage) compare(ctx context.Context, claims []*claim) error {
	var asked []collab.JournalSpan
	var whose []*claim
	for _, cl := range claims {
		cl.digest, cl.read, cl.next, cl.what = newDigest(cl.resource()), 0, 0, ""
		for _, run := range cl.runs {
			asked, whose = append(asked, collab.JournalSpan{Resource: cl.resource(), From: run.from, To: run.to}), append(whose, cl)
		}
	}
	return c.store.JournalLines(ctx, asked, func(at int, line *collab.JournalLine) error {
		whose[at].line(asked[at], line)
		return nil
	})
}

// line compares the next row of a claim's span.
func (cl *claim) line(of collab.JournalSpan, line *collab.JournalLine) {
	want := max(cl.next, of.From)
	switch {
	case cl.what != "":
	case line.Revision != want:
		cl.what = fmt.Sprintf("revision %d is there in the place of %d", line.Revision, want)
	case line.User != cl.row.Actor || line.Session != cl.row.Session:
		cl.what = fmt.Sprintf("revision %d is by %s in session %s", line.Revision, line.User, line.Session)
	case !slices.EqualFunc(line.Fields, cl.row.Fields, same):
		cl.what = fmt.Sprintf("revision %d writes other fields", line.Revision)
	}
	cl.digest.add(line)
	cl.read, cl.next = cl.read+1, line.Revision+1
}

// verdict says what is wrong with the rows of a claim; "" nothing.
func (cl *claim) verdict() string {
	switch {
	case cl.what != "":
		return cl.what
	case cl.read != cl.runs.count():
		return fmt.Sprintf("of revisions %s, %d are missing", cl.runs, cl.runs.count()-cl.read)
	case cl.digest.hex() != cl.sum:
		return fmt.Sprintf("revisions %s are not what was written", cl.runs)
	}
	return ""
}

// finish judges what is missing and what no row of the trail covers, when all were taken.
func (c *coverage) finish(ctx context.Context, now time.Time) error {
	if c.off {
		return nil
	}
	c.flush(ctx)
	var after collab.Resource
	late := uncovered{}
	for c.err == nil {
		ends, err := c.store.JournalEnds(ctx, after, claimSpans)
		if err != nil {
			return err
		}
		if len(ends) == 0 {
			break
		}
		c.err = c.page(ctx, ends, now.Add(-coveredLimit), &late)
		after = ends[len(ends)-1].Resource
	}
	if c.err == nil {
		c.err = c.settle(ctx)
	}
	if c.err == nil {
		c.err = c.gone(ctx)
	}
	if late.resources > 0 && !c.blind {
		c.report.add(Incomplete, fmt.Sprintf("the journals of %d resources have rows older than %s that no row of the trail covers, such as revision %d of %s",
			late.resources, coveredLimit, late.first.From, late.first.Resource.ID))
	}
	return c.err
}

// uncovered counts resources with rows that nothing covers.
type uncovered struct {
	resources int
	first     collab.JournalSpan
}

// page judges the ends of some journals: of each the first revision that is not covered.
func (c *coverage) page(ctx context.Context, ends []collab.JournalEnd, old time.Time, late *uncovered) error {
	var asked []collab.JournalSpan
	for _, end := range ends {
		if end.Stray != nil {
			c.report.add(Tampered, fmt.Sprintf("journal of %s: there is a row of revision %d, which nobody can have appended", end.Resource.ID, *end.Stray))
		}
		next := int64(firstJournalled)
		if covered := c.covered[end.Resource]; covered != nil {
			next = covered.missing()
		}
		if next <= end.Revision {
			asked = append(asked, collab.JournalSpan{Resource: end.Resource, From: next, To: next})
		}
	}
	there := make([]bool, len(asked))
	err := c.store.JournalLines(ctx, asked, func(at int, line *collab.JournalLine) error {
		there[at] = true
		if line.At.Before(old) {
			if late.resources == 0 {
				late.first = asked[at]
			}
			late.resources++
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, found := range there {
		if !found && !c.blind { // else a row that cannot be seen may say that it was removed
			runs(c.missing, asked[i].Resource).add(span{asked[i].From, asked[i].To})
		}
	}
	return nil
}
