// Package check judges a run of the chaos test after it has ended, from what the clients recorded and what the databases
// hold. It does no I/O: whatever it says can be said again from a history that was written to a file.
package check

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sync"
	"time"
)

// Kind says what a client asked for.
type Kind string

// What clients ask for.
const (
	Connect Kind = "connect"
	Join    Kind = "join"
	Leave   Kind = "leave"
	Sync    Kind = "sync" // after the session was resumed
	Edit    Kind = "edit"
	Resend  Kind = "resend" // of edits that were not acknowledged
	Acquire Kind = "acquire"
	Extend  Kind = "extend"
	Release Kind = "release"
)

// Result says how it ended for the client.
type Result string

// The results.
const (
	OK      Result = "ok"
	Refused Result = "refused" // with a code
	Unknown Result = "unknown" // connection lost or no answer in time: it may have happened, or happen yet
)

// Never is when what did not return returned.
const Never = time.Duration(math.MaxInt64)

// Op is one operation of a client. Times are on the run's clock.
type Op struct {
	Kind     Kind
	Session  string
	User     string
	Instance int
	Room     string `json:",omitempty"`
	Field    string `json:",omitempty"` // edited or locked; empty: the whole resource

	Tokens  []string `json:",omitempty"` // texts that it inserts, each unique in the run
	Deletes []string `json:",omitempty"` // texts that it deletes
	Value   bool     `json:",omitempty"` // the token is the value of an entry of the map: a later one may replace it

	Lock     string `json:",omitempty"` // id of a grant
	TakeOver bool   `json:",omitempty"`

	Call, Return time.Duration
	Result       Result
	Code         string `json:",omitempty"`
	Reason       string `json:",omitempty"` // of a denied lock
	Revision     int64  `json:",omitempty"` // that the answer names
	Fence        int64  `json:",omitempty"`
}

// Heard is what a session was shown, in the order of its connections: the state that answers a join, or an update.
type Heard struct {
	Session  string
	Room     string
	State    bool // the state of that revision
	Resumed  bool // nothing was shown: the session goes on with another connection, and has missed what came meanwhile
	Revision int64
	Sum      Sum // of an update's bytes
	At       time.Duration
}

// Sum stands for the bytes of an update.
type Sum [8]byte

// SumOf returns the sum of an update.
func SumOf(update []byte) Sum {
	whole := sha256.Sum256(update)
	return Sum(whole[:8])
}

// MarshalText encodes the sum for a file.
func (s Sum) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", s[:]), nil }

// History is the record of a run. Clients append to it while they run.
type History struct {
	Start time.Time // zero of the run's clock

	mu    sync.Mutex
	ops   []Op
	heard []Heard
}

// NewHistory returns an empty history whose clock starts now.
func NewHistory() *History { return &History{Start: time.Now()} }

// Now returns the time on the run's clock.
func (h *History) Now() time.Duration { return time.Since(h.Start) }

// At returns a time of the machine's clock, such as a database has, on the run's clock.
func (h *History) At(t time.Time) time.Duration { return t.Round(0).Sub(h.Start.Round(0)) }

// Add appends an operation that has returned.
func (h *History) Add(op Op) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, op)
}

// Hear appends what a session was shown.
func (h *History) Hear(heard Heard) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, heard)
}

// Ops returns the operations so far, in the order of their returns.
func (h *History) Ops() []Op {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ops[:len(h.ops):len(h.ops)]
}

// Shown returns what sessions were shown so far.
func (h *History) Shown() []Heard {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.heard[:len(h.heard):len(h.heard)]
}

// Dump writes the history as lines of JSON.
func (h *History) Dump(w io.Writer) error {
	out := json.NewEncoder(w)
	for _, op := range h.Ops() {
		if err := out.Encode(op); err != nil {
			return fmt.Errorf("dump the history: %w", err)
		}
	}
	for _, heard := range h.Shown() {
		if err := out.Encode(heard); err != nil {
			return fmt.Errorf("dump the history: %w", err)
		}
	}
	return nil
}
