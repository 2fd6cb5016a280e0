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

// told returns how many rows are noted as told, from the first on.
func (s *shelf) told() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n < len(s.rows) && s.rows[n].Told {
		n++
	}
	return n
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
	full  collab.ResourceID // takes nothing; empty: all take everything
	left  int               // so many are taken, then nothing; below zero: no bound
	log   bytes.Buffer
	stop  func()
}

func (w *ward) Tell(n room.Notification) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.Resource.ID == w.full || w.left == 0 {
		return false
	}
	w.left--
	w.heard = append(w.heard, n.Delivery)
	return true
}

func (w *ward) fill(full collab.ResourceID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.full = full
}

func (w *ward) take(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = n
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
	w := &ward{left: -1}
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

func TestARoomThatTakesNothingIsToldEverythingLaterAndKeepsNobodyWaiting(t *testing.T) { // W4, F7
	synctest.Test(t, func(t *testing.T) {
		const many = 3000
		s := &shelf{}
		w := open(t, s, inproc.NewBus(), "i_1")
		defer w.stop()
		other := row()
		other.Resource.ID = "page:/patient/2"
		w.fill(patient.ID)
		for range many {
			s.put(row())
		}
		s.put(other)
		w.Announce()
		w.wants(t, fmt.Sprintf("d_%d", many+1))
		s.put(other)
		w.Announce()
		w.wants(t, fmt.Sprintf("d_%d", many+1), fmt.Sprintf("d_%d", many+2))
		if n := s.told(); n != 0 {
			t.Errorf("%d rows are noted as told, before the first was", n)
		}
		if n := len(w.behind); n != 1 {
			t.Errorf("%d debts for one room", n)
		}
		w.fill("")
		w.take(many / 2) // and then nothing again, for a moment
		time.Sleep(lookEvery)
		synctest.Wait()
		if n := s.told(); n != many/2 {
			t.Errorf("%d rows are noted as told, want %d", n, many/2)
		}
		w.take(-1)
		time.Sleep(lookEvery)
		var want []string
		for n := range many {
			want = append(want, fmt.Sprintf("d_%d", n+1))
		}
		w.wants(t, append([]string{fmt.Sprintf("d_%d", many+1), fmt.Sprintf("d_%d", many+2)}, want...)...)
		if n := s.told(); n != many+2 || len(w.behind) != 0 {
			t.Errorf("%d rows are noted as told, want %d; %d debts are left", n, many+2, len(w.behind))
		}
		if n := len(w.Recent(patient, time.Time{})); n != maxRecent-2 {
			t.Errorf("%d are kept for those who come, want %d", n, maxRecent-2)
		}
		s.put(row())
		w.Announce()
		synctest.Wait()
		if last := w.heard[len(w.heard)-1]; last != fmt.Sprintf("d_%d", many+3) {
			t.Errorf("the next one is %s", last)
		}
	})
}

func TestWhatARoomHasNotTakenIsToldAfterACrash(t *testing.T) { // W4
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		w := open(t, s, inproc.NewBus(), "i_1")
		w.fill(patient.ID)
		other := row()
		other.Resource.ID = "page:/patient/2"
		s.put(row())
		s.put(other)
		w.Announce()
		w.wants(t, "d_2")
		w.stop()
		time.Sleep(2 * room.RecentFor)
		next := open(t, s, inproc.NewBus(), "i_2")
		defer next.stop()
		next.wants(t, "d_1", "d_2")
	})
}

func TestADebtIsKeptWhileTheStoreIsAway(t *testing.T) { // W4, F4
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		w := open(t, s, inproc.NewBus(), "i_1")
		defer w.stop()
		w.fill(patient.ID)
		for range 3 {
			s.put(row())
		}
		w.Announce()
		w.wants(t)
		s.broken(errors.New("no server"))
		w.fill("")
		time.Sleep(10 * lookEvery)
		w.wants(t, "d_1") // it was kept
		s.broken(nil)
		time.Sleep(lookEvery)
		w.wants(t, "d_1", "d_2", "d_3")
		if n := s.told(); n != 3 {
			t.Errorf("%d rows are noted as told, want 3", n)
		}
	})
}

func TestWhatOthersToldWhileThisInstanceCouldNotReadIsToldHereToo(t *testing.T) { // W4, F4
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		w := open(t, s, inproc.NewBus(), "i_1")
		defer w.stop()
		synctest.Wait()
		s.broken(errors.New("no way to the server"))
		told := row()
		told.Told, told.ReceivedAt = true, time.Now()
		s.put(told)
		time.Sleep(2 * room.RecentFor)
		s.broken(nil)
		time.Sleep(lookEvery)
		w.wants(t, "d_1")
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
