package ydoc

import (
	"errors"
	"fmt"
)

// Reasons for which an update is refused. Test for them with errors.Is; the
// error that carries them is an *UpdateError.
var (
	ErrMalformed         = errors.New("malformed")
	ErrTooLarge          = errors.New("too large")
	ErrTooManyClients    = errors.New("too many clients")
	ErrTooManyStructs    = errors.New("too many structs")
	ErrClockOverflow     = errors.New("clock overflow")
	ErrTooDeep           = errors.New("nested too deep")
	ErrKeyTooLong        = errors.New("key too long")
	ErrMissingDependency = errors.New("missing dependency")
	ErrTooManyConflicts  = errors.New("too many conflicts")
	ErrStalePlan         = errors.New("stale plan")
)

// UpdateError is a refusal with its detail. Nothing was changed.
type UpdateError struct {
	Reason error  // one of the Err values of this package
	Detail string // positions, ids and counts; never content
}

// Error names the reason and the detail.
func (e *UpdateError) Error() string { return "ydoc: " + e.Reason.Error() + ": " + e.Detail }

// Unwrap returns the reason, for errors.Is.
func (e *UpdateError) Unwrap() error { return e.Reason }

func refuse(reason error, format string, args ...any) error {
	return &UpdateError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Defaults of Limits (D6).
const (
	DefaultMaxUpdateBytes = 900 << 10
	DefaultMaxClients     = 16
	DefaultMaxStructs     = 1 << 15
	DefaultMaxDepth       = 64
	DefaultMaxKeyBytes    = 1024
)

// maxClock is the highest clock that any unit of content may reach: every
// Yjs peer keeps clocks in 31 bits.
const maxClock = 1<<31 - 1

// maxConflictSteps bounds how many items an update's structs may have to be
// compared with to find their places: some tens of milliseconds. Who inserts at
// one place as often as others did before pays for each of those every time.
const maxConflictSteps = 1 << 22

// maxTrustedDepth bounds the nesting of values in updates that are applied
// without limits, so that reading them cannot exhaust the stack.
const maxTrustedDepth = 1024

// Limits are the guards of D6, judged before anything is applied. A field that
// is zero has the package's default.
type Limits struct {
	MaxUpdateBytes int // length of the update
	MaxClients     int // clients with structs that the document lacks
	MaxStructs     int // structs that the update declares
	MaxDepth       int // shared types inside one another, and values inside one value
	MaxKeyBytes    int // names of roots, map keys, format keys and XML names
}

func (l Limits) withDefaults() Limits {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	set(&l.MaxUpdateBytes, DefaultMaxUpdateBytes)
	set(&l.MaxClients, DefaultMaxClients)
	set(&l.MaxStructs, DefaultMaxStructs)
	set(&l.MaxDepth, DefaultMaxDepth)
	set(&l.MaxKeyBytes, DefaultMaxKeyBytes)
	return l
}

// trusted are the limits for what was accepted before: states, journal rows.
// They still keep memory and stack within a multiple of the input.
var trusted = Limits{
	MaxUpdateBytes: 1 << 30,
	MaxClients:     maxClock,
	MaxStructs:     maxClock,
	MaxDepth:       maxTrustedDepth,
	MaxKeyBytes:    1 << 30,
}

// Validate checks that an update parses and keeps the limits, without a
// document. Clients are counted as if all structs were new.
func Validate(update []byte, lim Limits) error {
	lim = lim.withDefaults()
	var u decoded
	if err := u.decode(update, lim); err != nil {
		return err
	}
	if len(u.groups) > lim.MaxClients {
		return refuse(ErrTooManyClients, "%d, limit %d", len(u.groups), lim.MaxClients)
	}
	return nil
}
