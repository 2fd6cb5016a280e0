package room

import (
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
)

func TestLockOfAnotherInstanceIsEnforcedWithoutWordOfIt(t *testing.T) { // L6, D2b
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		bus.only(nothing)
		lock := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: one.res, Field: "dose"}, Fence: 1, User: "bruno", Session: bruno.id}
		one.journal.grant(lock)
		one.types(anna, "dose", "500 mg")
		synctest.Wait()
		if saved, codes := anna.saved(); len(saved) != 0 || !slices.Equal(codes, []collab.Code{collab.CodeUpdateRejected}) {
			t.Errorf("acknowledged %v, refused %v, want UPDATE_REJECTED", saved, codes)
		}
		one.wantStored("dose", "")
		if told := bodies[*Locked](anna); len(told) != 1 || told[0].Lock.ID != "l_1" {
			t.Errorf("told of %v, want the lock that the store knows", told)
		}
	})
}

func TestGrantHereDoesNotHideOneElsewhere(t *testing.T) { // D2b: a guard that jumps leaves the room unsure
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		bus.only(nothing)
		theirs := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: one.res, Field: "dose"}, Fence: 1, User: "bruno", Session: bruno.id}
		one.journal.grant(theirs)
		ours := collab.Lock{ID: "l_2", Key: collab.LockKey{Resource: one.res, Field: "plan"}, Fence: 1, User: "anna", Session: anna.id}
		one.rooms.Granted(collab.LockGranted{Lock: ours, Head: one.journal.grant(ours)}, func() {})
		one.types(anna, "dose", "500 mg")
		synctest.Wait()
		if _, codes := anna.saved(); !slices.Equal(codes, []collab.Code{collab.CodeUpdateRejected}) {
			t.Errorf("refused %v, want UPDATE_REJECTED", codes)
		}
	})
}

func TestWordOfALockThatCameTooLateIsNotBelieved(t *testing.T) { // L5
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		anna := one.join("anna/1")
		bus.only(func(n collab.Notice) bool { return n.Kind != collab.BusLocked })
		lock := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: one.res, Field: "dose"}, Fence: 1, User: "bruno", Session: "bruno/1"}
		other.rooms.Granted(collab.LockGranted{Lock: lock, Head: one.journal.grant(lock)}, func() {})
		other.rooms.Ended(lock, collab.LockReleased, one.journal.end(lock))
		synctest.Wait()
		for _, deliver := range bus.held() {
			deliver()
		}
		synctest.Wait()
		one.types(anna, "dose", "5")
		synctest.Wait()
		if saved, codes := anna.saved(); len(saved) != 1 {
			t.Errorf("refused %v: the lock had ended", codes)
		}
	})
}

func TestEndOfALockThatTheStoreToldFirstHasItsReason(t *testing.T) { // L5
	for _, tt := range []struct {
		name  string
		heard bool
		want  collab.LockEnd
	}{{"whose word comes late", true, collab.LockUserDisconnected}, {"whose word is lost", false, collab.LockReleased}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				one, other, bus := two(t)
				defer one.close()
				defer other.close()
				anna, bruno := one.join("anna/1"), other.join("bruno/1")
				lock := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: one.res, Field: "dose"}, Fence: 1, User: "anna", Session: anna.id}
				one.rooms.Granted(collab.LockGranted{Lock: lock, Head: one.journal.grant(lock)}, func() {})
				synctest.Wait()
				bus.only(nothing)
				head := one.journal.end(lock)
				other.types(bruno, "notes", "x") // reads the locks, as its guard is old
				synctest.Wait()
				if tt.heard {
					one.rooms.Ended(lock, collab.LockUserDisconnected, head)
					synctest.Wait()
					for _, deliver := range bus.held() {
						deliver()
					}
				}
				time.Sleep(2 * vanishPatience)
				synctest.Wait()
				ends := bodies[*Unlocked](bruno)
				if len(ends) != 1 || ends[0].End != tt.want {
					t.Errorf("told of %d ends, %+v, want one, %s", len(ends), ends, tt.want)
				}
				if n := len(bodies[*Locked](bruno)); n != 1 {
					t.Errorf("told of the grant %d times", n)
				}
			})
		})
	}
}

func TestLocksOnNoOpenRoomAreHeardOnEveryInstance(t *testing.T) { // L1
	synctest.Test(t, func(t *testing.T) {
		one, other, _ := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		one.rooms.Entered(anna.id, one.res)
		synctest.Wait()
		elsewhere := collab.LockKey{Resource: collab.Resource{Tenant: "default", ID: "page:/bed/7"}}
		lock := collab.Lock{ID: "l_1", Key: elsewhere, Fence: 1, User: "anna", Session: anna.id}
		one.rooms.Granted(collab.LockGranted{Lock: lock}, func() {})
		one.rooms.Ended(lock, collab.LockReleased, collab.Head{})
		synctest.Wait()
		for _, c := range []*client{anna, bruno} {
			if len(bodies[*Locked](c)) != 1 || len(bodies[*Unlocked](c)) != 1 {
				t.Errorf("%s heard %d grants and %d ends, want one of each", c.id, len(bodies[*Locked](c)), len(bodies[*Unlocked](c)))
			}
		}
	})
}

func TestGrantIsAnsweredThoughItsRoomCloses(t *testing.T) { // L1
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		anna := w.join("anna/1")
		answered := false
		lock := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: w.res, Field: "dose"}, Fence: 1, User: "anna", Session: anna.id}
		ahead := collab.Head{Revision: 9, Guard: 1, Epoch: 1} // what nobody will bring
		w.send(anna, Granted{Grant: collab.LockGranted{Lock: lock, Head: ahead}, Then: func() { answered = true }})
		synctest.Wait()
		if answered {
			t.Fatal("answered before everything up to its revision was delivered")
		}
		w.close()
		if !answered {
			t.Error("the grant was not answered")
		}
	})
}

func TestRoomForgetsWhoCameAndWentLongAgo(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna := w.join("anna/1")
		for n := range 20 * minTurns {
			w.send(anna, Departed{Member: collab.Member{Resource: w.res, Session: collab.SessionID(strconv.Itoa(n))}, Reason: "left"})
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		if n := len(anna.room.turned); n > 2*minTurns {
			t.Errorf("%d sessions are remembered", n)
		}
	})
}
