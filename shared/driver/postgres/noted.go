package postgres

import (
	"sync"
	"time"

	"corsia/shared/collab"
)

// maxNoted bounds the resources that are noted: what is beyond FindUncovered finds.
const maxNoted = 1 << 16

// noted are the resources whose journals were appended to and are not covered, as far as this instance knows. The zero value
// is none.
type noted struct {
	// Guarded by mu.
	mu     sync.Mutex
	since  map[collab.Resource]time.Time
	unsure []collab.AuditRow // of transactions whose outcome is unknown
}

// add notes resources. One that is noted keeps its time.
func (n *noted) add(at time.Time, rs ...collab.Resource) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.since == nil {
		n.since = map[collab.Resource]time.Time{}
	}
	for _, r := range rs {
		if _, known := n.since[r]; !known && len(n.since) < maxNoted {
			n.since[r] = at
		}
	}
}

// room returns how many more can be noted.
func (n *noted) room() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maxNoted - len(n.since)
}

// take takes out up to limit resources that were noted before a time, and reports whether there may be more.
func (n *noted) take(before time.Time, limit int) (rs []collab.Resource, more bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for r, at := range n.since {
		if at.After(before) {
			continue
		}
		if len(rs) == limit {
			return rs, true
		}
		delete(n.since, r)
		rs = append(rs, r)
	}
	return rs, false
}

// doubt notes rows that may have been recorded, or not.
func (n *noted) doubt(rows []collab.AuditRow) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.unsure = append(n.unsure, rows...)
}

// doubted takes those rows out.
func (n *noted) doubted() []collab.AuditRow {
	n.mu.Lock()
	defer n.mu.Unlock()
	rows := n.unsure
	n.unsure = nil
	return rows
}
