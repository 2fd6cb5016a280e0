//go:build integration

package cluster

import (
	"encoding/base64"
	"testing"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

const nodePatience = 30 * time.Second

// crowd are people with unmodified npm clients: people.mjs.
type crowd struct {
	t    *testing.T
	node *testkit.Node
}

// report is what people.mjs says of one of them.
type report struct {
	Error     string
	Session   string
	Connected []struct {
		Session string
		Resumed bool
		Ms      int64
	}
	Events    map[string]int
	Revision  int64
	Transport string
	ClientID  int64 `json:"clientId"`
	Unacked   int
	Acked     int
	Ready     bool
	State     string
	Ms        float64
	Fence     int64
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	return &crowd{t, testkit.StartNode(t, "people.mjs", nil)}
}

// do tells somebody to do something, and fails when it could not be done.
func (c *crowd) do(who, what string, more fields) report {
	c.t.Helper()
	command := fields{"do": what, "who": who}
	for key, value := range more {
		command[key] = value
	}
	var r report
	c.node.Call(nodePatience, command, &r)
	if r.Error != "" {
		c.t.Fatalf("%s %s: %s", who, what, r.Error)
	}
	return r
}

// come connects somebody and joins a resource.
func (c *crowd) come(who string, url string, resource string, transports ...string) report {
	c.t.Helper()
	return c.do(who, "come", fields{"url": url, "token": new(testkit.Gateway).Token(who), "resource": resource, "transports": transports})
}

// document returns the replica as it is reported.
func (r report) document(t *testing.T) *ydoc.Doc {
	t.Helper()
	state, err := base64.StdEncoding.DecodeString(r.State)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := ydoc.Load(state)
	if err != nil {
		t.Fatalf("what yjs has: %v", err)
	}
	return doc
}
