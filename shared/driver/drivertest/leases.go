package drivertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Leaser is the port of leases.
type Leaser interface {
	Acquire(ctx context.Context, l collab.Lease, ttl time.Duration) (holder collab.Lease, err error)
	Extend(ctx context.Context, l collab.Lease, ttl time.Duration) error
	Release(ctx context.Context, l collab.Lease) error
	Holder(ctx context.Context, key collab.LockKey) (collab.Lease, bool, error)
	Confirm(ctx context.Context, l collab.Lock) error
	Replace(ctx context.Context, old collab.LockID, l collab.Lease, ttl time.Duration) error
	Expirations() <-chan collab.LockKey
}

// leaseTTL is the lifetime of the suite's leases.
const leaseTTL = 2 * time.Second

// Leases checks rules L1 to L5 as far as the state driver answers for them.
func Leases(t *testing.T, open func(*testing.T) (Leaser, Clock)) {
	cases := []struct {
		name string
		run  func(*testing.T, Leaser, Clock)
	}{
		{"L1 a lease is held until it is released", acquireRelease},
		{"L1 acquiring again under the same lock id renews", acquireAgain},
		{"L1 confirming compares the lock id and renews nothing", confirmLease},
		{"L2 a held lease is denied and its holder named", leaseDenied},
		{"L2 of five at once one wins", oneLease},
		{"L3 a lease is handed over by its lock id", replaceLease},
		{"L4 extending compares the lock id", extendLease},
		{"L5 a lease that is not extended ends, and that is told", leaseExpires},
		{"L5 releasing compares the lock id", releaseForeign},
		{"2 keys of two tenants and of two fields never meet", leasesApart},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l, pass := open(t)
			c.run(t, l, pass)
		})
	}
}

func lease(key collab.LockKey, session collab.SessionID) collab.Lease {
	return collab.Lease{Key: key, Lock: collab.NewLockID(), User: "usr_001", Session: session}
}

func leaseKey() collab.LockKey { return collab.LockKey{Resource: resource(), Field: "dosage"} }

func acquire(t *testing.T, l Leaser, want collab.Lease) collab.Lease {
	t.Helper()
	got, err := l.Acquire(timeLimit(t), want, leaseTTL)
	must(t, err)
	wantLease(t, got, want)
	if got.Expires.IsZero() {
		t.Fatal("the lease has no end")
	}
	return got
}

// wantLease compares all but the end.
func wantLease(t *testing.T, got, want collab.Lease) {
	t.Helper()
	got.Expires = want.Expires
	if got != want {
		t.Fatalf("lease %+v, want %+v", got, want)
	}
}

// wantHolder checks who holds the lease of want's key; a want without a lock id is nobody.
func wantHolder(t *testing.T, l Leaser, want collab.Lease) {
	t.Helper()
	got, held, err := l.Holder(timeLimit(t), want.Key)
	must(t, err)
	if held != (want.Lock != "") {
		t.Fatalf("held %v by %+v, want %+v", held, got, want)
	}
	if held {
		wantLease(t, got, want)
	}
}

func acquireRelease(t *testing.T, l Leaser, _ Clock) {
	a := lease(leaseKey(), "s_1")
	wantHolder(t, l, collab.Lease{Key: a.Key})
	acquire(t, l, a)
	wantHolder(t, l, a)
	must(t, l.Release(timeLimit(t), a))
	must(t, l.Release(timeLimit(t), a))
	wantHolder(t, l, collab.Lease{Key: a.Key})
	acquire(t, l, lease(a.Key, "s_2"))
}

func acquireAgain(t *testing.T, l Leaser, pass Clock) {
	a := lease(leaseKey(), "s_1")
	acquire(t, l, a)
	pass(leaseTTL / 2)
	acquire(t, l, a)
	pass(leaseTTL * 3 / 4)
	wantHolder(t, l, a)
}

func leaseDenied(t *testing.T, l Leaser, _ Clock) {
	a := lease(leaseKey(), "s_1")
	acquire(t, l, a)
	for _, session := range []collab.SessionID{"s_2", "s_1"} {
		holder, err := l.Acquire(timeLimit(t), lease(a.Key, session), leaseTTL)
		if !errors.Is(err, collab.ErrHeld) {
			t.Fatalf("acquiring what is held: %v, want ErrHeld", err)
		}
		wantLease(t, holder, a)
	}
	wantHolder(t, l, a)
}

