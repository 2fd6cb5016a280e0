package check

import (
	"fmt"
	"strconv"
	"strings"
)

// audit compares the trail with the operations and with the records that it describes.
func (j *judge) audit() {
	j.countEvents()
	j.lockEvents()
	j.rowEvents()
	if j.final.Trail != "" {
		j.wrong(Vouched, "%s", j.final.Trail)
	}
}

// rowEvents looks for each row of a journal in the event that covers it: one, of the session that wrote it.
func (j *judge) rowEvents() {
	covered := map[place]int{}
	for _, e := range j.final.Audit {
		if e.Type != "DOCUMENT_UPDATED" {
			continue
		}
		for run := range strings.SplitSeq(e.Details.Revisions, ",") {
			first, last, isRun := strings.Cut(run, "-")
			if !isRun {
				last = first
			}
			from, err := strconv.ParseInt(first, 10, 64)
			to, err2 := strconv.ParseInt(last, 10, 64)
			if err != nil || err2 != nil {
				j.wrong(Audited, "event %s covers %q of %s", e.ID, e.Details.Revisions, e.Room)
				continue
			}
			for revision := from; revision <= to; revision++ {
				p := place{e.Room, revision}
				covered[p]++
				if row, ok := j.row(p); !ok || row.Session != e.Session {
					j.wrong(Audited, "event %s says that session %s wrote revision %d of %s", e.ID, e.Session, revision, e.Room)
				}
			}
		}
	}
	for room, rows := range j.final.Journal {
		for _, row := range rows {
			if n := covered[place{room, row.Revision}]; n != 1 {
				j.wrong(Audited, "revision %d of %s is covered by %d events", row.Revision, room, n)
			}
		}
	}
}

// bounds is how many events of a kind there may be.
type bounds struct{ least, most int }

// countEvents counts the events of each session: one for each operation that was answered, at most one for each other.
func (j *judge) countEvents() {
	expected := map[string]*bounds{}
	for i := range j.ops {
		kind, b := events(&j.ops[i])
		if kind == "" {
			continue
		}
		k := about(kind, j.ops[i].Session, j.ops[i].Room)
		if expected[k] == nil {
			expected[k] = &bounds{}
		}
		expected[k].least += b.least
		expected[k].most += b.most
	}
	counted, ends := map[string]int{}, map[string]int{}
	for _, e := range j.final.Audit {
		switch e.Type {
		case "USER_CONNECTED", "RESOURCE_JOINED", "RESOURCE_LEFT", "UPDATE_REJECTED", "LOCK_DENIED":
			counted[about(e.Type, e.Session, e.Room)]++
		case "USER_DISCONNECTED", "SESSION_EXPIRED":
			ends[e.Session]++
		}
	}
	for k, b := range expected {
		n := counted[k]
		atEnd := strings.HasPrefix(k, "RESOURCE_LEFT") // a session's end is a leaving that nobody asked for
		if n < b.least || n > b.most && !atEnd {
			j.wrong(Audited, "%s: %d events, there should be %d to %d", k, n, b.least, b.most)
		}
	}
	for session, n := range ends {
		if n > 1 {
			j.wrong(Audited, "session %s ended %d times", session, n)
		}
	}
}

func about(kind, session, room string) string {
	if kind == "USER_CONNECTED" {
		return kind + " of session " + session
	}
	return kind + " of session " + session + " in " + room
}

// events returns which event an operation leaves, and how many of it.
func events(op *Op) (kind string, b bounds) {
	done, refusal := bounds{0, 1}, bounds{0, 1}
	switch {
	case op.Result == OK:
		done, refusal = bounds{1, 1}, bounds{0, 0}
	case op.Result == Refused && deniedForGood(op):
		refusal = bounds{1, 1}
	}
	switch op.Kind {
	case Connect:
		if op.Session == "" { // refused, or nobody knows
			return "", bounds{}
		}
		return "USER_CONNECTED", done
	case Join:
		return "RESOURCE_JOINED", done
	case Leave:
		return "RESOURCE_LEFT", done
	case Edit, Resend:
		return "UPDATE_REJECTED", refusal
	case Acquire:
		return "LOCK_DENIED", refusal
	case Sync, Extend, Release:
	}
	return "", bounds{}
}

// deniedForGood reports whether a refusal is one that the trail must have: not of a dependency that was away.
func deniedForGood(op *Op) bool {
	switch op.Code {
	case "UPDATE_REJECTED", "FOREIGN_CLIENT":
		return true
	case "LOCK_DENIED":
		return op.Reason != "lock_service_unavailable"
	}
	return false
}

// lockEvents compares the events of locks with their records, one by one.
func (j *judge) lockEvents() {
	granted, ended := map[string]int{}, map[string]int{}
	for _, e := range j.final.Audit {
		k := fenceOf(e.Fence, e.Room, strings.Join(e.Fields, ","))
		switch e.Type {
		case "LOCK_ACQUIRED":
			granted[k]++
		case "LOCK_RELEASED", "LOCK_EXPIRED", "LOCK_BROKEN":
			ended[k]++
		}
	}
	for _, g := range j.grants {
		k := fenceOf(g.Fence, g.Room, g.Field)
		granted[k]--
		if g.Closed != Never {
			ended[k]--
		}
	}
	for k, n := range granted {
		if n != 0 {
			j.wrong(Audited, "LOCK_ACQUIRED with %s: %+d events", k, n)
		}
	}
	for k, n := range ended {
		if n != 0 {
			j.wrong(Audited, "the end of the lock with %s: %+d events", k, n)
		}
	}
}

func fenceOf(fence int64, room, field string) string {
	return fmt.Sprintf("fence %d of %s#%s", fence, room, field)
}
