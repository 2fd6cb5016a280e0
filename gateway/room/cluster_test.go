package room

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
)

// lossy is a bus that loses, delays or reorders notices as a test says.
type lossy struct {
	*inproc.Bus

	mu   sync.Mutex
	pass func(collab.Notice) bool // nil: everything
	late []func()                 // deliver what was held back
}

// only lets notices through that pass, all of them when it is nil.
func (b *lossy) only(pass func(collab.Notice) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pass = pass
}

func nothing(collab.Notice) bool { return false }

// held returns what was held back.
func (b *lossy) held() []func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.late
}

func (b *lossy) Subscribe(res collab.Resource, inst collab.InstanceID, deliver func(collab.Notice) bool) func() {
	return b.Bus.Subscribe(res, inst, func(n collab.Notice) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.pass == nil || b.pass(n) {
			return deliver(n)
		}
		b.late = append(b.late, func() { deliver(n) })
		return true
	})
}

// two returns two instances with one store and one bus between them.
func two(t *testing.T) (one, other *ward, bus *lossy) {
	bus = &lossy{Bus: inproc.NewBus()}
	one = newWardOn(t, newJournal(), bus, "i_1")
	other = newWardOn(t, one.journal, bus, "i_2")
	other.next = 100 // client ids are the store's, one sequence for all
	return one, other, bus
}

func TestTwoInstancesThatWriteAtOnceBothKeepTheirs(t *testing.T) { // D2b
	synctest.Test(t, func(t *testing.T) {
		one, other, _ := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		one.journal.wait()
		for range 20 {
			one.types(anna, "notes", "a")
			other.types(bruno, "plan", "b")
		}
		synctest.Wait()
		loaded, read := one.journal.reads()
		one.journal.release()
		synctest.Wait()
		for _, c := range []*client{anna, bruno} {
			if saved, codes := c.saved(); len(saved) != 20 || len(codes) != 0 {
				t.Errorf("%s: acknowledged %d and refused %v, want all 20", c.id, len(saved), codes)
			}
		}
		again, readAgain := one.journal.reads()
		if again != loaded || readAgain != read {
			t.Errorf("the document was read %d times, what was new %d times: the bus told of it", again-loaded, readAgain-read)
		}
		wantSameEverywhere(t, one, anna, bruno)
	})
}

func TestWhatTheBusLosesIsReadFromTheJournal(t *testing.T) { // D4
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		stop := watched(t, other)
		defer stop()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		bus.only(nothing)
		one.types(anna, "notes", "lost on the way")
		synctest.Wait()
		other.wantText(bruno, "notes", "")
		time.Sleep(lookEvery)
		synctest.Wait()
		other.wantText(bruno, "notes", "lost on the way")

		bus.only(nil) // the next row shows the gap, much sooner
		one.types(anna, "notes", "!")
		bus.only(func(n collab.Notice) bool { return n.Kind != collab.BusUpdates })
		synctest.Wait()
		one.types(anna, "notes", "?")
		synctest.Wait()
		bus.only(nil)
		one.types(anna, "notes", ".")
		time.Sleep(2 * gapPatience)
		synctest.Wait()
		wantSameEverywhere(t, one, anna, bruno)
	})
}

func TestClientIDOfALiveSessionElsewhereIsRefused(t *testing.T) { // D7
	synctest.Test(t, func(t *testing.T) {
		one, other, _ := two(t)
		defer one.close()
		defer other.close()
		first, second := one.join("anna/1"), other.join("anna/2")
		one.types(first, "notes", "1")
		synctest.Wait()
		second.yjs = first.yjs // as a copied page would
		update := Update{From: second.id, Payload: other.unsent(second, "notes", "2"), At: time.Now()}
		other.send(second, update)
		synctest.Wait()
		other.send(second, update) // by now the other instance has said that the session is connected
		synctest.Wait()
		if _, codes := second.saved(); !slices.Equal(codes, []collab.Code{collab.CodeBackpressure, collab.CodeForeignClient}) {
			t.Errorf("refused %v, want BACKPRESSURE while that is asked, then FOREIGN_CLIENT", codes)
		}
		one.wantStored("notes", "1")
	})
}

