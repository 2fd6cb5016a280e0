package privacy

import (
	"fmt"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// step is how many rows of a journal are looked at.
type step int

// bytes is how many bytes of updates rows have that are removed at once, unless the first alone has more.
func (s step) bytes() int { return int(s) * retentionBytes / retentionRows }

// boundary returns the greatest revision up to which rows may be removed; 0: none. All of them are from before a time, and settled: the
// state has what they say, and the trail covers them. No event covers rows on both sides, as those of one event lie within
// audit.Burst: whoever compares an event with its rows finds all of them, or none. More says that it did not look at all
// rows that may be removable. An error says that rows are missing.
func boundary(p *collab.JournalPrefix, before time.Time, limit step) (to int64, more bool, err error) {
	later := make([]time.Time, len(p.Rows)) // the earliest time of all rows after each; zero: there is none
	for i, next := len(p.Rows)-1, p.Later; i >= 0; i-- {
		later[i] = next
		if at := p.Rows[i].At; next.IsZero() || at.Before(next) {
			next = at
		}
	}
	var newest time.Time
	bytes := 0
	for i, row := range p.Rows {
		if row.Revision != p.Revision+1+int64(i) {
			return 0, false, fmt.Errorf("the journal begins with revision %d after %d", row.Revision, p.Revision+int64(i))
		}
		if row.Revision > p.Settled || !row.At.Before(before) {
			return to, false, nil
		}
		if bytes += row.Bytes; bytes > limit.bytes() && i > 0 {
			return to, true, nil
		}
		if row.At.After(newest) {
			newest = row.At
		}
		if later[i].IsZero() || newest.Add(audit.Burst).Before(later[i]) {
			to = row.Revision
		}
	}
	return to, len(p.Rows) == int(limit), nil
}

// fold returns the document that the rows amount to which were removed before, and those up to a revision. It proves that nothing is
// lost, as compaction does (D3).
func fold(p *collab.JournalPrefix, entries []collab.Entry, to int64) ([]byte, error) {
	doc, err := ydoc.New(), error(nil)
	if len(p.Base) > 0 {
		if doc, err = ydoc.Load(p.Base); err != nil {
			return nil, fmt.Errorf("decode the base at revision %d: %w", p.Revision, err)
		}
	}
	at := p.Revision
	for i := range entries {
		if at++; entries[i].Revision != at {
			return nil, fmt.Errorf("the journal has no revision %d", at)
		}
		if err := doc.ApplyUpdate(entries[i].Update); err != nil {
			return nil, fmt.Errorf("apply revision %d: %w", at, err)
		}
	}
	if at != to {
		return nil, fmt.Errorf("the journal has no revision %d", at+1)
	}
	if doc.HasPending() {
		return nil, fmt.Errorf("the journal up to revision %d is not causally complete", to)
	}
	base, err := doc.EncodeState(nil)
	if err != nil {
		return nil, fmt.Errorf("encode the base: %w", err)
	}
	again, err := ydoc.Load(base)
	if err != nil {
		return nil, fmt.Errorf("decode the base: %w", err)
	}
	if err := ydoc.Equal(doc, again); err != nil {
		return nil, fmt.Errorf("the base differs from the document: %w", err)
	}
	return base, nil
}
