package ydoc

import "slices"

// missingClock is what a struct waits for: the unit of a client.
type missingClock struct {
	client ClientID
	clock  uint32
}

// waitingGroup is a group whose next struct waits, while it is scheduled.
type waitingGroup struct {
	index int
	need  missingClock
}

// schedule puts the structs that the document lacks in an order in which each
// finds its origins and its parent present, without changing the document.
// Structs that cannot have that, because something is missing or because they
// wait for each other, stay behind in their groups; missing says for what the
// first of each waits.
func (d *Doc) schedule(u *decoded) {
	u.order, u.missing = u.order[:0], u.missing[:0]
	u.order = slices.Grow(u.order, len(u.items))
	for i := range u.groups {
		g := &u.groups[i]
		g.clock, g.next, g.blocked, g.stacked = d.Clock(g.client), g.first, false, false
	}
	for i := len(u.groups) - 1; i >= 0; i-- {
		for g := &u.groups[i]; g.next < g.last && !g.blocked; {
			d.scheduleFrom(u, i)
		}
	}
}

// scheduleFrom advances one group, and those it waits for, until it needs
// nothing more from them or is blocked.
func (d *Doc) scheduleFrom(u *decoded, start int) {
	u.waiting = append(u.waiting[:0], waitingGroup{index: start})
	u.groups[start].stacked = true
	for len(u.waiting) > 0 {
		top := len(u.waiting) - 1
		g := &u.groups[u.waiting[top].index]
		need, waits := d.advance(u, g, top == 0)
		if !waits {
			g.stacked = false
			u.waiting = u.waiting[:top]
			continue
		}
		u.waiting[top].need = need
		i := u.groupOf(need.client)
		if i < 0 || u.groups[i].stacked || u.groups[i].blocked || u.groups[i].next >= u.groups[i].last {
			for _, w := range u.waiting {
				u.groups[w.index].blocked, u.groups[w.index].stacked = true, false
				u.missing = append(u.missing, w.need)
			}
			return
		}
		u.groups[i].stacked = true
		u.waiting = append(u.waiting, waitingGroup{index: i})
	}
}

// advance schedules structs of a group: all it can, or only one when another
// group waits for it. It stops at one that waits and says for what.
func (d *Doc) advance(u *decoded, g *group, all bool) (need missingClock, waits bool) {
	for g.next < g.last {
		it := &u.items[g.next]
		if it.kind == kindSkip || it.end() <= g.clock {
			g.next++
			u.dropped = true
			continue
		}
		if it.clock > g.clock {
			return missingClock{g.client, it.clock - 1}, true
		}
		if it.flags&foreign != 0 {
			if need, waits = d.dependency(u, it); waits {
				return need, true
			}
		}
		if it.clock < g.clock {
			u.dropped = true
		}
		u.order = append(u.order, int32(g.next))
		g.next++
		g.clock = it.end()
		if !all {
			break
		}
	}
	return missingClock{}, false
}

// dependency names a unit that must be present before the item and is not.
// Those of its own client are: decoding saw to it that they come before.
func (d *Doc) dependency(u *decoded, it *item) (need missingClock, waits bool) {
	if it.flags&hasOrigin != 0 && it.originClient != it.client && it.originClock >= d.scheduledClock(u, it.originClient) {
		return missingClock{it.originClient, it.originClock}, true
	}
	if it.flags&hasRightOrigin != 0 && it.rightClient != it.client && it.rightClock >= d.scheduledClock(u, it.rightClient) {
		return missingClock{it.rightClient, it.rightClock}, true
	}
	if it.flags&itemParent != 0 {
		if p := &u.parents[it.stamp]; p.client != it.client && p.clock >= d.scheduledClock(u, p.client) {
			return missingClock{p.client, p.clock}, true
		}
	}
	return missingClock{}, false
}

// scheduledClock is the client's clock once everything scheduled so far is
// integrated.
func (d *Doc) scheduledClock(u *decoded, client ClientID) uint32 {
	if i := u.groupOf(client); i >= 0 {
		return u.groups[i].clock
	}
	return d.Clock(client)
}

// groupOf returns the index of a client's group, or -1.
func (u *decoded) groupOf(client ClientID) int {
	i, found := slices.BinarySearchFunc(u.groups, client, func(g group, c ClientID) int { return compareClients(g.client, c) })
	if !found {
		return -1
	}
	return i
}
