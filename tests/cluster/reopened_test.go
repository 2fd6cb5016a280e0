//go:build integration

package cluster

import (
	"testing"
	"time"

	"corsia/tests/testkit"
)

// A browser is killed with text that it has stored and not sent, is opened again, and comes to another instance.
func TestAKilledBrowserSavesWhatItStoredFromAnotherInstance_D7_C11(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/reopened"
	anna, bruno := join(t, c.Instances[0], "usr_anna_d7", resource), join(t, c.Instances[2], "usr_bruno_d7", resource)
	anna.write("notes", "sent")
	stored := anna.insert("notes", "stored, ")
	start := time.Now()
	anna.Drop()
	again := join(t, c.Instances[1], "usr_anna_d7", resource)
	if again.Session() == anna.Session() {
		t.Fatal("the session was resumed")
	}
	for answer := again.send(stored)(); answer["ok"] != true; answer = again.send(stored)() {
		refused, _ := answer["error"].(fields)
		if refused.Text("code") != "BACKPRESSURE" || time.Since(start) > 4*time.Second { // the grace is 5 s
			t.Fatalf("after %v: %v", time.Since(start), answer)
		}
		time.Sleep(time.Duration(refused.Int("retryAfterMs")) * time.Millisecond)
	}
	t.Logf("saved %v after the browser was killed", time.Since(start).Round(time.Millisecond))
	bruno.shows(healthy, "notes", "stored, sent")
	again.apply(stored)
	again.write("notes", "more, ")
	bruno.shows(healthy, "notes", "more, stored, sent")
	for _, p := range []*person{again, bruno} {
		p.None("FOREIGN_CLIENT")
	}
	if back := resume(t, c.Instances[0], anna); back != nil {
		late := fields{"resourceId": resource, "update": anna.insert("notes", "late ")}
		refused := back.Refusal("Y_UPDATE", late)
		for until := time.Now().Add(4 * time.Second); refused.Text("code") == "BACKPRESSURE" && time.Now().Before(until); {
			time.Sleep(200 * time.Millisecond)
			refused = back.Refusal("Y_UPDATE", late)
		}
		if code := refused.Text("code"); code != "FOREIGN_CLIENT" {
			t.Errorf("who lost its id writes: %v", refused)
		}
	}
}

// resume resumes a person's session, if its grace has not ended.
func resume(t *testing.T, g *testkit.Instance, p *person) *testkit.Client {
	t.Helper()
	back := g.ConnectWith(t, testkit.Options{Token: g.Token(p.user), Auth: fields{"sessionId": p.Session(), "resumeKey": p.Connected.Text("resumeKey")}})
	if back.Connected["resumed"] != true {
		return nil
	}
	return back
}
