package drivertest

import (
	"context"
	"slices"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Sessions are checked with these lifetimes, which a driver under test is opened with.
const (
	SessionTTL  = 8 * time.Second
	ActivityTTL = 3 * time.Second
	RoomTTL     = 4 * time.Second
)

// A Clock lets time pass for a driver: it advances a clock of its own, or sleeps.
type Clock func(d time.Duration)

// SessionKeeper is the port of live sessions and of their users' activity.
type SessionKeeper interface {
	OpenSession(ctx context.Context, s collab.Session) (sessionsOfUser int, err error)
	TouchSession(ctx context.Context, s collab.Session, at time.Time) error
	CloseSession(ctx context.Context, s collab.Session) error
	SessionsOf(ctx context.Context, tenant collab.Tenant, user collab.UserID) ([]collab.Session, error)
	LastActive(ctx context.Context, tenant collab.Tenant, user collab.UserID) (time.Time, bool, error)
}

// Sessions checks rules C5 and C8 as far as the state driver answers for them.
func Sessions(t *testing.T, open func(*testing.T) (SessionKeeper, Clock)) {
	t.Run("C8 opening counts the sessions of the user", func(t *testing.T) {
		k, _ := open(t)
		tenant := resource().Tenant
		a, b := session(tenant, "usr_001", 1), session(tenant, "usr_001", 2)
		wantCount(t, k, session(tenant, "usr_002", 3), 1)
		wantCount(t, k, a, 1)
		wantCount(t, k, b, 2)
		wantCount(t, k, b, 2) // again
		wantCount(t, k, session(resource().Tenant, "usr_001", 4), 1)
		wantSessions(t, k, tenant, "usr_001", a, b)
		must(t, k.CloseSession(timeLimit(t), a))
		must(t, k.CloseSession(timeLimit(t), a))
		wantSessions(t, k, tenant, "usr_001", b)
		wantSessions(t, k, tenant, "usr_404")
	})
	t.Run("C5 activity renews a session, and what is not renewed is forgotten", func(t *testing.T) {
		k, pass := open(t)
		tenant := resource().Tenant
		a, b := session(tenant, "usr_001", 1), session(tenant, "usr_001", 2)
		wantCount(t, k, a, 1)
		wantCount(t, k, b, 2)
		pass(SessionTTL / 2)
		must(t, k.TouchSession(timeLimit(t), a, start))
		pass(SessionTTL/2 + time.Second)
		wantSessions(t, k, tenant, "usr_001", a)
		wantCount(t, k, b, 2)
	})
	t.Run("C5 a forgotten session is recorded again by its activity", func(t *testing.T) {
		k, _ := open(t)
		tenant := resource().Tenant
		a := session(tenant, "usr_001", 1)
		must(t, k.TouchSession(timeLimit(t), a, start))
		wantSessions(t, k, tenant, "usr_001", a)
	})
	t.Run("C5 the stamp of the last activity ends", func(t *testing.T) {
		k, pass := open(t)
		tenant := resource().Tenant
		a := session(tenant, "usr_001", 1)
		wantCount(t, k, a, 1)
		at := time.Now().Add(time.Hour).Truncate(time.Millisecond)
		must(t, k.TouchSession(timeLimit(t), a, at))
		got, active, err := k.LastActive(timeLimit(t), tenant, "usr_001")
		must(t, err)
		if !active || !got.Equal(at) {
			t.Fatalf("last active %v (%v), want %v", got, active, at)
		}
		pass(ActivityTTL + time.Second)
		if _, active, err := k.LastActive(timeLimit(t), tenant, "usr_001"); active || err != nil {
			t.Fatalf("still active after %v: %v", ActivityTTL, err)
		}
		wantSessions(t, k, tenant, "usr_001", a)
	})
}

// session returns the nth session that connected.
func session(tenant collab.Tenant, user collab.UserID, n int) collab.Session {
	return collab.Session{
		ID: collab.SessionID(rune('a' + n)), Tenant: tenant, User: user, Name: "Dr Rossi", Role: "surgeon", Instance: "i_1",
		ConnectedAt: start.Add(time.Duration(n) * time.Second),
	}
}

func wantCount(t *testing.T, k SessionKeeper, s collab.Session, want int) {
	t.Helper()
	n, err := k.OpenSession(timeLimit(t), s)
	must(t, err)
	if n != want {
		t.Fatalf("the user has %d sessions, want %d", n, want)
	}
}

func wantSessions(t *testing.T, k SessionKeeper, tenant collab.Tenant, user collab.UserID, want ...collab.Session) {
	t.Helper()
	got, err := k.SessionsOf(timeLimit(t), tenant, user)
	must(t, err)
	same := slices.EqualFunc(got, want, func(a, b collab.Session) bool {
		at := a.ConnectedAt.Equal(b.ConnectedAt)
		a.ConnectedAt = b.ConnectedAt
		return at && a == b
	})
	if !same {
		t.Fatalf("sessions %+v, want %+v", got, want)
	}
}
