package lock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
)

func TestOfFiveAtOnceOneGetsTheLock(t *testing.T) { // L2
	b := newBench(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	won, denied := []collab.LockGranted{}, []Denied{}
	for i := range 5 {
		group.Go(func() {
			err := b.Acquire(t.Context(), ask(collab.SessionID(fmt.Sprintf("user%d/1", i)), notes), func(g collab.LockGranted) {
				mu.Lock()
				defer mu.Unlock()
				won = append(won, g)
			})
			if d, ok := collab.AsError(err).Detail.(Denied); err != nil && ok {
				mu.Lock()
				defer mu.Unlock()
				denied = append(denied, d)
			}
		})
	}
	group.Wait()
	if len(won) != 1 || len(denied) != 4 {
		t.Fatalf("%d won and %d were denied, want one and four", len(won), len(denied))
	}
	for _, d := range denied {
		if d.Reason != ReasonAlreadyLocked || d.Holder.User != won[0].Lock.User {
			t.Fatalf("denied because of %+v, want %s", d, won[0].Lock.User)
		}
	}
	if open := b.store.records(); len(open) != 1 || open[0].ID != won[0].Lock.ID || won[0].Lock.Fence != 1 || won[0].Head.Revision != 7 {
		t.Fatalf("records %v, grant %+v", open, won[0])
	}
}

func TestDeniedClientIsToldWhoHasTheLockAndUntilWhen(t *testing.T) { // L2
	b := newBench(t)
	held := b.grants(ask("anna/1", notes)).Lock
	d := b.denies(ask("bruno/1", notes), ReasonAlreadyLocked)
	if d.Holder.User != "anna" || d.Holder.Name != "Dr anna" || !d.Holder.ExpiresAt.Equal(held.ExpiresAt) {
		t.Fatalf("told of %+v", d.Holder)
	}
	want := []string{"LOCK_ACQUIRED success", "LOCK_DENIED denied already_locked"}
	if got := b.store.audited(t); !slices.Equal(got, want) {
		t.Fatalf("audited %v, want %v", got, want)
	}
}

func TestResourceAndFieldsOfItExcludeEachOther(t *testing.T) { // L2
	field := func(f collab.Field) collab.LockKey { return collab.LockKey{Resource: ward, Field: f} }
	other := collab.LockKey{Resource: collab.Resource{Tenant: "other", ID: ward.ID}, Field: "notes"}
	tests := []struct {
		name       string
		held, want collab.LockKey
		reason     string // "": granted
	}{
		{"resource, then field", field(""), field("notes"), ReasonOverlaps},
		{"field, then resource", field("notes"), field(""), ReasonOverlaps},
		{"map of values, then entry", field("values"), field("values/dose"), ReasonOverlaps},
		{"entry, then map of values", field("values/dose"), field("values"), ReasonOverlaps},
		{"two entries", field("values/dose"), field("values/given"), ""},
		{"two fields", field("notes"), field("plan"), ""},
		{"the same in another tenant", field("notes"), other, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			held := b.grants(ask("anna/1", tt.held)).Lock
			if tt.reason == "" {
				b.grants(ask("bruno/1", tt.want))
				return
			}
			if d := b.denies(ask("bruno/1", tt.want), tt.reason); d.Holder.ID != held.ID || d.Holder.Name != "Dr anna" {
				t.Fatalf("told of %+v", d.Holder)
			}
			b.grants(ask("anna/1", tt.want)) // its own do not stand in its way
			b.EndSession(t.Context(), "anna/1", collab.LockUserDisconnected)
			b.grants(ask("bruno/1", tt.want)) // and the refused attempt left no lease behind
		})
	}
}

func TestSessionGetsItsLockAgainOnTheTermsOfItsLastRequest(t *testing.T) { // L1, L4
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		first := b.grants(ask("anna/1", notes))
		time.Sleep(10 * time.Second)
		long := ask("anna/1", notes)
		long.TTL = 2 * time.Minute
		again := b.grants(long)
		if again.Lock.ID != first.Lock.ID || again.Lock.Fence != first.Lock.Fence || again.Head.Revision != first.Head.Revision {
			t.Fatalf("got %+v, want the same grant", again)
		}
		if want := time.Now().Add(2 * time.Minute); !again.Lock.ExpiresAt.Equal(want) || !again.Lock.Explicit {
			t.Fatalf("until %v, explicit %v, want %v by an explicit ttl", again.Lock.ExpiresAt, again.Lock.Explicit, want)
		}
		stop := b.run(always)
		defer stop()
		time.Sleep(119 * time.Second)
		b.denies(ask("bruno/1", notes), ReasonAlreadyLocked)
		time.Sleep(2 * time.Second)
		b.grants(ask("bruno/1", notes)) // an explicit ttl is not extended by itself
	})
}

