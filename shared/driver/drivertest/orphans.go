package drivertest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"

	"corsia/shared/collab"
)

// OrphanKeeper is the port of the sessions that instances leave behind when they die.
type OrphanKeeper interface {
	Orphans(ctx context.Context, gone func(collab.InstanceID) bool) ([]collab.Orphan, error)
	Claimer
}

// Orphans checks rules R5 and F5 as far as the state driver answers for them.
func Orphans(t *testing.T, open func(*testing.T) OrphanKeeper) {
	cases := []struct {
		name string
		run  func(*testing.T, OrphanKeeper)
	}{
		{"R5 the sessions of an instance that is gone are found with their places", orphaned},
		{"C11 an orphan is claimed once, and is no orphan then", claimedOrphan},
		{"R5 a session that was closed is no orphan", closedOrphan},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// orphan opens a session of an instance and enters it into rooms of its tenant.
func orphan(t *testing.T, k OrphanKeeper, i collab.InstanceID, r collab.Resource, n int, rooms ...collab.ResourceID) collab.Orphan {
	t.Helper()
	s := session(r.Tenant, collab.UserID(rune('a'+n)), n)
	s.Instance, s.ResumeHash = i, "shown"
	wantCount(t, k, s, 1)
	o := collab.Orphan{Session: s}
	for _, id := range rooms {
		m := member(collab.Resource{Tenant: r.Tenant, ID: id}, s.User, n)
		m.Session, m.Instance = s.ID, i
		for _, is := range enterOK(t, k, m) {
			if is.Session == m.Session {
				m.Color = is.Color
			}
		}
		o.Rooms = append(o.Rooms, m)
	}
	return o
}

// wantOrphans checks what is found of instances.
func wantOrphans(t *testing.T, k OrphanKeeper, gone []collab.InstanceID, want ...collab.Orphan) {
	t.Helper()
	got, err := k.Orphans(timeLimit(t), func(id collab.InstanceID) bool { return slices.Contains(gone, id) })
	must(t, err)
	byRoom := func(a, b collab.Member) int { return cmp.Compare(a.Resource.ID, b.Resource.ID) }
	bySession := func(a, b collab.Orphan) int { return cmp.Compare(a.Session.ID, b.Session.ID) }
	slices.SortFunc(got, bySession)
	slices.SortFunc(want, bySession)
	if len(got) != len(want) {
		t.Fatalf("%d orphans %+v, want %d", len(got), got, len(want))
	}
	for i := range got {
		is, was := got[i].Session, want[i].Session
		at := is.ConnectedAt.Equal(was.ConnectedAt)
		is.ConnectedAt = was.ConnectedAt
		if !at || is != was {
			t.Fatalf("orphan %+v, want %+v", got[i].Session, was)
		}
		slices.SortFunc(got[i].Rooms, byRoom)
		slices.SortFunc(want[i].Rooms, byRoom)
		wantMembers(t, got[i].Rooms, want[i].Rooms...)
	}
}

func orphaned(t *testing.T, k OrphanKeeper) {
	dead, gone, alive := collab.NewInstanceID(), collab.NewInstanceID(), collab.NewInstanceID()
	r, other := resource(), resource()
	a := orphan(t, k, dead, r, 1, "page:/1", "page:/100% sure|a#b:user")
	b := orphan(t, k, gone, r, 2, "page:/1")
	c := orphan(t, k, dead, other, 3)
	orphan(t, k, alive, r, 4, "page:/1")
	wantOrphans(t, k, []collab.InstanceID{dead, gone}, a, b, c)
	wantOrphans(t, k, []collab.InstanceID{gone}, b)
	wantOrphans(t, k, nil)
}

func claimedOrphan(t *testing.T, k OrphanKeeper) {
	dead := collab.NewInstanceID()
	o := orphan(t, k, dead, resource(), 1, "page:/1", "page:/2")
	c := collab.Claim{Tenant: o.Session.Tenant, User: o.Session.User, Session: o.Session.ID, Instance: "i_2", Hash: o.Session.ResumeHash, Next: "next"}
	heir := claimOK(t, k, c, o.Session, o.Rooms...)
	late := c
	late.Instance, late.Next = "i_3", "third"
	wantNoClaim(t, k, late, collab.ErrLost)
	wantOrphans(t, k, []collab.InstanceID{dead})
	for _, m := range o.Rooms {
		m.Instance = dead
		if _, err := k.Leave(timeLimit(t), m); !errors.Is(err, collab.ErrLost) {
			t.Fatalf("leaving a claimed place: %v, want ErrLost", err)
		}
		m.Instance = "i_2"
		last, err := k.Leave(timeLimit(t), m)
		must(t, err)
		if !last {
			t.Fatal("it was the last session of its user")
		}
	}
	must(t, k.CloseSession(timeLimit(t), heir))
	wantSessions(t, k, o.Session.Tenant, o.Session.User)
}

func closedOrphan(t *testing.T, k OrphanKeeper) {
	dead := collab.NewInstanceID()
	o := orphan(t, k, dead, resource(), 1, "page:/1")
	_, err := k.Leave(timeLimit(t), o.Rooms[0])
	must(t, err)
	wantOrphans(t, k, []collab.InstanceID{dead}, collab.Orphan{Session: o.Session})
	must(t, k.CloseSession(timeLimit(t), o.Session))
	wantOrphans(t, k, []collab.InstanceID{dead})
}
