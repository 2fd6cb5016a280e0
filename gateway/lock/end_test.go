package lock

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
	"corsia/shared/driver/sqlite"
)

func TestLockOfAnActiveSessionIsExtended(t *testing.T) { // L4
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.grants(ask("anna/1", notes))
		stop := b.run(always)
		defer stop()
		for range 10 {
			time.Sleep(20 * time.Second)
			b.denies(ask("bruno/1", notes), ReasonAlreadyLocked)
			synctest.Wait()
			if left := time.Until(b.store.records()[0].ExpiresAt); left < 10*time.Second {
				t.Fatalf("the record ends in %v: it was not extended in time", left)
			}
		}
		if n := len(b.rooms.extended); n < 10 || n > 30 {
			t.Fatalf("extended %d times in 200 s, want every 10 to 20 s", n)
		}
	})
}

func TestLockEndsByItselfAndThatIsAnnouncedOnce(t *testing.T) { // L4, L5
	explicit := ask("anna/1", notes)
	explicit.TTL = 5 * time.Second
	tests := []struct {
		name   string
		ask    Request
		active func(collab.SessionID) bool
		after  time.Duration
	}{
		{"its session is not active", ask("anna/1", notes), never, ttl},
		{"its ttl was explicit", explicit, always, 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				lock := b.grants(tt.ask).Lock
				stop := b.run(tt.active)
				defer stop()
				time.Sleep(tt.after - time.Millisecond)
				synctest.Wait()
				if len(b.rooms.ends()) != 0 {
					t.Fatal("it ended too early")
				}
				time.Sleep(2 * tickEvery)
				synctest.Wait()
				if ends := b.rooms.ends(); !slices.Equal(ends, []collab.LockEnd{collab.LockExpired}) {
					t.Fatalf("announced %v, want expired within half a second", ends)
				}
				time.Sleep(2 * sweepEvery)
				synctest.Wait()
				if n := len(b.rooms.ends()); n != 1 {
					t.Fatalf("announced %d times", n)
				}
				if _, err := b.Extend(t.Context(), "anna/1", lock.ID); collab.AsError(err).Code != collab.CodeLockLost {
					t.Fatalf("extend: %v, want LOCK_LOST", err)
				}
				want := []string{"LOCK_ACQUIRED success", "LOCK_EXPIRED success expired"}
				if got := b.store.audited(t); !slices.Equal(got, want) {
					t.Fatalf("audited %v, want %v", got, want)
				}
			})
		})
	}
}

func TestLeaseThatTheServiceForgotIsTakenAgain(t *testing.T) { // L8
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		lock := b.grants(ask("anna/1", notes)).Lock
		b.leases.State = inproc.NewState(time.Now) // a fail-over that lost everything
		stop := b.run(always)
		defer stop()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		holder, held, err := b.leases.Holder(t.Context(), notes)
		if err != nil || !held || holder.Lock != lock.ID || len(b.rooms.ends()) != 0 {
			t.Fatalf("the lease is %+v (%v, %v) and %v was announced, want it again", holder, held, err, b.rooms.ends())
		}
		if err := b.Release(t.Context(), "anna/1", lock.ID); err != nil {
			t.Fatalf("release: %v", err)
		}
	})
}

func TestEndOfALeaseIsNoticedWhenItIsTold(t *testing.T) { // L5
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		told := make(chan collab.LockKey)
		b.Expired = told
		theirs := newInstance(t, "i_2", b.leases, b.store)
		q := ask("anna/1", notes)
		q.TTL = 3 * time.Second
		theirs.grants(q) // and then that instance dies
		stop := b.run(never)
		defer stop()
		time.Sleep(q.TTL)
		told <- notes
		time.Sleep(2 * othersFirst)
		synctest.Wait()
		if ends := b.rooms.ends(); !slices.Equal(ends, []collab.LockEnd{collab.LockExpired}) {
			t.Fatalf("announced %v a second after the lease of a dead instance ended, want expired", ends)
		}
		close(told) // the driver is closed: the timer goes on alone
		b.grants(ask("bruno/1", notes))
		time.Sleep(ttl + time.Second)
		synctest.Wait()
		if ends := b.rooms.ends(); len(ends) != 2 {
			t.Fatalf("announced %v, want the second lock's end too", ends)
		}
	})
}

