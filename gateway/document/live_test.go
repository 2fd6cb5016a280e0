package document

import (
	"slices"
	"strings"
	"testing"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// journal returns a snapshot of three edits of two fields by two people, after the creation.
func journal(t *testing.T) collab.Snapshot {
	t.Helper()
	r := newRecord(t, DefaultLimits())
	anna, bruno := r.join("anna", "s_anna", 1), r.join("bruno", "s_bruno", 2)
	r.write(anna, r.types(anna, "notes", "one"))
	r.write(bruno, r.types(bruno, "plan", "two"))
	r.write(anna, r.types(anna, "notes", " three"))
	return r.snap
}

func TestOpeningIsStateAndLaterJournal(t *testing.T) { // D3
	snap := journal(t)
	compacted, err := Compact(snap)
	if err != nil {
		t.Fatalf("compact: %v", err)
	}
	half := snap
	half.Head.Revision, half.Tail = 3, snap.Tail[:2]
	middle, err := Compact(half)
	if err != nil {
		t.Fatalf("compact: %v", err)
	}
	tests := []struct {
		name string
		snap collab.Snapshot
	}{
		{"a journal alone", snap},
		{"a state alone", collab.Snapshot{Head: snap.Head, State: compacted.State, StateRevision: 4}},
		{"a state and what came after it", collab.Snapshot{Head: snap.Head, State: middle.State, StateRevision: 3, Tail: snap.Tail[2:]}},
		{"a state and rows that it holds", collab.Snapshot{Head: snap.Head, State: middle.State, StateRevision: 3, Tail: snap.Tail}},
		{"a journal whose state is lost", collab.Snapshot{Head: snap.Head, Tail: snap.Tail}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			live, err := Open(ward, tt.snap, DefaultLimits())
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			if live.Text("notes") != "one three" || live.Text("plan") != "two" || live.Head() != snap.Head {
				t.Fatalf("notes %q, plan %q, head %v", live.Text("notes"), live.Text("plan"), live.Head())
			}
		})
	}
}

func TestWhatDoesNotExistIsAnEmptyDocumentAtRevisionZero(t *testing.T) { // D1
	live, err := Open(ward, collab.Snapshot{}, DefaultLimits())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	if live.Head() != (collab.Head{}) || live.Text("content") != "" || len(live.Locks()) != 0 {
		t.Fatalf("head %v, want zero", live.Head())
	}
}

func TestBrokenSnapshotIsNotOpened(t *testing.T) { // D3, F8
	snap := journal(t)
	without := func(i int) []collab.Entry { return slices.Delete(slices.Clone(snap.Tail), i, i+1) }
	broken := slices.Clone(snap.Tail)
	broken[1].Update = []byte{1, 2, 3}
	tests := []struct {
		name string
		snap collab.Snapshot
		want string
	}{
		{"a gap", collab.Snapshot{Head: snap.Head, State: snap.State, StateRevision: 1, Tail: without(1)}, "journal has no revision 3"},
		{"a gap after the state", collab.Snapshot{Head: snap.Head, State: snap.State, StateRevision: 1, Tail: without(0)}, "journal has no revision 2"},
		{"a gap where the state is lost", collab.Snapshot{Head: snap.Head, Tail: without(0)}, "journal has no revision 2"},
		{"an early end", collab.Snapshot{Head: snap.Head, State: snap.State, StateRevision: 1, Tail: snap.Tail[:2]}, "end at revision 3, the head is at 4"},
		{"rows beyond the head", collab.Snapshot{Head: collab.Head{Revision: 3}, State: snap.State, StateRevision: 1, Tail: snap.Tail}, "end at revision 4, the head is at 3"},
		{"a state beyond the head", collab.Snapshot{Head: collab.Head{Revision: 1}, State: snap.State, StateRevision: 2}, "end at revision 2, the head is at 1"},
		{"rows without a head", collab.Snapshot{Tail: snap.Tail}, "end at revision 4, the head is at 0"},
		{"a state that does not decode", collab.Snapshot{Head: snap.Head, State: []byte{9, 9, 9}, StateRevision: 4}, "decode state at revision 4"},
		{"a row that does not decode", collab.Snapshot{Head: snap.Head, State: snap.State, StateRevision: 1, Tail: broken}, "apply revision 3"},
		{"a journal that lacks a dependency", collab.Snapshot{Head: collab.Head{Revision: 2}, StateRevision: 1, State: snap.State,
			Tail: []collab.Entry{{Revision: 2, Update: snap.Tail[2].Update}}}, "not causally complete"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(ward, tt.snap, DefaultLimits())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			if _, err := Compact(tt.snap); err == nil {
				t.Fatal("it was compacted")
			}
		})
	}
}

