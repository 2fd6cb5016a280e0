package presence

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
	"corsia/shared/obs"
)

const (
	activityTTL = 300 * time.Second
	roomTTL     = 600 * time.Second
)

var ward = collab.Resource{Tenant: "default", ID: "page:/patient/1"}

// driver is the embedded state driver, which can be away, and can stand still in the middle of a renewal.
type driver struct {
	*inproc.State
	mu      sync.Mutex
	away    error
	touched []time.Duration // since the start
	renewed int
	start   time.Time
	pause   func() // before a renewal is written
	mute    bool   // it does what it is asked for, and the answer is lost
}

func newDriver() *driver { return &driver{State: inproc.NewState(time.Now), start: time.Now()} }

func (d *driver) set(away error, pause func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away, d.pause = away, pause
}

func (d *driver) enter() error {
	d.mu.Lock()
	pause := d.pause
	d.mu.Unlock()
	if pause != nil {
		pause()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.away
}

func (d *driver) OpenSession(ctx context.Context, s collab.Session) (int, error) {
	if err := d.enter(); err != nil {
		return 0, err
	}
	n, err := d.State.OpenSession(ctx, s)
	if d.isMute() {
		return 0, errMute
	}
	return n, err
}

func (d *driver) ClaimSession(ctx context.Context, c collab.Claim) (collab.Session, []collab.Member, error) {
	s, places, err := d.State.ClaimSession(ctx, c)
	if d.isMute() {
		return collab.Session{}, nil, errMute
	}
	return s, places, err
}

var errMute = errors.New("no answer")

func (d *driver) setMute(mute bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mute = mute
}

func (d *driver) isMute() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mute
}

func (d *driver) TouchSession(ctx context.Context, s collab.Session, at time.Time) error {
	if err := d.enter(); err != nil {
		return err
	}
	d.mu.Lock()
	d.touched = append(d.touched, time.Since(d.start))
	d.mu.Unlock()
	return d.State.TouchSession(ctx, s, at)
}

func (d *driver) Enter(ctx context.Context, m collab.Member) ([]collab.Member, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	return d.State.Enter(ctx, m)
}

func (d *driver) isAway() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.away
}

func (d *driver) Leave(ctx context.Context, m collab.Member) (bool, error) {
	if err := d.isAway(); err != nil {
		return false, err
	}
	return d.State.Leave(ctx, m)
}

func (d *driver) CloseSession(ctx context.Context, s collab.Session) error {
	if err := d.isAway(); err != nil {
		return err
	}
	return d.State.CloseSession(ctx, s)
}

func (d *driver) RenewMember(ctx context.Context, m collab.Member) error {
	if err := d.enter(); err != nil {
		return err
	}
	d.mu.Lock()
	d.renewed++
	d.mu.Unlock()
	return d.State.RenewMember(ctx, m)
}

// tracking runs a tracker on a driver until the test's function returns.
func tracking(t *testing.T, test func(t *testing.T, tr *Tracker, d *driver)) {
	synctest.Test(t, func(t *testing.T) {
		d := newDriver()
		tr := New(Options{Sessions: d, Rooms: d, Log: obs.TestLogger(t, t.Output()), Now: time.Now, ActivityTTL: activityTTL, RoomTTL: roomTTL})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); tr.Run(ctx) }()
		test(t, tr, d)
		stop()
		<-done
	})
}

func session(id collab.SessionID, user collab.UserID) collab.Session {
	return collab.Session{ID: id, Tenant: "default", User: user, ConnectedAt: time.Now()}
}

func open(t *testing.T, tr *Tracker, s collab.Session) (*Entry, int) {
	t.Helper()
	e, n, err := tr.Open(t.Context(), s)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return e, n
}

func enter(t *testing.T, tr *Tracker, s collab.Session) collab.Member {
	t.Helper()
	m := collab.Member{Resource: ward, Session: s.ID, User: s.User, Mode: collab.Editor, JoinedAt: time.Now()}
	if _, err := tr.Enter(t.Context(), m); err != nil {
		t.Fatalf("enter: %v", err)
	}
	return m
}

