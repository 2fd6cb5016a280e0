//go:build integration

package e2e

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/tests/testkit"
)

// typed returns an update that appends nothing but inserts text at the start of a field, as a yjs client of that id
// would write its struct at that clock.
func typed(client, clock int64, field, text string) []byte {
	return bytes.Join([][]byte{wire(1, 1, int(client), int(clock)), {contentString}, wire(parentIsRoot, field, text, noDeletions)}, nil)
}

func TestWhatIsAcknowledgedSurvivesADrainUnderLoad_C6_F6(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "ADDR="+testkit.Port(t), "COMPACT_AFTER=300ms")
	rooms := []string{"page:/drain/0", "page:/drain/1"}
	people := testkit.StartNode(t, "crash.mjs", testkit.Fields{"url": g.URL, "key": g.KeyFile(), "seed": 1, "rooms": rooms, "writers": 6})
	read := map[string]int64{}
	tell := func(command testkit.Fields) verdict {
		var v verdict
		people.Call(40*time.Second, command, &v)
		if len(v.Wrong) > 0 {
			t.Fatal(strings.Join(v.Wrong, "\n"))
		}
		return v
	}
	for range 3 {
		tell(testkit.Fields{"do": "go"})
		time.Sleep(700 * time.Millisecond)
		if status, _ := g.Stop(t); status != 0 {
			t.Fatalf("exit status %d", status)
		}
		tell(testkit.Fields{"do": "killed", "journal": newRows(t, g, rooms, read)})
		g.Restart(t)
		tell(testkit.Fields{"do": "restarted"})
	}
	tell(testkit.Fields{"do": "go"})
	tell(testkit.Fields{"do": "settle"})
	tell(testkit.Fields{"do": "final", "journal": newRows(t, g, rooms, read)})
	if v := tell(testkit.Fields{"do": "restarted", "all": true}); v.Acknowledged < 300 {
		t.Errorf("%d edits: that was no load", v.Acknowledged)
	}
}

// page is what reconnect.mjs answers.
type page struct {
	Error, Text         string
	Connected, Draining int
	Reasons             []string
}

func TestAPageComesBackByItselfAfterADrainAndAfterAKill_C6_F5(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "ADDR="+testkit.Port(t))
	client := testkit.StartNode(t, "reconnect.mjs", testkit.Fields{"url": g.URL, "key": g.KeyFile(), "marker": testkit.Marker})
	do := func(command testkit.Fields) page {
		t.Helper()
		var p page
		client.Call(30*time.Second, command, &p)
		if p.Error != "" {
			t.Fatal(p.Error)
		}
		return p
	}
	do(testkit.Fields{"do": "saved", "connected": 1})
	do(testkit.Fields{"do": "type", "text": "before "})
	do(testkit.Fields{"do": "saved", "connected": 1})
	if status, _ := g.Stop(t); status != 0 {
		t.Fatalf("exit status %d", status)
	}
	do(testkit.Fields{"do": "gone"})
	do(testkit.Fields{"do": "type", "text": "drained "})
	g.Restart(t)
	p := do(testkit.Fields{"do": "saved", "connected": 2})
	if p.Draining != 1 || slices.Contains(p.Reasons, "io server disconnect") {
		t.Errorf("got %+v", p)
	}
	g.Kill9()
	do(testkit.Fields{"do": "gone"})
	do(testkit.Fields{"do": "type", "text": "killed"})
	g.Restart(t)
	p = do(testkit.Fields{"do": "saved", "connected": 3})
	if want := strings.ReplaceAll("before *drained *killed*", "*", testkit.Marker); p.Text != want {
		t.Errorf("it shows %q, want %q", p.Text, want)
	}
	state := g.Connect(t, "usr_newcomer").OK("JOIN_RESOURCE", fields{"resourceId": "page:/reconnect", "mode": "viewer"})
	for _, part := range []string{"before ", "drained ", "killed"} {
		if !bytes.Contains(state.Bytes("state"), []byte(part)) {
			t.Errorf("a newcomer does not get %q", part)
		}
	}
}

