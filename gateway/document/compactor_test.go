package document

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/shared/collab"
	"corsia/shared/driver/sqlite"
	"corsia/shared/obs"
	"corsia/shared/ydoc"
)

// states is a store in memory that can fail or hang.
type states struct {
	mu    sync.Mutex
	snaps map[collab.Resource]collab.Snapshot
	saved map[collab.Resource][]collab.State
	at    map[collab.Resource][]time.Duration // of saving, since the start
	start time.Time
	away  error
	hangs bool

	metrics *prometheus.Registry
}

func newStates() *states {
	return &states{snaps: map[collab.Resource]collab.Snapshot{}, saved: map[collab.Resource][]collab.State{},
		at: map[collab.Resource][]time.Duration{}, start: time.Now(), metrics: prometheus.NewRegistry()}
}

func (s *states) Load(ctx context.Context, res collab.Resource) (collab.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hangs {
		s.mu.Unlock()
		<-ctx.Done()
		s.mu.Lock()
		return collab.Snapshot{}, ctx.Err()
	}
	return s.snaps[res], s.away
}

func (s *states) Fold(ctx context.Context, res collab.Resource, fold func(collab.Snapshot) (collab.State, error)) error {
	snap, err := s.Load(ctx, res)
	if err != nil {
		return err
	}
	state, err := fold(snap)
	if err == nil && state.Revision > 0 {
		s.save(state)
	}
	return err
}

func (s *states) save(st collab.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := s.snaps[st.Resource]
	snap.State, snap.StateRevision, snap.Tail = st.State, st.Revision, nil
	s.snaps[st.Resource] = snap
	s.saved[st.Resource] = append(s.saved[st.Resource], st)
	s.at[st.Resource] = append(s.at[st.Resource], time.Since(s.start))
}

// append adds an edit of n bytes of text to a journal.
func (s *states) append(t *testing.T, res collab.Resource, n int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := s.snaps[res]
	snap.Head.Revision = max(snap.Head.Revision, 1) + 1
	doc := ydoc.New()
	update, err := doc.Transact(ydoc.ClientID(snap.Head.Revision), func(e *ydoc.Edit) { e.InsertText("notes", 0, strings.Repeat("x", n)) })
	if err != nil {
		t.Fatal(err)
	}
	snap.Tail = append(snap.Tail, collab.Entry{Revision: snap.Head.Revision, Update: update})
	s.snaps[res] = snap
}

func (s *states) times(res collab.Resource) []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[res]
}

func (s *states) set(away error, hangs bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away, s.hangs = away, hangs
}

// compacting runs a compactor of 5 s until the test's function returns.
func compacting(t *testing.T, test func(t *testing.T, c *Compactor, s *states)) {
	synctest.Test(t, func(t *testing.T) {
		s := newStates()
		c := NewCompactor(CompactorOptions{States: s, Metrics: obs.NewMetrics(s.metrics),
			Log: obs.TestLogger(t, t.Output()), Now: time.Now, After: 5 * time.Second})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.Run(ctx) }()
		test(t, c, s)
		stop()
		<-done
	})
}

// failures returns how many compactions the operators were told of.
func failures(t *testing.T, registry *prometheus.Registry) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatalf("gather: %v", err)
	}
	for _, f := range families {
		if f.GetName() == "compaction_failures_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatal("there is no compaction_failures_total")
	return 0
}

