package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

const grace = 5 * time.Second

// enough is when the sessions of an instance that dies now are ended, by all means.
const enough = DefaultTTL + 4*DefaultTTL/looks + grace

// world is what all instances share.
type world struct {
	*registry
	log []string // what rooms, store and trail were told

	broken map[string]bool // parts that fail; guarded by the registry's mu, as log
	during func()          // called by Orphans, before it answers; set while nobody runs
}

func newWorld() *world { return &world{registry: newRegistry(), broken: map[string]bool{}} }

func (w *world) tell(part, format string, args ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken[part] {
		return errAway
	}
	w.log = append(w.log, part+" "+fmt.Sprintf(format, args...))
	return nil
}

func (w *world) set(part string, broken bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken[part] = broken
}

func (w *world) Orphans(ctx context.Context, gone func(collab.InstanceID) bool) ([]collab.Orphan, error) {
	found, err := w.registry.Orphans(ctx, gone)
	if w.during != nil && len(found) > 0 {
		w.during()
	}
	return found, err
}

func (w *world) CloseSession(ctx context.Context, s collab.Session) error {
	w.mu.Lock()
	broken := w.broken["close"]
	w.mu.Unlock()
	if broken {
		return errAway
	}
	return w.registry.CloseSession(ctx, s)
}

// told returns what was told since the last call, in the order of the alphabet.
func (w *world) told() []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.log
	w.log = nil
	slices.Sort(all)
	return all
}

func (w *world) wantTold(t *testing.T, want ...string) {
	t.Helper()
	if got := w.told(); !slices.Equal(got, want) {
		t.Fatalf("told %q, want %q", got, want)
	}
}

// A part of an instance that tells the world.
type part struct{ *world }

func (p part) Departed(m collab.Member, reason string) {
	_ = p.tell("room", "%s leaves %s: %s", m.Session, m.Resource.ID, reason)
}

type storePart struct{ *world }

func (p storePart) Leave(_ context.Context, res collab.Resource, session collab.SessionID, rows []collab.AuditRow) error {
	e, err := audit.Parse(rows[0].Body)
	if err != nil || e.Session != session {
		return fmt.Errorf("row %s: %w", rows[0].Body, err)
	}
	return p.tell("store", "%s of %s leaves %s: %s", session, e.Actor, res.ID, e.Reason)
}

func (p part) Row(e audit.Event) collab.AuditRow {
	return audit.NewRecorder("i", slog.New(slog.DiscardHandler)).Row(e)
}

func (p part) Record(_ context.Context, e audit.Event) error {
	return p.tell("trail", "%s %s of %s: %s, %s", e.Type, e.Session, e.Actor, e.Reason, e.Details["instance"])
}

