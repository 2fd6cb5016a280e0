package room

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
)

// inprocSilent is a bus that loses everything.
type inprocSilent struct{}

func (inprocSilent) Heard(collab.Resource, collab.InstanceID) bool { return true }
func (inprocSilent) Publish(context.Context, collab.Notice) error  { return nil }
func (inprocSilent) Subscribe(collab.Resource, collab.InstanceID, func(collab.Notice) bool) func() {
	return func() {}
}

func TestSlowPeerIsKickedAndOthersStillReceive(t *testing.T) { // C7
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, slow, bruno := w.join("anna/1"), w.join("slow/1"), w.join("bruno/1")
		slow.full = true
		w.types(anna, "notes", "hello")
		synctest.Wait()
		if slow.kicked == nil {
			t.Error("the slow peer was not kicked")
		}
		w.wantText(bruno, "notes", "hello")
	})
}

func TestAwarenessIsCoalescedAndNotReflected(t *testing.T) { // R6, C7
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno, behind := w.join("anna/1"), w.join("bruno/1"), w.join("carla/1")
		behind.fallBehind(slowPeerBytes + 1)
		for i := range 100 {
			w.send(anna, SetAwareness{From: anna.id, State: []byte{'0' + byte(i%10)}})
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		seen := bodies[*Awareness](bruno)
		if len(seen) == 0 || len(seen) > 12 {
			t.Errorf("%d messages in one second, want at most 10 and the last", len(seen))
		}
		if last := string(seen[len(seen)-1].State); last != "9" {
			t.Errorf("the last state is %q, want the last that was set", last)
		}
		if own := bodies[*Awareness](anna); len(own) != 0 {
			t.Errorf("the author got %d of its own", len(own))
		}
		if got := bodies[*Awareness](behind); len(got) != 0 {
			t.Errorf("a peer that is behind got %d", len(got))
		}
		behind.fallBehind(0)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := bodies[*Awareness](behind); len(got) != 1 || string(got[0].State) != "9" {
			t.Errorf("a peer that caught up got %d, want the last state", len(got))
		}
	})
}

func TestAwarenessThatOutlivesItsSessionHauntsNobody(t *testing.T) { // R5, R6
	synctest.Test(t, func(t *testing.T) {
		one, other, _ := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		state := []remoteAwareness{{Session: anna.id, User: "anna", State: []byte(`{"field":"dose"}`)}}
		other.send(bruno, notice(t, collab.BusAwareness, state))
		time.Sleep(time.Second)
		one.send(anna, Leave{Session: anna.id, Reason: "left"})
		synctest.Wait()
		other.send(bruno, notice(t, collab.BusAwareness, state))
		time.Sleep(time.Second)
		if seen := bodies[*Awareness](bruno); len(seen) != 2 || seen[1].State != nil {
			t.Errorf("bruno saw %d states, want that of a member and its end", len(seen))
		}
		if seen := bodies[*Awareness](other.join("carla/1")); len(seen) != 0 {
			t.Errorf("carla saw the state of %s, who has left", seen[0].Session)
		}
	})
}

func TestUserWithTwoSessionsLeavesWithTheLast(t *testing.T) { // R3, R4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		bruno, one, two := w.join("bruno/1"), w.join("anna/1"), w.join("anna/2")
		joined := bodies[*UserJoined](bruno)
		if last := joined[len(joined)-1].User; last.UserID != "anna" || len(last.Sessions) != 2 {
			t.Errorf("user %s with %d sessions, want anna with 2", last.UserID, len(last.Sessions))
		}
		w.send(one, Leave{Session: one.id, Reason: "left"})
		synctest.Wait()
		if gone := bodies[*UserLeft](bruno); len(gone) != 0 {
			t.Error("the user left with the first of two sessions")
		}
		w.send(two, Leave{Session: two.id, Reason: "disconnected"})
		synctest.Wait()
		gone := bodies[*UserLeft](bruno)
		if len(gone) != 1 || gone[0].Session != "anna/2" || gone[0].Reason != "disconnected" {
			t.Errorf("%d departures, want one of anna/2", len(gone))
		}
	})
}

