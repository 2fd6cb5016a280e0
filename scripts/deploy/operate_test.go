package main

import (
	"testing"
	"testing/synctest"
	"time"
)

// released returns a world in which green has just got all clients.
func released(t *testing.T) *world {
	t.Helper()
	w := newWorld()
	if err := w.release().Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestTheOldSideIsRetiredWhenItsStandbyIsOver_O2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := released(t)
		if c, err := w.operator().Retire(t.Context()); err != nil || c != "" || w.sides[Blue].Wanted != 4 {
			t.Fatalf("at once: %s, %v", c, err)
		}
		time.Sleep(24 * time.Hour)
		if c, err := w.operator().Retire(t.Context()); err != nil || c != Blue || w.sides[Blue].Wanted != 0 || w.sides[Blue].Role != Idle || w.sides[Green].Wanted != 4 {
			t.Fatalf("after a day: %s, %v, %+v", c, err, w.sides)
		}
		if c, err := w.operator().Retire(t.Context()); err != nil || c != "" {
			t.Fatalf("again: %s, %v", c, err)
		}
	})
}

func TestASideWithClientsIsNotRetired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := released(t)
		time.Sleep(24 * time.Hour)
		w.weights = Weights{5, 95}
		if c, err := w.operator().Retire(t.Context()); err == nil || c != "" || w.sides[Blue].Wanted != 4 {
			t.Fatalf("got %s, %v", c, err)
		}
	})
}

func TestARollBackByHandGoesToTheOtherSideAlsoWhenItWasRetired_O2(t *testing.T) {
	for name, wait := range map[string]time.Duration{"on standby": 0, "retired": 25 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := released(t)
				time.Sleep(wait)
				if _, err := w.operator().Retire(t.Context()); err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				if err := w.operator().RollBack(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.wantBack(t)
				if w.sides[Blue].Role != Active || time.Since(begun) > 0 {
					t.Errorf("after %s: %+v", time.Since(begun), w.sides)
				}
			})
		})
	}
}

func TestARollBackByHandEndsAReleaseThatWasKilled_O2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.after(40*time.Minute, func() { w.killAt = 1 })
		if err := w.release().Run(t.Context()); err == nil || w.weights != (Weights{50, 50}) {
			t.Fatalf("got %v with weights %v", err, w.weights)
		}
		w.killAt = 0
		if err := w.operator().RollBack(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wantBack(t)
	})
}

func TestARollBackWaitsForTasksThatAreHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := released(t)
		w.sick[Blue] = true
		if err := w.operator().RollBack(t.Context()); err == nil || w.weights != (Weights{0, 100}) {
			t.Fatalf("got %v with weights %v: clients went where nothing is healthy", err, w.weights)
		}
	})
}
