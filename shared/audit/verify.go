package audit

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"corsia/shared/collab"
)

// Status is the verdict on a trail; it is the exit status of `corsia audit verify`.
type Status int

// The verdicts (T4).
const (
	Intact     Status = 0 // every row is where and what it was when it was signed
	Tampered   Status = 1 // a row was changed, removed, added or moved
	Incomplete Status = 2 // nothing contradicts, but something that should vouch is missing
)

// String returns the verdict's name.
func (s Status) String() string {
	switch s {
	case Intact:
		return "intact"
	case Tampered:
		return "tampered"
	}
	return "incomplete"
}

// Problem is one thing that is wrong with a trail.
type Problem struct {
	Status  Status // Tampered or Incomplete
	Shard   int    // -1: of no shard
	Seq     int64  // first bad row; 0: none
	EventID string
	What    string
}

// String returns a line for people.
func (p Problem) String() string {
	switch {
	case p.Shard < 0:
		return fmt.Sprintf("%s: %s", p.Status, p.What)
	case p.EventID == "":
		return fmt.Sprintf("%s: shard %d, seq %d: %s", p.Status, p.Shard, p.Seq, p.What)
	}
	return fmt.Sprintf("%s: shard %d, seq %d, event %s: %s", p.Status, p.Shard, p.Seq, p.EventID, p.What)
}

// Report says what was verified, and what is wrong: of each shard the first bad row alone.
type Report struct {
	Rows       int64
	Heads      map[int]collab.AuditHead // where each chain ended, as far as it was good
	Epoch      int64
	Checkpoint Checkpoint // the newest one that vouches; Number 0: none
	Uncovered  int64      // rows after it, which the next one will cover
	Pending    int        // rows not chained yet
	Journalled int64      // rows of journals that are what the trail vouches for
	Removed    int64      // rows of journals that were removed, as the trail says
	Forks      int        // ends of chains that checkpoints before a restore know otherwise
	Problems   []Problem  // tampering first
}

// Status returns the verdict.
func (r *Report) Status() Status {
	if len(r.Problems) == 0 {
		return Intact
	}
	return r.Problems[0].Status
}

func (r *Report) sort() {
	slices.SortStableFunc(r.Problems, func(a, b Problem) int { return int(a.Status) - int(b.Status) })
}

func (r *Report) add(status Status, what string) {
	r.Problems = append(r.Problems, Problem{Status: status, Shard: -1, What: what})
}

// mark is what something that is trusted says of a chain.
type mark struct {
	by      string
	chain   Hash
	missing Status // the verdict when the chain does not reach it; Intact: it need not
	other   Status // the verdict when the chain is another there; Intact: it is counted
}

// walk checks rows, which come in the order of seq within each shard.
type walk struct {
	report  *Report
	heads   map[int]collab.AuditHead
	good    map[int]int64 // by shard: the last row that a mark vouches for
	broken  map[int]bool
	marks   map[int]map[int64][]mark
	old     time.Time // rows that were recorded before should be covered by a checkpoint
	covered map[int]collab.AuditHead
	late    int64                   // rows of before old that are not
	vouch   func(*collab.SealedRow) // gets each row that is good; nil: nobody does
}

// newWalk begins after the rows of start.
func newWalk(report *Report, start map[int]collab.AuditHead) *walk {
	w := &walk{report: report, heads: map[int]collab.AuditHead{}, good: map[int]int64{}, broken: map[int]bool{}, marks: map[int]map[int64][]mark{}}
	for shard, head := range start {
		w.heads[shard], w.good[shard] = head, head.Seq
	}
	return w
}

// expect adds what is known of chains. Marks before the start say nothing, one at the start is checked at once.
func (w *walk) expect(m mark, heads map[int]collab.AuditHead) {
	for shard, head := range heads {
		m.chain = head.Chain
		if start := w.heads[shard]; head.Seq < start.Seq {
			continue
		} else if head.Seq == start.Seq {
			w.meet(shard, m)
			continue
		}
		if w.marks[shard] == nil {
			w.marks[shard] = map[int64][]mark{}
		}
		w.marks[shard][head.Seq] = append(w.marks[shard][head.Seq], m)
	}
}

// fail notes the first problem of a shard.
func (w *walk) fail(status Status, shard int, seq int64, id, what string) {
	if w.broken[shard] {
		return
	}
	w.broken[shard] = true
	w.report.Problems = append(w.report.Problems, Problem{Status: status, Shard: shard, Seq: seq, EventID: id, What: what})
}

