package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAReleaseGivesTheNewSideMoreAndMoreOfTheClients_O2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, begun := newWorld(), time.Now()
		if err := w.release().Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wantDone(t)
		if want := []Weights{{95, 5}, {50, 50}, {0, 100}}; !slices.Equal(w.shifts, want) {
			t.Errorf("the weights went %v, want %v", w.shifts, want)
		}
		if took := time.Since(begun); took != time.Hour {
			t.Errorf("it took %s, want 30 minutes at 5 %% and at 50 %%", took)
		}
		if until := w.sides[Blue].Until; time.Until(until) != 24*time.Hour {
			t.Errorf("the old side is on standby until %s", until)
		}
		if w.paged > 0 || len(w.told) != 5 {
			t.Errorf("told %q, %d incidents", w.told, w.paged)
		}
	})
}

func TestABadSideNeverGetsAClient_O2(t *testing.T) {
	for name, spoil := range map[string]func(*world){
		"it is not healthy":      func(w *world) { w.sick[Green] = true },
		"the smoke test fails":   func(w *world) { w.smoke = func(Colour) error { return errors.New("no answer") } },
		"an alarm rings by then": func(w *world) { w.smoke = func(Colour) error { w.ringing = rings; return nil } },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				spoil(w)
				if err := w.release().Run(t.Context()); err == nil || errors.Is(err, ErrRollback) {
					t.Fatalf("got %v", err)
				}
				w.wantBack(t)
				if len(w.shifts) > 0 || w.paged != 1 {
					t.Errorf("the weights went %v, %d incidents", w.shifts, w.paged)
				}
			})
		})
	}
}

func rings() []string { return []string{"error-rate"} }

func TestAnAlarmAtAnyMomentGivesTheClientsBack_O2(t *testing.T) {
	for at := time.Second; at < time.Hour; at += 7*time.Minute + 11*time.Second {
		synctest.Test(t, func(t *testing.T) {
			w, begun := newWorld(), time.Now()
			w.ringing = func() []string {
				if time.Since(begun) >= at {
					return rings()
				}
				return nil
			}
			if err := w.release().Run(t.Context()); err == nil || !strings.Contains(err.Error(), "error-rate") {
				t.Fatalf("got %v", err)
			}
			w.wantBack(t)
			if late := time.Since(begun) - at; late > Standard.Poll {
				t.Errorf("the alarm rang for %s before the clients were back", late)
			}
			if slices.Contains(w.shifts, Weights{0, 100}) {
				t.Errorf("the bad side had all clients: %v", w.shifts)
			}
		})
	}
}

func TestASideThatFallsIllLosesItsClients_O2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.after(40*time.Minute, func() { w.sick[Green] = true })
		if err := w.release().Run(t.Context()); err == nil {
			t.Fatal("it went on")
		}
		w.wantBack(t)
	})
}

func TestASignalAtAnyMomentGivesTheClientsBack_O2(t *testing.T) {
	for n := 3; ; n++ { // before, nothing has begun
		finished := false
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w.onCall = func(call int) {
				if call == n {
					cancel()
				}
			}
			err := w.release().Run(ctx)
			if err == nil { // the signal came when all was done, or just before
				w.wantDone(t)
				finished = w.calls < n
				return
			}
			w.wantBack(t)
		})
		if finished || t.Failed() {
			return
		}
	}
}

func TestAReleaseThatWasKilledGoesOnWhereItWas_O2(t *testing.T) {
	for n := 1; ; n++ {
		finished := false
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.killAt = n
			if err := w.release().Run(t.Context()); err == nil {
				finished = true
				return
			}
			before := w.weights
			w.killAt, w.calls, w.shifts = 0, 0, nil
			if err := w.release().Run(t.Context()); err != nil {
				t.Fatalf("killed at call %d: %v", n, err)
			}
			w.wantDone(t)
			for _, s := range w.shifts {
				if s.Green < before.Green {
					t.Errorf("killed at call %d with weights %v, it went on with %v", n, before, w.shifts)
				}
			}
		})
		if finished || t.Failed() {
			return
		}
	}
}

func TestWhatWasReleasedAlreadyIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		r := w.release()
		r.Image = oldImage
		if err := r.Run(t.Context()); err != nil || len(w.shifts) > 0 || len(w.told) > 0 || w.registered > 0 {
			t.Errorf("got %v, %v, %q", err, w.shifts, w.told)
		}
	})
}

func TestNothingBeginsWhileAnAlarmRingsOrAnotherReleaseIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.ringing = rings
		if err := w.release().Run(t.Context()); err == nil || !strings.Contains(err.Error(), "error-rate") || w.registered > 0 || w.paged > 0 {
			t.Errorf("while an alarm rings: %v", err)
		}
		w = newWorld()
		w.images["task:9"] = "registry/corsia:9"
		w.sides[Green], w.weights = Side{Colour: Green, Task: "task:9", Wanted: 4, Role: Candidate}, Weights{95, 5}
		if err := w.release().Run(t.Context()); err == nil || !strings.Contains(err.Error(), "corsia:9") || w.weights != (Weights{95, 5}) {
			t.Errorf("while another release is under way: %v", err)
		}
		w = newWorld()
		w.weights = Weights{60, 40}
		if err := w.release().Run(t.Context()); !errors.Is(err, errUnclear) {
			t.Errorf("with clients on both sides: %v", err)
		}
	})
}

func TestWeightsThatSomebodyElseMovesAreLeftToThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.after(10*time.Minute, func() { w.weights = Weights{80, 20} })
		if err := w.release().Run(t.Context()); !errors.Is(err, ErrMoved) || w.weights != (Weights{80, 20}) || w.paged != 1 {
			t.Errorf("got %v with weights %v", err, w.weights)
		}
	})
}

func TestARollBackTriesAgainUntilTheClientsAreBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.after(time.Minute, func() { w.ringing, w.refused = rings, 5 })
		if err := w.release().Run(t.Context()); err == nil || errors.Is(err, ErrRollback) {
			t.Fatalf("got %v", err)
		}
		w.wantBack(t)

		w = newWorld()
		w.after(time.Minute, func() { w.ringing, w.refused = rings, 1000 })
		if err := w.release().Run(t.Context()); !errors.Is(err, ErrRollback) || w.paged != 1 || !strings.Contains(w.told[len(w.told)-1], "must look") {
			t.Fatalf("got %v, told %q", err, w.told)
		}
	})
}
