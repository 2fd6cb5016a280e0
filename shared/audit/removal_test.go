package audit

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"corsia/shared/collab"
)

func TestO7ARemovalSaysWhichRowsAndWhy(t *testing.T) {
	r := collab.Resource{Tenant: "north", ID: "page:/patient/7"}
	for _, tt := range []struct {
		from, to        int64
		cause           Cause
		revisions, rows string
	}{{2, 41, CauseRetention, "2-41", "40"}, {42, 42, CauseErasure, "42", "1"}} {
		e := JournalRemoved(r, tt.cause, tt.from, tt.to)
		if e.Type != AdminAction || e.Tenant != r.Tenant || e.Resource != r.ID || e.Outcome != "" || e.RevisionFrom != tt.from || e.RevisionTo != tt.to {
			t.Errorf("got %+v", e)
		}
		want := map[string]string{"action": "journal_removed", "cause": string(tt.cause), "revisions": tt.revisions, "rows": tt.rows}
		if !maps.Equal(e.Details, want) {
			t.Errorf("details %v, want %v", e.Details, want)
		}
	}
}

// patient is the resource that record writes to, three rows at a time.
var patient = collab.Resource{Tenant: "default", ID: "page:/patient/1"}

// remove removes the first rows of a journal that events cover, and records it.
func (i *installation) remove(r collab.Resource, events int) {
	if events == 0 {
		return
	}
	i.record(1)
	removed := i.store.remove(r, 3*events)
	e := JournalRemoved(r, CauseRetention, removed[0].Revision, removed[len(removed)-1].Revision)
	e.RecordedAt = i.time
	i.store.pending = append(i.store.pending, i.recorder.Row(e))
}

// removalRow returns the last row of the trail that says that rows of a journal were removed.
func removalRow(i *installation) (shard, at int) {
	shard = Shard(patient.Tenant, patient.ID)
	for at = len(i.store.rows[shard]) - 1; i.store.rows[shard][at].Details[detailAction] != actionJournalRemoved; at-- {
	}
	return shard, at
}

// again returns a removed row as it was.
func again(i *installation, revision int64) collab.JournalLine {
	m := newMemory()
	m.ended[patient] = revision - 1
	m.write(patient, "s_1", "id-dosage", i.time)
	return m.journals[patient][0]
}

// rewritten changes a removal of the trail to go as far as to a revision.
func rewritten(i *installation, to int64, cause string) {
	shard, at := removalRow(i)
	e, err := Parse(i.store.rows[shard][at].Body)
	if err != nil {
		panic(err)
	}
	wider := JournalRemoved(patient, Cause(cause), e.RevisionFrom, to)
	wider.ID, wider.RecordedAt, wider.Instance = e.ID, e.RecordedAt, e.Instance
	row := columns(wider.Row())
	row.Seq, row.Leaf, row.Chain = i.store.rows[shard][at].Seq, i.store.rows[shard][at].Leaf, i.store.rows[shard][at].Chain
	i.store.rows[shard][at] = row
}

