package document

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// restored puts the record back to a revision, in a new life: what a restore of the store does.
func (r *record) restored(revision int64) *record {
	r.t.Helper()
	back := &record{t: r.t, snap: collab.Snapshot{State: r.snap.State, StateRevision: 1,
		Head: collab.Head{Revision: revision, Guard: r.snap.Head.Guard, Epoch: r.snap.Head.Epoch + 1}}}
	used := map[collab.ClientID]bool{}
	for _, e := range r.snap.Tail {
		if e.Revision > revision {
			break
		}
		back.snap.Tail = append(back.snap.Tail, e)
		for _, id := range e.Clients {
			used[id] = true
		}
	}
	for _, o := range r.snap.Owners {
		if used[o.Client] {
			back.snap.Owners = append(back.snap.Owners, o)
		}
	}
	back.live = back.open(DefaultLimits())
	return back
}

// heals gives back what the document lacks of a writer's own one, and keeps the row.
func (r *record) heals(w *writer) Checked {
	r.t.Helper()
	checked, err := r.live.CheckHealing(w.Writer, r.lost(w))
	if err != nil {
		r.t.Fatalf("heal: %v", err)
	}
	if err := r.live.Apply(checked); err != nil {
		r.t.Fatalf("apply: %v", err)
	}
	if !checked.Empty() {
		r.keep(w, checked)
	}
	return checked
}

// save is write for an update of which others may have done all before.
func (r *record) save(w *writer, update []byte) {
	r.t.Helper()
	if c, err := r.live.Check(w.Writer, update); err != nil || !c.Empty() {
		r.write(w, update)
	}
}

func (r *record) keep(w *writer, c Checked) {
	head := r.live.Head()
	head.Revision++
	r.live.Advance(head)
	r.snap.Head = head
	r.snap.Tail = append(r.snap.Tail, collab.Entry{Revision: head.Revision, Update: slices.Clone(c.Update), User: w.User, Session: w.Session,
		Clients: c.Clients, Fields: c.Fields})
}

// lost is what the document lacks of a writer's own one.
func (r *record) lost(w *writer) []byte {
	r.t.Helper()
	update, err := w.doc.EncodeState(r.live.StateVector())
	if err != nil {
		r.t.Fatalf("encode: %v", err)
	}
	return update
}

// again is the session of a page that comes back in the new life, with the document that it had.
func (r *record) again(w *writer, client collab.ClientID) *writer {
	back := &writer{Writer: Writer{Session: w.Session + "'", User: w.User, First: true}, client: client, doc: w.doc}
	r.live.Reserve(client, back.User, back.Session)
	return back
}

func TestAPageGivesBackWhatARestoreLost(t *testing.T) { // D8
	r := newRecord(t, DefaultLimits())
	anna, bruno := r.join("anna", "s_anna", 1), r.join("bruno", "s_bruno", 2)
	r.write(anna, r.types(anna, "notes", "kept "))
	at := r.live.Head().Revision
	r.write(anna, r.types(anna, "notes", "lost "))
	r.sync(bruno)
	r.write(bruno, r.types(bruno, "notes", "both"))
	r = r.restored(at)
	back := r.again(bruno, 1000)
	c := r.heals(back)
	r.wantText("notes", "kept lost both")
	if !slices.Equal(c.Clients, []collab.ClientID{1, 2}) || !slices.Equal(c.Retire, c.Clients) || !slices.Equal(c.Fields, []collab.Field{"notes"}) {
		t.Errorf("written by %v, retired %v, in %v: want 1 and 2, both, in notes", c.Clients, c.Retire, c.Fields)
	}
	if want := (collab.Owner{Client: 2, User: "bruno", Session: "s_bruno'", Used: true, Retired: true}); len(c.Bind) != 1 || c.Bind[0] != want {
		t.Errorf("bound %+v, want %+v alone: the restore has not forgotten whose 1 is", c.Bind, want)
	}
	if again := r.heals(r.again(anna, 1001)); !again.Empty() && len(again.Clients) > 0 {
		t.Errorf("what was given back is given back again: %v", again.Clients)
	}
	r.write(back, r.types(back, "notes", ", more"))
	r.wantText("notes", "kept lost both, more")
	for _, id := range []collab.ClientID{1, 2} {
		old := &writer{Writer: back.Writer, client: id, doc: ydoc.New()}
		r.sync(old)
		r.refused(old, r.types(old, "notes", "!"), collab.CodeForeignClient)
	}
}

