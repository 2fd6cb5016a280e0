package lock

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
)

func TestAdoptedLocksAreRenewedWhereTheSessionIs(t *testing.T) { // C11, L4
	synctest.Test(t, func(t *testing.T) {
		old := newBench(t)
		heir := newInstance(t, "i_2", old.leases, old.store)
		kept := old.grants(ask("anna/1", notes)).Lock
		explicit := ask("anna/1", collab.LockKey{Resource: ward, Field: "plan"})
		explicit.TTL = 20 * time.Second
		old.grants(explicit)
		other := old.grants(ask("bruno/1", collab.LockKey{Resource: ward, Field: "dose"})).Lock

		if err := heir.Adopt(t.Context(), session("anna/1"), "192.0.2.9"); err != nil {
			t.Fatal(err)
		}
		old.Forget("anna/1")
		defer old.run(never)()
		defer heir.run(always)()
		time.Sleep(2 * time.Minute)
		heir.denies(ask("bruno/1", notes), ReasonAlreadyLocked)
		if _, err := heir.Extend(t.Context(), "anna/1", kept.ID); err != nil {
			t.Errorf("extend: %v", err)
		}
		if again := heir.grants(ask("anna/1", notes)).Lock; again.ID != kept.ID || again.Fence != kept.Fence {
			t.Errorf("asked again it is %+v, want %+v", again, kept)
		}
		if again := heir.grants(ask("anna/1", notes)); again.Head.Revision != 7 { // everything before it is delivered, L1
			t.Errorf("asked again it names revision %d", again.Head.Revision)
		}
		if _, err := old.Extend(t.Context(), "anna/1", kept.ID); collab.AsError(err).Code != collab.CodeLockLost {
			t.Errorf("the old instance extends: %v, want LOCK_LOST", err)
		}
		if _, err := heir.Extend(t.Context(), "bruno/1", other.ID); collab.AsError(err).Code != collab.CodeLockLost {
			t.Errorf("another session's lock was adopted, too: %v", err)
		}
		if err := heir.Release(t.Context(), "anna/1", kept.ID); err != nil {
			t.Errorf("release: %v", err)
		}
		if row := string(old.store.audit[len(old.store.audit)-1].Body); !strings.Contains(row, `"address":"192.0.2.9"`) || !strings.Contains(row, `"role":"surgeon"`) {
			t.Errorf("audited %s", row)
		}
		if open := old.store.records(); len(open) != 0 {
			t.Errorf("open records %v", open)
		}
	})
}

func TestLocksThatCouldNotBeAdoptedAreAdoptedLater(t *testing.T) { // C11, F4
	synctest.Test(t, func(t *testing.T) {
		old := newBench(t)
		heir := newInstance(t, "i_2", old.leases, old.store)
		lock := old.grants(ask("anna/1", notes)).Lock
		away := errors.New("disk is full")
		old.store.set(away)
		if err := heir.Adopt(t.Context(), session("anna/1"), "192.0.2.9"); !errors.Is(err, away) {
			t.Fatalf("got %v", err)
		}
		old.Forget("anna/1")
		defer heir.run(always)()
		time.Sleep(5 * time.Second)
		old.store.set(nil)
		time.Sleep(time.Second)
		if _, err := heir.Extend(t.Context(), "anna/1", lock.ID); err != nil {
			t.Errorf("extend: %v", err)
		}
	})
}