func TestStateIsWrittenAtMostFiveSecondsAfterAChange(t *testing.T) { // D3
	compacting(t, func(t *testing.T, c *Compactor, s *states) {
		time.Sleep(100 * time.Millisecond) // between the ticks
		for range 7 {                      // changes that go on do not put it off
			s.append(t, ward, 10)
			c.Changed(ward, 10)
			time.Sleep(time.Second)
		}
		if at := s.times(ward); len(at) != 1 || at[0] > 5*time.Second {
			t.Fatalf("written at %v, want once within 5 s", at)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		at := s.times(ward)
		if len(at) != 2 {
			t.Fatalf("written at %v, want twice", at)
		}
		last := s.saved[ward][1]
		if last.Revision != 8 || last.Resource != ward || last.At.IsZero() {
			t.Fatalf("the last state is %d of %v", last.Revision, last.Resource)
		}
		time.Sleep(time.Minute)
		if len(s.times(ward)) != 2 {
			t.Fatal("a state was written although nothing had changed")
		}
	})
}

func TestStateIsWrittenWhenTheLastSessionLeaves(t *testing.T) { // D3
	compacting(t, func(t *testing.T, c *Compactor, s *states) {
		s.append(t, ward, 10)
		c.Changed(ward, 10)
		c.Left(ward)
		synctest.Wait()
		if len(s.times(ward)) != 1 {
			t.Fatal("no state was written at once")
		}
		c.Left(ward) // nothing has changed since
		synctest.Wait()
		if len(s.times(ward)) != 1 {
			t.Fatal("an unchanged document was written again")
		}
	})
}

func TestLargeStateIsWrittenWhenTheTailExceedsAQuarter(t *testing.T) { // D3
	compacting(t, func(t *testing.T, c *Compactor, s *states) {
		grow := func(n int) {
			s.append(t, ward, n)
			c.Changed(ward, n)
			time.Sleep(6 * time.Second)
		}
		grow(400 << 10)
		grow(50 << 10)
		grow(40 << 10)
		if n := len(s.times(ward)); n != 1 {
			t.Fatalf("%d states, want one: the tail is less than a quarter", n)
		}
		grow(20 << 10)
		if n := len(s.times(ward)); n != 2 {
			t.Fatalf("%d states, want two: the tail is more than a quarter", n)
		}
		s.append(t, ward, 100)
		c.Changed(ward, 100)
		c.Left(ward)
		synctest.Wait()
		if n := len(s.times(ward)); n != 3 {
			t.Fatalf("%d states, want three: the last session left", n)
		}
	})
}

func TestStoreThatFailsIsAskedAgainLater(t *testing.T) { // D3, F4
	compacting(t, func(t *testing.T, c *Compactor, s *states) {
		s.set(errors.New("store is away"), false)
		s.append(t, ward, 10)
		c.Changed(ward, 10)
		c.Left(ward)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if n := failures(t, s.metrics); n < 3 || n > 6 {
			t.Fatalf("%v tries in 20 s, want one about every 4 s", n)
		}
		s.set(nil, false)
		time.Sleep(5 * time.Second)
		if n := len(s.times(ward)); n != 1 {
			t.Fatalf("%d states after the store is back, want one", n)
		}
	})
}

func TestDocumentThatCannotBeFoldedKeepsItsJournal(t *testing.T) { // D3, F8
	compacting(t, func(t *testing.T, c *Compactor, s *states) {
		good := collab.Resource{Tenant: "default", ID: "page:/good"}
		s.append(t, ward, 10)
		s.append(t, good, 10)
		s.snaps[ward].Tail[0].Update[0] = 0xff
		c.Changed(ward, 10)
		c.Changed(good, 10)
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := failures(t, s.metrics); n != 1 {
			t.Fatalf("%v failures, want one alarm for one change", n)
		}
		if len(s.saved[ward]) != 0 || len(s.snaps[ward].Tail) != 1 {
			t.Fatal("the broken document's state was written")
		}
		if len(s.saved[good]) != 1 {
			t.Fatal("the other document was not folded")
		}
	})
}

func TestEndFoldsWhatIsLeftAndWaitsForNoStore(t *testing.T) { // C6, D3
	var kept *states
	compacting(t, func(t *testing.T, c *Compactor, s *states) {
		kept = s
		s.append(t, ward, 10)
		c.Changed(ward, 10)
	})
	if len(kept.saved[ward]) != 1 {
		t.Fatal("what changed last was not folded at the end")
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStates()
		s.set(nil, true)
		c := NewCompactor(CompactorOptions{States: s, Metrics: obs.NewMetrics(s.metrics),
			Log: obs.TestLogger(t, t.Output()), Now: time.Now, After: 5 * time.Second})
		for _, id := range []collab.ResourceID{"a", "b", "c", "d"} {
			c.Changed(collab.Resource{Tenant: "default", ID: id}, 10)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.Run(ctx) }()
		time.Sleep(6 * time.Second) // one is under way
		before := time.Now()
		stop()
		<-done
		if took := time.Since(before); took > finalTimeout {
			t.Fatalf("the end took %v with a store that hangs", took)
		}
	})
}