func TestRowThatIsNotCommittedIsForgotten(t *testing.T) { // D4
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		lie := updates{Entries: []collab.Entry{{Revision: 99, Update: []byte{0, 0}}}}
		body, err := json.Marshal(lie)
		if err != nil {
			t.Fatal(err)
		}
		if err := bus.Publish(t.Context(), collab.Notice{Resource: one.res, From: "i_1", Kind: collab.BusUpdates, Body: body}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * gapPatience)
		synctest.Wait()
		if _, read := one.journal.reads(); read > 2 {
			t.Errorf("the journal was read %d times for a row that does not exist", read)
		}
		one.types(anna, "notes", "x")
		synctest.Wait()
		wantSameEverywhere(t, one, anna, bruno)
	})
}

func TestRowsThatOvertakeEachOtherAreShownInOrder(t *testing.T) { // D4
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		bus.only(nothing)
		for _, text := range []string{"1", "2", "3"} {
			one.types(anna, "notes", text)
			synctest.Wait()
		}
		_, read := one.journal.reads()
		late := bus.held()
		slices.Reverse(late)
		for _, deliver := range late {
			deliver()
			synctest.Wait()
		}
		other.wantText(bruno, "notes", "123")
		var revisions []int64
		for _, u := range bodies[*Updated](bruno) {
			revisions = append(revisions, u.Revision)
		}
		if !slices.Equal(revisions, []int64{2, 3, 4}) {
			t.Errorf("shown revisions %v, want 2, 3, 4", revisions)
		}
		if _, again := one.journal.reads(); again != read {
			t.Error("the journal was read, though nothing was missing")
		}
	})
}

func TestRowHeardWhileAnAppendIsUnderWayIsNotForgotten(t *testing.T) { // D4
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		bus.only(nothing)
		other.types(bruno, "plan", "first")
		synctest.Wait()
		bus.only(nil)
		one.journal.wait()
		one.types(anna, "notes", "second") // checked against a head that is old
		synctest.Wait()
		for _, deliver := range bus.held() {
			deliver()
		}
		synctest.Wait()
		one.wantText(anna, "plan", "")
		one.journal.release()
		synctest.Wait()
		wantSameEverywhere(t, one, anna, bruno)
	})
}

func TestLockOlderThanItsDocumentIsEnforcedWithoutWordOfIt(t *testing.T) { // L1, L6, D1
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		one.join("viewer/1") // opens the room before the document exists
		bus.only(nothing)
		one.journal.grant(collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: one.res, Field: "dose"}, Fence: 1, User: "bruno", Session: "bruno/1"})
		anna := one.join("anna/1")
		one.types(anna, "dose", "500 mg")
		synctest.Wait()
		if saved, codes := anna.saved(); len(saved) != 0 || !slices.Equal(codes, []collab.Code{collab.CodeUpdateRejected}) {
			t.Errorf("acknowledged %v, refused %v, want UPDATE_REJECTED", saved, codes)
		}
		one.wantStored("dose", "")
	})
}

func TestRosterIsTrueAgainAfterTheBusLostWords(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		stop := watched(t, one)
		defer stop()
		anna := one.join("anna/1")
		bus.only(nothing)
		bruno := other.join("bruno/1")
		synctest.Wait()
		if len(bodies[*UserJoined](anna)) != 0 {
			t.Fatal("word of the join was not lost")
		}
		one.rooms.Refresh()
		synctest.Wait()
		if joined := bodies[*UserJoined](anna); len(joined) != 1 || joined[0].User.UserID != "bruno" {
			t.Fatalf("heard of %v, want bruno", joined)
		}
		one.journal.leave("bruno/1")
		other.send(bruno, Leave{Session: bruno.id, Reason: "left"})
		time.Sleep((rosterRounds + 1) * lookEvery)
		synctest.Wait()
		if gone := bodies[*UserLeft](anna); len(gone) != 1 || gone[0].User != "bruno" {
			t.Errorf("told that %v left, want bruno once", gone)
		}
	})
}