// instance starts an instance with a cleaner; it lives until it is ended.
func (w *world) instance(t *testing.T, id collab.InstanceID) *life {
	t.Helper()
	d := newDirectory(w, id)
	l := live(t, d, string(id)+":1")
	c := NewCleaner(CleanerOptions{Directory: d, Estate: w, Rooms: part{w}, Store: storePart{w}, Audit: part{w}, Grace: grace,
		Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err := c.Inherit(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stop := l.cancel
	l.cancel = func() { stop(); cancel() }
	l.cleaner = c
	l.ended.Go(func() { c.Run(ctx) })
	return l
}

// dead starts an instance that is not heard of again.
func (w *world) dead(t *testing.T, id collab.InstanceID) {
	t.Helper()
	if err := newDirectory(w, id).Announce(t.Context(), string(id)+":1"); err != nil {
		t.Fatal(err)
	}
}

// session opens one of an instance, in rooms.
func (w *world) session(t *testing.T, instance collab.InstanceID, id collab.SessionID, user collab.UserID, rooms ...collab.ResourceID) collab.Session {
	t.Helper()
	s := collab.Session{ID: id, Tenant: "default", User: user, Role: "surgeon", Instance: instance, ConnectedAt: time.Now(), ResumeHash: "shown"}
	if _, err := w.OpenSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, room := range rooms {
		if _, err := w.Enter(t.Context(), collab.Member{Resource: collab.Resource{Tenant: "default", ID: room}, Session: id, User: user, Role: "surgeon",
			Mode: collab.Editor, Instance: instance, JoinedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (w *world) wantSessions(t *testing.T, user collab.UserID, want ...collab.SessionID) {
	t.Helper()
	all, err := w.SessionsOf(t.Context(), "default", user)
	if err != nil {
		t.Fatal(err)
	}
	var got []collab.SessionID
	for _, s := range all {
		got = append(got, s.ID)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("sessions %q of %s, want %q", got, user, want)
	}
}

func (w *world) wantMembers(t *testing.T, room collab.ResourceID, want ...collab.SessionID) {
	t.Helper()
	all, err := w.Members(t.Context(), collab.Resource{Tenant: "default", ID: room})
	if err != nil {
		t.Fatal(err)
	}
	var got []collab.SessionID
	for _, m := range all {
		got = append(got, m.Session)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("members %q of %s, want %q", got, room, want)
	}
}

var endOfOne = []string{
	"room s_1 leaves page:/1: instance_lost", "room s_1 leaves page:/2: instance_lost",
	"store s_1 of usr_001 leaves page:/1: instance_lost", "store s_1 of usr_001 leaves page:/2: instance_lost",
	"trail USER_DISCONNECTED s_1 of usr_001: instance_lost, c",
}

func TestTheSessionsOfADeadInstanceAreEndedOnceByTheOthers(t *testing.T) { // R5, F5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.instance(t, "a")
		w.instance(t, "b")
		w.dead(t, "c")
		w.session(t, "c", "s_1", "usr_001", "page:/1", "page:/2")
		w.session(t, "b", "s_2", "usr_002", "page:/1")
		time.Sleep(DefaultTTL + grace)
		w.wantTold(t) // its clients may still come back
		w.wantMembers(t, "page:/1", "s_1", "s_2")
		time.Sleep(enough - DefaultTTL - grace)
		w.wantTold(t, endOfOne...)
		w.wantSessions(t, "usr_001")
		w.wantSessions(t, "usr_002", "s_2")
		w.wantMembers(t, "page:/1", "s_2")
		w.wantMembers(t, "page:/2")
		time.Sleep(10 * time.Minute)
		w.wantTold(t)
	})
}

func TestASessionThatItsClientTookElsewhereIsNotEnded(t *testing.T) { // C11
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.instance(t, "a")
		w.dead(t, "c")
		s := w.session(t, "c", "s_1", "usr_001", "page:/1")
		time.Sleep(DefaultTTL)
		if _, _, err := w.ClaimSession(t.Context(), collab.Claim{Tenant: s.Tenant, User: s.User, Session: s.ID, Instance: "a", Hash: "shown", Next: "next"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(enough)
		w.wantTold(t)
		w.wantMembers(t, "page:/1", "s_1")
	})
}

func TestAClaimWithoutAnAnswerIsSettled(t *testing.T) { // C11, R5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		a := w.instance(t, "a")
		w.instance(t, "b")
		w.session(t, "b", "s_1", "usr_001", "page:/1", "page:/2")
		w.session(t, "b", "s_2", "usr_002", "page:/1")
		claim := collab.Claim{Tenant: "default", User: "usr_001", Session: "s_1", Instance: "a", Hash: "shown", Next: "next"}
		if _, _, err := w.ClaimSession(t.Context(), claim); err != nil { // carried out
			t.Fatal(err)
		}
		a.cleaner.Doubt(claim)
		other := collab.Claim{Tenant: "default", User: "usr_002", Session: "s_2", Instance: "a", Hash: "wrong", Next: "next"}
		a.cleaner.Doubt(other) // not carried out
		time.Sleep(2 * DefaultTTL)
		w.wantTold(t, "room s_1 leaves page:/1: disconnected", "room s_1 leaves page:/2: disconnected", "store s_1 of usr_001 leaves page:/1: disconnected",
			"store s_1 of usr_001 leaves page:/2: disconnected", "trail USER_DISCONNECTED s_1 of usr_001: disconnected, a")
		w.wantSessions(t, "usr_001")
		w.wantSessions(t, "usr_002", "s_2")
		w.wantMembers(t, "page:/1", "s_2")
	})
}

func TestAnOrderlyStopLeavesNothingToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.instance(t, "a")
		w.instance(t, "c").end()
		time.Sleep(enough)
		w.wantTold(t)
	})
}

func TestAnInstanceWhoseRenewalsResumeIsNotGone(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.instance(t, "a")
		w.dead(t, "c")
		w.session(t, "c", "s_1", "usr_001", "page:/1")
		for range 10 {
			time.Sleep(DefaultTTL + grace) // each time it is missing for a while
			w.dead(t, "c")
		}
		w.wantTold(t)
		w.wantMembers(t, "page:/1", "s_1")
	})
}

func TestAnInstanceThatComesBackWhileItsSessionsAreLookedForKeepsThem(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.during = func() { w.dead(t, "c") }
		w.instance(t, "a")
		w.dead(t, "c")
		w.session(t, "c", "s_1", "usr_001", "page:/1")
		time.Sleep(enough)
		w.wantTold(t)
		w.wantMembers(t, "page:/1", "s_1")
	})
}

// Who was missing before the registry was away may come back with it, a little later than the others look.
func TestAnOutageOfTheRegistryIsNobodysAbsence(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.instance(t, "a")
		w.dead(t, "c")
		w.session(t, "c", "s_1", "usr_001", "page:/1")
		time.Sleep(DefaultTTL + 5500*time.Millisecond) // looked at 18 s
		w.away(true)
		time.Sleep(4 * time.Second) // less than between two announcements: nobody is forgotten
		w.away(false)
		time.Sleep(DefaultTTL / looks)
		w.dead(t, "c")
		time.Sleep(DefaultTTL - time.Second)
		w.wantTold(t)
		w.wantMembers(t, "page:/1", "s_1")
	})
}

