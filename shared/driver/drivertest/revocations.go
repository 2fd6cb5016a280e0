package drivertest

import (
	"context"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Revoker is the port of revocations.
type Revoker interface {
	Revoke(ctx context.Context, r collab.Revocation, audit []collab.AuditRow) error
	Revocations(ctx context.Context) ([]collab.Revocation, error)
	pender
}

// Revocations checks rule A5 as far as the store answers for it.
func Revocations(t *testing.T, open func(*testing.T) Revoker) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	t.Run("A5 revocations in force are listed, ended ones are not", func(t *testing.T) {
		v, r := open(t), resource()
		want := []collab.Revocation{
			{Tenant: r.Tenant, Kind: collab.RevokeSession, Value: "s_1", RevokedAt: now, Until: now.Add(time.Hour)},
			{Tenant: r.Tenant, Kind: collab.RevokeToken, Value: "jti", RevokedAt: now, Until: now.Add(time.Hour)},
			{Tenant: r.Tenant, Kind: collab.RevokeUser, Value: "usr_001", RevokedAt: now},
		}
		for _, one := range want {
			must(t, v.Revoke(timeLimit(t), one, nil))
		}
		ended := collab.Revocation{Tenant: r.Tenant, Kind: collab.RevokeUser, Value: "usr_002", RevokedAt: now.Add(-2 * time.Hour), Until: now.Add(-time.Hour)}
		must(t, v.Revoke(timeLimit(t), ended, []collab.AuditRow{auditRow(r, "TOKEN_REVOKED")}))
		wantRevocations(t, v, r.Tenant, want...)
		wantPending(t, v, r, "TOKEN_REVOKED")
	})
	t.Run("A5 revoking again never shortens", func(t *testing.T) {
		v, r := open(t), resource()
		long := collab.Revocation{Tenant: r.Tenant, Kind: collab.RevokeUser, Value: "usr_001", RevokedAt: now, Until: now.Add(2 * time.Hour)}
		short := long
		short.RevokedAt, short.Until = now.Add(-time.Hour), now.Add(time.Hour)
		must(t, v.Revoke(timeLimit(t), long, nil))
		must(t, v.Revoke(timeLimit(t), short, nil))
		wantRevocations(t, v, r.Tenant, long)
		forEver := long
		forEver.Until = time.Time{}
		must(t, v.Revoke(timeLimit(t), forEver, nil))
		must(t, v.Revoke(timeLimit(t), long, nil))
		wantRevocations(t, v, r.Tenant, forEver)
	})
}

func wantRevocations(t *testing.T, v Revoker, tenant collab.Tenant, want ...collab.Revocation) {
	t.Helper()
	all, err := v.Revocations(timeLimit(t))
	must(t, err)
	var got []collab.Revocation
	for _, one := range all {
		if one.Tenant == tenant {
			got = append(got, one)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("revocations %+v, want %+v", got, want)
	}
	for i := range want {
		g, w := got[i], want[i]
		if g.Kind != w.Kind || g.Value != w.Value || !g.RevokedAt.Equal(w.RevokedAt) || !g.Until.Equal(w.Until) || g.Until.IsZero() != w.Until.IsZero() {
			t.Fatalf("revocation %+v, want %+v", g, w)
		}
	}
}
