package drivertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Locker is the port of the locks' records and fences.
type Locker interface {
	OpenLock(ctx context.Context, l collab.Lock, displace collab.Displace, audit func(collab.LockGranted) []collab.AuditRow) (collab.LockGranted, error)
	CloseLock(ctx context.Context, key collab.LockKey, fence int64, end collab.LockEnd, at time.Time, audit []collab.AuditRow) (collab.Head, bool, error)
	ExtendLock(ctx context.Context, key collab.LockKey, fence int64, expires time.Time) error
	OpenLocks(ctx context.Context, r collab.Resource) ([]collab.Lock, error)
	LocksOf(ctx context.Context, tenant collab.Tenant, session collab.SessionID) ([]collab.Lock, error)
	ExpiredLocks(ctx context.Context, before time.Time, limit int) ([]collab.Lock, error)
	Journaler
}

// Locks checks the rules L1 to L6 as far as the store answers for them.
func Locks(t *testing.T, open func(*testing.T) Locker) {
	cases := []struct {
		name string
		run  func(*testing.T, Locker)
	}{
		{"L1 a grant is an open record with its fence", grantRecord},
		{"L1 fences of a key grow for ever and each key has its own", fencesGrow},
		{"L1 a resource without a document can be locked", lockWithoutDocument},
		{"L2 a key that is held is denied and its holder named", denied},
		{"L2 locks of other sessions overlap as their keys do", overlaps},
		{"L2 of five at once one wins", oneWins},
		{"L3 the same user's other session takes over when it asks to", takeOver},
		{"L3 a session's own lock of the key is superseded", superseded},
		{"L7 a lock that is given away ends with the grant, whatever its key", handOver},
		{"L7 a grant that breaks ends all that stand in its way", breaks},
		{"L4 a lock is extended while it is open", extend},
		{"C11 the open locks of a session are found", ofSession},
		{"L5 of five that close a lock one does, and its audit row is kept once", closedOnce},
		{"L5 locks past their end are found, oldest first", expired},
		{"L6 what was checked before a grant or an end is stale", guardRaised},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// lock returns a lock that is not granted yet.
func lock(r collab.Resource, field collab.Field, user collab.UserID, session collab.SessionID) collab.Lock {
	return collab.Lock{
		ID: collab.NewLockID(), Key: collab.LockKey{Resource: r, Field: field}, User: user, Name: "Dr " + string(user),
		Session: session, Instance: "i_1", AcquiredAt: start, ExpiresAt: start.Add(30 * time.Second), TTL: 30 * time.Second,
	}
}

func grant(t *testing.T, l Locker, want collab.Lock) collab.LockGranted {
	t.Helper()
	granted, err := l.OpenLock(timeLimit(t), want, collab.Displace{}, nil)
	must(t, err)
	return granted
}

// wantOpen checks which records of a resource are open, in the order of their fields.
func wantOpen(t *testing.T, l Locker, r collab.Resource, want ...collab.Lock) {
	t.Helper()
	got, err := l.OpenLocks(timeLimit(t), r)
	must(t, err)
	if len(got) != len(want) {
		t.Fatalf("open locks %+v, want %+v", got, want)
	}
	for i := range want {
		if !sameLock(got[i], want[i]) {
			t.Fatalf("open lock %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func sameLock(a, b collab.Lock) bool {
	times := a.AcquiredAt.Equal(b.AcquiredAt) && a.ExpiresAt.Equal(b.ExpiresAt)
	a.AcquiredAt, a.ExpiresAt = b.AcquiredAt, b.ExpiresAt
	return times && a == b
}

func grantRecord(t *testing.T, l Locker) {
	r := resource()
	join(t, l, r, "usr_001", "s_1")
	want := lock(r, "dosage", "usr_001", "s_1")
	want.Explicit, want.TTL = true, 7*time.Second
	granted, err := l.OpenLock(timeLimit(t), want, collab.Displace{}, func(granted collab.LockGranted) []collab.AuditRow {
		row := auditRow(r, "LOCK_ACQUIRED")
		if granted.Lock.Fence != 1 {
			row.Type = "the fence is not known"
		}
		return []collab.AuditRow{row}
	})
	must(t, err)
	want.Fence = 1
	if !sameLock(granted.Lock, want) || len(granted.Superseded) != 0 {
		t.Fatalf("granted %+v, want %+v", granted, want)
	}
	if head := (collab.Head{Revision: 1, Guard: 1}); granted.Head != head {
		t.Fatalf("head after the grant %+v, want %+v", granted.Head, head)
	}
	wantOpen(t, l, r, want)
	s := load(t, l, r)
	if len(s.Locks) != 1 || !sameLock(s.Locks[0], want) || s.Head != granted.Head {
		t.Fatalf("loaded locks %+v at %+v", s.Locks, s.Head)
	}
	wantPending(t, l, r, "LOCK_ACQUIRED")
}

func fencesGrow(t *testing.T, l Locker) {
	r := resource()
	for want := int64(1); want <= 3; want++ {
		for _, field := range []collab.Field{"a", "b"} {
			granted := grant(t, l, lock(r, field, "usr_001", "s_1")).Lock
			if granted.Fence != want {
				t.Fatalf("fence %d of grant %d", granted.Fence, want)
			}
			_, closed, err := l.CloseLock(timeLimit(t), granted.Key, granted.Fence, collab.LockReleased, start, nil)
			must(t, err)
			if !closed {
				t.Fatal("the lock was closed before")
			}
		}
	}
	whole := grant(t, l, lock(r, "", "usr_001", "s_1")).Lock
	if whole.Fence != 1 {
		t.Fatalf("first fence of the whole resource is %d, want 1", whole.Fence)
	}
}

func lockWithoutDocument(t *testing.T, l Locker) {
	r := resource()
	granted := grant(t, l, lock(r, "", "usr_001", "s_1"))
	if granted.Head != (collab.Head{}) {
		t.Fatalf("head %+v of what has no document", granted.Head)
	}
	if s := load(t, l, r); len(s.Locks) != 1 || s.Head.Revision != 0 {
		t.Fatalf("loaded %+v, want the lock alone", s)
	}
	head, closed, err := l.CloseLock(timeLimit(t), granted.Lock.Key, 1, collab.LockReleased, start, nil)
	must(t, err)
	if !closed || head != (collab.Head{}) {
		t.Fatalf("closed %v at %+v", closed, head)
	}
}

// wantHeld checks that err names the lock that stands in the way.
func wantHeld(t *testing.T, err, want error, by collab.Lock) {
	t.Helper()
	held, ok := errors.AsType[*collab.HeldError](err)
	if !ok || !errors.Is(err, want) {
		t.Fatalf("%v, want a HeldError around %v", err, want)
	}
	if !sameLock(held.Lock, by) {
		t.Fatalf("held by %+v, want %+v", held.Lock, by)
	}
}

func denied(t *testing.T, l Locker) {
	r := resource()
	holder := grant(t, l, lock(r, "dosage", "usr_001", "s_1")).Lock
	audit := func(collab.LockGranted) []collab.AuditRow { return []collab.AuditRow{auditRow(r, "LOCK_ACQUIRED")} }
	_, err := l.OpenLock(timeLimit(t), lock(r, "dosage", "usr_002", "s_2"), collab.Displace{}, audit)
	wantHeld(t, err, collab.ErrHeld, holder)
	_, err = l.OpenLock(timeLimit(t), lock(r, "dosage", "usr_001", "s_3"), collab.Displace{}, audit) // the owner is the session
	wantHeld(t, err, collab.ErrHeld, holder)
	_, err = l.OpenLock(timeLimit(t), lock(r, "dosage", "usr_002", "s_2"), collab.Displace{SameUser: true}, audit) // of another user
	wantHeld(t, err, collab.ErrHeld, holder)
	wantOpen(t, l, r, holder)
	wantPending(t, l, r)
	_, _, err = l.CloseLock(timeLimit(t), holder.Key, holder.Fence, collab.LockReleased, start, nil)
	must(t, err)
	if next := grant(t, l, lock(r, "dosage", "usr_002", "s_2")).Lock; next.Fence != 2 {
		t.Fatalf("fence %d after a denied attempt, want 2", next.Fence)
	}
}

func overlaps(t *testing.T, l Locker) {
	tests := []struct {
		held, wanted collab.Field
		want         error
	}{
		{"", "dosage", collab.ErrOverlaps}, {"dosage", "", collab.ErrOverlaps}, {"values", "values/a", collab.ErrOverlaps},
		{"values/a", "values", collab.ErrOverlaps}, {"values/a", "values/b", nil}, {"dosage", "note", nil},
		{"dosage", "dosage2", nil}, {"", "", collab.ErrHeld},
	}
	for _, tt := range tests {
		r := resource()
		held := grant(t, l, lock(r, tt.held, "usr_001", "s_1")).Lock
		_, err := l.OpenLock(timeLimit(t), lock(r, tt.wanted, "usr_001", "s_2"), collab.Displace{}, nil)
		if tt.want != nil {
			wantHeld(t, err, tt.want, held)
		} else if err != nil {
			t.Errorf("%q is held, %q is wanted: %v", tt.held, tt.wanted, err)
		}
		other := resource()
		if _, err := l.OpenLock(timeLimit(t), lock(other, tt.wanted, "usr_001", "s_2"), collab.Displace{}, nil); err != nil {
			t.Errorf("on another tenant's resource: %v", err)
		}
		if _, err := l.OpenLock(timeLimit(t), lock(r, tt.wanted, "usr_001", "s_1"), collab.Displace{}, nil); tt.want != nil && err != nil {
			t.Errorf("%q is held, %q is wanted by the same session: %v", tt.held, tt.wanted, err)
		}
	}
}

func oneWins(t *testing.T, l Locker) {
	const sessions = 5
	r := resource()
	outcomes := make(chan error, sessions)
	for i := range sessions {
		go func() {
			_, err := l.OpenLock(timeLimit(t), lock(r, "dosage", "usr_001", collab.SessionID(rune('a'+i))), collab.Displace{}, nil)
			outcomes <- err
		}()
	}
	won := 0
	for range sessions {
		err := <-outcomes
		if err == nil {
			won++
		} else if !errors.Is(err, collab.ErrHeld) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Fatalf("%d sessions hold the lock, want 1", won)
	}
}

func takeOver(t *testing.T, l Locker) {
	r := resource()
	join(t, l, r, "usr_001", "s_1")
	old := grant(t, l, lock(r, "dosage", "usr_001", "s_1")).Lock
	granted, err := l.OpenLock(timeLimit(t), lock(r, "dosage", "usr_001", "s_2"), collab.Displace{SameUser: true}, nil)
	must(t, err)
	if granted.Lock.Fence != 2 || len(granted.Superseded) != 1 || !sameLock(granted.Superseded[0], old) {
		t.Fatalf("granted %+v, want fence 2 in the place of %+v", granted, old)
	}
	wantOpen(t, l, r, granted.Lock)
	if _, closed, err := l.CloseLock(timeLimit(t), old.Key, old.Fence, collab.LockReleased, start, nil); closed || err != nil {
		t.Fatalf("the old grant was closed again: %v, %v", closed, err)
	}
	field := grant(t, l, lock(r, "note", "usr_001", "s_1")).Lock
	_, err = l.OpenLock(timeLimit(t), lock(r, "", "usr_001", "s_2"), collab.Displace{SameUser: true}, nil) // another key is not taken over
	wantHeld(t, err, collab.ErrOverlaps, field)
}

func handOver(t *testing.T, l Locker) {
	r := resource()
	join(t, l, r, "usr_001", "s_1")
	whole := grant(t, l, lock(r, "", "usr_001", "s_1")).Lock
	give := collab.Displace{Lock: whole.ID, End: collab.LockReleased}
	granted, err := l.OpenLock(timeLimit(t), lock(r, "dosage", "usr_002", "s_2"), give, nil)
	must(t, err)
	if len(granted.Superseded) != 1 || !sameLock(granted.Superseded[0], whole) || granted.Head != (collab.Head{Revision: 1, Guard: 2}) {
		t.Fatalf("granted %+v, want it in the place of %+v, the guard raised once", granted, whole)
	}
	wantOpen(t, l, r, granted.Lock)
	_, err = l.OpenLock(timeLimit(t), lock(r, "dosage", "usr_003", "s_3"), give, nil) // it was given to another already
	wantHeld(t, err, collab.ErrHeld, granted.Lock)
	note := grant(t, l, lock(r, "note", "usr_003", "s_3")).Lock
	_, err = l.OpenLock(timeLimit(t), lock(r, "", "usr_004", "s_4"), collab.Displace{Lock: granted.Lock.ID}, nil)
	wantHeld(t, err, collab.ErrOverlaps, note) // the other one is not given away
	wantOpen(t, l, r, granted.Lock, note)
}

func breaks(t *testing.T, l Locker) {
	r := resource()
	var held []collab.Lock
	for _, field := range []collab.Field{"dosage", "note"} {
		held = append(held, grant(t, l, lock(r, field, "usr_001", "s_1")).Lock)
	}
	own := grant(t, l, lock(r, "plan", "usr_002", "s_2")).Lock
	granted, err := l.OpenLock(timeLimit(t), lock(r, "", "usr_002", "s_2"), collab.Displace{Any: true, End: collab.LockBroken}, nil)
	must(t, err)
	if len(granted.Superseded) != 2 || !sameLock(granted.Superseded[0], held[0]) || !sameLock(granted.Superseded[1], held[1]) {
		t.Fatalf("it ended %+v, want %+v", granted.Superseded, held)
	}
	wantOpen(t, l, r, granted.Lock, own)
}

func superseded(t *testing.T, l Locker) {
	r := resource()
	old := grant(t, l, lock(r, "dosage", "usr_001", "s_1")).Lock
	granted := grant(t, l, lock(r, "dosage", "usr_001", "s_1"))
	if granted.Lock.Fence != 2 || len(granted.Superseded) != 1 || !sameLock(granted.Superseded[0], old) {
		t.Fatalf("granted %+v, want fence 2 in the place of %+v", granted, old)
	}
	wantOpen(t, l, r, granted.Lock)
}

func extend(t *testing.T, l Locker) {
	r := resource()
	held := grant(t, l, lock(r, "dosage", "usr_001", "s_1")).Lock
	held.ExpiresAt = start.Add(time.Minute)
	must(t, l.ExtendLock(timeLimit(t), held.Key, held.Fence, held.ExpiresAt))
	wantOpen(t, l, r, held)
	if err := l.ExtendLock(timeLimit(t), held.Key, held.Fence+1, start.Add(time.Hour)); !errors.Is(err, collab.ErrLost) {
		t.Fatalf("extending a fence that was not issued: %v, want ErrLost", err)
	}
	_, _, err := l.CloseLock(timeLimit(t), held.Key, held.Fence, collab.LockExpired, start, nil)
	must(t, err)
	if err := l.ExtendLock(timeLimit(t), held.Key, held.Fence, start.Add(time.Hour)); !errors.Is(err, collab.ErrLost) {
		t.Fatalf("extending a closed lock: %v, want ErrLost", err)
	}
}

func ofSession(t *testing.T, l Locker) {
	r, elsewhere := resource(), resource()
	second := r
	second.ID += "/second"
	b := grant(t, l, lock(second, "", "usr_001", "s_1")).Lock
	a := grant(t, l, lock(r, "note", "usr_001", "s_1")).Lock
	grant(t, l, lock(r, "dosage", "usr_001", "s_2"))
	grant(t, l, lock(elsewhere, "note", "usr_001", "s_1"))
	over := grant(t, l, lock(r, "plan", "usr_001", "s_1")).Lock
	_, _, err := l.CloseLock(timeLimit(t), over.Key, over.Fence, collab.LockReleased, start, nil)
	must(t, err)
	found, err := l.LocksOf(timeLimit(t), r.Tenant, "s_1")
	must(t, err)
	if len(found) != 2 || !sameLock(found[0], a) || !sameLock(found[1], b) {
		t.Fatalf("locks %+v, want %+v and %+v", found, a, b)
	}
	if found, err := l.LocksOf(timeLimit(t), r.Tenant, "s_404"); err != nil || len(found) != 0 {
		t.Fatalf("locks of nobody: %+v, %v", found, err)
	}
}

func closedOnce(t *testing.T, l Locker) {
	const closers = 5
	r := resource()
	join(t, l, r, "usr_001", "s_1")
	held := grant(t, l, lock(r, "dosage", "usr_001", "s_1")).Lock
	closed := make(chan bool, closers)
	for range closers {
		go func() {
			audit := []collab.AuditRow{auditRow(r, "LOCK_RELEASED")}
			head, ok, err := l.CloseLock(timeLimit(t), held.Key, held.Fence, collab.LockReleased, start, audit)
			if want := (collab.Head{Revision: 1, Guard: 2}); err != nil || head != want {
				t.Errorf("head %+v, %v, want %+v", head, err, want)
			}
			closed <- ok
		}()
	}
	n := 0
	for range closers {
		if <-closed {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d closed the lock, want 1", n)
	}
	wantOpen(t, l, r)
	wantPending(t, l, r, "LOCK_RELEASED")
}

func expired(t *testing.T, l Locker) {
	r := resource()
	for i, field := range []collab.Field{"a", "b", "c", "d"} {
		it := lock(r, field, "usr_001", "s_1")
		it.ExpiresAt = start.Add(-time.Duration(i) * time.Hour)
		it = grant(t, l, it).Lock
		if field == "c" {
			_, _, err := l.CloseLock(timeLimit(t), it.Key, it.Fence, collab.LockReleased, start, nil)
			must(t, err)
		}
	}
	found, err := l.ExpiredLocks(timeLimit(t), start, 1000)
	must(t, err)
	var fields string
	for _, it := range found {
		if it.Key.Resource == r {
			fields += string(it.Key.Field)
		}
	}
	if fields != "db" {
		t.Fatalf("expired locks of fields %q, want %q", fields, "db")
	}
	if found, err := l.ExpiredLocks(timeLimit(t), start, 1); err != nil || len(found) != 1 {
		t.Fatalf("%d expired locks, %v: want the limit, 1", len(found), err)
	}
}

func guardRaised(t *testing.T, l Locker) {
	r := resource()
	before := join(t, l, r, "usr_001", "s_1").Head
	granted := grant(t, l, lock(r, "dosage", "usr_001", "s_1"))
	stale := collab.Batch{Resource: r, Expect: before, Entries: []collab.Entry{entry(2)}}
	if c := commit(t, l, stale); !errors.Is(c.Err, collab.ErrStale) {
		t.Fatalf("appending what was checked before the grant: %v, want ErrStale", c.Err)
	}
	held := appendOK(t, l, collab.Batch{Resource: r, Expect: granted.Head, Entries: []collab.Entry{entry(2)}})
	if want := (collab.Head{Revision: 2, Guard: 1}); held != want {
		t.Fatalf("head %+v, want %+v", held, want)
	}
	head, _, err := l.CloseLock(timeLimit(t), granted.Lock.Key, granted.Lock.Fence, collab.LockReleased, start, nil)
	must(t, err)
	stale = collab.Batch{Resource: r, Expect: held, Entries: []collab.Entry{entry(3)}}
	if c := commit(t, l, stale); !errors.Is(c.Err, collab.ErrStale) {
		t.Fatalf("appending what was checked before the end: %v, want ErrStale", c.Err)
	}
	appendOK(t, l, collab.Batch{Resource: r, Expect: head, Entries: []collab.Entry{entry(3)}})
}
