package app

import (
	"context"
	"strconv"
	"strings"

	"corsia/gateway/room"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// auditStore inserts audit rows that describe no other change.
type auditStore interface {
	Record(ctx context.Context, rows ...collab.AuditRow) error
}

// trail makes audit rows and records them. The store hands it every committed row for the log.
type trail struct {
	recorder  *audit.Recorder
	store     auditStore
	metrics   *obs.Metrics
	committed chan []collab.AuditRow // full: the committer waits, and with it all who write: no line is dropped
}

const trailBacklog = 1024 // commits

func newTrail(recorder *audit.Recorder, m *obs.Metrics) *trail {
	return &trail{recorder: recorder, metrics: m, committed: make(chan []collab.AuditRow, trailBacklog)}
}

// run writes a line for every committed row until the store is closed.
func (t *trail) run() {
	for rows := range t.committed {
		t.metrics.AuditWritten.Add(float64(len(rows)))
		t.recorder.Log(context.Background(), rows...)
	}
}

// Row returns the event as a row for somebody's transaction.
func (t *trail) Row(e audit.Event) collab.AuditRow { return t.recorder.Row(e) }

// Record commits the event by itself.
func (t *trail) Record(ctx context.Context, e audit.Event) error {
	return t.store.Record(ctx, t.recorder.Row(e))
}

// healed is the audit row of an update that gave back what a restore lost: who did, and under whose client ids it was written
// (SPEC D8). The journal has all of these.
func (t *trail) healed(h room.Healed) collab.AuditRow {
	ids := make([]string, 0, maxAuditedClients)
	for _, id := range h.Clients[:min(len(h.Clients), maxAuditedClients)] {
		ids = append(ids, strconv.FormatUint(uint64(id), 10))
	}
	return t.Row(audit.Event{Type: audit.AdminAction, Tenant: h.Resource.Tenant, Resource: h.Resource.ID, Actor: h.Member.User,
		Role: h.Member.Role, Session: h.Member.Session, Fields: h.Fields, RevisionFrom: h.Revision, RevisionTo: h.Revision,
		Details: map[string]string{"action": "recovered", "recovered": "true", "epoch": strconv.FormatInt(h.Epoch, 10),
			"clients": strings.Join(ids, " "), "clientCount": strconv.Itoa(len(h.Clients))}})
}

// maxAuditedClients is how many client ids an event names.
const maxAuditedClients = 50

// refused is the audit row of an update that a room refused (SPEC L6, D7, D8).
func (t *trail) refused(r room.Refusal) collab.AuditRow {
	e := audit.Event{Type: audit.UpdateRejected, Outcome: audit.Denied, Tenant: r.Resource.Tenant, Resource: r.Resource.ID,
		Actor: r.Member.User, Role: r.Member.Role, Session: r.Member.Session, Reason: string(r.Err.Code), RevisionTo: r.Revision}
	if d, ok := r.Err.Detail.(room.Rejected); ok {
		e.Reason, e.Fields = "locked", d.Fields
	}
	return t.Row(e)
}