func TestLockOutlivesAShortAbsenceOfItsServices(t *testing.T) { // F1, F4, L8
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		lock := b.grants(ask("anna/1", notes)).Lock
		stop := b.run(always)
		defer stop()
		b.leases.set(errors.New("redis is away"))
		time.Sleep(15 * time.Second)
		b.leases.set(nil)
		b.store.set(errors.New("database is away"))
		time.Sleep(10 * time.Second)
		b.store.set(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, err := b.Extend(t.Context(), "anna/1", lock.ID); err != nil || len(b.rooms.ends()) != 0 {
			t.Fatalf("extend: %v, announced %v, want a lock that lives", err, b.rooms.ends())
		}
		b.leases.set(errors.New("redis is away")) // for longer than the lock lasts
		time.Sleep(time.Minute)
		b.leases.set(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		if ends := b.rooms.ends(); !slices.Equal(ends, []collab.LockEnd{collab.LockExpired}) {
			t.Fatalf("announced %v, want expired once", ends)
		}
	})
}

func TestStartSweepsTheLocksOfAProcessThatDied(t *testing.T) { // L5
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		const dead = 2*sweepBatch + 7
		for i := range dead {
			l := collab.Lock{ID: collab.NewLockID(), Key: collab.LockKey{Resource: ward, Field: collab.Field(fmt.Sprintf("f%d", i))},
				User: "anna", Session: "anna/9", Instance: "i_0", ExpiresAt: time.Now().Add(-time.Second)}
			if _, err := b.store.OpenLock(t.Context(), l, collab.Displace{}, func(collab.LockGranted) []collab.AuditRow { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		stop := b.run(always)
		defer stop()
		synctest.Wait()
		if open := b.store.records(); len(open) != 0 || len(b.rooms.ends()) != dead {
			t.Fatalf("%d records are open and %d ends were announced, want 0 and %d", len(open), len(b.rooms.ends()), dead)
		}
	})
}

func TestSweepLeavesLocksWhoseLeaseLives(t *testing.T) { // L5
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		other := collab.Lock{ID: "l_other", Key: notes, User: "anna", Session: "anna/9", Instance: "i_2", ExpiresAt: time.Now().Add(-time.Second)}
		if _, err := b.store.OpenLock(t.Context(), other, collab.Displace{}, func(collab.LockGranted) []collab.AuditRow { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := b.leases.State.Acquire(t.Context(), leaseOf(other), time.Hour); err != nil {
			t.Fatal(err)
		}
		stop := b.run(always)
		defer stop()
		time.Sleep(3 * sweepEvery)
		synctest.Wait()
		if len(b.store.records()) != 1 {
			t.Fatal("a lock of another instance was ended while its lease lived")
		}
	})
}

func TestLockOfASessionEndsWithAReason(t *testing.T) { // L4, L5, R3
	plan := collab.LockKey{Resource: ward, Field: "plan"}
	elsewhere := collab.LockKey{Resource: collab.Resource{Tenant: "default", ID: "page:/patient/2"}}
	tests := []struct {
		name string
		end  func(b *bench, l collab.Lock)
		want []collab.LockEnd
		left int
	}{
		{"it releases one", func(b *bench, l collab.Lock) {
			if err := b.Release(b.t.Context(), "anna/1", l.ID); err != nil {
				b.t.Errorf("release: %v", err)
			}
		}, []collab.LockEnd{collab.LockReleased}, 3},
		{"it leaves the room", func(b *bench, _ collab.Lock) { b.LeaveRoom(b.t.Context(), "anna/1", ward, collab.LockLeftResource) },
			[]collab.LockEnd{collab.LockLeftResource, collab.LockLeftResource}, 2},
		{"it disconnects", func(b *bench, _ collab.Lock) { b.EndSession(b.t.Context(), "anna/1", collab.LockUserDisconnected) },
			[]collab.LockEnd{collab.LockUserDisconnected, collab.LockUserDisconnected, collab.LockUserDisconnected}, 1},
		{"it fell silent", func(b *bench, _ collab.Lock) { b.EndSession(b.t.Context(), "anna/1", collab.LockSessionTimeout) },
			[]collab.LockEnd{collab.LockSessionTimeout, collab.LockSessionTimeout, collab.LockSessionTimeout}, 1},
		{"it lost a right", func(b *bench, _ collab.Lock) {
			b.EndUnless(b.t.Context(), "anna/1", func(r collab.Resource) bool { return r == ward })
		}, []collab.LockEnd{collab.LockReleased}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			lock := b.grants(ask("anna/1", notes)).Lock
			b.grants(ask("anna/1", plan))
			b.grants(ask("anna/1", elsewhere))
			b.grants(ask("bruno/1", collab.LockKey{Resource: ward, Field: "dose"}))
			b.rooms.onEnded = func(l collab.Lock) { // whoever hears of it can have it at once
				if _, live, _ := b.leases.State.Holder(t.Context(), l.Key); live {
					t.Error("the end was announced before the lease was free")
				}
			}
			tt.end(b, lock)
			if ends := b.rooms.ends(); !slices.Equal(ends, tt.want) {
				t.Fatalf("announced %v, want %v", ends, tt.want)
			}
			if open := b.store.records(); len(open) != tt.left {
				t.Fatalf("%d locks are left, want %d", len(open), tt.left)
			}
		})
	}
}

