//go:build integration

package phi

import (
	"testing"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

type fields = testkit.Fields

const patience = 90 * time.Second // for what a real client does on a busy machine

// person is somebody in a room, with a replica of its document.
type person struct {
	*testkit.Client
	t        testing.TB
	resource string
	doc      *ydoc.Doc
	client   ydoc.ClientID
}

// join makes a client a member of a room.
func join(t testing.TB, c *testkit.Client, resource, mode, kind string) *person {
	t.Helper()
	p := &person{Client: c, t: t, resource: resource, doc: ydoc.New()}
	state := c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": mode, "resourceType": kind})
	p.apply(state.Bytes("state"))
	p.client = ydoc.ClientID(max(0, state.Int("clientId")))
	return p
}

func (p *person) apply(update []byte) {
	p.t.Helper()
	if err := p.doc.ApplyUpdate(update); err != nil {
		p.t.Fatalf("what the gateway sent: %v", err)
	}
}

// change edits the replica under a client id and returns the update, which is not sent.
func (p *person) change(client ydoc.ClientID, edit func(*ydoc.Edit)) []byte {
	p.t.Helper()
	for _, e := range p.Take("Y_UPDATE") {
		if e.Text("resourceId") == p.resource {
			p.apply(e.Bytes("update"))
		}
	}
	update, err := p.doc.Transact(client, edit)
	if err != nil {
		p.t.Fatal(err)
	}
	return update
}

// insert returns the update that inserts a text at the start of a field.
func (p *person) insert(field, text string) []byte {
	p.t.Helper()
	return p.change(p.client, func(e *ydoc.Edit) { e.InsertText(field, 0, text) })
}

// about returns the fields of an event about the person's resource.
func (p *person) about(more fields) fields {
	f := fields{"resourceId": p.resource}
	for key, value := range more {
		f[key] = value
	}
	return f
}

// write puts a text into a field, durably.
func (p *person) write(field, text string) {
	p.t.Helper()
	p.OK("Y_UPDATE", p.about(fields{"update": p.insert(field, text)}))
}

// crowd are people with unmodified npm clients: people.mjs.
type crowd struct {
	t    testing.TB
	node *testkit.Node
}

type said struct{ Error, Answer, Heard, Session string }

// do tells somebody to do something, and returns what came of it.
func (c *crowd) do(who, what string, more fields) said {
	c.t.Helper()
	command := fields{"do": what, "who": who}
	for key, value := range more {
		command[key] = value
	}
	var s said
	c.node.Call(patience, command, &s)
	return s
}

// must is do for what has to succeed.
func (c *crowd) must(who, what string, more fields) said {
	c.t.Helper()
	s := c.do(who, what, more)
	if s.Error != "" {
		c.t.Fatalf("%s %s: %s", who, what, s.Error)
	}
	return s
}
