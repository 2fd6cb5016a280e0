package drivertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Trimming is the port of the rows that leave a journal when they are old.
type Trimming interface {
	Covering
	Load(ctx context.Context, r collab.Resource) (collab.Snapshot, error)
	Entries(ctx context.Context, r collab.Resource, after int64, limit int) ([]collab.Entry, error)
	SaveState(ctx context.Context, s collab.State) (bool, error)
	TakeTurn(ctx context.Context, every time.Duration) (bool, error)
	AgedJournals(ctx context.Context, before time.Time, after collab.Resource, limit int) (aged []collab.Resource, last collab.Resource, err error)
	JournalPrefix(ctx context.Context, r collab.Resource, limit int) (collab.JournalPrefix, error)
	RemoveJournal(ctx context.Context, removal collab.JournalRemoval) (int64, error)
}

// Retention checks what rule O7 asks of the store about rows of journals that are old. Each call of open returns an empty store,
// opened twice where two processes may; else the same.
func Retention(t *testing.T, open func(*testing.T) (a, b Trimming)) {
	run := func(name string, test func(t *testing.T, a, b Trimming)) {
		t.Run(name, func(t *testing.T) {
			a, b := open(t)
			test(t, a, b)
		})
	}
	run("O7 the first rows leave, and what they amount to is kept", rowsLeave)
	run("O7 the beginning of a journal is read with what is known of it", prefixRead)
	run("O7 what may not leave is refused, and nothing is written", rowsStay)
	run("O7 of several at once one removes, and writers are not disturbed", removersAtOnce)
	run("O7 aged journals are found by page", agedFound)
}

// times returns the times of rows: each so many seconds after the one before.
func times(gaps ...float64) (at []time.Time) {
	next := start
	for _, gap := range gaps {
		next = next.Add(time.Duration(gap * float64(time.Second)))
		at = append(at, next)
	}
	return at
}

// writeAt creates a document and appends a row at each time.
func writeAt(t *testing.T, s Trimming, r collab.Resource, at ...time.Time) {
	t.Helper()
	document(t, s, r)
	appendAt(t, s, r, 1, at...)
}

// appendAt appends a row at each time, after a revision.
func appendAt(t *testing.T, s Trimming, r collab.Resource, after int64, at ...time.Time) {
	t.Helper()
	b := collab.Batch{Resource: r, Expect: collab.Head{Revision: after}}
	for i := range at {
		e := entry(after + 1 + int64(i))
		e.At = at[i]
		b.Entries = append(b.Entries, e)
	}
	done := make(chan collab.Committed, 1)
	s.Append(b, done)
	must(t, await(t, done).Err)
}

// settle covers all journals, keeps a state of a revision, and waits until the store counts on both.
func settle(t *testing.T, s Trimming, r collab.Resource, revision int64) {
	t.Helper()
	(&covered{}).all(t, s)
	saved, err := s.SaveState(timeLimit(t), collab.State{Resource: r, Revision: revision, State: []byte{1, byte(revision)}, At: start})
	must(t, err)
	if !saved {
		t.Fatalf("a state of revision %d was not kept", revision)
	}
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		p, err := s.JournalPrefix(timeLimit(t), r, 1)
		must(t, err)
		if p.Settled == revision {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("settled up to %d, want %d", p.Settled, revision)
		}
	}
}

// removal returns a removal with the row that records it.
func removal(r collab.Resource, from, to int64) collab.JournalRemoval {
	row := auditRow(r, "ADMIN_ACTION")
	revisions := fmt.Sprintf("%d-%d", from, to)
	if from == to {
		revisions = fmt.Sprint(from)
	}
	row.Body = fmt.Appendf(nil, `{"details":{"action":"journal_removed","cause":"retention","revisions":"%s","rows":"%d"},"event_id":"%s","resource_id":"%s",`+
		`"revision_from":%d,"revision_to":%d,"tenant":"%s","type":"ADMIN_ACTION"}`, revisions, to-from+1, row.EventID, r.ID, from, to, r.Tenant)
	return collab.JournalRemoval{Resource: r, From: from, To: to, Base: []byte{9, byte(to)}, Audit: row}
}

// recorded returns how many pending rows of a tenant say that somebody removed something.
func recorded(t *testing.T, s Trimming, r collab.Resource) (n int) {
	t.Helper()
	rows, err := s.Pending(timeLimit(t), r.Tenant)
	must(t, err)
	for _, row := range rows {
		if row.Type == "ADMIN_ACTION" {
			n++
		}
	}
	return n
}

func wantRevisions(t *testing.T, s Trimming, r collab.Resource, from, to int64) {
	t.Helper()
	all, err := s.Entries(timeLimit(t), r, 0, -1)
	must(t, err)
	var got []int64
	for _, e := range all {
		got = append(got, e.Revision)
	}
	if want := upTo(from, to); !slices.Equal(got, want) {
		t.Fatalf("the journal has revisions %v, want %v", got, want)
	}
}

