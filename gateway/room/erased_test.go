package room

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
)

// erase takes away what the journal holds, as `corsia privacy erase` does in the store.
func (j *journal) erase(res collab.Resource) collab.Head {
	j.mu.Lock()
	defer j.mu.Unlock()
	head := j.heads[res]
	head.Epoch, head.Guard = head.Epoch+1, head.Guard+1
	j.heads[res], j.rows[res], j.locks[res], j.seeds = head, nil, nil, nil
	j.erased = collab.LastErasure{Epoch: head.Epoch, At: time.Now()}
	return head
}

// compactions notes of which resources the cache has to forget something.
type compactions struct {
	noCompaction
	erased []collab.Resource // written by the room's goroutine, read when it is idle
}

func (c *compactions) Erased(res collab.Resource) { c.erased = append(c.erased, res) }

// look is what Registry.Run does every second.
func (w *ward) look() {
	w.rooms.lookAtHeads(context.Background(), w.rooms.openRooms())
	synctest.Wait()
}

func TestWhoIsThereWhenTheContentIsErasedIsToldAndBeginsAnew(t *testing.T) { // O7
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		cache := &compactions{}
		w.rooms.opts.Compactor = cache
		anna, bruno := w.join("anna/1"), w.join("viewer/1")
		w.types(anna, "notes", "erased text")
		key := collab.LockKey{Resource: w.res, Field: "plan"}
		held := collab.Lock{ID: "l_1", Key: key, Fence: 1, User: "anna", Session: "anna/1"}
		held.Key.Resource = w.res
		w.send(anna, Granted{Grant: collab.LockGranted{Lock: held, Head: w.journal.grant(held)}, Then: func() {}})
		synctest.Wait()
		head := w.journal.erase(w.res)
		w.look()
		for _, c := range []*client{anna, bruno} {
			if told := bodies[*Erased](c); len(told) != 1 || *told[0] != (Erased{Resource: w.res.ID, Epoch: head.Epoch}) {
				t.Fatalf("%s was told %+v", c.id, told)
			}
		}
		if !slices.Equal(cache.erased, []collab.Resource{w.res}) {
			t.Errorf("the cache forgets %v", cache.erased)
		}
		time.Sleep(time.Second) // nobody says why the lock has ended
		if ends := bodies[*Unlocked](bruno); len(ends) != 1 || ends[0].Lock.ID != "l_1" {
			t.Errorf("of the end of the lock was told %+v", ends)
		}

		w.types(anna, "notes", " and more") // her page has not looked yet
		epoch := int64(1)
		w.send(anna, Update{From: anna.id, Payload: lost(t, 7, "notes", "given back"), Healing: &epoch, At: time.Now()})
		w.send(anna, Seed{From: anna.id, Client: 99, Values: []collab.Seed{{Field: "plan", Value: `"what the page shows"`}}, At: time.Now()})
		w.send(anna, Sync{From: anna.id})
		synctest.Wait()
		if _, codes := anna.saved(); !slices.Equal(codes, slices.Repeat([]collab.Code{collab.CodeResyncRequired}, 4)) {
			t.Errorf("her updates are refused by %v", codes)
		}
		w.wantStored("notes", "")

		anna.doc = newDoc()
		w.enter(anna)
		synctest.Wait()
		if state := states(anna)[1]; state.Erased != head.Epoch || state.Head.Revision != head.Revision || len(state.Locks) > 0 {
			t.Errorf("she begins anew with %+v", state)
		}
		w.types(anna, "notes", "new text")
		synctest.Wait()
		w.wantStored("notes", "new text")
		if got := bodies[*Updated](bruno); len(got) != 1 { // of the life before
			t.Errorf("who has not begun anew was given %d updates, want the one before the erasure", len(got))
		}
	})
}

func TestWhatIsUnderWayWhenTheContentIsErasedIsRefused(t *testing.T) { // O7, D2b
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna, bruno := w.join("anna/1"), w.join("bruno/1")
		w.types(anna, "notes", "saved")
		synctest.Wait()
		w.journal.wait()
		w.types(anna, "notes", " flying")
		synctest.Wait()
		w.types(bruno, "notes", " waiting")
		synctest.Wait()
		w.journal.erase(w.res)
		w.journal.release() // it meets another epoch
		synctest.Wait()
		for _, c := range []*client{anna, bruno} {
			if _, codes := c.saved(); !slices.Equal(codes, []collab.Code{collab.CodeResyncRequired}) {
				t.Errorf("%s was refused by %v", c.id, codes)
			}
			if len(bodies[*Erased](c)) != 1 {
				t.Errorf("%s was not told", c.id)
			}
		}
		w.wantStored("notes", "")
	})
}

