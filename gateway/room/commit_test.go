package room

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

func TestNothingIsAcknowledgedOrShownBeforeItIsCommitted(t *testing.T) { // D2, the promise
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		w.journal.hold = true
		w.types(anna, "notes", "hello")
		synctest.Wait()
		if saved, _ := anna.saved(); len(saved) != 0 {
			t.Errorf("acknowledged %v before the commit", saved)
		}
		w.wantText(bruno, "notes", "")
		w.journal.release()
		synctest.Wait()
		if saved, _ := anna.saved(); !slices.Equal(saved, []int64{2}) {
			t.Errorf("acknowledged %v, want revision 2", saved)
		}
		w.wantText(bruno, "notes", "hello")
		w.wantStored("notes", "hello")
	})
}

func TestUpdatesThatWaitShareOneAppend(t *testing.T) { // D2
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna := w.join("anna/1")
		w.journal.hold = true
		for range 50 {
			w.types(anna, "notes", "x")
		}
		synctest.Wait()
		w.journal.release()
		synctest.Wait()
		if saved, _ := anna.saved(); len(saved) != 50 || saved[49] != 51 {
			t.Errorf("acknowledged %v, want revisions 2 to 51", saved)
		}
		if w.journal.appends > 3 {
			t.Errorf("%d appends for 50 updates that waited together", w.journal.appends)
		}
	})
}

func TestJoinerSeesNothingUncommitted(t *testing.T) { // D2, R1
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna := w.join("anna/1")
		w.journal.hold = true
		w.types(anna, "notes", "not yet")
		synctest.Wait()
		bruno := w.join("bruno/1")
		if len(bruno.answers) != 0 {
			t.Fatal("the join was answered while a commit was under way")
		}
		w.journal.release()
		synctest.Wait()
		if len(bruno.answers) != 1 {
			t.Fatalf("%d answers, want the state", len(bruno.answers))
		}
		w.wantText(bruno, "notes", "not yet")
	})
}

func TestFailedAppendIsTriedAgainInOrder(t *testing.T) { // D2, F4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		w.journal.fate = func(n int) fate {
			if n <= 3 {
				return fails
			}
			return commits
		}
		for _, word := range []string{"a", "b", "c"} {
			w.types(anna, "notes", word)
		}
		time.Sleep(10 * time.Second) // the room's back-off, in the bubble's time
		synctest.Wait()
		if saved, codes := anna.saved(); !slices.Equal(saved, []int64{2, 3, 4}) || len(codes) != 0 {
			t.Errorf("acknowledged %v, refused %v; want 2, 3, 4 once each", saved, codes)
		}
		w.wantText(bruno, "notes", "abc")
		w.wantStored("notes", "abc")
	})
}

func TestUnknownOutcomeIsReadFromTheJournal(t *testing.T) { // D2
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		w.journal.fate = func(n int) fate {
			if n == 1 {
				return unknown
			}
			return commits
		}
		w.types(anna, "notes", "once")
		time.Sleep(time.Second)
		synctest.Wait()
		if n := w.journal.count(w.res); n != 1 {
			t.Errorf("%d rows, want 1: the update was committed already", n)
		}
		if saved, _ := anna.saved(); !slices.Equal(saved, []int64{2}) {
			t.Errorf("acknowledged %v, want revision 2", saved)
		}
		w.wantText(bruno, "notes", "once")
	})
}

func TestSeedOfUnknownOutcomeComesToItsAuthorToo(t *testing.T) { // D2, G4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		w.journal.fate = func(n int) fate {
			if n == 1 {
				return unknown
			}
			return commits
		}
		w.send(anna, Seed{From: anna.id, Client: 50, Values: []collab.Seed{{Field: "notes", Value: `"from the page"`}}, At: time.Now()})
		time.Sleep(time.Second)
		synctest.Wait()
		w.wantStored("notes", "from the page")
		w.wantText(bruno, "notes", "from the page")
		w.wantText(anna, "notes", "from the page")
	})
}

