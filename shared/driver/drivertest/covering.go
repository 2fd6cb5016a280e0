package drivertest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Covering is the port of what the audit trail vouches for of the journals.
type Covering interface {
	Append(b collab.Batch, done chan<- collab.Committed)
	Join(ctx context.Context, j collab.Join) (collab.Joined, error)
	CoverJournal(ctx context.Context, before time.Time, describe func([]collab.JournalLine, bool) ([]collab.AuditRow, int)) (bool, error)
	FindUncovered(ctx context.Context, must bool) (bool, error)
	JournalLines(ctx context.Context, spans []collab.JournalSpan, each func(at int, line *collab.JournalLine) error) error
	JournalEnds(ctx context.Context, after collab.Resource, limit int) ([]collab.JournalEnd, error)
	pender
}

// soon is after all that a suite writes.
func soon() time.Time { return time.Now().Add(time.Hour) }

// covered notes what describe is given, and covers all of it with a row for each.
type covered struct {
	mu    sync.Mutex
	lines []collab.JournalLine
}

func (c *covered) describe(lines []collab.JournalLine, _ bool) (rows []collab.AuditRow, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, lines...)
	for _, line := range lines {
		rows = append(rows, auditRow(line.Resource, fmt.Sprint(line.Revision)))
	}
	return rows, len(lines)
}

// all covers until there is no more.
func (c *covered) all(t *testing.T, s Covering) {
	t.Helper()
	for more := true; more; {
		var err error
		more, err = s.CoverJournal(timeLimit(t), soon(), c.describe)
		must(t, err)
	}
}

// of returns the revisions of a resource, in the order in which they were given.
func (c *covered) of(r collab.Resource) (revisions []int64) {
	for _, line := range c.lines {
		if line.Resource == r {
			revisions = append(revisions, line.Revision)
		}
	}
	return revisions
}

// write appends n rows to a journal, after a revision.
func write(t *testing.T, s Covering, r collab.Resource, after int64, n int) []collab.Entry {
	t.Helper()
	b := collab.Batch{Resource: r, Expect: collab.Head{Revision: after}}
	for i := range n {
		e := entry(after + 1 + int64(i))
		e.Update, e.Clients, e.Fields = fmt.Append(nil, r.ID, e.Revision), []collab.ClientID{1 << 40, 2}, []collab.Field{"a\"b", "values/è"}
		e.Session = collab.SessionID(fmt.Sprintf("s_%d", i%3))
		b.Entries = append(b.Entries, e)
	}
	done := make(chan collab.Committed, 1)
	s.Append(b, done)
	must(t, await(t, done).Err)
	return b.Entries
}

func document(t *testing.T, s Covering, r collab.Resource) {
	t.Helper()
	_, err := s.Join(timeLimit(t), collab.Join{Resource: r, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: start})
	must(t, err)
}

func upTo(from, to int64) (revisions []int64) {
	for ; from <= to; from++ {
		revisions = append(revisions, from)
	}
	return revisions
}

// Cover checks what rule T2 asks of the store about the journals. Each call of open returns an empty store, opened twice where
// two processes may; else the same.
func Cover(t *testing.T, open func(*testing.T) (a, b Covering)) {
	run := func(name string, test func(t *testing.T, a, b Covering)) {
		t.Run(name, func(t *testing.T) {
			a, b := open(t)
			test(t, a, b)
		})
	}
	run("T2 each row is covered once, as it was written", coveredOnce)
	run("T2 what is left is given again", coveredLater)
	run("T2 an error covers nothing", coverFails)
	run("T2 of coverers at once none covers what another does", coverersAtOnce)
	run("T2 what nobody knows of is found", coveredByOthers)
	run("T2 journals are read by span, and their ends by page", journalsRead)
}

func lineOf(r collab.Resource, e *collab.Entry) collab.JournalLine {
	return collab.JournalLine{Resource: r, Revision: e.Revision, User: e.User, Session: e.Session, Clients: e.Clients, Fields: e.Fields, At: e.At,
		Sum: sha256.Sum256(e.Update)}
}

func coveredOnce(t *testing.T, s, _ Covering) {
	r, other := resource(), resource()
	document(t, s, r)
	document(t, s, other)
	var c covered
	if c.all(t, s); len(c.lines) > 0 {
		t.Fatalf("the creation has rows: %+v", c.lines)
	}
	entries := write(t, s, r, 1, 5)
	write(t, s, other, 1, 3)
	entries = append(entries, write(t, s, r, 6, 2)...)
	c.all(t, s)
	c.all(t, s)
	if !slices.Equal(c.of(r), upTo(2, 8)) || !slices.Equal(c.of(other), upTo(2, 4)) {
		t.Fatalf("covered %v and %v", c.of(r), c.of(other))
	}
	for i := range entries {
		at := slices.IndexFunc(c.lines, func(l collab.JournalLine) bool { return l.Resource == r && l.Revision == entries[i].Revision })
		if want := lineOf(r, &entries[i]); !reflect.DeepEqual(c.lines[at], want) {
			t.Errorf("read  %+v\nwrote %+v", c.lines[at], want)
		}
	}
	wantPending(t, s, r, "2", "3", "4", "5", "6", "7", "8")
	write(t, s, r, 8, 1)
	c.all(t, s)
	wantPending(t, s, r, "2", "3", "4", "5", "6", "7", "8", "9")
}

func coveredLater(t *testing.T, s, _ Covering) {
	r := resource()
	document(t, s, r)
	write(t, s, r, 1, 6)
	var c covered
	for _, n := range []int{0, 4, 0, 1} {
		_, err := s.CoverJournal(timeLimit(t), soon(), func(lines []collab.JournalLine, more bool) ([]collab.AuditRow, int) {
			rows, _ := c.describe(lines[:n], more)
			return rows, n
		})
		must(t, err)
	}
	c.all(t, s)
	if !slices.Equal(c.of(r), upTo(2, 7)) {
		t.Fatalf("covered %v", c.of(r))
	}
}