func TestSameUserTakesALockOverAndNobodyElse(t *testing.T) { // L3
	b := newBench(t)
	old := b.grants(ask("anna/1", notes)).Lock
	b.denies(ask("anna/2", notes), ReasonAlreadyLocked)
	foreign := ask("bruno/1", notes)
	foreign.TakeOver = true
	b.denies(foreign, ReasonAlreadyLocked)
	mine := ask("anna/2", notes)
	mine.TakeOver = true
	grant := b.grants(mine)
	if grant.Lock.Fence <= old.Fence || len(grant.Superseded) != 1 || grant.Superseded[0].ID != old.ID {
		t.Fatalf("grant %+v, want a higher fence and the old lock ended", grant)
	}
	if _, err := b.Extend(t.Context(), "anna/1", old.ID); collab.AsError(err).Code != collab.CodeLockLost {
		t.Fatalf("the old tab extends: %v, want LOCK_LOST", err)
	}
	if err := b.Release(t.Context(), "anna/1", old.ID); collab.AsError(err).Code != collab.CodeLockLost {
		t.Fatalf("the old tab releases: %v, want LOCK_LOST", err)
	}
	want := []string{"LOCK_RELEASED success taken_over", "LOCK_ACQUIRED success"}
	if rows := b.store.audited(t); !slices.Equal(rows[len(rows)-2:], want) {
		t.Fatalf("audited %v, want %v last", rows, want)
	}
}

func TestTakeOverThatTheStoreRefusesLeavesTheLockToItsHolder(t *testing.T) { // L3, L8
	b := newBench(t)
	old := b.grants(ask("anna/1", notes)).Lock
	b.store.set(errors.New("disk is full"))
	mine := ask("anna/2", notes)
	mine.TakeOver = true
	b.denies(mine, ReasonUnavailable)
	b.store.set(nil)
	if _, err := b.Extend(t.Context(), "anna/1", old.ID); err != nil {
		t.Fatalf("the holder lost its lock: %v", err)
	}
}

func TestStoreThatFailsGivesTheLeaseBack(t *testing.T) { // L1
	b := newBench(t)
	b.store.set(errors.New("disk is full"))
	b.denies(ask("anna/1", notes), ReasonUnavailable)
	if _, live, _ := b.leases.State.Holder(t.Context(), notes); live {
		t.Fatal("a lease without a record is left")
	}
	b.store.set(nil)
	b.grants(ask("bruno/1", notes))
}

func TestLeaseServiceAwayDeniesAndSaysSo(t *testing.T) { // L8
	b := newBench(t)
	b.leases.set(errors.New("redis is away"))
	b.denies(ask("anna/1", notes), ReasonUnavailable)
	if open := b.store.records(); len(open) != 0 {
		t.Fatalf("records %v without a lease", open)
	}
	b.leases.set(nil)
	b.grants(ask("anna/1", notes))
}

func TestWhoGoesWhileALeaseIsAwaitedLeavesNone(t *testing.T) { // L8
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.leases.late = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		if err := b.Acquire(ctx, ask("anna/1", notes), func(collab.LockGranted) {}); err == nil {
			t.Fatal("a lock was granted without a lease")
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("it waited for %v", took)
		}
		b.leases.late = nil
		if _, live, _ := b.leases.State.Holder(t.Context(), notes); live || len(b.store.records()) != 0 {
			t.Errorf("a lease is left (%v), or a record: %v", live, b.store.records())
		}
		b.grants(ask("bruno/1", notes))
	})
}

// A lock lasts as long as it says from when it was granted, however long that was waited for.
func TestTimeOfALockBeginsWithItsLease(t *testing.T) { // L4, L8
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.leases.late = func(context.Context) error { time.Sleep(9 * time.Second); return nil }
		begin := time.Now()
		got := b.grants(ask("anna/1", notes)).Lock
		if d := got.ExpiresAt.Sub(begin); d != 9*time.Second+ttl || got.ExpiresAt.Sub(got.AcquiredAt) != ttl {
			t.Errorf("it ends %v after it was asked for", d)
		}
	})
}

