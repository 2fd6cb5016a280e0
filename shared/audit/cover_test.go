package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

var written = time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)

// typing returns rows of a few journals: some sessions type into some fields, at random times, a few with a clock that is wrong.
func typing(r *rand.Rand, rows int) []collab.JournalLine {
	at := written
	revisions := map[collab.Resource]int64{}
	resources, sessions, fields := 1+r.IntN(3), 1+r.IntN(6), 1+r.IntN(3)
	lines := make([]collab.JournalLine, rows)
	for i := range lines {
		at = at.Add(time.Duration(r.ExpFloat64()*float64(40*time.Millisecond)) * time.Duration(1+r.IntN(20)/19*60)).Truncate(time.Microsecond)
		of := collab.Resource{Tenant: "default", ID: collab.ResourceID(fmt.Sprintf("page:/%d", r.IntN(resources)))}
		session := r.IntN(sessions)
		revisions[of]++
		lines[i] = collab.JournalLine{Resource: of, Revision: revisions[of] + 1, User: collab.UserID(fmt.Sprintf("usr_%d", session/2)),
			Session: collab.SessionID(fmt.Sprintf("s_%d", session)), Clients: []collab.ClientID{collab.ClientID(session)},
			Fields: []collab.Field{collab.Field(fmt.Sprintf("f_%d", r.IntN(fields)))}, At: at, Sum: [32]byte{byte(i), byte(i >> 8)}}
		if session == 5 {
			lines[i].At = lines[i].At.Add(-700 * time.Millisecond)
		}
	}
	return lines
}

// described describes rows as they come, in pieces of any size at any time, and returns the events.
func described(t *testing.T, r *rand.Rand, lines []collab.JournalLine) (events []Event) {
	t.Helper()
	for from, to := 0, 0; from < len(lines); {
		to = min(len(lines), max(to, from)+r.IntN(60))
		limit := from + 1 + r.IntN(100)
		more, end := to > limit, min(to, limit)
		all := to == len(lines) && !more
		now := written
		if to > 0 {
			now = lines[to-1].At.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
		}
		found, n := Describe(lines[from:end], more, all, now)
		if n < 0 || n > end-from || (n == 0) != (len(found) == 0) || all && n != end-from {
			t.Fatalf("of %d rows %d are covered by %d events", end-from, n, len(found))
		}
		events, from = append(events, found...), from+n
	}
	return events
}

func TestT2EachRevisionIsCoveredOnceHoweverSessionsInterleave(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		lines := typing(r, 1+r.IntN(800))
		at := map[collab.JournalSpan]*collab.JournalLine{}
		for i, line := range lines {
			at[collab.JournalSpan{Resource: line.Resource, From: line.Revision, To: line.Revision}] = &lines[i]
		}
		rows := 0
		for _, e := range described(t, r, lines) {
			runs, err := parseSpans(e.Details[detailRevisions])
			if err != nil || runs[0].from != e.RevisionFrom || runs[len(runs)-1].to != e.RevisionTo || fmt.Sprint(runs.count()) != e.Details[detailRows] ||
				len(e.Details[detailRevisions]) > maxRevisionsBytes || e.Type != DocumentUpdated {
				t.Fatalf("seed %d: %+v, %v", seed, e, err)
			}
			first, last := time.Time{}, time.Time{}
			for _, run := range runs {
				for revision := run.from; revision <= run.to; revision++ {
					place := collab.JournalSpan{Resource: collab.Resource{Tenant: e.Tenant, ID: e.Resource}, From: revision, To: revision}
					line := at[place]
					if line == nil {
						t.Fatalf("seed %d: revision %d is covered twice, or never was", seed, revision)
					}
					if line.User != e.Actor || line.Session != e.Session || !slices.Equal(line.Fields, e.Fields) {
						t.Fatalf("seed %d: %+v covers %+v", seed, e, line)
					}
					if first.IsZero() || line.At.Before(first) {
						first = line.At
					}
					if line.At.After(last) {
						last = line.At
					}
					delete(at, place)
					rows++
				}
			}
			if last.Sub(first) > Burst || !e.RecordedAt.Equal(last) {
				t.Fatalf("seed %d: a burst of %v, recorded at %v, ends at %v", seed, last.Sub(first), e.RecordedAt, last)
			}
		}
		if rows != len(lines) {
			t.Fatalf("seed %d: %d of %d rows are covered", seed, rows, len(lines))
		}
	}
}

