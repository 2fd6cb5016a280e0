//go:build integration

package cluster

import (
	"slices"
	"testing"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

const (
	healthy    = 500 * time.Millisecond // D4: replicas are equal within this
	healed     = 2 * time.Second        // D4: after a fault
	eventually = 15 * time.Second       // what follows by itself, on a busy machine
)

type fields = testkit.Fields

// person is somebody in a room of one instance, with a replica of its document.
type person struct {
	*testkit.Client
	t        testing.TB
	user     string
	resource string
	state    fields // the answer to the join

	doc    *ydoc.Doc
	client ydoc.ClientID
}

// join connects a user to an instance and joins a resource as editor.
func join(t testing.TB, g *testkit.Instance, user, resource string) *person {
	t.Helper()
	return enter(t, g.Connect(t, user), user, resource, "editor")
}

// view is join as viewer.
func view(t testing.TB, g *testkit.Instance, user, resource string) *person {
	t.Helper()
	return enter(t, g.Connect(t, user), user, resource, "viewer")
}

func enter(t testing.TB, c *testkit.Client, user, resource, mode string) *person {
	t.Helper()
	p := &person{Client: c, t: t, user: user, resource: resource, doc: ydoc.New()}
	p.state = c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": mode})
	p.apply(p.state.Bytes("state"))
	p.client = ydoc.ClientID(max(0, p.state.Int("clientId")))
	return p
}

func (p *person) apply(update []byte) {
	p.t.Helper()
	if err := p.doc.ApplyUpdate(update); err != nil {
		p.t.Fatalf("%s cannot apply what the gateway sent: %v", p.user, err)
	}
}

// read applies what has come in.
func (p *person) read() {
	p.t.Helper()
	for _, e := range p.Take("Y_UPDATE") {
		if e.Text("resourceId") == p.resource {
			p.apply(e.Bytes("update"))
		}
	}
}

// text returns a field as this person sees it now.
func (p *person) text(field string) string {
	p.t.Helper()
	p.read()
	return p.doc.Text(field)
}

// change edits the replica and returns the update, which is not sent.
func (p *person) change(edit func(*ydoc.Edit)) []byte {
	p.t.Helper()
	p.read()
	update, err := p.doc.Transact(p.client, edit)
	if err != nil {
		p.t.Fatal(err)
	}
	return update
}

// insert inserts text at the start of a field, and returns the update, which is not sent.
func (p *person) insert(field, text string) []byte {
	p.t.Helper()
	return p.change(func(e *ydoc.Edit) { e.InsertText(field, 0, text) })
}

// send sends an update and returns a function that waits for its acknowledgement.
func (p *person) send(update []byte) (answer func() fields) {
	return p.Ask("Y_UPDATE", fields{"resourceId": p.resource, "update": update})
}

// write inserts text at the start of a field and returns its revision.
func (p *person) write(field, text string) int64 {
	p.t.Helper()
	return p.OK("Y_UPDATE", fields{"resourceId": p.resource, "update": p.insert(field, text)}).Int("revision")
}

// shows waits until the person sees a text in a field.
func (p *person) shows(within time.Duration, field, want string) {
	p.t.Helper()
	deadline := time.Now().Add(within)
	for p.text(field) != want {
		if time.Now().After(deadline) {
			p.t.Fatalf("after %v %s sees %.200q in %s, want %.200q (connected: %v)", within, p.user, p.doc.Text(field), field, want, p.Alive())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// lock takes a lock on a field.
func (p *person) lock(field string, more ...fields) fields {
	p.t.Helper()
	return p.OK("LOCK_ACQUIRE", p.about(field, more...))
}

// about returns the fields of an event about a field of the person's resource; "" is the whole resource.
func (p *person) about(field string, more ...fields) fields {
	f := fields{"resourceId": p.resource}
	if field != "" {
		f["field"] = field
	}
	for _, m := range more {
		for key, value := range m {
			f[key] = value
		}
	}
	return f
}

// users returns who is in a room as a join's answer lists them: ids with their number of sessions.
func users(state fields) map[string]int {
	list, _ := state["users"].([]any)
	out := map[string]int{}
	for _, u := range list {
		user, _ := u.(fields)
		sessions, _ := user["sessions"].([]any)
		out[user.Text("userId")] = len(sessions)
	}
	return out
}

// typical returns the median of what n runs take, as a busy machine makes single ones slow.
func typical(n int, run func(i int) time.Duration) time.Duration {
	took := make([]time.Duration, n)
	for i := range took {
		took[i] = run(i)
	}
	slices.Sort(took)
	return took[n/2]
}

// within fails when what typically takes long takes too long.
func within(t *testing.T, limit time.Duration, what string, n int, run func(i int) time.Duration) {
	t.Helper()
	took := typical(n, run)
	t.Logf("%s: %v", what, took.Round(100*time.Microsecond))
	if took >= limit {
		t.Errorf("%s typically takes %v, want less than %v", what, took, limit)
	}
}

// at returns the instance for the i-th of many, one after the other.
func at(c *testkit.Cluster, i int) *testkit.Instance { return c.Instances[i%len(c.Instances)] }