// removalTamperings make more of removals than the trail says, or less. That the next rows are gone is what they hide.
var removalTamperings = []tampering{
	{"removal: more rows than were removed", func(r *rand.Rand, i *installation) {
		i.store.journals[patient] = i.store.journals[patient][1+r.IntN(len(i.store.journals[patient])-1):]
	}},
	{"removal: all rows", func(_ *rand.Rand, i *installation) { i.store.remove(patient, len(i.store.journals[patient])) }},
	{"removal: a removed row is there again", func(r *rand.Rand, i *installation) {
		first := i.store.journals[patient][0].Revision
		i.store.journals[patient] = slices.Insert(i.store.journals[patient], 0, again(i, firstJournalled+r.Int64N(first-firstJournalled)))
	}},
	{"removal: all removed rows are there again", func(_ *rand.Rand, i *installation) {
		var lines []collab.JournalLine
		for revision := int64(firstJournalled); revision < i.store.journals[patient][0].Revision; revision++ {
			lines = append(lines, again(i, revision))
		}
		i.store.journals[patient] = slices.Concat(lines, i.store.journals[patient])
	}},
	{"removal: made wider", func(r *rand.Rand, i *installation) {
		removed := i.store.remove(patient, 3)
		rewritten(i, removed[2].Revision, string(CauseRetention))
		if r.IntN(2) == 0 {
			rechain(i.store, Shard(patient.Tenant, patient.ID))
		}
	}},
	{"removal: edited", func(r *rand.Rand, i *installation) {
		rewritten(i, i.store.journals[patient][0].Revision-1, []string{string(CauseErasure), "tidiness"}[r.IntN(2)])
		if r.IntN(2) == 0 {
			rechain(i.store, Shard(patient.Tenant, patient.ID))
		}
	}},
	{"removal: deleted", func(r *rand.Rand, i *installation) {
		shard, at := removalRow(i)
		i.store.rows[shard] = slices.Delete(i.store.rows[shard], at, at+1)
		if r.IntN(2) == 0 {
			rechain(i.store, shard)
			i.store.checkpoints, i.archive = nil, objects{} // nothing else knows of it
		}
	}},
	{"removal: of a part of what an event covers", func(r *rand.Rand, i *installation) {
		n := 1 + r.IntN(len(i.store.journals[patient])-1)
		for n%3 == 0 {
			n--
			if n == 0 {
				n = 1
			}
		}
		removed := i.store.remove(patient, n)
		i.says(JournalRemoved(patient, CauseRetention, removed[0].Revision, removed[n-1].Revision))
	}},
	{"removal: of what nothing covers", func(r *rand.Rand, i *installation) {
		last := i.store.journals[patient][len(i.store.journals[patient])-1].Revision
		i.says(JournalRemoved(patient, CauseErasure, last+1, last+1+r.Int64N(5)))
	}},
	{"removal: a second time", func(_ *rand.Rand, i *installation) {
		i.says(JournalRemoved(patient, CauseRetention, firstJournalled, firstJournalled))
	}},
	{"removal: of nothing in particular", func(r *rand.Rand, i *installation) {
		e := JournalRemoved(patient, CauseRetention, 0, 0)
		e.Details[[]string{detailRows, detailRevisions, detailCause}[r.IntN(3)]] = "some"
		i.says(e)
	}},
}

// says records an event as everybody may who can record, and chains it.
func (i *installation) says(e Event) {
	e.RecordedAt = i.time
	i.store.pending = append(i.store.pending, i.recorder.Row(e))
	sealer := NewSealer(i.store, slog.New(slog.DiscardHandler), func() time.Time { return i.time }) // of this store: it may be a copy
	if err := sealer.Seal(context.Background()); err != nil {
		panic(err)
	}
}

func TestO7WhatIsMissingIsNamed(t *testing.T) {
	base := tampered(t)
	first := base.store.journals[patient][0].Revision
	for name, tt := range map[string]struct {
		do   func(*installation)
		text string
	}{
		"an event's rows": {func(i *installation) { i.store.remove(patient, 3) }, fmt.Sprintf("journal of %s: of revisions %d-%d, 3 are missing", patient.ID, first, first+2)},
		"rows of the archive's events": {func(i *installation) {
			for shard, head := range i.store.heads() {
				i.store.floors[shard], i.store.rows[shard] = head, nil
			}
			i.store.remove(patient, 6)
		}, fmt.Sprintf("event %s: journal of %s: of revisions %d-%d, 3 are missing", coverOf(base, first), patient.ID, first, first+2)},
		"a row that is back": {func(i *installation) {
			i.store.journals[patient] = slices.Insert(i.store.journals[patient], 0, again(i, 4))
		}, fmt.Sprintf("journal of %s: revision 4 is there, which the trail says was removed", patient.ID)},
	} {
		t.Run(name, func(t *testing.T) {
			i := *base
			i.store = base.store.copied()
			tt.do(&i)
			wantStatus(t, i.verify(t), Tampered, tt.text)
		})
	}
}

// coverOf returns the id of the event that covers a row.
func coverOf(i *installation, revision int64) string {
	for _, row := range i.store.rows[Shard(patient.Tenant, patient.ID)] {
		if row.Type == string(DocumentUpdated) && row.RevisionFrom == revision {
			return row.EventID
		}
	}
	return "none"
}

