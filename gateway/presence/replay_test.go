package presence

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
)

var errAway = errors.New("redis is away")

func TestWhoLeavesWhileTheDriverIsAwayHauntsNoRoom(t *testing.T) { // F1, R3
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		gone, stays := session("s_1", "anna"), session("s_2", "bruno")
		e, _ := open(t, tr, gone)
		open(t, tr, stays)
		m := enter(t, tr, gone)
		enter(t, tr, stays)
		d.set(errAway, nil)
		begin := time.Now()
		if err := tr.Leave(t.Context(), m); err != nil {
			t.Fatalf("leave: %v", err)
		}
		if err := tr.Close(t.Context(), e); err != nil {
			t.Fatalf("close: %v", err)
		}
		time.Sleep(9 * time.Second)
		d.set(nil, nil)
		time.Sleep(maxTick)
		synctest.Wait()
		if now := d.members(t); len(now) != 1 || now[0].Session != "s_2" {
			t.Errorf("members %v after %v", now, time.Since(begin))
		}
		if n := d.sessions(t, "anna"); n != 0 {
			t.Errorf("%d sessions of a user who has gone", n)
		}
		if n := d.sessions(t, "bruno"); n != 1 {
			t.Errorf("%d sessions of a user who stays", n)
		}
		if tr.behind() != nil {
			t.Error("something is kept still")
		}
	})
}

// Each end while the driver does not answer would cost the time limit of an operation.
func TestEndsThatFollowAFailedOneDoNotAskTheDriver(t *testing.T) { // F1, R3
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		e, _ := open(t, tr, s)
		d.set(errAway, nil)
		m := collab.Member{Resource: ward, Session: s.ID, User: s.User}
		if err := tr.Leave(t.Context(), m); err != nil {
			t.Fatalf("leave: %v", err)
		}
		d.set(nil, nil)
		if err := tr.Close(t.Context(), e); err != nil {
			t.Fatalf("close: %v", err)
		}
		if n := d.sessions(t, "anna"); n != 1 {
			t.Fatalf("%d sessions: the driver was told out of turn", n)
		}
		time.Sleep(maxTick)
		synctest.Wait()
		if n := d.sessions(t, "anna"); n != 0 {
			t.Errorf("%d sessions of a user who has gone", n)
		}
	})
}

func TestWhoHasComeBackMeanwhileStays(t *testing.T) { // F1, R5
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		open(t, tr, s)
		m := enter(t, tr, s)
		d.set(errAway, nil)
		if err := tr.Leave(t.Context(), m); err != nil {
			t.Fatalf("leave: %v", err)
		}
		d.set(nil, nil)
		enter(t, tr, s)
		time.Sleep(3 * maxTick)
		synctest.Wait()
		if n := len(d.members(t)); n != 1 {
			t.Errorf("%d members, want who came back", n)
		}
		// The same when the late leave is under way just then.
		d.set(errAway, nil)
		if err := tr.Leave(t.Context(), m); err != nil {
			t.Fatalf("leave: %v", err)
		}
		d.set(nil, nil)
		if _, err := d.State.Enter(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		tr.mu.Lock()
		tr.live[s.ID].members[m.Resource] = membership{Member: m, renewed: time.Now()}
		tr.mu.Unlock()
		time.Sleep(3 * maxTick)
		synctest.Wait()
		if n := len(d.members(t)); n != 1 {
			t.Errorf("%d members, want who came back during the leave", n)
		}
	})
}

func TestSessionsOfOtherInstancesAreNotClosedLate(t *testing.T) { // C11
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		s.Instance, s.ResumeHash = "i_1", "first"
		e, _ := open(t, tr, s)
		d.set(errAway, nil)
		if err := tr.Close(t.Context(), e); err != nil {
			t.Fatalf("close: %v", err)
		}
		if _, _, err := d.ClaimSession(t.Context(), collab.Claim{Tenant: s.Tenant, User: s.User, Session: s.ID, Instance: "i_2", Hash: "first", Next: "second"}); err != nil {
			t.Fatalf("claim: %v", err)
		}
		d.set(nil, nil)
		time.Sleep(2 * maxTick)
		synctest.Wait()
		if n := d.sessions(t, "anna"); n != 1 || tr.behind() != nil {
			t.Errorf("%d sessions, want the one that goes on elsewhere; %v", n, tr.behind())
		}
	})
}

