package inproc

import (
	"fmt"
	"testing"
	"time"

	"corsia/shared/collab"
)

func TestSweepLeavesNothingBehind(t *testing.T) {
	s, pass := openState(t)
	for n := range 100 {
		session := collab.Session{ID: collab.SessionID(fmt.Sprint(n)), Tenant: "default", User: collab.UserID(fmt.Sprint(n % 10))}
		if _, err := s.OpenSession(t.Context(), session); err != nil {
			t.Fatal(err)
		}
		res := collab.Resource{Tenant: "default", ID: collab.ResourceID(fmt.Sprint(n % 7))}
		if _, err := s.Enter(t.Context(), collab.Member{Resource: res, Session: session.ID, User: session.User}); err != nil {
			t.Fatal(err)
		}
		key := collab.LockKey{Resource: res, Field: collab.Field(fmt.Sprint(n))}
		if _, err := s.Acquire(t.Context(), collab.Lease{Key: key, Lock: collab.NewLockID()}, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	pass(time.Hour)
	s.Sweep(s.now())
	if len(s.users) != 0 || len(s.rooms) != 0 || len(s.leases) != 0 {
		t.Fatalf("%d users, %d rooms and %d leases are left", len(s.users), len(s.rooms), len(s.leases))
	}
	if n := len(s.Expirations()); n != 100 {
		t.Fatalf("%d notifications, want one for each of 100 leases", n)
	}
}

func TestExpirationsThatNobodyTakesAreDropped(t *testing.T) {
	s, pass := openState(t)
	for n := range 2 * maxExpirations {
		key := collab.LockKey{Field: collab.Field(fmt.Sprint(n))}
		if _, err := s.Acquire(t.Context(), collab.Lease{Key: key, Lock: collab.NewLockID()}, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	pass(time.Hour)
	s.Sweep(s.now())
	if n := len(s.Expirations()); n != maxExpirations {
		t.Fatalf("%d notifications wait, want %d", n, maxExpirations)
	}
}

func TestCloseEndsExpirations(t *testing.T) {
	s, _ := openState(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-s.Expirations(); open {
		t.Fatal("Expirations is open after Close")
	}
	s.Sweep(time.Now())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCancelledSubscriptionsLeaveNothingBehind(t *testing.T) {
	b := NewBus()
	res := collab.Resource{ID: "a"}
	for range 10 {
		cancel := b.Subscribe(res, "i_1", func(collab.Notice) bool { return true })
		defer b.Subscribe(res, "i_2", func(collab.Notice) bool { return true })()
		cancel()
	}
	if n := len(b.subs[res]); n != 10 {
		t.Fatalf("%d subscriptions, want 10", n)
	}
}
