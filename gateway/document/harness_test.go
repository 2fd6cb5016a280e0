package document

import (
	"bytes"
	"slices"
	"testing"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

var ward = collab.Resource{Tenant: "default", ID: "page:/patient/1"}

// record is a live document with the journal that a store would keep of it.
type record struct {
	t    *testing.T
	live *Live
	snap collab.Snapshot
}

func newRecord(t *testing.T, limits Limits) *record {
	t.Helper()
	r := &record{t: t, snap: collab.Snapshot{Head: collab.Head{Revision: 1}, StateRevision: 1, State: []byte{0, 0}}}
	r.live = r.open(limits)
	return r
}

func (r *record) open(limits Limits) *Live {
	r.t.Helper()
	live, err := Open(ward, r.snap, limits)
	if err != nil {
		r.t.Fatalf("open: %v", err)
	}
	return live
}

// writer is a session with a document of its own.
type writer struct {
	Writer
	client collab.ClientID
	doc    *ydoc.Doc
}

// join reserves a client id to a new session of a user.
func (r *record) join(user collab.UserID, session collab.SessionID, client collab.ClientID) *writer {
	r.live.Reserve(client, user, session)
	w := &writer{Writer: Writer{Session: session, User: user, First: true}, client: client, doc: ydoc.New()}
	r.sync(w)
	return w
}

func (r *record) sync(w *writer) {
	r.t.Helper()
	state, err := r.live.State(w.doc.StateVector())
	if err != nil {
		r.t.Fatalf("state: %v", err)
	}
	if err := w.doc.ApplyUpdate(state); err != nil {
		r.t.Fatalf("apply state: %v", err)
	}
}

// edit makes an update in the session's own document.
func (r *record) edit(w *writer, edit func(*ydoc.Edit)) []byte {
	r.t.Helper()
	update, err := w.doc.Transact(ydoc.ClientID(w.client), edit)
	if err != nil {
		r.t.Fatalf("edit: %v", err)
	}
	return update
}

func (r *record) types(w *writer, field, text string) []byte {
	r.t.Helper()
	return r.edit(w, func(e *ydoc.Edit) { e.InsertText(field, w.doc.TextLength(field), text) })
}

// write checks an update, applies it and keeps its row.
func (r *record) write(w *writer, update []byte) Checked {
	r.t.Helper()
	checked, err := r.live.Check(w.Writer, update)
	if err != nil {
		r.t.Fatalf("check: %v", err)
	}
	if err := r.live.Apply(checked); err != nil {
		r.t.Fatalf("apply: %v", err)
	}
	head := r.live.Head()
	head.Revision++
	r.live.Advance(head)
	r.snap.Head = head
	r.snap.Tail = append(r.snap.Tail, collab.Entry{Revision: head.Revision, Update: slices.Clone(checked.Update),
		User: w.User, Session: w.Session, Clients: checked.Clients, Fields: checked.Fields})
	r.snap.Owners = append(r.snap.Owners, checked.Bind...)
	return checked
}

// refused checks an update that must be refused with a code, and that the document is as it was (D6). It returns the
// detail.
func (r *record) refused(w *writer, update []byte, want collab.Code) any {
	r.t.Helper()
	before := r.encoded()
	_, err := r.live.Check(w.Writer, update)
	if err == nil {
		r.t.Fatalf("the update was accepted, want %s", want)
	}
	e := collab.AsError(err)
	if e.Code != want {
		r.t.Fatalf("refused with %v, want %s", e, want)
	}
	if !bytes.Equal(before, r.encoded()) {
		r.t.Fatalf("%s changed the document", want)
	}
	return e.Detail
}

func (r *record) encoded() []byte {
	r.t.Helper()
	state, err := r.live.State(nil)
	if err != nil {
		r.t.Fatalf("encode: %v", err)
	}
	return state
}

func (r *record) wantText(field collab.Field, want string) {
	r.t.Helper()
	if got := r.live.Text(field); got != want {
		r.t.Fatalf("%s holds %q, want %q", field, got, want)
	}
}

func lockOn(field collab.Field, user collab.UserID, session collab.SessionID, fence int64) collab.Lock {
	return collab.Lock{ID: collab.LockID("l_" + string(field)), Key: collab.LockKey{Resource: ward, Field: field}, Fence: fence, User: user, Session: session}
}

// many returns one update with new structs of n client ids.
func many(t *testing.T, first collab.ClientID, n int) []byte {
	t.Helper()
	all := ydoc.New()
	for i := range n {
		update, err := ydoc.New().Transact(ydoc.ClientID(first)+ydoc.ClientID(i), func(e *ydoc.Edit) { e.InsertText("notes", 0, "x") })
		if err != nil {
			t.Fatalf("edit: %v", err)
		}
		if err := all.ApplyUpdate(update); err != nil {
			t.Fatalf("merge: %v", err)
		}
	}
	state, err := all.EncodeState(nil)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return state
}
