package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"corsia/shared/collab"
)

// Format is a form of exported rows: one JSON object a line.
type Format string

// The formats of an export.
const (
	NDJSON Format = "ndjson" // place, hashes and event, as in the archive
	FHIR   Format = "fhir"   // AuditEvent resources of FHIR R4
)

// ExportStore is the store, as an export sees it.
type ExportStore interface {
	Record(ctx context.Context, rows ...collab.AuditRow) error
	// SelectAudit returns up to limit rows that the filter chooses, by time, shard and seq, after a row that it has returned
	// before (nil: from the beginning).
	SelectAudit(ctx context.Context, f collab.AuditFilter, after *collab.SealedRow, limit int) ([]collab.SealedRow, error)
}

// ExportRequest says what is exported, and who asks for it.
type ExportRequest struct {
	Filter collab.AuditFilter
	Format Format
	By     collab.UserID
}

// event is the row of the trail that tells of the export.
func (r ExportRequest) event() Event {
	e := Event{Type: Exported, Tenant: r.Filter.Tenant, Resource: r.Filter.Resource, Actor: r.By,
		Details: map[string]string{"format": string(r.Format)}}
	if r.Filter.Actor != "" {
		e.Details["actor"] = string(r.Filter.Actor)
	}
	for name, at := range map[string]time.Time{"from": r.Filter.From, "to": r.Filter.To} {
		if !at.IsZero() {
			e.Details[name] = at.UTC().Format(time.RFC3339)
		}
	}
	return e
}

// Export records that it was asked for, and then writes the sealed rows that the filter chooses. It returns their number.
func Export(ctx context.Context, store ExportStore, recorder *Recorder, r ExportRequest, to io.Writer) (n int, err error) {
	if err := store.Record(ctx, recorder.Row(r.event())); err != nil {
		return 0, fmt.Errorf("export audit: %w", err)
	}
	out := bufio.NewWriter(to)
	var after *collab.SealedRow
	for {
		rows, err := store.SelectAudit(ctx, r.Filter, after, verifyPage)
		if err != nil {
			return n, fmt.Errorf("export audit: %w", err)
		}
		if len(rows) == 0 {
			break
		}
		for i := range rows {
			line := AppendLine(nil, &rows[i])
			if r.Format == FHIR {
				if line, err = fhirLine(&rows[i]); err != nil {
					return n, fmt.Errorf("export audit event %s: %w", rows[i].EventID, err)
				}
			}
			if _, err := out.Write(line); err != nil {
				return n, fmt.Errorf("export audit: %w", err)
			}
			n++
		}
		after = &rows[len(rows)-1]
	}
	if err := out.Flush(); err != nil {
		return n, fmt.Errorf("export audit: %w", err)
	}
	return n, nil
}

// Code systems and identifier systems of exported AuditEvents.
const (
	systemDICOM    = "http://dicom.nema.org/resources/ontology/DCM"
	systemType     = "urn:corsia:audit-type"
	systemUser     = "urn:corsia:user"
	systemResource = "urn:corsia:resource"
	systemInstance = "urn:corsia:instance"
)

type object = map[string]any

// dicom are the event types of DICOM's audit messages, which FHIR's AuditEvent.type takes its codes from.
var dicom = map[string][2]string{
	"login":    {"110114", "User Authentication"},
	"record":   {"110110", "Patient Record"},
	"alert":    {"110113", "Security Alert"},
	"activity": {"110100", "Application Activity"},
	"audit":    {"110101", "Audit Log Used"},
}

// fhirKinds says of each type its kind and FHIR's action: create, read, update, delete, execute.
var fhirKinds = map[Type][2]string{
	UserConnected: {"login", "E"}, ConnectionRejected: {"login", "E"}, UserDisconnected: {"login", "E"}, SessionExpired: {"login", "E"},
	ResourceJoined: {"record", "R"}, ResourceLeft: {"record", "E"}, DocumentUpdated: {"record", "U"}, UpdateRejected: {"record", "U"},
	LockAcquired: {"record", "E"}, LockDenied: {"record", "E"}, LockReleased: {"record", "E"}, LockExpired: {"record", "E"},
	LockBroken: {"alert", "E"}, PermissionDenied: {"alert", "E"}, WebhookReceived: {"activity", "E"}, WebhookRejected: {"alert", "E"},
	TokenRevoked: {"alert", "E"}, Exported: {"audit", "R"}, AdminAction: {"activity", "E"}, EpochOpened: {"activity", "E"},
}

// fhirLine returns the row as an AuditEvent of FHIR R4.
func fhirLine(r *collab.SealedRow) ([]byte, error) {
	kind, known := fhirKinds[Type(r.Type)]
	if !known {
		kind = [2]string{"activity", "E"}
	}
	code := dicom[kind[0]]
	outcome := map[Outcome]string{Success: "0", Denied: "4", Failed: "8"}[Outcome(r.Outcome)]
	if outcome == "" {
		outcome = "8"
	}
	event := object{
		"resourceType": "AuditEvent",
		"id":           r.EventID,
		"type":         object{"system": systemDICOM, "code": code[0], "display": code[1]},
		"subtype":      []object{{"system": systemType, "code": r.Type}},
		"action":       kind[1],
		"recorded":     r.RecordedAt.UTC().Format(timeLayout),
		"outcome":      outcome,
		"agent":        []object{agent(r)},
		"source":       object{"observer": reference(systemInstance, string(r.Instance))},
		"entity":       []object{entity(r)},
	}
	if r.Reason != "" {
		event["outcomeDesc"] = r.Reason
	}
	line, err := json.Marshal(event)
	return append(line, '\n'), err
}

func reference(system, value string) object {
	if value == "" {
		return object{"display": "unknown"}
	}
	return object{"identifier": object{"system": system, "value": value}}
}

func agent(r *collab.SealedRow) object {
	a := object{"who": reference(systemUser, string(r.Actor)), "requestor": r.Actor != ""}
	if r.Role != "" {
		a["role"] = []object{{"text": r.Role}}
	}
	if r.Address != "" {
		a["network"] = object{"address": r.Address, "type": "2"} // an IP address
	}
	return a
}

// entity is what was touched; its details hold what AuditEvent has no place for.
func entity(r *collab.SealedRow) object {
	var details []object
	add := func(name, value string) {
		if value != "" {
			details = append(details, object{"type": name, "valueString": value})
		}
	}
	number := func(name string, value int64) {
		if value != 0 {
			add(name, strconv.FormatInt(value, 10))
		}
	}
	add("tenant", string(r.Tenant))
	add("session", string(r.Session))
	for _, field := range r.Fields {
		add("field", string(field))
	}
	number("revision-from", r.RevisionFrom)
	number("revision-to", r.RevisionTo)
	number("fence", r.Fence)
	for _, key := range sortedKeys(r.Details) {
		add("detail:"+key, r.Details[key])
	}
	add("shard", strconv.Itoa(r.Shard))
	number("seq", r.Seq)
	add("chain", fmt.Sprintf("%x", r.Chain))
	e := object{"detail": details}
	if r.Resource != "" {
		e["what"] = reference(systemResource, string(r.Resource))
	}
	return e
}

func sortedKeys(m map[string]string) []string {
	return slices.Sorted(maps.Keys(m))
}
