package drivertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"corsia/shared/collab"
)

// PresenceKeeper is the port of the members of rooms.
type PresenceKeeper interface {
	Enter(ctx context.Context, m collab.Member) ([]collab.Member, error)
	Leave(ctx context.Context, m collab.Member) (lastOfUser bool, err error)
	Members(ctx context.Context, res collab.Resource) ([]collab.Member, error)
	RenewMember(ctx context.Context, m collab.Member) error
}

// Presence checks rules R1 to R5 as far as the state driver answers for them.
func Presence(t *testing.T, open func(*testing.T) (PresenceKeeper, Clock)) {
	cases := []struct {
		name string
		run  func(*testing.T, PresenceKeeper, Clock)
	}{
		{"R1 entering answers with all members in the order of joining", enter},
		{"R1 a user has the lowest colour that is free, the same in all sessions", colors},
		{"R1 the ninth user shares a colour and still has only one", ninthColor},
		{"R1 of users that enter at once none shares a colour", colorsAtOnce},
		{"R3 leaving says whether it was the user's last session, once", leaveRoom},
		{"R4 a session that enters again replaces what it was", enterAgain},
		{"R5 members that are not renewed are forgotten", membersExpire},
		{"R5 renewing makes a forgotten member one again, with its colour", renewForgotten},
		{"2 rooms of two tenants never meet", roomsApart},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			k, pass := open(t)
			c.run(t, k, pass)
		})
	}
}

// member returns a member whose nth session entered the room as the nth.
func member(r collab.Resource, user collab.UserID, n int) collab.Member {
	return collab.Member{
		Resource: r, Session: collab.SessionID(fmt.Sprintf("s_%02d", n)), User: user, Name: "Dr Rossi", Role: "surgeon",
		Mode: collab.Editor, Instance: "i_1", JoinedAt: start.Add(time.Duration(n) * time.Second),
	}
}

func enterOK(t *testing.T, k PresenceKeeper, m collab.Member) []collab.Member {
	t.Helper()
	all, err := k.Enter(timeLimit(t), m)
	must(t, err)
	return all
}

func colored(m collab.Member, color int) collab.Member {
	m.Color = color
	return m
}

func wantMembers(t *testing.T, got []collab.Member, want ...collab.Member) {
	t.Helper()
	same := slices.EqualFunc(got, want, func(a, b collab.Member) bool {
		at := a.JoinedAt.Equal(b.JoinedAt)
		a.JoinedAt = b.JoinedAt
		return at && a == b
	})
	if !same {
		t.Fatalf("members %+v, want %+v", got, want)
	}
}

func wantRoom(t *testing.T, k PresenceKeeper, r collab.Resource, want ...collab.Member) {
	t.Helper()
	got, err := k.Members(timeLimit(t), r)
	must(t, err)
	wantMembers(t, got, want...)
}

func enter(t *testing.T, k PresenceKeeper, _ Clock) {
	r := resource()
	a, b := member(r, "usr_001", 1), member(r, "usr_002", 2)
	b.Mode = collab.Viewer
	wantMembers(t, enterOK(t, k, b), b)
	b.Color = 0
	wantMembers(t, enterOK(t, k, a), colored(a, 1), b)
	wantRoom(t, k, r, colored(a, 1), b)
	wantRoom(t, k, resource())
}

func colors(t *testing.T, k PresenceKeeper, _ Clock) {
	r := resource()
	a, a2, b, c := member(r, "usr_001", 1), member(r, "usr_001", 2), member(r, "usr_002", 3), member(r, "usr_003", 4)
	enterOK(t, k, a)
	enterOK(t, k, a2)
	enterOK(t, k, b)
	wantMembers(t, enterOK(t, k, c), a, a2, colored(b, 1), colored(c, 2))
	_, err := k.Leave(timeLimit(t), b)
	must(t, err)
	d := member(r, "usr_004", 5)
	wantMembers(t, enterOK(t, k, d), a, a2, colored(c, 2), colored(d, 1))
	_, err = k.Leave(timeLimit(t), a)
	must(t, err)
	e := member(r, "usr_005", 6) // usr_001 still has colour 0 in its other session
	wantMembers(t, enterOK(t, k, e), a2, colored(c, 2), colored(d, 1), colored(e, 3))
}

