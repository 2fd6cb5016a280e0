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

func (w *word) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.said)
}

var errAway = errors.New("connection refused")

// watching runs a health of a required store and an optional bus until the test's function returns.
func watching(t *testing.T, test func(t *testing.T, h *Health, store, bus *part, told *word)) {
	synctest.Test(t, func(t *testing.T) {
		store, bus, told := &part{}, &part{}, &word{}
		h := NewHealth(HealthOptions{Version: "1.2.3", Instance: "i_1", Threshold: 3, Metrics: obs.NewMetrics(prometheus.NewRegistry()),
			Log: obs.TestLogger(t, t.Output()), Now: time.Now, Changed: told.changed,
			Dependencies: []Dependency{{Name: "store", Required: true, Ping: store.Ping}, {Name: "bus", Ping: bus.Ping}}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); h.Run(ctx) }()
		synctest.Wait()
		test(t, h, store, bus, told)
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
	watching(t, func(t *testing.T, h *Health, _, _ *part, told *word) {
		time.Sleep(90 * time.Second)
		status, v := ask(t, h.serve)
		if status != 200 || v.Status != "healthy" || v.Version != "1.2.3" || v.Instance != "i_1" || v.Uptime != 90 {
			t.Fatalf("%d %+v", status, v)
		}
		for _, name := range []string{"store", "bus"} {
			if d := v.Dependencies[name]; d.Status != "healthy" || d.Breaker != "closed" {
				t.Errorf("%s: %+v", name, d)
			}
		}
		if said := told.all(); len(said) != 0 {
			t.Errorf("told %v", said)
		}
	})
}

func TestWithoutItsStoreAnInstanceIsNotReady(t *testing.T) { // H1, F4
	watching(t, func(t *testing.T, h *Health, store, _ *part, told *word) {
		store.set(errAway, false)
		time.Sleep(1500 * time.Millisecond)
		if status, v := ask(t, h.serve); status != 503 || v.Status != "unhealthy" || v.Dependencies["store"].Status != "unhealthy" {
			t.Fatalf("%d %+v", status, v)
		}
		if status, v := ask(t, h.live); status != 200 || v.Status != "unhealthy" {
			t.Fatalf("live: %d %+v: the process runs", status, v)
		}
		store.set(nil, false)
		time.Sleep(2 * time.Second)
		if status, v := ask(t, h.serve); status != 200 || v.Status != "healthy" {
			t.Fatalf("%d %+v after it is back", status, v)
		}
		if said := told.all(); !slices.Equal(said, []string{"store", "store is back"}) {
			t.Fatalf("told %v, want each once", said)
		}
	})
}

func TestWithoutItsBusAnInstanceIsDegradedAndReady(t *testing.T) { // H1, F3
	watching(t, func(t *testing.T, h *Health, _, bus *part, _ *word) {
		bus.set(errAway, false)
		time.Sleep(1500 * time.Millisecond)
		if status, v := ask(t, h.serve); status != 200 || v.Status != "degraded" || v.Dependencies["bus"].Status != "unhealthy" {
			t.Fatalf("%d %+v", status, v)
		}
	})
}

func TestBreakerOpensAtTheThresholdAndClosesByItself(t *testing.T) { // SPEC 7
	watching(t, func(t *testing.T, h *Health, store, _ *part, told *word) {
		store.set(errAway, false)
		time.Sleep(1500 * time.Millisecond)
		if _, v := ask(t, h.serve); v.Dependencies["store"].Breaker != "closed" {
			t.Fatalf("after two failures it is %s", v.Dependencies["store"].Breaker)
		}
		open := false
		for range 40 {
			time.Sleep(100 * time.Millisecond)
			_, v := ask(t, h.serve)
			open = open || v.Dependencies["store"].Breaker == "open"
		}
		if !open {
			t.Fatal("it never opened")
		}
		store.set(nil, false)
		time.Sleep(3 * time.Second)
		if _, v := ask(t, h.serve); v.Dependencies["store"].Breaker != "closed" || v.Status != "healthy" {
			t.Fatalf("%+v after it is back", v)
		}
		if said := told.all(); !slices.Equal(said, []string{"store", "store is back"}) {
			t.Fatalf("told %v, want each once", said)
		}
	})
}

func TestDependencyThatHangsIsAwayWithinSeconds(t *testing.T) { // F2
	watching(t, func(t *testing.T, h *Health, store, bus *part, _ *word) {
		store.set(nil, true)
		before := bus.count()
		time.Sleep(4 * time.Second)
		if status, v := ask(t, h.serve); status != 503 || v.Dependencies["store"].Status != "unhealthy" {
			t.Fatalf("%d %+v", status, v)
		}
		if n := bus.count() - before; n < 3 {
			t.Fatalf("the other was asked %d times in 4 s", n)
		}
		store.set(nil, false)
	})
}

func TestDrainingInstanceIsNotReadyForGood(t *testing.T) { // C6
	watching(t, func(t *testing.T, h *Health, _, _ *part, _ *word) {
		h.Drain()
		time.Sleep(5 * time.Second)
		if status, v := ask(t, h.serve); status != 503 || v.Status != "unhealthy" {
			t.Fatalf("%d %+v", status, v)
		}
		if status, _ := ask(t, h.live); status != 200 {
			t.Fatalf("live: %d", status)
		}
	})
}
