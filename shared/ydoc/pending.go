package ydoc

import "slices"

// Bounds of what a document parks. Beyond them an update is refused.
const (
	maxPendingStructs = 1 << 17
	maxPendingBytes   = 16 << 20
	maxPendingDeletes = 1 << 17
	maxPendingClients = 1 << 12
)

// pending owns structs and deletes that arrived before what they depend on.
type pending struct {
	structs []runEntry // copies; in no order
	bytes   int        // content of structs
	deletes []deleteRange
	missing map[ClientID]uint32 // structs may become ready once this unit is there
}

// HasPending reports whether something is parked until its dependencies
// arrive. It is never true for a document that only plans were applied to.
func (d *Doc) HasPending() bool { return len(d.pending.structs) > 0 || len(d.pending.deletes) > 0 }

// admit refuses an update of which too much would have to be parked.
func (p *pending) admit(d *Doc, u *decoded) error {
	structs, bytes, clients := len(p.structs), p.bytes, len(p.missing)+len(u.missing)
	for _, g := range u.groups {
		structs += g.last - g.next
		for i := g.next; i < g.last; i++ {
			bytes += len(u.items[i].data)
		}
	}
	deletes := len(p.deletes)
	var clock uint32
	for i, r := range u.deletes {
		if i == 0 || r.client != u.deletes[i-1].client {
			clock = d.scheduledClock(u, r.client)
		}
		if r.end() > clock {
			deletes++
		}
	}
	switch {
	case structs > maxPendingStructs:
		return refuse(ErrMissingDependency, "%d structs would wait", structs)
	case bytes > maxPendingBytes:
		return refuse(ErrMissingDependency, "%d bytes would wait", bytes)
	case clients > maxPendingClients:
		return refuse(ErrMissingDependency, "too many clients would wait")
	case deletes > maxPendingDeletes:
		return refuse(ErrMissingDependency, "%d deletes would wait", deletes)
	}
	return nil
}

// park keeps copies of the structs that could not be scheduled.
func (p *pending) park(u *decoded) {
	for _, g := range u.groups {
		for i := g.next; i < g.last; i++ {
			if u.items[i].kind != kindSkip {
				p.structs = append(p.structs, u.entry(i).clone())
				p.bytes += len(u.items[i].data)
			}
		}
	}
	if len(u.missing) > 0 && p.missing == nil {
		p.missing = map[ClientID]uint32{}
	}
	for _, m := range u.missing {
		if clock, ok := p.missing[m.client]; !ok || m.clock < clock {
			p.missing[m.client] = m.clock
		}
	}
}

// ready reports whether something arrived that parked structs wait for.
func (p *pending) ready(d *Doc) bool {
	for client, clock := range p.missing {
		if clock < d.Clock(client) {
			return true
		}
	}
	return false
}

// takeUp returns everything parked as one update and forgets it.
func (p *pending) takeUp() *decoded {
	u := &decoded{}
	for _, run := range mergeRuns(p.structs) {
		g := group{client: run[0].item.client, first: len(u.items)}
		for _, e := range run {
			it := *e.item
			if e.parent != nil {
				it.stamp = uint32(len(u.parents))
				u.parents = append(u.parents, *e.parent)
			}
			u.items = append(u.items, it)
			u.content += len(it.data)
		}
		g.last = len(u.items)
		u.groups = append(u.groups, g)
	}
	slices.SortFunc(u.groups, func(a, b group) int { return compareClients(a.client, b.client) })
	p.structs, p.bytes, p.missing = nil, 0, nil
	return u
}