func TestOnlySoManyEndsAreKept(t *testing.T) { // F1
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		d.set(errAway, nil)
		for i := range maxKept {
			m := collab.Member{Resource: ward, Session: collab.SessionID(strconv.Itoa(i))}
			if err := tr.Leave(t.Context(), m); err != nil {
				t.Fatalf("leave %d: %v", i, err)
			}
		}
		if err := tr.Leave(t.Context(), collab.Member{Resource: ward, Session: "s_last"}); !errors.Is(err, errBehind) {
			t.Errorf("one more: %v", err)
		}
	})
}

func TestEndsAreNotKeptForEver(t *testing.T) { // F1
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		e, _ := open(t, tr, session("s_1", "anna"))
		d.set(errAway, nil)
		if err := errors.Join(tr.Leave(t.Context(), collab.Member{Resource: ward, Session: "s_1"}), tr.Close(t.Context(), e)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(keptFor + 2*maxTick)
		synctest.Wait()
		if tr.behind() != nil {
			t.Error("ends are kept that have ended by themselves")
		}
	})
}

// crowd is a state driver that loses everything, counts how many operations it has at once, and takes its time.
type crowd struct {
	*driver
	now, most atomic.Int32
}

func (c *crowd) busy() func() {
	n := c.now.Add(1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	time.Sleep(time.Millisecond)
	return func() { c.now.Add(-1) }
}

func (c *crowd) TouchSession(ctx context.Context, s collab.Session, at time.Time) error {
	defer c.busy()()
	return c.driver.TouchSession(ctx, s, at)
}

func (c *crowd) RenewMember(ctx context.Context, m collab.Member) error {
	defer c.busy()()
	return c.driver.RenewMember(ctx, m)
}

func TestEverythingIsWrittenAgainAtOnceAfterALoss(t *testing.T) { // R5, F1
	const sessions = 1000
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		c := &crowd{driver: d}
		tr.Sessions, tr.Rooms = c, c
		for i := range sessions {
			s := session(collab.SessionID(fmt.Sprintf("s_%d", i)), collab.UserID(fmt.Sprintf("u_%d", i)))
			open(t, tr, s)
			enter(t, tr, s)
		}
		time.Sleep(time.Minute)
		d.State = inproc.NewState(time.Now) // all is lost
		tr.Rebuild()
		begin := time.Now()
		for len(d.members(t)) < sessions {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(begin); took > maxTick {
			t.Errorf("it took %v", took)
		}
		if n := d.sessions(t, "u_7"); n != 1 {
			t.Errorf("%d sessions of a user", n)
		}
		if n := c.most.Load(); n != atOnce {
			t.Errorf("%d operations at once, want %d", n, atOnce)
		}
		time.Sleep(2 * maxTick)
		synctest.Wait()
		if d.renewed != sessions {
			t.Errorf("%d renewals, want %d", d.renewed, sessions)
		}
	})
}

// What is written just before a loss may be lost, although the driver said that it was written.
func TestRenewalThatCrossesALossIsMadeAgain(t *testing.T) { // R5
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		open(t, tr, s)
		enter(t, tr, s)
		goOn := make(chan struct{})
		d.set(nil, func() { <-goOn })
		tr.Rebuild()
		synctest.Wait() // a renewal stands before its write
		tr.Rebuild()
		d.set(nil, nil)
		close(goOn)
		synctest.Wait()
		d.State = inproc.NewState(time.Now)
		tr.Rebuild()
		time.Sleep(2 * maxTick)
		synctest.Wait()
		if d.sessions(t, "anna") != 1 || len(d.members(t)) != 1 {
			t.Error("what was lost was not written again")
		}
	})
}