func TestHealingIsRefusedUnderIdsOfThisLifeAndInLockedFields(t *testing.T) { // D7, D8, L6
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 1)
	r.write(anna, r.types(anna, "notes", "kept "))
	at := r.live.Head().Revision
	r.write(anna, r.types(anna, "notes", "lost"))
	r = r.restored(at)
	carla := r.join("carla", "s_carla", 1000)
	r.write(carla, r.types(carla, "plan", "new"))
	forger := r.again(anna, 1001)
	heal := func(w *writer, update []byte) collab.Code {
		before := r.encoded()
		_, err := r.live.CheckHealing(w.Writer, update)
		if string(before) != string(r.encoded()) {
			t.Fatal("a refused healing has changed the document")
		}
		if err == nil {
			return ""
		}
		return collab.AsError(err).Code
	}
	for _, id := range []collab.ClientID{1000, 1001} { // a colleague's, used; one's own, reserved
		forged := &writer{Writer: forger.Writer, client: id, doc: ydoc.New()}
		r.sync(forged)
		if code := heal(forger, r.types(forged, "plan", "forged")); code != collab.CodeForeignClient {
			t.Errorf("healing under %d was answered %q, want FOREIGN_CLIENT", id, code)
		}
	}
	r.live.Lock(lockOn("notes", "carla", "s_carla", 1))
	if code := heal(forger, r.lost(forger)); code != collab.CodeUpdateRejected {
		t.Errorf("healing of a locked field was answered %q, want UPDATE_REJECTED", code)
	}
	r.live.Unlock(lockOn("notes", "carla", "s_carla", 1))
	if code := heal(forger, r.lost(forger)); code != "" {
		t.Errorf("healing after the lock was answered %q: nothing of it may be forbidden for ever", code)
	}
	if code := heal(forger, []byte{1, 2, 3}); code != collab.CodeMalformedUpdate {
		t.Errorf("malformed healing was answered %q", code)
	}
	if code := heal(forger, many(t, 5000, healingClients+1)); code != collab.CodeMalformedUpdate {
		t.Errorf("healing by too many clients was answered %q", code)
	}
	if code := heal(forger, make([]byte, DefaultLimits().UpdateBytes+1)); code != collab.CodeUpdateTooLarge {
		t.Errorf("too large a healing was answered %q", code)
	}
}

func TestAnotherInstanceLearnsThatHealedIdsAreRetired(t *testing.T) { // D4, D7, D8
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 1)
	at := r.live.Head().Revision
	r.write(anna, r.types(anna, "notes", "lost"))
	r = r.restored(at)
	other := r.open(DefaultLimits())
	back := r.again(anna, 1000)
	c := r.heals(back)
	row := r.snap.Tail[len(r.snap.Tail)-1]
	row.Healed = true
	if err := other.ApplyRemote([]collab.Entry{row}); err != nil {
		t.Fatal(err)
	}
	if o := other.owners[1]; !o.Retired || !o.Used || o.Epoch != 0 {
		t.Fatalf("the other instance has the id as %+v, want it retired, of the life before", o)
	}
	if !other.Stands(back.Writer, c, nil) || other.Stands(back.Writer, c, []collab.Entry{row}) {
		t.Error("healing stands if nobody has healed the same meanwhile, and only then")
	}
}

// TestAllThatReconnectingPagesHoldComesBack cuts a random history of random writers at a random place, lets some of them
// come back in random order among others who write, and compares with the union of all that they have.
func TestAllThatReconnectingPagesHoldComesBack(t *testing.T) { // D8
	for round := range 300 {
		seed := rand.Uint64()
		if ok := t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			comeBack(t, rand.New(rand.NewPCG(seed, 0)))
		}); !ok {
			t.Fatalf("round %d, seed %d", round, seed)
		}
	}
}