func TestRefusedSessionStartsAgainUnderANewClientID(t *testing.T) { // D2c, D7, L6
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		lock := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: w.res, Field: "notes"}, Fence: 1, User: "bruno", Session: bruno.id}
		w.send(bruno, Granted{Grant: collab.LockGranted{Lock: lock, Head: w.raise()}, Then: func() {}})
		w.types(anna, "notes", "refused")
		w.types(anna, "plan", "after it")
		synctest.Wait()
		if _, codes := anna.saved(); !slices.Equal(codes, []collab.Code{collab.CodeUpdateRejected, collab.CodeResyncRequired}) {
			t.Fatalf("refused %v, want UPDATE_REJECTED, then RESYNC_REQUIRED", codes)
		}
		w.wantText(bruno, "notes", "")
		w.wantText(bruno, "plan", "")
		old := anna.yjs
		if !slices.Contains(w.journal.retired, old) {
			t.Errorf("client id %d is not retired in the store", old)
		}
		again := &client{t: t, id: anna.id, room: anna.room, doc: newDoc()}
		w.enter(again)
		synctest.Wait()
		if again.yjs == old {
			t.Fatal("the same client id was granted again")
		}
		w.types(again, "plan", "new start")
		synctest.Wait()
		w.wantText(bruno, "plan", "new start")
		again.yjs = old // and the old id stays refused
		w.types(again, "plan", "!")
		synctest.Wait()
		if _, codes := again.saved(); !slices.Equal(codes, []collab.Code{collab.CodeForeignClient}) {
			t.Errorf("refused %v, want FOREIGN_CLIENT", codes)
		}
	})
}

func TestGrantIsAnsweredAfterEverythingUpToItsRevision(t *testing.T) { // L1
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		w.journal.hold = true
		w.types(anna, "notes", "before the lock")
		synctest.Wait()
		lock := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: w.res, Field: "notes"}, Fence: 1, User: "bruno", Session: bruno.id}
		seen := ""
		w.send(bruno, Granted{Grant: collab.LockGranted{Lock: lock, Head: collab.Head{Revision: 2, Guard: 1, Epoch: 1}}, Then: func() {
			seen = bruno.doc.Text("notes")
		}})
		synctest.Wait()
		if seen != "" {
			t.Fatal("the grant was answered before revision 2 was delivered")
		}
		w.journal.release()
		synctest.Wait()
		if seen != "before the lock" {
			t.Errorf("the holder saw %q when it got the lock", seen)
		}
		w.send(bruno, Ended{Lock: lock, End: collab.LockReleased, Head: collab.Head{Revision: 2, Guard: 2, Epoch: 1}})
		w.send(bruno, Ended{Lock: lock, End: collab.LockExpired, Head: collab.Head{Revision: 2, Guard: 3, Epoch: 1}})
		synctest.Wait()
		if ended := bodies[*Unlocked](anna); len(ended) != 1 || ended[0].End != collab.LockReleased {
			t.Errorf("%d ends announced, want one", len(ended))
		}
	})
}

func TestDocumentThatCannotBeReadIsQuarantinedAndOthersDoNotNotice(t *testing.T) { // D3, F8
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		bad := collab.Resource{Tenant: "default", ID: "page:/bad"}
		w.journal.heads[bad] = collab.Head{Revision: 2, Epoch: 1}
		w.journal.rows[bad] = []collab.Entry{{Revision: 2, Update: []byte{0xff, 0xff}}}
		_, _, err := w.rooms.Hold(t.Context(), bad)
		if e := collab.AsError(err); e.Code != collab.CodeDocumentQuarantine {
			t.Errorf("error %v, want DOCUMENT_QUARANTINED", err)
		}
		anna := w.join("anna/1")
		w.types(anna, "notes", "fine")
		synctest.Wait()
		w.wantStored("notes", "fine")
		w.journal.broken = errors.New("store is away")
		if _, _, err := w.rooms.Hold(t.Context(), collab.Resource{Tenant: "default", ID: "page:/other"}); collab.AsError(err).Code != collab.CodeUnavailable {
			t.Errorf("error %v, want UNAVAILABLE", err)
		}
		w.journal.broken = nil
	})
}