func coverFails(t *testing.T, s, _ Covering) {
	r := resource()
	document(t, s, r)
	write(t, s, r, 1, 2)
	ended, end := context.WithCancelCause(context.Background())
	end(errors.New("enough"))
	if _, err := s.CoverJournal(ended, soon(), func([]collab.JournalLine, bool) ([]collab.AuditRow, int) {
		t.Error("it was asked")
		return nil, 0
	}); err == nil {
		t.Fatal("no error")
	}
	var c covered
	c.all(t, s)
	if !slices.Equal(c.of(r), upTo(2, 3)) {
		t.Fatalf("covered %v", c.of(r))
	}
}

func coverersAtOnce(t *testing.T, a, b Covering) {
	const rooms, each = 12, 25
	rs := make([]collab.Resource, rooms)
	for i := range rs {
		rs[i] = resource()
		document(t, a, rs[i])
	}
	var writers, coverers sync.WaitGroup
	written := make(chan struct{})
	for i, r := range rs {
		writers.Go(func() {
			for n := range each {
				s := a
				if (i+n)%2 == 0 {
					s = b
				}
				write(t, s, r, int64(n)+1, 1)
			}
		})
	}
	go func() { writers.Wait(); close(written) }()
	var all [4]covered
	failed := make(chan error, len(all))
	for i := range all {
		coverers.Go(func() {
			s := []Covering{a, b}[i%2]
			for done := false; !done; {
				select {
				case <-written:
					done = true
				default:
				}
				for more := true; more; {
					var err error
					if more, err = s.CoverJournal(context.Background(), soon(), all[i].describe); err != nil {
						failed <- err
						return
					}
				}
			}
		})
	}
	coverers.Wait()
	close(failed)
	for err := range failed {
		must(t, err)
	}
	_, err := b.FindUncovered(timeLimit(t), true)
	must(t, err)
	all[0].all(t, a)
	all[1].all(t, b)
	for _, r := range rs {
		wantCoveredOnce(t, a, r, each)
	}
}

// wantCoveredOnce checks that each of the first n rows of a journal has one event.
func wantCoveredOnce(t *testing.T, s Covering, r collab.Resource, n int) {
	t.Helper()
	rows, err := s.Pending(timeLimit(t), r.Tenant)
	must(t, err)
	seen := map[string]int{}
	for _, row := range rows {
		seen[row.Type]++
	}
	for revision := range n {
		if times := seen[fmt.Sprint(revision+2)]; times != 1 {
			t.Errorf("revision %d is covered %d times", revision+2, times)
		}
	}
}

func coveredByOthers(t *testing.T, a, b Covering) {
	r := resource()
	document(t, a, r)
	write(t, a, r, 1, 3) // and this instance is killed
	more, err := b.FindUncovered(timeLimit(t), true)
	must(t, err)
	if more {
		t.Error("there is more")
	}
	var c covered
	c.all(t, b)
	if !slices.Equal(c.of(r), upTo(2, 4)) {
		t.Fatalf("covered %v", c.of(r))
	}
	_, err = b.FindUncovered(timeLimit(t), true)
	must(t, err)
	if c.all(t, b); len(c.lines) != 3 {
		t.Fatalf("covered %v again", c.lines)
	}
}

func journalsRead(t *testing.T, s, _ Covering) {
	tenant := resource().Tenant
	var rs []collab.Resource
	var entries [][]collab.Entry
	for i := range 5 {
		r := collab.Resource{Tenant: tenant, ID: collab.ResourceID(fmt.Sprintf("page:/%d", i))}
		document(t, s, r)
		rs, entries = append(rs, r), append(entries, write(t, s, r, 1, 3+i))
	}
	var got, want []collab.JournalLine
	spans := []collab.JournalSpan{{Resource: rs[2], From: 3, To: 4}, {Resource: rs[0], From: 4, To: 9}, {Resource: rs[2], From: 2, To: 2}, {Resource: rs[1], From: 50, To: 60}}
	must(t, s.JournalLines(timeLimit(t), spans, func(at int, line *collab.JournalLine) error {
		if line.Resource != spans[at].Resource || line.Revision < spans[at].From || line.Revision > spans[at].To {
			t.Errorf("span %d has %+v", at, line)
		}
		got = append(got, *line)
		return nil
	}))
	for _, at := range [][2]int{{2, 1}, {2, 2}, {0, 2}, {2, 0}} {
		want = append(want, lineOf(rs[at[0]], &entries[at[0]][at[1]]))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read  %+v\nwrote %+v", got, want)
	}
	enough := errors.New("enough")
	if err := s.JournalLines(timeLimit(t), spans, func(int, *collab.JournalLine) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	var after collab.Resource
	var ends []collab.JournalEnd
	for {
		page, err := s.JournalEnds(timeLimit(t), after, 2)
		must(t, err)
		if len(page) == 0 {
			break
		}
		ends = append(ends, page...)
		after = page[len(page)-1].Resource
	}
	for i, end := range ends {
		if len(ends) != 5 || end.Resource != rs[i] || end.Revision != int64(4+i) || end.Stray != nil {
			t.Errorf("end %d of %d is %+v", i, len(ends), end)
		}
	}
	if !slices.IsSortedFunc(ends, func(a, b collab.JournalEnd) int { return cmp.Compare(a.Resource.ID, b.Resource.ID) }) || len(ends) == 0 {
		t.Errorf("the ends are %+v", ends)
	}
}