func TestRowsOfAnotherInstanceFollowTheHead(t *testing.T) { // D4, D7
	snap := journal(t)
	start := collab.Snapshot{Head: collab.Head{Revision: 1}, State: snap.State, StateRevision: 1,
		Owners: []collab.Owner{{Client: 1, User: "anna", Session: "s_anna"}}}
	live, err := Open(ward, start, DefaultLimits())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	if err := live.ApplyRemote(snap.Tail[1:2]); err == nil {
		t.Fatal("a row was applied over a gap")
	}
	if err := live.ApplyRemote(snap.Tail); err != nil {
		t.Fatalf("apply: %v", err)
	}
	if live.Head().Revision != 4 || live.Text("notes") != "one three" {
		t.Fatalf("revision %d, notes %q", live.Head().Revision, live.Text("notes"))
	}
	for client, user := range map[collab.ClientID]collab.UserID{1: "anna", 2: "bruno"} {
		if o := live.owners[client]; o.User != user || !o.Used {
			t.Fatalf("client %d is %+v, want used by %s", client, o, user)
		}
	}
	if err := live.ApplyRemote([]collab.Entry{{Revision: 5, Update: []byte{7}}}); err == nil {
		t.Fatal("a row that does not decode was applied")
	}
	lacking := ydoc.New()
	if _, err := lacking.Transact(9, func(e *ydoc.Edit) { e.InsertText("notes", 0, "never sent") }); err != nil {
		t.Fatal(err)
	}
	later, err := lacking.Transact(9, func(e *ydoc.Edit) { e.InsertText("notes", 3, "x") })
	if err != nil {
		t.Fatal(err)
	}
	if err := live.ApplyRemote([]collab.Entry{{Revision: 5, Update: later}}); err == nil {
		t.Fatal("a row that lacks a dependency was applied")
	}
}

func TestHeadNeverGoesBackWithinAnEpoch(t *testing.T) { // D2b, D8
	r := newRecord(t, DefaultLimits())
	for _, step := range []struct{ word, want collab.Head }{
		{collab.Head{Revision: 5, Guard: 2}, collab.Head{Revision: 5, Guard: 2}},
		{collab.Head{Revision: 4, Guard: 3}, collab.Head{Revision: 5, Guard: 3}},
		{collab.Head{Revision: 6, Guard: 1}, collab.Head{Revision: 6, Guard: 3}},
		{collab.Head{Revision: 2, Guard: 0, Epoch: 1}, collab.Head{Revision: 2, Guard: 0, Epoch: 1}},
	} {
		if r.live.Advance(step.word); r.live.Head() != step.want {
			t.Fatalf("after word of %v the head is %v, want %v", step.word, r.live.Head(), step.want)
		}
	}
}

func TestCopyReadAgainKeepsWhoHoldsWhichClientID(t *testing.T) { // D2, D7
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 1)
	r.write(anna, r.types(anna, "notes", "x"))
	r.live.Reserve(2, "anna", "s_lost") // not known to the store
	fresh := r.open(DefaultLimits())
	fresh.Succeed(r.live)
	r.live = fresh
	other := &writer{Writer: Writer{Session: "s_tab", User: "anna"}, client: 1, doc: ydoc.New()}
	r.sync(other)
	r.refused(other, r.types(other, "notes", "!"), collab.CodeForeignClient)
	r.write(anna, r.types(anna, "notes", "y"))
	if _, held := r.live.writers[2]; held {
		t.Fatal("an id that the store does not know is held")
	}
}

func TestMalformedStateVectorIsRefused(t *testing.T) { // D6
	r := newRecord(t, DefaultLimits())
	_, err := r.live.State([]byte{0xff, 0xff})
	if collab.AsError(err).Code != collab.CodeMalformedUpdate {
		t.Fatalf("error %v, want MALFORMED_UPDATE", err)
	}
}
