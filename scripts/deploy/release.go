package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// State is a step of a release.
type State string

// The steps of a release, in their order.
const (
	Registering State = "register"
	Starting    State = "start"
	Waiting     State = "health"
	Smoking     State = "smoke"
	Shifting    State = "canary" // one for each weight
	Finishing   State = "standby"
	RollingBack State = "roll-back"
)

const (
	rollbackLimit = time.Minute // to take the weight away from the new side, all tries together
	rollbackRetry = time.Second
	unwellPolls   = 3 // in a row, before fewer targets than wanted are a failure: ECS replaces one by itself
)

var (
	// ErrMoved says that the weights are not what this release made them: somebody else is at work, and is left to it.
	ErrMoved = errors.New("somebody else has moved the weights")
	// ErrRollback says that the weights may not be back on the old side: a person must look.
	ErrRollback = errors.New("the roll-back did not succeed")
)

// Fleet is the two services and their task definitions.
type Fleet interface {
	// Sides returns both sides without their weights.
	Sides(ctx context.Context) (Sides, error)
	// Prepare returns a side's task definition that has an image, and registers it unless the newest one has it.
	Prepare(ctx context.Context, c Colour, image string) (task string, err error)
	// Roll makes a side run a number of tasks of a definition; an empty one leaves it at what it has.
	Roll(ctx context.Context, c Colour, task string, wanted int) error
	// Mark notes what a side is, and until when if it is on standby.
	Mark(ctx context.Context, c Colour, role Role, until time.Time) error
}

// Balancer is the listener that divides the clients, and the targets behind it.
type Balancer interface {
	Weights(ctx context.Context) (Weights, error)
	// Shift sets the weights. It changes nothing and returns ErrMoved when they are not what they should be before.
	Shift(ctx context.Context, from, to Weights) error
	// Healthy returns how many targets of a side the load balancer calls healthy.
	Healthy(ctx context.Context, c Colour) (int, error)
}

// Alarms knows what rings.
type Alarms interface {
	// Ringing returns the names of the alarms that ring. One that does not exist is an error: it would protect nothing.
	Ringing(ctx context.Context) ([]string, error)
}

// Smoke tries a side from outside.
type Smoke interface {
	Try(ctx context.Context, c Colour) error
}

// Teller tells people. It is no reason to fail: what goes wrong is in the log.
type Teller interface {
	Tell(ctx context.Context, text string, incident bool)
}

// Profile is how slowly a release goes.
type Profile struct {
	Canary      []Step
	Standby     time.Duration // for how long the old side goes on running without clients
	Poll        time.Duration // between two looks at health and alarms
	StartLimit  time.Duration // until all tasks of the new side are healthy
	SmokeLimit  time.Duration // for all that is tried
	SmokePauses time.Duration // between two tries: the load balancer may not have heard of the side yet
}

// Step is a share of the clients and how long it must go well with them.
type Step struct {
	Percent int
	Hold    time.Duration
}

// Standard is how production is released, Fast how everything else is (SPEC O2).
var (
	Standard = Profile{Canary: []Step{{5, 30 * time.Minute}, {50, 30 * time.Minute}}, Standby: 24 * time.Hour, Poll: 15 * time.Second,
		StartLimit: 10 * time.Minute, SmokeLimit: 2 * time.Minute, SmokePauses: 5 * time.Second}
	Fast = Profile{Canary: []Step{{5, time.Minute}, {50, time.Minute}}, Standby: 30 * time.Minute, Poll: 5 * time.Second,
		StartLimit: 10 * time.Minute, SmokeLimit: 2 * time.Minute, SmokePauses: 5 * time.Second}
)

// Release moves the clients from one side to the other, a few at first, and back at the first sign of trouble. What AWS has
// is all its state: started again after it was killed it finds out how far it came, and goes on from there.
type Release struct {
	Fleet    Fleet
	Balancer Balancer
	Alarms   Alarms
	Smoke    Smoke
	Teller   Teller
	Log      *slog.Logger
	Now      func() time.Time

	Image   string
	Profile Profile

	// Of one Run.
	now    Sides // as last seen
	to     Colour
	weight int // of the new side
	state  State
}

// Run releases the image. When it goes wrong, or ctx ends, the clients go back to the old side before Run returns the reason.
func (r *Release) Run(ctx context.Context) error {
	done, err := r.look(ctx)
	if err != nil || done {
		return err
	}
	begun := r.Now()
	r.Teller.Tell(ctx, fmt.Sprintf("Release of %s begins on %s.", r.Image, r.to), false)
	if err := r.forward(ctx); err != nil {
		return r.abandon(ctx, err)
	}
	r.Teller.Tell(ctx, fmt.Sprintf("Release of %s is done after %s: %s has all clients, %s is on standby for %s.",
		r.Image, r.Now().Sub(begun).Round(time.Second), r.to, r.to.Other(), r.Profile.Standby), false)
	return nil
}

