package drivertest

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Journaler is the port of documents: heads, journal, states, client ids, seeds.
type Journaler interface {
	Load(ctx context.Context, r collab.Resource) (collab.Snapshot, error)
	Entries(ctx context.Context, r collab.Resource, after int64, limit int) ([]collab.Entry, error)
	Head(ctx context.Context, r collab.Resource) (collab.Head, error)
	Heads(ctx context.Context, all []collab.Resource) (map[collab.Resource]collab.Head, error)
	Since(ctx context.Context, r collab.Resource, after int64) (collab.Snapshot, error)
	Append(b collab.Batch, done chan<- collab.Committed)
	Join(ctx context.Context, j collab.Join) (collab.Joined, error)
	Reserve(ctx context.Context, r collab.Resource, user collab.UserID, session collab.SessionID) (collab.ClientID, error)
	Leave(ctx context.Context, r collab.Resource, session collab.SessionID, audit []collab.AuditRow) error
	SaveState(ctx context.Context, s collab.State) (bool, error)
	Fold(ctx context.Context, r collab.Resource, fold func(collab.Snapshot) (collab.State, error)) error
	pender
}

// Journal checks the rules D1 to D7 as far as the store answers for them.
func Journal(t *testing.T, open func(*testing.T) Journaler) {
	cases := []struct {
		name string
		run  func(*testing.T, Journaler)
	}{
		{"D1 an editor's first join creates the document at revision 1", createdByEditor},
		{"D1 a viewer of what does not exist creates nothing", notCreatedByViewer},
		{"D1 of ten first joins at once one creates", createdOnce},
		{"D2 an entry comes back as it was appended", entryRoundTrip},
		{"D2 batches of one resource are applied in the order of their calls", appendInOrder},
		{"D2 batches of many resources are all committed", appendManyRooms},
		{"D2b a stale batch writes nothing and disturbs no other", staleBatch},
		{"D2b a batch with a gap in its revisions is refused", gapInBatch},
		{"D2c a retired client id stays retired after its session left", retire},
		{"D2c retiring client ids raises the guard", retireRaisesGuard},
		{"D3 a state is kept when it is newer and of the same epoch", saveState},
		{"D3 a load is consistent while others append", loadWhileAppending},
		{"D3 one at a time compacts a resource", foldAlone},
		{"D3 what cannot be compacted leaves the state as it was", foldFails},
		{"D4 entries are read from a revision on, up to a limit", entriesAfter},
		{"D4 what is new since a revision is read at once, without the state", newSince},
		{"D4 the heads of many documents are read at once", headsOfMany},
		{"D7 reserved client ids grow, skip bound ones and are never given twice", reserve},
		{"D7 leaving drops the session's unused client ids alone", leaveDropsUnused},
		{"D7 a client id of another user is refused whole", foreignBinding},
		{"D7 binding again marks the id as used and keeps it retired", bindAgain},
		{"G4 seeds are remembered", rememberSeeds},
		{"G4 a seed and what is known of its field do not take each other away", rememberKnown},
		{"T3 audit rows are inserted with their change, once", auditWithChange},
		{"2 resources of two tenants never meet", tenantsApart},
		{"F4 a call whose context has ended writes nothing", endedContext},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func join(t *testing.T, j Journaler, r collab.Resource, user collab.UserID, session collab.SessionID, audit ...collab.AuditRow) collab.Joined {
	t.Helper()
	joined, err := j.Join(timeLimit(t), collab.Join{
		Resource: r, Type: "patient_record", User: user, Session: session, Mode: collab.Editor, At: start, Audit: audit,
	})
	must(t, err)
	return joined
}

// entry returns an entry of one byte of content.
func entry(revision int64) collab.Entry {
	return collab.Entry{
		Revision: revision, Update: []byte{byte(revision)}, User: "usr_001", Session: "s_1", Clients: []collab.ClientID{1},
		Fields: []collab.Field{"content"}, At: start,
	}
}

// commit appends a batch and waits.
func commit(t *testing.T, j Journaler, b collab.Batch) collab.Committed {
	t.Helper()
	done := make(chan collab.Committed, 1)
	j.Append(b, done)
	return await(t, done)
}

func await(t *testing.T, done <-chan collab.Committed) collab.Committed {
	t.Helper()
	select {
	case c := <-done:
		return c
	case <-time.After(patience):
		t.Fatal("no outcome of Append")
		return collab.Committed{}
	}
}

func appendOK(t *testing.T, j Journaler, b collab.Batch) collab.Head {
	t.Helper()
	c := commit(t, j, b)
	must(t, c.Err)
	return c.Head
}

func load(t *testing.T, j Journaler, r collab.Resource) collab.Snapshot {
	t.Helper()
	s, err := j.Load(timeLimit(t), r)
	must(t, err)
	return s
}

func createdByEditor(t *testing.T, j Journaler) {
	r := resource()
	joined := join(t, j, r, "usr_001", "s_1")
	if want := (collab.Joined{Head: collab.Head{Revision: 1}, Client: 1, Created: true}); joined != want {
		t.Fatalf("first join %+v, want %+v", joined, want)
	}
	s := load(t, j, r)
	if s.Head != joined.Head || s.Type != "patient_record" || s.StateRevision != 1 || !bytes.Equal(s.State, []byte{0, 0}) {
		t.Fatalf("created document %+v", s)
	}
	head := appendOK(t, j, collab.Batch{Resource: r, Expect: s.Head, Entries: []collab.Entry{entry(2)}})
	if want := (collab.Head{Revision: 2}); head != want {
		t.Fatalf("head after the first edit %+v, want %+v", head, want)
	}
	again, err := j.Join(timeLimit(t), collab.Join{Resource: r, Type: "other", User: "usr_002", Session: "s_2", Mode: collab.Editor, At: start})
	must(t, err)
	if want := (collab.Joined{Head: head, Client: 2}); again != want {
		t.Fatalf("second join %+v, want %+v", again, want)
	}
	if s := load(t, j, r); s.Type != "patient_record" {
		t.Fatalf("type %q after the second join, want the first joiner's", s.Type)
	}
}

func notCreatedByViewer(t *testing.T, j Journaler) {
	r := resource()
	view := collab.Join{Resource: r, Type: "x", User: "usr_001", Session: "s_1", Mode: collab.Viewer, At: start, Audit: []collab.AuditRow{auditRow(r, "RESOURCE_JOINED")}}
	joined, err := j.Join(timeLimit(t), view)
	must(t, err)
	if joined != (collab.Joined{}) {
		t.Fatalf("viewer's join %+v, want zero", joined)
	}
	if s := load(t, j, r); !reflect.DeepEqual(s, collab.Snapshot{}) {
		t.Fatalf("snapshot of what does not exist %+v, want zero", s)
	}
	head, err := j.Head(timeLimit(t), r)
	must(t, err)
	if head != (collab.Head{}) {
		t.Fatalf("head of what does not exist %+v, want zero", head)
	}
	if _, err := j.Reserve(timeLimit(t), r, "usr_001", "s_1"); !errors.Is(err, collab.ErrNotFound) {
		t.Fatalf("reserving in what does not exist: %v, want ErrNotFound", err)
	}
	if c := commit(t, j, collab.Batch{Resource: r, Entries: []collab.Entry{entry(1)}}); !errors.Is(c.Err, collab.ErrStale) {
		t.Fatalf("appending to what does not exist: %v, want ErrStale", c.Err)
	}
	wantPending(t, j, r, "RESOURCE_JOINED")
	join(t, j, r, "usr_002", "s_2")
	joined, err = j.Join(timeLimit(t), view)
	must(t, err)
	if want := (collab.Joined{Head: collab.Head{Revision: 1}}); joined != want {
		t.Fatalf("viewer's join of what exists %+v, want %+v", joined, want)
	}
}

func createdOnce(t *testing.T, j Journaler) {
	const joiners = 10
	r := resource()
	answers := make(chan collab.Joined, joiners)
	for i := range joiners {
		go func() {
			joined, err := j.Join(timeLimit(t), collab.Join{Resource: r, User: "usr_001", Session: collab.SessionID(rune('a' + i)), Mode: collab.Editor, At: start})
			if err != nil {
				t.Error(err)
			}
			answers <- joined
		}()
	}
	created, clients := 0, map[collab.ClientID]bool{}
	for range joiners {
		joined := <-answers
		clients[joined.Client] = true
		if joined.Created {
			created++
		}
	}
	if created != 1 || len(clients) != joiners {
		t.Fatalf("%d joins created the document and %d client ids were given, want 1 and %d", created, len(clients), joiners)
	}
}

func entryRoundTrip(t *testing.T, j Journaler) {
	r := resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	want := []collab.Entry{
		{Revision: 2, Update: []byte{0, 1, 255}, User: "usr_001", Session: "s_1", Clients: []collab.ClientID{1, 1<<53 - 1}, Fields: []collab.Field{"content", `values/a"b\è`}, At: start},
		{Revision: 3, Update: bytes.Repeat([]byte{7}, 900<<10), User: "è|#%", Session: "s_2", Clients: []collab.ClientID{2}, Fields: []collab.Field{"note"}, At: start.Add(time.Second)},
	}
	appendOK(t, j, collab.Batch{Resource: r, Expect: head, Entries: want})
	got := load(t, j, r).Tail
	if len(got) != len(want) {
		t.Fatalf("%d entries, want %d", len(got), len(want))
	}
	for i := range want {
		if !got[i].At.Equal(want[i].At) {
			t.Errorf("time of entry %d is %v, want %v", i, got[i].At, want[i].At)
		}
		got[i].At = want[i].At
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("entry %d differs from what was appended", i)
		}
	}
}

func appendInOrder(t *testing.T, j Journaler) {
	const batches = 300
	r := resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	done := make(chan collab.Committed, batches)
	for range batches {
		j.Append(collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(head.Revision + 1)}}, done)
		head.Revision++
	}
	for want := int64(2); want <= head.Revision; want++ {
		c := await(t, done)
		must(t, c.Err)
		if c.Head.Revision != want {
			t.Fatalf("outcome of revision %d, want %d", c.Head.Revision, want)
		}
	}
	wantJournal(t, load(t, j, r), head.Revision)
}

