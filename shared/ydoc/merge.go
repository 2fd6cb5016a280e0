package ydoc

import "slices"

// runEntry is a struct on its way from one encoding into another.
type runEntry struct {
	item   *item
	parent *wireParent // that the item names itself, or nil
	offset uint32      // units that were written before
	source *decoded    // that it is in, or nil
	index  int         // in the source's items
}

func (u *decoded) entry(i int) runEntry {
	e := runEntry{item: &u.items[i], source: u, index: i}
	if e.item.flags&explicitParent != 0 {
		e.parent = &u.parents[e.item.stamp]
	}
	return e
}

// follower returns the struct after e in the same source, if there is one
// that is no hole.
func (e runEntry) follower() (runEntry, bool) {
	if e.source == nil || e.index+1 >= len(e.source.items) {
		return runEntry{}, false
	}
	next := &e.source.items[e.index+1]
	if next.client != e.item.client || next.kind == kindSkip {
		return runEntry{}, false
	}
	return e.source.entry(e.index + 1), true
}

// clone copies what aliases the input.
func (e runEntry) clone() runEntry {
	it := *e.item
	it.data = slices.Clone(it.data)
	e.item, e.source = &it, nil
	if e.parent != nil {
		p := *e.parent
		p.root, p.key = slices.Clone(p.root), slices.Clone(p.key)
		e.parent = &p
	}
	return e
}

// Merge joins updates into one, without a document. Applying the result has
// the effect of applying all of them; what they lack, it lacks.
func Merge(updates [][]byte) ([]byte, error) {
	var entries []runEntry
	var deletes []deleteRange
	total := 0
	for _, update := range updates {
		u := &decoded{}
		if err := u.decode(update, trusted); err != nil {
			return nil, err
		}
		for i := range u.items {
			entries = append(entries, u.entry(i))
		}
		deletes = append(deletes, u.deletes...)
		total += len(update)
	}
	return appendRuns(make([]byte, 0, total+8), mergeRuns(entries), deletes), nil
}

// Diff returns the part of an update that somebody with the given state vector
// lacks. Deletes are kept whole, since a state vector says nothing of them.
func Diff(update, stateVector []byte) ([]byte, error) {
	known, err := DecodeStateVector(stateVector)
	if err != nil {
		return nil, err
	}
	var u decoded
	if err := u.decode(update, trusted); err != nil {
		return nil, err
	}
	entries := make([]runEntry, len(u.items))
	for i := range u.items {
		entries[i] = u.entry(i)
	}
	var runs [][]runEntry
	for _, run := range mergeRuns(entries) {
		if run = cutRun(run, known[run[0].item.client]); len(run) > 0 {
			runs = append(runs, run)
		}
	}
	return appendRuns(make([]byte, 0, len(update)), runs, u.deletes), nil
}

// mergeRuns returns one run for each client, in descending order of clients.
// A run is in clock order without overlaps, and holes are filled with skips.
func mergeRuns(entries []runEntry) [][]runEntry {
	order := func(a, b runEntry) int {
		if a.item.client != b.item.client {
			return compareClients(b.item.client, a.item.client)
		}
		return int(a.item.clock) - int(b.item.clock)
	}
	if !slices.IsSortedFunc(entries, order) {
		slices.SortStableFunc(entries, order)
	}
	var runs [][]runEntry
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].item.client == entries[0].item.client {
			n++
		}
		if run := mergeRun(entries[:n]); len(run) > 0 {
			runs = append(runs, run)
		}
		entries = entries[n:]
	}
	return runs
}

// mergeRun joins the sorted structs of one client. Where sources overlap it
// stays with one of them as long as it goes on, as yjs does.
func mergeRun(entries []runEntry) []runEntry {
	run := make([]runEntry, 0, len(entries))
	for _, e := range entries {
		if e.item.kind == kindSkip || covered(run, e) {
			continue
		}
		run = appendEntry(run, e)
		for next, ok := e.follower(); ok && !covered(run, next); next, ok = next.follower() {
			run = appendEntry(run, next)
		}
	}
	return run
}

func covered(run []runEntry, e runEntry) bool {
	return len(run) > 0 && e.item.end() <= run[len(run)-1].item.end()
}

// appendEntry adds a struct that reaches beyond the run: after a hole if there
// is one, without the units that the run has.
func appendEntry(run []runEntry, e runEntry) []runEntry {
	if len(run) == 0 {
		return append(run, e)
	}
	last := &run[len(run)-1]
	end := last.item.end()
	if e.item.clock > end {
		hole := &item{client: e.item.client, clock: end, length: e.item.clock - end, kind: kindSkip}
		return append(run, runEntry{item: hole}, e)
	}
	e.offset = end - e.item.clock
	if e.item.kind == kindGC && last.item.kind == kindGC {
		joined := *last.item
		joined.length += e.item.length - e.offset
		last.item = &joined
		return run
	}
	return append(run, e)
}

// cutRun drops what lies before a clock, and a hole that would come first.
func cutRun(run []runEntry, from uint32) []runEntry {
	for len(run) > 0 && (run[0].item.end() <= from || run[0].item.kind == kindSkip) {
		run = run[1:]
	}
	if len(run) > 0 && run[0].item.clock+run[0].offset < from {
		run[0].offset = from - run[0].item.clock
	}
	return run
}

// appendRuns writes an update. deletes are put in order first.
func appendRuns(b []byte, runs [][]runEntry, deletes []deleteRange) []byte {
	b = appendUvarint(b, uint64(len(runs)))
	for _, run := range runs {
		first := run[0]
		b = appendUvarint(b, uint64(len(run)))
		b = appendID(b, first.item.client, first.item.clock+first.offset)
		for _, e := range run {
			b = appendStruct(b, e.item, e.parent, e.offset)
		}
	}
	return appendDeletes(b, normalizeDeletes(deletes))
}
