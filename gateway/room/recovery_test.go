package room

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"corsia/gateway/document"
	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// recovering is a ward whose documents take back what was lost of epoch 0 until the time that is returned is set.
func recovering(t *testing.T) (w *ward, end *time.Time) {
	w = newWard(t)
	w.next = 999
	until := time.Now().Add(time.Hour)
	list := &RecoveryList{}
	list.current.Store(&[]collab.Recovery{{Tenant: "default", Until: until}})
	end = &until
	w.rooms.opts.Heals = func(tenant collab.Tenant, epoch int64, now time.Time) (int64, bool) {
		healed, open := list.Heals(tenant, epoch, now)
		return healed, open && now.Before(*end)
	}
	w.rooms.opts.Healed = func(h Healed) collab.AuditRow {
		return collab.AuditRow{EventID: "healed", Type: "ADMIN_ACTION", Actor: h.Member.User, Resource: h.Resource.ID}
	}
	return w, end
}

func TestARecoveryIsOfATenantAndOfALifeBefore(t *testing.T) { // D8
	now := time.Now()
	list := &RecoveryList{}
	if _, open := list.Heals("ward", 1, now); open {
		t.Error("a recovery is open of which nobody has heard")
	}
	all := []collab.Recovery{
		{Tenant: "ward", Epoch: 1, Until: now.Add(time.Hour)},
		{Tenant: collab.AllTenants, Epoch: 3, Until: now.Add(time.Minute)},
	}
	list.current.Store(&all)
	tests := []struct {
		tenant collab.Tenant
		epoch  int64
		at     time.Time
		healed int64
		open   bool
	}{
		{"ward", 0, now, 0, false}, {"ward", 1, now, 0, false}, {"ward", 2, now, 1, true}, {"ward", 4, now, 3, true},
		{"ward", 4, now.Add(time.Minute), 1, true}, {"ward", 4, now.Add(time.Hour), 0, false}, {"other", 2, now, 0, false}, {"other", 4, now, 3, true},
	}
	for _, tt := range tests {
		if healed, open := list.Heals(tt.tenant, tt.epoch, tt.at); healed != tt.healed || open != tt.open {
			t.Errorf("documents of %s in epoch %d heal %d, %v: want %d, %v", tt.tenant, tt.epoch, healed, open, tt.healed, tt.open)
		}
	}
}

// lost is what somebody wrote before the restore under a client id.
func lost(t *testing.T, client collab.ClientID, field, text string) []byte {
	t.Helper()
	update, err := ydoc.New().Transact(ydoc.ClientID(client), func(e *ydoc.Edit) { e.InsertText(field, 0, text) })
	if err != nil {
		t.Fatal(err)
	}
	return update
}

func (w *ward) heals(c *client, update []byte, epoch int64) {
	w.send(c, Update{From: c.id, Payload: update, Healing: &epoch, At: time.Now()})
	synctest.Wait()
}

func TestWhileARecoveryIsOpenWhatWasLostIsTakenBackAndAudited(t *testing.T) { // D8
	synctest.Test(t, func(t *testing.T) {
		w, end := recovering(t)
		defer w.close()
		anna, bruno, viewer := w.join("anna/1"), w.join("bruno/1"), w.join("viewer/1")
		for c, want := range map[*client]bool{anna: true, viewer: false} {
			if state := states(c)[0]; (state.Heals != nil) != want || want && *state.Heals != 0 {
				t.Errorf("%s was told to heal %v, want %v", c.id, state.Heals, want)
			}
		}
		w.heals(anna, lost(t, 7, "notes", "lost"), 0)
		w.wantText(bruno, "notes", "lost")
		w.wantStored("notes", "lost")
		w.types(anna, "notes", " and more")
		synctest.Wait()
		w.wantText(bruno, "notes", "lost and more")
		w.heals(bruno, lost(t, 7, "notes", "lost"), 0) // held by another page, too
		if saved, codes := anna.saved(); !slices.Equal(saved, []int64{2, 3}) || len(codes) > 0 {
			t.Errorf("anna's were answered by %v and %v", saved, codes)
		}
		if saved, codes := bruno.saved(); !slices.Equal(saved, []int64{3}) || len(codes) > 0 {
			t.Errorf("what is there already was answered by %v and %v, want the revision", saved, codes)
		}
		if a := w.journal.audited; len(a) != 1 || a[0].Type != "ADMIN_ACTION" || a[0].Actor != "anna" {
			t.Errorf("audited %+v, want that anna has recovered it, once", a)
		}
		if !slices.Equal(w.journal.retired, []collab.ClientID{7}) {
			t.Errorf("retired %v, want 7", w.journal.retired)
		}
		*end = time.Now()
		w.heals(bruno, lost(t, 8, "notes", "late"), 0)
		if _, codes := bruno.saved(); !slices.Equal(codes, []collab.Code{collab.CodeHealingRefused}) {
			t.Errorf("after the recovery healing was answered by %v", codes)
		}
		if state := states(w.join("carla/1"))[0]; state.Heals != nil {
			t.Error("after the recovery a session is told to heal")
		}
	})
}