// wantJournal checks that the tail has every revision after the state's, up to the head's, which is the one given.
func wantJournal(t *testing.T, s collab.Snapshot, revision int64) {
	t.Helper()
	if s.Head.Revision != revision {
		t.Fatalf("head at revision %d, want %d", s.Head.Revision, revision)
	}
	if n := int64(len(s.Tail)); n != revision-s.StateRevision {
		t.Fatalf("%d entries after revision %d, want %d", n, s.StateRevision, revision-s.StateRevision)
	}
	for i, e := range s.Tail {
		if want := s.StateRevision + 1 + int64(i); e.Revision != want {
			t.Fatalf("entry %d has revision %d, want %d", i, e.Revision, want)
		}
	}
}

func appendManyRooms(t *testing.T, j Journaler) {
	const rooms, batches = 20, 25
	base := resource()
	var all sync.WaitGroup
	for i := range rooms {
		r := base
		r.ID += collab.ResourceID(rune('a' + i))
		head := join(t, j, r, "usr_001", "s_1").Head
		all.Go(func() {
			done := make(chan collab.Committed, 1)
			for range batches {
				j.Append(collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(head.Revision + 1), entry(head.Revision + 2)}}, done)
				c := <-done
				if c.Err != nil {
					t.Error(c.Err)
					return
				}
				head = c.Head
			}
		})
	}
	all.Wait()
	for i := range rooms {
		r := base
		r.ID += collab.ResourceID(rune('a' + i))
		wantJournal(t, load(t, j, r), 1+2*batches)
	}
}

