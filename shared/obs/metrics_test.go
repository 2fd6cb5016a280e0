package obs

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/shared/collab"
)

// scrape returns the lines of GET /metrics.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.Code != 200 {
		t.Fatalf("GET /metrics: %d, %v", answer.Code, err)
	}
	return string(body)
}

func TestMHasEveryNameOfTheSpecification(t *testing.T) {
	body := scrape(t, NewMetrics(prometheus.NewRegistry()))
	types := map[string]string{
		"websocket_connections_total":       "gauge",
		"websocket_messages_sent_total":     "counter",
		"websocket_messages_received_total": "counter",
		"lock_acquisitions_total":           "counter",
		"lock_acquisition_duration_seconds": "histogram",
		"redis_operation_duration_seconds":  "histogram",
		"rabbitmq_publish_total":            "counter",
		"audit_logs_written_total":          "counter",
		"message_latency_seconds":           "histogram",
		"commit_latency_seconds":            "histogram",
		"commit_batch_size":                 "histogram",
		"errors_total":                      "counter",
		"rooms":                             "gauge",
		"documents":                         "gauge",
		"document_bytes":                    "gauge",
		"outbox_bytes":                      "gauge",
		"journal_queue_depth":               "gauge",
		"breaker_state":                     "gauge",
		"slow_consumers_total":              "counter",
		"resyncs_total":                     "counter",
		"lock_contention_total":             "counter",
		"oldest_uncommitted_seconds":        "gauge",
		"active_users":                      "gauge",
		"document_operations_total":         "counter",
		"audit_sealing_lag_seconds":         "gauge",
		"authentication_failures_total":     "counter",
		"dependency_failures_total":         "counter",
		"health_serving":                    "gauge",
		"backup_verified_timestamp_seconds": "gauge",
		"audit_archived_timestamp_seconds":  "gauge",
		"go_goroutines":                     "gauge",
		"process_resident_memory_bytes":     "gauge",
	}
	for name, kind := range types {
		if !strings.Contains(body, "# TYPE "+name+" "+kind+"\n") {
			t.Errorf("no %s of type %s", name, kind)
		}
	}
}

func TestMCountsAreShown(t *testing.T) {
	m := NewMetrics(prometheus.NewRegistry())
	m.Connections.Inc()
	m.Sent.Add(3)
	m.CountError(collab.CodeRateLimited)
	m.CountAuthFailure("expired")
	m.SetBreaker("store", BreakerOpen)
	m.DependencyFailures("bus").Inc()
	m.RedisLatency("set").Observe(.001)
	failed := m.Published("failed")
	failed.Inc()
	m.Locks.Denied.Inc()
	m.Operations.Update.Inc()
	m.MessageLatency.Observe(.05)
	Stamp(m.Proofs.Backup, time.UnixMilli(1772330400500))
	Stamp(m.Proofs.Verified, time.Time{})
	since := time.Now().Add(-time.Minute)
	m.OldestUncommitted.Set(func() float64 { return float64(int(time.Since(since).Minutes())) })

	body := scrape(t, m)
	for _, line := range []string{
		"websocket_connections_total 1", "websocket_messages_sent_total 3", `errors_total{code="RATE_LIMITED"} 1`,
		`authentication_failures_total{reason="expired"} 1`, `breaker_state{dependency="store"} 2`,
		`dependency_failures_total{dependency="bus"} 1`, `redis_operation_duration_seconds_count{op="set"} 1`,
		`rabbitmq_publish_total{result="failed"} 1`, `rabbitmq_publish_total{result="confirmed"} 0`,
		`lock_acquisitions_total{result="denied"} 1`, `document_operations_total{op="update"} 1`,
		`message_latency_seconds_bucket{le="0.05"} 1`, "oldest_uncommitted_seconds 1", "active_users 0",
		"backup_newest_timestamp_seconds 1.7723304005e+09", "backup_verified_timestamp_seconds 0", "health_serving 0",
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

func TestMClientsCannotMakeLabels(t *testing.T) {
	m := NewMetrics(prometheus.NewRegistry())
	for _, code := range []collab.Code{"page:/patient/12345", "", collab.Code(strings.Repeat("A", 41))} {
		m.CountError(code)
	}
	m.CountAuthFailure("Bearer x")
	body := scrape(t, m)
	for _, line := range []string{`errors_total{code="OTHER"} 3`, `authentication_failures_total{reason="OTHER"} 1`} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if strings.Contains(body, "12345") {
		t.Error("an id is in a label")
	}
}

func TestTwoMetricsLiveBesideEachOther(t *testing.T) {
	first, second := NewMetrics(prometheus.NewRegistry()), NewMetrics(prometheus.NewRegistry())
	first.Rooms.Inc()
	if body := scrape(t, second); !strings.Contains(body, "\nrooms 0\n") {
		t.Error("two registries share a gauge")
	}
}

func BenchmarkHotPath(b *testing.B) {
	m := NewMetrics(prometheus.NewRegistry())
	b.ReportAllocs()
	for b.Loop() {
		m.Received.Inc()
		m.OutboxBytes.Add(100)
		m.MessageLatency.Observe(.004)
	}
}