func TestO7RemovalsAreCountedAndTheArchiveMayHaveThem(t *testing.T) {
	i := tampered(t)
	left := int64(len(i.store.journals[patient]))
	check := func() {
		t.Helper()
		report := i.verify(t)
		wantStatus(t, report, Intact)
		if report.Removed != i.store.journals[patient][0].Revision-firstJournalled || report.Journalled != left {
			t.Errorf("%d rows were removed and %d are there: %d", report.Removed, left, report.Journalled)
		}
	}
	check()
	for shard, head := range i.store.heads() { // everything that the archive has leaves the store
		i.store.floors[shard], i.store.rows[shard] = head, nil
	}
	check()
	report, err := VerifyStore(t.Context(), i.store, nil, i.trust())
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, report, Incomplete, "which was not given")
	if len(report.Problems) != 1 {
		t.Errorf("without the archive: %v", report.Problems)
	}
}

// moving is a store in which something happens while it is read.
type moving struct {
	*memory
	then func(call string)
}

func (m *moving) AuditRows(ctx context.Context, shard int, after int64, limit int) ([]collab.SealedRow, error) {
	defer m.then("rows")
	return m.memory.AuditRows(ctx, shard, after, limit)
}

func (m *moving) JournalEnds(ctx context.Context, after collab.Resource, limit int) ([]collab.JournalEnd, error) {
	defer m.then("ends")
	return m.memory.JournalEnds(ctx, after, limit)
}

func (m *moving) PendingRows(ctx context.Context, shard int, kind string) ([]collab.AuditRow, error) {
	defer m.then("pending")
	return m.memory.PendingRows(ctx, shard, kind)
}

// JournalLines reads one span after the other, as a server does for which each is a statement.
func (m *moving) JournalLines(ctx context.Context, spans []collab.JournalSpan, each func(at int, line *collab.JournalLine) error) error {
	for at := range spans {
		m.then("lines")
		if err := m.memory.JournalLines(ctx, spans[at:at+1], func(_ int, line *collab.JournalLine) error { return each(at, line) }); err != nil {
			return err
		}
	}
	return nil
}

func TestO7ARemovalDuringTheWalkIsNoAlarm(t *testing.T) {
	for seed := range uint64(6 * places) {
		r := rand.New(rand.NewPCG(seed, 9))
		i := newInstallation(t)
		other := collab.Resource{Tenant: "default", ID: "page:/two"}
		for range 4 { // events with several runs: two sessions take turns
			before := len(i.store.journals[other])
			for k := range 6 {
				i.time = i.time.Add(time.Millisecond)
				i.store.write(other, collab.SessionID(fmt.Sprintf("s_%d", k%2)), "a", i.time)
			}
			events, _ := Describe(i.store.journals[other][before:], false, true, i.time)
			for _, e := range events {
				i.store.pending = append(i.store.pending, i.recorder.Row(e))
			}
		}
		i.record(60)
		i.seal(t)
		m := &moving{memory: i.store}
		wait := r.IntN(140)
		m.then = func(string) {
			if wait--; wait >= 0 || r.IntN(6) > 0 {
				return
			}
			switch at := r.IntN(6); {
			case at == 0 && len(i.store.journals[patient]) >= 3:
				i.remove(patient, 1)
			case at == 1 && len(i.store.journals[other]) >= 6:
				i.remove(other, 2)
			case at == 2: // written, covered and erased at once
				i.write(1)
				i.remove(patient, len(i.store.journals[patient])/3)
			default:
				if err := i.sealer.Seal(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		report, err := VerifyStore(t.Context(), m, i.archive, i.trust())
		if err != nil {
			t.Fatal(err)
		}
		if report.Status() != Intact {
			t.Fatalf("seed %d: %v", seed, report.Problems)
		}
		m.then = func(string) {}
		i.seal(t)
		wantStatus(t, i.verify(t), Intact)
	}
}

func TestSpansWithout(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 6))
		var a, b spans
		for range 12 {
			from := 1 + r.Int64N(40)
			a.add(span{from, from + r.Int64N(4)})
			from = 1 + r.Int64N(40)
			b.add(span{from, from + r.Int64N(4)})
		}
		left := a.without(b)
		for v := int64(1); v < 50; v++ {
			at := span{v, v}
			if got, want := left.has(at), a.has(at) && !b.has(at); got != want {
				t.Fatalf("seed %d: %s without %s is %s: %d", seed, a, b, left, v)
			}
		}
		if again, err := parseSpans(left.String()); len(left) > 0 && (err != nil || !slices.Equal(again, left)) {
			t.Fatalf("seed %d: %s: %v", seed, left, err)
		}
	}
}