// row checks the next row of its shard.
func (w *walk) row(r *collab.SealedRow) {
	w.report.Rows++
	if w.broken[r.Shard] {
		return
	}
	head := w.heads[r.Shard]
	if what := wrong(r, head); what != "" {
		w.fail(Tampered, r.Shard, r.Seq, r.EventID, what)
		return
	}
	w.heads[r.Shard] = collab.AuditHead{Seq: r.Seq, Chain: r.Chain}
	for _, m := range w.marks[r.Shard][r.Seq] {
		w.meet(r.Shard, m)
	}
	delete(w.marks[r.Shard], r.Seq)
	if w.vouch != nil {
		w.vouch(r)
	}
	if r.Seq > w.covered[r.Shard].Seq {
		w.report.Uncovered++
		if r.RecordedAt.Before(w.old) {
			w.late++
		}
	}
}

// meet compares the end of a chain with a mark.
func (w *walk) meet(shard int, m mark) {
	head := w.heads[shard]
	if head.Chain != m.chain && m.other == Intact {
		w.report.Forks++
		return
	}
	if head.Chain != m.chain {
		w.fail(m.other, shard, w.good[shard]+1, "", fmt.Sprintf("the chain at seq %d is another than %s says: a row from here on was rewritten",
			head.Seq, m.by))
		return
	}
	w.good[shard] = head.Seq
}

// end judges the marks that were not reached.
func (w *walk) end() {
	for _, shard := range slices.Sorted(maps.Keys(w.marks)) {
		for _, seq := range slices.Sorted(maps.Keys(w.marks[shard])) {
			m := mark{missing: Intact}
			for _, other := range w.marks[shard][seq] {
				if m.missing != Tampered && other.missing != Intact { // the gravest
					m = other
				}
			}
			if m.missing == Intact {
				continue
			}
			w.fail(m.missing, shard, w.heads[shard].Seq+1, "", fmt.Sprintf("the rows up to seq %d are missing, which %s knows", seq, m.by))
		}
	}
	w.report.Heads = w.heads
}

// wrong says what is wrong with a row that follows head; "" nothing.
func wrong(r *collab.SealedRow, head collab.AuditHead) string {
	switch {
	case r.Seq > head.Seq+1:
		return fmt.Sprintf("the rows from seq %d are missing", head.Seq+1)
	case r.Seq <= head.Seq:
		return "there is a row of that number before it"
	case Leaf(r.Body) != r.Leaf:
		return "its body is not the one that was hashed"
	case Chain(head.Chain, r.Seq, r.Leaf) != r.Chain:
		return "its link does not follow from the row before it"
	}
	e, err := Parse(r.Body)
	if err != nil {
		return "its body cannot be read"
	}
	if !bytes.Equal(e.Body(), r.Body) {
		return "its body is not in canonical form"
	}
	if column := different(r, e); column != "" {
		return "column " + column + " is not what the body says"
	}
	return ""
}

// different returns the name of a column that is not as the event; "" none.
func different(r *collab.SealedRow, e Event) string {
	switch {
	case r.Shard != Shard(e.Tenant, e.Resource):
		return "shard"
	case r.EventID != e.ID:
		return "event_id"
	case !r.RecordedAt.Equal(e.RecordedAt):
		return "recorded_at"
	case r.RevisionFrom != e.RevisionFrom:
		return "revision_from"
	case r.RevisionTo != e.RevisionTo:
		return "revision_to"
	case r.Fence != e.Fence:
		return "fence"
	case !slices.EqualFunc(r.Fields, e.Fields, same):
		return "fields"
	case !maps.Equal(r.Details, e.Details) && !maps.Equal(plainAll(r.Details), plainAll(e.Details)):
		return "details"
	}
	for _, c := range [...]struct{ name, column, body string }{
		{"tenant", string(r.Tenant), string(e.Tenant)}, {"type", r.Type, string(e.Type)}, {"outcome", r.Outcome, string(e.Outcome)},
		{"actor", string(r.Actor), string(e.Actor)}, {"role", r.Role, e.Role}, {"session_id", string(r.Session), string(e.Session)},
		{"instance", string(r.Instance), string(e.Instance)}, {"address", r.Address, e.Address},
		{"resource_id", string(r.Resource), string(e.Resource)}, {"reason", r.Reason, e.Reason},
	} {
		if !same(c.column, c.body) {
			return c.name
		}
	}
	return ""
}

// same reports whether a text column is as the body says. Stores keep no NUL and nothing that is not UTF-8: what stands in
// its place counts as the same.
func same[T ~string](column, body T) bool {
	return column == body || plain(string(column)) == plain(string(body))
}

func plain(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}

func plainAll(texts map[string]string) map[string]string {
	all := make(map[string]string, len(texts))
	for key, value := range texts {
		all[plain(key)] = plain(value)
	}
	return all
}
