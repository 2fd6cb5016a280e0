package document

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

func TestUpdateIsReducedToWhatTheDocumentLacks(t *testing.T) { // D2a
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 1)
	first := r.types(anna, "notes", "pain ")
	if c := r.write(anna, first); !slices.Equal(c.Fields, []collab.Field{"notes"}) || !slices.Equal(c.Clients, []collab.ClientID{1}) {
		t.Fatalf("fields %v, clients %v, want notes by 1", c.Fields, c.Clients)
	}
	again, err := r.live.Check(anna.Writer, first)
	if err != nil || !again.Empty() || len(again.Update) != 0 {
		t.Fatalf("the same update again: %d bytes left, error %v, want nothing", len(again.Update), err)
	}
	if err := r.live.Apply(again); err != nil {
		t.Fatalf("apply of nothing: %v", err)
	}
	r.types(anna, "notes", "severe")
	both, err := anna.doc.EncodeState(nil)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	if c := r.write(anna, both); len(c.Update) >= len(both) {
		t.Fatalf("%d bytes are left of %d, of which the document had a part", len(c.Update), len(both))
	}
	r.wantText("notes", "pain severe")
}

func TestUpdateThatLacksADependencyIsNeverParked(t *testing.T) { // D2b
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 1)
	r.write(anna, r.types(anna, "notes", "a"))
	r.types(anna, "notes", "lost on the way")
	later := r.types(anna, "notes", "c")
	detail := r.refused(anna, later, collab.CodeMissingDependency)
	missing, ok := detail.(Missing)
	if !ok || !bytes.Equal(missing.StateVector, r.live.StateVector()) {
		t.Fatalf("detail %v, want the document's state vector", detail)
	}
	r.wantText("notes", "a")
}

func TestGuardsRefuseAndLeaveTheDocumentAsItWas(t *testing.T) { // D6
	small := Limits{UpdateBytes: 4 << 10, DocumentBytes: 6 << 10, Clients: 16, FirstClients: 64}
	long := func(r *record, w *writer) []byte { return r.types(w, "notes", strings.Repeat("x", 5<<10)) }
	tests := []struct {
		name   string
		update func(r *record, w *writer) []byte
		want   collab.Code
	}{
		{"too large", long, collab.CodeUpdateTooLarge},
		{"empty", func(*record, *writer) []byte { return nil }, collab.CodeMalformedUpdate},
		{"no update at all", func(*record, *writer) []byte { return []byte("hello, I am no update") }, collab.CodeMalformedUpdate},
		{"cut off", func(r *record, w *writer) []byte {
			u := r.types(w, "notes", "to be cut")
			return u[:len(u)-4]
		}, collab.CodeMalformedUpdate},
		{"something behind it", func(r *record, w *writer) []byte { return append(r.types(w, "notes", "x"), 1, 2, 3) }, collab.CodeMalformedUpdate},
		{"declares more structs than it has room for", func(*record, *writer) []byte {
			return []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0}
		}, collab.CodeMalformedUpdate},
		{"a clock at the end of its range", func(*record, *writer) []byte {
			return []byte{1, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x07, 0, 5, 0}
		}, collab.CodeMalformedUpdate},
		{"a name over its bound", func(r *record, w *writer) []byte {
			return r.edit(w, func(e *ydoc.Edit) { e.SetMap("values", strings.Repeat("k", 1025), true) })
		}, collab.CodeMalformedUpdate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(t, small)
			anna := r.join("anna", "s_anna", 1)
			r.write(anna, r.types(anna, "notes", "kept"))
			r.refused(anna, tt.update(r, anna), tt.want)
			r.wantText("notes", "kept")
		})
	}
}

func TestDocumentThatIsFullTakesNoMore(t *testing.T) { // D6
	r := newRecord(t, Limits{UpdateBytes: 4 << 10, DocumentBytes: 6 << 10, Clients: 16, FirstClients: 64})
	anna := r.join("anna", "s_anna", 1)
	r.write(anna, r.types(anna, "notes", strings.Repeat("x", 3<<10)))
	r.refused(anna, r.types(anna, "notes", strings.Repeat("y", 3<<10)), collab.CodeDocumentTooLarge)
	if r.live.Bytes() < 3<<10 {
		t.Fatalf("the document says it takes %d bytes", r.live.Bytes())
	}
	fresh := r.join("anna", "s_anna2", 2)
	r.write(fresh, r.types(fresh, "notes", "a little more"))
}