func TestLockOfAnotherSessionCannotBeTouched(t *testing.T) { // L3
	b := newBench(t)
	lock := b.grants(ask("anna/1", notes)).Lock
	for _, id := range []collab.SessionID{"bruno/1", "anna/2"} {
		if err := b.Release(t.Context(), id, lock.ID); collab.AsError(err).Code != collab.CodeLockLost {
			t.Errorf("%s releases: %v, want LOCK_LOST", id, err)
		}
		if _, err := b.Extend(t.Context(), id, lock.ID); collab.AsError(err).Code != collab.CodeLockLost {
			t.Errorf("%s extends: %v, want LOCK_LOST", id, err)
		}
	}
}

func TestReleaseOfALockThatEndedElsewhereIsLockLost(t *testing.T) { // L4
	b := newBench(t)
	lock := b.grants(ask("anna/1", notes)).Lock
	if _, _, err := b.store.CloseLock(t.Context(), notes, lock.Fence, collab.LockBroken, time.Now(), nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Release(t.Context(), "anna/1", lock.ID); collab.AsError(err).Code != collab.CodeLockLost {
		t.Fatalf("release: %v, want LOCK_LOST", err)
	}
	if len(b.rooms.ends()) != 0 {
		t.Fatal("an end was announced by who did not close the record")
	}
}

func TestReleaseThatTheStoreRefusesKeepsTheLock(t *testing.T) { // L5
	b := newBench(t)
	lock := b.grants(ask("anna/1", notes)).Lock
	b.store.set(errors.New("disk is full"))
	if err := b.Release(t.Context(), "anna/1", lock.ID); err == nil {
		t.Fatal("released without its record")
	}
	b.denies(ask("bruno/1", notes), ReasonAlreadyLocked)
	b.store.set(nil)
	if err := b.Release(t.Context(), "anna/1", lock.ID); err != nil {
		t.Fatalf("release again: %v", err)
	}
}

func TestRecordsSurviveTheProcessAndFencesGrow(t *testing.T) { // L1, L5
	path := filepath.Join(t.TempDir(), "corsia.db")
	fence := int64(0)
	for round := range 3 {
		db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatalf("open store: %v", err)
		}
		b := newBench(t)
		b.Store, b.Alone = db, true
		grant := b.grants(ask(collab.SessionID(fmt.Sprintf("user%d/1", round)), notes)) // the dead holder's lease is gone with its process
		if grant.Lock.Fence <= fence {
			t.Fatalf("round %d: fence %d after %d", round, grant.Lock.Fence, fence)
		}
		fence = grant.Lock.Fence
		b.denies(ask("late/1", notes), ReasonAlreadyLocked)
		b.denies(ask("late/1", collab.LockKey{Resource: ward}), ReasonOverlaps)
		if err := db.Close(); err != nil {
			t.Fatalf("close store: %v", err)
		}
	}
}
