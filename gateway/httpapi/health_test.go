package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/gateway/breaker"
	"corsia/shared/obs"
)

// part is a dependency that a test sends away and back.
type part struct {
	mu    sync.Mutex
	err   error
	hangs bool
	asked int
}

func (p *part) set(err error, hangs bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.hangs = err, hangs
}

func (p *part) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

func (p *part) Ping(ctx context.Context) error {
	p.mu.Lock()
	p.asked++
	err, hangs := p.err, p.hangs
	p.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

// word keeps what a health told of its dependencies.
type word struct {
	mu   sync.Mutex
	said []string
}

func (w *word) changed(name string, since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if since.IsZero() {
		name += " is back"
	}
	w.said = append(w.said, name)
}

func (w *word) overdue(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, name+" is overdue")
}

func (w *word) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.said)
}

var errAway = errors.New("connection refused")

const grace = 10 * time.Second

// parts are the dependencies of a health under test.
type parts struct {
	store, state, bus *part
	told              *word
}

// watching runs a health of a required store, a state with grace and a bus until the test's function returns.
func watching(t *testing.T, test func(t *testing.T, h *Health, p parts)) {
	synctest.Test(t, func(t *testing.T) {
		p := parts{&part{}, &part{}, &part{}, &word{}}
		metrics := obs.NewMetrics(prometheus.NewRegistry())
		guarded := func(name string) *breaker.Breaker {
			return breaker.New(breaker.Options{Name: name, Threshold: 3, Metrics: metrics, Log: obs.TestLogger(t, t.Output())})
		}
		h := NewHealth(HealthOptions{Version: "1.2.3", Instance: "i_1", Log: obs.TestLogger(t, t.Output()), Now: time.Now,
			Changed: p.told.changed, Overdue: p.told.overdue, Dependencies: []Dependency{
				{Name: "store", Breaker: guarded("store"), Ping: p.store.Ping, Required: true},
				{Name: "state", Breaker: guarded("state"), Ping: p.state.Ping, Grace: grace},
				{Name: "bus", Breaker: guarded("bus"), Ping: p.bus.Ping},
			}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); h.Run(ctx) }()
		synctest.Wait()
		test(t, h, p)
		stop()
		<-done
	})
}

// ask returns the status and the body of an answer.
func ask(t *testing.T, h handler) (int, healthView) {
	t.Helper()
	w := httptest.NewRecorder()
	wrap(obs.TestLogger(t, t.Output()), h).ServeHTTP(w, httptest.NewRequest("GET", "/health", nil))
	var v healthView
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, v
}

func TestHealthNamesEveryDependency(t *testing.T) { // H1
	watching(t, func(t *testing.T, h *Health, p parts) {
		time.Sleep(90 * time.Second)
		status, v := ask(t, h.serve)
		if status != 200 || v.Status != "healthy" || v.Version != "1.2.3" || v.Instance != "i_1" || v.Uptime != 90 {
			t.Fatalf("%d %+v", status, v)
		}
		for _, name := range []string{"store", "state", "bus"} {
			if d := v.Dependencies[name]; d.Status != "healthy" || d.Breaker != "closed" {
				t.Errorf("%s: %+v", name, d)
			}
		}
		if said := p.told.all(); len(said) != 0 {
			t.Errorf("told %v", said)
		}
	})
}

func TestLatencyIsThatOfTheLastProbe(t *testing.T) { // H1
	watching(t, func(t *testing.T, h *Health, p parts) {
		p.bus.set(nil, true)
		time.Sleep(4 * time.Second)
		if _, v := ask(t, h.serve); v.Dependencies["bus"].LatencyMs != 2000 {
			t.Errorf("%+v, want the time limit of a probe", v.Dependencies["bus"])
		}
		p.bus.set(nil, false)
	})
}

func TestOneFailureOfTheStoreDegradesAndAnOpenBreakerIsNotReady(t *testing.T) { // H1, F4
	watching(t, func(t *testing.T, h *Health, p parts) {
		p.store.set(errAway, false)
		time.Sleep(1500 * time.Millisecond)
		if status, v := ask(t, h.ready); status != 200 || v.Status != "degraded" || v.Dependencies["store"].Status != "unhealthy" {
			t.Fatalf("after one failure: %d %+v", status, v)
		}
		time.Sleep(2 * time.Second)
		for name, h := range map[string]handler{"/health": h.serve, "/health/ready": h.ready} {
			if status, v := ask(t, h); status != 503 || v.Status != "unhealthy" || v.Dependencies["store"].Breaker != "open" {
				t.Fatalf("%s after three: %d %+v", name, status, v)
			}
		}
		if h.Serves() {
			t.Fatal("health_serving says that it serves")
		}
		if status, v := ask(t, h.live); status != 200 || v.Status != "unhealthy" {
			t.Fatalf("live: %d %+v: the process runs", status, v)
		}
		p.store.set(nil, false)
		time.Sleep(3 * time.Second)
		if status, v := ask(t, h.ready); status != 200 || v.Status != "healthy" || v.Dependencies["store"].Breaker != "closed" {
			t.Fatalf("%d %+v after it is back", status, v)
		}
		if said := p.told.all(); !slices.Equal(said, []string{"store", "store is back"}) {
			t.Fatalf("told %v, want each once", said)
		}
	})
}

