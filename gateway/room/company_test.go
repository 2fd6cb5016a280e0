package room

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// unsent returns an update that a client has made but not sent, so that another session of its user can.
func (w *ward) unsent(c *client, field, text string) []byte {
	w.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	update, err := c.doc.Transact(ydoc.ClientID(c.yjs), func(e *ydoc.Edit) { e.InsertText(field, len(c.doc.Text(field)), text) })
	if err != nil {
		w.t.Fatalf("type: %v", err)
	}
	return update
}

// everything is unsent with all that the client has.
func (w *ward) everything(c *client, field, text string) []byte {
	w.t.Helper()
	w.unsent(c, field, text)
	c.mu.Lock()
	defer c.mu.Unlock()
	all, err := c.doc.EncodeState(nil)
	if err != nil {
		w.t.Fatalf("encode: %v", err)
	}
	return all
}

func (w *ward) wantSaved(c *client, n int, refused ...collab.Code) {
	w.t.Helper()
	synctest.Wait()
	if saved, codes := c.saved(); len(saved) != n || !slices.Equal(codes, refused) {
		w.t.Fatalf("%s: saved %v, refused %v, want %d and %v", c.id, saved, codes, n, refused)
	}
}

func TestSuspendedSessionYieldsItsClientIDsToItsUser(t *testing.T) { // D7, C11
	for _, used := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWard(t)
			defer w.close()
			killed := w.join("anna/1")
			if used {
				w.types(killed, "notes", "1")
				synctest.Wait()
			}
			killed.suspend(true)
			stored := w.unsent(killed, "notes", "2")
			stranger, fresh := w.join("bruno/1"), w.join("anna/2")
			w.send(stranger, Update{From: stranger.id, Payload: stored, At: time.Now()})
			w.wantSaved(stranger, 0, collab.CodeForeignClient)
			w.send(fresh, Update{From: fresh.id, Payload: stored, At: time.Now()})
			w.wantSaved(fresh, 1)

			w.journal.mu.Lock() // a reload changes nothing
			w.journal.fate = func(int) fate { return fails }
			w.journal.mu.Unlock()
			w.types(fresh, "plan", "x")
			time.Sleep(reloadBackoff / 2)
			w.journal.mu.Lock()
			w.journal.fate = func(int) fate { return commits }
			w.journal.mu.Unlock()
			time.Sleep(maxReloadBackoff)
			w.wantSaved(fresh, 2)

			back := w.resume(killed, "i_1")
			w.types(back, "notes", "3") // two live sessions never share an id
			w.wantSaved(back, 0, collab.CodeForeignClient)
			want := "2"
			if used {
				want = "12"
			}
			w.wantStored("notes", want)
		})
	}
}

func TestSuspendedSessionOfAnotherInstanceYieldsWhenThatSaysSo(t *testing.T) { // D7, C11
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		killed, fresh := one.join("anna/1"), other.join("anna/2")
		one.types(killed, "notes", "1")
		synctest.Wait()
		killed.suspend(true)
		stored := Update{From: fresh.id, Payload: one.unsent(killed, "notes", "2"), At: time.Now()}
		bus.only(func(n collab.Notice) bool { return n.Kind != collab.BusInquiry })
		other.send(fresh, stored)
		time.Sleep(2 * inquireEvery)
		other.send(fresh, stored)
		other.wantSaved(fresh, 0, collab.CodeBackpressure, collab.CodeBackpressure) // nobody could be asked: nothing is lost
		bus.only(nil)
		time.Sleep(2 * inquireEvery)
		other.send(fresh, stored)
		synctest.Wait()
		other.send(fresh, stored)
		other.wantSaved(fresh, 1, collab.CodeBackpressure, collab.CodeBackpressure, collab.CodeBackpressure)

		killed.suspend(false)
		back := one.resume(killed, "i_1")
		late := Update{From: back.id, Payload: one.everything(back, "notes", "3"), At: time.Now()}
		one.send(back, late)
		synctest.Wait()
		one.send(back, late)
		one.wantSaved(back, 0, collab.CodeBackpressure, collab.CodeForeignClient)
		one.wantStored("notes", "12")
	})
}

// The answer may be out of date when the update is judged: the journal's order decides.
func TestOfTwoSessionsThatWriteUnderOneIDTheFirstInTheJournalHasIt(t *testing.T) { // D7, D2b
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		killed, fresh := one.join("anna/1"), other.join("anna/2")
		one.types(killed, "notes", "1")
		synctest.Wait()
		killed.suspend(true)
		page := &client{t: t, id: killed.id, doc: ydoc.New(), yjs: killed.yjs} // another one than comes back
		if err := page.doc.ApplyUpdate(one.everything(killed, "notes", "")); err != nil {
			t.Fatal(err)
		}
		stored := Update{From: fresh.id, Payload: one.unsent(page, "notes", "stored by the page"), At: time.Now()}
		other.send(fresh, stored)
		synctest.Wait() // now the other instance has heard that the session is away
		bus.only(func(n collab.Notice) bool { return n.Kind != collab.BusJoined })
		killed.suspend(false)
		back := one.resume(killed, "i_1")
		one.journal.wait()
		one.send(back, Update{From: back.id, Payload: one.unsent(back, "notes", "mine"), At: time.Now()})
		synctest.Wait()
		other.send(fresh, stored)
		synctest.Wait()
		one.journal.release()
		time.Sleep(maxReloadBackoff)
		synctest.Wait()
		one.wantSaved(back, 1)
		saved, _ := fresh.saved()
		if len(saved) != 0 {
			t.Fatalf("two sessions wrote under one id: %v", saved)
		}
		one.wantStored("notes", "1mine")
	})
}

func TestLockOfASuspendedSessionIsAwaitedByItsUser(t *testing.T) { // D7, L6
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		killed, fresh, bruno := w.join("anna/1"), w.join("anna/2"), w.join("bruno/1")
		lock := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: w.res, Field: "notes"}, Fence: 1, User: "anna", Session: killed.id}
		w.rooms.Granted(collab.LockGranted{Lock: lock, Head: w.journal.grant(lock)}, func() {})
		killed.suspend(true)
		w.types(bruno, "notes", "x")
		w.wantSaved(bruno, 0, collab.CodeUpdateRejected)
		stored := Update{From: fresh.id, Payload: w.unsent(killed, "notes", "kept"), At: time.Now()}
		w.send(fresh, stored)
		w.wantSaved(fresh, 0, collab.CodeBackpressure)
		w.rooms.Ended(lock, collab.LockUserDisconnected, w.journal.end(lock))
		w.send(fresh, stored)
		w.wantSaved(fresh, 1, collab.CodeBackpressure)
		w.wantStored("notes", "kept")
	})
}