func TestRowsThatDoNotFitAreShownOnceTheJournalWasRead(t *testing.T) { // D4
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		bus.only(nothing)
		one.types(anna, "notes", "as it is stored")
		synctest.Wait()
		lacking := newDoc()
		var unfit []byte
		for range 2 { // the second builds on the first, which nobody gets
			var err error
			if unfit, err = lacking.Transact(9, func(e *ydoc.Edit) { e.InsertText("notes", len(lacking.Text("notes")), "x") }); err != nil {
				t.Fatal(err)
			}
		}
		other.send(bruno, notice(t, collab.BusUpdates, updates{Entries: []collab.Entry{{Revision: 2, Update: unfit}}}))
		time.Sleep(time.Second)
		synctest.Wait()
		other.wantText(bruno, "notes", "as it is stored")
	})
}

func TestUpdateThatAddsNothingIsAcknowledgedAndNotStored(t *testing.T) { // D2a
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna := w.join("anna/1")
		w.types(anna, "notes", "hello")
		synctest.Wait()
		again, err := anna.doc.EncodeState(nil)
		if err != nil {
			t.Fatal(err)
		}
		w.send(anna, Update{From: anna.id, Payload: again, At: time.Now()})
		synctest.Wait()
		if saved, _ := anna.saved(); !slices.Equal(saved, []int64{2, 2}) {
			t.Errorf("acknowledged %v, want the current revision again", saved)
		}
		if n := w.journal.count(w.res); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestStaleHeadIsReadAgainAndTheUpdateJudgedUnderTheNewLock(t *testing.T) { // D2b, L6
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna := w.join("anna/1")
		lock := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: w.res, Field: "notes"}, Fence: 7, User: "bruno", Session: "bruno/1"}
		w.journal.mu.Lock() // another instance grants a lock: the guard is raised, and no word of it comes
		w.journal.locks[w.res] = []collab.Lock{lock}
		head := w.journal.heads[w.res]
		head.Guard++
		w.journal.heads[w.res] = head
		w.journal.mu.Unlock()
		w.types(anna, "notes", "under his hands")
		synctest.Wait()
		if saved, codes := anna.saved(); len(saved) != 0 || !slices.Equal(codes, []collab.Code{collab.CodeUpdateRejected}) {
			t.Errorf("acknowledged %v, refused %v; want UPDATE_REJECTED", saved, codes)
		}
		w.wantStored("notes", "")
		if len(w.journal.audited) != 1 {
			t.Errorf("%d audit rows, want 1", len(w.journal.audited))
		}
	})
}

func TestARefusalWhoseFateIsUnknownIsOneEventWhenItIsJudgedAgain(t *testing.T) { // T1, F4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna := w.join("anna/1")
		lock := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: w.res, Field: "notes"}, Fence: 7, User: "bruno", Session: "bruno/1"}
		w.journal.mu.Lock()
		w.journal.locks[w.res] = []collab.Lock{lock}
		head := w.journal.heads[w.res]
		head.Guard++
		w.journal.heads[w.res] = head
		lost := false
		w.journal.fate = func(int) fate { // the first append with the refusal is kept, but its answer is lost
			if w.journal.heads[w.res] == head && len(w.journal.audited) == 0 && !lost && w.journal.appends > 1 {
				lost = true
				return unknown
			}
			return commits
		}
		w.journal.mu.Unlock()
		w.types(anna, "notes", "under his hands")
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, codes := anna.saved(); !slices.Equal(codes, []collab.Code{collab.CodeUpdateRejected}) {
			t.Errorf("refused %v, want UPDATE_REJECTED once", codes)
		}
		events := map[string]bool{}
		for _, row := range w.journal.audited {
			events[row.EventID] = true
		}
		if !lost || len(w.journal.audited) < 2 || len(events) != 1 {
			t.Errorf("lost: %v, %d rows of %d events; want rows of one event, which the store keeps once", lost, len(w.journal.audited), len(events))
		}
	})
}

func TestRowsOfAnotherInstanceAreDeliveredBeforeOwnOnesAreAppended(t *testing.T) { // D2b, D4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		other := newWardOn(t, w.journal, w.rooms.opts.Bus, "i_2")
		defer other.close()
		other.next = 100
		carla := other.join("carla/1")
		w.rooms.opts.Bus.Subscribe(w.res, "i_3", func(collab.Notice) bool { return true })
		mute := w.rooms.find(w.res)
		mute.opts.Bus = inprocSilent{} // this instance hears nothing and tells nothing
		w.rooms.rooms[w.res].stop()
		w.rooms.rooms[w.res].stop = func() {}
		other.types(carla, "notes", "theirs ")
		synctest.Wait()
		w.types(anna, "plan", "ours")
		time.Sleep(gapPatience) // in which the bus might have told
		synctest.Wait()
		w.wantText(bruno, "notes", "theirs ")
		w.wantText(bruno, "plan", "ours")
		if saved, _ := anna.saved(); !slices.Equal(saved, []int64{3}) {
			t.Errorf("acknowledged %v, want revision 3, after theirs", saved)
		}
		other.types(carla, "notes", "again")
		time.Sleep(gapPatience)
		synctest.Wait()
		w.wantStored("notes", "theirs again")
		other.wantText(carla, "plan", "ours")
	})
}

