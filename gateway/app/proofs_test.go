package app

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// scraped returns GET /metrics.
func scraped(t *testing.T, a *App) string {
	t.Helper()
	answer, err := http.Get("http://" + a.Addr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestMTheArchiveSaysHowFreshTheBackupsAreAndHealthWhetherItServes(t *testing.T) {
	a := running(t, settings(t, t.TempDir()), &lines{})
	defer stop(t, a)
	for end := time.Now().Add(10 * time.Second); strings.Contains(scraped(t, a), "\narchive_looked_timestamp_seconds 0\n"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not look by itself")
		}
	}
	day := time.Now().UTC().Truncate(24 * time.Hour)
	for key, text := range map[string]string{
		day.Format("backups/20060102T150405Z/manifest.json"):                "{}",
		day.Format("backups/reports/20060102T150405Z-drill.json"):           fmt.Sprintf(`{"started":%q,"verified":true}`, day.Format(time.RFC3339)),
		day.AddDate(0, 0, -1).Format("audit/days/2006/01/02.manifest.json"): "{}",
	} {
		if err := a.drivers.archive.Put(t.Context(), key, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.lookAtProofs(t.Context()); err != nil {
		t.Fatal(err)
	}
	body := scraped(t, a)
	for _, line := range []string{
		fmt.Sprintf("backup_newest_timestamp_seconds %g", float64(day.Unix())),
		fmt.Sprintf("backup_verified_timestamp_seconds %g", float64(day.Unix())),
		fmt.Sprintf("audit_archived_timestamp_seconds %g", float64(day.Unix())),
		"health_serving 1", "backup_problem 0",
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}
