package drivertest

import (
	"bytes"
	"errors"
	"testing"

	"corsia/shared/collab"
)

func saveState(t *testing.T, j Journaler) {
	r := resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	head = appendOK(t, j, collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(2), entry(3), entry(4)}})
	tests := []struct {
		name     string
		revision int64
		epoch    int64
		want     bool
	}{
		{"as old", 1, 0, false}, {"newer", 3, 0, true}, {"the same again", 3, 0, false}, {"older", 2, 0, false},
		{"of another epoch", 4, 1, false},
	}
	for _, tt := range tests {
		saved, err := j.SaveState(timeLimit(t), collab.State{Resource: r, Revision: tt.revision, Epoch: tt.epoch, State: []byte{byte(tt.revision)}, At: start})
		must(t, err)
		if saved != tt.want {
			t.Errorf("a state that is %s: saved %v, want %v", tt.name, saved, tt.want)
		}
	}
	s := load(t, j, r)
	if s.StateRevision != 3 || !bytes.Equal(s.State, []byte{3}) {
		t.Fatalf("state %v of revision %d, want the one of revision 3", s.State, s.StateRevision)
	}
	wantJournal(t, s, head.Revision)
	kept, err := j.Entries(timeLimit(t), r, 0, 10)
	must(t, err)
	if len(kept) != 3 {
		t.Fatalf("%d entries after a state was saved, want all 3: the journal is the history", len(kept))
	}
	missing := collab.State{Resource: resource(), Revision: 2, State: []byte{2}, At: start}
	if saved, err := j.SaveState(timeLimit(t), missing); saved || err != nil {
		t.Fatalf("the state of what does not exist: saved %v, %v", saved, err)
	}
}

func loadWhileAppending(t *testing.T, j Journaler) {
	const revisions = 200
	r := resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	written := make(chan error, 1)
	go func() {
		done := make(chan collab.Committed, 1)
		for head.Revision < revisions {
			j.Append(collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(head.Revision + 1)}}, done)
			c := <-done
			if c.Err != nil {
				written <- c.Err
				return
			}
			head = c.Head
			if head.Revision%20 == 0 {
				_, err := j.SaveState(timeLimit(t), collab.State{Resource: r, Revision: head.Revision, State: []byte{1}, At: start})
				if err != nil {
					written <- err
					return
				}
			}
		}
		written <- nil
	}()
	for {
		s := load(t, j, r)
		wantJournal(t, s, s.Head.Revision)
		select {
		case err := <-written:
			must(t, err)
			wantJournal(t, load(t, j, r), revisions)
			return
		default:
		}
	}
}

func foldAlone(t *testing.T, j Journaler) {
	r := resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	appendOK(t, j, collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(2), entry(3)}})
	folds := 0
	state := func(s collab.Snapshot) collab.State {
		folds++
		return collab.State{Resource: r, Revision: s.Head.Revision, State: []byte{byte(len(s.Tail))}, At: start}
	}
	err := j.Fold(timeLimit(t), r, func(s collab.Snapshot) (collab.State, error) {
		if err := j.Fold(timeLimit(t), r, func(collab.Snapshot) (collab.State, error) { return state(s), nil }); !errors.Is(err, collab.ErrHeld) {
			t.Errorf("the second at the same time: %v, want ErrHeld", err)
		}
		other := resource()
		if err := j.Fold(timeLimit(t), other, func(collab.Snapshot) (collab.State, error) { return collab.State{}, nil }); err != nil {
			t.Errorf("another resource at the same time: %v", err)
		}
		return state(s), nil
	})
	must(t, err)
	must(t, j.Fold(timeLimit(t), r, func(s collab.Snapshot) (collab.State, error) {
		if s.StateRevision != 3 || !bytes.Equal(s.State, []byte{2}) || len(s.Tail) != 0 {
			t.Errorf("the next one reads state %v of revision %d and %d entries", s.State, s.StateRevision, len(s.Tail))
		}
		return collab.State{}, nil
	}))
	if folds != 1 {
		t.Errorf("folded %d times, want once", folds)
	}
}

func foldFails(t *testing.T, j Journaler) {
	r := resource()
	head := join(t, j, r, "usr_001", "s_1").Head
	appendOK(t, j, collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(2)}})
	unfit := errors.New("unfit")
	if err := j.Fold(timeLimit(t), r, func(collab.Snapshot) (collab.State, error) { return collab.State{}, unfit }); !errors.Is(err, unfit) {
		t.Errorf("error %v, want the one of the fold", err)
	}
	if s := load(t, j, r); s.StateRevision != 1 || len(s.Tail) != 1 {
		t.Errorf("state of revision %d and %d entries, want what was there", s.StateRevision, len(s.Tail))
	}
	must(t, j.Fold(timeLimit(t), r, func(s collab.Snapshot) (collab.State, error) {
		return collab.State{Resource: r, Revision: 2, State: []byte{2}, At: start}, nil
	}))
	if s := load(t, j, r); s.StateRevision != 2 {
		t.Errorf("state of revision %d, want 2: the failure is over", s.StateRevision)
	}
}