func TestAnInstanceShowsNobodyTheNewLifeInTheOldOne(t *testing.T) { // O7, D4
	synctest.Test(t, func(t *testing.T) {
		one, other, _ := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		one.types(anna, "notes", "erased")
		synctest.Wait()
		one.journal.erase(one.res)
		one.look() // the other has not looked yet
		anna.doc = newDoc()
		one.enter(anna)
		synctest.Wait()
		one.types(anna, "plan", "new")
		synctest.Wait()
		if len(bodies[*Erased](bruno)) != 1 { // it has heard of the new life by a row of it
			t.Error("the other instance has told nobody")
		}
		other.wantText(bruno, "plan", "")
		bruno.doc = newDoc()
		other.enter(bruno)
		synctest.Wait()
		other.wantText(bruno, "plan", "new")
		other.wantText(bruno, "notes", "")
		wantSameEverywhere(t, one, anna, bruno)
	})
}

func TestWhoWasAwayDuringTheErasureIsToldWhenItResumes(t *testing.T) { // O7, C11
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna := w.join("anna/1")
		w.types(anna, "notes", "erased")
		joined := time.Now()
		time.Sleep(time.Second)
		w.journal.erase(w.res)
		w.look()
		resume := func(at time.Time) {
			m := collab.Member{Resource: w.res, Session: anna.id, User: "anna", Mode: collab.Editor, Instance: "i_1", JoinedAt: at}
			w.send(anna, Resume{Peer: anna, Member: m})
			synctest.Wait()
		}
		resume(joined)
		if told := bodies[*Erased](anna); len(told) != 2 {
			t.Errorf("told %d times, want once more after the resumption", len(told))
		}
		w.types(anna, "notes", " more")
		synctest.Wait()
		if _, codes := anna.saved(); !slices.Equal(codes, []collab.Code{collab.CodeResyncRequired}) {
			t.Errorf("refused by %v", codes)
		}
		time.Sleep(time.Second)
		resume(time.Now()) // it joined since
		if told := bodies[*Erased](anna); len(told) != 2 {
			t.Errorf("told %d times, though it joined afterwards", len(told))
		}
	})
}

func TestARecoveryTakesNothingBackOfALifeBeforeAnErasure(t *testing.T) { // O7, D8
	for _, tt := range []struct {
		epoch, erased int64
		healed        int64
		open          bool
	}{{1, 0, 0, true}, {2, 2, 0, false}, {3, 2, 2, true}, {3, 3, 0, false}} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := recovering(t) // of epoch 0
			defer w.close()
			w.journal.heads[w.res] = collab.Head{Revision: 1, Epoch: tt.epoch}
			w.journal.erased = collab.LastErasure{Epoch: tt.erased}
			anna := w.join("anna/1")
			heals := states(anna)[0].Heals
			if (heals != nil) != tt.open || heals != nil && *heals != tt.healed {
				t.Errorf("a document of epoch %d, erased in %d, heals %v, want %d, %v", tt.epoch, tt.erased, heals, tt.healed, tt.open)
			}
		})
	}
}

func TestWhatWasSaidBeforeTheErasureIsNotSaidAgain(t *testing.T) { // O7, W4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		said := time.Now()
		w.rooms.opts.Recent = func(_ collab.Resource, since time.Time) []Notification {
			if since.After(said) {
				return nil
			}
			return []Notification{{Delivery: "dlv_1", Resource: w.res, Data: []byte(`"erased"`)}}
		}
		w.journal.create(w.res)
		time.Sleep(time.Second)
		w.journal.erase(w.res)
		anna := w.join("anna/1")
		w.send(anna, Join{Peer: anna, Member: collab.Member{Resource: w.res, Session: anna.id, User: "anna", Mode: collab.Viewer}, StateVector: []byte{0}})
		synctest.Wait()
		if got := bodies[*Notification](anna); len(got) > 0 {
			t.Errorf("was told %+v", got)
		}
	})
}

func TestAnInstanceThatHasNoOthersLooksToo(t *testing.T) { // O7
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.rooms.RunAlone(ctx) }()
		anna := w.join("anna/1")
		w.types(anna, "notes", "erased text")
		w.journal.erase(w.res)
		time.Sleep(2 * lookEvery)
		synctest.Wait()
		if told := bodies[*Erased](anna); len(told) != 1 {
			t.Errorf("she was told %+v", told)
		}
		stop()
		<-done
	})
}
