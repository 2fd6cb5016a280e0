package lock

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
)

// pair are a holder's instance and the one of who asks, which may be the same. Both run until the test ends.
type pair struct{ holder, asker *bench }

// eachPair runs a test on one instance and on two.
func eachPair(t *testing.T, active func(collab.SessionID) bool, run func(t *testing.T, p pair)) {
	for _, name := range []string{"on one instance", "on two instances"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pair{holder: newBench(t)}
				p.asker = p.holder
				if name == "on two instances" {
					p.asker = newInstance(t, "i_2", p.holder.leases, p.holder.store)
					defer p.asker.run(active)()
					p.holder.gone["bruno/1"], p.asker.gone["anna/1"] = true, true
				}
				defer p.holder.run(active)()
				synctest.Wait()
				run(t, p)
			})
		})
	}
}

// asks has a session ask for a lock that another has.
func (b *bench) asks(id collab.SessionID, key collab.LockKey, message string) collab.Lock {
	b.t.Helper()
	held, inWay, err := b.Ask(b.t.Context(), ask(id, key), message)
	if err != nil || !inWay {
		b.t.Fatalf("%s asks for %v: %v, %v", id, key, inWay, err)
	}
	synctest.Wait()
	return held
}

func TestHolderIsToldWhoAsksForItsLockAndHandsItOver(t *testing.T) { // L7
	eachPair(t, always, func(t *testing.T, p pair) {
		old := p.holder.grants(ask("anna/1", notes)).Lock
		if held := p.asker.asks("bruno/1", notes, "please"); held.ID != old.ID || held.Name != "Dr anna" {
			t.Fatalf("the answer names %+v", held)
		}
		told := words[Requested](p.holder, "anna/1")
		if len(told) != 1 || told[0].Lock != old.ID || told[0].Key != notes || told[0].Session != "bruno/1" || told[0].User != "bruno" ||
			told[0].Name != "Dr bruno" || told[0].Message != "please" {
			t.Fatalf("the holder was told %+v", told)
		}
		if err := p.holder.HandOver(t.Context(), "anna/1", old.ID, "bruno/1"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		handed := words[Handed](p.asker, "bruno/1")
		open := p.holder.store.records()
		if len(handed) != 1 || len(open) != 1 || open[0].Session != "bruno/1" || handed[0].Grant.Lock != open[0] || open[0].Fence <= old.Fence {
			t.Fatalf("told %+v, open records %+v", handed, open)
		}
		grant := p.asker.rooms.granted[len(p.asker.rooms.granted)-1]
		if len(grant.Superseded) != 1 || grant.Superseded[0].ID != old.ID || grant.EndOf(old) != collab.LockReleased {
			t.Fatalf("announced %+v", grant)
		}
		if holder, live, _ := p.asker.leases.Holder(t.Context(), notes); !live || holder.Session != "bruno/1" {
			t.Fatalf("the lease is %+v", holder)
		}
		if _, err := p.holder.Extend(t.Context(), "anna/1", old.ID); collab.AsError(err).Code != collab.CodeLockLost {
			t.Fatalf("the old holder extends: %v, want LOCK_LOST", err)
		}
		if _, err := p.asker.Extend(t.Context(), "bruno/1", open[0].ID); err != nil {
			t.Fatalf("the new holder extends: %v", err)
		}
		want := []string{"LOCK_ACQUIRED success", "LOCK_RELEASED success released", "LOCK_ACQUIRED success"}
		if got := p.holder.store.audited(t); !slices.Equal(got, want) {
			t.Fatalf("audited %v, want %v", got, want)
		}
	})
}

func TestWholeResourceIsHandedOverForAFieldOfIt(t *testing.T) { // L7, L2
	eachPair(t, always, func(t *testing.T, p pair) {
		whole := collab.LockKey{Resource: ward}
		old := p.holder.grants(ask("anna/1", whole)).Lock
		p.asker.asks("bruno/1", notes, "")
		if err := p.holder.HandOver(t.Context(), "anna/1", old.ID, "bruno/1"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		open := p.holder.store.records()
		if len(open) != 1 || open[0].Key != notes || open[0].Session != "bruno/1" {
			t.Fatalf("open records %+v", open)
		}
		if holder, live, _ := p.asker.leases.Holder(t.Context(), whole); live {
			t.Fatalf("a lease of the whole resource is left: %+v", holder)
		}
	})
}

func TestHolderWhoDeclinesKeepsItsLock(t *testing.T) { // L7
	eachPair(t, always, func(t *testing.T, p pair) {
		old := p.holder.grants(ask("anna/1", notes)).Lock
		p.asker.asks("bruno/1", notes, "")
		p.holder.Decline(t.Context(), "anna/1", notes, "bruno/1")
		synctest.Wait()
		if told := words[Declined](p.asker, "bruno/1"); len(told) != 1 || told[0].Holder != "anna" || told[0].Name != "Dr anna" || told[0].Asking.Key != notes {
			t.Fatalf("told %+v", told)
		}
		time.Sleep(2 * askStands)
		if told := words[Requested](p.holder, "anna/1"); len(told) != 1 {
			t.Errorf("the holder was told %d times", len(told))
		}
		p.holder.Decline(t.Context(), "anna/1", notes, "bruno/1") // nobody asks any more
		if open := p.holder.store.records(); len(open) != 1 || open[0].ID != old.ID {
			t.Fatalf("open records %+v", open)
		}
	})
}

func TestIdleHolderLosesItsLockToWhoAsks(t *testing.T) { // L7
	for name, idleAfter := range map[string]time.Duration{"it is idle": 0, "it becomes idle while the wish stands": 40 * time.Second} {
		t.Run(name, func(t *testing.T) {
			var begun atomic.Pointer[time.Time]
			active := func(id collab.SessionID) bool {
				at := begun.Load()
				return id != "anna/1" || at != nil && time.Since(*at) < idleAfter
			}
			eachPair(t, active, func(t *testing.T, p pair) {
				now := time.Now()
				begun.Store(&now)
				old := p.holder.grants(ask("anna/1", notes)).Lock
				p.asker.asks("bruno/1", notes, "")
				if idleAfter > 0 {
					time.Sleep(idleAfter - time.Second)
					synctest.Wait()
					if n := len(words[Handed](p.asker, "bruno/1")); n != 0 {
						t.Fatal("an active holder lost its lock")
					}
					time.Sleep(time.Second)
				}
				time.Sleep(2 * tickEvery)
				synctest.Wait()
				handed := words[Handed](p.asker, "bruno/1")
				if len(handed) != 1 || handed[0].Grant.EndOf(old) != collab.LockExpired {
					t.Fatalf("told %+v", handed)
				}
				if rows := p.holder.store.audited(t); !slices.Contains(rows, "LOCK_EXPIRED success expired") {
					t.Errorf("audited %v", rows)
				}
				begun.Store(nil)
			})
		})
	}
}

func TestWishStandsForAMinute(t *testing.T) { // L7
	var idle atomic.Bool
	eachPair(t, func(id collab.SessionID) bool { return id != "anna/1" || !idle.Load() }, func(t *testing.T, p pair) {
		idle.Store(false)
		p.holder.grants(ask("anna/1", notes))
		p.asker.asks("bruno/1", notes, "")
		time.Sleep(askStands + time.Second)
		idle.Store(true)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if n := len(words[Handed](p.asker, "bruno/1")); n != 0 {
			t.Fatal("who asked long ago got the lock")
		}
	})
}

func TestWishesAreBounded(t *testing.T) { // L7
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.run(always)()
		synctest.Wait()
		old := b.grants(ask("anna/1", notes)).Lock
		b.asks("bruno/1", notes, "")
		_, _, err := b.Ask(t.Context(), ask("bruno/1", notes), "")
		if e := collab.AsError(err); e.Code != collab.CodeRateLimited || e.RetryAfter <= 0 || e.RetryAfter > askEvery {
			t.Fatalf("again at once: %v, want RATE_LIMITED", err)
		}
		time.Sleep(askEvery)
		b.asks("bruno/1", notes, "again")
		if told := words[Requested](b, "anna/1"); len(told) != 2 || told[1].Message != "again" {
			t.Fatalf("the holder was told %+v", told)
		}
		for i := range 2 * maxAsking {
			b.asks(collab.SessionID(fmt.Sprintf("user%02d/1", i)), notes, "")
		}
		if n := len(words[Requested](b, "anna/1")); n != 1+maxAsking {
			t.Errorf("the holder was told %d times, want of %d sessions", n, maxAsking)
		}
		if held, inWay, err := b.Ask(t.Context(), ask("anna/1", notes), ""); inWay || err != nil {
			t.Errorf("its own lock stands in its way: %+v, %v", held, err)
		}
		b.EndSession(t.Context(), "bruno/1", collab.LockUserDisconnected)
		if err := b.HandOver(t.Context(), "anna/1", old.ID, "bruno/1"); err != nil { // who is gone: it is released
			t.Fatal(err)
		}
		if open := b.store.records(); len(open) != 0 {
			t.Errorf("open records %+v", open)
		}
		if err := b.HandOver(t.Context(), "anna/1", old.ID, "bruno/1"); collab.AsError(err).Code != collab.CodeLockLost {
			t.Errorf("what it does not hold: %v, want LOCK_LOST", err)
		}
	})
}

