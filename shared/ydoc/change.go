package ydoc

import "slices"

// Change is what applying a plan changed.
type Change struct {
	Fields []FieldChange // in the order of the plan's touches
}

// FieldChange is the change of one field: of the list of a root, or of one key
// of a root map.
type FieldChange struct {
	Root, Key string
	Clients   []ClientID // authors of what was inserted; deletes name no author
	Delta     []DeltaOp  // of the list; empty if only something inside an element changed
	Set       bool       // the key has a value
	Value     any        // that value, as of MapValue
}

// DeltaOp is one step through a list: exactly one of Retain, Delete and an
// insert. Numbers are UTF-16 units, and one for each embed or array element.
// What follows the last step is retained.
type DeltaOp struct {
	Retain int
	Delete int
	Insert string   // text
	Values int      // other content inserted: embeds, elements, nested types
	Client ClientID // author of an insert
}

// ApplyReport applies a plan as Apply does and says what changed. It walks the
// lists of the roots that the plan touches, so it costs more than Apply.
func (d *Doc) ApplyReport(p *Plan) (Change, error) {
	var change Change
	if err := d.begin(p); err != nil {
		return change, err
	}
	d.txn.report = true
	d.integrateUpdate(d.scratch, p.deletes)
	for _, touch := range p.touches {
		if touch.Known {
			change.add(d, touch)
		}
	}
	d.finish()
	d.txn.report = false
	d.release()
	return change, nil
}

// add reports a touched field, or another author of one reported already.
func (c *Change) add(d *Doc, touch Touch) {
	i := slices.IndexFunc(c.Fields, func(f FieldChange) bool { return f.Root == touch.Root && f.Key == touch.Key })
	if i < 0 {
		i = len(c.Fields)
		c.Fields = append(c.Fields, FieldChange{Root: touch.Root, Key: touch.Key})
		f := &c.Fields[i]
		if t := d.lookup(touch.Root); t.entries[touch.Key] != nil {
			f.Value, f.Set = d.MapValue(touch.Root, touch.Key)
		} else if touch.Key == "" {
			f.Delta = d.delta(t)
		}
	}
	if f := &c.Fields[i]; touch.Inserted > 0 && !slices.Contains(f.Clients, touch.Client) {
		f.Clients = append(f.Clients, touch.Client)
	}
}

// delta describes what the running transaction changed in a list.
func (d *Doc) delta(t *sharedType) []DeltaOp {
	var ops []DeltaOp
	retained := 0
	add := func(op DeltaOp) {
		if retained > 0 {
			ops = append(ops, DeltaOp{Retain: retained})
			retained = 0
		}
		if n := len(ops) - 1; n >= 0 && ops[n].joins(op) {
			ops[n].Delete += op.Delete
			ops[n].Insert += op.Insert
			ops[n].Values += op.Values
			return
		}
		ops = append(ops, op)
	}
	for it := t.start; it != nil; it = it.right {
		fresh := it.clock >= d.structs(it.client).startOfTransaction()
		before := it.countable() && !fresh && (!it.deleted() || it.flags&freshDeleted != 0)
		now := it.visible() > 0
		switch {
		case before && now:
			retained += int(it.length)
		case before:
			add(DeltaOp{Delete: int(it.length)})
		case now && it.kind == kindString:
			add(DeltaOp{Insert: string(it.data), Client: it.client})
		case now:
			add(DeltaOp{Values: int(it.length), Client: it.client})
		}
	}
	return ops
}

// joins reports whether op continues the step before it.
func (o DeltaOp) joins(op DeltaOp) bool {
	switch {
	case o.Delete > 0:
		return op.Delete > 0
	case o.Insert != "":
		return op.Insert != "" && o.Client == op.Client
	case o.Values > 0:
		return op.Values > 0 && o.Client == op.Client
	}
	return false
}
