package audit

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Recorder makes the rows of one instance. The caller inserts them in the transaction of the change that they describe
// (T3), and after its commit hands them to Log. It is safe for concurrent use.
type Recorder struct {
	instance collab.InstanceID
	log      *slog.Logger
}

// NewRecorder returns the recorder of an instance. Log writes to log.
func NewRecorder(instance collab.InstanceID, log *slog.Logger) *Recorder {
	return &Recorder{instance: instance, log: log}
}

// Row returns the event as a row, with a new id, this instance, the time now unless the event has one, and its texts
// bounded. Later rows of an instance have greater ids.
func (r *Recorder) Row(e Event) collab.AuditRow {
	e = e.cleaned()
	e.ID = uuid.Must(uuid.NewV7()).String() // fails only without randomness, and then the process has no ids at all
	e.Instance = r.instance
	if e.RecordedAt.IsZero() {
		e.RecordedAt = time.Now()
	}
	e.RecordedAt = e.RecordedAt.UTC().Truncate(time.Microsecond)
	if e.Outcome == "" {
		e.Outcome = Success
	}
	return e.Row()
}

// Log writes the line of each row, message "audit" (T2). It is called after the rows are committed.
func (r *Recorder) Log(ctx context.Context, rows ...collab.AuditRow) {
	for _, row := range rows {
		e, err := Parse(row.Body)
		if err != nil {
			r.log.LogAttrs(ctx, slog.LevelError, "audit row has no readable body",
				slog.String(obs.KeyEventID, row.EventID), obs.Err(err))
			continue
		}
		r.log.LogAttrs(ctx, slog.LevelInfo, "audit", e.attrs()...)
	}
}

// attrs returns what the log line says of the event, empty values left out.
func (e Event) attrs() []slog.Attr {
	attrs := make([]slog.Attr, 0, 17)
	text := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	number := func(key string, value int64) {
		if value != 0 {
			attrs = append(attrs, slog.Int64(key, value))
		}
	}
	text(obs.KeyEventID, e.ID)
	text(obs.KeyRecordedAt, e.RecordedAt.UTC().Format(timeLayout))
	text(obs.KeyType, string(e.Type))
	text(obs.KeyOutcome, string(e.Outcome))
	text(obs.KeyTenant, string(e.Tenant))
	text(obs.KeyActor, string(e.Actor))
	text(obs.KeyRole, e.Role)
	text(obs.KeySession, string(e.Session))
	text(obs.KeyInstance, string(e.Instance))
	text(obs.KeyAddress, e.Address)
	text(obs.KeyResource, string(e.Resource))
	if len(e.Fields) > 0 {
		fields := make([]string, len(e.Fields))
		for i, field := range e.Fields {
			fields[i] = string(field)
		}
		attrs = append(attrs, slog.Any(obs.KeyFields, fields))
	}
	number(obs.KeyRevisionFrom, e.RevisionFrom)
	number(obs.KeyRevisionTo, e.RevisionTo)
	number(obs.KeyFence, e.Fence)
	if e.Type != LockBroken && e.Type != LockAcquired { // there a person says why, in words that are for the trail alone (T6)
		text(obs.KeyReason, e.Reason)
	}
	if len(e.Details) > 0 {
		details, err := json.Marshal(e.Details)
		if err == nil { // a map of strings always encodes
			text(obs.KeyDetails, string(details))
		}
	}
	return attrs
}
