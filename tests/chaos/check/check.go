package check

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Rule names what was broken.
type Rule string

// The rules, in the order in which they are looked at.
const (
	Gap         Rule = "the journal has no gaps"
	Lost        Rule = "an acknowledged edit is never lost"
	Undone      Rule = "a deleted text stays deleted"
	Invented    Rule = "there is nothing that nobody wrote, and nothing twice"
	Forbidden   Rule = "a refused edit is not stored"
	Uncommitted Rule = "what is shown is committed"
	Repeated    Rule = "nothing is shown twice, revisions only grow"
	Missed      Rule = "who is in a room is shown every revision"
	Diverged    Rule = "all replicas are equal"
	Present     Rule = "who is in a room is known everywhere"
	Exclusive   Rule = "a lock has one holder"
	Fenced      Rule = "fences only grow"
	Locked      Rule = "a locked field is written by its holder alone"
	Audited     Rule = "every operation is audited once"
	Vouched     Rule = "the trail and the journal are what was signed"
	Leftover    Rule = "nothing outlives its session"
	Healed      Rule = "a healed cluster serves writes within 10 s"
)

// Violation is one thing that is wrong.
type Violation struct {
	Rule Rule
	Text string
}

func (v Violation) String() string { return string(v.Rule) + ": " + v.Text }

// healingMax is how long a healed cluster may take to serve writes.
const healingMax = 10 * time.Second

// clockSlack is how far the machine's clock, which the databases have, may drift from the run's clock.
const clockSlack = 10 * time.Millisecond

// Report is what a check found.
type Report struct {
	Violations []Violation
	Notes      []string // what could not be decided
}

// Broken reports whether a rule was broken.
func (r *Report) Broken(rule Rule) bool {
	return slices.ContainsFunc(r.Violations, func(v Violation) bool { return v.Rule == rule })
}

// Check judges a run.
func Check(h *History, f *Final) *Report {
	r := &Report{}
	j := newJudge(h, f, r)
	j.edits()
	j.deliveries()
	j.replicas()
	j.rosters()
	j.locks()
	j.linear()
	j.audit()
	j.health()
	slices.SortStableFunc(r.Violations, func(a, b Violation) int { return cmp.Compare(order[a.Rule], order[b.Rule]) })
	return r
}

var order = func() map[Rule]int {
	all := map[Rule]int{}
	for i, rule := range []Rule{Gap, Lost, Undone, Invented, Forbidden, Uncommitted, Repeated, Missed, Diverged, Present, Exclusive, Fenced, Locked, Audited, Vouched, Leftover, Healed} {
		all[rule] = i
	}
	return all
}()

// judge is one check under way.
type judge struct {
	ops   []Op
	heard []Heard
	final *Final
	out   *Report

	tokenRows map[string][]place // token → the rows that bring it
	seen      map[place]time.Duration
	grants    []Grant // with what the clients were told
}

// place is a row of a room's journal.
type place struct {
	room     string
	revision int64
}

// Token is the form of the texts that clients insert.
var Token = regexp.MustCompile(`<\d+\.\d+>`)

func newJudge(h *History, f *Final, out *Report) *judge {
	j := &judge{ops: h.Ops(), heard: h.Shown(), final: f, out: out, tokenRows: map[string][]place{}, seen: map[place]time.Duration{}}
	for room, rows := range f.Journal {
		for _, row := range rows {
			p := place{room, row.Revision}
			for _, token := range Token.FindAllString(string(row.Update), -1) {
				j.tokenRows[token] = append(j.tokenRows[token], p)
			}
			if row.Committed > 0 {
				j.seen[p] = row.Committed
			}
		}
	}
	for _, heard := range j.heard {
		if !heard.State && !heard.Resumed {
			j.saw(place{heard.Room, heard.Revision}, heard.At)
		}
	}
	j.grants = j.told()
	return j
}

// saw notes that a row was committed at a time or before.
func (j *judge) saw(p place, at time.Duration) {
	if before, ok := j.seen[p]; !ok || at < before {
		j.seen[p] = at
	}
}

// row returns a row of the journal.
func (j *judge) row(p place) (Row, bool) {
	rows := j.final.Journal[p.room]
	i, found := slices.BinarySearchFunc(rows, p.revision, func(r Row, revision int64) int { return cmp.Compare(r.Revision, revision) })
	if !found {
		return Row{}, false
	}
	return rows[i], true
}

func (j *judge) wrong(rule Rule, format string, args ...any) {
	j.out.Violations = append(j.out.Violations, Violation{rule, fmt.Sprintf(format, args...)})
}

func (j *judge) note(format string, args ...any) {
	j.out.Notes = append(j.out.Notes, fmt.Sprintf(format, args...))
}

// covers reports whether a lock on a field forbids others to write another; the empty one is the whole resource. It is
// written down once more, as the product's own might be wrong.
func covers(lock, field string) bool {
	return lock == "" || lock == field || lock == "values" && strings.HasPrefix(field, "values/")
}
