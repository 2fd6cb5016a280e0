package drivertest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Erasing is a store of which the content of resources is erased, as those who use it see it.
type Erasing interface {
	Covering
	Locker
	Accept(ctx context.Context, d collab.Delivery) (collab.Accepted, error)
	Inbox(ctx context.Context, after int64, limit int) ([]collab.InboxRow, error)
}

// Eraser is the port of who erases.
type Eraser interface {
	Content(ctx context.Context, r collab.Resource) (collab.Content, error)
	Erase(ctx context.Context, e collab.Erasure) (collab.Erased, error)
	Repeated(ctx context.Context) ([]string, error)
	OpenEpoch(ctx context.Context, o collab.EpochOpening) (collab.EpochOpened, error)
}

// Erasures checks rule O7 as far as the store answers for it. Each call of open returns an empty store, that a gateway uses, and
// who erases in it.
func Erasures(t *testing.T, open func(*testing.T) (Erasing, Eraser)) {
	cases := []struct {
		name string
		run  func(*testing.T, Erasing, Eraser)
	}{
		{"O7 the content of one resource goes, and the document goes on in a new life", eraseOne},
		{"O7 nothing to erase changes nothing", eraseNothing},
		{"O7 no client id of the life before is accepted or given again", eraseClients},
		{"O7 who was appending meets another epoch", eraseWhileAppending},
		{"O7 what nobody covered is covered before it goes, once", eraseCovers},
		{"O7 what another system said of a resource without a document goes", erasePushes},
		{"O7 an error leaves everything as it was", eraseFails},
		{"O7 D8 a restore begins a new life of what was erased, too", eraseAndRestore},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, x := open(t)
			c.run(t, s, x)
		})
	}
}

// erasure returns one that tells of itself by a row of its own, and of each row that it covers by another.
func erasure(r collab.Resource) collab.Erasure {
	return collab.Erasure{Resource: r, By: "usr_dpo", Reason: "request of the patient", At: start.Add(time.Hour),
		Cover: func(lines []collab.JournalLine) (rows []collab.AuditRow) {
			for _, line := range lines {
				rows = append(rows, auditRow(line.Resource, "COVERED"))
			}
			return rows
		},
		Audit: func(collab.Content, []collab.Lock) ([]collab.AuditRow, error) {
			return []collab.AuditRow{auditRow(r, "ERASED")}, nil
		}}
}

// filled returns a resource with content in every table: rows 2 to 6, a state at revision 4, seeds, a lock, a push.
func filled(t *testing.T, s Erasing) collab.Resource {
	t.Helper()
	r := resource()
	join(t, s, r, "usr_001", "s_1")
	write(t, s, r, 1, 5)
	saved, err := s.SaveState(timeLimit(t), collab.State{Resource: r, Revision: 4, State: []byte("state of 4"), At: start})
	if must(t, err); !saved {
		t.Fatal("the state was not saved")
	}
	appendOK(t, s, collab.Batch{Resource: r, Expect: collab.Head{Revision: 6}, Seeds: []collab.Seed{{Field: "notes", Value: `"shown"`, Known: `["older"]`}}})
	grant(t, s, lock(r, "notes", "usr_001", "s_1"))
	_, err = s.Accept(timeLimit(t), delivery(r, "message"))
	must(t, err)
	return r
}

