package obs

import (
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"corsia/shared/collab"
)

// Metrics are the figures of one process, by the names that SPEC 10 fixes. No label carries a user or a resource id.
// Fields are safe for concurrent use; those without a label cost one atomic operation.
type Metrics struct {
	// Sockets and sessions.
	Connections         prometheus.Gauge    // websocket_connections_total: open sockets (a gauge, whatever its name says)
	Sent                prometheus.Counter  // websocket_messages_sent_total
	Received            prometheus.Counter  // websocket_messages_received_total
	Sessions            prometheus.Gauge    // sessions: authenticated clients
	ActiveUsers         *Sampled            // active_users: users with an event in the last 300 s
	OutboxBytes         prometheus.Gauge    // outbox_bytes: waiting to be written, all sessions (C7)
	SlowConsumers       prometheus.Counter  // slow_consumers_total: sessions disconnected for it (C7)
	ConnectLatency      prometheus.Observer // connect_latency_seconds: CONNECT → CONNECTED
	MessageLatency      prometheus.Observer // message_latency_seconds: in → last local write
	ExpiredSessions     prometheus.Counter  // sessions_expired_total (C5)
	ResumedSessions     prometheus.Counter  // sessions_resumed_total (C11)
	MessagesRateLimited prometheus.Counter  // messages_rate_limited_total (C8)

	// Rooms and documents.
	Rooms              prometheus.Gauge    // rooms: open on this instance
	Documents          prometheus.Gauge    // documents: in memory
	DocumentBytes      prometheus.Gauge    // document_bytes: their encoded size
	Operations         Operations          // document_operations_total{op}
	Resyncs            prometheus.Counter  // resyncs_total: rooms or sessions that started from the store again
	CaughtUp           prometheus.Counter  // journal_caught_up_total: rows of other instances read from the journal, not heard (D4)
	CompactionFailures prometheus.Counter  // compaction_failures_total: the journal was kept (D3)
	JournalRemoved     prometheus.Counter  // journal_rows_removed_total: older than JOURNAL_RETENTION (O7)
	CommitLatency      prometheus.Observer // commit_latency_seconds: one group commit (D2)
	CommitBatch        prometheus.Observer // commit_batch_size: updates in it
	JournalQueue       prometheus.Gauge    // journal_queue_depth: updates waiting for their commit
	OldestUncommitted  *Sampled            // oldest_uncommitted_seconds: age of the first of them; 0: none

	// Locks.
	Locks          LockResults         // lock_acquisitions_total{result}
	LockLatency    prometheus.Observer // lock_acquisition_duration_seconds
	LockContention prometheus.Counter  // lock_contention_total: attempts that met another's lock
	LocksHeld      prometheus.Gauge    // locks_held: open on this instance
	LocksBroken    prometheus.Counter  // locks_broken_total: taken away from their holders (L7)
	LockRequests   LockRequests        // lock_requests_total{result}

	// Audit.
	AuditWritten    prometheus.Counter // audit_logs_written_total
	AuditSealingLag *Sampled           // audit_sealing_lag_seconds: age of the oldest event not yet chained (T3)

	// Webhooks.
	WebhooksTold   prometheus.Counter  // webhook_notifications_total: rows of the inbox that this instance has told its rooms
	WebhookLatency prometheus.Observer // webhook_latency_seconds: request → this instance's rooms (W4)

	// What is watched from outside.
	Serving *Sampled // health_serving: 1 while /health answers 200 (H1)
	Proofs  Proofs

	registry        *prometheus.Registry
	webhooks        *prometheus.CounterVec
	errors          *prometheus.CounterVec
	authFailures    *prometheus.CounterVec
	breakers        *prometheus.GaugeVec
	dependencyFails *prometheus.CounterVec
	redis           *prometheus.HistogramVec
	published       *prometheus.CounterVec
}

// Operations count what happens to documents, by label op.
type Operations struct {
	Create, Load, Update, Seed, Sync, Compact, Quarantine prometheus.Counter
}

