package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"testing"
	"time"
)

// world is what a release works on, in memory. Everything but the clock is the test's to change.
type world struct {
	sides      Sides
	weights    Weights
	images     map[string]string // by task definition
	newest     string
	registered int

	ringing func() []string
	sick    map[Colour]bool // its targets are not healthy
	smoke   func(Colour) error
	refused int // calls of Shift that fail before one succeeds

	later  []change // what happens by itself
	calls  int
	killAt int // the call from which on nothing is answered, as if the program was killed; 0: never
	onCall func(n int)

	shifts []Weights
	told   []string
	paged  int
}

// change is something that happens at a time: whoever calls next finds it.
type change struct {
	at time.Time
	do func()
}

// after makes something happen after a while.
func (w *world) after(d time.Duration, do func()) {
	w.later = append(w.later, change{time.Now().Add(d), do})
}

var errKilled = errors.New("killed")

const (
	oldImage = "registry/corsia:1"
	newImage = "registry/corsia:2"
)

func newWorld() *world {
	return &world{newest: "task:1", images: map[string]string{"task:1": oldImage}, weights: Weights{100, 0}, sick: map[Colour]bool{},
		ringing: func() []string { return nil }, smoke: func(Colour) error { return nil },
		sides: Sides{Blue: {Colour: Blue, Task: "task:1", Wanted: 4, Role: Active}, Green: {Colour: Green, Task: "task:1", Role: Idle}}}
}

// call counts the calls, and answers none after the program's death.
func (w *world) call() error {
	w.calls++
	for len(w.later) > 0 && !time.Now().Before(w.later[0].at) {
		w.later[0].do()
		w.later = w.later[1:]
	}
	if w.onCall != nil {
		w.onCall(w.calls)
	}
	if w.killAt > 0 && w.calls >= w.killAt {
		return errKilled
	}
	return nil
}

func (w *world) Sides(context.Context) (Sides, error) {
	if err := w.call(); err != nil {
		return nil, err
	}
	sides := maps.Clone(w.sides)
	for c, side := range sides {
		side.Image, side.Stable = w.images[side.Task], true
		sides[c] = side
	}
	return sides, nil
}

func (w *world) Prepare(_ context.Context, _ Colour, image string) (string, error) {
	if err := w.call(); err != nil {
		return "", err
	}
	if w.images[w.newest] != image {
		w.registered++
		w.newest = fmt.Sprintf("task:%d", 1+w.registered)
		w.images[w.newest] = image
	}
	return w.newest, nil
}

func (w *world) Roll(_ context.Context, c Colour, task string, wanted int) error {
	if err := w.call(); err != nil {
		return err
	}
	side := w.sides[c]
	if task != "" {
		side.Task = task
	}
	side.Wanted = wanted
	w.sides[c] = side
	return nil
}

func (w *world) Mark(_ context.Context, c Colour, role Role, until time.Time) error {
	if err := w.call(); err != nil {
		return err
	}
	side := w.sides[c]
	side.Role, side.Until = role, until
	w.sides[c] = side
	return nil
}

func (w *world) Weights(context.Context) (Weights, error) {
	err := w.call()
	return w.weights, err
}

func (w *world) Shift(_ context.Context, from, to Weights) error {
	if err := w.call(); err != nil {
		return err
	}
	if w.refused > 0 {
		w.refused--
		return errors.New("throttled")
	}
	if from != w.weights {
		return ErrMoved
	}
	w.weights = to
	w.shifts = append(w.shifts, to)
	return nil
}

func (w *world) Healthy(_ context.Context, c Colour) (int, error) {
	if err := w.call(); err != nil {
		return 0, err
	}
	if w.sick[c] {
		return 0, nil
	}
	return w.sides[c].Wanted, nil
}

func (w *world) Ringing(context.Context) ([]string, error) {
	if err := w.call(); err != nil {
		return nil, err
	}
	return w.ringing(), nil
}

func (w *world) Try(_ context.Context, c Colour) error {
	if err := w.call(); err != nil {
		return err
	}
	return w.smoke(c)
}

func (w *world) Tell(_ context.Context, text string, incident bool) {
	w.told = append(w.told, text)
	if incident {
		w.paged++
	}
}

func (w *world) release() *Release {
	return &Release{Fleet: w, Balancer: w, Alarms: w, Smoke: w, Teller: w, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now,
		Image: newImage, Profile: Standard}
}

func (w *world) operator() *Operator {
	return &Operator{Fleet: w, Balancer: w, Teller: w, Now: time.Now, Profile: Standard}
}

// wantBack checks that blue has everything and green nothing.
func (w *world) wantBack(t *testing.T) {
	t.Helper()
	if w.weights != (Weights{100, 0}) || w.sides[Blue].Wanted != 4 || w.sides[Green].Wanted != 0 || w.sides[Green].Role != Failed {
		t.Errorf("the weights are %v, the sides %+v", w.weights, w.sides)
	}
}

// wantDone checks that green has everything, and blue goes on running.
func (w *world) wantDone(t *testing.T) {
	t.Helper()
	blue, green := w.sides[Blue], w.sides[Green]
	if w.weights != (Weights{0, 100}) || green.Role != Active || green.Wanted != 4 || w.images[green.Task] != newImage ||
		blue.Role != Standby || blue.Wanted != 4 || w.images[blue.Task] != oldImage || w.registered != 1 {
		t.Errorf("the weights are %v, the sides %+v, %d registered", w.weights, w.sides, w.registered)
	}
}