func comeBack(t *testing.T, random *rand.Rand) {
	r := newRecord(t, DefaultLimits())
	var all []*writer
	for i := range 2 + random.IntN(5) {
		all = append(all, r.join(collab.UserID(fmt.Sprint("u", i)), collab.SessionID(fmt.Sprint("s", i)), collab.ClientID(i+1)))
	}
	for range 5 + random.IntN(60) {
		w := all[random.IntN(len(all))]
		if random.IntN(3) == 0 {
			r.sync(w)
		}
		r.save(w, r.edit(w, func(e *ydoc.Edit) { anyEdit(random, w, e) }))
	}
	last := r.live.Head().Revision
	r = r.restored(1 + random.Int64N(last))
	oracle := ydoc.New()
	learn(t, oracle, r.encoded())
	// Some typed on while nothing answered.
	for _, w := range all {
		if random.IntN(3) == 0 {
			r.edit(w, func(e *ydoc.Edit) { anyEdit(random, w, e) })
		}
	}
	next := collab.ClientID(1000)
	newcomer := r.join("new", "s_new", next)
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var back []*writer
	for _, w := range all[:random.IntN(len(all)+1)] {
		next++
		w = r.again(w, next)
		back = append(back, w)
		learnOf(t, oracle, w.doc)
		if random.IntN(2) == 0 {
			r.sync(newcomer)
			update := r.edit(newcomer, func(e *ydoc.Edit) { anyEdit(random, newcomer, e) })
			r.save(newcomer, update)
			learn(t, oracle, update)
		}
		r.heals(w)
		if lost := r.lost(w); len(lost) > 0 {
			if c, err := r.live.CheckHealing(w.Writer, lost); err != nil || !c.Empty() {
				t.Fatalf("after its healing the document still lacks something: %v", err)
			}
		}
		if random.IntN(2) == 0 { // goes on under its new id, before it has what others wrote
			update := r.edit(w, func(e *ydoc.Edit) { anyEdit(random, w, e) })
			r.save(w, update)
			learn(t, oracle, update)
		}
	}
	if err := ydoc.Equal(oracle, r.live.doc); err != nil {
		t.Fatalf("the document is not what those who came back had: %v", err)
	}
	for _, w := range append(back, newcomer) {
		r.sync(w)
		if err := ydoc.Equal(w.doc, r.live.doc); err != nil {
			t.Fatalf("%s differs: %v", w.User, err)
		}
	}
	if _, err := Open(ward, r.snap, DefaultLimits()); err != nil {
		t.Fatalf("the journal is not causally complete: %v", err)
	}
}

// anyEdit types, deletes, chooses or clears.
func anyEdit(random *rand.Rand, w *writer, e *ydoc.Edit) {
	field := []string{"notes", "plan"}[random.IntN(2)]
	length := w.doc.TextLength(field)
	switch random.IntN(6) {
	case 0:
		e.SetMap("values", []string{"ward", "diet"}[random.IntN(2)], random.IntN(1000))
	case 1:
		e.DeleteMap("values", "ward")
		e.InsertText(field, 0, "c") // so that it is an edit in any case
	case 2:
		if length > 2 {
			at := random.IntN(length - 1)
			e.DeleteText(field, at, 1+random.IntN(length-at))
			return
		}
		fallthrough
	default:
		e.InsertText(field, random.IntN(length+1), fmt.Sprintf("%d ", random.IntN(1000)))
	}
}

func learn(t *testing.T, doc *ydoc.Doc, update []byte) {
	t.Helper()
	if err := doc.ApplyUpdate(update); err != nil {
		t.Fatal(err)
	}
}

func learnOf(t *testing.T, doc, from *ydoc.Doc) {
	t.Helper()
	state, err := from.EncodeState(nil)
	if err != nil {
		t.Fatal(err)
	}
	learn(t, doc, state)
}

func TestWhatALifeBeforeAnErasureHeldIsNotTakenBack(t *testing.T) { // O7, D8
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 1)
	r.write(anna, r.types(anna, "notes", "erased"))
	// As an erasure and a restore after it leave it: the ids of life 0 are known, the document is of life 2.
	r.snap = collab.Snapshot{Head: collab.Head{Revision: 2, Epoch: 2}, StateRevision: 2, Erased: collab.LastErasure{Epoch: 1},
		Owners: []collab.Owner{{Client: 1, User: "anna", Session: "s_anna", Used: true, Retired: true}}}
	r.live = r.open(DefaultLimits())
	back := r.again(anna, 1000)
	_, err := r.live.CheckHealing(back.Writer, r.lost(back))
	if code := collab.AsError(err).Code; err == nil || code != collab.CodeForeignClient {
		t.Fatalf("giving it back: %v, want FOREIGN_CLIENT", err)
	}
	r.wantText("notes", "")
}
