// Package drivertest holds one suite per port. Each driver of a port runs it, so that all behave alike. Cases are named by
// the rule of the specification that they check. Every case works in a tenant of its own, so that a driver may give all of
// them the same server.
package drivertest

import (
	"context"
	"slices"
	"testing"
	"time"

	"corsia/shared/collab"
)

// start is the time of what the suites record, at the precision that every store keeps.
var start = time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC)

// patience bounds every call of a suite.
const patience = 10 * time.Second

func timeLimit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// resource returns a resource of a tenant that nobody else uses.
func resource() collab.Resource {
	return collab.Resource{Tenant: collab.Tenant("t." + string(collab.NewInstanceID())), ID: "page:/patient/12345"}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// auditRow returns an audit row with an id of its own.
func auditRow(r collab.Resource, kind string) collab.AuditRow {
	return collab.AuditRow{
		EventID: string(collab.NewLockID()), Shard: 7, Tenant: r.Tenant, RecordedAt: start, Type: kind, Outcome: "success",
		Actor: "usr_001", Resource: r.ID, Session: "s_1", Body: []byte(`{"type":"` + kind + `"}`),
	}
}

// pender is the part of a store that shows audit rows which are not chained yet, in the order of insertion. Suites alone
// need it.
type pender interface {
	Pending(ctx context.Context, tenant collab.Tenant) ([]collab.AuditRow, error)
}

func wantPending(t *testing.T, p pender, r collab.Resource, want ...string) {
	t.Helper()
	rows, err := p.Pending(timeLimit(t), r.Tenant)
	must(t, err)
	var got []string
	for i := range rows {
		got = append(got, rows[i].Type)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("pending audit rows %q, want %q", got, want)
	}
}