func (d *driver) sessions(t *testing.T, user collab.UserID) int {
	t.Helper()
	all, err := d.SessionsOf(t.Context(), "default", user)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func (d *driver) members(t *testing.T) []collab.Member {
	t.Helper()
	all, err := d.Members(t.Context(), ward)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOpenCountsTheSessionsOfTheUserEverywhere(t *testing.T) { // C8, R4
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		if _, err := d.State.OpenSession(t.Context(), session("s_elsewhere", "anna")); err != nil {
			t.Fatal(err)
		}
		one, two := session("s_1", "anna"), session("s_2", "anna")
		first, n := open(t, tr, one)
		if n != 2 {
			t.Fatalf("%d sessions, want 2", n)
		}
		if _, n := open(t, tr, two); n != 3 {
			t.Fatalf("%d sessions, want 3", n)
		}
		open(t, tr, session("s_3", "bruno"))
		if n := tr.ActiveUsers(); n != 2 {
			t.Fatalf("%d active users, want 2", n)
		}
		if err := tr.Close(t.Context(), first); err != nil {
			t.Fatalf("close: %v", err)
		}
		if n := d.sessions(t, "anna"); n != 2 {
			t.Fatalf("%d sessions after one closed, want 2", n)
		}
		d.set(errors.New("redis is away"), nil)
		if _, _, err := tr.Open(t.Context(), session("s_4", "carla")); err == nil {
			t.Fatal("a session was opened that the driver does not know")
		}
	})
}

func TestSessionIsRenewedWhileItActsAndOnlyThen(t *testing.T) { // C5, R5
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		e, _ := open(t, tr, s)
		for range 60 {
			time.Sleep(30 * time.Second)
			e.Seen(time.Now(), true)
		}
		synctest.Wait()
		last := time.Duration(0)
		for _, at := range d.touched {
			if at-last > activityTTL/2 {
				t.Fatalf("renewed at %v, then at %v: longer than half the TTL", last, at)
			}
			last = at
		}
		if n := len(d.touched); n < 10 || n > 30 {
			t.Fatalf("%d renewals in half an hour, want one about every 75 s", n)
		}
		if at, live, _ := d.LastActive(t.Context(), "default", "anna"); !live || time.Since(at) > 2*time.Minute {
			t.Fatalf("last active at %v (%v)", at, live)
		}
		n := len(d.touched)
		time.Sleep(activityTTL + time.Minute)
		synctest.Wait()
		if extra := len(d.touched) - n; extra > 1 {
			t.Fatalf("%d renewals of a silent session", extra)
		}
		if _, live, _ := d.LastActive(t.Context(), "default", "anna"); live {
			t.Fatal("a silent session keeps its user active")
		}
	})
}

func TestSilentSessionIsIdleAndAHeartbeatIsNoAct(t *testing.T) { // C5, L4
	tracking(t, func(t *testing.T, tr *Tracker, _ *driver) {
		silent, _ := open(t, tr, session("s_silent", "anna"))
		beating, _ := open(t, tr, session("s_beating", "bruno"))
		beating.Seen(time.Now(), false)
		time.Sleep(200 * time.Second)
		beating.Seen(time.Now(), true)
		if !tr.Acted("s_beating", 5*time.Minute) || tr.Acted("s_beating", time.Minute) {
			t.Fatal("a heartbeat counted as an act")
		}
		time.Sleep(101 * time.Second)
		if idle := tr.Idle(); !slices.Equal(idle, []collab.SessionID{"s_silent"}) {
			t.Fatalf("idle %v, want the silent one", idle)
		}
		if n := tr.ActiveUsers(); n != 1 {
			t.Fatalf("%d active users, want one", n)
		}
		silent.Seen(time.Now(), false)
		if len(tr.Idle()) != 0 || !tr.Acted("s_silent", time.Minute) {
			t.Fatal("an event did not count")
		}
		if tr.Acted("s_unknown", time.Hour) {
			t.Fatal("an unknown session acted")
		}
	})
}