func TestMemberThatAJoinFindsIsNewsToThoseWhoMissedIt(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		anna := one.join("anna/1")
		bus.only(nothing)
		other.join("bruno/1")
		carla := one.join("carla/1")
		synctest.Wait()
		var heard []collab.UserID
		for _, joined := range bodies[*UserJoined](anna) {
			heard = append(heard, joined.User.UserID)
		}
		if slices.Sort(heard); !slices.Equal(heard, []collab.UserID{"bruno", "carla"}) {
			t.Errorf("anna heard of %v, want bruno and carla", heard)
		}
		if heard := bodies[*UserJoined](carla); len(heard) != 0 {
			t.Errorf("carla, whose state lists him, heard of %v", heard[0].User.UserID)
		}
	})
}

func TestRosterReadBeforeAJoinDoesNotUndoIt(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		one, other, _ := two(t)
		defer one.close()
		defer other.close()
		anna := one.join("anna/1")
		asked := time.Now()
		old, _ := one.journal.Members(t.Context(), one.res)
		time.Sleep(time.Millisecond)
		other.join("bruno/1")
		synctest.Wait()
		one.send(anna, rostered{members: old, asked: asked})
		synctest.Wait()
		if gone := bodies[*UserLeft](anna); len(gone) != 0 {
			t.Errorf("told that %v left", gone[0].User)
		}
	})
}

func TestJoinerOfALaggingRoomGetsWhatIsCommitted(t *testing.T) { // R1, D4
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		bus.only(nothing)
		viewer := other.join("viewer/1") // opens the room before the document exists
		anna := one.join("anna/1")
		one.types(anna, "notes", "hello")
		synctest.Wait()
		bruno := other.join("bruno/1")
		other.wantText(bruno, "notes", "hello")
		other.wantText(viewer, "notes", "hello")
	})
}

func TestResumedSessionIsNotShownAgainWhatItHasSeen(t *testing.T) { // C11
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), one.join("bruno/1")
		lagging := other.join("viewer/1")
		bus.only(nothing)
		one.types(anna, "notes", "seen")
		synctest.Wait()
		other.wantText(lagging, "notes", "")
		moved := &client{t: t, id: bruno.id, room: lagging.room, doc: bruno.doc, yjs: bruno.yjs}
		m := collab.Member{Resource: one.res, Session: bruno.id, User: "bruno", Mode: collab.Editor, Instance: "i_2", JoinedAt: time.Now()}
		other.send(moved, Resume{Peer: moved, Member: m})
		synctest.Wait()
		bus.only(nil)
		one.types(anna, "notes", ", new")
		synctest.Wait()
		if shown := bodies[*Updated](moved); len(shown) != 1 || shown[0].Revision != 3 {
			t.Errorf("shown %d updates, want only the new one", len(shown))
		}
		other.wantText(moved, "notes", "seen, new")
		other.wantText(lagging, "notes", "seen, new")
	})
}

func TestSeedsOfAnotherInstanceAreRemembered(t *testing.T) { // G4
	synctest.Test(t, func(t *testing.T) {
		one, other, _ := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		seeds := []collab.Seed{{Field: "notes", Value: `"from the page"`}}
		one.send(anna, Seed{From: anna.id, Client: 50, Values: seeds, At: time.Now()})
		synctest.Wait()
		other.send(bruno, Seed{From: bruno.id, Client: 51, Values: seeds, At: time.Now()})
		synctest.Wait()
		other.wantText(bruno, "notes", "from the page")
		other.wantStored("notes", "from the page")
	})
}

// watched runs the registry's look-outs until stop is called.
func watched(t *testing.T, w *ward) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.rooms.Run(ctx) }()
	return func() { cancel(); <-done }
}

func wantSameEverywhere(t *testing.T, w *ward, clients ...*client) {
	t.Helper()
	for _, field := range []string{"notes", "plan"} {
		for _, c := range clients {
			w.wantText(c, field, clients[0].doc.Text(field))
		}
		w.wantStored(field, clients[0].doc.Text(field))
	}
}