func staleBatch(t *testing.T, j Journaler) {
	r, other := resource(), resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	otherHead := join(t, j, other, "usr_001", "s_1").Head
	for _, expect := range []collab.Head{{}, {Revision: 2}, {Revision: 1, Guard: 1}, {Revision: 1, Epoch: 1}} {
		stale, fresh := make(chan collab.Committed, 1), make(chan collab.Committed, 1)
		j.Append(collab.Batch{
			Resource: r, Expect: expect, Entries: []collab.Entry{entry(expect.Revision + 1)},
			Bind: []collab.Owner{{Client: 77, User: "usr_001", Used: true}}, Retire: []collab.ClientID{1},
			Seeds: []collab.Seed{{Field: "a", Value: "1"}}, Audit: []collab.AuditRow{auditRow(r, "UPDATE_REJECTED")},
		}, stale)
		j.Append(collab.Batch{Resource: other, Expect: otherHead, Entries: []collab.Entry{entry(otherHead.Revision + 1)}}, fresh)
		if c := await(t, stale); !errors.Is(c.Err, collab.ErrStale) {
			t.Fatalf("appending at %+v to %+v: %v, want ErrStale", expect, head, c.Err)
		} else if c.Head != (collab.Head{}) && c.Head != head {
			t.Fatalf("appending at %+v met %+v, want %+v", expect, c.Head, head)
		}
		c := await(t, fresh)
		must(t, c.Err)
		otherHead = c.Head
	}
	s := load(t, j, r)
	if s.Head != head || len(s.Tail) != 0 || len(s.Seeds) != 0 || len(s.Owners) != 1 || s.Owners[0].Retired {
		t.Fatalf("a stale batch left %+v", s)
	}
	wantPending(t, j, r)
	wantJournal(t, load(t, j, other), otherHead.Revision)
}

