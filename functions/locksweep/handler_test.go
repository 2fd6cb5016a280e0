package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// ward is a store, a state and a bus in memory.
type ward struct {
	open     []collab.Lock
	leases   map[collab.LockID]bool
	sessions map[collab.SessionID]bool
	ended    []string // lock and why, in the order of the announcements
	audited  int
	away     error // of the state
	slow     time.Duration
	mute     error
	between  func() // called while a record is being closed, before it is
	graced   func() // called once the grace of the first suspect is over, before it is looked at again
}

func (w *ward) ExpiredLocks(_ context.Context, before time.Time, limit int) (found []collab.Lock, err error) {
	for _, l := range w.open {
		if l.ExpiresAt.Before(before) {
			found = append(found, l)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].ExpiresAt.Before(found[j].ExpiresAt) })
	return found[:min(limit, len(found))], nil
}

func (w *ward) OpenLocks(_ context.Context, res collab.Resource) (found []collab.Lock, err error) {
	if w.graced != nil {
		w.graced()
		w.graced = nil
	}
	for _, l := range w.open {
		if l.Key.Resource == res {
			found = append(found, l)
		}
	}
	return found, nil
}

func (w *ward) CloseLock(_ context.Context, key collab.LockKey, fence int64, _ collab.LockEnd, _ time.Time, rows []collab.AuditRow) (collab.Head, bool, error) {
	time.Sleep(w.slow)
	if w.between != nil {
		w.between()
	}
	at := slices.IndexFunc(w.open, func(l collab.Lock) bool { return l.Key == key && l.Fence == fence })
	if at < 0 {
		return collab.Head{}, false, nil
	}
	w.open = slices.Delete(w.open, at, at+1)
	w.audited += len(rows)
	return collab.Head{Guard: 7}, true, nil
}

func (w *ward) Ping(context.Context) error { return w.away }

func (w *ward) Holder(_ context.Context, key collab.LockKey) (collab.Lease, bool, error) {
	for _, l := range w.open {
		if l.Key == key && w.leases[l.ID] {
			return collab.Lease{Key: key, Lock: l.ID}, true, nil
		}
	}
	return collab.Lease{}, false, w.away
}

func (w *ward) Release(_ context.Context, l collab.Lease) error {
	delete(w.leases, l.Lock)
	return nil
}

func (w *ward) Find(_ context.Context, _ collab.Tenant, id collab.SessionID) (collab.Session, bool, error) {
	return collab.Session{ID: id}, w.sessions[id], w.away
}

func (w *ward) Publish(_ context.Context, n collab.Notice) error {
	var e collab.LockEnded
	if err := json.Unmarshal(n.Body, &e); err != nil {
		return err
	}
	if n.Kind == collab.BusUnlocked && n.Resource == e.Lock.Key.Resource && e.Head.Guard == 7 && n.From == "f_1" {
		w.ended = append(w.ended, fmt.Sprint(e.Lock.ID, " ", e.End))
	}
	return w.mute
}

func (w *ward) lock(id string, left time.Duration, leased, there bool) {
	l := collab.Lock{ID: collab.LockID(id), Fence: 1, Session: collab.SessionID("s_" + id), ExpiresAt: time.Now().Add(left),
		Key: collab.LockKey{Resource: collab.Resource{ID: "page:/1"}, Field: collab.Field(id)}}
	w.open = append(w.open, l)
	w.leases[l.ID], w.sessions[l.Session] = leased, there
}

func newWard() *ward {
	return &ward{leases: map[collab.LockID]bool{}, sessions: map[collab.SessionID]bool{}}
}

func (w *ward) sweeper(t *testing.T) *sweeper {
	t.Helper()
	recorder := audit.NewRecorder("f_1", slog.New(slog.DiscardHandler))
	return newSweeper(options{Store: func(context.Context) (store, error) { return w, nil }, State: w, Bus: w, Row: recorder.Row, Instance: "f_1",
		Log: obs.TestLogger(t, t.Output()), Now: time.Now})
}

// run runs a sweep that has so much time.
func (w *ward) run(t *testing.T, limit time.Duration) (report, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return w.sweeper(t).handle(ctx, nil)
}