func TestUpdateOfManyAuthorsIsBoundedUnlessItIsTheFirst(t *testing.T) { // D6
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 1)
	r.refused(anna, many(t, 1000, 65), collab.CodeMalformedUpdate)
	anna.First = false
	r.refused(anna, many(t, 1000, 17), collab.CodeMalformedUpdate)
	r.write(anna, many(t, 1000, 16))
	anna.First = true
	r.write(anna, many(t, 2000, 64))
	anna.First = false
	r.sync(anna)
	all := r.edit(anna, func(e *ydoc.Edit) { e.DeleteText("notes", 0, 80) })
	if c := r.write(anna, all); len(c.Clients) != 0 { // a delete names every author and is nobody's struct
		t.Fatalf("a delete has new structs of %v", c.Clients)
	}
	r.wantText("notes", "")
}

func TestClientIDBelongsToOneUserAndOneLiveSession(t *testing.T) { // D7
	tests := []struct {
		name    string
		prepare func(r *record)
		as      Writer
		want    collab.Code // "": accepted
	}{
		{"one never seen is bound at first use", func(*record) {}, Writer{Session: "s_anna", User: "anna"}, ""},
		{"one's own reservation", func(r *record) { r.live.Reserve(7, "anna", "s_anna") }, Writer{Session: "s_anna", User: "anna"}, ""},
		{"somebody else's reservation", func(r *record) { r.live.Reserve(7, "bruno", "s_bruno") }, Writer{Session: "s_anna", User: "anna"}, collab.CodeForeignClient},
		{"that of one's other live tab", func(r *record) { r.live.Reserve(7, "anna", "s_other") }, Writer{Session: "s_anna", User: "anna"}, collab.CodeForeignClient},
		{"that of one's tab that has gone", func(r *record) {
			other := r.join("anna", "s_other", 7)
			r.write(other, r.types(other, "plan", "x"))
			r.live.Leave("s_other")
		}, Writer{Session: "s_anna", User: "anna"}, ""},
		{"that of somebody who has gone", func(r *record) {
			other := r.join("bruno", "s_bruno", 7)
			r.write(other, r.types(other, "plan", "x"))
			r.live.Leave("s_bruno")
		}, Writer{Session: "s_anna", User: "anna"}, collab.CodeForeignClient},
		{"a reservation that was dropped unused", func(r *record) {
			r.live.Reserve(7, "bruno", "s_bruno")
			r.live.Leave("s_bruno")
		}, Writer{Session: "s_anna", User: "anna"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(t, DefaultLimits())
			tt.prepare(r)
			w := &writer{Writer: tt.as, client: 7, doc: ydoc.New()}
			r.sync(w)
			update := r.types(w, "notes", "mine")
			if tt.want == "" {
				r.write(w, update)
				r.wantText("notes", "mine")
				return
			}
			detail := r.refused(w, update, tt.want)
			if d, ok := detail.(Foreign); !ok || d.Client != 7 {
				t.Fatalf("detail %v, want client 7", detail)
			}
		})
	}
}

func TestOwnersAreKeptByTheJournal(t *testing.T) { // D7
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 7)
	r.write(anna, r.types(anna, "notes", "mine"))
	r.live = r.open(DefaultLimits()) // the process starts again
	bruno := &writer{Writer: Writer{Session: "s_bruno", User: "bruno"}, client: 7, doc: ydoc.New()}
	r.sync(bruno)
	r.refused(bruno, r.types(bruno, "notes", "!"), collab.CodeForeignClient)
}

func TestRefusedClientIDsAreNeverAcceptedAgain(t *testing.T) { // D2c
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 1)
	r.write(anna, r.types(anna, "plan", "x"))
	lock := lockOn("notes", "bruno", "s_bruno", 1)
	r.live.Lock(lock)
	own := &writer{Writer: anna.Writer, client: 4711, doc: ydoc.New()} // an id that the client made up itself
	r.sync(own)
	update := r.types(own, "notes", "refused")
	checked, err := r.live.Check(own.Writer, update)
	if collab.AsError(err).Code != collab.CodeUpdateRejected {
		t.Fatalf("error %v, want UPDATE_REJECTED", err)
	}
	known, fresh := r.live.Retire(own.Writer, checked.Clients)
	if !slices.Equal(known, []collab.ClientID{1}) {
		t.Fatalf("retired %v, want 1, which the session holds", known)
	}
	if len(fresh) != 1 || fresh[0].Client != 4711 || fresh[0].User != "anna" || !fresh[0].Retired {
		t.Fatalf("bound %v, want 4711 retired", fresh)
	}
	r.live.Unlock(lock)
	r.live.Leave("s_anna")
	later := Writer{Session: "s_anna2", User: "anna"}
	r.refused(&writer{Writer: later}, update, collab.CodeForeignClient)
	r.sync(anna)
	r.refused(&writer{Writer: later}, r.types(anna, "plan", "y"), collab.CodeForeignClient)
}