// The bus may lose any word: no lock hangs, and what stands is said again.
func TestLostWordOfAWishDoesNoHarm(t *testing.T) { // L7
	only := func(kind collab.BusKind, times int) func(collab.Notice) bool {
		return func(n collab.Notice) bool { times--; return n.Kind == kind && times >= 0 }
	}
	tests := []struct {
		kind collab.BusKind
		hand bool
		want collab.SessionID // who has the lock in the end
	}{
		{collab.BusLockAsked, true, "bruno/1"},
		{collab.BusLockOffered, true, ""},
		{collab.BusLockTaken, true, "bruno/1"},
		{collab.BusLockDeclined, false, "anna/1"},
	}
	for _, tt := range tests {
		t.Run(string(tt.kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				one := newBench(t)
				other := newInstance(t, "i_2", one.leases, one.store)
				defer one.run(always)()
				defer other.run(always)()
				synctest.Wait()
				old := one.grants(ask("anna/1", notes)).Lock
				one.leases.bus.lose(only(tt.kind, 1))
				other.asks("bruno/1", notes, "")
				time.Sleep(repeatEvery + time.Second)
				synctest.Wait()
				if n := len(words[Requested](one, "anna/1")); n != 1 {
					t.Fatalf("the holder was told %d times", n)
				}
				one.leases.bus.lose(only(tt.kind, 1))
				if tt.hand {
					if err := one.HandOver(t.Context(), "anna/1", old.ID, "bruno/1"); err != nil {
						t.Errorf("hand over: %v", err)
					}
				} else {
					one.Decline(t.Context(), "anna/1", notes, "bruno/1")
				}
				time.Sleep(repeatEvery + time.Second)
				synctest.Wait()
				var has collab.SessionID
				for _, l := range one.store.records() {
					has += l.Session
				}
				if has != tt.want {
					t.Errorf("held by %q, want %q", has, tt.want)
				}
				if n := len(words[Declined](other, "bruno/1")); (n != 0) == tt.hand {
					t.Errorf("who asked was told %d times that it is declined", n)
				}
			})
		})
	}
}