func TestAClientThatComesBackWithItsResumeKeyTakesItsOwnPlace_D7_C11(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/fault/return"
	witness, other := pair(t, g, resource)
	first := g.Connect(t, "usr_return")
	client := first.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"}).Int("clientId")
	first.OK("Y_UPDATE", fields{"resourceId": resource, "update": typed(client, 0, "notes", "first ")})
	later := fields{"resourceId": resource, "update": typed(client, 6, "notes", "later ")}
	comeBack := func(user string, auth fields) *testkit.Client {
		c := g.ConnectWith(t, testkit.Options{Token: g.Token(user), Auth: auth})
		c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
		return c
	}
	right := fields{"sessionId": first.Session(), "resumeKey": first.Connected.Text("resumeKey")}
	for name, c := range map[string]*testkit.Client{
		"without a key":         comeBack("usr_return", nil),
		"with a wrong key":      comeBack("usr_return", fields{"sessionId": first.Session(), "resumeKey": "wrong"}),
		"with another's key":    comeBack("usr_return", fields{"sessionId": first.Session(), "resumeKey": other.Connected.Text("resumeKey")}),
		"who is somebody else":  comeBack("usr_thief", right),
		"of another tenant but": g.ConnectWith(t, testkit.Options{Token: g.Token("usr_return", fields{"tenant": "x"}), Auth: right}),
	} {
		if name != "of another tenant but" {
			if code := c.Refusal("Y_UPDATE", later).Text("code"); code != "FOREIGN_CLIENT" {
				t.Errorf("%s: %s", name, code)
			}
		}
		c.Disconnect()
	}
	if !first.Alive() {
		t.Fatal("the session was taken by somebody without its key")
	}
	back := comeBack("usr_return", right)
	if back.Connected["resumed"] != true || back.Session() != first.Session() {
		t.Errorf("CONNECTED %v, want the same session", back.Connected)
	}
	back.OK("Y_UPDATE", later)
	first.Ended()
	witness.OK("Y_SYNC", fields{"resourceId": resource})
}

func TestALostTransportCostsNothingWithinTheGrace_C11_L4_R5(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "RESUME_GRACE=3s", "LOCK_TTL=1s")
	const resource = "page:/fault/resume"
	witness := g.Connect(t, "usr_witness")
	witness.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	c := g.Connect(t, "usr_return")
	client := c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"}).Int("clientId")
	lock := c.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	witness.Next("USER_JOINED")
	witness.Next("LOCK_STATUS_CHANGED")
	for i := range 3 {
		lost := c
		lost.Drop()
		if e := witness.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes", "waitMs": 1200}); e.Text("lockedBy") != "usr_return" {
			t.Errorf("its lock during the grace: %v", e)
		}
		c = g.ConnectWith(t, testkit.Options{Token: g.Token("usr_return"),
			Auth: fields{"sessionId": lost.Session(), "resumeKey": lost.Connected.Text("resumeKey")}})
		if c.Connected["resumed"] != true || c.Session() != lost.Session() {
			t.Fatalf("CONNECTED %v, want session %s resumed", c.Connected, lost.Session())
		}
		text := fmt.Sprintf("%d;", i)
		c.OK("Y_UPDATE", fields{"resourceId": resource, "update": typed(client, int64(2*i), "notes", text)})
		if u := witness.Next("Y_UPDATE"); u.Text("sessionId") != lost.Session() {
			t.Errorf("the witness got %v", u)
		}
	}
	witness.None("USER_JOINED", "USER_LEFT", "LOCK_RELEASED", "LOCK_STATUS_CHANGED")
	c.OK("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")})
	c.Drop()
	began := time.Now()
	if e := witness.Next("LOCK_RELEASED"); e.Text("reason") != "user_disconnected" {
		t.Errorf("got %v", e)
	}
	if e := witness.Next("USER_LEFT"); e.Text("userId") != "usr_return" {
		t.Errorf("got %v", e)
	}
	if took := time.Since(began); took < 2*time.Second || took > 8*time.Second {
		t.Errorf("it ended after %v, want 3 s", took)
	}
	store := g.Store(t)
	store.WaitAudit(5, "type", "USER_CONNECTED")
	store.WaitAudit(1, "type", "USER_DISCONNECTED")
}

