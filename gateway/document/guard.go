package document

import (
	"errors"
	"slices"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// Writer is the session whose update is judged.
type Writer struct {
	Session collab.SessionID
	User    collab.UserID
	First   bool // its first update since it joined
}

// Checked is an update that passed the guards and is not applied yet. It is good until the document's next change.
type Checked struct {
	Update  []byte // reduced to what the document lacked; empty: nothing left to do
	Clients []collab.ClientID
	Fields  []collab.Field
	Bind    []collab.Owner    // ids that this update uses for the first time
	Retire  []collab.ClientID // ids under which nothing else is accepted after it: of what a restore lost

	session collab.SessionID
	healing bool // it gives back what a restore lost
	plan    *ydoc.Plan
}

// Empty reports whether the document holds all of the update already (SPEC D2a).
func (c Checked) Empty() bool { return c.plan == nil || c.plan.Empty() }

// Rejected says which lock refused an update (UPDATE_REJECTED of SPEC L6).
type Rejected struct {
	Fields   []collab.Field
	LockedBy collab.UserID
}

// Foreign says which client id an update had no right to use (FOREIGN_CLIENT of SPEC D7).
type Foreign struct {
	Client collab.ClientID
}

// Check reduces an update to what the document lacks and judges what is left: size and shape (SPEC D6), ownership of
// client ids (D7), locks (L6). It changes nothing. Errors are *collab.Error; a rejection carries Rejected or Foreign in
// Detail, and its Clients are for Retire: they must never be accepted again (D2c).
func (l *Live) Check(w Writer, update []byte) (Checked, error) {
	limits := ydoc.Limits{MaxUpdateBytes: l.limits.UpdateBytes, MaxClients: l.limits.Clients}
	if w.First {
		limits.MaxClients = l.limits.FirstClients
	}
	c, err := l.reduce(w, update, limits)
	if err != nil || c.Empty() {
		return c, err
	}
	if c.Bind, err = l.ownership(w, c.Clients); err != nil {
		return Checked{Clients: c.Clients}, err
	}
	if err := l.locked(w, c.Fields); err != nil {
		return Checked{Clients: c.Clients}, err
	}
	return c, nil
}

// reduce takes from an update what the document holds already, and judges the size and shape of what is left.
func (l *Live) reduce(w Writer, update []byte, limits ydoc.Limits) (Checked, error) {
	plan, err := l.doc.Plan(update, limits)
	if err != nil {
		return Checked{}, l.refusal(err)
	}
	if plan.Empty() {
		return Checked{}, nil
	}
	c := Checked{Update: plan.Update(), session: w.Session, plan: plan, Fields: fields(plan.Touches())}
	if l.doc.Size()+len(c.Update) > l.limits.DocumentBytes {
		return Checked{}, collab.NewError(collab.CodeDocumentTooLarge, "the document would grow over its limit")
	}
	for _, id := range plan.Clients() {
		c.Clients = append(c.Clients, collab.ClientID(id))
	}
	return c, nil
}

// Apply applies a checked update and binds the client ids that it uses.
func (l *Live) Apply(c Checked) error {
	if c.Empty() {
		return nil
	}
	if err := l.doc.Apply(c.plan); err != nil {
		return err
	}
	for _, o := range c.Bind {
		l.owners[o.Client] = o
	}
	if c.healing { // nobody goes on under its ids
		l.retire(c.Retire)
		return nil
	}
	for _, id := range c.Clients {
		l.writers[id] = c.session
	}
	return nil
}

// refusal maps the engine's errors to codes that clients know.
func (l *Live) refusal(err error) *collab.Error {
	switch {
	case errors.Is(err, ydoc.ErrMissingDependency):
		return &collab.Error{Code: collab.CodeMissingDependency, Msg: "the update builds on changes that the server does not have",
			Detail: Missing{StateVector: l.doc.StateVector()}, Err: err}
	case errors.Is(err, ydoc.ErrTooLarge):
		return &collab.Error{Code: collab.CodeUpdateTooLarge, Msg: "the update is larger than an update may be", Err: err}
	}
	return &collab.Error{Code: collab.CodeMalformedUpdate, Msg: "the update is malformed or over a limit", Err: err}
}

// Missing is the detail of MISSING_DEPENDENCY (SPEC D2b).
type Missing struct {
	StateVector []byte
}

// locked returns UPDATE_REJECTED when another session's lock covers one of the fields, or BACKPRESSURE when all that do will
// end soon.
func (l *Live) locked(w Writer, fields []collab.Field) error {
	if len(l.locks) == 0 {
		return nil
	}
	var hit Rejected
	var waits collab.SessionID
	for _, lock := range l.locks {
		if lock.Session == w.Session {
			continue
		}
		for _, f := range fields {
			switch covers := lock.Key.Covers(f) || (collab.LockKey{Resource: l.resource, Field: f}).Covers(lock.Key.Field); {
			case covers && l.awaited(w, lock):
				waits = lock.Session
			case covers:
				hit.Fields = append(hit.Fields, f)
				hit.LockedBy = lock.User
			}
		}
	}
	switch {
	case len(hit.Fields) == 0 && waits != "":
		return unsettled(waits, "the update writes a field that the user's other session has locked, which is about to end; send it again")
	case len(hit.Fields) == 0:
		return nil
	}
	slices.Sort(hit.Fields)
	hit.Fields = slices.Compact(hit.Fields)
	return &collab.Error{Code: collab.CodeUpdateRejected, Msg: "the update writes a field that somebody else has locked", Detail: hit}
}

// Retire ends the use of the client ids of a writer whose update was refused: nothing new is accepted under them ever
// (SPEC D2c). These are all that its session holds, since later updates of that client build on what was refused, and
// those of the refused update that are nobody else's. It returns what the store must keep: ids that it knows, and owners
// of ids that were never seen before.
func (l *Live) Retire(w Writer, refused []collab.ClientID) (known []collab.ClientID, fresh []collab.Owner) {
	for id, holder := range l.writers {
		if holder == w.Session {
			known = append(known, id)
		}
	}
	for _, id := range refused {
		if _, held := l.writers[id]; held {
			continue // this session's, noted above, or another's
		}
		if _, standing := l.holding(w, id); standing == Connected || standing == Unsure {
			continue // another's, at another instance
		}
		switch o, seen := l.owners[id]; {
		case !seen:
			fresh = append(fresh, collab.Owner{Client: id, User: w.User, Session: w.Session, Retired: true, Epoch: l.head.Epoch})
		case o.User == w.User && !o.Retired:
			known = append(known, id)
		}
	}
	for _, id := range known {
		o := l.owners[id]
		o.Retired = true
		l.owners[id] = o
		delete(l.writers, id)
	}
	for _, o := range fresh {
		l.owners[o.Client] = o
	}
	slices.Sort(known)
	return known, fresh
}

// fields names what the touches write: a root, or "values/<key>" for an entry of the root map of values. Structs whose
// place cannot be told are already collected: they can show nothing.
func fields(touches []ydoc.Touch) []collab.Field {
	out := make([]collab.Field, 0, len(touches))
	for _, t := range touches {
		if !t.Known {
			continue
		}
		f := collab.Field(t.Root)
		if f == collab.ValuesField && t.Key != "" {
			f += collab.Field("/" + t.Key)
		}
		if len(out) == 0 || out[len(out)-1] != f {
			out = append(out, f)
		}
	}
	if len(out) > 1 {
		slices.Sort(out)
		out = slices.Compact(out)
	}
	return out
}
