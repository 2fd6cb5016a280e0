package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Operator does by hand, or by the clock, what a release leaves open.
type Operator struct {
	Fleet    Fleet
	Balancer Balancer
	Teller   Teller
	Now      func() time.Time
	Profile  Profile
}

// RollBack gives all clients to the other side: that of a release which is under way, else the one on standby. A side whose
// tasks have ended is started first, which takes minutes instead of seconds.
func (o *Operator) RollBack(ctx context.Context) error {
	sides, err := situation(ctx, o.Fleet, o.Balancer)
	if err != nil {
		return err
	}
	bad, good, err := sides.worse()
	if err != nil {
		return err
	}
	if good.Task == "" {
		return fmt.Errorf("%s has never run anything", good.Colour)
	}
	if good.Wanted == 0 {
		if err := o.Fleet.Roll(ctx, good.Colour, "", max(bad.Wanted, 1)); err != nil {
			return err
		}
		good.Wanted = max(bad.Wanted, 1)
	}
	if err := o.healthy(ctx, good); err != nil {
		return err
	}
	if err := giveBack(ctx, o.Fleet, o.Balancer, bad.Colour); err != nil {
		return fmt.Errorf("%w: %w", ErrRollback, err)
	}
	if err := o.Fleet.Mark(ctx, good.Colour, Active, time.Time{}); err != nil {
		return err
	}
	o.Teller.Tell(ctx, fmt.Sprintf("%s was rolled back by hand: %s has all clients.", bad.Colour, good.Colour), true)
	return nil
}

// worse returns the side to be left and the one to go back to.
func (s Sides) worse() (bad, good Side, err error) {
	for _, c := range Colours {
		if s[c].Role == Candidate {
			return s[c], s[c.Other()], nil
		}
	}
	for _, c := range Colours {
		if s[c].Weight == 100 {
			return s[c], s[c.Other()], nil
		}
	}
	return bad, good, errUnclear
}

// healthy waits until a side could take all clients.
func (o *Operator) healthy(ctx context.Context, side Side) error {
	ctx, cancel := context.WithTimeoutCause(ctx, o.Profile.StartLimit, fmt.Errorf("%s is not healthy after %s", side.Colour, o.Profile.StartLimit))
	defer cancel()
	for {
		n, err := o.Balancer.Healthy(ctx, side.Colour)
		if err != nil {
			return err
		}
		if n > 0 && n >= side.Wanted {
			return nil
		}
		if err := pause(ctx, o.Profile.Poll); err != nil {
			return err
		}
	}
}

// Retire ends the tasks of a side whose standby is over. It reports which; none is no error.
func (o *Operator) Retire(ctx context.Context) (retired Colour, err error) {
	sides, err := situation(ctx, o.Fleet, o.Balancer)
	if err != nil {
		return "", err
	}
	for _, c := range Colours {
		side := sides[c]
		if side.Role != Standby || o.Now().Before(side.Until) {
			continue
		}
		if side.Weight > 0 {
			return "", errors.New(string(c) + " is on standby and has clients: it is not retired")
		}
		if err := o.Fleet.Roll(ctx, c, "", 0); err != nil {
			return "", err
		}
		o.Teller.Tell(ctx, fmt.Sprintf("%s is retired.", c), false)
		return c, o.Fleet.Mark(ctx, c, Idle, time.Time{})
	}
	return "", nil
}
