package drivertest

import (
	"context"
	"slices"
	"testing"
	"time"

	"corsia/shared/collab"
)

// InstanceTTL is how long the suite announces instances for.
const InstanceTTL = 2 * time.Second

// InstanceKeeper is the port of the instances that live.
type InstanceKeeper interface {
	Announce(ctx context.Context, i collab.Instance, ttl time.Duration) (known bool, err error)
	Withdraw(ctx context.Context, i collab.Instance) error
	Instances(ctx context.Context) ([]collab.Instance, error)
}

// Instances checks rule C3 as far as the state driver answers for it.
func Instances(t *testing.T, open func(*testing.T) (InstanceKeeper, Clock)) {
	cases := []struct {
		name string
		run  func(*testing.T, InstanceKeeper, Clock)
	}{
		{"C3 an announced instance is found with all that it said", announceInstance},
		{"C3 an instance that is not renewed is gone, one that is stays", instancesExpire},
		{"C3 a late announcement tells that the instance was forgotten", lateAnnouncement},
		{"C3 a withdrawn instance is gone at once", withdrawInstance},
		{"C3 an old process does not withdraw a new one of its name", withdrawNamesake},
		{"C3 names with separators do not meet", strangeInstances},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			k, pass := open(t)
			c.run(t, k, pass)
		})
	}
}

// instance returns one whose name nobody else uses; a driver may keep those of other cases too.
func instance(prefix string) collab.Instance {
	return collab.Instance{ID: collab.InstanceID(prefix) + collab.NewInstanceID(), Addr: "10.0.0.1:8080", Version: "1.2.3", StartedAt: start}
}

func announceOK(t *testing.T, k InstanceKeeper, i collab.Instance, wantKnown bool) {
	t.Helper()
	known, err := k.Announce(timeLimit(t), i, InstanceTTL)
	must(t, err)
	if known != wantKnown {
		t.Fatalf("announcing %s: known %v, want %v", i.ID, known, wantKnown)
	}
}

// wantInstances checks which of some instances are found, in the order of their ids.
func wantInstances(t *testing.T, k InstanceKeeper, of []collab.Instance, want ...collab.Instance) {
	t.Helper()
	all, err := k.Instances(timeLimit(t))
	must(t, err)
	if !slices.IsSortedFunc(all, compareIDs) {
		t.Fatalf("instances %+v are not in the order of their ids", all)
	}
	all = slices.DeleteFunc(all, func(i collab.Instance) bool {
		return !slices.ContainsFunc(of, func(o collab.Instance) bool { return o.ID == i.ID })
	})
	slices.SortFunc(want, compareIDs)
	same := slices.EqualFunc(all, want, func(a, b collab.Instance) bool {
		return a.Same(b) && a.Addr == b.Addr && a.Version == b.Version
	})
	if !same {
		t.Fatalf("instances %+v, want %+v", all, want)
	}
}

func compareIDs(a, b collab.Instance) int {
	if a.ID < b.ID {
		return -1
	}
	return 1
}

func announceInstance(t *testing.T, k InstanceKeeper, _ Clock) {
	a, b := instance("a"), instance("b")
	b.Addr, b.Version, b.StartedAt = "https://gateway-2.ward.example:8443", "", start.Add(time.Hour)
	both := []collab.Instance{a, b}
	wantInstances(t, k, both)
	announceOK(t, k, b, false)
	announceOK(t, k, a, false)
	wantInstances(t, k, both, a, b)
	a.Addr, a.StartedAt = "10.0.0.9:8080", start.Add(time.Minute) // another life
	announceOK(t, k, a, true)
	wantInstances(t, k, both, a, b)
}

func instancesExpire(t *testing.T, k InstanceKeeper, pass Clock) {
	a, b := instance("a"), instance("b")
	both := []collab.Instance{a, b}
	announceOK(t, k, a, false)
	announceOK(t, k, b, false)
	pass(InstanceTTL * 3 / 4)
	announceOK(t, k, b, true)
	pass(InstanceTTL / 2)
	wantInstances(t, k, both, b)
}

func lateAnnouncement(t *testing.T, k InstanceKeeper, pass Clock) {
	a := instance("a")
	announceOK(t, k, a, false)
	pass(InstanceTTL + 500*time.Millisecond)
	announceOK(t, k, a, false)
	announceOK(t, k, a, true)
	wantInstances(t, k, []collab.Instance{a}, a)
}

func withdrawInstance(t *testing.T, k InstanceKeeper, _ Clock) {
	a, b := instance("a"), instance("b")
	announceOK(t, k, a, false)
	announceOK(t, k, b, false)
	must(t, k.Withdraw(timeLimit(t), a))
	must(t, k.Withdraw(timeLimit(t), a))
	wantInstances(t, k, []collab.Instance{a, b}, b)
	announceOK(t, k, a, false)
}

func withdrawNamesake(t *testing.T, k InstanceKeeper, _ Clock) {
	older := instance("a")
	newer := older
	newer.StartedAt = start.Add(time.Second)
	announceOK(t, k, older, false)
	announceOK(t, k, newer, true)
	must(t, k.Withdraw(timeLimit(t), older))
	wantInstances(t, k, []collab.Instance{older}, newer)
}

func strangeInstances(t *testing.T, k InstanceKeeper, _ Clock) {
	a := instance("a")
	b := a
	a.ID, b.ID = a.ID+"%3A|#", b.ID+":|#"
	announceOK(t, k, a, false)
	announceOK(t, k, b, false)
	wantInstances(t, k, []collab.Instance{a, b}, a, b)
}
