package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// linearMax bounds the search of one room; beyond it nothing is said.
const linearMax = 20 * time.Second

// step is an operation on the locks of a room, as porcupine sees it.
type step struct {
	kind     stepKind
	field    string // of the lock
	fields   []string
	session  string
	user     string
	fence    int64
	takeOver bool
}

type stepKind string

const (
	stepGrant stepKind = "grant"
	stepHold  stepKind = "hold" // an extension: it still has the lock
	stepEnd   stepKind = "end"
	stepWrite stepKind = "write"
)

// holder is who has a lock.
type holder struct {
	session, user string

	fence int64
}

// locksState is what the model knows of a room. It is never changed, only replaced.
type locksState struct {
	held map[string]holder // by field
	last map[string]int64  // fences
}

// linear asks porcupine for an order of all operations on the locks of each room that explains what the clients saw:
// grants exclude each other, fences grow, and who writes a field is not kept from it. What a client does not know, the
// records decide: whether a grant came to be, and that a lock ended without anybody's asking.
func (j *judge) linear() {
	for room := range j.final.Journal {
		ops := j.lockSteps(room)
		switch porcupine.CheckOperationsTimeout(locksModel, ops, linearMax) {
		case porcupine.Illegal:
			_, info := porcupine.CheckOperationsVerbose(locksModel, ops, linearMax)
			j.wrong(Exclusive, "%s: no order of the %d operations on its locks explains what the clients saw; there is no place for: %s", room, len(ops), stuck(info, ops))
		case porcupine.Unknown:
			j.note("%s: no verdict about its locks after %v", room, linearMax)
		case porcupine.Ok:
		}
	}
}

// stuck names the operation, first by its call, that no order of as many as possible has a place for.
func stuck(info porcupine.LinearizationInfo, ops []porcupine.Operation) string {
	var longest []porcupine.Operation
	for _, partial := range info.PartialLinearizationsOperations() {
		for _, line := range partial {
			if len(line) > len(longest) {
				longest = line
			}
		}
	}
	placed := map[int]bool{}
	for _, op := range longest {
		placed[op.ClientId] = true
	}
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) })
	for _, op := range ops {
		if !placed[op.ClientId] {
			return locksModel.DescribeOperation(op.Input, nil)
		}
	}
	return "unknown"
}

// lockSteps returns the operations on a room's locks.
func (j *judge) lockSteps(room string) []porcupine.Operation {
	var out []porcupine.Operation
	add := func(s step, call, end time.Duration) {
		out = append(out, porcupine.Operation{ClientId: len(out), Input: s, Call: int64(call), Return: int64(max(end, call))})
	}
	acquired, released := map[string]*Op{}, map[string]*Op{}
	for i := range j.ops {
		op := &j.ops[i]
		if op.Room != room || op.Result != OK {
			continue
		}
		switch op.Kind {
		case Acquire:
			if acquired[op.Lock] == nil {
				acquired[op.Lock] = op
			} else { // it had the lock already
				add(step{kind: stepHold, field: op.Field, session: op.Session, fence: op.Fence}, op.Call, op.Return)
			}
		case Release:
			released[op.Lock] = op
		case Extend:
			add(step{kind: stepHold, field: op.Field, session: op.Session, fence: op.Fence}, op.Call, op.Return)
		case Edit, Resend:
			if row, ok := j.row(place{room, op.Revision}); ok && row.Session == op.Session && op.Kind == Edit {
				add(step{kind: stepWrite, fields: row.Fields, session: op.Session}, op.Call, op.Return)
			}
		}
	}
	for _, g := range j.grants {
		if g.Room != room {
			continue
		}
		call, end := g.Asked-clockSlack, Never
		takeOver := true // nobody was told: it may have been asked for
		if op := acquired[g.Lock]; op != nil {
			call, end, takeOver = op.Call, op.Return, op.TakeOver
		}
		add(step{kind: stepGrant, field: g.Field, session: g.Session, user: g.User, fence: g.Fence, takeOver: takeOver}, call, end)
		switch op := released[g.Lock]; {
		case op != nil:
			add(step{kind: stepEnd, field: g.Field, session: g.Session, fence: g.Fence}, op.Call, op.Return)
		case g.Closed != Never && g.Reason != "taken_over": // a grant that takes over ends the other by itself
			add(step{kind: stepEnd, field: g.Field, session: g.Session, fence: g.Fence}, g.Closed-clockSlack, Never)
		}
	}
	return out
}

var locksModel = porcupine.Model{
	Init: func() any { return locksState{} },
	Step: func(state, input, _ any) (bool, any) {
		s, in := state.(locksState), input.(step)
		switch in.kind {
		case stepGrant:
			return s.grant(in)
		case stepHold:
			return s.held[in.field].fence == in.fence, s
		case stepEnd:
			if s.held[in.field].fence != in.fence {
				return false, s
			}
			next := locksState{maps.Clone(s.held), s.last}
			delete(next.held, in.field)
			return true, next
		case stepWrite:
			return s.mayWrite(in), s
		}
		return false, s
	},
	Equal: func(a, b any) bool {
		x, y := a.(locksState), b.(locksState)
		return maps.Equal(x.held, y.held) && maps.Equal(x.last, y.last)
	},
	DescribeOperation: func(input, _ any) string {
		in := input.(step)
		return fmt.Sprintf("%s %s%s fence %d by %s", in.kind, in.field, strings.Join(in.fields, ","), in.fence, in.session)
	},
}

func (s locksState) grant(in step) (bool, locksState) {
	if in.fence <= s.last[in.field] {
		return false, s
	}
	for field, h := range s.held {
		same := field == in.field
		switch {
		case h.session == in.session:
		case same && in.takeOver && h.user == in.user:
		case covers(field, in.field) || covers(in.field, field):
			return false, s
		}
	}
	next := locksState{maps.Clone(s.held), maps.Clone(s.last)}
	if next.held == nil {
		next.held, next.last = map[string]holder{}, map[string]int64{}
	}
	next.held[in.field] = holder{in.session, in.user, in.fence}
	next.last[in.field] = in.fence
	return true, next
}

func (s locksState) mayWrite(in step) bool {
	for field, h := range s.held {
		if h.session == in.session {
			continue
		}
		if slices.ContainsFunc(in.fields, func(f string) bool { return covers(field, f) }) {
			return false
		}
	}
	return true
}