func TestHealingIsRefusedAndAuditedButNotForEver(t *testing.T) { // D8, D6, L6
	synctest.Test(t, func(t *testing.T) {
		w, _ := recovering(t)
		defer w.close()
		anna := w.join("anna/1")
		w.heals(anna, lost(t, 7, "notes", "x"), 1)                                   // not the life that is healed
		w.heals(anna, make([]byte, document.DefaultLimits().UpdateBytes+1), 0)       // too large
		w.heals(anna, lost(t, anna.yjs, "notes", "under an id that is used now"), 0) // forged
		lock := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: w.res, Field: "notes"}, User: "bruno", Session: "bruno/1", Fence: 1}
		w.send(anna, Granted{Grant: collab.LockGranted{Lock: lock, Head: w.journal.grant(lock)}, Then: func() {}})
		w.heals(anna, lost(t, 7, "notes", "x"), 0)
		want := []collab.Code{collab.CodeHealingRefused, collab.CodeUpdateTooLarge, collab.CodeForeignClient, collab.CodeUpdateRejected}
		if _, codes := anna.saved(); !slices.Equal(codes, want) {
			t.Fatalf("answered by %v, want %v", codes, want)
		}
		var audited []collab.Code
		for _, row := range w.journal.audited {
			audited = append(audited, collab.Code(row.Type))
		}
		if !slices.Equal(audited, want) || len(w.journal.retired) > 0 {
			t.Errorf("audited %v and retired %v, want all refusals and no id", audited, w.journal.retired)
		}
		w.send(anna, Ended{Lock: lock, End: collab.LockReleased, Head: w.journal.end(lock)})
		w.heals(anna, lost(t, 7, "notes", "lost"), 0)
		w.types(anna, "plan", "goes on")
		synctest.Wait()
		w.wantStored("notes", "lost")
		w.wantStored("plan", "goes on")
		for range 2 * maxRefusedHealings {
			w.heals(anna, lost(t, 7, "notes", "x"), 1)
		}
		if n := len(w.journal.audited); n > maxRefusedHealings+1 {
			t.Errorf("%d refusals of one session are audited, want at most %d", n, maxRefusedHealings)
		}
	})
}

func TestWhileThoseWhoHaveWhatWasLostComeBackNothingIsFilledFromPages(t *testing.T) { // D8, G4
	synctest.Test(t, func(t *testing.T) {
		w, _ := recovering(t)
		defer w.close()
		anna := w.join("anna/1")
		seed := Seed{From: anna.id, Client: 2000, Values: []collab.Seed{{Field: "notes", Value: `"from the page"`}}}
		w.send(anna, seed)
		synctest.Wait()
		if _, codes := anna.saved(); !slices.Equal(codes, []collab.Code{collab.CodeBackpressure}) {
			t.Fatalf("a seed was answered by %v, want BACKPRESSURE", codes)
		}
		time.Sleep(healingFirst)
		w.send(anna, seed)
		synctest.Wait()
		w.wantStored("notes", "from the page")
	})
}

func states(c *client) (all []*State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.answers {
		if s, ok := a.Body.(*State); ok {
			all = append(all, s)
		}
	}
	return all
}