func TestT2WhatIsDescribedVerifies(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 4))
		i := newInstallation(t)
		lines := typing(r, 1+r.IntN(400))
		for _, line := range lines {
			i.store.journals[line.Resource] = append(i.store.journals[line.Resource], line)
		}
		for _, e := range described(t, r, lines) {
			i.store.pending = append(i.store.pending, i.recorder.Row(e))
		}
		i.time = lines[len(lines)-1].At.Add(time.Hour)
		i.seal(t)
		report := i.verify(t)
		wantStatus(t, report, Intact)
		if report.Journalled != int64(len(lines)) {
			t.Fatalf("seed %d: %d of %d rows were verified", seed, report.Journalled, len(lines))
		}
	}
}

func TestT2ABurstOfOneSessionIsOneEvent(t *testing.T) {
	m := newMemory()
	r := collab.Resource{Tenant: "default", ID: "page:/1"}
	for k := range 19 { // every 100 ms, two sessions by turns
		m.write(r, collab.SessionID(strings.Repeat("s", 1+k%2)), "notes", written.Add(time.Duration(k)*100*time.Millisecond))
	}
	if events, n := Describe(m.journals[r], false, false, written.Add(Burst-time.Millisecond)); n != 0 || len(events) != 0 {
		t.Errorf("%d rows are described before the burst is over", n)
	}
	events, n := Describe(m.journals[r], false, false, written.Add(Burst))
	if n != 19 || len(events) != 2 {
		t.Fatalf("%d rows in %d events, want 19 in 2", n, len(events))
	}
	if e := events[1]; e.Details[detailRevisions] != "3,5,7,9,11,13,15,17,19" || e.RevisionFrom != 3 || e.RevisionTo != 19 || e.Session != "ss" {
		t.Errorf("the second is %+v", e)
	}
	if _, n := Describe(m.journals[r], true, false, written); n != 19 {
		t.Errorf("%d rows are described when more wait than are read at once, want all", n)
	}
}

func TestT2AnEventThatCoversManyRunsIsCut(t *testing.T) {
	m := newMemory()
	r := collab.Resource{Tenant: "default", ID: "page:/1"}
	for k := range 900 { // by turns: no two revisions of a session follow each other
		m.write(r, collab.SessionID(strings.Repeat("s", 1+k%2)), "notes", written.Add(time.Duration(k)*time.Millisecond))
	}
	events, n := Describe(m.journals[r], false, true, written)
	if n != 900 || len(events) != 4 { // 450 numbers each, of which 200 and more fit
		t.Fatalf("%d rows in %d events", n, len(events))
	}
	for _, e := range events {
		if text := e.Details[detailRevisions]; len(text) > maxRevisionsBytes {
			t.Errorf("an event names its revisions in %d bytes", len(text))
		}
	}
}

