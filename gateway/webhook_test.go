package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/shared/webhook"
)

const emrSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// emr is a gateway that checks what it gets, and answers.
type emr struct {
	*httptest.Server
	verdict string
	header  http.Header
	body    string
	status  int
}

func newEMR(t *testing.T, profile, secret string) *emr {
	t.Helper()
	sources, err := webhook.ParseSources([]byte(`{"emr": {"profile": "`+profile+`", "secrets": ["`+secret+`"]}}`), true)
	if err != nil {
		t.Fatal(err)
	}
	e := &emr{status: http.StatusAccepted}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		e.header, e.body, e.verdict = r.Header, string(body), sources["emr"].Verify(r.Header, body, time.Now())
		w.Header().Set("Idempotent-Replayed", "true")
		w.WriteHeader(e.status)
		fmt.Fprint(w, `{"deliveryId":"d_1"}`)
	}))
	t.Cleanup(e.Close)
	return e
}

func TestAWebhookIsSignedSentAndItsAnswerPrinted(t *testing.T) { // W1
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte("MSH|^~\\&|"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		profile, secret string
		args            []string
		body, kind      string
	}{
		{"standard", emrSecret, []string{"-resource", "page:/patient/1", "-version", "7", "-data", `{"a":1}`, "-id", "msg_1"}, `"version":7`, "application/json"},
		{"github", "a secret for everybody", []string{"-resource", "page:/patient/1"}, `"eventType":"resource.updated"`, "application/json"},
		{"bearer", "a secret for everybody", []string{"-file", file, "-content-type", "application/fhir+json"}, "MSH", "application/fhir+json"},
		{"basic", "user:a secret for everybody", []string{"-file", file, "-content-type", "application/hl7-v2"}, "MSH", "application/hl7-v2"},
	} {
		e := newEMR(t, tt.profile, tt.secret)
		var stdout, stderr output
		getenv := env(t, "WEBHOOK_SECRET", tt.secret+"\n")
		status := run(append([]string{"webhook", "send", "--profile", tt.profile, "-url", e.URL}, tt.args...), getenv, &stdout, &stderr)
		if status != 0 || e.verdict != "" || !strings.Contains(e.body, tt.body) || e.header.Get("Content-Type") != tt.kind {
			t.Errorf("%s: status %d, %q, sent %v %s; %s", tt.profile, status, e.verdict, e.header, e.body, stderr.String())
		}
		for _, want := range []string{"202 Accepted in ", "Idempotent-Replayed: true", `{"deliveryId":"d_1"}`} {
			if !strings.Contains(stdout.String(), want) {
				t.Errorf("%s: %q lacks %q", tt.profile, stdout.String(), want)
			}
		}
		e.status = http.StatusConflict
		if status := run(append([]string{"webhook", "send", "-profile", tt.profile, "-url", e.URL}, tt.args...), getenv, &stdout, &stderr); status != 1 {
			t.Errorf("%s: status %d when it is refused", tt.profile, status)
		}
	}
}

func TestAWebhookThatCannotBeSentIsExplainedWithoutItsSecret(t *testing.T) { // SPEC 1, T6
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, tt := range map[string]struct {
		secret string
		args   []string
		status int
		stderr string
	}{
		"no command":         {emrSecret, []string{"webhook"}, 2, "usage: corsia webhook send"},
		"another command":    {emrSecret, []string{"webhook", "receive"}, 2, "usage: corsia webhook send"},
		"help":               {emrSecret, []string{"webhook", "send", "-h"}, 0, "-secret-file"},
		"an unknown flag":    {emrSecret, []string{"webhook", "send", "-colour"}, 2, "flag provided but not defined"},
		"an argument":        {emrSecret, []string{"webhook", "send", "now"}, 2, "usage"},
		"no secret":          {"", []string{"webhook", "send", "-resource", "x"}, 2, "there is no secret"},
		"no file of it":      {"", []string{"webhook", "send", "-resource", "x", "-secret-file", "/none"}, 2, "cannot be read"},
		"a wrong secret":     {"whsec_tooShort", []string{"webhook", "send", "-resource", "x"}, 2, "base64"},
		"an unknown profile": {emrSecret, []string{"webhook", "send", "-resource", "x", "-profile", "fax"}, 2, "none of standard"},
		"nothing":            {emrSecret, []string{"webhook", "send"}, 2, "nothing to send"},
		"no body":            {emrSecret, []string{"webhook", "send", "-file", "/none"}, 2, "/none"},
		"no JSON":            {emrSecret, []string{"webhook", "send", "-resource", "x", "-data", "{"}, 2, "-data is no JSON"},
		"no URL":             {emrSecret, []string{"webhook", "send", "-resource", "x", "-url", ":"}, 2, "-url is no URL"},
		"nobody there":       {emrSecret, []string{"webhook", "send", "-resource", "x", "-url", closed.URL}, 1, "refused"},
	} {
		var stdout, stderr output
		if status := run(tt.args, env(t, "WEBHOOK_SECRET", tt.secret), &stdout, &stderr); status != tt.status || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("%s: status %d, %q", name, status, stderr.String())
		}
		if tt.secret != "" && strings.Contains(stdout.String()+stderr.String(), tt.secret) {
			t.Errorf("%s: the secret is shown", name)
		}
	}
}