func TestRefusalOfAForeignIDRetiresNobodyElses(t *testing.T) { // D2c, D7
	r := newRecord(t, DefaultLimits())
	bruno := r.join("bruno", "s_bruno", 2)
	r.write(bruno, r.types(bruno, "notes", "b"))
	anna := r.join("anna", "s_anna", 3)
	stolen := &writer{Writer: anna.Writer, client: 2, doc: ydoc.New()}
	r.sync(stolen)
	checked, err := r.live.Check(anna.Writer, r.types(stolen, "notes", "!"))
	if collab.AsError(err).Code != collab.CodeForeignClient {
		t.Fatalf("error %v, want FOREIGN_CLIENT", err)
	}
	known, fresh := r.live.Retire(anna.Writer, checked.Clients)
	if !slices.Equal(known, []collab.ClientID{3}) || len(fresh) != 0 {
		t.Fatalf("retired %v and %v, want 3 alone", known, fresh)
	}
	r.write(bruno, r.types(bruno, "notes", "c"))
	r.wantText("notes", "bc")
}

func TestLockRefusesTheWholeUpdateOfOthers(t *testing.T) { // L6
	set := func(key string, v any) func(*ydoc.Edit) {
		return func(e *ydoc.Edit) { e.SetMap("values", key, v) }
	}
	tests := []struct {
		name   string
		locked collab.Field
		edit   func(*ydoc.Edit)
		want   []collab.Field // refused because of these; nil: accepted
	}{
		{"the field", "notes", func(e *ydoc.Edit) { e.InsertText("notes", 0, "x") }, []collab.Field{"notes"}},
		{"another field", "plan", func(e *ydoc.Edit) { e.InsertText("notes", 0, "x") }, nil},
		{"text deleted from it", "notes", func(e *ydoc.Edit) { e.DeleteText("notes", 1, 2) }, []collab.Field{"notes"}},
		{"one of two fields", "notes", func(e *ydoc.Edit) {
			e.InsertText("plan", 0, "allowed")
			e.InsertText("notes", 0, "not")
		}, []collab.Field{"notes"}},
		{"the whole resource", "", func(e *ydoc.Edit) {
			e.InsertText("plan", 0, "x")
			e.SetMap("values", "given", true)
		}, []collab.Field{"plan", "values/given"}},
		{"an entry of the map", "values/given", set("given", true), []collab.Field{"values/given"}},
		{"another entry of the map", "values/given", set("taken", true), nil},
		{"the deletion of an entry", "values/dose", func(e *ydoc.Edit) { e.DeleteMap("values", "dose") }, []collab.Field{"values/dose"}},
		{"the whole map", "values", set("given", true), []collab.Field{"values/given"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(t, DefaultLimits())
			anna := r.join("anna", "s_anna", 1)
			r.write(anna, r.edit(anna, func(e *ydoc.Edit) {
				e.InsertText("notes", 0, "pain")
				e.SetMap("values", "dose", "5 mg")
			}))
			r.live.Lock(lockOn(tt.locked, "bruno", "s_bruno", 1))
			update := r.edit(anna, tt.edit)
			if err := r.live.locked(Writer{Session: "s_bruno", User: "bruno"}, []collab.Field{tt.locked}); err != nil {
				t.Fatalf("the holder is refused: %v", err)
			}
			if tt.want == nil {
				r.write(anna, update)
				return
			}
			detail := r.refused(anna, update, collab.CodeUpdateRejected)
			hit, ok := detail.(Rejected)
			if !ok || !slices.Equal(hit.Fields, tt.want) || hit.LockedBy != "bruno" {
				t.Fatalf("detail %+v, want %v by bruno", detail, tt.want)
			}
			if err := r.live.locked(anna.Writer, tt.want); collab.AsError(err).Code != collab.CodeUpdateRejected {
				t.Fatalf("checked again: %v, want UPDATE_REJECTED", err)
			}
		})
	}
}

func TestOnlyTheLockInForceCanBeEnded(t *testing.T) { // L5
	r := newRecord(t, DefaultLimits())
	old, now := lockOn("notes", "bruno", "s_1", 1), lockOn("notes", "bruno", "s_2", 2)
	r.live.Lock(old)
	r.live.Lock(now)
	if r.live.Unlock(old) {
		t.Fatal("a lock of an older fence ended the one in force")
	}
	r.live.Lock(lockOn("dose", "anna", "s_3", 1))
	locks := r.live.Locks()
	if len(locks) != 2 || locks[0].Key.Field != "dose" || locks[1].Fence != 2 {
		t.Fatalf("locks %v, want dose and notes by fence 2", locks)
	}
	if !r.live.Unlock(now) || r.live.Unlock(now) {
		t.Fatal("a lock did not end once")
	}
	r.live.SetLocks([]collab.Lock{lockOn("plan", "anna", "s_3", 4)})
	if locks := r.live.Locks(); len(locks) != 1 || locks[0].Key.Field != "plan" {
		t.Fatalf("locks %v, want plan alone", locks)
	}
}