func TestAStoreThatCannotBeWrittenDelaysEverythingAndLosesNothing_D2_F4(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t)
	for _, msg := range []string{"room: reading the document again", "session: request", "health: a dependency is away"} {
		g.ExpectError(msg)
	}
	const resource = "page:/fault/store"
	anna, bruno := pair(t, g, resource)
	client := anna.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"}).Int("clientId")
	anna.OK("Y_UPDATE", fields{"resourceId": resource, "update": typed(client, 0, "notes", "0;")})
	bruno.Next("Y_UPDATE")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(g.Dir, "corsia.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	answers := make([]func() fields, 20)
	for i := range answers {
		answers[i] = anna.Ask("Y_UPDATE", fields{"resourceId": resource, "update": typed(client, int64(2+2*i), "notes", fmt.Sprintf("%c;", 'a'+i))})
	}
	anna.Emit("AWARENESS", fields{"resourceId": resource, "state": fields{"field": "notes"}})
	bruno.Next("AWARENESS")             // presence goes on
	time.Sleep(6500 * time.Millisecond) // longer than the driver waits for a lock
	if shown := bruno.Waiting("Y_UPDATE"); len(shown) > 0 {
		t.Errorf("%d updates were shown that are not saved", len(shown))
	}
	if n := len(g.Store(t).Journal(resource, 0)); n != 1 {
		t.Errorf("the journal has %d rows", n)
	}
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	for i, answer := range answers {
		if got := answer(); got["ok"] != true || got.Int("revision") != int64(3+i) {
			t.Errorf("update %d: %v", i, got)
		}
	}
	for i := range answers {
		if e := bruno.Next("Y_UPDATE"); e.Int("revision") != int64(3+i) {
			t.Errorf("update %d came as revision %d", i, e.Int("revision"))
		}
	}
	rows := g.Store(t).Journal(resource, 2)
	for i, row := range rows {
		if !bytes.Contains(row.Update, fmt.Appendf(nil, "%c;", 'a'+i)) {
			t.Errorf("row %d is %q", i, row.Update)
		}
	}
	if len(rows) != len(answers) {
		t.Errorf("%d rows, want %d", len(rows), len(answers))
	}
}

func TestARoomThatClosesAndOneWhoComesNeverMissEachOther_D5(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "COMPACT_AFTER=200ms")
	const linger = 2 * time.Second // of a room after its last session
	var people sync.WaitGroup
	for i := range 24 {
		people.Go(func() {
			resource := fmt.Sprintf("page:/fault/linger/%d", i)
			revision := int64(1)
			for visit := range 4 {
				c := g.Connect(t, fmt.Sprintf("usr_%d", i))
				state := c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
				if state.Int("revision") != revision || visit > 0 && !bytes.Contains(state.Bytes("state"), fmt.Appendf(nil, "visit %d;", visit-1)) {
					t.Errorf("%s at visit %d: revision %d, want %d", resource, visit, state.Int("revision"), revision)
				}
				answer := c.OK("Y_UPDATE", fields{"resourceId": resource, "update": typed(state.Int("clientId"), 0, "notes", fmt.Sprintf("visit %d;", visit))})
				if revision++; answer.Int("revision") != revision {
					t.Errorf("%s at visit %d: saved as revision %d, want %d", resource, visit, answer.Int("revision"), revision)
				}
				c.Disconnect()
				time.Sleep(linger - 40*time.Millisecond + rand.N(80*time.Millisecond))
			}
		})
	}
	people.Wait()
}
