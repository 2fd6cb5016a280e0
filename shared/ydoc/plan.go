package ydoc

// Plan is what an update would change in a document. Its answers stay valid;
// it can be applied until the document changes or makes another plan.
type Plan struct {
	doc        *Doc
	generation uint64
	structs    int // that the document lacks
	deletes    []deleteRange
	update     []byte
	clients    []ClientID
	touches    []Touch

	// Room for the usual plan, so that it is one allocation.
	clientRoom [1]ClientID
	touchRoom  [2]Touch
	deleteRoom [1]deleteRange
}

// Empty reports that the document holds everything in the update already.
func (p *Plan) Empty() bool { return p.structs == 0 && len(p.deletes) == 0 }

// Update returns the update without what the document holds already: the
// slice that was planned if nothing had to be left out.
func (p *Plan) Update() []byte { return p.update }

// Clients returns the authors of the structs that the document lacks, in
// ascending order.
func (p *Plan) Clients() []ClientID { return p.clients }

// Touches returns what is inserted into and deleted from which field.
func (p *Plan) Touches() []Touch { return p.touches }

// Plan judges an update (D2 a–c, D6) without changing the document: it parses
// it, refuses what breaks the limits or depends on something that neither the
// document nor the update has, and tells what is left of it. The update is not
// kept, except as the answer of Plan.Update.
func (d *Doc) Plan(update []byte, lim Limits) (*Plan, error) {
	d.generation++
	p, err := d.plan(update, lim.withDefaults())
	if err != nil {
		d.release()
		return nil, err
	}
	return p, nil
}

func (d *Doc) plan(update []byte, lim Limits) (*Plan, error) {
	u := d.buffer()
	if err := u.decode(update, lim); err != nil {
		return nil, err
	}
	d.schedule(u)
	if len(u.missing) > 0 {
		m := u.missing[0]
		return nil, refuse(ErrMissingDependency, "client %d clock %d", m.client, m.clock)
	}
	p := &Plan{doc: d, generation: d.generation, structs: len(u.order), update: update}
	p.clients = p.clientRoom[:0]
	for i := range u.groups {
		if g := &u.groups[i]; g.clock > d.Clock(g.client) {
			p.clients = append(p.clients, g.client)
		}
	}
	if len(p.clients) > lim.MaxClients {
		return nil, refuse(ErrTooManyClients, "%d with new structs, limit %d", len(p.clients), lim.MaxClients)
	}
	t := toucher{doc: d, update: u, touches: p.touchRoom[:0], maxDepth: lim.MaxDepth}
	if err := t.structs(); err != nil {
		return nil, err
	}
	p.deletes = p.deleteRoom[:0]
	u.normalizeDeletes()
	for _, r := range u.deletes {
		if known := d.scheduledClock(u, r.client); r.end() > known {
			return nil, refuse(ErrMissingDependency, "delete of client %d clock %d", r.client, max(r.clock, known))
		}
		p.deletes = t.deletes(p.deletes, r)
	}
	p.touches = t.touches
	if u.dropped || !sameDeletes(p.deletes, u.deletes) {
		p.update = d.encodeRest(u, p.deletes)
	}
	return p, nil
}

func sameDeletes(a, b []deleteRange) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// encodeRest writes what the document lacks of an update.
func (d *Doc) encodeRest(u *decoded, deletes []deleteRange) []byte {
	var runs [][]runEntry
	for i := len(u.groups) - 1; i >= 0; i-- {
		g := &u.groups[i]
		known := d.Clock(g.client)
		var run []runEntry
		for j := g.first; j < g.last; j++ {
			it := &u.items[j]
			if it.kind == kindSkip || it.end() <= known {
				continue
			}
			e := u.entry(j)
			if it.clock < known {
				e.offset = known - it.clock
			}
			run = append(run, e)
		}
		if len(run) > 0 {
			runs = append(runs, run)
		}
	}
	return appendRuns(nil, runs, deletes)
}

// Apply applies a plan. It cannot fail for a fresh one; a plan from before
// the document's latest plan or change is ErrStalePlan and changes nothing.
func (d *Doc) Apply(p *Plan) error {
	if err := d.begin(p); err != nil {
		return err
	}
	d.integrateUpdate(d.scratch, p.deletes)
	d.finish()
	d.release()
	return nil
}

// begin checks that a plan is fresh, and makes it stale.
func (d *Doc) begin(p *Plan) error {
	if p.doc != d || p.generation != d.generation {
		return refuse(ErrStalePlan, "the document changed or made another plan")
	}
	d.generation++
	d.size.grow(len(p.update))
	return nil
}
