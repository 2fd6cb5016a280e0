package drivertest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Claimer is the port of sessions that another instance takes over.
type Claimer interface {
	ClaimSession(ctx context.Context, c collab.Claim) (collab.Session, []collab.Member, error)
	SessionKeeper
	PresenceKeeper
}

// Claims checks rule C11 as far as the state driver answers for it.
func Claims(t *testing.T, open func(*testing.T) (Claimer, Clock)) {
	cases := []struct {
		name string
		run  func(*testing.T, Claimer, Clock)
	}{
		{"C11 a claim takes the session over with its places", claimed},
		{"C11 a claim where the session is changes the key alone", claimedInPlace},
		{"C11 a wrong key, another user or another tenant claims nothing", claimedWrongly},
		{"C11 of several claims at once one wins", claimedAtOnce},
		{"C11 a claim whose answer was lost is made again", claimedAgain},
		{"C11 who lost a session does not take it back", lostSession},
		{"C11 who lost a session does not take back its places", lostPlaces},
		{"C11 a session that ended or expired is not claimed", claimedTooLate},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			k, pass := open(t)
			c.run(t, k, pass)
		})
	}
}

// resumable returns a session that can be claimed with the hash "shown", in its tenant's room, and the claim.
func resumable(t *testing.T, k Claimer) (collab.Session, collab.Member, collab.Claim) {
	t.Helper()
	r := resource()
	s := session(r.Tenant, "usr:001", 1)
	s.ResumeHash = "shown"
	wantCount(t, k, s, 1)
	m := member(r, s.User, 1)
	m.Session = s.ID
	enterOK(t, k, m)
	return s, m, collab.Claim{Tenant: s.Tenant, User: s.User, Session: s.ID, Instance: "i_2", Hash: "shown", Next: "next"}
}

// claimOK claims a session, which must come with the same facts and the places.
func claimOK(t *testing.T, k Claimer, c collab.Claim, was collab.Session, places ...collab.Member) collab.Session {
	t.Helper()
	got, rooms, err := k.ClaimSession(timeLimit(t), c)
	must(t, err)
	want := was
	want.Instance, want.ResumeHash, want.ConnectedAt = c.Instance, c.Next, got.ConnectedAt
	if got != want || !got.ConnectedAt.Equal(was.ConnectedAt) {
		t.Fatalf("claimed %+v, want %+v", got, want)
	}
	for i := range places {
		places[i].Instance = c.Instance
	}
	byRoom := func(a, b collab.Member) int { return cmp.Compare(a.Resource.ID, b.Resource.ID) }
	slices.SortFunc(rooms, byRoom)
	slices.SortFunc(places, byRoom)
	wantMembers(t, rooms, places...)
	return got
}

func wantNoClaim(t *testing.T, k Claimer, c collab.Claim, want error) {
	t.Helper()
	if s, rooms, err := k.ClaimSession(timeLimit(t), c); !errors.Is(err, want) {
		t.Fatalf("claimed %+v with %d places, %v: want %v", s, len(rooms), err, want)
	}
}

func claimed(t *testing.T, k Claimer, _ Clock) {
	s, m, c := resumable(t, k)
	viewer := m
	viewer.Resource.ID, viewer.Mode = "page:/100% sure|a#b:user", collab.Viewer
	enterOK(t, k, viewer)
	colleague := member(m.Resource, s.User, 2)
	colleague.Session = "another tab"
	enterOK(t, k, colleague)
	left := m
	left.Resource.ID = "page:/left"
	enterOK(t, k, left)
	_, err := k.Leave(timeLimit(t), left)
	must(t, err)

	got := claimOK(t, k, c, s, m, viewer)
	wantSessions(t, k, s.Tenant, s.User, got)
	m.Instance = c.Instance
	wantRoom(t, k, m.Resource, m, colleague)
	must(t, k.TouchSession(timeLimit(t), got, start))
	must(t, k.RenewMember(timeLimit(t), m))
	next := collab.Claim{Tenant: s.Tenant, User: s.User, Session: s.ID, Instance: "i_3", Hash: "next", Next: "third"}
	claimOK(t, k, next, got, m, viewer)
}