func eraseOne(t *testing.T, s Erasing, x Eraser) {
	r, other := filled(t, s), filled(t, s)
	before := load(t, s, other)
	want := collab.Content{Head: collab.Head{Revision: 6, Guard: 1}, Updates: 5, From: 2, To: 6, Text: true, Seeds: 1, Pushes: 1}
	counted, err := x.Content(timeLimit(t), r)
	if must(t, err); counted != want {
		t.Fatalf("there is %+v, want %+v", counted, want)
	}
	done, err := x.Erase(timeLimit(t), erasure(r))
	must(t, err)
	if head := (collab.Head{Revision: 6, Guard: 2, Epoch: 1}); done.Content != want || done.Head != head || done.Locks != 1 {
		t.Fatalf("erased %+v, want %+v at %+v and one lock", done, want, head)
	}
	snap := load(t, s, r)
	if snap.Head != done.Head || snap.StateRevision != 6 || !bytes.Equal(snap.State, []byte{0, 0}) || len(snap.Tail)+len(snap.Seeds)+len(snap.Locks) > 0 {
		t.Fatalf("after it the document is %+v", snap)
	}
	if e := snap.Erased; e.Epoch != 1 || !e.At.Equal(start.Add(time.Hour)) {
		t.Fatalf("the store says that it was erased %+v", e)
	}
	rows, err := s.Inbox(timeLimit(t), 0, 10)
	must(t, err)
	for _, row := range rows {
		if kept := row.Resource == other; (len(row.Data) > 0) != kept {
			t.Errorf("the push of %v has %d bytes", row.Resource, len(row.Data))
		}
	}
	if after := load(t, s, other); after.Head != before.Head || len(after.Tail) != len(before.Tail) || len(after.Seeds) != 1 || len(after.Locks) != 1 || after.Erased.Epoch != 0 {
		t.Fatalf("another resource is %+v", after)
	}
	head := appendOK(t, s, collab.Batch{Resource: r, Expect: done.Head, Entries: []collab.Entry{entry(7)}})
	if saved, err := s.SaveState(timeLimit(t), collab.State{Resource: r, Revision: 7, Epoch: 1, State: []byte{7}, At: start}); err != nil || !saved {
		t.Fatalf("a state of the new life is not kept: %v", err)
	}
	if saved, err := s.SaveState(timeLimit(t), collab.State{Resource: r, Revision: 8, State: []byte{8}, At: start}); err != nil || saved {
		t.Fatalf("a state of the old life is kept: %v", err)
	}
	if again := load(t, s, r); again.Head != head || again.StateRevision != 7 {
		t.Fatalf("the new life goes on as %+v", again)
	}
}

func eraseNothing(t *testing.T, s Erasing, x Eraser) {
	r := resource()
	for _, step := range []func(){func() {}, func() { join(t, s, r, "usr_001", "s_1") }} { // no document, an empty one
		step()
		before := load(t, s, r)
		done, err := x.Erase(timeLimit(t), erasure(r))
		must(t, err)
		if after := load(t, s, r); !done.Content.Empty() || done.Head != before.Head || after.Head != before.Head || after.Erased.Epoch != 0 {
			t.Fatalf("erased %+v: the document is %+v", done, after)
		}
	}
	wantPending(t, s, r)
	e := erasure(r)
	e.Repeats = []string{"a", "b", "c"}
	done, err := x.Erase(timeLimit(t), e)
	must(t, err)
	if snap := load(t, s, r); done.Head.Epoch != 3 || snap.Head != done.Head || snap.Erased.Epoch != 3 {
		t.Fatalf("a new life was asked for all the same, and the document is %+v", snap)
	}
	wantPending(t, s, r, "ERASED")
	missing := erasure(resource())
	missing.Repeats = []string{"d"}
	for range 2 { // the second of two that start at once
		_, err = x.Erase(timeLimit(t), missing)
		must(t, err)
	}
	repeated, err := x.Repeated(timeLimit(t))
	must(t, err)
	slices.Sort(repeated)
	if !slices.Equal(repeated, []string{"a", "b", "c", "d", "d"}) {
		t.Errorf("the store says that %v were carried out again", repeated)
	}
	if head := load(t, s, missing.Resource).Head; head != (collab.Head{}) {
		t.Errorf("a resource that does not exist is at %+v", head)
	}
}

func eraseClients(t *testing.T, s Erasing, x Eraser) {
	r := resource()
	head := join(t, s, r, "usr_001", "s_1").Head
	last := join(t, s, r, "usr_002", "s_2").Client
	head = appendOK(t, s, collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(2)},
		Bind: []collab.Owner{{Client: 1, User: "usr_001", Session: "s_1", Used: true}, {Client: last + 2, User: "usr_003", Session: "s_3", Used: true}}})
	done, err := x.Erase(timeLimit(t), erasure(r))
	must(t, err)
	for _, o := range load(t, s, r).Owners {
		if !o.Retired || o.Epoch != 0 {
			t.Errorf("after the erasure client id %d is %+v", o.Client, o)
		}
	}
	given := []collab.ClientID{join(t, s, r, "usr_001", "s_4").Client, join(t, s, r, "usr_001", "s_5").Client}
	if !slices.Equal(given, []collab.ClientID{last + 1, last + 3}) {
		t.Errorf("client ids %v are given, want those that nobody ever had", given)
	}
	if done.Head.Revision != head.Revision {
		t.Errorf("the document is at revision %d, want %d", done.Head.Revision, head.Revision)
	}
}