func TestOnlyLocksThatNobodyHoldsAreEnded_L5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWard()
		w.lock("live", time.Minute, true, true)
		w.lock("late", -time.Second, false, false) // its gateway may have renewed it a moment ago
		w.lock("over", -margin-time.Second, false, true)
		w.lock("leased", -margin-time.Second, true, true)
		w.lock("left", time.Minute, true, false)
		w.lock("forgotten", time.Minute, false, false) // by a Redis that may have forgotten all
		r, err := w.run(t, time.Minute)
		if want := (report{Expired: 1, Disconnected: 1, Kept: 1}); r != want || err != nil {
			t.Errorf("the report is %+v, %v; want %+v", r, err, want)
		}
		if want := []string{"over expired", "left user_disconnected"}; !slices.Equal(w.ended, want) || w.audited != 2 {
			t.Errorf("told %v and audited %d, want %v", w.ended, w.audited, want)
		}
		if w.leases["left"] {
			t.Error("the lease of an ended lock is left")
		}
		if r, err := w.run(t, time.Minute); r != (report{Kept: 1}) || err != nil || len(w.ended) != 2 {
			t.Errorf("once more: %+v, %v, told %v", r, err, w.ended)
		}
	})
}

func TestASessionThatIsBackOrALockThatIsRenewedIsNotTouched_L5_C11(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWard()
		w.lock("back", time.Minute, true, false)
		w.lock("renewed", time.Minute, true, false)
		w.graced = func() {
			w.sessions["s_back"] = true // its gateway wrote it again
			w.open[1].ExpiresAt = w.open[1].ExpiresAt.Add(time.Second)
		}
		if r, err := w.run(t, time.Minute); r != (report{}) || err != nil || len(w.ended) != 0 || w.graced != nil {
			t.Errorf("%+v, %v, told %v", r, err, w.ended)
		}
	})
}

func TestWithoutRedisNothingIsEnded_L5(t *testing.T) {
	w := newWard()
	w.away = errors.New("away")
	if _, err := w.run(t, time.Minute); err == nil {
		t.Error("nothing to end, and nobody learns that Redis is away")
	}
	w.lock("over", -time.Hour, false, false)
	if r, err := w.run(t, time.Minute); r != (report{}) || err == nil || len(w.open) != 1 {
		t.Errorf("%+v, %v, open %d", r, err, len(w.open))
	}
}

func TestALockThatAGatewayEndsAtTheSameTimeIsToldByItAlone_L5(t *testing.T) {
	w := newWard()
	w.lock("over", -time.Hour, false, false)
	w.between = func() { w.open = nil }
	if r, err := w.run(t, time.Minute); r != (report{}) || err != nil || len(w.ended) != 0 || w.audited != 0 {
		t.Errorf("%+v, %v, told %v, audited %d", r, err, w.ended, w.audited)
	}
}

func TestABusThatIsAwayDoesNotKeepALockOpen_L5(t *testing.T) {
	w := newWard()
	w.lock("over", -time.Hour, false, false)
	w.mute = errors.New("away")
	if r, err := w.run(t, time.Minute); r.Expired != 1 || err != nil || w.audited != 1 {
		t.Errorf("%+v, %v, audited %d", r, err, w.audited)
	}
}

func TestARunEndsInTimeAndTheNextOneGoesOn_L5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWard()
		for i := range 3 * batch {
			w.lock(fmt.Sprint("over", i), -time.Hour, false, false)
		}
		w.slow = 100 * time.Millisecond
		r, err := w.run(t, 30*time.Second)
		if !r.More || err != nil || r.Expired < 200 || r.Expired > 260 || len(w.ended) != r.Expired {
			t.Errorf("%+v, %v, told %d", r, err, len(w.ended))
		}
		for range 3 {
			r, err = w.run(t, 30*time.Second)
		}
		if r.More || err != nil || len(w.open) != 0 || len(w.ended) != 3*batch {
			t.Errorf("%+v, %v, open %d, told %d", r, err, len(w.open), len(w.ended))
		}
		w.lock("left", time.Minute, true, false)
		if r, err := w.run(t, grace); !r.More || err != nil || len(w.open) != 1 { // no time to look twice
			t.Errorf("%+v, %v, open %d", r, err, len(w.open))
		}
		for i := range most + 1 {
			w.lock(fmt.Sprint("more", i), -time.Hour, false, false)
		}
		w.slow = 0
		if r, err := w.run(t, time.Minute); r.Expired != most || r.Disconnected != 1 || !r.More || err != nil {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
