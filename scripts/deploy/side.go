package main

import (
	"errors"
	"time"
)

// Colour names one of the two sides that take turns.
type Colour string

// The two sides.
const (
	Blue  Colour = "blue"
	Green Colour = "green"
)

// Colours are both.
var Colours = [...]Colour{Blue, Green}

// Other returns the other side.
func (c Colour) Other() Colour {
	if c == Blue {
		return Green
	}
	return Blue
}

// Weights are the shares of the clients in percent.
type Weights struct{ Blue, Green int }

// Of returns the share of a side.
func (w Weights) Of(c Colour) int {
	if c == Blue {
		return w.Blue
	}
	return w.Green
}

// share returns the weights with which a side has some percent, and the other the rest.
func share(c Colour, percent int) Weights {
	if c == Blue {
		return Weights{Blue: percent, Green: 100 - percent}
	}
	return Weights{Blue: 100 - percent, Green: percent}
}

// Role is what a side is at the moment. It is a tag of the side's service.
type Role string

// The roles. A service without the tag has none.
const (
	Active    Role = "active"    // has the clients
	Candidate Role = "candidate" // a release is under way to it
	Standby   Role = "standby"   // had them until a moment ago, and still runs
	Failed    Role = "failed"    // a release to it was rolled back
	Idle      Role = "idle"      // runs nothing
)

// Side is one of the two sides as it is.
type Side struct {
	Colour Colour
	Weight int    // percent of the clients
	Task   string // ARN of the task definition that it runs, or is about to run
	Image  string // of that
	Wanted int    // tasks
	Stable bool   // all wanted tasks run, of this definition, and no others
	Failed string // why ECS gave up starting them
	Role   Role
	Until  time.Time // end of the standby
}

// Sides are both.
type Sides map[Colour]Side

var errUnclear = errors.New("it is not clear which side is the active one: set their weights to 100 and 0")

// Next returns the side that a release goes to: that to which one is under way, else that which has no clients.
func (s Sides) Next() (Colour, error) {
	blue, green := s[Blue], s[Green]
	switch {
	case blue.Role == Candidate && green.Role != Candidate:
		return Blue, nil
	case green.Role == Candidate && blue.Role != Candidate:
		return Green, nil
	case blue.Weight == 100 && green.Weight == 0:
		return Green, nil
	case green.Weight == 100 && blue.Weight == 0:
		return Blue, nil
	}
	return "", errUnclear
}