func eraseWhileAppending(t *testing.T, s Erasing, x Eraser) {
	r := filled(t, s)
	erased := make(chan error, 1)
	go func() {
		_, err := x.Erase(context.Background(), erasure(r))
		erased <- err
	}()
	head := load(t, s, r).Head
	for c := (collab.Committed{}); c.Err == nil; head = c.Head {
		if c = commit(t, s, collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(head.Revision + 1)}}); c.Err != nil {
			if !errors.Is(c.Err, collab.ErrStale) {
				t.Fatal(c.Err)
			}
			break
		}
	}
	must(t, <-erased)
	snap := load(t, s, r)
	if snap.Head.Epoch != 1 || snap.Head.Revision != head.Revision || len(snap.Tail) > 0 || snap.StateRevision != head.Revision {
		t.Fatalf("the last row was %d, and the document is %+v", head.Revision, snap)
	}
}

func eraseCovers(t *testing.T, s Erasing, x Eraser) {
	r := resource()
	document(t, s, r)
	write(t, s, r, 1, 3)
	var c covered
	c.all(t, s)
	write(t, s, r, 4, 2)
	done, err := x.Erase(timeLimit(t), erasure(r))
	must(t, err)
	if done.Covered != 2 {
		t.Errorf("%d rows were covered, want the two that nobody had", done.Covered)
	}
	wantPending(t, s, r, "2", "3", "4", "COVERED", "COVERED", "ERASED")
	must(t, commit(t, s, collab.Batch{Resource: r, Expect: done.Head, Entries: []collab.Entry{entry(7)}}).Err)
	_, err = s.FindUncovered(timeLimit(t), true)
	must(t, err)
	c.all(t, s)
	if got := c.of(r); !slices.Equal(got, []int64{2, 3, 4, 7}) {
		t.Errorf("revisions %v were covered by the gateway, want the new one once", got)
	}
	must(t, s.JournalLines(timeLimit(t), []collab.JournalSpan{{Resource: r, From: 2, To: 6}}, func(_ int, line *collab.JournalLine) error {
		t.Errorf("revision %d is still there", line.Revision)
		return nil
	}))
	ends, err := s.JournalEnds(timeLimit(t), collab.Resource{}, 10)
	must(t, err)
	for _, end := range ends {
		if end.Stray != nil || end.Resource == r && end.Revision != 7 {
			t.Errorf("the journal ends as %+v", end)
		}
	}
}

func erasePushes(t *testing.T, s Erasing, x Eraser) {
	r := resource()
	_, err := s.Accept(timeLimit(t), delivery(r, "message"))
	must(t, err)
	done, err := x.Erase(timeLimit(t), erasure(r))
	must(t, err)
	if done.Content != (collab.Content{Pushes: 1}) || done.Head != (collab.Head{}) {
		t.Errorf("erased %+v", done)
	}
	rows, err := s.Inbox(timeLimit(t), 0, 10)
	must(t, err)
	if len(rows) != 1 || len(rows[0].Data) > 0 {
		t.Errorf("the inbox has %+v", rows)
	}
	wantPending(t, s, r, "WEBHOOK_RECEIVED", "ERASED")
}

func eraseFails(t *testing.T, s Erasing, x Eraser) {
	r := filled(t, s)
	before := load(t, s, r)
	e := erasure(r)
	e.Audit = func(collab.Content, []collab.Lock) ([]collab.AuditRow, error) { return nil, collab.ErrNotFound }
	if _, err := x.Erase(timeLimit(t), e); !errors.Is(err, collab.ErrNotFound) {
		t.Fatalf("the error is %v, want that of who tells of it", err)
	}
	after := load(t, s, r)
	if after.Head != before.Head || len(after.Tail) != len(before.Tail) || len(after.Seeds) != 1 || len(after.Locks) != 1 || after.Erased.Epoch != 0 {
		t.Fatalf("after an error the document is %+v", after)
	}
}

func eraseAndRestore(t *testing.T, s Erasing, x Eraser) {
	r, other := filled(t, s), filled(t, s)
	e := erasure(r)
	e.Repeats = []string{"a", "b"}
	_, err := x.Erase(timeLimit(t), e)
	must(t, err)
	_, err = x.OpenEpoch(timeLimit(t), collab.EpochOpening{Epoch: 2, At: start, Audit: func([]collab.Lock) []collab.AuditRow { return nil }})
	must(t, err)
	for r, want := range map[collab.Resource]int64{r: 3, other: 1} {
		snap := load(t, s, r)
		if snap.Head.Epoch != want {
			t.Errorf("after the restore a document is in epoch %d, want %d", snap.Head.Epoch, want)
		}
		if saved, err := s.SaveState(timeLimit(t), collab.State{Resource: r, Revision: 7, Epoch: want, State: []byte{7}, At: start}); err != nil || !saved {
			t.Errorf("its state is not of its epoch: %v", err)
		}
	}
}
