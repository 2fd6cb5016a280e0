package room

import (
	"testing"
	"testing/synctest"

	"corsia/shared/collab"
)

func TestLockOfAResourceWithoutARoomIsToldWhereItsHolderIs(t *testing.T) { // L1, L3
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		old, tab := w.join("anna/1"), w.join("anna/2")
		w.rooms.Entered(old.id, w.res)
		w.rooms.Entered(tab.id, w.res)
		key := collab.LockKey{Resource: collab.Resource{Tenant: "default", ID: "page:/elsewhere"}, Field: "notes"}
		first := collab.Lock{ID: "l_1", Key: key, Fence: 1, User: "anna", Session: old.id}
		second := collab.Lock{ID: "l_2", Key: key, Fence: 2, User: "anna", Session: tab.id}
		answered := 0
		w.rooms.Granted(collab.LockGranted{Lock: first}, func() { answered++ })
		w.rooms.Granted(collab.LockGranted{Lock: second, Superseded: []collab.Lock{first}}, func() { answered++ })
		synctest.Wait()
		if answered != 2 {
			t.Errorf("%d grants were answered, want both", answered)
		}
		if ends := bodies[*Unlocked](old); len(ends) != 1 || ends[0].Lock.ID != "l_1" || ends[0].End != collab.LockTakenOver {
			t.Errorf("the old tab was told of %d ends, want that of its lock, taken over", len(ends))
		}
		if grants := bodies[*Locked](tab); len(grants) != 2 {
			t.Errorf("%d grants were announced, want two", len(grants))
		}
		w.rooms.Ended(second, collab.LockReleased, collab.Head{})
		synctest.Wait()
		if ends := bodies[*Unlocked](tab); len(ends) != 2 || ends[1].End != collab.LockReleased {
			t.Errorf("%d ends were announced, want two", len(ends))
		}
		w.rooms.Left(tab.id, w.res)
		w.rooms.Ended(second, collab.LockReleased, collab.Head{})
		synctest.Wait()
		if ends := bodies[*Unlocked](tab); len(ends) != 2 {
			t.Error("word of a holder that has left came to the room")
		}
	})
}