func TestWithoutItsBusAnInstanceIsDegradedAndReady(t *testing.T) { // H1, F3
	watching(t, func(t *testing.T, h *Health, p parts) {
		p.bus.set(errAway, false)
		time.Sleep(time.Minute)
		for name, h := range map[string]handler{"/health": h.serve, "/health/ready": h.ready} {
			if status, v := ask(t, h); status != 200 || v.Status != "degraded" || v.Dependencies["bus"].Status != "unhealthy" {
				t.Fatalf("%s: %d %+v", name, status, v)
			}
		}
	})
}

func TestWithoutItsStateAnInstanceIsNotReadyOnceTheGraceIsOver(t *testing.T) { // F1, F2
	watching(t, func(t *testing.T, h *Health, p parts) {
		p.state.set(errAway, false)
		time.Sleep(grace - time.Second)
		if status, v := ask(t, h.ready); status != 200 || v.Status != "degraded" {
			t.Fatalf("within the grace: %d %+v", status, v)
		}
		time.Sleep(3 * time.Second)
		if status, v := ask(t, h.ready); status != 503 || v.Status != "degraded" {
			t.Fatalf("after it: ready %d %+v", status, v)
		}
		if status, v := ask(t, h.serve); status != 200 || v.Status != "degraded" {
			t.Fatalf("after it: health %d %+v: editing goes on", status, v)
		}
		p.state.set(nil, false)
		time.Sleep(16 * time.Second)
		if status, v := ask(t, h.ready); status != 200 || v.Status != "healthy" {
			t.Fatalf("%d %+v after it is back", status, v)
		}
		if said := p.told.all(); !slices.Equal(said, []string{"state", "state is overdue", "state is back"}) {
			t.Fatalf("told %v, want each once", said)
		}
	})
}

func TestDependencyThatHangsIsAwayWithinSeconds(t *testing.T) { // F2
	watching(t, func(t *testing.T, h *Health, p parts) {
		p.store.set(nil, true)
		before := p.bus.count()
		time.Sleep(4 * time.Second)
		if status, v := ask(t, h.serve); status != 200 || v.Status != "degraded" || v.Dependencies["store"].Status != "unhealthy" {
			t.Fatalf("%d %+v", status, v)
		}
		if n := p.bus.count() - before; n < 3 {
			t.Fatalf("another was asked %d times in 4 s", n)
		}
		if said := p.told.all(); !slices.Equal(said, []string{"store"}) {
			t.Fatalf("told %v", said)
		}
		p.store.set(nil, false)
	})
}

// Operations that failed open the breaker before the probe has noticed anything.
func TestBreakerThatOthersOpenedIsNewsToo(t *testing.T) { // SPEC 7, F1
	watching(t, func(t *testing.T, h *Health, p parts) {
		time.Sleep(200 * time.Millisecond)
		begin := time.Now()
		for range 3 {
			if err := h.probes[1].Breaker.Do(t.Context(), func(context.Context) error { return errAway }); err == nil {
				t.Fatal("it did not fail")
			}
		}
		if _, v := ask(t, h.serve); v.Status != "degraded" || v.Dependencies["state"].Breaker != "open" {
			t.Fatalf("%+v", v)
		}
		time.Sleep(850 * time.Millisecond)
		h.probes[1].mu.Lock()
		since := h.probes[1].down
		h.probes[1].mu.Unlock()
		if said := p.told.all(); !slices.Equal(said, []string{"state"}) || !since.Equal(begin) {
			t.Fatalf("told %v since %v, want %v", said, since, begin)
		}
		time.Sleep(3 * time.Second)
		if said := p.told.all(); !slices.Equal(said, []string{"state", "state is back"}) {
			t.Fatalf("told %v", said)
		}
	})
}

func TestDrainingInstanceIsNotReadyForGood(t *testing.T) { // C6
	watching(t, func(t *testing.T, h *Health, _ parts) {
		h.Drain()
		time.Sleep(5 * time.Second)
		for name, h := range map[string]handler{"/health": h.serve, "/health/ready": h.ready} {
			if status, v := ask(t, h); status != 503 || v.Status != "unhealthy" {
				t.Fatalf("%s: %d %+v", name, status, v)
			}
		}
		if status, _ := ask(t, h.live); status != 200 {
			t.Fatalf("live: %d", status)
		}
	})
}