// look finds out how far things are. done: there is nothing to do.
func (r *Release) look(ctx context.Context) (done bool, err error) {
	if r.now, err = situation(ctx, r.Fleet, r.Balancer); err != nil {
		return false, err
	}
	if r.to, err = r.now.Next(); err != nil {
		return false, err
	}
	from, to := r.now[r.to.Other()], r.now[r.to]
	if from.Image == r.Image && from.Weight == 100 && from.Role == Active {
		r.Log.Info("nothing to do: it has all clients already", "image", r.Image, "side", from.Colour)
		return true, nil
	}
	if to.Weight > 0 && to.Image != r.Image {
		return false, fmt.Errorf("a release of %s is under way, with %d %% of the clients on %s: roll it back first", to.Image, to.Weight, to.Colour)
	}
	ringing, err := r.Alarms.Ringing(ctx)
	if err != nil {
		return false, err
	}
	if len(ringing) > 0 && to.Weight == 0 {
		return false, fmt.Errorf("no release begins while an alarm rings: %s", strings.Join(ringing, ", "))
	}
	r.weight = to.Weight
	return false, nil
}

// forward does the steps in their order. Each does nothing where it was done already.
func (r *Release) forward(ctx context.Context) error {
	task := ""
	steps := []struct {
		state State
		do    func(context.Context) error
	}{
		{Registering, func(ctx context.Context) (err error) { task, err = r.Fleet.Prepare(ctx, r.to, r.Image); return err }},
		{Starting, func(ctx context.Context) error { return r.start(ctx, task) }},
		{Waiting, r.await},
		{Smoking, r.smoke},
		{Shifting, r.shiftAll},
		{Finishing, r.finish},
	}
	for _, step := range steps {
		r.state = step.state
		begun := r.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.state, err)
		}
		r.Log.Info("done", "step", step.state, "side", r.to, "seconds", r.Now().Sub(begun).Seconds())
	}
	return nil
}

// start runs as many tasks of the new side as the old one has.
func (r *Release) start(ctx context.Context, task string) error {
	from, to := r.now[r.to.Other()], r.now[r.to]
	if err := r.Fleet.Mark(ctx, r.to, Candidate, time.Time{}); err != nil {
		return err
	}
	wanted := max(from.Wanted, 1)
	if to.Task == task && to.Wanted >= wanted {
		return nil
	}
	return r.Fleet.Roll(ctx, r.to, task, wanted)
}

// await waits until all tasks of the new side run the image and are healthy.
func (r *Release) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, r.Profile.StartLimit, fmt.Errorf("%s is not healthy after %s", r.to, r.Profile.StartLimit))
	defer cancel()
	for {
		sides, err := r.Fleet.Sides(ctx)
		if err != nil {
			return err
		}
		healthy, err := r.Balancer.Healthy(ctx, r.to)
		if err != nil {
			return err
		}
		side := sides[r.to]
		if side.Failed != "" {
			return fmt.Errorf("%s does not start: %s", r.to, side.Failed)
		}
		if side.Stable && side.Image == r.Image && side.Wanted > 0 && healthy >= side.Wanted {
			r.now[r.to] = side
			return nil
		}
		if err := pause(ctx, r.Profile.Poll); err != nil {
			return err
		}
	}
}

// smoke tries the new side until it is good, or the time is over.
func (r *Release) smoke(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.Profile.SmokeLimit)
	defer cancel()
	for {
		err := r.Smoke.Try(ctx, r.to)
		if err == nil {
			return nil
		}
		if pause(ctx, r.Profile.SmokePauses) != nil {
			return err
		}
	}
}

// shiftAll gives the new side more and more of the clients. A share that it has already is held again.
func (r *Release) shiftAll(ctx context.Context) error {
	for _, step := range r.Profile.Canary {
		if step.Percent < r.weight {
			continue
		}
		if err := r.shift(ctx, step.Percent); err != nil {
			return err
		}
		if err := r.hold(ctx, step.Hold); err != nil {
			return fmt.Errorf("at %d %%: %w", step.Percent, err)
		}
	}
	return r.shift(ctx, 100)
}