func rowsLeave(t *testing.T, s, other Trimming) {
	r := resource()
	writeAt(t, s, r, times(0, 1, 60, 1, 60, 1)...) // 2 3, 4 5, 6 7
	beside := resource()
	beside.Tenant = r.Tenant
	beside.ID += "5"
	writeAt(t, s, beside, times(0, 60)...)
	settle(t, s, r, 7)
	before, err := s.Load(timeLimit(t), r)
	must(t, err)
	for i, to := range []int64{3, 5, 7} {
		from := int64(2 + 2*i)
		n, err := s.RemoveJournal(timeLimit(t), removal(r, from, to))
		must(t, err)
		if n != 2 {
			t.Fatalf("%d rows were removed, want 2", n)
		}
		wantRevisions(t, other, r, to+1, 7)
		p, err := other.JournalPrefix(timeLimit(t), r, 10)
		must(t, err)
		if p.Revision != to || !bytes.Equal(p.Base, []byte{9, byte(to)}) {
			t.Fatalf("the base is %v of revision %d, want that of %d", p.Base, p.Revision, to)
		}
		if again, err := other.RemoveJournal(timeLimit(t), removal(r, from, to)); again != 0 || err != nil {
			t.Fatalf("%d rows were removed again, %v", again, err)
		}
		if got := recorded(t, s, r); got != i+1 {
			t.Fatalf("%d removals are recorded, want %d", got, i+1)
		}
	}
	after, err := s.Load(timeLimit(t), r)
	must(t, err)
	if !reflect.DeepEqual(before, after) {
		t.Fatalf("the document opens with\n%+v, before with\n%+v", after, before)
	}
	wantRevisions(t, s, beside, 2, 3)
	write(t, s, r, 7, 2)
	wantRevisions(t, s, r, 8, 9)
	ends, err := s.JournalEnds(timeLimit(t), collab.Resource{Tenant: r.Tenant}, 1)
	must(t, err)
	if len(ends) != 1 || ends[0].Resource != r || ends[0].Revision != 9 || ends[0].Stray != nil {
		t.Fatalf("the journal ends as %+v", ends)
	}
}

func prefixRead(t *testing.T, s, _ Trimming) {
	r := resource()
	if p, err := s.JournalPrefix(timeLimit(t), r, 10); err != nil || p.Settled != 0 || len(p.Rows) > 0 {
		t.Fatalf("of what does not exist there is %+v, %v", p, err)
	}
	at := times(0, 1, 60, -30, 90)
	writeAt(t, s, r, at...)
	settle(t, s, r, 5)
	want := collab.JournalPrefix{Settled: 5, Revision: 1, Later: at[3]}
	for i := range at {
		want.Rows = append(want.Rows, collab.JournalMark{Revision: int64(i) + 2, At: at[i], Bytes: 1})
	}
	whole := want.Rows
	want.Rows = whole[:2]
	if got, err := s.JournalPrefix(timeLimit(t), r, 2); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("read %+v, %v\nwant %+v", got, err, want)
	}
	want.Rows, want.Later = whole, time.Time{}
	for _, limit := range []int{5, 50} {
		if got, err := s.JournalPrefix(timeLimit(t), r, limit); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("read %+v, %v\nwant %+v", got, err, want)
		}
	}
	write(t, s, r, 6, 1) // which nothing covers yet
	if p, err := s.JournalPrefix(timeLimit(t), r, 2); err != nil || p.Settled != 5 {
		t.Fatalf("settled up to %d, %v", p.Settled, err)
	}
}

