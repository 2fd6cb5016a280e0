// Package httpapi owns the HTTP surface beside the sockets: health, metrics, the widget's files, the demo, and the calls
// of administrators.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	probeEvery   = time.Second
	probeTimeout = 2 * time.Second
	breakerPause = time.Second // an open breaker lets one probe through after it
)

// Dependency is a part that the gateway cannot do without, or not well.
type Dependency struct {
	Name     string // store, state, bus, archive
	Required bool   // without it nothing can be saved: not ready
	Ping     func(ctx context.Context) error
}

// Health knows how the dependencies are. It asks each of them once a second, behind a circuit breaker of its own.
type Health struct {
	// Set by NewHealth, never changed.
	version  string
	instance collab.InstanceID
	started  time.Time
	now      func() time.Time
	log      *slog.Logger
	metrics  *obs.Metrics
	probes   []*probe
	changed  func(name string, since time.Time) // zero since: it is back

	draining atomic.Bool
}

// probe is what is known of one dependency.
type probe struct {
	Dependency
	breaker *gobreaker.CircuitBreaker[struct{}]

	// Guarded by mu.
	mu      sync.Mutex
	down    time.Time // since when; zero: it answers
	latency time.Duration
}

// HealthOptions configures Health.
type HealthOptions struct {
	Version      string
	Instance     collab.InstanceID
	Dependencies []Dependency
	Threshold    int // failures that open a breaker
	Metrics      *obs.Metrics
	Log          *slog.Logger
	Now          func() time.Time
	Changed      func(name string, since time.Time) // told when a dependency goes away, and with a zero time when it is back
}

// NewHealth returns the health of an instance whose dependencies were not asked yet.
func NewHealth(o HealthOptions) *Health {
	h := &Health{version: o.Version, instance: o.Instance, started: o.Now(), now: o.Now, log: o.Log, metrics: o.Metrics, changed: o.Changed}
	for _, d := range o.Dependencies {
		p := &probe{Dependency: d}
		p.breaker = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
			Name: d.Name, Timeout: breakerPause,
			ReadyToTrip: func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= o.Threshold },
			OnStateChange: func(name string, _, to gobreaker.State) {
				h.metrics.SetBreaker(name, breakerStates[to])
				h.log.Warn("health: breaker", obs.Dependency(name), slog.String(obs.KeyState, to.String()))
			},
		})
		o.Metrics.SetBreaker(d.Name, obs.BreakerClosed)
		h.probes = append(h.probes, p)
	}
	return h
}

var breakerStates = map[gobreaker.State]obs.BreakerState{
	gobreaker.StateClosed: obs.BreakerClosed, gobreaker.StateHalfOpen: obs.BreakerHalfOpen, gobreaker.StateOpen: obs.BreakerOpen,
}

// Drain makes the instance not ready for good.
func (h *Health) Drain() { h.draining.Store(true) }

// Run asks the dependencies until ctx ends.
func (h *Health) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, p := range h.probes {
		wg.Go(func() { h.watch(ctx, p) })
	}
	wg.Wait()
}

func (h *Health) watch(ctx context.Context, p *probe) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		h.ask(ctx, p)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ask pings once and notes what changed.
func (h *Health) ask(ctx context.Context, p *probe) {
	start := h.now()
	_, err := p.breaker.Execute(func() (struct{}, error) {
		pingCtx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		return struct{}{}, p.Ping(pingCtx)
	})
	if ctx.Err() != nil || errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return // it was not asked
	}
	p.mu.Lock()
	was := p.down
	p.latency = h.now().Sub(start)
	if err == nil {
		p.down = time.Time{}
	} else if was.IsZero() {
		p.down = start
	}
	now := p.down
	p.mu.Unlock()
	switch {
	case err != nil && was.IsZero():
		h.metrics.DependencyFailures(p.Name).Inc()
		h.log.Error("health: a dependency is away", obs.Dependency(p.Name), obs.Err(err))
		h.changed(p.Name, now)
	case err != nil:
		h.metrics.DependencyFailures(p.Name).Inc()
	case !was.IsZero():
		h.log.Info("health: a dependency is back", obs.Dependency(p.Name), obs.Duration(h.now().Sub(was)))
		h.changed(p.Name, time.Time{})
	}
}

type healthView struct {
	Status       string                    `json:"status"` // healthy, degraded, unhealthy
	Version      string                    `json:"version"`
	Instance     collab.InstanceID         `json:"instance"`
	Uptime       float64                   `json:"uptime"` // seconds
	Dependencies map[string]dependencyView `json:"dependencies"`
}

type dependencyView struct {
	Status    string  `json:"status"` // healthy, unhealthy
	LatencyMs float64 `json:"latencyMs"`
	Breaker   string  `json:"breaker"` // closed, half-open, open
}

// view returns the health now, and whether the instance is ready for clients.
func (h *Health) view() (healthView, bool) {
	v := healthView{Status: "healthy", Version: h.version, Instance: h.instance, Uptime: h.now().Sub(h.started).Seconds(),
		Dependencies: map[string]dependencyView{}}
	for _, p := range h.probes {
		p.mu.Lock()
		d := dependencyView{Status: "healthy", LatencyMs: float64(p.latency.Microseconds()) / 1000, Breaker: p.breaker.State().String()}
		if !p.down.IsZero() {
			d.Status = "unhealthy"
		}
		p.mu.Unlock()
		v.Dependencies[p.Name] = d
		switch {
		case d.Status == "healthy":
		case p.Required:
			v.Status = "unhealthy"
		case v.Status == "healthy":
			v.Status = "degraded"
		}
	}
	if h.draining.Load() {
		v.Status = "unhealthy"
	}
	return v, v.Status != "unhealthy"
}

// serve answers /health and /health/ready: 503 when not ready.
func (h *Health) serve(w http.ResponseWriter, _ *http.Request) error {
	v, ready := h.view()
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
	}
	return writeJSON(w, status, v)
}

// live answers /health/live: the process runs.
func (h *Health) live(w http.ResponseWriter, _ *http.Request) error {
	v, _ := h.view()
	return writeJSON(w, http.StatusOK, v)
}