func gapInBatch(t *testing.T, j Journaler) {
	r := resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	for _, revisions := range [][]int64{{3}, {1}, {2, 4}, {2, 2}} {
		b := collab.Batch{Resource: r, Expect: head}
		for _, n := range revisions {
			b.Entries = append(b.Entries, entry(n))
		}
		if c := commit(t, j, b); c.Err == nil {
			t.Fatalf("revisions %v after %d were accepted", revisions, head.Revision)
		}
	}
	wantJournal(t, load(t, j, r), 1)
}

func entriesAfter(t *testing.T, j Journaler) {
	r := resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	var b collab.Batch
	for n := int64(2); n <= 100; n++ {
		b.Entries = append(b.Entries, entry(n))
	}
	b.Resource, b.Expect = r, head
	head = appendOK(t, j, b)
	got, err := j.Head(timeLimit(t), r)
	must(t, err)
	if got != head || head.Revision != 100 {
		t.Fatalf("head %+v, want %+v at revision 100", got, head)
	}
	tests := []struct {
		after int64
		limit int
		want  []int64
	}{{0, 3, []int64{2, 3, 4}}, {97, 10, []int64{98, 99, 100}}, {100, 10, nil}, {50, 1, []int64{51}}}
	for _, tt := range tests {
		found, err := j.Entries(timeLimit(t), r, tt.after, tt.limit)
		must(t, err)
		var revisions []int64
		for _, e := range found {
			revisions = append(revisions, e.Revision)
		}
		if !slices.Equal(revisions, tt.want) {
			t.Errorf("%d entries after %d: revisions %v, want %v", tt.limit, tt.after, revisions, tt.want)
		}
	}
}

func newSince(t *testing.T, j Journaler) {
	r := resource()
	if s, err := j.Since(timeLimit(t), r, 0); err != nil || !reflect.DeepEqual(s, collab.Snapshot{}) {
		t.Fatalf("what does not exist: %+v, %v", s, err)
	}
	head := join(t, j, r, "usr_001", "s_1").Head
	head = appendOK(t, j, collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(2), entry(3), entry(4)},
		Bind: []collab.Owner{{Client: 1, User: "usr_001", Session: "s_1", Used: true}}, Seeds: []collab.Seed{{Field: "note", Value: `"x"`}}})
	_, err := j.SaveState(timeLimit(t), collab.State{Resource: r, Revision: 3, State: []byte{3}, At: start})
	must(t, err)
	for _, after := range []int64{0, 2, 4, 9} {
		s, err := j.Since(timeLimit(t), r, after)
		must(t, err)
		if s.Head != head || len(s.State) != 0 || s.StateRevision != 0 || len(s.Owners) != 1 || len(s.Seeds) != 1 {
			t.Errorf("since %d: %+v", after, s)
		}
		want := max(0, head.Revision-max(after, 1))
		if int64(len(s.Tail)) != want || want > 0 && s.Tail[want-1].Revision != head.Revision {
			t.Errorf("since %d: %d entries, want %d up to the head", after, len(s.Tail), want)
		}
	}
}

