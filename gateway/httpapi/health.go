// Package httpapi owns the HTTP surface beside the sockets: health, metrics, the widget's files, the demo, and the calls
// of administrators.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"corsia/gateway/breaker"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	probeEvery   = time.Second
	probeTimeout = 2 * time.Second
)

// Dependency is a part that the gateway cannot do without, or not well.
type Dependency struct {
	Name    string           // store, state, bus, archive
	Breaker *breaker.Breaker // shared with whoever uses it; the probe is one of the calls that it lets through
	Ping    func(ctx context.Context) error
	// Required: while the breaker is open nothing can be saved: not ready.
	Required bool
	// Grace: away for longer the instance takes no new clients, and is not ready; zero: it does.
	Grace time.Duration
}

// Health knows how the dependencies are. It asks each of them once a second, through its circuit breaker.
type Health struct {
	// Set by NewHealth, never changed.
	version  string
	instance collab.InstanceID
	started  time.Time
	now      func() time.Time
	log      *slog.Logger
	probes   []*probe
	changed  func(name string, since time.Time) // zero since: it is back
	overdue  func(name string)

	draining atomic.Bool
}

// probe is what is known of one dependency.
type probe struct {
	Dependency

	// Guarded by mu.
	mu      sync.Mutex
	down    time.Time // since when; zero: it answers
	overdue bool      // longer than Grace
	latency time.Duration
}

// HealthOptions configures Health.
type HealthOptions struct {
	Version      string
	Instance     collab.InstanceID
	Dependencies []Dependency
	Log          *slog.Logger
	Now          func() time.Time
	Changed      func(name string, since time.Time) // told when a dependency goes away, and with a zero time when it is back
	Overdue      func(name string)                  // told once when it has been away for longer than its grace; before it is back
}

// NewHealth returns the health of an instance whose dependencies were not asked yet.
func NewHealth(o HealthOptions) *Health {
	h := &Health{version: o.Version, instance: o.Instance, started: o.Now(), now: o.Now, log: o.Log, changed: o.Changed, overdue: o.Overdue}
	for _, d := range o.Dependencies {
		h.probes = append(h.probes, &probe{Dependency: d})
	}
	return h
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

// ask pings once and tells what changed. While the breaker is open the answer is that it is.
func (h *Health) ask(ctx context.Context, p *probe) {
	start, took := h.now(), time.Duration(0)
	err := p.Breaker.Do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		err := p.Ping(ctx)
		took = h.now().Sub(start)
		return err
	})
	if ctx.Err() != nil {
		return
	}
	if since := p.Breaker.Since(); err != nil && !since.IsZero() {
		start = since // others noticed first
	}
	was, since, overdue := p.note(err, start, h.now(), took)
	if err != nil && was.IsZero() {
		h.log.Error("health: a dependency is away", obs.Dependency(p.Name), obs.Err(err))
		h.changed(p.Name, since)
	}
	if overdue {
		h.log.Error("health: a dependency stays away", obs.Dependency(p.Name), obs.Duration(h.now().Sub(since)))
		h.overdue(p.Name)
	}
	if err == nil && !was.IsZero() {
		h.log.Info("health: a dependency is back", obs.Dependency(p.Name), obs.Duration(h.now().Sub(was)))
		h.changed(p.Name, time.Time{})
	}
}

// note keeps the outcome of a probe. It returns since when the dependency was and is away, and whether its grace is over,
// once.
func (p *probe) note(err error, start, now time.Time, took time.Duration) (was, since time.Time, overdue bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was = p.down
	if took > 0 {
		p.latency = took
	}
	switch {
	case err == nil:
		p.down, p.overdue = time.Time{}, false
	case was.IsZero():
		p.down = start
	}
	if err != nil && p.Grace > 0 && !p.overdue && now.Sub(p.down) >= p.Grace {
		p.overdue, overdue = true, true
	}
	return was, p.down, overdue
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

// view returns the health now, whether the instance can save what clients send, and whether it is one for new clients.
func (h *Health) view() (v healthView, serves, ready bool) {
	v = healthView{Status: "healthy", Version: h.version, Instance: h.instance, Uptime: h.now().Sub(h.started).Seconds(),
		Dependencies: map[string]dependencyView{}}
	serves = !h.draining.Load()
	ready = serves
	for _, p := range h.probes {
		state := p.Breaker.State()
		p.mu.Lock()
		d := dependencyView{Status: "healthy", LatencyMs: float64(p.latency.Microseconds()) / 1000, Breaker: string(state)}
		if !p.down.IsZero() || state != breaker.Closed {
			d.Status, v.Status = "unhealthy", "degraded"
		}
		ready = ready && !p.overdue
		p.mu.Unlock()
		v.Dependencies[p.Name] = d
		serves = serves && (!p.Required || state == breaker.Closed)
	}
	if !serves {
		v.Status = "unhealthy"
	}
	return v, serves, serves && ready
}

// Serves reports whether /health answers 200.
func (h *Health) Serves() bool {
	_, serves, _ := h.view()
	return serves
}

// serve answers /health: 503 when what clients send cannot be saved, or when the instance drains.
func (h *Health) serve(w http.ResponseWriter, _ *http.Request) error {
	v, serves, _ := h.view()
	return writeJSON(w, statusOf(serves), v)
}

// ready answers /health/ready: 503 when new clients should go elsewhere.
func (h *Health) ready(w http.ResponseWriter, _ *http.Request) error {
	v, _, ready := h.view()
	return writeJSON(w, statusOf(ready), v)
}

// live answers /health/live: the process runs.
func (h *Health) live(w http.ResponseWriter, _ *http.Request) error {
	v, _, _ := h.view()
	return writeJSON(w, http.StatusOK, v)
}

func statusOf(good bool) int {
	if good {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}