func ninthColor(t *testing.T, k PresenceKeeper, _ Clock) {
	r := resource()
	for n := range 8 {
		enterOK(t, k, member(r, collab.UserID(rune('a'+n)), n))
	}
	ninth, again := member(r, "usr_009", 8), member(r, "usr_009", 9)
	enterOK(t, k, ninth)
	all := enterOK(t, k, again)
	if a, b := all[8].Color, all[9].Color; a != b || a < 0 || a > 7 {
		t.Fatalf("colours %d and %d of the ninth user's sessions, want one of the palette", a, b)
	}
}

func colorsAtOnce(t *testing.T, k PresenceKeeper, _ Clock) {
	const users = 8
	r := resource()
	var all sync.WaitGroup
	for n := range users {
		all.Go(func() { enterOK(t, k, member(r, collab.UserID(rune('a'+n)), n)) })
	}
	all.Wait()
	members, err := k.Members(timeLimit(t), r)
	must(t, err)
	taken := map[int]bool{}
	for _, m := range members {
		taken[m.Color] = true
	}
	if len(members) != users || len(taken) != users {
		t.Fatalf("%d members have %d colours, want %d of both", len(members), len(taken), users)
	}
}

func leaveRoom(t *testing.T, k PresenceKeeper, _ Clock) {
	r := resource()
	a, a2 := member(r, "usr_001", 1), member(r, "usr_001", 2)
	enterOK(t, k, a)
	enterOK(t, k, a2)
	enterOK(t, k, member(r, "usr_002", 3))
	for i, want := range []bool{false, true, false} {
		leaver := []collab.Member{a, a2, a2}[i]
		last, err := k.Leave(timeLimit(t), leaver)
		must(t, err)
		if last != want {
			t.Fatalf("leaving %d: last of its user %v, want %v", i+1, last, want)
		}
	}
	wantRoom(t, k, r, colored(member(r, "usr_002", 3), 1))
}

func enterAgain(t *testing.T, k PresenceKeeper, _ Clock) {
	r := resource()
	m := member(r, "usr_001", 1)
	enterOK(t, k, m)
	enterOK(t, k, member(r, "usr_002", 2))
	m.Mode = collab.Viewer
	wantMembers(t, enterOK(t, k, m), m, colored(member(r, "usr_002", 2), 1))
}

func membersExpire(t *testing.T, k PresenceKeeper, pass Clock) {
	r := resource()
	a, b := member(r, "usr_001", 1), member(r, "usr_002", 2)
	enterOK(t, k, a)
	enterOK(t, k, b)
	pass(RoomTTL / 2)
	must(t, k.RenewMember(timeLimit(t), colored(b, 1)))
	pass(RoomTTL/2 + time.Second)
	wantRoom(t, k, r, colored(b, 1))
	c := member(r, "usr_003", 3)
	wantMembers(t, enterOK(t, k, c), colored(b, 1), c)
}

func renewForgotten(t *testing.T, k PresenceKeeper, pass Clock) {
	r := resource()
	enterOK(t, k, member(r, "usr_001", 1))
	b := member(r, "usr_002", 2)
	enterOK(t, k, b)
	pass(RoomTTL + time.Second)
	wantRoom(t, k, r)
	must(t, k.RenewMember(timeLimit(t), colored(b, 1)))
	wantRoom(t, k, r, colored(b, 1))
}

func roomsApart(t *testing.T, k PresenceKeeper, _ Clock) {
	a, b := member(resource(), "usr_001", 1), member(resource(), "usr_001", 1)
	enterOK(t, k, a)
	wantMembers(t, enterOK(t, k, b), b)
	last, err := k.Leave(timeLimit(t), b)
	must(t, err)
	if !last {
		t.Fatal("the other tenant's session counts")
	}
	wantRoom(t, k, a.Resource, a)
}