func rowsStay(t *testing.T, s, _ Trimming) {
	r := resource()
	young := time.Now().Add(-23 * time.Hour).UTC().Truncate(time.Microsecond)
	writeAt(t, s, r, append(times(0, 1, 3, 1, 60, 1), young, young.Add(time.Hour))...) // 2 3, 4 5, 6 7, 8, 9
	settle(t, s, r, 5)
	uncovered := resource()
	writeAt(t, s, uncovered, times(0, 60, 60)...)
	saved, err := s.SaveState(timeLimit(t), collab.State{Resource: uncovered, Revision: 4, State: []byte{1}, At: start})
	if err != nil || !saved {
		t.Fatal(saved, err)
	}
	changed := func(change func(*collab.JournalRemoval)) collab.JournalRemoval {
		x := removal(r, 2, 3)
		change(&x)
		return x
	}
	for name, x := range map[string]collab.JournalRemoval{
		"a burst cut in two": removal(r, 2, 2), "the same, later": removal(r, 2, 4), "beyond the state": removal(r, 2, 7),
		"beyond what is covered": removal(uncovered, 2, 3), "beyond the head": removal(r, 2, 20),
	} {
		if n, err := s.RemoveJournal(timeLimit(t), x); err == nil {
			t.Errorf("%s: %d rows were removed", name, n)
		}
	}
	for name, x := range map[string]collab.JournalRemoval{
		"another epoch": changed(func(x *collab.JournalRemoval) { x.Epoch++ }), "nothing": removal(r, 2, 1), "another resource": removal(resource(), 2, 3),
	} {
		if n, err := s.RemoveJournal(timeLimit(t), x); n != 0 {
			t.Errorf("%s: %d rows were removed, %v", name, n, err)
		}
	}
	saved, err = s.SaveState(timeLimit(t), collab.State{Resource: r, Revision: 9, State: []byte{1}, At: start})
	if err != nil || !saved {
		t.Fatal(saved, err)
	}
	if n, err := s.RemoveJournal(timeLimit(t), removal(r, 2, 8)); err == nil {
		t.Errorf("of the last day: %d rows were removed", n)
	}
	wantRevisions(t, s, r, 2, 9)
	wantRevisions(t, s, uncovered, 2, 4)
	p, err := s.JournalPrefix(timeLimit(t), r, 1)
	must(t, err)
	if p.Revision != 1 || len(p.Base) > 0 || recorded(t, s, r)+recorded(t, s, uncovered) > 0 {
		t.Fatalf("a refusal has left %+v, and %d rows that record it", p, recorded(t, s, r))
	}
	if n, err := s.RemoveJournal(timeLimit(t), removal(r, 2, 3)); n != 2 || err != nil { // 3.0 s before the next
		t.Fatalf("%d rows were removed, %v", n, err)
	}
	for name, x := range map[string]collab.JournalRemoval{"from the beginning": removal(r, 2, 7), "with a gap": removal(r, 6, 7), "of what was removed": removal(r, 2, 3)} {
		if n, err := s.RemoveJournal(timeLimit(t), x); n != 0 || err != nil {
			t.Errorf("%s: %d rows were removed, %v", name, n, err)
		}
	}
	if n, err := s.RemoveJournal(timeLimit(t), removal(r, 4, 7)); n != 4 || err != nil {
		t.Fatalf("%d rows were removed, %v", n, err)
	}
	wantRevisions(t, s, r, 8, 9)
}

func removersAtOnce(t *testing.T, a, b Trimming) {
	const rows, written = 40, 60
	r := resource()
	gaps := make([]float64, rows)
	for i := range gaps {
		gaps[i] = 5
	}
	writeAt(t, a, r, times(gaps...)...)
	settle(t, a, r, rows+1)
	var removed atomic.Int64
	var hands sync.WaitGroup
	for i := range 4 {
		hands.Go(func() {
			s := []Trimming{a, b}[i%2]
			for to := int64(2); to <= rows+1; to++ {
				n, err := s.RemoveJournal(context.Background(), removal(r, to, to))
				for err != nil && n == 0 && errors.Is(err, collab.ErrHeld) {
					n, err = s.RemoveJournal(context.Background(), removal(r, to, to))
				}
				if removed.Add(n); err != nil {
					t.Error(err)
				}
			}
		})
	}
	hands.Go(func() {
		for i := range int64(written) {
			appendAt(t, b, r, rows+1+i, time.Now())
		}
	})
	hands.Wait()
	if n := removed.Load(); n != rows || recorded(t, a, r) != rows {
		t.Fatalf("%d rows were removed, and %d removals recorded, want %d", n, recorded(t, a, r), rows)
	}
	wantRevisions(t, a, r, rows+2, rows+1+written)
}

func agedFound(t *testing.T, s, _ Trimming) {
	tenant := resource().Tenant
	var want []collab.Resource
	for i := range 7 {
		r := collab.Resource{Tenant: tenant, ID: collab.ResourceID(fmt.Sprintf("page:/%d", i))}
		switch i {
		case 1:
			document(t, s, r) // never written
		case 4:
			writeAt(t, s, r, start.Add(time.Hour))
		default:
			writeAt(t, s, r, times(0, 7200)...)
			want = append(want, r)
		}
		if i == 2 {
			settle(t, s, r, 2)
		}
	}
	settle(t, s, want[len(want)-1], 3)
	var got []collab.Resource
	var after collab.Resource
	pages := 0
	for {
		found, last, err := s.AgedJournals(timeLimit(t), start.Add(time.Hour), after, 3)
		must(t, err)
		pages++
		got = append(got, found...)
		if last == (collab.Resource{}) {
			break
		}
		after = last
	}
	if !slices.Equal(got, want) || pages != 3 {
		t.Fatalf("found %v on %d pages, want %v on 3", got, pages, want)
	}
	if n, err := s.RemoveJournal(timeLimit(t), removal(want[0], 2, 2)); err == nil {
		t.Fatalf("%d rows were removed of a document without a state", n)
	}
	if n, err := s.RemoveJournal(timeLimit(t), removal(want[1], 2, 2)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	found, _, err := s.AgedJournals(timeLimit(t), start.Add(time.Hour), want[0], 3)
	must(t, err)
	if slices.Contains(found, want[1]) {
		t.Fatal("a journal is aged whose old row has left")
	}
}
