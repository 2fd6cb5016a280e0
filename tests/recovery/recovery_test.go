//go:build integration

package recovery

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

type fields = testkit.Fields

const nodePatience = 3 * time.Minute

// person is what people.mjs says of one of them.
type person struct {
	Acked         struct{ Written, Erased []string }
	Healed        int
	Drafts        int
	Saved, Ready  bool
	Text          string
	State         string
	resource, who string
}

// crowd are the people of people.mjs.
type crowd struct {
	t    *testing.T
	node *testkit.Node
	who  map[string]string // their resources
}

func (c *crowd) do(what string, more fields) (answer struct {
	Error  string
	People map[string]person
}) {
	c.t.Helper()
	command := fields{"do": what}
	for key, value := range more {
		command[key] = value
	}
	c.node.Call(nodePatience, command, &answer)
	if answer.Error != "" {
		c.t.Fatalf("%s: %s", what, answer.Error)
	}
	return answer
}

func (c *crowd) come(who string, g *testkit.Gateway, resource string, browser bool) {
	c.t.Helper()
	c.who[who] = resource
	c.do("come", fields{"who": who, "url": g.URL, "token": g.Token(who), "resource": resource, "field": "id-notes", "browser": browser})
}

func (c *crowd) names(in ...string) (names []string) {
	for who, resource := range c.who {
		if len(in) == 0 || slices.Contains(in, resource) {
			names = append(names, who)
		}
	}
	slices.Sort(names)
	return names
}

func (c *crowd) look() (all []person) {
	c.t.Helper()
	for who, p := range c.do("look", fields{"who": c.names()}).People {
		p.who, p.resource = who, c.who[who]
		all = append(all, p)
	}
	return all
}

const (
	old   = "page:/patient/old"   // is in the backup
	mixed = "page:/patient/mixed" // likewise
	fresh = "page:/patient/fresh" // was created after it
)

func TestTwentyBrowsersGiveBackWhatARestoreLost(t *testing.T) { // D8
	cluster := testkit.StartCluster(t, testkit.ClusterOptions{Instances: 2})
	db := openDatabase(t, cluster.StoreURL)
	c := &crowd{t, testkit.StartNode(t, "people.mjs", nil), map[string]string{}}
	for i := range 14 {
		c.come(fmt.Sprintf("u%02d", i), cluster.Instances[i%2].Gateway, []string{old, mixed}[i/2%2], false)
	}
	for i, resource := range []string{old, mixed} {
		c.come(fmt.Sprintf("w%02d", i), cluster.Instances[i%2].Gateway, resource, true)
	}
	c.do("write", fields{"who": c.names(), "times": 8})
	db.backUp()
	for i := range 3 {
		c.come(fmt.Sprintf("v%02d", i), cluster.Instances[i%2].Gateway, fresh, false)
	}
	c.come("w02", cluster.Instances[0].Gateway, fresh, true)
	c.do("write", fields{"who": c.names(), "times": 15})
	c.do("close", fields{"who": "w01"}) // has it on its disk, and comes back when the others have
	c.do("write", fields{"who": c.names(old, fresh), "times": 5, "wait": false})
	for _, i := range cluster.Instances {
		i.Kill9()
	}
	before := c.lookOpen("w01")
	db.restore()
	steps := db.follow(1)
	if epoch, heads := steps[0][0][0], steps[1]; epoch != "1" || len(heads) != 1 || heads[0][0] != "1" || len(heads[0][2]) < len("16777217") {
		t.Fatalf("step 1 says that the restore was not finished: %v", steps)
	}
	if opened := db.carryOut(2); !strings.HasPrefix(opened, "opened: epoch 0 of every tenant, until ") {
		t.Fatalf("step 2 says %s", opened)
	}
	tokens := fields{}
	for who := range c.who {
		tokens[who] = cluster.Instances[0].Token(who)
	}
	c.do("login", fields{"tokens": tokens})
	for _, i := range cluster.Instances {
		i.Restart(t)
	}
	open := slices.DeleteFunc(c.names(), func(who string) bool { return who == "w01" })
	c.do("back", fields{"who": open})
	c.do("open", fields{"who": "w01"})
	c.do("write", fields{"who": c.names(), "times": 3})

	c.wantAll(before)
	recovered := map[string]bool{}
	store := cluster.Store(t)
	for _, e := range store.Audit("type", "ADMIN_ACTION") {
		if details, _ := e.Body["details"].(map[string]any); details["recovered"] == "true" {
			recovered[e.Resource] = true
			if e.Actor == "" || e.Session == "" || details["clients"] == "" || details["epoch"] != "0" {
				t.Errorf("it was recovered by %+v", e)
			}
		}
	}
	if len(recovered) != 3 {
		t.Errorf("the trail says of %v that they were recovered, want all three", recovered)
	}
	if n := store.Count("SELECT count(*) FROM yjs_clients WHERE epoch = 0 AND used AND NOT retired AND resource_id = ?", fresh); n != 0 {
		t.Errorf("%d client ids of before the restore may still be used", n)
	}

	seen := db.follow(3)
	t.Logf("step 3 shows by minute what was recovered, %v, and what was refused, %v", seen[0], seen[1])
	if len(seen[0]) == 0 {
		t.Error("step 3 does not show what was recovered")
	}
	if closed := db.carryOut(4); closed != "closed: 1 for every tenant\n" {
		t.Fatalf("step 4 says %s", closed)
	}
	if n := store.Count("SELECT count(*) FROM " + testkit.AuditEvents + " WHERE type = 'ADMIN_ACTION' AND actor = 'dba'"); n != 2 {
		t.Errorf("the trail has %d events of who opened and closed the recovery, want 2", n)
	}
	late := cluster.Instances[1].Connect(t, "usr_late")
	late.OK("JOIN_RESOURCE", fields{"resourceId": old, "mode": "editor"})
	testkit.Eventually(t, 30*time.Second, "the recovery is over", func() bool {
		answer := late.Call("Y_UPDATE", fields{"resourceId": old, "update": lost(t, 4711), "heals": 0})
		e, _ := answer["error"].(fields)
		return e["code"] == "HEALING_REFUSED" && e["reason"] == "closed"
	})
	state := late.OK("JOIN_RESOURCE", fields{"resourceId": old, "mode": "editor"})
	if _, told := state["heals"]; told {
		t.Error("who joins after the recovery is told to heal")
	}
}

