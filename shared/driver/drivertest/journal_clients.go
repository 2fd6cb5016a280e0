package drivertest

import (
	"errors"
	"slices"
	"testing"

	"corsia/shared/collab"
)

func retire(t *testing.T, j Journaler) {
	r := resource()
	joined := join(t, j, r, "usr_001", "s_1")
	appendOK(t, j, collab.Batch{Resource: r, Expect: joined.Head, Retire: []collab.ClientID{joined.Client}})
	must(t, j.Leave(timeLimit(t), r, "s_1", nil))
	wantOwners(t, j, r, collab.Owner{Client: joined.Client, User: "usr_001", Session: "s_1", Retired: true})
}

func wantOwners(t *testing.T, j Journaler, r collab.Resource, want ...collab.Owner) {
	t.Helper()
	if got := load(t, j, r).Owners; !slices.Equal(got, want) {
		t.Fatalf("owners of client ids %+v, want %+v", got, want)
	}
}

func reserve(t *testing.T, j Journaler) {
	r := resource()
	joined := join(t, j, r, "usr_001", "s_1")
	appendOK(t, j, collab.Batch{Resource: r, Expect: joined.Head, Bind: []collab.Owner{
		{Client: 2, User: "usr_002", Session: "s_2", Used: true}, {Client: 3, User: "usr_002", Session: "s_2", Used: true},
	}})
	next := join(t, j, r, "usr_003", "s_3").Client
	if joined.Client != 1 || next != 4 {
		t.Fatalf("client ids %d and %d, want 1 and 4", joined.Client, next)
	}
	must(t, j.Leave(timeLimit(t), r, "s_3", nil))
	further, err := j.Reserve(timeLimit(t), r, "usr_001", "s_1")
	must(t, err)
	if further != 5 {
		t.Fatalf("client id %d after 4 was dropped, want 5", further)
	}
	again := join(t, j, r, "usr_001", "s_1").Client // as after RESYNC_REQUIRED
	if again != 6 {
		t.Fatalf("client id %d at a second join, want 6", again)
	}
}

func leaveDropsUnused(t *testing.T, j Journaler) {
	r := resource()
	a := join(t, j, r, "usr_001", "s_1")
	b := join(t, j, r, "usr_002", "s_2")
	unused, err := j.Reserve(timeLimit(t), r, "usr_001", "s_1")
	must(t, err)
	if unused <= b.Client {
		t.Fatalf("client id %d after %d", unused, b.Client)
	}
	used := collab.Owner{Client: a.Client, User: "usr_001", Session: "s_1", Used: true}
	appendOK(t, j, collab.Batch{Resource: r, Expect: b.Head, Entries: []collab.Entry{entry(2)}, Bind: []collab.Owner{used}})
	must(t, j.Leave(timeLimit(t), r, "s_1", nil))
	must(t, j.Leave(timeLimit(t), r, "s_1", nil))
	wantOwners(t, j, r, used, collab.Owner{Client: b.Client, User: "usr_002", Session: "s_2"})
}

func foreignBinding(t *testing.T, j Journaler) {
	r := resource()
	joined := join(t, j, r, "usr_001", "s_1")
	theft := collab.Batch{
		Resource: r, Expect: joined.Head, Entries: []collab.Entry{entry(2)},
		Bind: []collab.Owner{{Client: 50, User: "usr_002", Used: true}, {Client: joined.Client, User: "usr_002", Used: true}},
	}
	if c := commit(t, j, theft); !errors.Is(c.Err, collab.ErrClientTaken) {
		t.Fatalf("binding another's client id: %v, want ErrClientTaken", c.Err)
	}
	s := load(t, j, r)
	if s.Head != joined.Head || len(s.Tail) != 0 || len(s.Owners) != 1 {
		t.Fatalf("the refused batch left %+v", s)
	}
	theft.Expect.Guard++
	if c := commit(t, j, theft); !errors.Is(c.Err, collab.ErrStale) {
		t.Fatalf("binding another's client id at a stale head: %v, want ErrStale", c.Err)
	}
}

func bindAgain(t *testing.T, j Journaler) {
	r := resource()
	joined := join(t, j, r, "usr_001", "s_1")
	head := appendOK(t, j, collab.Batch{Resource: r, Expect: joined.Head, Entries: []collab.Entry{entry(2)}, Bind: []collab.Owner{
		{Client: joined.Client, User: "usr_001", Session: "s_1", Used: true},
		{Client: 1<<53 - 1, User: "usr_001", Session: "s_1", Used: true},
	}})
	head = appendOK(t, j, collab.Batch{Resource: r, Expect: head, Retire: []collab.ClientID{1<<53 - 1}})
	appendOK(t, j, collab.Batch{Resource: r, Expect: head, Bind: []collab.Owner{
		{Client: joined.Client, User: "usr_001", Session: "s_2"}, // the same user's next session goes on under it
		{Client: 1<<53 - 1, User: "usr_001", Session: "s_1"},
	}})
	wantOwners(t, j, r,
		collab.Owner{Client: joined.Client, User: "usr_001", Session: "s_2", Used: true},
		collab.Owner{Client: 1<<53 - 1, User: "usr_001", Session: "s_1", Used: true, Retired: true})
}
