package privacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/sqlite"
	"corsia/shared/obs"
	"corsia/shared/ydoc"
)

func TestJournalRetentionIsForeverOrADayAndMore(t *testing.T) { // SPEC 1
	for text, want := range map[string]time.Duration{"": KeepForever, "forever": KeepForever, "24h": 24 * time.Hour, "8760h": 8760 * time.Hour} {
		if got, err := ParseJournalRetention(text); got != want || err != nil {
			t.Errorf("%q is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"23h59m", "400", "-8760h", "0", "never"} {
		if got, err := ParseJournalRetention(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// TestO7NoEventCoversRowsOnBothSidesOfABoundary makes events of journals as any coverers may, whose clocks differ.
func TestO7NoEventCoversRowsOnBothSidesOfABoundary(t *testing.T) {
	of := collab.Resource{Tenant: "default", ID: "page:/1"}
	found := 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 11))
		at := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
		p := collab.JournalPrefix{Revision: 1 + r.Int64N(3)}
		var lines []collab.JournalLine
		for i := range 2 + r.Int64N(30) {
			at = at.Add(time.Duration(r.IntN(1200)) * time.Millisecond)
			if r.IntN(8) == 0 {
				at = at.Add(time.Duration(r.IntN(5000)) * time.Millisecond)
			}
			skewed := at.Add(time.Duration(r.IntN(3)-1) * time.Duration(r.IntN(1500)) * time.Millisecond)
			revision := p.Revision + 1 + i
			p.Rows = append(p.Rows, collab.JournalMark{Revision: revision, At: skewed, Bytes: 10})
			lines = append(lines, collab.JournalLine{Resource: of, Revision: revision, Session: collab.SessionID(fmt.Sprint(r.IntN(2))), At: skewed})
		}
		last := lines[len(lines)-1].Revision
		p.Settled = last - r.Int64N(3)
		var events []audit.Event
		for from := 0; from < len(lines); { // a coverer describes what it was given, another goes on
			to := from + 1 + r.IntN(len(lines)-from)
			more, n := audit.Describe(lines[from:to], false, true, at)
			events, from = append(events, more...), from+n
		}
		seen := len(p.Rows)
		if r.IntN(2) == 0 { // the rest was not read
			seen = 1 + r.IntN(seen)
			for _, row := range p.Rows[seen:] {
				if p.Later.IsZero() || row.At.Before(p.Later) {
					p.Later = row.At
				}
			}
			p.Rows = p.Rows[:seen]
		}
		to, _, err := boundary(&p, at.Add(time.Hour), step(seen))
		if err != nil || to > p.Settled || to > p.Rows[seen-1].Revision {
			t.Fatalf("seed %d: boundary %d, %v", seed, to, err)
		}
		for _, e := range events {
			if e.RevisionFrom <= to && e.RevisionTo > to {
				t.Fatalf("seed %d: an event covers %s, and the boundary is %d", seed, e.Details["revisions"], to)
			}
		}
		if to > 0 {
			found++
		}
	}
	if found < 1000 {
		t.Errorf("only %d journals had a boundary", found)
	}
}

func TestO7ABoundaryIsTheGreatestThatIsOldEnoughAndSettled(t *testing.T) {
	at := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	rows := func(seconds ...float64) (rows []collab.JournalMark) {
		for i, s := range seconds {
			rows = append(rows, collab.JournalMark{Revision: int64(i) + 2, At: at.Add(time.Duration(s * float64(time.Second))), Bytes: retentionBytes / 4})
		}
		return rows
	}
	for name, tt := range map[string]struct {
		prefix collab.JournalPrefix
		limit  step
		to     int64
		more   bool
	}{
		"all":                    {collab.JournalPrefix{Rows: rows(0, 3, 6), Settled: 9}, 2000, 4, false},
		"a burst is not cut":     {collab.JournalPrefix{Rows: rows(0, 3, 5), Settled: 3}, 2000, 2, false},
		"just a burst apart":     {collab.JournalPrefix{Rows: rows(0, 2), Settled: 2}, 2000, 0, false},
		"a moment more":          {collab.JournalPrefix{Rows: rows(0, 2.000001), Settled: 2}, 2000, 2, false},
		"a later row is earlier": {collab.JournalPrefix{Rows: rows(0, 9, 1), Settled: 9}, 2000, 4, false},
		"the same, not settled":  {collab.JournalPrefix{Rows: rows(0, 9, 1), Settled: 3}, 2000, 0, false},
		"not old enough":         {collab.JournalPrefix{Rows: rows(0, 100, 4000), Settled: 9}, 2000, 3, false},
		"not settled":            {collab.JournalPrefix{Rows: rows(0, 100, 200), Settled: 1}, 2000, 0, false},
		"rows beyond what was read": {collab.JournalPrefix{Rows: rows(0, 100), Settled: 9,
			Later: at.Add(101 * time.Second)}, 2, 2, true},
		"too many bytes": {collab.JournalPrefix{Rows: rows(0, 100, 200, 300, 400, 500), Settled: 9}, 2000, 5, true},
		"none at all":    {collab.JournalPrefix{}, 2000, 0, false},
	} {
		tt.prefix.Revision = 1
		to, more, err := boundary(&tt.prefix, at.Add(time.Hour), tt.limit)
		if to != tt.to || more != tt.more || err != nil {
			t.Errorf("%s: %d, more %v, %v, want %d, more %v", name, to, more, err, tt.to, tt.more)
		}
	}
	gap := collab.JournalPrefix{Revision: 1, Rows: rows(0, 100)[1:], Settled: 9}
	if to, _, err := boundary(&gap, at.Add(time.Hour), 2000); err == nil {
		t.Errorf("a journal without its first row has the boundary %d", to)
	}
}

// shelf is a store with what covers, seals and signs, and documents in it.
type shelf struct {
	t       *testing.T
	store   *sqlite.DB
	cover   *audit.Coverer
	seal    *audit.Sealer
	notary  *audit.Notary
	key     note.Verifier
	docs    map[collab.Resource]*ydoc.Doc
	log     *bytes.Buffer
	removed int64
	now     time.Time
}

type noArchive struct{}

func (noArchive) Put(_ context.Context, _ string, content io.Reader) error {
	_, err := io.Copy(io.Discard, content)
	return err
}

func (noArchive) Get(context.Context, string) (io.ReadCloser, error) { return nil, collab.ErrNotFound }

func (noArchive) List(context.Context, string) ([]string, error) { return nil, nil }

func wantNil(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openShelf(t *testing.T) *shelf {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "corsia.db"), sqlite.Options{})
	wantNil(t, err)
	t.Cleanup(func() { wantNil(t, store.Close()) })
	private, public, err := audit.GenerateKey()
	wantNil(t, err)
	signer, err := note.NewSigner(private)
	wantNil(t, err)
	w := &shelf{t: t, store: store, docs: map[collab.Resource]*ydoc.Doc{}, log: &bytes.Buffer{}, now: time.Now()}
	w.key, err = note.NewVerifier(public)
	wantNil(t, err)
	quiet := slog.New(slog.DiscardHandler)
	w.cover = audit.NewCoverer(store, audit.NewRecorder("i_1", quiet), quiet, time.Now)
	w.seal, w.notary = audit.NewSealer(store, quiet, time.Now), audit.NewNotary(store, noArchive{}, signer, quiet, time.Now)
	return w
}

// types appends an edit of each time to a document, which it creates first.
func (w *shelf) types(r collab.Resource, at ...time.Time) {
	w.t.Helper()
	doc := w.docs[r]
	if doc == nil {
		doc = ydoc.New()
		w.docs[r] = doc
		_, err := w.store.Join(w.t.Context(), collab.Join{Resource: r, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: at[0]})
		wantNil(w.t, err)
	}
	head, err := w.store.Head(w.t.Context(), r)
	wantNil(w.t, err)
	b := collab.Batch{Resource: r, Expect: head}
	for i := range at {
		revision := head.Revision + 1 + int64(i)
		update, err := doc.Transact(7, func(e *ydoc.Edit) {
			e.InsertText("notes", 0, fmt.Sprintf("%d ", revision))
			if revision%3 == 0 {
				e.DeleteText("notes", 0, 1)
			}
		})
		wantNil(w.t, err)
		b.Entries = append(b.Entries, collab.Entry{Revision: revision, Update: update, User: "usr_001", Session: "s_1", Clients: []collab.ClientID{7},
			Fields: []collab.Field{"notes"}, At: at[i].UTC().Truncate(time.Microsecond)})
	}
	done := make(chan collab.Committed, 1)
	w.store.Append(b, done)
	wantNil(w.t, (<-done).Err)
}

// compacts keeps the state of a document.
func (w *shelf) compacts(r collab.Resource) {
	w.t.Helper()
	head, err := w.store.Head(w.t.Context(), r)
	wantNil(w.t, err)
	state, err := w.docs[r].EncodeState(nil)
	wantNil(w.t, err)
	_, err = w.store.SaveState(w.t.Context(), collab.State{Resource: r, Revision: head.Revision, Epoch: head.Epoch, State: state, At: time.Now()})
	wantNil(w.t, err)
}

// seals covers, seals and signs all, waits until the store knows where its rows are, and asks for the verdict.
func (w *shelf) seals() *audit.Report {
	w.t.Helper()
	ctx := w.t.Context()
	wantNil(w.t, errors.Join(w.cover.Finish(ctx), w.seal.Seal(ctx), w.notary.Finish(ctx)))
	for r := range w.docs {
		for {
			p, err := w.store.JournalPrefix(ctx, r, 1)
			wantNil(w.t, err)
			s, err := w.store.Load(ctx, r)
			wantNil(w.t, err)
			if p.Settled == s.StateRevision {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	report, err := audit.VerifyStore(ctx, w.store, nil, audit.Trust{Keys: []note.Verifier{w.key}, Now: time.Now()})
	wantNil(w.t, err)
	if report.Status() != audit.Intact {
		w.t.Fatalf("the trail is %s: %v", report.Status(), report.Problems)
	}
	return report
}

func (w *shelf) retention(keep time.Duration) *Retention {
	log := obs.TestLogger(w.t, w.log)
	return NewRetention(RetentionOptions{Store: w.store, Recorder: audit.NewRecorder("i_1", log), Keep: keep, By: "system:dpo",
		Removed: func(n int64) { w.removed += n }, Log: log, Now: func() time.Time { return w.now }})
}

// wantHistory checks that the base and the rows after it are the document.
func (w *shelf) wantHistory(r collab.Resource, base int64) {
	w.t.Helper()
	p, err := w.store.JournalPrefix(w.t.Context(), r, 1)
	wantNil(w.t, err)
	if p.Revision != base {
		w.t.Fatalf("the base is of revision %d, want %d", p.Revision, base)
	}
	entries, err := w.store.Entries(w.t.Context(), r, 0, -1)
	wantNil(w.t, err)
	head, err := w.store.Head(w.t.Context(), r)
	wantNil(w.t, err)
	state, err := fold(&p, entries, head.Revision)
	wantNil(w.t, err)
	doc, err := ydoc.Load(state)
	wantNil(w.t, err)
	if err := ydoc.Equal(doc, w.docs[r]); err != nil {
		w.t.Fatalf("what is kept is not the document: %v", err)
	}
}

// ago returns times so many hours ago, some seconds apart.
func hoursAgo(hours float64, n int) (at []time.Time) {
	for i := range n {
		at = append(at, time.Now().Add(-time.Duration(hours*float64(time.Hour))).Add(time.Duration(i)*5*time.Second))
	}
	return at
}

func TestO7OldRowsLeaveAndTheTrailVerifies(t *testing.T) {
	w := openShelf(t)
	a, b := collab.Resource{Tenant: "default", ID: "page:/a"}, collab.Resource{Tenant: "north", ID: "page:/b"}
	w.types(a, slices.Concat(hoursAgo(100, 20), hoursAgo(60, 10), hoursAgo(1, 5))...)
	w.types(b, hoursAgo(60, 5)...)
	w.compacts(a)
	w.compacts(b)
	w.seals()
	r := w.retention(72 * time.Hour)
	for round, want := range []Trimmed{{1, 20, 0}, {}} {
		if done, err := r.Round(t.Context()); err != nil || done != want {
			t.Fatalf("round %d did %+v, %v, want %+v", round, done, err, want)
		}
	}
	w.wantHistory(a, 21)
	w.wantHistory(b, 1)
	if report := w.seals(); report.Removed != 20 || report.Journalled != 20 {
		t.Errorf("%d rows were removed, and %d are vouched for", report.Removed, report.Journalled)
	}
	w.now = w.now.Add(20 * time.Hour)
	if done, err := r.Round(t.Context()); err != nil || (done != Trimmed{2, 15, 0}) {
		t.Fatalf("later it did %+v, %v", done, err)
	}
	w.wantHistory(a, 31)
	w.wantHistory(b, 6)
	w.types(b, time.Now())
	w.wantHistory(b, 6)
	if report := w.seals(); report.Removed != 35 || w.removed != 35 {
		t.Errorf("%d rows were removed, as the trail says, and %d were counted", report.Removed, w.removed)
	}
	if log := w.log.String(); strings.Count(log, "old rows have left the journals") != 2 {
		t.Errorf("the log says %s", log)
	}
	rows, err := w.store.SelectAudit(t.Context(), collab.AuditFilter{Actor: "system:dpo"}, nil, 10)
	wantNil(t, err)
	if len(rows) != 3 || rows[0].Resource != a.ID || rows[0].Reason != "older than 72h0m0s" || rows[0].Details["revisions"] != "2-21" {
		t.Errorf("the trail says %+v", rows)
	}
}

func TestO7ABaseHasNothingThatWasDeletedBefore(t *testing.T) {
	doc := ydoc.New()
	var entries []collab.Entry
	edit := func(f func(*ydoc.Edit)) {
		update, err := doc.Transact(7, f)
		wantNil(t, err)
		entries = append(entries, collab.Entry{Revision: int64(len(entries)) + 2, Update: update})
	}
	edit(func(e *ydoc.Edit) { e.InsertText("notes", 0, "kept secret kept") })
	edit(func(e *ydoc.Edit) { e.DeleteText("notes", 5, 7) })
	base, err := fold(&collab.JournalPrefix{Revision: 1}, entries, 3)
	if err != nil || bytes.Contains(base, []byte("secret")) || !bytes.Contains(base, []byte("kept")) {
		t.Fatalf("the base is %q, %v", base, err)
	}
	edit(func(e *ydoc.Edit) { e.InsertText("notes", 0, "more ") })
	for name, wrong := range map[string][]collab.Entry{"a row less": entries[1:], "one is missing": {entries[0], entries[2]}, "not up to there": entries[:1]} {
		if base, err := fold(&collab.JournalPrefix{Revision: 1}, wrong, 3); err == nil {
			t.Errorf("%s: %q", name, base)
		}
	}
	alone := entries[2]
	if base, err := fold(&collab.JournalPrefix{Revision: 3}, []collab.Entry{alone}, 4); err == nil {
		t.Errorf("without the base that it builds on: %q", base)
	}
}

func TestO7WhatIsWrongWithOneJournalLeavesItAndNoOther(t *testing.T) {
	w := openShelf(t)
	behind, damaged, good := collab.Resource{Tenant: "default", ID: "page:/behind"}, collab.Resource{Tenant: "default", ID: "page:/damaged"}, collab.Resource{Tenant: "default", ID: "page:/good"}
	for _, r := range []collab.Resource{behind, damaged, good} {
		w.types(r, hoursAgo(100, 4)...)
		w.compacts(r)
	}
	w.types(behind, hoursAgo(90, 4)...) // nobody compacts it any more: it is quarantined
	head, err := w.store.Head(t.Context(), damaged)
	wantNil(t, err)
	done := make(chan collab.Committed, 1)
	w.store.Append(collab.Batch{Resource: damaged, Expect: head, Entries: []collab.Entry{{Revision: 6, Update: []byte("no update"), User: "usr_001", Session: "s_1", At: hoursAgo(90, 1)[0].Truncate(time.Microsecond)}}}, done)
	wantNil(t, (<-done).Err)
	w.compacts(damaged)
	w.seals()
	got, err := w.retention(72 * time.Hour).Round(t.Context())
	if want := (Trimmed{2, 8, 1}); err != nil || got != want {
		t.Fatalf("it did %+v, %v, want %+v", got, err, want)
	}
	if log := w.log.String(); !strings.Contains(log, "page:/damaged") || strings.Contains(log, "page:/behind") {
		t.Errorf("the log says %s", log)
	}
	for r, first := range map[collab.Resource]int64{behind: 6, damaged: 2} {
		entries, err := w.store.Entries(t.Context(), r, 0, 1)
		wantNil(t, err)
		if len(entries) != 1 || entries[0].Revision != first {
			t.Errorf("%s begins with %+v, want revision %d", r.ID, entries, first)
		}
	}
	w.wantHistory(good, 5)
	w.wantHistory(behind, 5)
	w.seals()
}

func TestO7ALongJournalLeavesInSteps(t *testing.T) {
	w := openShelf(t)
	r := collab.Resource{Tenant: "default", ID: "page:/long"}
	const rows = 3*retentionRows + 700
	at := make([]time.Time, rows)
	for i := range at {
		at[i] = time.Now().Add(-100 * time.Hour).Add(time.Duration(i) * 100 * time.Millisecond)
		if i > 2500 {
			at[i] = at[i].Add(time.Minute) // the only place to stop at: after 2,501 rows
		}
	}
	w.types(r, at...)
	w.compacts(r)
	w.seals()
	done, err := w.retention(72 * time.Hour).Round(t.Context())
	if want := (Trimmed{1, rows, 0}); err != nil || done != want {
		t.Fatalf("it did %+v, %v, want %+v", done, err, want)
	}
	w.wantHistory(r, rows+1)
	if report := w.seals(); report.Removed != rows {
		t.Errorf("%d rows were removed, as the trail says", report.Removed)
	}
}

// turnStore is a store that notes when it was looked at. In the third hour it is away for ten minutes, and from then on others
// take the turn.
type turnStore struct {
	JournalStore
	turns, looks []time.Duration // since the start
	start        time.Time
}

func (s *turnStore) TakeTurn(_ context.Context, every time.Duration) (bool, error) {
	at := time.Since(s.start)
	s.turns = append(s.turns, at)
	return at < 123*time.Minute && every < time.Hour, nil
}

func (s *turnStore) AgedJournals(context.Context, time.Time, collab.Resource, int) ([]collab.Resource, collab.Resource, error) {
	at := time.Since(s.start)
	s.looks = append(s.looks, at)
	if at > 113*time.Minute && at < 123*time.Minute {
		return nil, collab.Resource{}, errors.New("away")
	}
	return nil, collab.Resource{}, nil
}

func TestO7JournalsAreLookedAtOnceAnHourByOneInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &turnStore{start: time.Now()}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		r := NewRetention(RetentionOptions{Store: store, Keep: 48 * time.Hour, Log: obs.TestLogger(t, t.Output()), Now: time.Now})
		go func() { defer close(done); r.Run(ctx) }()
		time.Sleep(5 * time.Hour)
		stop()
		<-done
		minute := func(at ...int) (all []time.Duration) {
			for _, m := range at {
				all = append(all, time.Duration(m)*time.Minute)
			}
			return all
		}
		if want := minute(0, 60, 120, 125); !slices.Equal(store.looks, want) { // after the failure soon, without a new turn
			t.Errorf("it looked at %v, want %v", store.looks, want)
		}
		if want := minute(0, 60, 120, 185, 245); !slices.Equal(store.turns, want) {
			t.Errorf("it asked for its turn at %v, want %v", store.turns, want)
		}
	})
}
