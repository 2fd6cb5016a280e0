package room

import (
	"encoding/json"
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
