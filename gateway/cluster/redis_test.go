//go:build integration

package cluster

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	plain "github.com/redis/go-redis/v9"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/redistest"
	"corsia/shared/driver/redis"
)

const shortTTL = 1500 * time.Millisecond

// departures are told by a cleaner.
type departures chan collab.SessionID

func (d departures) Departed(m collab.Member, _ string) { d <- m.Session }

// run runs an instance with a cleaner on Redis until the test ends or the returned function is called, which kills it.
func run(t *testing.T, url string, id collab.InstanceID, told departures, lost func()) (state *redis.State, kill func()) {
	t.Helper()
	state, err := redis.Open(url, redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := NewDirectory(DirectoryOptions{Registry: state, Instance: id, TTL: shortTTL, Lost: lost, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err := d.Announce(t.Context(), string(id)+":1"); err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	c := NewCleaner(CleanerOptions{Directory: d, Estate: state, Rooms: told, Store: storePart{w}, Audit: part{w}, Grace: shortTTL,
		Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err := c.Inherit(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{}, 2)
	go func() { d.Run(ctx); ended <- struct{}{} }()
	go func() { c.Run(ctx); ended <- struct{}{} }()
	var dead atomic.Bool
	kill = func() {
		if !dead.Swap(true) {
			state.Close() // so that it is not withdrawn
			cancel()
			<-ended
			<-ended
		}
	}
	t.Cleanup(kill)
	return state, kill
}

// join opens a session of an instance in a room.
func join(t *testing.T, state *redis.State, i collab.InstanceID, id collab.SessionID) {
	t.Helper()
	s := collab.Session{ID: id, Tenant: "default", User: collab.UserID("usr_" + string(id)), Instance: i, ConnectedAt: time.Now(), ResumeHash: "shown"}
	if _, err := state.OpenSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Enter(t.Context(), collab.Member{Resource: collab.Resource{Tenant: "default", ID: "page:/1"}, Session: id, User: s.User,
		Mode: collab.Editor, Instance: i, JoinedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

func TestTheSessionsOfADeadInstanceLeaveRedis(t *testing.T) { // R5, F5
	server := redistest.Start(t)
	told := make(departures, 8)
	a, _ := run(t, server.URL, "gateway-a", told, nil)
	run(t, server.URL, "gateway-b", told, nil)
	c, kill := run(t, server.URL, "gateway-c", told, nil)
	join(t, a, "gateway-a", "s_a")
	join(t, c, "gateway-c", "s_c")
	time.Sleep(2 * shortTTL)
	kill()
	if id := within(t, "a departure", told); id != "s_c" {
		t.Fatalf("%s departed", id)
	}
	options, err := plain.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := plain.NewClient(options)
	defer client.Close()
	for begin := time.Now(); client.Exists(t.Context(), "presence:socket:s_c", "user:usr_s_c:session", "instance:gateway-c").Val() > 0; time.Sleep(50 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("keys are left: %q", client.Keys(t.Context(), "*").Val())
		}
	}
	if got := client.SMembers(t.Context(), "resource:page:/1:users").Val(); len(got) != 1 || got[0] != "usr_s_a" {
		t.Fatalf("users %q in the room, want the living instance's", got)
	}
	if len(told) > 0 {
		t.Fatalf("%s departed too", <-told)
	}
}

func TestRedisThatLostItsDataMakesNobodyDead(t *testing.T) { // R5, F2
	server := redistest.Start(t)
	told, lost := make(departures, 8), make(chan collab.InstanceID, 8)
	states := map[collab.InstanceID]*redis.State{}
	for _, id := range []collab.InstanceID{"gateway-a", "gateway-b"} {
		states[id], _ = run(t, server.URL, id, told, func() { lost <- id })
	}
	time.Sleep(2 * shortTTL)
	server.Restart(t) // without data
	first, second := within(t, "the first loss", lost), within(t, "the second loss", lost)
	if first == second {
		t.Fatalf("%s lost twice, the other never", first)
	}
	for id, state := range states { // as their trackers do when they are told
		join(t, state, id, collab.SessionID("s_"+string(id)))
	}
	time.Sleep(4 * shortTTL)
	if len(told) > 0 {
		t.Fatalf("%s departed", <-told)
	}
}
