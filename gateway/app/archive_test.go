package app

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/sqlite"
	"corsia/shared/obs"
)

func TestT5TheEmbeddedGatewayArchivesItsTrailAtTheStart(t *testing.T) {
	dir := t.TempDir()
	c := settings(t, dir, "AUDIT_RETENTION", "72h")
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "corsia.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	log := &lines{}
	recorder := audit.NewRecorder("i_1", obs.TestLogger(t, log))
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for day := range 5 { // the last of them yesterday
		row := recorder.Row(audit.Event{Type: audit.AdminAction, Tenant: "default", Actor: "usr_001", Resource: collab.ResourceID(fmt.Sprint("page:/", day)),
			RecordedAt: today.Add(time.Duration(day-5)*24*time.Hour + 9*time.Hour)})
		if err := store.Record(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	if err := audit.NewSealer(store, obs.TestLogger(t, log), time.Now).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for run, days := range []int{5, 0} {
		started := &lines{}
		has := func(line string, n int) bool { return strings.Count(started.String(), line) == n }
		a := running(t, c, started)
		for end := time.Now().Add(30 * time.Second); !has("a day is in the archive", days) || !has("rows have left the store", min(days, 2)); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("start %d: %s", run, started)
			}
		}
		stop(t, a)
		if !has("a day is in the archive", days) {
			t.Fatalf("start %d: the days were archived again: %s", run, started)
		}
		report, err := VerifyAudit(t.Context(), AuditSource{Store: c.StoreURL, Archive: c.ArchiveURL})
		if err != nil || report.Status() != audit.Intact || report.Rows < 5 {
			t.Fatalf("%+v, %v", report, err)
		}
	}
}

func TestT5ADayIsArchivedWhenItIsOver(t *testing.T) {
	for at, want := range map[string]string{
		"2026-03-01T00:00:00Z": "2026-03-01T00:10:00Z", "2026-03-01T00:09:59Z": "2026-03-01T00:10:00Z", "2026-03-01T00:10:00Z": "2026-03-02T00:10:00Z",
		"2026-03-01T23:59:59Z": "2026-03-02T00:10:00Z", "2026-03-01T23:30:00-08:00": "2026-03-03T00:10:00Z", "2026-12-31T12:00:00Z": "2027-01-01T00:10:00Z",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := nextArchive(now).Format(time.RFC3339); got != want {
			t.Errorf("after %s the next is at %s, want %s", at, got, want)
		}
	}
}