func claimedInPlace(t *testing.T, k Claimer, _ Clock) {
	s, m, c := resumable(t, k)
	stray := m // of an instance that has lost the session and does not know it yet
	stray.Resource.ID, stray.Instance = "page:/elsewhere", "i_0"
	enterOK(t, k, stray)
	c.Instance = s.Instance
	_, _, err := k.ClaimSession(timeLimit(t), c)
	must(t, err)
	wantRoom(t, k, m.Resource, m)
	wantRoom(t, k, stray.Resource, stray)
}

func claimedAgain(t *testing.T, k Claimer, _ Clock) {
	s, m, c := resumable(t, k)
	claimOK(t, k, c, s, m)
	claimOK(t, k, c, s, m)
	other := c
	other.Instance = "i_3"
	wantNoClaim(t, k, other, collab.ErrLost)
}

func claimedWrongly(t *testing.T, k Claimer, _ Clock) {
	s, m, c := resumable(t, k)
	wrong := c
	wrong.Hash = "guessed"
	wantNoClaim(t, k, wrong, collab.ErrLost)
	wrong = c
	wrong.User = "usr:002"
	wantNoClaim(t, k, wrong, collab.ErrNotFound)
	wrong = c
	wrong.Tenant += "x"
	wantNoClaim(t, k, wrong, collab.ErrNotFound)
	wrong = c
	wrong.Session = "s_404"
	wantNoClaim(t, k, wrong, collab.ErrNotFound)
	plain := session(s.Tenant, s.User, 2) // has no key
	wantCount(t, k, plain, 2)
	wrong = c
	wrong.Session, wrong.Hash = plain.ID, ""
	wantNoClaim(t, k, wrong, collab.ErrLost)
	wantSessions(t, k, s.Tenant, s.User, s, plain)
	wantRoom(t, k, m.Resource, m)
}

func claimedAtOnce(t *testing.T, k Claimer, _ Clock) {
	const claims = 5
	_, _, c := resumable(t, k)
	outcomes := make(chan error, claims)
	for i := range claims {
		mine := c
		mine.Next = string(rune('a' + i))
		go func() {
			_, _, err := k.ClaimSession(timeLimit(t), mine)
			outcomes <- err
		}()
	}
	won := 0
	for range claims {
		err := <-outcomes
		if err == nil {
			won++
		} else if !errors.Is(err, collab.ErrLost) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Fatalf("%d claims won, want 1", won)
	}
}

func lostSession(t *testing.T, k Claimer, _ Clock) {
	s, m, c := resumable(t, k)
	got := claimOK(t, k, c, s, m)
	if err := k.TouchSession(timeLimit(t), s, start.Add(time.Hour)); !errors.Is(err, collab.ErrLost) {
		t.Fatalf("touching: %v, want ErrLost", err)
	}
	if err := k.CloseSession(timeLimit(t), s); !errors.Is(err, collab.ErrLost) {
		t.Fatalf("closing: %v, want ErrLost", err)
	}
	wantSessions(t, k, s.Tenant, s.User, got)
	must(t, k.CloseSession(timeLimit(t), got))
	wantSessions(t, k, s.Tenant, s.User)
}

func lostPlaces(t *testing.T, k Claimer, _ Clock) {
	s, m, c := resumable(t, k)
	claimOK(t, k, c, s, m)
	if err := k.RenewMember(timeLimit(t), m); !errors.Is(err, collab.ErrLost) {
		t.Fatalf("renewing: %v, want ErrLost", err)
	}
	if last, err := k.Leave(timeLimit(t), m); last || !errors.Is(err, collab.ErrLost) {
		t.Fatalf("leaving: %v, %v, want ErrLost", last, err)
	}
	mine := m
	mine.Instance = c.Instance
	wantRoom(t, k, m.Resource, mine)
	wantMembers(t, enterOK(t, k, m), m) // who joins again has it, whoever it was
}

func claimedTooLate(t *testing.T, k Claimer, pass Clock) {
	s, m, c := resumable(t, k)
	pass(RoomTTL + time.Second) // its place has expired, the session has not
	got := claimOK(t, k, c, s)
	wantRoom(t, k, m.Resource)
	must(t, k.CloseSession(timeLimit(t), got))
	c.Hash = c.Next
	wantNoClaim(t, k, c, collab.ErrNotFound)

	s, _, c = resumable(t, k)
	pass(SessionTTL + time.Second)
	wantNoClaim(t, k, c, collab.ErrNotFound)
	must(t, k.TouchSession(timeLimit(t), s, start))
}
