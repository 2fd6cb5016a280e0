package room

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
)

func TestNotificationReachesEverySessionOnAllInstances(t *testing.T) { // W4
	synctest.Test(t, func(t *testing.T) {
		one, other, _ := two(t)
		defer one.close()
		defer other.close()
		anna, bruno, carla := one.join("anna/1"), other.join("bruno/1"), other.join("viewer/1")
		third := newWardOn(t, one.journal, one.rooms.opts.Bus, "i_3") // where nobody has the room open
		defer third.close()
		n := Notification{Delivery: "d_1", Resource: one.res, Source: "emr", EventType: "lab", Version: json.RawMessage("7"), OccurredAt: time.Now(), Data: json.RawMessage(`{"a":1}`)}
		for i, from := range []*ward{one, third} {
			if !from.rooms.Notify(n) {
				t.Fatal("not delivered")
			}
			synctest.Wait()
			for _, c := range []*client{anna, bruno, carla} {
				got := bodies[*Notification](c)
				if len(got) != i+1 || got[i].Delivery != "d_1" || got[i].Source != "emr" || got[i].EventType != "lab" || string(got[i].Version) != "7" ||
					!got[i].OccurredAt.Equal(n.OccurredAt) || string(got[i].Data) != `{"a":1}` || got[i].Resource != one.res {
					t.Fatalf("%s was told %+v", c.id, got)
				}
			}
		}
		n.Resource = collab.Resource{Tenant: "other", ID: one.res.ID}
		one.rooms.Notify(n)
		synctest.Wait()
		if got := bodies[*Notification](anna); len(got) != 2 {
			t.Errorf("told of another tenant's resource: %+v", got)
		}
	})
}

func TestWhatTheInboxTellsReachesEverySessionOnceAndThoseWhoComeBack(t *testing.T) { // W4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		var lately []Notification
		w.rooms.opts.Recent = func(res collab.Resource, since time.Time) (found []Notification) {
			if res != w.res {
				t.Errorf("asked of %v", res)
			}
			for _, n := range lately {
				if !n.OccurredAt.Before(since) {
					found = append(found, n)
				}
			}
			return found
		}
		heard := func(c *client, want ...string) {
			t.Helper()
			synctest.Wait()
			var got []string
			for _, n := range bodies[*Notification](c) {
				got = append(got, n.Delivery)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s was told %v, want %v", c.id, got, want)
			}
		}
		say := func(id string) Notification {
			n := Notification{Delivery: id, Resource: w.res, OccurredAt: time.Now()}
			lately = append(lately, n)
			return n
		}
		first := say("d_1")
		if !w.rooms.Tell(first) { // nobody has the room open
			t.Fatal("a room that is not open takes nothing")
		}
		anna := w.join("anna/1")
		heard(anna, "d_1")
		second := say("d_2")
		for range 2 {
			if !w.rooms.Tell(second) || !w.rooms.Tell(first) {
				t.Fatal("not taken")
			}
		}
		heard(anna, "d_1", "d_2")
		time.Sleep(time.Second)
		third := say("d_3") // is in the inbox, and on its way to the room
		bruno := w.join("bruno/1")
		w.rooms.Tell(third)
		heard(anna, "d_1", "d_2", "d_3")
		heard(bruno, "d_3") // what was said before he opened the page is in the page
		back := w.join("carla/1")
		heard(back, "d_3")
		w.send(back, Join{Peer: back, Member: collab.Member{Resource: w.res, Session: back.id, User: "carla", Mode: collab.Viewer, JoinedAt: time.Now()},
			Joined: collab.Joined{Head: w.journal.heads[w.res]}, StateVector: []byte{0}})
		heard(back, "d_3", "d_1", "d_2", "d_3") // it had the document before: its client knows what it was told
		for i := range 3 * maxTold {
			w.rooms.Tell(Notification{Delivery: fmt.Sprint(i), Resource: w.res})
			synctest.Wait()
			time.Sleep(RecentFor)
		}
		r := w.rooms.find(w.res)
		synctest.Wait()
		if n := len(r.told); n > maxTold+1 {
			t.Errorf("the room remembers %d deliveries", n)
		}
	})
}