// lookOpen returns what all but one, whose page is closed, had saved.
func (c *crowd) lookOpen(closed string) (all []person) {
	resource := c.who[closed]
	delete(c.who, closed)
	all = c.look()
	c.who[closed] = resource
	return all
}

// wantAll compares what was acknowledged, before the restore and since, with what all see now.
func (c *crowd) wantAll(before []person) {
	c.t.Helper()
	var now []person
	testkit.Eventually(c.t, time.Minute, "all see the same", func() bool {
		now = c.look()
		texts := map[string]string{}
		for _, p := range now {
			if text, known := texts[p.resource]; known && text != p.Text {
				return false
			}
			texts[p.resource] = p.Text
		}
		return true
	})
	text, states := map[string]string{}, map[string]*ydoc.Doc{}
	for _, p := range now {
		text[p.resource] = p.Text
		if p.Drafts > 0 {
			c.t.Errorf("%s started anew", p.who)
		}
		if p.State == "" {
			continue
		}
		state, err := base64.StdEncoding.DecodeString(p.State)
		if err != nil {
			c.t.Fatal(err)
		}
		doc, err := ydoc.Load(state)
		if err != nil {
			c.t.Fatalf("what %s has: %v", p.who, err)
		}
		if other := states[p.resource]; other != nil {
			if err := ydoc.Equal(doc, other); err != nil {
				c.t.Errorf("%s and others have different documents: %v", p.who, err)
			}
		}
		states[p.resource] = doc
	}
	written, erased, healed := 0, 0, 0
	for _, p := range slices.Concat(before, now) {
		there := words(text[p.resource])
		healed += p.Healed
		for _, word := range p.Acked.Written {
			written++
			if !there[word] && !slices.Contains(p.Acked.Erased, word) && !slices.ContainsFunc(now, func(q person) bool {
				return q.who == p.who && slices.Contains(q.Acked.Erased, word)
			}) {
				c.t.Errorf("%s of %s is missing from %s: it was acknowledged", word, p.who, p.resource)
			}
		}
		for _, word := range p.Acked.Erased {
			erased++
			if there[word] {
				c.t.Errorf("%s of %s is in %s again: that it was erased was acknowledged", word, p.who, p.resource)
			}
		}
	}
	c.t.Logf("%d words and %d erasures acknowledged, counted before and after; %d npm clients healed", written, erased, healed)
	if healed == 0 || written < 200 {
		c.t.Error("that is too little to be a test")
	}
}

// lost is an update under a client id that the server has never seen.
func lost(t *testing.T, client collab.ClientID) []byte {
	t.Helper()
	update, err := ydoc.New().Transact(ydoc.ClientID(client), func(e *ydoc.Edit) { e.InsertText("id-notes", 0, "forged") })
	if err != nil {
		t.Fatal(err)
	}
	return update
}