// TestT2TheSumIsOverWhatIsWrittenDown hashes rows as the comment above digest says, by other means.
func TestT2TheSumIsOverWhatIsWrittenDown(t *testing.T) {
	line := collab.JournalLine{Resource: collab.Resource{Tenant: "t", ID: "page:/è"}, Revision: 7, User: "u", Session: "s", Clients: []collab.ClientID{1 << 40, 2},
		Fields: []collab.Field{"a", ""}, At: written.Add(time.Microsecond), Sum: sha256.Sum256([]byte{1})}
	var b bytes.Buffer
	put := func(parts ...any) {
		for _, part := range parts {
			switch part := part.(type) {
			case string:
				_ = binary.Write(&b, binary.BigEndian, uint64(len(part)))
				b.WriteString(part)
			case int:
				_ = binary.Write(&b, binary.BigEndian, uint64(part))
			case [32]byte:
				b.Write(part[:])
			}
		}
	}
	put("corsia journal rows", "t", "page:/è", 7, int(written.UnixMicro())+1, "u", "s", 2, 1<<40, 2, 2, "a", "", sha256.Sum256([]byte{1}))
	want := sha256.Sum256(b.Bytes())
	events, _ := Describe([]collab.JournalLine{line}, false, true, written)
	if got := events[0].Details[detailSum]; got != hex.EncodeToString(want[:]) {
		t.Errorf("sum %s, want %x", got, want)
	}
}

func TestT2TheJournalIsComparedWithTheTrail(t *testing.T) {
	r := collab.Resource{Tenant: "default", ID: "page:/1"}
	for name, tt := range map[string]struct {
		do   func(*installation)
		want Status
		text string
	}{
		"a row of this minute waits": {func(i *installation) { i.store.write(r, "s_9", "a", i.time.Add(-59*time.Second)) }, Intact, ""},
		"an older one is missing from the trail": {func(i *installation) {
			i.store.write(r, "s_9", "a", i.time.Add(-61*time.Second))
		}, Incomplete, "revision 5 of page:/1"},
		"an event covers what another did": {func(i *installation) {
			events, _ := Describe(i.store.journals[r][1:], false, true, i.time)
			i.store.pending = append(i.store.pending, i.recorder.Row(events[0]))
			i.seal(t)
		}, Tampered, "covers revisions 3 to 4"},
		"an event covers what is not there": {func(i *installation) {
			events, _ := Describe([]collab.JournalLine{{Resource: r, Revision: 9, At: i.time}}, false, true, i.time)
			i.store.pending = append(i.store.pending, i.recorder.Row(events[0]))
			i.seal(t)
		}, Tampered, "of revisions 9, 1 are missing"},
		"an event says nothing": {func(i *installation) {
			i.store.pending = append(i.store.pending, i.recorder.Row(Event{Type: DocumentUpdated, Tenant: "default"}))
			i.seal(t)
		}, Tampered, "does not say which rows"},
		"another wrote it":         {func(i *installation) { i.store.journals[r][1].User = "usr_666" }, Tampered, "revision 3 is by usr_666"},
		"it was something else":    {func(i *installation) { i.store.journals[r][1].Sum[0]++ }, Tampered, "revisions 2-4 are not what was written"},
		"one is missing":           {func(i *installation) { i.store.journals[r] = slices.Delete(i.store.journals[r], 1, 2) }, Tampered, "revision 4 is there in the place of 3"},
		"nobody looks at journals": {func(i *installation) { i.store.journals[r] = nil }, Tampered, "3 are missing"},
	} {
		t.Run(name, func(t *testing.T) {
			i := newInstallation(t)
			for range 3 {
				i.store.write(r, "s_1", "a", i.time)
			}
			events, _ := Describe(i.store.journals[r], false, true, i.time)
			i.store.pending = append(i.store.pending, i.recorder.Row(events[0]))
			i.seal(t)
			i.time = i.time.Add(2 * time.Minute)
			tt.do(i)
			wantStatus(t, i.verify(t), tt.want, tt.text)
			trust := i.trust()
			trust.Chains = true
			report, err := VerifyStore(t.Context(), i.store, i.archive, trust)
			if err != nil || report.Journalled != 0 || report.Status() != Intact {
				t.Errorf("the chains alone are %v, %v", report.Problems, err)
			}
		})
	}
}

func TestT2AJournalIsComparedWithWhatTheArchiveHas(t *testing.T) {
	i := tampered(t)
	for shard, head := range i.store.heads() { // everything that the archive has leaves the store
		i.store.floors[shard] = head
		i.store.rows[shard] = nil
	}
	wantStatus(t, i.verify(t), Intact)
	of, at := line(rand.New(rand.NewPCG(1, 1)), i)
	i.store.journals[of][at].User = "usr_666"
	wantStatus(t, i.verify(t), Tampered, "usr_666")
}