func TestWhoMayNotLockAnyMoreIsGivenNothing(t *testing.T) { // L7, A6
	eachPair(t, always, func(t *testing.T, p pair) {
		old := p.holder.grants(ask("anna/1", notes)).Lock
		p.asker.asks("bruno/1", notes, "")
		p.asker.gone["bruno/1"] = true
		if err := p.holder.HandOver(t.Context(), "anna/1", old.ID, "bruno/1"); err != nil {
			t.Fatal(err)
		}
		if open := p.holder.store.records(); len(open) != 0 {
			t.Fatalf("open records %+v, want the lock released", open)
		}
	})
}

func TestWishOfWhomNobodyKnowsIsNotFulfilled(t *testing.T) { // L7
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.run(always)()
		synctest.Wait()
		old := b.grants(ask("anna/1", notes)).Lock
		forged := Asking{ID: "x", Key: notes, Lock: old.ID, Session: "carla/1"}
		if here, taken := b.take(t.Context(), offer{Asking: forged}); here || taken {
			t.Fatal("a session that did not ask was given a lock")
		}
	})
}

func TestBrokenLockIsItsBreakersAndOnRecord(t *testing.T) { // L7
	synctest.Test(t, func(t *testing.T) {
		one := newBench(t)
		other := newInstance(t, "i_2", one.leases, one.store)
		old := one.grants(ask("anna/1", notes)).Lock
		plan := one.grants(ask("anna/1", collab.LockKey{Resource: ward, Field: "plan"})).Lock
		q := ask("bruno/1", collab.LockKey{Resource: ward})
		q.Break = &Breaking{Reason: "resuscitation, the holder is away", Code: "ETREAT"}
		grant := other.grants(q)
		if len(grant.Superseded) != 2 || grant.EndOf(old) != collab.LockBroken {
			t.Fatalf("granted %+v", grant)
		}
		for _, l := range []collab.Lock{old, plan} {
			if _, live, _ := one.leases.Holder(t.Context(), l.Key); live {
				t.Errorf("a lease of %v is left", l.Key)
			}
			if err := one.Release(t.Context(), "anna/1", l.ID); collab.AsError(err).Code != collab.CodeLockLost {
				t.Errorf("the old holder releases: %v, want LOCK_LOST", err)
			}
		}
		if open := one.store.records(); len(open) != 1 || open[0].ID != grant.Lock.ID || other.denies(ask("anna/1", notes), ReasonOverlaps).Holder.User != "bruno" {
			t.Fatalf("open records %+v", open)
		}
		rows := one.store.audited(t)
		if !slices.Contains(rows, "LOCK_BROKEN success resuscitation, the holder is away") {
			t.Fatalf("audited %v", rows)
		}
		body := string(one.store.audit[2].Body)
		for _, want := range []string{`"actor":"bruno"`, `"code":"ETREAT"`, `"holder":"anna"`, `"address":"192.0.2.1"`, `"role":"surgeon"`} {
			if !strings.Contains(body, want) {
				t.Errorf("the row lacks %s: %s", want, body)
			}
		}
	})
}

