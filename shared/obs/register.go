package obs

import (
	"github.com/prometheus/client_golang/prometheus"

	"corsia/shared/collab"
)

// registrar makes metrics and registers them.
type registrar struct{ registry *prometheus.Registry }

func (m *Metrics) registerSockets(r registrar) {
	m.Connections = r.gauge("websocket_connections_total", "Open sockets, of both transports.")
	m.Sent = r.counter("websocket_messages_sent_total", "Messages written to clients.")
	m.Received = r.counter("websocket_messages_received_total", "Messages read from clients.")
	m.Sessions = r.gauge("sessions", "Authenticated clients.")
	m.ActiveUsers = r.sampled("active_users", "Users with an event in the last five minutes.")
	m.OutboxBytes = r.gauge("outbox_bytes", "Bytes that wait to be written to clients.")
	m.SlowConsumers = r.counter("slow_consumers_total", "Sessions disconnected because their outbox was full.")
	m.ConnectLatency = r.histogram("connect_latency_seconds", "From the CONNECT packet to CONNECTED.", messageBuckets)
	m.MessageLatency = r.histogram("message_latency_seconds",
		"From reading an update to its last write to a local session.", messageBuckets)
	m.ResumedSessions = r.counter("sessions_resumed_total", "Sessions that went on after a lost transport.")
	m.ExpiredSessions = r.counter("sessions_expired_total", "Sessions closed because they were not active.")
	m.MessagesRateLimited = r.counter("messages_rate_limited_total", "Messages refused because a session sent too many.")
}

func (m *Metrics) registerDocuments(r registrar) {
	m.Rooms = r.gauge("rooms", "Open rooms of this instance.")
	m.Documents = r.gauge("documents", "Documents in memory.")
	m.DocumentBytes = r.gauge("document_bytes", "Encoded size of the documents in memory.")
	ops := r.counters("document_operations_total", "What happened to documents.", "op")
	m.Operations = Operations{
		Create: ops.WithLabelValues("create"), Load: ops.WithLabelValues("load"), Update: ops.WithLabelValues("update"),
		Seed: ops.WithLabelValues("seed"), Sync: ops.WithLabelValues("sync"), Compact: ops.WithLabelValues("compact"),
		Quarantine: ops.WithLabelValues("quarantine"),
	}
	m.Resyncs = r.counter("resyncs_total", "Rooms and sessions that had to start from the store again.")
	m.CaughtUp = r.counter("journal_caught_up_total", "Rows of other instances that were read from the journal, because the bus had not brought them.")
	m.CompactionFailures = r.counter("compaction_failures_total", "Compactions that could not prove that nothing is lost, or failed; the journal was kept.")
	m.JournalRemoved = r.counter("journal_rows_removed_total", "Rows of journals that this instance removed because they were older than JOURNAL_RETENTION.")
	m.CommitLatency = r.histogram("commit_latency_seconds", "Duration of a group commit.", commitBuckets)
	m.CommitBatch = r.histogram("commit_batch_size", "Updates in a group commit.", batchBuckets)
	m.JournalQueue = r.gauge("journal_queue_depth", "Updates that wait for their commit.")
	m.OldestUncommitted = r.sampled("oldest_uncommitted_seconds", "Age of the oldest update that is not committed.")
	m.AuditWritten = r.counter("audit_logs_written_total", "Audit events committed.")
	m.AuditSealingLag = r.sampled("audit_sealing_lag_seconds", "Age of the oldest audit event that is not chained.")
}

func (m *Metrics) registerLocks(r registrar) {
	results := r.counters("lock_acquisitions_total", "Attempts to acquire a lock.", "result")
	m.Locks = LockResults{
		Acquired: results.WithLabelValues("acquired"), Denied: results.WithLabelValues("denied"),
		Unavailable: results.WithLabelValues("unavailable"), Failed: results.WithLabelValues("failed"),
	}
	m.LockLatency = r.histogram("lock_acquisition_duration_seconds", "From LOCK_ACQUIRE to its answer.", lockBuckets)
	m.LockContention = r.counter("lock_contention_total", "Attempts that met a lock of another session.")
	m.LocksBroken = r.counter("locks_broken_total", "Locks that were taken away from their holders.")
	requests := r.counters("lock_requests_total", "Wishes for a lock of another session, and what became of them.", "result")
	m.LockRequests = LockRequests{
		Asked: requests.WithLabelValues("asked"), Declined: requests.WithLabelValues("declined"),
		Handed: requests.WithLabelValues("handed"), Idle: requests.WithLabelValues("idle"),
	}
	m.LocksHeld = r.gauge("locks_held", "Open locks of this instance's sessions.")
}

func (m *Metrics) registerDependencies(r registrar) {
	m.errors = r.counters("errors_total", "Errors answered to clients, by code.", "code")
	m.authFailures = r.counters("authentication_failures_total", "Refused tokens, by reason.", "reason")
	m.dependencyFails = r.counters("dependency_failures_total", "Failed calls of backing services.", "dependency")
	m.published = r.counters("rabbitmq_publish_total", "Messages published to the broker.", "result")
	m.breakers = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "breaker_state", Help: "Circuit breaker: 0 closed, 1 half open, 2 open.",
	}, []string{"dependency"})
	m.redis = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "redis_operation_duration_seconds", Help: "Duration of a Redis operation.", Buckets: redisBuckets,
	}, []string{"op"})
	r.registry.MustRegister(m.breakers, m.redis)
	m.showFromTheStart()
}

// showFromTheStart makes the children whose labels are known, so that a rate over them sees the first increment and a
// dashboard finds every name on a gateway that has not failed yet.
func (m *Metrics) showFromTheStart() {
	for _, result := range []string{"confirmed", "nacked", "failed", "dropped"} {
		m.Published(result)
	}
	m.RedisLatency("ping")
	for _, code := range []collab.Code{collab.CodeInternal, collab.CodeUnavailable, collab.CodeBackpressure, collab.CodeDocumentQuarantine} {
		m.errors.WithLabelValues(string(code)) // those that the alert on errors is about
	}
	for _, dependency := range []string{"store", "state", "bus", "archive"} {
		m.SetBreaker(dependency, BreakerClosed)
		m.DependencyFailures(dependency)
	}
	for _, reason := range []string{
		"missing_token", "malformed_token", "bad_algorithm", "bad_signature", "unknown_key", "expired",
		"not_yet_valid", "wrong_issuer", "wrong_audience", "revoked",
	} {
		m.authFailures.WithLabelValues(reason)
	}
}

func (r registrar) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	r.registry.MustRegister(g)
	return g
}

func (r registrar) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	r.registry.MustRegister(c)
	return c
}

func (r registrar) counters(name, help, label string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	r.registry.MustRegister(c)
	return c
}

func (r registrar) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	r.registry.MustRegister(h)
	return h
}

func (r registrar) sampled(name, help string) *Sampled {
	s := &Sampled{}
	r.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, s.value))
	return s
}