func TestARunOfRevisionsIsKeptOnce(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		var s spans
		in := map[int64]bool{}
		for range 60 {
			run := span{from: 1 + r.Int64N(40)}
			run.to = run.from + r.Int64N(4)
			free := true
			for v := run.from; v <= run.to; v++ {
				free = free && !in[v]
			}
			if s.add(run) != free {
				t.Fatalf("seed %d: add %v to %s", seed, run, s)
			}
			for v := run.from; free && v <= run.to; v++ {
				in[v] = true
			}
			again, err := parseSpans(s.String())
			if err != nil || !slices.Equal(again, s) || s.count() != int64(len(in)) {
				t.Fatalf("seed %d: %s, %v", seed, s, err)
			}
		}
	}
}

func FuzzRevisions(f *testing.F) {
	f.Add("5,7,9-12")
	f.Add("1-1")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseSpans(text); err == nil && s.String() != text {
			t.Errorf("%q is read as %s", text, s)
		}
	})
}

// journaled is a store whose journal somebody has written to.
type journaled struct {
	*memory
	lines  []collab.JournalLine // not covered
	looked []bool               // whether each look was a must
	behind int                  // looks that find more
	err    error
}

func (s *journaled) CoverJournal(_ context.Context, before time.Time, describe func([]collab.JournalLine, bool) ([]collab.AuditRow, int)) (bool, error) {
	if s.err != nil || len(s.lines) == 0 || s.lines[0].At.After(before) {
		return false, s.err
	}
	at := min(2, len(s.lines))
	rows, n := describe(s.lines[:at], at < len(s.lines))
	s.pending, s.lines = append(s.pending, rows...), s.lines[n:]
	return n > 0 && len(s.lines) > 0, nil
}

func (s *journaled) FindUncovered(_ context.Context, must bool) (bool, error) {
	s.looked = append(s.looked, must)
	s.behind--
	return s.behind >= 0, s.err
}

func TestT2TheCovererCoversWhatIsOldEnoughAndAtTheEndAll(t *testing.T) {
	m := newMemory()
	r := collab.Resource{Tenant: "default", ID: "page:/1"}
	for k := range 5 {
		m.write(r, "s_1", "a", written.Add(time.Duration(k)*500*time.Millisecond))
	}
	s := &journaled{memory: m, lines: m.journals[r], behind: 1}
	now := written
	c := NewCoverer(s, NewRecorder("i_1", slog.New(slog.DiscardHandler)), slog.New(slog.DiscardHandler), func() time.Time { return now })
	step := func(at time.Duration, want int) {
		t.Helper()
		now = written.Add(at)
		if err := c.Cover(t.Context()); err != nil || len(s.lines) != want {
			t.Fatalf("after %v %d rows are left, want %d: %v", at, len(s.lines), want, err)
		}
	}
	step(time.Second, 5)
	step(3*time.Second, 1) // the last row may go on
	if err := c.Finish(t.Context()); err != nil || len(s.lines) != 0 {
		t.Fatalf("at the end %d rows are left: %v", len(s.lines), err)
	}
	step(40*time.Second, 0)
	if want := []bool{true, true, true, false}; !slices.Equal(s.looked, want) {
		t.Errorf("it looked %v, want %v: at the start until there is no more, at the end, and every half minute", s.looked, want)
	}
	if s.err = errors.New("away"); c.Cover(t.Context()) == nil || c.Lag() < 0 {
		t.Error("an error was lost")
	}
	if now = now.Add(time.Minute); c.Lag() != time.Minute {
		t.Errorf("lag %v", c.Lag())
	}
	if s.err = nil; c.Cover(t.Context()) != nil || c.Lag() != 0 {
		t.Errorf("lag %v", c.Lag())
	}
}