func TestBreakingWhatNobodyHoldsIsAGrantWithItsReason(t *testing.T) { // L7
	b := newBench(t)
	q := ask("bruno/1", notes)
	q.Break = &Breaking{Reason: "the patient is unconscious", Code: "BTG"}
	b.grants(q)
	if rows := b.store.audited(t); !slices.Equal(rows, []string{"LOCK_ACQUIRED success the patient is unconscious"}) {
		t.Fatalf("audited %v", rows)
	}
	if again := b.grants(q); !again.Again {
		t.Fatalf("breaking its own lock: %+v", again)
	}
}

func TestOfThreeWhoBreakALockAtOnceOneHasIt(t *testing.T) { // L7, L8
	b := newBench(t)
	b.grants(ask("anna/1", notes))
	done := make(chan error, 3)
	for i := range 3 {
		q := ask(collab.SessionID(fmt.Sprintf("user%d/1", i)), notes)
		q.Break = &Breaking{Reason: "the patient is unconscious", Code: "BTG"}
		go func() { done <- b.Acquire(context.Background(), q, func(collab.LockGranted) {}) }()
	}
	won := 0
	for range 3 {
		if err := <-done; err == nil {
			won++
		} else if collab.AsError(err).Code != collab.CodeLockDenied {
			t.Errorf("refused with %v", err)
		}
	}
	open := b.store.records()
	holder, live, _ := b.leases.Holder(t.Context(), notes)
	if won == 0 || len(open) != 1 || !live || holder.Lock != open[0].ID {
		t.Fatalf("%d won, open records %+v, lease %+v", won, open, holder)
	}
}
