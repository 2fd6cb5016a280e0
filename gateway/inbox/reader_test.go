package inbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/gateway/room"
	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
	"corsia/shared/obs"
)

// shelf is an inbox in memory.
type shelf struct {
	mu   sync.Mutex
	rows []collab.InboxRow
	away error
	tidy int
}

func (s *shelf) put(row collab.InboxRow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row.Position = int64(len(s.rows) + 1)
	if row.Delivery == "" {
		row.Delivery = fmt.Sprintf("d_%d", row.Position)
	}
	if row.ReceivedAt.IsZero() {
		row.ReceivedAt = time.Now()
	}
	s.rows = append(s.rows, row)
}

func (s *shelf) Inbox(_ context.Context, after int64, limit int) ([]collab.InboxRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := s.rows[min(int(after), len(s.rows)):]
	return slices.Clone(rest[:min(limit, len(rest))]), s.away
}

func (s *shelf) InboxStart(_ context.Context, since time.Time) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if !r.Told || !r.ReceivedAt.Before(since) {
			return r.Position - 1, s.away
		}
	}
	return int64(len(s.rows)), s.away
}

func (s *shelf) MarkTold(_ context.Context, upTo int64, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.rows[:upTo] {
		s.rows[i].Told = true
	}
	return s.away
}

func (s *shelf) TidyInbox(context.Context, time.Time, time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tidy++
	return s.away
}

func (s *shelf) broken(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = err
}

// ward is the rooms of one instance, and their reader.
type ward struct {
	*Reader
	mu    sync.Mutex
	heard []string
	full  bool
	log   bytes.Buffer
	stop  func()
}

func (w *ward) Tell(n room.Notification) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full {
		return false
	}
	w.heard = append(w.heard, n.Delivery)
	return true
}

func (w *ward) fill(full bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.full = full
}

func (w *ward) wants(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.heard, want) {
		t.Fatalf("heard %v, want %v", w.heard, want)
	}
}

func open(t *testing.T, s *shelf, bus room.Bus, name collab.InstanceID) *ward {
	t.Helper()
	w := &ward{}
	w.Reader = New(Options{Store: s, Rooms: w, Bus: bus, Instance: name, Metrics: obs.NewMetrics(prometheus.NewRegistry()),
		Log: slog.New(slog.NewTextHandler(&w.log, nil)), Now: time.Now})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	w.stop = func() { cancel(); <-done }
	return w
}

var patient = collab.Resource{Tenant: "default", ID: "page:/patient/1"}

func row() collab.InboxRow { return collab.InboxRow{Push: collab.Push{Resource: patient}} }

func TestEachInstanceIsToldOnceAtOnceOrWithinASecond(t *testing.T) { // W4
	synctest.Test(t, func(t *testing.T) {
		s, bus := &shelf{}, inproc.NewBus()
		one, two := open(t, s, bus, "i_1"), open(t, s, bus, "i_2")
		defer one.stop()
		defer two.stop()
		synctest.Wait()
		start := time.Now()
		s.put(row())
		one.Announce()
		one.wants(t, "d_1")
		two.wants(t, "d_1")
		if since := time.Since(start); since != 0 {
			t.Errorf("it took %v", since)
		}
		s.put(row()) // and nobody says so
		superseded := row()
		superseded.Superseded = true
		s.put(superseded)
		s.put(row())
		time.Sleep(lookEvery)
		one.wants(t, "d_1", "d_2", "d_4")
		two.wants(t, "d_1", "d_2", "d_4")
		for _, r := range s.rows {
			if !r.Told {
				t.Errorf("%s is not noted as told", r.Delivery)
			}
		}
		for range 1000 {
			s.put(row())
		}
		one.Announce()
		synctest.Wait()
		if len(two.heard) != 1003 {
			t.Errorf("%d were heard of many", len(two.heard))
		}
	})
}

func TestWhatACrashLeftIsTold(t *testing.T) { // W4
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		old, told, left := row(), row(), row()
		old.Told, old.ReceivedAt = true, time.Now().Add(-time.Hour)
		told.Told, told.ReceivedAt = true, time.Now().Add(-10*time.Second)
		left.ReceivedAt = time.Now().Add(-2 * time.Hour)
		s.put(left)
		s.put(old)
		s.put(told)
		w := open(t, s, inproc.NewBus(), "i_1")
		defer w.stop()
		w.wants(t, "d_1", "d_3")
		if recent := w.Recent(patient, time.Time{}); len(recent) != 2 || recent[0].Delivery != "d_1" {
			t.Errorf("who comes now is told %v", recent)
		}
		if recent := w.Recent(collab.Resource{Tenant: "other", ID: patient.ID}, time.Time{}); len(recent) != 0 {
			t.Errorf("another tenant is told %v", recent)
		}
		if recent := w.Recent(patient, time.Now().Add(time.Nanosecond)); len(recent) != 0 {
			t.Errorf("who came after it is told %v", recent)
		}
		time.Sleep(room.RecentFor + time.Second)
		if recent := w.Recent(patient, time.Time{}); len(recent) != 0 {
			t.Errorf("who comes later is told %v", recent)
		}
	})
}

func TestAStoreThatIsAwayIsLookedAtAgain(t *testing.T) { // W4, F4
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{away: errors.New("no server")}
		w := open(t, s, inproc.NewBus(), "i_1")
		defer w.stop()
		s.put(row())
		w.Announce()
		time.Sleep(10 * time.Second)
		w.wants(t)
		s.broken(nil)
		time.Sleep(lookEvery)
		w.wants(t, "d_1")
		if n := strings.Count(w.log.String(), "inbox: look"); n != 1 {
			t.Errorf("%d lines in the log, want 1", n)
		}
		s.put(row())
		w.Announce()
		w.wants(t, "d_1", "d_2")
	})
}

func TestARoomThatTakesNothingIsToldLater(t *testing.T) { // F7
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		w := open(t, s, inproc.NewBus(), "i_1")
		defer w.stop()
		w.fill(true)
		for range maxLate + 5 {
			s.put(row())
		}
		w.Announce()
		w.wants(t)
		w.fill(false)
		time.Sleep(lookEvery)
		synctest.Wait()
		if len(w.heard) != maxLate || w.heard[0] != "d_1" {
			t.Errorf("%d were told, want %d", len(w.heard), maxLate)
		}
		if n := strings.Count(w.log.String(), "is dropped"); n != 5 {
			t.Errorf("%d lines tell of what is dropped, want 5", n)
		}
		if n := len(w.Recent(patient, time.Time{})); n != maxRecent {
			t.Errorf("%d are kept for those who come, want %d", n, maxRecent)
		}
	})
}

func TestWhatIsKeptForThoseWhoComeIsBounded(t *testing.T) { // F7
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		w := open(t, s, inproc.NewBus(), "i_1")
		defer w.stop()
		for range 200 {
			large := row()
			large.Data = bytes.Repeat([]byte("1"), 64<<10)
			s.put(large)
		}
		w.Announce()
		synctest.Wait()
		if n := len(w.Recent(patient, time.Time{})); n != maxRecentBytes/(64<<10) {
			t.Errorf("%d are kept", n)
		}
		time.Sleep(3 * tidyEvery)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.tidy != 4 && s.tidy != 3 {
			t.Errorf("tidied %d times in three rounds", s.tidy)
		}
	})
}
