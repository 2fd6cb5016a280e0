//go:build integration

package e2e

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"corsia/tests/testkit"
)

func TestHealthTellsStatusVersionInstanceUptimeAndDependencies_H1(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "INSTANCE_ID=ward-7")
	for _, path := range []string{"/health", "/health/live", "/health/ready"} {
		t.Run(path, func(t *testing.T) {
			status, header, body := g.HTTP(t, "GET", path, "", nil)
			if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
				t.Fatalf("status %d, %v", status, header)
			}
			var health struct {
				Status, Version, Instance string
				Uptime                    *float64
				Dependencies              map[string]struct {
					Status    string
					LatencyMs *float64
					Breaker   string
				}
			}
			if err := json.Unmarshal(body, &health); err != nil {
				t.Fatal(err)
			}
			if health.Status != "healthy" || health.Version == "" || health.Instance != "ward-7" || health.Uptime == nil || *health.Uptime <= 0 {
				t.Errorf("got %s", body)
			}
			for _, name := range []string{"store", "state", "bus", "archive"} {
				d, there := health.Dependencies[name]
				if !there || d.Status != "healthy" || d.LatencyMs == nil || !strings.EqualFold(d.Breaker, "closed") {
					t.Errorf("%s: %+v", name, d)
				}
			}
		})
	}
}

// metric returns the value of a line of /metrics, -1 when there is none.
func metric(text, line string) float64 {
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(line) + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	value, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return -1
	}
	return value
}

func TestMetricsHaveTheirFixedNamesAndNoIds_M(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t)
	const resource = "page:/metrics/1"
	anna, bruno := pair(t, g, resource)
	anna.OK("SEED", fields{"resourceId": resource, "values": fields{"notes": strings.Repeat(testkit.Marker, 5000)}})
	anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	bruno.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	g.Refused(t, testkit.Options{Token: "bad"})
	read := func() string {
		_, _, body := g.HTTP(t, "GET", "/metrics", "", nil)
		return string(body)
	}
	text := read()
	for _, name := range []string{"websocket_connections_total", "websocket_messages_sent_total", "websocket_messages_received_total",
		"lock_acquisitions_total", "lock_acquisition_duration_seconds", "redis_operation_duration_seconds", "rabbitmq_publish_total",
		"audit_logs_written_total"} {
		if !strings.Contains(text, "\n# TYPE "+name+" ") {
			t.Errorf("there is no %s", name)
		}
	}
	if !strings.Contains(text, "# TYPE websocket_connections_total gauge") {
		t.Error("websocket_connections_total is no gauge")
	}
	testkit.Eventually(t, eventually, "connections and bytes of documents in the metrics", func() bool {
		text = read()
		return metric(text, "websocket_connections_total") >= 2 && metric(text, "document_bytes") >= 10_000
	})
	for line, least := range map[string]float64{
		"rooms": 1, "documents": 1, "sessions": 2, "active_users": 2, `lock_acquisitions_total{result="acquired"}`: 1,
		`lock_acquisitions_total{result="denied"}`: 1, "websocket_messages_received_total": 5, "websocket_messages_sent_total": 5,
		"audit_logs_written_total": 6, `breaker_state{dependency="store"}`: 0, `authentication_failures_total{reason="malformed_token"}`: 1,
		`errors_total{code="LOCK_DENIED"}`: 1, "commit_latency_seconds_count": 1, "message_latency_seconds_count": 1, "outbox_bytes": 0,
		"journal_queue_depth": 0, "slow_consumers_total": 0, "resyncs_total": 0, "lock_contention_total": 1,
		"oldest_uncommitted_seconds": 0, "audit_sealing_lag_seconds": 0, `document_operations_total{op="seed"}`: 1,
	} {
		if got := metric(text, line); got < least {
			t.Errorf("%s is %v, want at least %v", line, got, least)
		}
	}
	for _, id := range []string{"usr_anna", resource, anna.Session(), testkit.Marker} {
		if strings.Contains(text, id) {
			t.Errorf("the metrics name %s", id)
		}
	}
	anna.Disconnect()
	bruno.Disconnect()
	testkit.Eventually(t, eventually, "end of the sessions and the room in the metrics", func() bool {
		text = read()
		return metric(text, "sessions") == 0 && metric(text, "websocket_connections_total") <= 1 && metric(text, "rooms") == 0 &&
			metric(text, "documents") == 0 && metric(text, "document_bytes") == 0 && metric(text, "locks_held") == 0 && metric(text, "active_users") == 0
	})
}

func TestTheWidgetAndTheDemoAreServed_H1(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	for path, kind := range map[string]string{"/collab-sdk.js": "javascript", "/collab-sdk.min.js": "javascript", "/demo/": "html", "/demo/split": "html", "/token": "html"} {
		status, header, body := g.HTTP(t, "GET", path, "", nil)
		if status != http.StatusOK || len(body) == 0 || !strings.Contains(header.Get("Content-Type"), kind) {
			t.Errorf("%s: status %d, %s, %d bytes", path, status, header.Get("Content-Type"), len(body))
		}
	}
	if status, _, _ := g.HTTP(t, "GET", "/nothing", "", nil); status != http.StatusNotFound {
		t.Errorf("/nothing: status %d", status)
	}
}

func TestTheTokenPageIsForThisMachineAlone_ENV(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	for name, change := range map[string]func(q *http.Request){
		"a page elsewhere that made its name point here": func(q *http.Request) { q.Host = "evil.example" },
		"a proxy": func(q *http.Request) { q.Header.Set("X-Forwarded-For", "203.0.113.7") },
	} {
		for _, path := range []string{"/token?user=usr_1", "/demo/"} {
			q, err := http.NewRequest("GET", g.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			change(q)
			if status, _, _ := g.Do(t, q); status != http.StatusForbidden {
				t.Errorf("%s, %s: status %d", name, path, status)
			}
		}
	}
}
