package drivertest

import (
	"context"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Recoverer is the port of recoveries.
type Recoverer interface {
	DocumentEpoch(ctx context.Context) (int64, error)
	OpenRecovery(ctx context.Context, r collab.Recovery, audit []collab.AuditRow) error
	CloseRecoveries(ctx context.Context, tenant collab.Tenant, at time.Time, audit []collab.AuditRow) error
	Recoveries(ctx context.Context) ([]collab.Recovery, error)
	Journaler
}

// Recoveries checks rule D8 as far as the store answers for it. Restore does to the store what a restore does: it opens the
// second epoch.
func Recoveries(t *testing.T, open func(*testing.T) Recoverer, restore func(*testing.T)) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	v, r := open(t), resource()
	window := collab.Recovery{Tenant: r.Tenant, Epoch: 3, OpenedAt: now, Until: now.Add(time.Hour), By: "usr_dba", Reason: "disk failed"}
	t.Run("D8 a recovery is open until its end", func(t *testing.T) {
		must(t, v.OpenRecovery(timeLimit(t), window, []collab.AuditRow{auditRow(r, "ADMIN_ACTION")}))
		wantPending(t, v, r, "ADMIN_ACTION")
		ended := window
		ended.Epoch, ended.Until = 2, now.Add(-time.Second)
		must(t, v.OpenRecovery(timeLimit(t), ended, nil))
		wantRecoveries(t, v, r.Tenant, window)
	})
	t.Run("D8 a recovery that is opened again lasts as said then", func(t *testing.T) {
		window.Until, window.Reason = now.Add(time.Minute), "the same disk again"
		must(t, v.OpenRecovery(timeLimit(t), window, nil))
		wantRecoveries(t, v, r.Tenant, window)
	})
	t.Run("D8 who closes a recovery closes those of the tenant alone", func(t *testing.T) {
		all := window
		all.Tenant = collab.AllTenants
		must(t, v.OpenRecovery(timeLimit(t), all, nil))
		must(t, v.CloseRecoveries(timeLimit(t), r.Tenant, now, nil))
		wantRecoveries(t, v, r.Tenant)
		wantRecoveries(t, v, collab.AllTenants, all)
		must(t, v.CloseRecoveries(timeLimit(t), collab.AllTenants, now, nil))
		wantRecoveries(t, v, collab.AllTenants)
	})
	t.Run("D8 documents and client ids know the life that they were made in", func(t *testing.T) {
		wantEpoch(t, v, 0)
		restore(t)
		wantEpoch(t, v, 1)
		joined, err := v.Join(timeLimit(t), collab.Join{Resource: r, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: start})
		must(t, err)
		if want := (collab.Head{Revision: 1, Epoch: 1}); joined.Head != want || !joined.Created {
			t.Fatalf("a document that was created after a restore is at %+v, want %+v", joined.Head, want)
		}
		if joined.Client <= collab.ClientsPerEpoch {
			t.Fatalf("its first client id is %d: one like it may have been granted before the restore", joined.Client)
		}
		if saved, err := v.SaveState(timeLimit(t), collab.State{Resource: r, Revision: 2, Epoch: 1, State: []byte{0, 0}, At: start}); err != nil || !saved {
			t.Fatalf("its state is not of its epoch: %v", err)
		}
		done := make(chan collab.Committed, 1)
		v.Append(collab.Batch{Resource: r, Expect: joined.Head, Bind: []collab.Owner{
			{Client: 77, User: "usr_002", Session: "s_2", Used: true, Retired: true}, // of the life before
			{Client: 78, User: "usr_002", Session: "s_2", Used: true, Epoch: 1},
		}}, done)
		must(t, (<-done).Err)
		snap, err := v.Load(timeLimit(t), r)
		must(t, err)
		epochs := map[collab.ClientID]int64{}
		for _, o := range snap.Owners {
			epochs[o.Client] = o.Epoch
		}
		if epochs[joined.Client] != 1 || epochs[77] != 0 || epochs[78] != 1 {
			t.Fatalf("client ids are of the epochs %v", epochs)
		}
	})
}

func wantEpoch(t *testing.T, v Recoverer, want int64) {
	t.Helper()
	got, err := v.DocumentEpoch(timeLimit(t))
	must(t, err)
	if got != want {
		t.Fatalf("documents are in epoch %d, want %d", got, want)
	}
}

func wantRecoveries(t *testing.T, v Recoverer, tenant collab.Tenant, want ...collab.Recovery) {
	t.Helper()
	all, err := v.Recoveries(timeLimit(t))
	must(t, err)
	var got []collab.Recovery
	for _, one := range all {
		if one.Tenant == tenant {
			got = append(got, one)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("recoveries %+v, want %+v", got, want)
	}
	for i := range want {
		if g, w := got[i], want[i]; g.Epoch != w.Epoch || !g.OpenedAt.Equal(w.OpenedAt) || !g.Until.Equal(w.Until) || g.By != w.By || g.Reason != w.Reason {
			t.Fatalf("recovery %+v, want %+v", g, w)
		}
	}
}