func TestTwoInstancesFollowEachOtherOverTheBus(t *testing.T) { // D4, R5
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		other := newWardOn(t, w.journal, w.rooms.opts.Bus, "i_2")
		defer other.close()
		other.next = 100
		anna, bruno := w.join("anna/1"), other.join("bruno/1")
		w.types(anna, "notes", "a")
		synctest.Wait()
		other.types(bruno, "notes", "b")
		synctest.Wait()
		w.wantText(anna, "notes", "ab")
		other.wantText(bruno, "notes", "ab")
		if joined := bodies[*UserJoined](anna); len(joined) != 1 || joined[0].User.UserID != "bruno" {
			t.Errorf("heard of %d joins, want bruno's", len(joined))
		}
		w.send(anna, SetAwareness{From: anna.id, State: []byte(`{"field":"notes"}`)})
		time.Sleep(time.Second)
		synctest.Wait()
		if seen := bodies[*Awareness](bruno); len(seen) != 1 || seen[0].User != "anna" {
			t.Errorf("awareness of %d sessions, want anna's", len(seen))
		}
		w.send(anna, Leave{Session: anna.id, Reason: "left"})
		synctest.Wait()
		if gone := bodies[*UserLeft](bruno); len(gone) != 1 || gone[0].User != "anna" {
			t.Errorf("heard of %d departures, want anna's", len(gone))
		}
	})
}

func TestFullQueueAsksTheSenderToKeepTheUpdate(t *testing.T) { // F4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna := w.join("anna/1")
		w.journal.hold = true
		for range maxWaitingUpdates + 2 {
			w.send(anna, Update{From: anna.id, Payload: []byte{0, 0}, At: time.Now()})
			w.types(anna, "notes", "x")
		}
		synctest.Wait()
		_, codes := anna.saved()
		if len(codes) == 0 || codes[0] != collab.CodeBackpressure {
			t.Fatalf("refused %d, want BACKPRESSURE beyond the bound", len(codes))
		}
		w.journal.release()
		synctest.Wait()
		saved, refused := anna.saved()
		if len(saved)+len(refused) != 2*(maxWaitingUpdates+2) {
			t.Errorf("%d acknowledged and %d refused of %d: every request is answered once", len(saved), len(refused), 2*(maxWaitingUpdates+2))
		}
	})
}

func TestWhatTheStoreNeverTakesIsRefusedAndTheRoomGoesOn(t *testing.T) { // D2, F4, F8
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		w.journal.fate = func(n int) fate {
			if n <= maxFailures+1 {
				return fails
			}
			return commits
		}
		w.types(anna, "notes", "poison")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if saved, codes := anna.saved(); len(saved)+len(codes) != 0 {
			t.Fatalf("answered %v %v while it could still be saved", saved, codes)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, codes := anna.saved(); !slices.Equal(codes, []collab.Code{collab.CodeUnavailable}) {
			t.Fatalf("refused %v, want UNAVAILABLE", codes)
		}
		w.types(bruno, "notes", "fine")
		time.Sleep(time.Minute)
		synctest.Wait()
		w.wantText(anna, "notes", "poisonfine")
		w.wantStored("notes", "fine")
	})
}

func TestSyncsThatWaitAreBounded(t *testing.T) { // F4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna := w.join("anna/1")
		w.journal.hold = true
		w.types(anna, "notes", "under way")
		synctest.Wait()
		for range maxWaitingSyncs + 3 {
			w.send(anna, Sync{From: anna.id})
		}
		synctest.Wait()
		if _, codes := anna.saved(); len(codes) != 3 || codes[0] != collab.CodeBackpressure {
			t.Errorf("refused %v, want BACKPRESSURE for the 3 beyond the bound", codes)
		}
		w.journal.release()
		synctest.Wait()
	})
}
