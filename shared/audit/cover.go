package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"

	"corsia/shared/collab"
)

const (
	// Burst is how long what one session types into the same fields may take to be one event (T2), and how long an event may
	// wait for the rest of it.
	Burst = 2 * time.Second

	firstJournalled   = 2    // the creation, revision 1, has no row in the journal
	maxRevisionsBytes = 1000 // of one event: below what a text of an event may have
)

// Keys of the details of a DOCUMENT_UPDATED event.
const (
	detailRevisions = "revisions" // such as 5,7,9-12
	detailRows      = "rows"      // how many these are
	detailSum       = "sha256"    // over the rows, see digest
)

// Describe returns the events of rows of journals, and how many rows from the first on they cover: each of these once. Rows of
// one resource come in the order of their revisions. Those of the last two seconds wait for the rest of their burst, unless
// all are asked for; with more, rows follow these that were not given.
func Describe(lines []collab.JournalLine, more, all bool, now time.Time) (events []Event, n int) {
	for start := 0; start < len(lines); {
		first := lines[start].At
		end := start + 1
		for end < len(lines) && lines[end].At.Sub(first).Abs() <= Burst {
			end++
		}
		if end == len(lines) && !all {
			if more && start > 0 || !more && now.Sub(first).Abs() < Burst {
				break
			}
		}
		events = append(events, bursts(lines[start:end])...)
		start, n = end, end
	}
	return events, n
}

// group is the rows of an event.
type group struct {
	lines       []*collab.JournalLine
	first, last time.Time
	bytes       int  // of the revisions as a text
	run         bool // that text ends with a run of several
}

// bursts returns the events of rows that are about two seconds apart at most, in the order of their first rows.
func bursts(lines []collab.JournalLine) []Event {
	open := map[string]*group{}
	var groups []*group
	var key strings.Builder
	for i := range lines {
		line := &lines[i]
		key.Reset()
		for _, part := range [...]string{string(line.Resource.Tenant), string(line.Resource.ID), string(line.User), string(line.Session)} {
			key.WriteString(strconv.Itoa(len(part)))
			key.WriteByte(':')
			key.WriteString(part)
		}
		for _, field := range line.Fields {
			key.WriteString(strconv.Itoa(len(field)))
			key.WriteByte(':')
			key.WriteString(string(field))
		}
		g := open[key.String()]
		if g == nil || !g.takes(line) {
			g = &group{first: line.At, last: line.At}
			open[key.String()] = g
			groups = append(groups, g)
		}
		g.add(line)
	}
	events := make([]Event, len(groups))
	for i, g := range groups {
		events[i] = g.event()
	}
	return events
}

// takes reports whether a row may be one of the event.
func (g *group) takes(line *collab.JournalLine) bool {
	if g.last.Sub(line.At) > Burst || line.At.Sub(g.first) > Burst {
		return false
	}
	return g.bytes+g.grows(line.Revision) <= maxRevisionsBytes
}

// grows returns by how much the text of the revisions grows.
func (g *group) grows(revision int64) int {
	digits := len(strconv.FormatInt(revision, 10))
	if g.run { // its end is another
		if end := g.lines[len(g.lines)-1].Revision; end+1 == revision {
			return digits - len(strconv.FormatInt(end, 10))
		}
	}
	return digits + 1
}

func (g *group) add(line *collab.JournalLine) {
	g.bytes += g.grows(line.Revision)
	g.run = len(g.lines) > 0 && g.lines[len(g.lines)-1].Revision+1 == line.Revision
	g.lines = append(g.lines, line)
	if line.At.Before(g.first) {
		g.first = line.At
	}
	if line.At.After(g.last) {
		g.last = line.At
	}
}

func (g *group) event() Event {
	first, end := g.lines[0], g.lines[len(g.lines)-1]
	var runs spans
	sum := newDigest(first.Resource)
	for _, line := range g.lines {
		runs.add(span{line.Revision, line.Revision})
		sum.add(line)
	}
	return Event{Type: DocumentUpdated, Tenant: first.Resource.Tenant, Resource: first.Resource.ID, RecordedAt: g.last, Actor: first.User,
		Session: first.Session, Fields: slices.Clone(first.Fields), RevisionFrom: first.Revision, RevisionTo: end.Revision,
		Details: map[string]string{detailRevisions: runs.String(), detailRows: strconv.Itoa(len(g.lines)), detailSum: sum.hex()}}
}

// digest is the SHA-256 over rows of a journal that an event has (T2). What is hashed is, with integers of eight bytes, big
// endian, and texts after their length in bytes as such an integer:
//
//	the text "corsia journal rows", the tenant, the resource id, then of each row in the order of revisions
//	revision, microseconds since 1970, user, session,
//	number of client ids, each of them, number of fields, each of them, SHA-256 of the update (32 bytes)
type digest struct {
	sum     hash.Hash
	scratch []byte
}

const digestPurpose = "corsia journal rows"

func newDigest(r collab.Resource) *digest {
	d := &digest{sum: sha256.New()}
	d.text(digestPurpose)
	d.text(string(r.Tenant))
	d.text(string(r.ID))
	d.flush()
	return d
}

func (d *digest) add(line *collab.JournalLine) {
	d.number(uint64(line.Revision))
	d.number(uint64(line.At.UnixMicro()))
	d.text(string(line.User))
	d.text(string(line.Session))
	d.number(uint64(len(line.Clients)))
	for _, client := range line.Clients {
		d.number(uint64(client))
	}
	d.number(uint64(len(line.Fields)))
	for _, field := range line.Fields {
		d.text(string(field))
	}
	d.scratch = append(d.scratch, line.Sum[:]...)
	d.flush()
}

func (d *digest) number(n uint64) { d.scratch = binary.BigEndian.AppendUint64(d.scratch, n) }

func (d *digest) text(s string) {
	d.number(uint64(len(s)))
	d.scratch = append(d.scratch, s...)
}

func (d *digest) flush() {
	d.sum.Write(d.scratch)
	d.scratch = d.scratch[:0]
}

func (d *digest) hex() string { return hex.EncodeToString(d.sum.Sum(nil)) }
