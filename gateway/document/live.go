// Package document owns a resource's Yjs document in memory: what it holds, who owns which client id, which fields are
// locked, and the guards that judge an update before anything is applied. It does no I/O; the room commits.
package document

import (
	"fmt"
	"slices"
	"strings"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// firstEdit is the revision of a document's first edit; revision 1, its creation, changes nothing (SPEC D1).
const firstEdit = 2

// Limits bounds what one update and one document may cost (SPEC D6).
type Limits struct {
	UpdateBytes   int
	DocumentBytes int
	Clients       int // client ids with new structs in one update
	FirstClients  int // the same, in a session's first update after joining
}

// DefaultLimits returns the limits of SPEC D6.
func DefaultLimits() Limits {
	return Limits{UpdateBytes: 900 << 10, DocumentBytes: 16 << 20, Clients: 16, FirstClients: 64}
}

// Live is a document in memory. It belongs to one room's goroutine. It may run ahead of the store by the updates that
// the room has under way (SPEC D2).
type Live struct {
	// Set by Open, never changed.
	resource collab.Resource
	limits   Limits

	// Owned by the room.
	company Company
	doc     *ydoc.Doc
	head    collab.Head // as committed
	erased  collab.LastErasure
	kind    string
	owners  map[collab.ClientID]collab.Owner     // of each id: the session that wrote under it last, or has it reserved
	writers map[collab.ClientID]collab.SessionID // ids that sessions of this instance hold
	locks   map[collab.Field]collab.Lock
	ended   map[collab.Field]int64 // fence of the last lock that ended, as word of a grant may come after word of its end
	seeds   map[collab.Field]string
	known   map[collab.Field][]string // further values of pages that are known to be old, the newest last

	knownBytes int // of known
}

// Open builds the document from the store's snapshot. A snapshot that does not decode, or whose journal is not causally
// complete, is an error: the room is quarantined and nothing is written (SPEC D3, F8).
func Open(res collab.Resource, snap collab.Snapshot, limits Limits) (*Live, error) {
	doc, err := build(snap)
	if err != nil {
		return nil, err
	}
	l := &Live{
		resource: res, limits: limits, company: alone{}, doc: doc, head: snap.Head, erased: snap.Erased, kind: snap.Type,
		owners:  make(map[collab.ClientID]collab.Owner, len(snap.Owners)),
		writers: map[collab.ClientID]collab.SessionID{},
		locks:   map[collab.Field]collab.Lock{},
		ended:   map[collab.Field]int64{},
		seeds:   make(map[collab.Field]string, len(snap.Seeds)),
		known:   map[collab.Field][]string{},
	}
	for _, o := range snap.Owners {
		l.owners[o.Client] = o
	}
	for _, lock := range snap.Locks {
		l.Lock(lock)
	}
	l.Seeded(snap.Seeds)
	return l, nil
}

// build applies the state and the later journal to a new document.
func build(snap collab.Snapshot) (*ydoc.Doc, error) {
	doc := ydoc.New()
	if len(snap.State) > 0 {
		var err error
		if doc, err = ydoc.Load(snap.State); err != nil {
			return nil, fmt.Errorf("decode state at revision %d: %w", snap.StateRevision, err)
		}
	}
	at := snap.StateRevision
	for _, e := range snap.Tail {
		if e.Revision <= snap.StateRevision {
			continue
		}
		if e.Revision != at+1 && (at > 0 || e.Revision != firstEdit) {
			return nil, fmt.Errorf("journal has no revision %d", max(at+1, firstEdit))
		}
		if err := doc.ApplyUpdate(e.Update); err != nil {
			return nil, fmt.Errorf("apply revision %d: %w", e.Revision, err)
		}
		at = e.Revision
	}
	if at != snap.Head.Revision {
		return nil, fmt.Errorf("state and journal end at revision %d, the head is at %d", at, snap.Head.Revision)
	}
	if doc.HasPending() {
		return nil, fmt.Errorf("journal up to revision %d is not causally complete", at)
	}
	return doc, nil
}

// Head returns the committed position.
func (l *Live) Head() collab.Head { return l.head }

// Erased returns when the content was erased last. An erasure begins another life, and so another Live.
func (l *Live) Erased() collab.LastErasure { return l.erased }

// Advance moves the committed position, after a commit or a change elsewhere. Word of two changes may arrive out of
// order: within an epoch nothing goes back.
func (l *Live) Advance(head collab.Head) {
	if head.Epoch == l.head.Epoch {
		head.Revision = max(head.Revision, l.head.Revision)
		head.Guard = max(head.Guard, l.head.Guard)
	}
	l.head = head
}

// RaiseGuard notes a grant or the end of a lock that the document knows of. When that is the one change since the guard
// that it knew, its locks are complete up to there; else they are not, and the next append finds that out (SPEC D2b).
func (l *Live) RaiseGuard(guard int64) {
	if guard == l.head.Guard+1 {
		l.head.Guard = guard
	}
}

// Includes reports whether the locks in force are those after a change that raised the guard of a head.
func (l *Live) Includes(head collab.Head) bool {
	return head.Revision > 0 && head.Guard <= l.head.Guard
}

// CatchUp brings in what other instances wrote: the rows after the committed position, and all that the store knows of
// client ids, seeds and locks. Updates of this instance may have been applied before they are committed.
func (l *Live) CatchUp(s collab.Snapshot) error {
	if l.head.Revision == 0 && s.Head.Revision > 0 { // created meanwhile, which changes nothing else
		l.head.Revision, l.head.Epoch = firstEdit-1, s.Head.Epoch
	}
	if s.Head.Epoch != l.head.Epoch || s.Head.Revision != l.head.Revision+int64(len(s.Tail)) {
		return fmt.Errorf("the store is at %+v, the document at %+v", s.Head, l.head)
	}
	if err := l.ApplyRemote(s.Tail); err != nil {
		return err
	}
	for _, o := range s.Owners {
		known := l.owners[o.Client]
		o.Used = o.Used || known.Used
		o.Retired = o.Retired || known.Retired    // by what may be under way
		if _, held := l.writers[o.Client]; held { // by a session whose row may be under way
			o.Session, o.Epoch = known.Session, max(o.Epoch, known.Epoch)
		}
		l.owners[o.Client] = o
	}
	l.Seeded(s.Seeds)
	if s.Head.Guard >= l.head.Guard { // else word of a change came since the store was read
		l.SetLocks(s.Locks)
		l.head.Guard = s.Head.Guard
	}
	return nil
}

// Stands reports whether an update of this instance that was checked and applied before CatchUp would be judged the same
// after it: others wrote nothing under its client ids and hold no lock on what it writes.
func (l *Live) Stands(w Writer, c Checked, tail []collab.Entry) bool {
	if c.healing {
		return l.healingStands(c, tail) && l.locked(w, c.Fields) == nil
	}
	for _, id := range c.Clients {
		if o := l.owners[id]; o.User != w.User || o.Retired {
			return false
		}
		for i := range tail {
			if slices.Contains(tail[i].Clients, id) {
				return false
			}
		}
	}
	return l.locked(w, c.Fields) == nil
}

// ApplyRemote applies rows that another instance committed. They were judged there. After an error the document is to be read
// again, and the committed position is where it was: none of the rows counts as known.
func (l *Live) ApplyRemote(entries []collab.Entry) (err error) {
	defer func(before int64) {
		if err != nil {
			l.head.Revision = before
		}
	}(l.head.Revision)
	for _, e := range entries {
		if e.Revision != l.head.Revision+1 {
			return fmt.Errorf("remote revision %d after %d", e.Revision, l.head.Revision)
		}
		if err := l.doc.ApplyUpdate(e.Update); err != nil {
			return fmt.Errorf("apply remote revision %d: %w", e.Revision, err)
		}
		l.head.Revision = e.Revision
		if e.Healed {
			l.applyHealed(e)
			continue
		}
		for _, c := range e.Clients {
			o, known := l.owners[c]
			if !known {
				o = collab.Owner{Client: c, User: e.User}
			}
			o.Session, o.Used, o.Epoch = e.Session, true, l.head.Epoch
			l.owners[c] = o
			if l.writers[c] != e.Session { // it went on under it elsewhere
				delete(l.writers, c)
			}
		}
	}
	if l.doc.HasPending() {
		return fmt.Errorf("remote rows up to revision %d are not causally complete", l.head.Revision)
	}
	return nil
}

// State returns the whole document, or what the state vector lacks. A malformed state vector is MALFORMED_UPDATE.
func (l *Live) State(stateVector []byte) ([]byte, error) {
	state, err := l.doc.EncodeState(stateVector)
	if err != nil {
		return nil, &collab.Error{Code: collab.CodeMalformedUpdate, Msg: "stateVector is malformed", Err: err}
	}
	return state, nil
}

// StateVector returns the document's state vector.
func (l *Live) StateVector() []byte { return l.doc.StateVector() }

// Bytes returns the approximate size of the encoded document.
func (l *Live) Bytes() int { return l.doc.Size() }

// Text returns a text field's content. For tests and seeding.
func (l *Live) Text(field collab.Field) string { return l.doc.Text(string(field)) }

// Reserve notes a client id that the store granted to a session that joins, unless its user went on under it in another
// session.
func (l *Live) Reserve(client collab.ClientID, user collab.UserID, session collab.SessionID) {
	o, known := l.owners[client]
	switch {
	case !known:
		l.owners[client] = collab.Owner{Client: client, User: user, Session: session, Epoch: l.head.Epoch}
	case o.Session != session:
		return
	}
	l.writers[client] = session
}

// Ask names who knows whether the sessions in the room are connected: their client ids are their own then (SPEC D7).
func (l *Live) Ask(c Company) { l.company = c }

// Succeed takes over, from the copy that was in memory before, which live sessions hold which client ids.
func (l *Live) Succeed(old *Live) {
	l.company = old.company
	for client, session := range old.writers {
		if o, known := l.owners[client]; known && !o.Retired && o.Session == session {
			l.writers[client] = session
		}
	}
}

// Leave forgets what a session held: ids that it used may be taken up by the same user's later session, ids that it
// never used are dropped (SPEC D7).
func (l *Live) Leave(session collab.SessionID) {
	for client, s := range l.writers {
		if s != session {
			continue
		}
		delete(l.writers, client)
		if o := l.owners[client]; !o.Used && !o.Retired {
			delete(l.owners, client)
		}
	}
}

// Release forgets that a session writes here. Ids that it never used stay reserved to it.
func (l *Live) Release(session collab.SessionID) {
	for client, s := range l.writers {
		if s == session {
			delete(l.writers, client)
		}
	}
}

// Return gives a session that comes from elsewhere the ids that it has reserved or used.
func (l *Live) Return(session collab.SessionID) {
	for client, o := range l.owners {
		if o.Session == session && !o.Retired {
			l.writers[client] = session
		}
	}
}

// Lock puts a lock in force, or renews it. It reports false for one of which a later one or the end is known.
func (l *Live) Lock(lock collab.Lock) bool {
	field := lock.Key.Field
	if lock.Fence <= l.ended[field] || lock.Fence < l.locks[field].Fence {
		return false
	}
	l.locks[field] = lock
	return true
}

// Extend renews a lock, if it is the one in force.
func (l *Live) Extend(lock collab.Lock) bool {
	return l.locks[lock.Key.Field].Fence == lock.Fence && l.Lock(lock)
}

// maxEnded bounds the fields of which the last lock's end is remembered: clients may lock any name.
const maxEnded = 4096

// Unlock ends a lock, and reports whether it was still the one in force.
func (l *Live) Unlock(lock collab.Lock) bool {
	held, ok := l.locks[lock.Key.Field]
	if len(l.ended) >= maxEnded {
		clear(l.ended) // words that come late are of the last seconds
	}
	l.ended[lock.Key.Field] = max(l.ended[lock.Key.Field], lock.Fence)
	if !ok || held.Fence != lock.Fence {
		return false
	}
	delete(l.locks, lock.Key.Field)
	return true
}

// SetLocks replaces all locks with the store's open records.
func (l *Live) SetLocks(locks []collab.Lock) {
	clear(l.locks)
	for _, lock := range locks {
		l.Lock(lock)
	}
}

// Locks returns the locks in force, ordered by field.
func (l *Live) Locks() []collab.Lock {
	out := make([]collab.Lock, 0, len(l.locks))
	for _, lock := range l.locks {
		out = append(out, lock)
	}
	slices.SortFunc(out, func(a, b collab.Lock) int { return strings.Compare(string(a.Key.Field), string(b.Key.Field)) })
	return out
}