func TestRecordWhoseLeaseIsGoneStandsInNobodysWay(t *testing.T) { // L5, L8
	tests := []struct {
		name string
		keys []collab.LockKey // held by a process that died
		want collab.LockKey
	}{
		{"the same field", []collab.LockKey{notes}, notes},
		{"fields of a resource", []collab.LockKey{notes, {Resource: ward, Field: "plan"}}, collab.LockKey{Resource: ward}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			b.Alone = true
			for _, key := range tt.keys {
				dead := collab.Lock{ID: collab.NewLockID(), Key: key, User: "anna", Session: "anna/9", Instance: "i_0", ExpiresAt: time.Now().Add(ttl)}
				if _, err := b.store.OpenLock(t.Context(), dead, collab.Displace{}, func(collab.LockGranted) []collab.AuditRow { return nil }); err != nil {
					t.Fatal(err)
				}
			}
			b.grants(ask("bruno/1", tt.want))
			if ends := b.rooms.ends(); len(ends) != len(tt.keys) || ends[0] != collab.LockExpired {
				t.Fatalf("announced %v, want each as expired", ends)
			}
		})
	}
}

func TestLeaseLostInAFailOverDoesNotGiveTheLockAway(t *testing.T) { // L8
	synctest.Test(t, func(t *testing.T) {
		one := newBench(t)
		other := newInstance(t, "i_2", one.leases, one.store)
		lock := one.grants(ask("anna/1", notes)).Lock
		one.leases.State = inproc.NewState(time.Now)
		other.denies(ask("bruno/1", notes), ReasonAlreadyLocked)
		other.denies(ask("bruno/1", collab.LockKey{Resource: ward}), ReasonOverlaps)
		if open := one.store.records(); len(open) != 1 || open[0].ID != lock.ID {
			t.Fatalf("records %v, want the holder's", open)
		}
		time.Sleep(ttl + time.Second) // nobody renewed it
		if fence := other.grants(ask("bruno/1", notes)).Lock.Fence; fence <= lock.Fence {
			t.Fatalf("fence %d after %d", fence, lock.Fence)
		}
	})
}

func TestDenialNamesAHolderOfAnotherInstance(t *testing.T) { // L2
	one := newBench(t)
	other := newInstance(t, "i_2", one.leases, one.store)
	lock := one.grants(ask("anna/1", notes)).Lock
	denied := other.denies(ask("bruno/1", notes), ReasonAlreadyLocked)
	if denied.Holder.Name != "Dr anna" || denied.Holder.ID != lock.ID {
		t.Fatalf("held by %+v, want Dr anna", denied.Holder)
	}
}

func TestWaitingTriesAgainWithBackOff(t *testing.T) { // L1
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		lock := b.grants(ask("anna/1", notes)).Lock
		q := ask("bruno/1", notes)
		q.Wait = 5 * time.Second
		start := time.Now()
		b.denies(q, ReasonAlreadyLocked)
		if took := time.Since(start); took < 3*time.Second || took > 5*time.Second {
			t.Fatalf("gave up after %v, want about 5 s and no more", took)
		}
		go func() {
			time.Sleep(2 * time.Second)
			if err := b.Release(context.Background(), "anna/1", lock.ID); err != nil {
				t.Errorf("release: %v", err)
			}
		}()
		start = time.Now()
		b.grants(q)
		if took := time.Since(start); took > 3*time.Second+100*time.Millisecond {
			t.Fatalf("granted after %v, want at most one pause after its release", took)
		}
	})
}

func TestWaitThatIsBrokenOffIsADenialToo(t *testing.T) { // L2
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.grants(ask("anna/1", notes))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		q := ask("bruno/1", notes)
		q.Wait = time.Minute
		err := b.Acquire(ctx, q, func(collab.LockGranted) { t.Error("granted") })
		if d, ok := collab.AsError(err).Detail.(Denied); !ok || d.Reason != ReasonAlreadyLocked {
			t.Fatalf("error %v, want LOCK_DENIED already_locked", err)
		}
		if rows := b.store.audited(t); rows[len(rows)-1] != "LOCK_DENIED denied already_locked" {
			t.Fatalf("audited %v, want the denial last", rows)
		}
	})
}

func TestAttemptIsNotBrokenOffInTheMiddle(t *testing.T) { // L1
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var got collab.LockGranted
	if err := b.Acquire(ctx, ask("anna/1", notes), func(g collab.LockGranted) { got = g }); err != nil {
		t.Fatalf("acquire: %v", err)
	}
	if err := b.Release(t.Context(), "anna/1", got.Lock.ID); err != nil {
		t.Fatalf("a record was left that its manager does not know: %v", err)
	}
}