func headsOfMany(t *testing.T, j Journaler) {
	var all []collab.Resource
	want := map[collab.Resource]collab.Head{}
	for n := range 20 {
		r := resource()
		all = append(all, r)
		if n%5 == 0 {
			continue // does not exist
		}
		head := join(t, j, r, "usr_001", "s_1").Head
		want[r] = appendOK(t, j, collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(2)}})
	}
	got, err := j.Heads(timeLimit(t), all)
	must(t, err)
	if !maps.Equal(got, want) {
		t.Errorf("heads %v, want %v", got, want)
	}
}

func retireRaisesGuard(t *testing.T, j Journaler) {
	r := resource()
	joined := join(t, j, r, "usr_001", "s_1")
	head := appendOK(t, j, collab.Batch{Resource: r, Expect: joined.Head, Retire: []collab.ClientID{joined.Client}})
	if want := (collab.Head{Revision: 1, Guard: joined.Head.Guard + 1}); head != want {
		t.Fatalf("head %+v, want %+v", head, want)
	}
	got, err := j.Head(timeLimit(t), r)
	must(t, err)
	if got != head {
		t.Fatalf("the store's head is %+v, the answer %+v", got, head)
	}
	if c := commit(t, j, collab.Batch{Resource: r, Expect: joined.Head, Entries: []collab.Entry{entry(2)}}); !errors.Is(c.Err, collab.ErrStale) {
		t.Fatalf("an append that was checked before: %v, want ErrStale", c.Err)
	}
}

func rememberSeeds(t *testing.T, j Journaler) {
	r := resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	want := []collab.Seed{{Field: "note", Value: `"due volte al dì"`}, {Field: "values/fasting", Value: "true"}}
	appendOK(t, j, collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(2)}, Seeds: want})
	if got := load(t, j, r).Seeds; !slices.Equal(got, want) {
		t.Fatalf("seeds %v, want %v", got, want)
	}
}

func auditWithChange(t *testing.T, j Journaler) {
	r := resource()
	joined := join(t, j, r, "usr_001", "s_1", auditRow(r, "RESOURCE_JOINED"))
	edit := auditRow(r, "UPDATE_REJECTED")
	head := appendOK(t, j, collab.Batch{Resource: r, Expect: joined.Head, Entries: []collab.Entry{entry(2)}, Audit: []collab.AuditRow{edit}})
	appendOK(t, j, collab.Batch{Resource: r, Expect: head, Audit: []collab.AuditRow{edit}}) // the same event again
	must(t, j.Leave(timeLimit(t), r, "s_1", []collab.AuditRow{auditRow(r, "RESOURCE_LEFT")}))
	wantPending(t, j, r, "RESOURCE_JOINED", "UPDATE_REJECTED", "RESOURCE_LEFT")
}

func tenantsApart(t *testing.T, j Journaler) {
	a, b := resource(), resource()
	head := join(t, j, a, "usr_001", "s_1").Head
	appendOK(t, j, collab.Batch{Resource: a, Expect: head, Entries: []collab.Entry{entry(2)}, Bind: []collab.Owner{{Client: 9, User: "usr_001", Used: true}}})
	if s := load(t, j, b); !reflect.DeepEqual(s, collab.Snapshot{}) {
		t.Fatalf("the other tenant sees %+v", s)
	}
	head = join(t, j, b, "usr_002", "s_2").Head
	appendOK(t, j, collab.Batch{Resource: b, Expect: head, Entries: []collab.Entry{entry(2)}, Bind: []collab.Owner{{Client: 9, User: "usr_002", Used: true}}})
	must(t, j.Leave(timeLimit(t), b, "s_1", nil))
	if s := load(t, j, a); len(s.Owners) != 2 {
		t.Fatalf("owners %+v, want both", s.Owners)
	}
}

func endedContext(t *testing.T, j Journaler) {
	r := resource()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Join(ctx, collab.Join{Resource: r, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: start}); !errors.Is(err, context.Canceled) {
		t.Fatalf("join: %v, want context.Canceled", err)
	}
	join(t, j, r, "usr_001", "s_1")
	if _, err := j.SaveState(ctx, collab.State{Resource: r, Revision: 9, State: []byte{9}, At: start}); !errors.Is(err, context.Canceled) {
		t.Fatalf("save state: %v, want context.Canceled", err)
	}
	if s := load(t, j, r); s.StateRevision != 1 || len(s.Owners) != 1 {
		t.Fatalf("the ended calls left %+v", s)
	}
}
