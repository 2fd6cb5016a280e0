package presence

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

// resumable opens a session with a resume key in the ward, on the instance i_1.
func resumable(t *testing.T, tr *Tracker) (*Entry, collab.Member) {
	t.Helper()
	s := session("s_1", "anna")
	s.Instance, s.ResumeHash = "i_1", "shown"
	e, _ := open(t, tr, s)
	m := collab.Member{Resource: ward, Session: s.ID, User: s.User, Mode: collab.Editor, Instance: s.Instance, JoinedAt: time.Now()}
	if _, err := tr.Enter(t.Context(), m); err != nil {
		t.Fatalf("enter: %v", err)
	}
	return e, m
}

var claim = collab.Claim{Tenant: "default", User: "anna", Session: "s_1", Instance: "i_2", Hash: "shown", Next: "next"}

func TestClaimedSessionIsRenewedByItsHeirAlone(t *testing.T) { // C11, R5
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		e, m := resumable(t, tr)
		heir := New(Options{Sessions: d, Rooms: d, Log: obs.TestLogger(t, t.Output()), Now: time.Now, ActivityTTL: activityTTL, RoomTTL: roomTTL})
		entry, s, places, err := heir.Claim(t.Context(), claim)
		if err != nil || s.Instance != "i_2" || len(places) != 1 || places[0].Instance != "i_2" {
			t.Fatalf("claimed %+v with %+v, %v", s, places, err)
		}
		if !heir.Acted("s_1", time.Second) {
			t.Fatal("who came back counts as idle, and loses its locks")
		}
		if lost := tr.Lost(); len(lost) != 0 {
			t.Fatalf("lost %v before anybody asked", lost)
		}
		if err := tr.Confirm(t.Context(), e); !errors.Is(err, collab.ErrLost) {
			t.Fatalf("the old instance asks: %v, want ErrLost", err)
		}
		time.Sleep(roomTTL / 2) // the old instance still thinks that it has the session
		e.Seen(time.Now(), true)
		time.Sleep(roomTTL / renewals)
		synctest.Wait()
		if lost := tr.Lost(); !slices.Equal(lost, []collab.SessionID{"s_1"}) {
			t.Fatalf("lost %v, want s_1", lost)
		}
		if now := d.members(t); len(now) != 1 || now[0].Instance != "i_2" {
			t.Fatalf("members %+v, want the heir's", now)
		}
		if err := tr.Leave(t.Context(), m); !errors.Is(err, collab.ErrLost) {
			t.Fatalf("the old instance leaves: %v, want ErrLost", err)
		}
		tr.Forget(e)
		if len(tr.Lost()) != 0 {
			t.Fatal("a session is lost that was forgotten")
		}
		if err := heir.Confirm(t.Context(), entry); err != nil {
			t.Fatalf("the heir asks: %v", err)
		}
		heir.renew(t.Context())
		if d.sessions(t, "anna") != 1 || len(d.members(t)) != 1 {
			t.Fatalf("%d sessions, %d members", d.sessions(t, "anna"), len(d.members(t)))
		}
	})
}

func TestSessionThatHasEndedElsewhereDoesNotComeBackByBeingAskedFor(t *testing.T) { // C11, T3
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		e, _ := resumable(t, tr)
		tr.Suspend(e)
		heir := New(Options{Sessions: d, Rooms: d, Log: obs.TestLogger(t, t.Output()), Now: time.Now, ActivityTTL: activityTTL, RoomTTL: roomTTL})
		entry, _, places, err := heir.Claim(t.Context(), claim)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(heir.Leave(t.Context(), places[0]), heir.Close(t.Context(), entry)); err != nil {
			t.Fatalf("the heir ends it: %v", err)
		}
		if err := tr.Confirm(t.Context(), e); err != nil {
			t.Fatalf("the old instance asks: %v", err)
		}
		if n := d.sessions(t, "anna"); n != 0 {
			t.Fatalf("%d sessions are there", n)
		}
		if err := tr.Seal(t.Context(), e); !errors.Is(err, collab.ErrNotFound) {
			t.Fatalf("seal: %v, want ErrNotFound: it would end twice", err)
		}
	})
}

func TestSessionThatEndsIsClaimedByNobody(t *testing.T) { // C11
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		e, m := resumable(t, tr)
		if err := tr.Seal(t.Context(), e); err != nil {
			t.Fatalf("seal: %v", err)
		}
		if _, _, _, err := tr.Claim(t.Context(), claim); !errors.Is(err, collab.ErrLost) {
			t.Fatalf("claimed after that: %v, want ErrLost", err)
		}
		if err := errors.Join(tr.Confirm(t.Context(), e), tr.Leave(t.Context(), m), tr.Close(t.Context(), e)); err != nil {
			t.Fatalf("its end: %v", err)
		}
		if d.sessions(t, "anna") != 0 || len(d.members(t)) != 0 {
			t.Fatalf("%d sessions, %d members are left", d.sessions(t, "anna"), len(d.members(t)))
		}
		if err := tr.Seal(t.Context(), e); !errors.Is(err, collab.ErrNotFound) {
			t.Fatalf("seal what has ended: %v, want ErrNotFound", err)
		}
	})
}

// Who got no answer asks again with the same claim: another one would find the first in force, and take it for somebody's.
func TestSealWithoutAnAnswerIsAskedForAgain(t *testing.T) { // C11, F1
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		e, _ := resumable(t, tr)
		d.setMute(true)
		if err := tr.Seal(t.Context(), e); err == nil || errors.Is(err, collab.ErrLost) {
			t.Fatalf("seal without an answer: %v", err)
		}
		d.setMute(false)
		if err := tr.Seal(t.Context(), e); err != nil {
			t.Fatalf("seal again: %v", err)
		}
		if _, _, _, err := tr.Claim(t.Context(), claim); !errors.Is(err, collab.ErrLost) {
			t.Fatalf("claimed after that: %v, want ErrLost", err)
		}
	})
}

func TestSessionThatWasClaimedCannotBeSealed(t *testing.T) { // C11
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		e, _ := resumable(t, tr)
		if _, _, err := d.ClaimSession(t.Context(), claim); err != nil {
			t.Fatal(err)
		}
		if err := tr.Seal(t.Context(), e); !errors.Is(err, collab.ErrLost) {
			t.Fatalf("seal: %v, want ErrLost", err)
		}
		if err := tr.Close(t.Context(), e); !errors.Is(err, collab.ErrLost) {
			t.Fatalf("close: %v, want ErrLost", err)
		}
		if d.sessions(t, "anna") != 1 {
			t.Fatal("the session is gone")
		}
	})
}
