package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

// exporting is a store in memory that records too.
type exporting struct{ *memory }

func (e exporting) Record(_ context.Context, rows ...collab.AuditRow) error {
	e.pending = append(e.pending, rows...)
	return e.err
}

func TestAnExportIsRecordedBeforeItIsMade(t *testing.T) {
	i := newInstallation(t)
	i.record(2500) // several pages
	i.seal(t)
	var out bytes.Buffer
	request := ExportRequest{Format: NDJSON, By: "usr_auditor", Filter: collab.AuditFilter{Tenant: "default", Resource: "page:/patient/1", From: i.time.Add(-time.Hour)}}
	n, err := Export(t.Context(), exporting{i.store}, i.recorder, request, &out)
	if err != nil || n != 2500 || strings.Count(out.String(), "\n") != n {
		t.Fatalf("%d rows, %v", n, err)
	}
	e, err := Parse(i.store.pending[0].Body)
	if err != nil || e.Type != Exported || e.Actor != "usr_auditor" || e.Resource != "page:/patient/1" || e.Details["format"] != "ndjson" || e.Details["from"] == "" {
		t.Fatalf("recorded %+v, %v", e, err)
	}
	for line := range strings.Lines(out.String()) { // who has the file can verify it
		row, err := ParseLine([]byte(line))
		if err != nil || Leaf(row.Body) != row.Leaf {
			t.Fatalf("%s: %v", line, err)
		}
	}
	out.Reset()
	i.store.err = errors.New("away")
	if _, err := Export(t.Context(), exporting{i.store}, i.recorder, request, &out); err == nil || out.Len() > 0 {
		t.Fatalf("an export that is not recorded was made: %v", err)
	}
}

// TestEachTypeIsAnAuditEventOfR4 checks the elements that R4 requires and the codes of those that it binds.
func TestEachTypeIsAnAuditEventOfR4(t *testing.T) {
	for _, kind := range append([]Type{"UNHEARD_OF"}, Types...) {
		e := sample
		e.Type = kind
		row := Link(nil, []collab.AuditRow{e.Row()})[0]
		if kind == UserConnected {
			row = Link(nil, []collab.AuditRow{Event{Type: kind, ID: "x", Outcome: Success, RecordedAt: e.RecordedAt}.Row()})[0]
		}
		line, err := fhirLine(&row)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			ResourceType, ID, Action, Recorded, Outcome string
			Type                                        struct{ System, Code, Display string }
			Agent                                       []struct {
				Who       map[string]any
				Requestor *bool
			}
			Source struct{ Observer map[string]any }
			Entity []struct {
				Detail []struct{ Type, ValueString string }
			}
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if got.ResourceType != "AuditEvent" || got.ID != row.EventID || !slices.Contains([]string{"C", "R", "U", "D", "E"}, got.Action) ||
			!slices.Contains([]string{"0", "4", "8", "12"}, got.Outcome) {
			t.Errorf("%s: %s", kind, line)
		}
		if at, err := time.Parse(time.RFC3339Nano, got.Recorded); err != nil || !at.Equal(e.RecordedAt) {
			t.Errorf("%s was recorded %s, %v", kind, got.Recorded, err)
		}
		if got.Type.System == "" || got.Type.Code == "" || got.Type.Display == "" || len(got.Agent) != 1 || got.Agent[0].Requestor == nil || len(got.Agent[0].Who) == 0 ||
			len(got.Source.Observer) == 0 {
			t.Errorf("%s lacks what R4 requires: %s", kind, line)
		}
		for _, d := range got.Entity[0].Detail {
			if d.Type == "" || d.ValueString == "" {
				t.Errorf("%s has an empty detail: %s", kind, line)
			}
		}
		if bytes.ContainsAny(bytes.TrimSuffix(line, []byte("\n")), "\n") {
			t.Errorf("%s is not one line", kind)
		}
	}
}
