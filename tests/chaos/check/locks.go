package check

import (
	"cmp"
	"slices"
	"time"
)

// told joins the records of grants with what their holders were told.
func (j *judge) told() []Grant {
	answers := map[string]*Op{}
	for i := range j.ops {
		if op := &j.ops[i]; op.Kind == Acquire && op.Result == OK {
			answers[op.Lock] = op
		}
	}
	grants := slices.Clone(j.final.Grants)
	for i := range grants {
		grants[i].revision = -1
		if op := answers[grants[i].Lock]; op != nil && op.Revision > 0 { // a lock that was adopted and asked for again names none
			grants[i].revision = op.Revision
		}
	}
	return grants
}

// locks judges the records of grants by each other, by the journal, and by what clients were told.
func (j *judge) locks() {
	byID := map[string]Grant{}
	for _, g := range j.grants {
		byID[g.Lock] = g
	}
	for i := range j.ops {
		op := &j.ops[i]
		if op.Kind != Acquire || op.Result != OK {
			continue
		}
		switch g, known := byID[op.Lock]; {
		case !known:
			j.wrong(Exclusive, "session %s was granted %s#%s as %s, of which there is no record", op.Session, op.Room, op.Field, op.Lock)
		case g.Fence != op.Fence || g.Session != op.Session:
			j.wrong(Fenced, "session %s was told fence %d of %s#%s, the record has %d of %s", op.Session, op.Fence, op.Room, op.Field, g.Fence, g.Session)
		}
	}
	j.fences()
	j.overlaps()
	for _, g := range j.grants {
		j.written(g)
	}
}

// fences looks at the grants of each key in the order of their commits.
func (j *judge) fences() {
	type key struct{ room, field string }
	last := map[key]Grant{}
	for _, g := range j.byOpening() {
		k := key{g.Room, g.Field}
		if before, ok := last[k]; ok && g.Fence <= before.Fence {
			j.wrong(Fenced, "%s#%s: fence %d of %s was granted after %d", g.Room, g.Field, g.Fence, g.Lock, before.Fence)
		}
		last[k] = g
	}
}

// byOpening returns the grants whose commits have known times, in their order.
func (j *judge) byOpening() []Grant {
	known := slices.DeleteFunc(slices.Clone(j.grants), func(g Grant) bool { return g.Opened == 0 })
	slices.SortStableFunc(known, func(a, b Grant) int { return cmp.Compare(a.Opened, b.Opened) })
	return known
}

// overlaps looks for two sessions whose grants on overlapping keys were open at the same time.
func (j *judge) overlaps() {
	known := j.byOpening()
	for i, a := range known {
		for _, b := range known[i+1:] {
			if b.Opened >= a.end() {
				break
			}
			if a.Room == b.Room && a.Session != b.Session && b.Opened > a.Opened && (covers(a.Field, b.Field) || covers(b.Field, a.Field)) {
				j.wrong(Exclusive, "%s: session %s got %q with fence %d while session %s had %q with fence %d", a.Room, b.Session, b.Field, b.Fence, a.Session, a.Field, a.Fence)
			}
		}
	}
}

// end is the earliest time at which the grant may have ended.
func (g *Grant) end() time.Duration {
	if g.Ended > 0 {
		return g.Ended
	}
	return g.Closed
}

// written looks for rows that others wrote to a locked field: they follow the grant, by its revision or its time, and were
// seen before it can have ended.
func (j *judge) written(g Grant) {
	for _, row := range j.final.Journal[g.Room] {
		if row.Session == g.Session || !slices.ContainsFunc(row.Fields, func(f string) bool { return covers(g.Field, f) }) {
			continue
		}
		after := g.revision >= 0 && row.Revision > g.revision || g.Opened > 0 && row.Committed > g.Opened
		if after && j.before(row, g) {
			j.wrong(Locked, "%s: session %s wrote %v at revision %d while session %s had %q with fence %d", g.Room, row.Session, row.Fields, row.Revision, g.Session, g.Field, g.Fence)
		}
	}
}

// before reports whether a row was certainly committed before the grant ended.
func (j *judge) before(row Row, g Grant) bool {
	if row.Committed > 0 && g.Ended > 0 {
		return row.Committed < g.Ended
	}
	seen, known := j.seen[place{g.Room, row.Revision}]
	return known && seen+clockSlack < g.end()
}