func TestClosingAndOpeningNeverMakeTwoRooms(t *testing.T) { // D5
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		var group sync.WaitGroup
		var mu sync.Mutex
		open := map[*Room]bool{}
		for i := range 40 {
			group.Go(func() {
				time.Sleep(time.Duration(i*97%13) * 100 * time.Millisecond)
				room, release, err := w.rooms.Hold(t.Context(), w.res)
				if err != nil {
					t.Errorf("hold: %v", err)
					return
				}
				mu.Lock()
				for other := range open {
					select {
					case <-other.done:
						delete(open, other)
					default:
						if other != room {
							t.Error("two rooms of one resource live at the same time")
						}
					}
				}
				open[room] = true
				mu.Unlock()
				time.Sleep(time.Duration(i%7) * 300 * time.Millisecond)
				release()
				release() // twice is once
			})
		}
		group.Wait()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if n := w.rooms.Open(); n != 0 {
			t.Errorf("%d rooms are open after everybody left", n)
		}
		w.close()
		if _, _, err := w.rooms.Hold(t.Context(), w.res); collab.AsError(err).Code != collab.CodeDraining {
			t.Errorf("error %v after Close, want DRAINING", err)
		}
	})
}

func TestUpdateUnderWayWhenEverybodyLeavesIsCommitted(t *testing.T) { // D5
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		anna := w.join("anna/1")
		w.journal.hold = true
		w.types(anna, "notes", "last words")
		w.send(anna, Leave{Session: anna.id, Reason: "disconnected"})
		synctest.Wait()
		w.release[0]()
		time.Sleep(5 * time.Second)
		w.journal.release()
		synctest.Wait()
		w.wantStored("notes", "last words")
		bruno := w.join("bruno/1")
		w.wantText(bruno, "notes", "last words")
		w.close()
	})
}

func TestSeedFillsAFieldOnce(t *testing.T) { // G4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		values := []collab.Seed{{Field: "dose", Value: `"5 mg"`}, {Field: "values/given", Value: `true`}}
		w.send(anna, Seed{From: anna.id, Client: 50, Values: values, At: time.Now()})
		w.send(bruno, Seed{From: bruno.id, Client: 51, Values: values, At: time.Now()})
		synctest.Wait()
		w.wantStored("dose", "5 mg")
		w.wantText(anna, "dose", "5 mg") // its author gets it too: the server wrote it
		if n := w.journal.count(w.res); n != 1 {
			t.Errorf("%d rows, want one", n)
		}
	})
}

func TestUpdateOfASessionThatHasLeftDoesNotHoldItsClientID(t *testing.T) { // D7
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, next := w.join("anna/1"), w.join("anna/2")
		w.journal.hold = true
		w.types(anna, "notes", "1") // under way
		synctest.Wait()
		w.types(anna, "notes", "2") // waits
		w.send(anna, Leave{Session: anna.id, Reason: "disconnected"})
		synctest.Wait()
		w.journal.release()
		synctest.Wait()
		next.yjs, next.doc = anna.yjs, anna.doc // what it had not sent
		w.types(next, "notes", "3")
		synctest.Wait()
		if revisions, codes := next.saved(); len(revisions) != 1 || len(codes) != 0 {
			t.Fatalf("saved %v, refused %v", revisions, codes)
		}
		w.wantStored("notes", "123")
	})
}