// LockResults count attempts to acquire a lock, by label result.
type LockResults struct {
	Acquired, Denied, Unavailable, Failed prometheus.Counter
}

// LockRequests count wishes for locks of others, and what became of them, by label result (L7).
type LockRequests struct {
	Asked, Declined, Handed, Idle prometheus.Counter
}

// BreakerState is the value of breaker_state.
type BreakerState float64

// The states of a circuit breaker (SPEC 7).
const (
	BreakerClosed   BreakerState = 0
	BreakerHalfOpen BreakerState = 1
	BreakerOpen     BreakerState = 2
)

// Buckets in seconds; they include every threshold of SPEC 11 and of the alerts.
var (
	messageBuckets = []float64{.001, .0025, .005, .01, .02, .035, .05, .1, .2, .3, .5, 1, 2, 5, 10}
	commitBuckets  = []float64{.0005, .001, .002, .004, .008, .015, .025, .05, .1, .25, .5, 1, 5}
	redisBuckets   = []float64{.0001, .00025, .0005, .001, .002, .005, .01, .025, .1, .5, 1}
	lockBuckets    = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}
	batchBuckets   = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}
)

// NewMetrics registers every metric, and those of Go and of the process, on the registry, which must have none of them.
func NewMetrics(registry *prometheus.Registry) *Metrics {
	r := registrar{registry}
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m := &Metrics{registry: registry}
	m.registerSockets(r)
	m.registerDocuments(r)
	m.registerLocks(r)
	m.registerDependencies(r)
	m.registerWebhooks(r)
	m.registerProofs(r)
	return m
}

// Handler serves the metrics (H1).
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// CountError counts an error that a client got, in errors_total{code}. A code that is none of ours counts as OTHER, so
// that no client can make labels.
func (m *Metrics) CountError(code collab.Code) {
	m.errors.WithLabelValues(label(string(code), isUpper)).Inc()
}

// CountAuthFailure counts a refused token, in authentication_failures_total{reason}, by reason of A4.
func (m *Metrics) CountAuthFailure(reason string) {
	m.authFailures.WithLabelValues(label(reason, isLower)).Inc()
}

// SetBreaker shows a breaker's state, in breaker_state{dependency}.
func (m *Metrics) SetBreaker(dependency string, state BreakerState) {
	m.breakers.WithLabelValues(label(dependency, isLower)).Set(float64(state))
}

// DependencyFailures returns dependency_failures_total{dependency}. Callers keep it.
func (m *Metrics) DependencyFailures(dependency string) prometheus.Counter {
	return m.dependencyFails.WithLabelValues(label(dependency, isLower))
}

// RedisLatency returns redis_operation_duration_seconds{op}. Callers keep it.
func (m *Metrics) RedisLatency(op string) prometheus.Observer {
	return m.redis.WithLabelValues(label(op, isLower))
}

// Published returns rabbitmq_publish_total{result}: confirmed, nacked, failed or dropped.
func (m *Metrics) Published(result string) prometheus.Counter {
	return m.published.WithLabelValues(label(result, isLower))
}

// Sampled is a gauge whose value is asked for at each scrape, because it changes while nothing happens (an age).
type Sampled struct {
	ask atomic.Pointer[func() float64]
}

// Set names the function to ask. It must not block. The last one named wins; before the first the value is 0.
func (s *Sampled) Set(ask func() float64) { s.ask.Store(&ask) }

func (s *Sampled) value() float64 {
	if ask := s.ask.Load(); ask != nil {
		return (*ask)()
	}
	return 0
}

const (
	maxLabelBytes = 40
	otherLabel    = "OTHER"
)

func label(s string, allowed func(byte) bool) string {
	if s == "" || len(s) > maxLabelBytes {
		return otherLabel
	}
	for i := range len(s) {
		if !allowed(s[i]) {
			return otherLabel
		}
	}
	return s
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' || c == '_' }

func isLower(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' }