func TestSavedStateEqualsTheDocument(t *testing.T) { // D3
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "corsia.db"), sqlite.Options{})
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	defer store.Close()
	joined, err := store.Join(t.Context(), collab.Join{Resource: ward, User: "anna", Session: "s_anna", Mode: collab.Editor, At: time.Now()})
	if err != nil {
		t.Fatalf("join: %v", err)
	}
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", joined.Client)
	done := make(chan collab.Committed, 1)
	head := joined.Head
	for _, text := range []string{"one", " two", " three"} {
		update := r.types(anna, "notes", text)
		store.Append(collab.Batch{Resource: ward, Expect: head, Entries: []collab.Entry{{Revision: head.Revision + 1, Update: update,
			User: "anna", Session: "s_anna", Clients: []collab.ClientID{joined.Client}, At: time.Now()}}}, done)
		committed := <-done
		if committed.Err != nil {
			t.Fatalf("append: %v", committed.Err)
		}
		head = committed.Head
	}
	c := NewCompactor(CompactorOptions{States: store, Metrics: obs.NewMetrics(prometheus.NewRegistry()),
		Log: obs.TestLogger(t, t.Output()), Now: time.Now, After: time.Hour})
	c.Changed(ward, 100)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	c.Run(stopped)
	snap, err := store.Load(t.Context(), ward)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if snap.StateRevision != 4 || len(snap.Tail) != 0 {
		t.Fatalf("state at revision %d with %d rows behind it, want 4 and none", snap.StateRevision, len(snap.Tail))
	}
	saved, err := ydoc.Load(snap.State)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	if err := ydoc.Equal(anna.doc, saved); err != nil {
		t.Fatalf("the saved state differs: %v", err)
	}
	entries, err := store.Entries(t.Context(), ward, 1, 10)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%d rows of history, error %v, want all three", len(entries), err)
	}
}

// cached notes what the state driver would keep.
type cached struct{ states []collab.State }

func (c *cached) CacheState(_ context.Context, s collab.State) error {
	c.states = append(c.states, s)
	return nil
}

func TestTheCacheForgetsWhatWasErased(t *testing.T) { // O7
	compacting(t, func(t *testing.T, c *Compactor, s *states) {
		cache := &cached{}
		c.Cache = cache
		res := collab.Resource{Tenant: "default", ID: "page:/patient/1"}
		s.snaps[res] = collab.Snapshot{Head: collab.Head{Revision: 7, Epoch: 1}, State: []byte{0, 0}, StateRevision: 7, Erased: collab.LastErasure{Epoch: 1}}
		c.Left(res) // nothing has changed
		synctest.Wait()
		if len(cache.states) > 0 {
			t.Fatalf("the cache was given %+v", cache.states)
		}
		s.set(errors.New("the store is away"), false)
		c.Erased(res)
		synctest.Wait()
		s.set(nil, false)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if len(cache.states) != 1 || cache.states[0].Revision != 7 || cache.states[0].Epoch != 1 || len(cache.states[0].State) != 2 || cache.states[0].Resource != res {
			t.Fatalf("after the erasure the cache was given %+v", cache.states)
		}
	})
}
