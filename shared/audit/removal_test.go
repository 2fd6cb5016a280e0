package audit

import (
	"maps"
	"testing"

	"corsia/shared/collab"
)

func TestO7ARemovalSaysWhichRowsAndWhy(t *testing.T) {
	r := collab.Resource{Tenant: "north", ID: "page:/patient/7"}
	for _, tt := range []struct {
		from, to        int64
		cause           Cause
		revisions, rows string
	}{{2, 41, CauseRetention, "2-41", "40"}, {42, 42, CauseErasure, "42", "1"}} {
		e := JournalRemoved(r, tt.cause, tt.from, tt.to)
		if e.Type != AdminAction || e.Tenant != r.Tenant || e.Resource != r.ID || e.Outcome != "" || e.RevisionFrom != tt.from || e.RevisionTo != tt.to {
			t.Errorf("got %+v", e)
		}
		want := map[string]string{"action": "journal_removed", "cause": string(tt.cause), "revisions": tt.revisions, "rows": tt.rows}
		if !maps.Equal(e.Details, want) {
			t.Errorf("details %v, want %v", e.Details, want)
		}
	}
}
