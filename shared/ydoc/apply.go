package ydoc

// ApplyUpdate integrates an update without limits, as Yjs does: structs and
// deletes whose dependencies are missing are parked until they arrive. It is
// meant for what was accepted before. When it returns an error nothing has
// changed; too much that would have to be parked is such an error.
func (d *Doc) ApplyUpdate(update []byte) error {
	d.generation++
	u := d.buffer()
	defer d.release()
	if err := u.decode(update, trusted); err != nil {
		return err
	}
	u.normalizeDeletes()
	d.schedule(u)
	if err := d.pending.admit(d, u); err != nil {
		return err
	}
	d.size.grow(len(update))
	d.integrateUpdate(u, d.pruneDeletes(u))
	d.finish()
	return nil
}

// integrateUpdate applies what was scheduled, parks the rest, and takes up
// what was parked before and has its dependencies now.
func (d *Doc) integrateUpdate(u *decoded, deletes []deleteRange) {
	d.pending.park(u)
	d.integrateAll(u)
	for d.pending.ready(d) {
		again := d.pending.takeUp()
		d.schedule(again)
		d.pending.park(again)
		d.integrateAll(again)
	}
	parked := d.pending.deletes
	d.pending.deletes = nil
	d.applyDeletes(deletes)
	d.applyDeletes(parked)
}

// applyDeletes deletes what the document has and parks what it lacks.
func (d *Doc) applyDeletes(deletes []deleteRange) {
	for _, r := range deletes {
		known := d.Clock(r.client)
		if r.end() > known {
			from := max(r.clock, known)
			d.pending.deletes = append(d.pending.deletes, deleteRange{r.client, clockRange{from, r.end() - from}})
		}
		if r.clock < known {
			r.length = min(r.end(), known) - r.clock
			d.applyDelete(r)
		}
	}
}

// normalizeDeletes sorts and joins the deletes, so that an update that names
// the same content many times costs no more than one that names it once.
func (u *decoded) normalizeDeletes() {
	n := len(u.deletes)
	u.deletes = normalizeDeletes(u.deletes)
	u.dropped = u.dropped || len(u.deletes) < n
}
