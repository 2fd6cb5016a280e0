//go:build integration

package e2e

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"corsia/tests/testkit"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// sources writes a file for WEBHOOK_SOURCES: one source of each profile.
func sources(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sources.json")
	if err := os.WriteFile(path, []byte(`{
		"resource-updated": {"profile": "standard", "secrets": ["`+webhookSecret+`"]},
		"hub": {"profile": "github", "secrets": ["It's a Secret to Everybody"]},
		"fhir": {"profile": "bearer", "secrets": ["a token that is long enough"], "resourceId": "page:/{type}/{id}"},
		"hl7": {"profile": "basic", "secrets": ["adt:a password that is long enough"], "resourceId": "page:/Patient/{PID-3.1}"}
	}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return "WEBHOOK_SOURCES=" + path
}

// webhookSend runs `corsia webhook send` against a gateway.
func webhookSend(t *testing.T, g *testkit.Gateway, source, profile, secret string, args ...string) (stdout string, status int) {
	t.Helper()
	args = append([]string{"webhook", "send", "--profile", profile, "--url", g.URL + "/api/webhooks/" + source}, args...)
	stdout, stderr, status := testkit.Run(t, t.TempDir(), []string{"WEBHOOK_SECRET=" + secret}, args...)
	if stderr != "" {
		t.Errorf("it complains: %s", stderr)
	}
	return stdout, status
}

func TestAMessageOfEveryProfileReachesTheRoom_W1_W2(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, sources(t))
	const resource = "page:/Patient/12"
	anna := g.Connect(t, "usr_webhook_anna")
	anna.OK("JOIN_RESOURCE", testkit.Fields{"resourceId": resource, "mode": "editor"})
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fhir := file("notification.json", `{"resourceType":"Bundle","id":"b1","type":"subscription-notification","entry":[{"resource":{"resourceType":"SubscriptionStatus","type":"event-notification",
		"topic":"http://emr/topic","notificationEvent":[{"eventNumber":"1","timestamp":"2026-03-01T12:00:00Z","focus":{"reference":"Patient/12"}}]}}]}`)
	adt := file("adt.hl7", "MSH|^~\\&|EMR|NORTH|CORSIA|WARD|20260301120000||ADT^A08|c1|P|2.5.1\rEVN|A08|20260301120000\rPID|1||12\r")
	tests := []struct {
		source, profile, secret string
		args                    []string
		eventType, answer       string
	}{
		{"resource-updated", "standard", webhookSecret, []string{"--resource", resource, "--event-type", "lab.result", "--data", `{"potassium":5.9}`, "--id", "msg_1"}, "lab.result", `"deliveryId":"(d_[\w-]+)"`},
		{"hub", "github", "It's a Secret to Everybody", []string{"--resource", resource}, "resource.updated", `"deliveryId":"(d_[\w-]+)"`},
		{"fhir", "bearer", "a token that is long enough", []string{"--content-type", "application/fhir+json", "--file", fhir}, "Patient.changed", `"deliveryId":"(d_[\w-]+)"`},
		{"hl7", "basic", "adt:a password that is long enough", []string{"--content-type", "application/hl7-v2", "--file", adt}, "ADT^A08", `ACK\|(d_[\w-]+)\|P\|2.5.1\s+MSA\|AA\|c1`},
	}
	for _, tt := range tests {
		out, status := webhookSend(t, g, tt.source, tt.profile, tt.secret, tt.args...)
		answer := regexp.MustCompile(tt.answer).FindStringSubmatch(out)
		if status != 0 || answer == nil || !strings.Contains(out, "202 Accepted") {
			t.Fatalf("%s: status %d, %s", tt.profile, status, out)
		}
		e := anna.Next("RESOURCE_UPDATED")
		if e.Text("deliveryId") != answer[1] || e.Text("eventType") != tt.eventType || e.Text("source") != tt.source || e.Text("resourceId") != resource {
			t.Errorf("%s: the room is told %v, want delivery %s", tt.profile, e, answer[1])
		}
		if tt.profile == "github" { // its body has the time of sending
			continue
		}
		if tt.profile == "standard" { // the same message would have another time, as nothing keeps the body
			if out, status := webhookSend(t, g, tt.source, tt.profile, tt.secret, tt.args...); status != 1 || !strings.Contains(out, "422") {
				t.Errorf("the id with another body: status %d, %s", status, out)
			}
			continue
		}
		if out, status := webhookSend(t, g, tt.source, tt.profile, tt.secret, tt.args...); status != 0 || !strings.Contains(out, "Idempotent-Replayed: true") || !strings.Contains(out, answer[1]) {
			t.Errorf("%s again: status %d, %s", tt.profile, status, out)
		}
		if out, status := webhookSend(t, g, tt.source, tt.profile, tt.secret+"?", tt.args...); status != 1 || !strings.Contains(out, "401") {
			t.Errorf("%s with a wrong secret: status %d, %s", tt.profile, status, out)
		}
	}
	anna.None("RESOURCE_UPDATED")
	_, _, metrics := g.HTTP(t, "GET", "/metrics", "", nil)
	for line, want := range map[string]float64{`webhook_requests_total{result="accepted"}`: 4, `webhook_requests_total{result="replayed"}`: 2,
		`webhook_requests_total{result="unauthorized"}`: 2, `webhook_requests_total{result="rejected"}`: 1, "webhook_notifications_total": 4} {
		if got := metric(string(metrics), line); got != want {
			t.Errorf("%s is %v, want %v", line, got, want)
		}
	}
}

func TestAnAcceptedMessageSurvivesTheGatewayThatIsKilled_W4(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, sources(t), "ADDR="+testkit.Port(t))
	const resource = "page:/webhook/killed"
	join := func(more testkit.Fields) *testkit.Client {
		c, f := g.Connect(t, "usr_webhook_killed"), testkit.Fields{"resourceId": resource, "mode": "editor"}
		maps.Copy(f, more)
		c.OK("JOIN_RESOURCE", f)
		return c
	}
	join(nil)
	out, status := webhookSend(t, g, "resource-updated", "standard", webhookSecret, "--resource", resource)
	g.Kill9()
	delivery := regexp.MustCompile(`d_[\w-]+`).FindString(out)
	if status != 0 || delivery == "" {
		t.Fatalf("status %d, %s", status, out)
	}
	g.Restart(t)
	if e := join(testkit.Fields{"stateVector": []byte{0}}).Next("RESOURCE_UPDATED"); e.Text("deliveryId") != delivery {
		t.Errorf("who comes back is told %v, want %s", e, delivery)
	}
	join(nil).None("RESOURCE_UPDATED") // a page that was opened afterwards
}

func TestWebhooksAreJudgedInTheirOrderByTheRunningGateway_W3(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, sources(t))
	ask := func(method, path, kind, body string) int {
		q, err := http.NewRequest(method, g.URL+path, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0
		}
		q.Header.Set("Content-Type", kind)
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Error(err)
			return 0
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	large := strings.Repeat(" ", 1<<20+1)
	for _, tt := range []struct {
		method, path, kind, body string
		want                     int
	}{
		{"GET", "/api/webhooks/nobody", "text/plain", "", http.StatusMethodNotAllowed},
		{"POST", "/api/webhooks/nobody", "text/plain", large, http.StatusNotFound},
		{"POST", "/api/webhooks/fhir", "text/plain", large, http.StatusUnsupportedMediaType},
		{"POST", "/api/webhooks/fhir", "application/json", large, http.StatusRequestEntityTooLarge},
		{"POST", "/api/webhooks/fhir", "application/json", "{", http.StatusUnauthorized},
	} {
		if got := ask(tt.method, tt.path, tt.kind, tt.body); got != tt.want {
			t.Errorf("%s %s %s: %d, want %d", tt.method, tt.path, tt.kind, got, tt.want)
		}
	}
	var storm sync.WaitGroup
	var limited atomic.Int64
	for range 16 {
		storm.Go(func() {
			for range 100 {
				if ask("POST", "/api/webhooks/fhir", "text/plain", "") == http.StatusTooManyRequests {
					limited.Add(1)
				}
			}
		})
	}
	storm.Wait()
	if limited.Load() == 0 {
		t.Error("a storm of one address is not limited")
	}
	if status, _, _ := g.HTTP(t, "GET", "/health", "", nil); status != http.StatusOK {
		t.Errorf("/health is %d meanwhile", status)
	}
}