func TestMembersOutliveTheirTTLAndGoWhenTheyLeave(t *testing.T) { // R3, R5
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		open(t, tr, s)
		m := enter(t, tr, s)
		time.Sleep(3 * roomTTL)
		synctest.Wait()
		if len(d.members(t)) != 1 {
			t.Fatal("the member was not renewed")
		}
		if d.renewed > 15 {
			t.Fatalf("%d renewals in three TTLs", d.renewed)
		}
		if err := tr.Leave(t.Context(), m); err != nil {
			t.Fatalf("leave: %v", err)
		}
		time.Sleep(2 * roomTTL)
		synctest.Wait()
		if len(d.members(t)) != 0 {
			t.Fatal("who has left is a member again")
		}
	})
}

func TestPresenceIsTrueAgainWithinOneTTLOfALoss(t *testing.T) { // R5, F1
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		one, two := session("s_1", "anna"), session("s_2", "bruno")
		first, _ := open(t, tr, one)
		second, _ := open(t, tr, two)
		enter(t, tr, one)
		enter(t, tr, two)
		colors := map[collab.UserID]int{}
		for _, m := range d.members(t) {
			colors[m.User] = m.Color
		}
		d.State = inproc.NewState(time.Now) // a fail-over that lost everything
		d.set(errors.New("redis is away"), nil)
		for range 20 {
			time.Sleep(10 * time.Second)
			first.Seen(time.Now(), true)
			second.Seen(time.Now(), true)
		}
		d.set(nil, nil)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if d.sessions(t, "anna") != 1 || d.sessions(t, "bruno") != 1 || len(d.members(t)) != 2 {
			t.Fatalf("%d and %d sessions, %d members soon after the driver is back, want 1, 1 and 2",
				d.sessions(t, "anna"), d.sessions(t, "bruno"), len(d.members(t)))
		}
		for _, m := range d.members(t) {
			if m.Color != colors[m.User] {
				t.Errorf("%s has colour %d, had %d", m.User, m.Color, colors[m.User])
			}
		}
	})
}

func TestRenewalThatCrossesTheEndLeavesNoGhost(t *testing.T) { // R3, C8
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		e, _ := open(t, tr, s)
		m := enter(t, tr, s)
		goOn := make(chan struct{})
		d.set(nil, func() { <-goOn })
		time.Sleep(activityTTL / 2)
		e.Seen(time.Now(), true)
		time.Sleep(2 * time.Second) // a renewal stands before its write
		synctest.Wait()
		if err := tr.Leave(t.Context(), m); err != nil {
			t.Fatalf("leave: %v", err)
		}
		if err := tr.Close(t.Context(), e); err != nil {
			t.Fatalf("close: %v", err)
		}
		close(goOn)
		synctest.Wait()
		if n := d.sessions(t, "anna"); n != 0 {
			t.Errorf("%d sessions of a user who has gone", n)
		}
		if n := len(d.members(t)); n != 0 {
			t.Errorf("%d members of an empty room", n)
		}
	})
}

func TestRenewalThatCrossesAChangeOfModeDoesNotUndoIt(t *testing.T) { // A5, R5
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		open(t, tr, s)
		m := enter(t, tr, s)
		goOn := make(chan struct{})
		d.set(nil, func() { <-goOn })
		time.Sleep(roomTTL/renewals + 2*time.Second)
		synctest.Wait()
		m.Mode = collab.Viewer
		d.set(nil, nil)
		if _, err := tr.Enter(t.Context(), m); err != nil {
			t.Fatalf("enter: %v", err)
		}
		close(goOn)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if now := d.members(t); len(now) != 1 || now[0].Mode != collab.Viewer {
			t.Fatalf("members %+v, want a viewer", now)
		}
	})
}

func TestRoomThatTheDriverRefusesIsNotEntered(t *testing.T) { // R5
	tracking(t, func(t *testing.T, tr *Tracker, d *driver) {
		s := session("s_1", "anna")
		open(t, tr, s)
		d.set(errors.New("redis is away"), nil)
		if _, err := tr.Enter(t.Context(), collab.Member{Resource: ward, Session: s.ID, User: s.User}); err == nil {
			t.Fatal("entered")
		}
		d.set(nil, nil)
		time.Sleep(roomTTL)
		synctest.Wait()
		if len(d.members(t)) != 0 {
			t.Fatal("the renewals made a member of it")
		}
	})
}
