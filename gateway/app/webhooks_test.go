package app

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/shared/obs"
	"corsia/shared/webhook"
)

const oneSource = `{"emr": {"profile": "github", "secrets": ["a secret for everybody"]}}`

func TestSourcesOfWebhooksAreAFileOrTheJSONItself(t *testing.T) { // W1, SPEC 1
	dir := t.TempDir()
	file := filepath.Join(dir, "sources.json")
	if err := os.WriteFile(file, []byte(oneSource), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{file, oneSource, ""} {
		a := running(t, settings(t, t.TempDir(), "WEBHOOK_SOURCES", setting), t.Output())
		body := `{"resourceId":"page:/patient/1"}`
		q, err := http.NewRequest(http.MethodPost, "http://"+a.Addr()+"/api/webhooks/emr", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("X-GitHub-Event", "push")
		if err := webhook.Sign(q.Header, webhook.GitHub, "a secret for everybody", "", time.Now(), []byte(body)); err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		want := http.StatusAccepted
		if setting == "" {
			want = http.StatusNotFound
		}
		if answer.StatusCode != want {
			t.Errorf("with %.5q it answers %d, want %d", setting, answer.StatusCode, want)
		}
		stop(t, a)
	}
	for name, setting := range map[string]string{"wrong JSON": `{"emr": {"profile": "github"}}`, "no JSON": `{`} {
		a, err := New(t.Context(), settings(t, t.TempDir(), "WEBHOOK_SOURCES", setting), obs.TestLogger(t, t.Output()))
		if err == nil {
			a.Abandon()
			t.Errorf("%s: it is built", name)
		}
	}
	if _, err := Load(env("WEBHOOK_SOURCES", "/no/such/file")); err == nil || !strings.Contains(err.Error(), "WEBHOOK_SOURCES names a file") {
		t.Errorf("a file that is not there: %v", err)
	}
}
