package backup

import (
	"strings"
	"testing"
	"time"
)

// reported puts a report into the archive: its kind, level and problem.
func reported(t *testing.T, archive memory, kind string, at time.Time, level Level, problem string) {
	t.Helper()
	r := &Report{Kind: kind, Started: at, Level: level, Verified: level == Verified && problem == "", Problem: problem}
	if _, err := r.Write(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
}

func TestO4AnArchiveSaysHowFreshItsBackupsAre(t *testing.T) {
	archive := memory{}
	if f, err := Fresh(t.Context(), archive); err != nil || f != (Freshness{}) {
		t.Fatalf("of an empty archive: %+v, %v", f, err)
	}
	day := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	for i := range 3 {
		archive[manifestKey(day.AddDate(0, 0, i).Format(idLayout))] = []byte("{}")
	}
	archive[prefix+"20260309T020000Z/dump.gz"] = []byte("no manifest: it did not end")
	drilled := day.Add(3 * time.Hour)
	reported(t, archive, kindDrill, drilled, Verified, "")
	reported(t, archive, kindDrill, drilled.Add(time.Hour), Equal, "the audit trail is tampered")
	reported(t, archive, kindRestore, drilled.Add(2*time.Hour), Verified, "")
	want := Freshness{Newest: day.AddDate(0, 0, 2), Verified: drilled, Bad: true}
	if f, err := Fresh(t.Context(), archive); err != nil || f != want {
		t.Fatalf("after a drill that failed: %+v, %v; want %+v", f, err, want)
	}
	reported(t, archive, kindCheck, drilled.Add(3*time.Hour), Readable, "")
	want.Bad = false
	if f, err := Fresh(t.Context(), archive); err != nil || f != want {
		t.Fatalf("after a check that passed: %+v, %v; want %+v", f, err, want)
	}
	archive[reports+"20260309T020000Z-check.json"] = []byte("no JSON")
	if _, err := Fresh(t.Context(), archive); err == nil || !strings.Contains(err.Error(), "20260309T020000Z") {
		t.Fatalf("of a report that is none: %v", err)
	}
}
