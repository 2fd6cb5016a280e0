package cluster

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
)

var errAway = errors.New("connection refused")

// registry is the embedded state driver, which can be away, and counts questions.
type registry struct {
	*inproc.State
	mu    sync.Mutex
	away  bool
	asked int
}

func newRegistry() *registry { return &registry{State: inproc.NewState(time.Now)} }

func (r *registry) set(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

func (r *registry) questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

func (r *registry) enter() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return errAway
	}
	return nil
}

func (r *registry) Announce(ctx context.Context, i collab.Instance, ttl time.Duration) (bool, error) {
	if err := r.enter(); err != nil {
		return false, err
	}
	return r.State.Announce(ctx, i, ttl)
}

func (r *registry) Instances(ctx context.Context) ([]collab.Instance, error) {
	r.mu.Lock()
	r.asked++
	r.mu.Unlock()
	if err := r.enter(); err != nil {
		return nil, err
	}
	return r.State.Instances(ctx)
}

// forget makes the registry lose an instance, as Redis does when it loses its data.
func (r *registry) forget(t *testing.T, id collab.InstanceID) {
	t.Helper()
	all, err := r.State.Instances(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.ID == id {
			if err := r.Withdraw(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func newDirectory(r Registry, id collab.InstanceID) *Directory {
	return NewDirectory(DirectoryOptions{Registry: r, Instance: id, Version: "1.2.3", Log: slog.New(slog.DiscardHandler), Now: time.Now})
}

// life is an instance's directory that runs until it is ended.
type life struct {
	*Directory
	cancel  context.CancelFunc
	cleaner *Cleaner // nil: none
	ended   sync.WaitGroup
}

// live announces an instance and runs its directory. The end of the test is its end at the latest.
func live(t *testing.T, d *Directory, addr string) *life {
	t.Helper()
	if err := d.Announce(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l := &life{Directory: d, cancel: cancel}
	l.ended.Go(func() { d.Run(ctx) })
	t.Cleanup(l.end)
	return l
}

func (l *life) end() {
	l.cancel()
	l.ended.Wait()
}

func wantAddr(t *testing.T, d *Directory, id collab.InstanceID, want string) {
	t.Helper()
	if got, found := d.Lookup(t.Context(), id); got != want || found != (want != "") {
		t.Fatalf("%s is at %q (%v), want %q", id, got, found, want)
	}
}

func TestAnInstanceIsFoundFromItsAnnouncementToItsEnd(t *testing.T) { // C3
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		a := live(t, newDirectory(r, "a"), "a:1")
		wantAddr(t, a.Directory, "b", "")
		time.Sleep(missEvery)
		b := live(t, newDirectory(r, "b"), "b:1")
		wantAddr(t, a.Directory, "b", "b:1")
		time.Sleep(time.Hour) // renewed all the time
		wantAddr(t, a.Directory, "b", "b:1")
		wantAddr(t, b.Directory, "a", "a:1")
		b.end()
		time.Sleep(DefaultTTL + 2*refreshEvery)
		wantAddr(t, a.Directory, "b", "")
	})
}

func TestAnInstanceThatDiesIsGoneAfterTwoTTLs(t *testing.T) { // C3
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		a, b := live(t, newDirectory(r, "a"), "a:1"), newDirectory(r, "b")
		if err := b.Announce(t.Context(), "b:1"); err != nil { // and never again
			t.Fatal(err)
		}
		time.Sleep(DefaultTTL)
		wantAddr(t, a.Directory, "b", "b:1") // it does not answer, but who knows
		time.Sleep(DefaultTTL + 2*refreshEvery)
		wantAddr(t, a.Directory, "b", "")
	})
}

func TestAddressesAreKnownWhileTheRegistryIsAway(t *testing.T) { // C3, F2
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		a := live(t, newDirectory(r, "a"), "a:1")
		live(t, newDirectory(r, "b"), "b:1")
		wantAddr(t, a.Directory, "b", "b:1")
		r.set(true)
		time.Sleep(time.Hour)
		wantAddr(t, a.Directory, "b", "b:1")
		wantAddr(t, a.Directory, "c", "")
	})
}

func TestALossOfTheRegistryIsToldOnceAndHealed(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		lost := 0
		d := newDirectory(r, "a")
		d.Lost = func() { lost++ }
		a := live(t, d, "a:1")
		live(t, newDirectory(r, "b"), "b:1")
		time.Sleep(time.Minute)
		synctest.Wait()
		if lost != 0 {
			t.Fatalf("told %d losses of none", lost)
		}
		r.forget(t, "a")
		r.forget(t, "b")
		wantAddr(t, a.Directory, "b", "b:1") // the forgotten one is served meanwhile
		time.Sleep(DefaultTTL)
		synctest.Wait()
		if lost != 1 {
			t.Fatalf("told %d losses of one", lost)
		}
		wantAddr(t, a.Directory, "b", "b:1")
	})
}

func TestInventedNamesCostTheRegistryTenQuestionsASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		a := newDirectory(r, "a")
		if err := a.Announce(t.Context(), "a:1"); err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() { wantAddr(t, a, collab.NewInstanceID(), "") })
			}
			all.Wait()
			time.Sleep(time.Millisecond)
		}
		if got := r.questions(); got < 9 || got > 11 {
			t.Fatalf("asked %d times within a second, want 10", got)
		}
		if len(a.others) != 0 {
			t.Fatalf("remembers %d names that nobody has", len(a.others))
		}
	})
}

func TestWhoLivesIsNotTheWholeTruthForATTLAfterAStartOrALoss(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		a := live(t, newDirectory(r, "a"), "a:1")
		wantTruth := func(want bool) {
			t.Helper()
			if _, got, err := a.live(t.Context()); err != nil || got != want {
				t.Fatalf("the whole truth: %v (%v), want %v", got, err, want)
			}
		}
		wantTruth(false)
		time.Sleep(DefaultTTL)
		wantTruth(true)
		r.forget(t, "a")
		wantTruth(false) // before the next renewal, too
		time.Sleep(DefaultTTL/renewals + time.Second)
		wantTruth(false)
		time.Sleep(DefaultTTL)
		wantTruth(true)
	})
}
