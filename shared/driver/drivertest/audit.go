package drivertest

import (
	"context"
	"reflect"
	"testing"

	"corsia/shared/collab"
)

// Auditor is the port of audit events that change nothing else.
type Auditor interface {
	Record(ctx context.Context, rows ...collab.AuditRow) error
	pender
}

// Audit checks rule T3 as far as the store answers for it.
func Audit(t *testing.T, open func(*testing.T) Auditor) {
	t.Run("T3 rows are kept as they are, in order", func(t *testing.T) {
		a, r := open(t), resource()
		want := []collab.AuditRow{auditRow(r, "USER_CONNECTED"), auditRow(r, "PERMISSION_DENIED"), {
			EventID: string(collab.NewLockID()), Tenant: r.Tenant, RecordedAt: start, Type: "CONNECTION_REJECTED",
			Outcome: "refused", Body: []byte("{}"),
		}}
		must(t, a.Record(timeLimit(t)))
		must(t, a.Record(timeLimit(t), want[0]))
		must(t, a.Record(timeLimit(t), want[1:]...))
		got, err := a.Pending(timeLimit(t), r.Tenant)
		must(t, err)
		if len(got) != len(want) {
			t.Fatalf("%d rows, want %d", len(got), len(want))
		}
		for i := range want {
			if !got[i].RecordedAt.Equal(want[i].RecordedAt) {
				t.Errorf("time of row %d is %v, want %v", i, got[i].RecordedAt, want[i].RecordedAt)
			}
			got[i].RecordedAt = want[i].RecordedAt
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("row %d is %+v, want %+v", i, got[i], want[i])
			}
		}
	})
	t.Run("T3 a row that is recorded again is there once", func(t *testing.T) {
		a, r := open(t), resource()
		row := auditRow(r, "USER_CONNECTED")
		must(t, a.Record(timeLimit(t), row, row))
		must(t, a.Record(timeLimit(t), row, auditRow(r, "USER_DISCONNECTED")))
		wantPending(t, a, r, "USER_CONNECTED", "USER_DISCONNECTED")
	})
}
