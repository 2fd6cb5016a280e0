//go:build integration

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"corsia/tests/testkit"
)

const (
	kills       = 50
	crashRooms  = 4
	crashPeople = 10
	longestLife = 600 * time.Millisecond // of a gateway after it listens
)

// verdict is what crash.mjs answers.
type verdict struct {
	Wrong        []string
	UnderWay     int // edits not acknowledged when the gateway died
	Acknowledged int
	Shown        int // edits that somebody else saw
}

// story is the part of a room's journal that crash.mjs does not know yet.
type story struct {
	Rows          [][]byte `json:"rows"`
	State         []byte   `json:"state"`
	StateRevision int64    `json:"stateRevision"`
}

// The one promise: what a colleague sees is already saved, and what is saved is never lost (D2, D5). A gateway is killed
// at random moments under load. After each kill the store, read past the gateway, has everything that was acknowledged or
// shown; a newcomer to the next gateway gets exactly that; in the end every edit is there once.
func TestWhatIsAcknowledgedOrShownSurvivesKill9AtAnyMoment_D2_D5_F5(t *testing.T) {
	seed := uint64(time.Now().UnixNano()) % 1_000_000
	if fixed, err := strconv.ParseUint(os.Getenv("CRASH_SEED"), 10, 32); err == nil {
		seed = fixed
	}
	t.Logf("the seed is %d: CRASH_SEED=%d repeats the moments and the edits", seed, seed)
	moments := rand.New(rand.NewPCG(seed, 0))
	g := testkit.Start(t, "ADDR="+testkit.Port(t), "COMPACT_AFTER=300ms")
	rooms := make([]string, crashRooms)
	for i := range rooms {
		rooms[i] = fmt.Sprintf("page:/crash/%d", i)
	}
	people := testkit.StartNode(t, "crash.mjs", testkit.Fields{"url": g.URL, "key": g.KeyFile(), "seed": seed, "rooms": rooms, "writers": crashPeople})
	read := map[string]int64{} // revisions that crash.mjs knows
	tell := func(command testkit.Fields) verdict {
		var v verdict
		people.Call(40*time.Second, command, &v)
		for _, wrong := range v.Wrong {
			t.Errorf("seed %d: %s", seed, wrong)
		}
		if t.Failed() {
			t.FailNow()
		}
		return v
	}
	busy := 0
	var last verdict
	for range kills {
		tell(testkit.Fields{"do": "go"})
		time.Sleep(time.Duration(moments.Int64N(int64(longestLife))))
		g.Kill9()
		last = tell(testkit.Fields{"do": "killed", "journal": newRows(t, g, rooms, read)})
		if last.UnderWay > 0 {
			busy++
		}
		g.Restart(t)
		tell(testkit.Fields{"do": "restarted"})
	}
	tell(testkit.Fields{"do": "go"})
	tell(testkit.Fields{"do": "settle"})
	tell(testkit.Fields{"do": "final", "journal": newRows(t, g, rooms, read)})
	last = tell(testkit.Fields{"do": "restarted", "all": true})
	t.Logf("%d kills, %d of them with edits under way; %d edits acknowledged, %d seen by others", kills, busy, last.Acknowledged, last.Shown)
	if busy < kills/2 || last.Acknowledged < 20*kills {
		t.Errorf("that was no load: the test proves little")
	}
}

// newRows reads what the journals gained, and the states, past the gateway.
func newRows(t *testing.T, g *testkit.Gateway, rooms []string, read map[string]int64) map[string]story {
	t.Helper()
	store := g.Store(t)
	defer store.Close()
	all := map[string]story{}
	for _, room := range rooms {
		s := story{Rows: [][]byte{}}
		s.State, s.StateRevision = store.State(room)
		for _, row := range store.Journal(room, max(read[room], 1)) {
			if row.Revision != max(read[room], 1)+1 {
				t.Fatalf("%s: revision %d follows %d", room, row.Revision, read[room])
			}
			read[room] = row.Revision
			s.Rows = append(s.Rows, row.Update)
		}
		all[room] = s
	}
	return all
}
