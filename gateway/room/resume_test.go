package room

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
	"corsia/shared/ydoc"
)

// resume brings a client's session into this ward's room with a new socket, as the session's gate does.
func (w *ward) resume(old *client, instance collab.InstanceID) *client {
	w.t.Helper()
	room, release, err := w.rooms.Hold(w.t.Context(), w.res)
	if err != nil {
		w.t.Fatalf("hold: %v", err)
	}
	w.release = append(w.release, release)
	c := &client{t: w.t, id: old.id, room: room, doc: old.doc, yjs: old.yjs}
	m := collab.Member{Resource: w.res, Session: c.id, User: user(c.id), Mode: collab.Editor, Instance: instance, JoinedAt: time.Now()}
	w.send(c, Resume{Peer: c, Member: m, Roster: slices.Clone(w.journal.roster)})
	synctest.Wait()
	return c
}

func TestResumedSessionGoesOnElsewhereAndNobodyNotices(t *testing.T) { // C11, R5
	synctest.Test(t, func(t *testing.T) {
		j, bus := newJournal(), inproc.NewBus()
		here, there := newWardOn(t, j, bus, "i_1"), newWardOn(t, j, bus, "i_2")
		there.next = 100 // client ids, which one store would give out
		defer here.close()
		defer there.close()
		anna := here.join("anna/1")
		bruno := here.join("bruno/1")
		here.types(anna, "notes", "before")
		synctest.Wait()
		carla := there.join("carla/1")
		before := []int{len(bodies[*UserJoined](bruno)), len(bodies[*UserJoined](carla))}

		again := there.resume(anna, "i_2")
		if n := anna.movedTimes(); n != 1 {
			t.Errorf("the old socket was told %d times, want once", n)
		}
		here.send(anna, Detach{Session: anna.id, Peer: anna})
		there.types(again, "notes", ", after")
		here.types(bruno, "plan", "ward 3")
		time.Sleep(5 * time.Second) // one of the two finds the head stale and reads the journal again
		for _, c := range []*client{again, bruno, carla} {
			there.wantText(c, "notes", "before, after")
			there.wantText(c, "plan", "ward 3")
		}
		if got := bodies[*Updated](anna); len(got) != 0 {
			t.Errorf("the old socket still gets %d updates", len(got))
		}
		for i, c := range []*client{bruno, carla} {
			if joined, left := len(bodies[*UserJoined](c)), len(bodies[*UserLeft](c)); joined != before[i] || left != 0 {
				t.Errorf("%s was told of %d joins and %d leaves, want %d and none", c.id, joined, left, before[i])
			}
		}
		there.send(again, Leave{Session: again.id, Reason: "left"})
		synctest.Wait()
		if left := bodies[*UserLeft](bruno); len(left) != 1 {
			t.Errorf("bruno was told of %d leaves after it left, want one", len(left))
		}
	})
}

func TestResumedSessionKeepsItsClientIDHere(t *testing.T) { // C11, D7
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, tab := w.join("anna/1"), w.join("anna/2")
		again := w.resume(anna, "i_1")
		w.send(anna, Detach{Session: anna.id, Peer: anna}) // comes late: the newer peer stays
		w.types(again, "notes", "x")                       // under the id that was reserved and never used
		synctest.Wait()
		if revisions, codes := again.saved(); len(revisions) != 1 || len(codes) != 0 {
			t.Fatalf("saved %v, refused %v", revisions, codes)
		}
		w.send(again, Detach{Session: again.id, Peer: again})
		third := w.resume(again, "i_1")
		tab.yjs = third.yjs // a live session's id
		w.types(tab, "notes", "y")
		w.types(third, "notes", "z")
		synctest.Wait()
		if _, codes := tab.saved(); !slices.Equal(codes, []collab.Code{collab.CodeForeignClient}) {
			t.Errorf("another session writes under its id: %v", codes)
		}
		if revisions, codes := third.saved(); len(revisions) != 1 || len(codes) != 0 {
			t.Errorf("saved %v, refused %v", revisions, codes)
		}
	})
}

func TestMutedSessionGetsNothingUntilItLeaves(t *testing.T) { // C11, A5
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		w.send(anna, Detach{Session: anna.id, Peer: anna})
		muted := &client{t: t, id: anna.id, room: anna.room, doc: ydoc.New()}
		w.send(muted, Resume{Peer: muted, Mute: true, Member: collab.Member{Resource: w.res, Session: anna.id, User: "anna", Mode: collab.Editor}})
		w.types(bruno, "notes", "secret")
		w.send(muted, Leave{Session: muted.id, Reason: "left"})
		synctest.Wait()
		if len(muted.got) != 0 {
			t.Errorf("delivered %v", muted.got)
		}
		if left := bodies[*UserLeft](bruno); len(left) != 1 || left[0].User != "anna" {
			t.Errorf("bruno was told of %d leaves, want anna's", len(left))
		}
	})
}

func TestResumedSessionThatARoomMissedIsAnnounced(t *testing.T) { // C11, R5
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		bruno := w.join("bruno/1")
		w.resume(&client{t: t, id: "anna/1", doc: ydoc.New()}, "i_1")
		if joined := bodies[*UserJoined](bruno); len(joined) != 1 || joined[0].User.UserID != "anna" {
			t.Errorf("bruno was told of %d joins, want anna's", len(joined))
		}
	})
}

func TestLateWordThatASessionLeftDoesNotTakeItFromWhereItIs(t *testing.T) { // C11, R5
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		bruno, anna := w.join("bruno/1"), w.join("anna/1")
		w.send(anna, notice(t, collab.BusLeft, left{Session: anna.id, Reason: "disconnected"}))
		synctest.Wait()
		if gone := bodies[*UserLeft](bruno); len(gone) != 0 {
			t.Errorf("bruno was told that %s left", gone[0].User)
		}
		if n := anna.movedTimes(); n != 1 {
			t.Errorf("the session was told %d times to ask whose it is, want once", n)
		}
		carla := w.join("carla/1")
		state, ok := carla.answers[0].Body.(*State)
		if !ok || len(state.Users) != 3 {
			t.Errorf("carla was answered %+v, want three users", carla.answers[0])
		}
	})
}