func oneLease(t *testing.T, l Leaser, _ Clock) {
	const sessions = 5
	key := leaseKey()
	outcomes := make(chan error, sessions)
	for i := range sessions {
		go func() {
			_, err := l.Acquire(timeLimit(t), lease(key, collab.SessionID(rune('a'+i))), leaseTTL)
			outcomes <- err
		}()
	}
	won := 0
	for range sessions {
		if err := <-outcomes; err == nil {
			won++
		} else if !errors.Is(err, collab.ErrHeld) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Fatalf("%d sessions hold the lease, want 1", won)
	}
}

func replaceLease(t *testing.T, l Leaser, _ Clock) {
	a := lease(leaseKey(), "s_1")
	b, c := lease(a.Key, "s_2"), lease(a.Key, "s_3")
	acquire(t, l, a)
	must(t, l.Replace(timeLimit(t), a.Lock, b, leaseTTL))
	wantHolder(t, l, b)
	if err := l.Replace(timeLimit(t), a.Lock, c, leaseTTL); !errors.Is(err, collab.ErrHeld) {
		t.Fatalf("replacing a lease that another has replaced: %v, want ErrHeld", err)
	}
	wantHolder(t, l, b)
	must(t, l.Release(timeLimit(t), b))
	must(t, l.Replace(timeLimit(t), b.Lock, c, leaseTTL)) // nobody holds it
	wantHolder(t, l, c)
}

func extendLease(t *testing.T, l Leaser, pass Clock) {
	a := lease(leaseKey(), "s_1")
	acquire(t, l, a)
	if err := l.Extend(timeLimit(t), lease(a.Key, "s_1"), time.Hour); !errors.Is(err, collab.ErrLost) {
		t.Fatalf("extending under another lock id: %v, want ErrLost", err)
	}
	pass(leaseTTL / 2)
	must(t, l.Extend(timeLimit(t), a, leaseTTL))
	pass(leaseTTL * 3 / 4)
	wantHolder(t, l, a)
	pass(leaseTTL / 2)
	if err := l.Extend(timeLimit(t), a, leaseTTL); !errors.Is(err, collab.ErrLost) {
		t.Fatalf("extending what has ended: %v, want ErrLost", err)
	}
}

func confirmLease(t *testing.T, l Leaser, pass Clock) {
	a := lease(leaseKey(), "s_1")
	acquire(t, l, a)
	if err := l.Confirm(timeLimit(t), collab.Lock{ID: collab.NewLockID(), Key: a.Key, Fence: 8}); !errors.Is(err, collab.ErrLost) {
		t.Fatalf("confirming under another lock id: %v, want ErrLost", err)
	}
	must(t, l.Confirm(timeLimit(t), collab.Lock{ID: a.Lock, Key: a.Key, Fence: 7, ExpiresAt: time.Now().Add(time.Hour)}))
	pass(leaseTTL + time.Second)
	wantHolder(t, l, collab.Lease{Key: a.Key})
}

func leaseExpires(t *testing.T, l Leaser, pass Clock) {
	a := lease(leaseKey(), "s_1")
	acquire(t, l, a)
	pass(leaseTTL + time.Second)
	wantHolder(t, l, collab.Lease{Key: a.Key})
	for {
		select {
		case key := <-l.Expirations():
			if key != a.Key {
				continue // another case's
			}
		case <-time.After(patience):
			t.Fatal("no notification of the lease's end")
		}
		break
	}
	acquire(t, l, lease(a.Key, "s_2"))
}

func releaseForeign(t *testing.T, l Leaser, _ Clock) {
	a := lease(leaseKey(), "s_1")
	acquire(t, l, a)
	must(t, l.Release(timeLimit(t), lease(a.Key, "s_1")))
	wantHolder(t, l, a)
}

func leasesApart(t *testing.T, l Leaser, _ Clock) {
	a := lease(leaseKey(), "s_1")
	acquire(t, l, a)
	acquire(t, l, lease(leaseKey(), "s_2"))
	acquire(t, l, lease(collab.LockKey{Resource: a.Key.Resource}, "s_2")) // overlapping is the store's to see
	acquire(t, l, lease(collab.LockKey{Resource: a.Key.Resource, Field: "dosage:2"}, "s_2"))
	acquire(t, l, lease(collab.LockKey{Resource: a.Key.Resource, Field: "dosage%3A2"}, "s_2"))
	wantHolder(t, l, a)
}