// shift gives the new side a share, if nothing rings at this moment.
func (r *Release) shift(ctx context.Context, percent int) error {
	if err := r.well(ctx); err != nil {
		return err
	}
	if percent != r.weight {
		if err := r.Balancer.Shift(ctx, share(r.to, r.weight), share(r.to, percent)); err != nil {
			return err
		}
	}
	r.weight = percent
	r.Log.Info("weights", "side", r.to, "percent", percent)
	r.Teller.Tell(ctx, fmt.Sprintf("%s has %d %% of the clients.", r.to, percent), false)
	return nil
}

// hold watches the new side for a while.
func (r *Release) hold(ctx context.Context, d time.Duration) error {
	end := r.Now().Add(d)
	for unwell := 0; r.Now().Before(end); {
		if err := pause(ctx, min(r.Profile.Poll, end.Sub(r.Now()))); err != nil {
			return err
		}
		if err := r.well(ctx); err != nil {
			return err
		}
		weights, err := r.Balancer.Weights(ctx)
		if err != nil {
			return err
		}
		if weights != share(r.to, r.weight) {
			return ErrMoved
		}
		healthy, err := r.Balancer.Healthy(ctx, r.to)
		switch {
		case err != nil:
			return err
		case healthy == 0:
			return errors.New("none of its targets is healthy")
		case healthy >= r.now[r.to].Wanted:
			unwell = 0
		default:
			if unwell++; unwell == unwellPolls {
				return fmt.Errorf("%d of %d targets are healthy", healthy, r.now[r.to].Wanted)
			}
		}
	}
	return nil
}

// well returns an error while an alarm rings.
func (r *Release) well(ctx context.Context) error {
	ringing, err := r.Alarms.Ringing(ctx)
	if err == nil && len(ringing) > 0 {
		err = fmt.Errorf("alarm %s", strings.Join(ringing, ", "))
	}
	return err
}

// finish notes that the new side is the one now. The other goes on running for a while, so that the way back is short.
func (r *Release) finish(ctx context.Context) error {
	if err := r.Fleet.Mark(ctx, r.to.Other(), Standby, r.Now().Add(r.Profile.Standby)); err != nil {
		return err
	}
	return r.Fleet.Mark(ctx, r.to, Active, time.Time{}) // last: until then a release that is started again does this step again
}

// abandon gives all clients back to the old side, also when ctx has ended, and tells why.
func (r *Release) abandon(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackLimit)
	defer cancel()
	if errors.Is(cause, ErrMoved) {
		r.Teller.Tell(ctx, fmt.Sprintf("Release of %s stopped: %v. Nothing was rolled back.", r.Image, cause), true)
		return cause
	}
	r.Log.Error("rolling back", "step", r.state, "error", cause)
	r.state = RollingBack
	begun := r.Now()
	if err := giveBack(ctx, r.Fleet, r.Balancer, r.to); err != nil {
		r.Teller.Tell(ctx, fmt.Sprintf("Release of %s failed (%v), and so did the roll-back: %v. Somebody must look at the listener now.", r.Image, cause, err), true)
		return errors.Join(fmt.Errorf("%w: %w", ErrRollback, err), cause)
	}
	r.Log.Info("rolled back", "side", r.to.Other(), "seconds", r.Now().Sub(begun).Seconds())
	r.Teller.Tell(ctx, fmt.Sprintf("Release of %s was rolled back: %v. %s has all clients.", r.Image, cause, r.to.Other()), true)
	return fmt.Errorf("rolled back: %w", cause)
}

// giveBack takes the weight from a side, then its tasks. The weight comes first and is tried again and again: it is what hurts.
func giveBack(ctx context.Context, fleet Fleet, balancer Balancer, bad Colour) error {
	for {
		weights, err := balancer.Weights(ctx)
		if err == nil && weights != share(bad, 0) {
			err = balancer.Shift(ctx, weights, share(bad, 0))
		}
		if err == nil {
			break
		}
		if pause(ctx, rollbackRetry) != nil {
			return err
		}
	}
	// Its tasks end by SIGTERM, which sends their clients to the others in an orderly way (SPEC C6).
	return errors.Join(fleet.Mark(ctx, bad, Failed, time.Time{}), fleet.Roll(ctx, bad, "", 0))
}

// situation returns both sides with their weights.
func situation(ctx context.Context, fleet Fleet, balancer Balancer) (Sides, error) {
	sides, err := fleet.Sides(ctx)
	if err != nil {
		return nil, err
	}
	weights, err := balancer.Weights(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range Colours {
		side := sides[c]
		side.Weight = weights.Of(c)
		sides[c] = side
	}
	return sides, nil
}

// pause waits, and returns why it was ended early.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