func TestNobodyIsDeadWhenTheRegistryLostEverybody(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for _, id := range []collab.InstanceID{"a", "b", "c"} {
			w.instance(t, id)
		}
		w.session(t, "c", "s_1", "usr_001", "page:/1")
		time.Sleep(time.Minute)
		for range 20 {
			for _, id := range []collab.InstanceID{"a", "b", "c"} {
				w.forget(t, id)
			}
			time.Sleep(7 * time.Second)
		}
		w.away(true)
		time.Sleep(time.Minute) // all keys expire
		w.away(false)
		time.Sleep(time.Minute)
		w.wantTold(t)
		w.wantMembers(t, "page:/1", "s_1")
	})
}

// away makes the registry of instances fail.
func (w *world) away(away bool) { w.registry.set(away) }

func TestWhoDiedWhenTheRegistryLostEverybodyIsFoundLater(t *testing.T) { // R5, F5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.instance(t, "a")
		w.dead(t, "c")
		w.session(t, "c", "s_1", "usr_001", "page:/1", "page:/2")
		time.Sleep(DefaultTTL / 2)
		w.forget(t, "a")
		w.forget(t, "c")
		time.Sleep(2*DefaultTTL + enough)
		w.wantTold(t, endOfOne...)
	})
}

func TestANewInstanceFindsTheSessionsOfThoseItNeverSaw(t *testing.T) { // F5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.session(t, "c", "s_1", "usr_001", "page:/1", "page:/2")
		w.instance(t, "a")
		time.Sleep(DefaultTTL + enough)
		w.wantTold(t, endOfOne...)
	})
}

func TestTheSessionsOfAnEarlierLifeAreEnded(t *testing.T) { // R5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.dead(t, "c")
		w.session(t, "c", "s_1", "usr_001", "page:/1", "page:/2")
		resumed := w.session(t, "c", "s_2", "usr_002", "page:/1")
		time.Sleep(time.Second)
		w.instance(t, "c")
		w.session(t, "c", "s_3", "usr_003", "page:/1")
		if _, _, err := w.ClaimSession(t.Context(), collab.Claim{Tenant: "default", User: "usr_002", Session: resumed.ID, Instance: "c", Hash: "shown", Next: "next"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(grace - time.Second)
		w.wantTold(t)
		time.Sleep(enough)
		w.wantTold(t, endOfOne...)
		w.wantMembers(t, "page:/1", "s_2", "s_3")
	})
}

func TestAnEndThatFailsIsGoneOnWith(t *testing.T) { // R5
	for _, broken := range []string{"store", "trail", "close"} {
		t.Run(broken, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.instance(t, "a")
				w.dead(t, "c")
				w.session(t, "c", "s_1", "usr_001", "page:/1", "page:/2")
				w.set(broken, true)
				time.Sleep(2 * enough)
				w.wantSessions(t, "usr_001", "s_1")
				w.set(broken, false)
				time.Sleep(DefaultTTL)
				w.wantToldAtLeast(t, endOfOne...)
				w.wantSessions(t, "usr_001")
			})
		})
	}
}

// wantToldAtLeast is wantTold, but rooms may hear several times of one who left.
func (w *world) wantToldAtLeast(t *testing.T, want ...string) {
	t.Helper()
	all := w.told()
	var got []string
	for i, line := range all {
		if i == 0 || line != all[i-1] || line[:4] != "room" {
			got = append(got, line)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("told %q, want %q", got, want)
	}
}

func TestWhoDiesWhileCleaningUpLeavesItToTheOthers(t *testing.T) { // F5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		heir := w.instance(t, "a")
		w.dead(t, "c")
		w.session(t, "c", "s_1", "usr_001", "page:/1", "page:/2")
		w.set("trail", true)
		time.Sleep(enough)
		if got := w.told(); len(got) < 4 {
			t.Fatalf("told %q, want the rooms left", got)
		}
		heir.end()
		w.set("trail", false)
		w.instance(t, "b")
		time.Sleep(DefaultTTL + enough)
		w.wantTold(t, "trail USER_DISCONNECTED s_1 of usr_001: instance_lost, a")
		w.wantSessions(t, "usr_001")
	})
}

func TestManySessionsAreEndedByAllInstancesTogether(t *testing.T) { // F5
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for _, id := range []collab.InstanceID{"a", "b"} {
			w.instance(t, id)
		}
		w.dead(t, "c")
		const sessions = 500
		for n := range sessions {
			id := fmt.Sprintf("%03d", n)
			w.session(t, "c", collab.SessionID("s_"+id), collab.UserID("usr_"+id), "page:/1")
		}
		time.Sleep(enough)
		ended := map[string]int{}
		for _, line := range w.told() {
			ended[line]++
		}
		for line, times := range ended {
			if times != 1 {
				t.Errorf("%d times %s", times, line)
			}
		}
		if len(ended) != 3*sessions {
			t.Errorf("told %d, want %d", len(ended), 3*sessions)
		}
		w.wantMembers(t, "page:/1")
	})
}