func TestWhatADriverDidWithoutAnAnswerIsUndone(t *testing.T) { // F1, C11
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		d.setMute(true)
		if _, _, err := tr.Open(t.Context(), session("s_1", "anna")); err == nil {
			t.Fatal("opened without an answer")
		}
		d.setMute(false)
		time.Sleep(2 * maxTick)
		synctest.Wait()
		if n := d.sessions(t, "anna"); n != 0 {
			t.Errorf("%d sessions of a user who was refused", n)
		}

		s := session("s_2", "bruno")
		s.ResumeHash = "shown"
		e, _ := open(t, tr, s)
		d.setMute(true)
		if err := tr.Seal(t.Context(), e); err == nil {
			t.Fatal("sealed without an answer")
		}
		d.setMute(false)
		if err := tr.Close(t.Context(), e); err != nil {
			t.Fatalf("close: %v", err)
		}
		if n := d.sessions(t, "bruno"); n != 0 {
			t.Errorf("%d sessions of a user who has gone", n)
		}
	})
}

// A leave that got no answer is carried out when the driver is back, perhaps after the join that came behind it.
func TestWhoJoinsBehindALeaveWithoutAnAnswerStays(t *testing.T) { // F1, R5
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		open(t, tr, s)
		m := enter(t, tr, s)
		d.set(errAway, nil)
		if err := tr.Leave(t.Context(), m); err != nil {
			t.Fatalf("leave: %v", err)
		}
		d.set(nil, nil)
		enter(t, tr, s)
		if _, err := d.State.Leave(t.Context(), m); err != nil { // late
			t.Fatal(err)
		}
		time.Sleep(2 * maxTick)
		synctest.Wait()
		if n := len(d.members(t)); n != 1 {
			t.Errorf("%d members, want who joined", n)
		}
	})
}

func TestSuspendedSessionComesBackByNoRenewalUnlessAllWasLost(t *testing.T) { // C11, R5
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		e, _ := open(t, tr, s)
		m := enter(t, tr, s)
		tr.Suspend(e)
		if err := d.State.CloseSession(t.Context(), s); err != nil { // as another instance did
			t.Fatal(err)
		}
		if _, err := d.State.Leave(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		e.Seen(time.Now().Add(time.Second), true)
		time.Sleep(2 * time.Second)
		tr.Rebuild()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if d.sessions(t, "anna") != 0 || len(d.members(t)) != 0 {
			t.Fatalf("%d sessions, %d members of who ended elsewhere", d.sessions(t, "anna"), len(d.members(t)))
		}
		tr.Repair()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if d.sessions(t, "anna") != 1 || len(d.members(t)) != 1 {
			t.Fatalf("%d sessions, %d members after a loss", d.sessions(t, "anna"), len(d.members(t)))
		}
	})
}

// A replica that takes over lacks the last writes: who left just before is there again.
func TestWhoLeftBeforeAFailOverHauntsNoRoom(t *testing.T) { // R5, L8
	tests := []struct {
		name          string
		since         time.Duration // from the end to the fail-over
		members, left int           // of the room, and sessions of who left
	}{
		{"just before", time.Second, 1, 0},
		{"long before: that was not lost", toldFor + 2*maxTick, 2, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
				gone, stays := session("s_1", "anna"), session("s_2", "bruno")
				e, _ := open(t, tr, gone)
				open(t, tr, stays)
				m := enter(t, tr, gone)
				again := enter(t, tr, stays)
				for _, err := range []error{tr.Leave(t.Context(), m), tr.Close(t.Context(), e), tr.Leave(t.Context(), again)} {
					if err != nil {
						t.Fatal(err)
					}
				}
				enter(t, tr, stays)
				time.Sleep(tt.since)
				if _, err := d.State.OpenSession(t.Context(), gone); err != nil {
					t.Fatal(err)
				}
				if _, err := d.State.Enter(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				tr.Repair()
				time.Sleep(maxTick)
				synctest.Wait()
				if got := d.members(t); len(got) != tt.members {
					t.Errorf("members %v, want %d", got, tt.members)
				}
				if n := d.sessions(t, "anna"); n != tt.left {
					t.Errorf("%d sessions of who left, want %d", n, tt.left)
				}
			})
		})
	}
}