func TestHealingIsForEditorsWhileARecoveryIsOpen(t *testing.T) { // D8, R2, D6, H2
	cluster := testkit.StartCluster(t, testkit.ClusterOptions{Instances: 2})
	one, two := cluster.Instances[0].Gateway, cluster.Instances[1].Gateway
	db := openDatabase(t, cluster.StoreURL)
	store := cluster.Store(t)
	const resource = "page:/patient/1"
	admin := func() string { return one.Token("usr_admin", fields{"permissions": []any{"admin"}}) }
	request := func(method, token string, body any, want int) {
		t.Helper()
		if status, _, answer := one.HTTP(t, method, "/api/recovery", token, body); status != want {
			t.Fatalf("%s /api/recovery: %d %s, want %d", method, status, answer, want)
		}
	}
	for _, i := range cluster.Instances {
		i.Stop(t)
	}
	// Nothing was restored yet: there is nothing to give back.
	for _, i := range cluster.Instances {
		i.Restart(t)
	}
	request("POST", admin(), fields{"minutes": 10, "reason": "the disk of the database failed"}, http.StatusBadRequest)
	for _, i := range cluster.Instances {
		i.Stop(t)
	}
	db.backUp()
	db.restore()
	for _, i := range cluster.Instances {
		i.Restart(t)
	}

	anna := two.Connect(t, "anna")
	if _, told := anna.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})["heals"]; told {
		t.Error("a session is told to heal while no recovery is open")
	}
	viewer := two.Connect(t, "viewer")
	viewer.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "viewer"})
	heal := func(c *testkit.Client, update []byte, epoch int, want string) {
		t.Helper()
		if e := c.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": update, "heals": epoch}); e.Text("code") != want {
			t.Errorf("answered by %v, want %s", e, want)
		}
	}
	heal(anna, lost(t, 7), 0, "HEALING_REFUSED") // no recovery
	heal(viewer, lost(t, 7), 0, "PERMISSION_DENIED")

	request("POST", one.Token("usr_001"), fields{"minutes": 10, "reason": "the disk of the database failed"}, http.StatusForbidden)
	for _, body := range []fields{{"minutes": 0, "reason": "long enough a reason"}, {"minutes": 241, "reason": "long enough a reason"}, {"minutes": 10, "reason": "short"},
		{"minutes": 10, "reason": "long enough a reason", "tenant": "another"}} {
		request("POST", admin(), body, http.StatusBadRequest)
	}
	request("POST", admin(), fields{"minutes": 10, "reason": "the disk of the database failed"}, http.StatusOK)
	request("GET", admin(), nil, http.StatusOK)
	testkit.Eventually(t, 30*time.Second, "the other instance knows of it", func() bool {
		_, told := anna.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})["heals"]
		return told
	})
	heal(viewer, lost(t, 7), 0, "PERMISSION_DENIED")
	heal(anna, lost(t, 7), 1, "HEALING_REFUSED") // not the epoch that is healed
	heal(anna, make([]byte, 900<<10+1), 0, "UPDATE_TOO_LARGE")
	heal(anna, []byte{1, 2, 3}, 0, "MALFORMED_UPDATE")
	mine := collab.ClientID(anna.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"}).Int("clientId"))
	heal(anna, lost(t, mine), 0, "FOREIGN_CLIENT") // of this life
	other := two.Connect(t, "elsewhere", fields{"tenant": "other"})
	if _, told := other.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})["heals"]; told {
		t.Error("another tenant's session is told to heal: its administrator has opened nothing")
	}

	bruno := one.Connect(t, "bruno")
	bruno.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	bruno.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "id-notes"})
	heal(anna, lost(t, 7), 0, "UPDATE_REJECTED")
	bruno.OK("LEAVE_RESOURCE", fields{"resourceId": resource})
	testkit.Eventually(t, 30*time.Second, "what was refused because of a lock is taken after it", func() bool {
		return anna.Call("Y_UPDATE", fields{"resourceId": resource, "update": lost(t, 7), "heals": 0})["ok"] == true
	})
	if e := anna.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": more(t, 7)}); e.Text("code") != "FOREIGN_CLIENT" {
		t.Errorf("writing on under a healed id is answered by %v", e)
	}

	anna.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"}) // as that refusal asks for

	request("DELETE", admin(), nil, http.StatusOK)
	testkit.Eventually(t, 30*time.Second, "the recovery is over at the other instance", func() bool {
		e, _ := anna.Call("Y_UPDATE", fields{"resourceId": resource, "update": lost(t, 7), "heals": 0})["error"].(fields)
		return e["code"] == "HEALING_REFUSED"
	})
	reasons := map[string]bool{}
	for _, e := range store.Audit("actor", "anna", "UPDATE_REJECTED") {
		reasons[e.Reason()] = true
	}
	for _, want := range []string{"HEALING_REFUSED", "UPDATE_TOO_LARGE", "MALFORMED_UPDATE", "FOREIGN_CLIENT", "locked"} {
		if !reasons[want] {
			t.Errorf("the trail has no refusal %s: %v", want, reasons)
		}
	}
	store.WaitAudit(2, "actor", "viewer", "PERMISSION_DENIED")
	store.WaitAudit(3, "actor", "usr_admin", "ADMIN_ACTION") // opened, read, closed
	store.WaitAudit(1, "actor", "anna", "ADMIN_ACTION")      // recovered
}

// more is a later update under the same id, which depends on the first.
func more(t *testing.T, client collab.ClientID) []byte {
	t.Helper()
	doc := ydoc.New()
	if err := doc.ApplyUpdate(lost(t, client)); err != nil {
		t.Fatal(err)
	}
	update, err := doc.Transact(ydoc.ClientID(client), func(e *ydoc.Edit) { e.InsertText("id-notes", 0, "again") })
	if err != nil {
		t.Fatal(err)
	}
	return update
}
