package session_test

import (
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

// reopened is the page of a browser that was closed and opened again: a new session, and the document that it has stored.
func (w *ward) reopened(t *testing.T, user string, old *page) *page {
	t.Helper()
	p := &page{Client: w.Connect(t, user), doc: old.doc, resource: old.resource}
	state := p.OK("JOIN_RESOURCE", fields{"resourceId": p.resource, "mode": "editor", "stateVector": old.doc.StateVector()})
	if err := p.doc.ApplyUpdate(state.Bytes("state")); err != nil {
		t.Fatalf("state: %v", err)
	}
	p.client = ydoc.ClientID(state.Int("clientId"))
	return p
}

// saves sends an update, again as long as the server says so, as the widget does. It returns how often it was put off.
func (p *page) saves(t *testing.T, update []byte) (putOff int) {
	t.Helper()
	for until := time.Now().Add(5 * time.Second); ; {
		answer := p.Call("Y_UPDATE", p.update(update))
		refused, _ := answer["error"].(fields)
		switch {
		case answer["ok"] == true:
			return putOff
		case refused.Text("code") != "BACKPRESSURE" || refused.Int("retryAfterMs") <= 0 || time.Now().After(until):
			t.Fatalf("after %d tries: %v", putOff, answer)
		}
		putOff++
		time.Sleep(time.Duration(refused.Int("retryAfterMs")) * time.Millisecond)
	}
}

func TestKilledBrowserThatIsOpenedAgainSavesWhatItHadStored(t *testing.T) { // D7, C11, G7
	t.Parallel()
	one, two := cluster(t, longGrace)
	for name, to := range map[string]*instance{"on the same instance": one, "on another instance": two} {
		t.Run(name, func(t *testing.T) {
			resource, user := "page:/"+name, "anna "+name // each has two sessions at most
			bruno := two.open(t, "bruno", resource)
			anna := one.open(t, user, resource)
			anna.OK("Y_UPDATE", anna.update(anna.types(t, "notes", "sent, ")))
			stored := anna.types(t, "notes", "stored")
			anna.Drop()
			testkit.Eventually(t, 2*time.Second, "the session is suspended", func() bool {
				return !one.gate.MayLock(collab.SessionID(anna.Session()), collab.Resource{Tenant: "default", ID: collab.ResourceID(resource)})
			})

			back := to.reopened(t, user, anna)
			if back.Connected["resumed"] == true || back.Session() == anna.Session() {
				t.Fatalf("CONNECTED %v", back.Connected)
			}
			if n := back.saves(t, stored); to == one && n > 0 {
				t.Errorf("put off %d times where both sessions are known", n)
			}
			back.OK("Y_UPDATE", back.update(back.types(t, "notes", ", more")))
			if err := bruno.doc.ApplyUpdate(bruno.OK("Y_SYNC", fields{"resourceId": resource}).Bytes("update")); err != nil {
				t.Fatal(err)
			}
			if got := bruno.doc.Text("notes"); got != "sent, stored, more" {
				t.Errorf("bruno sees %q", got)
			}
			if e := bruno.Refusal("Y_UPDATE", bruno.update(foreign(t, anna.client))); e.Text("code") != "FOREIGN_CLIENT" {
				t.Errorf("another user: %v", e)
			}
			back.Disconnect()
			bruno.Disconnect()
		})
	}
}

func TestTwoConnectedSessionsNeverShareAClientID(t *testing.T) { // D7
	t.Parallel()
	one, two := cluster(t, longGrace)
	for name, to := range map[string]*instance{"on the same instance": one, "on another instance": two} {
		t.Run(name, func(t *testing.T) {
			user := "anna " + name
			anna := one.open(t, user, "page:/"+name)
			anna.OK("Y_UPDATE", anna.update(anna.types(t, "notes", "x")))
			stolen := anna.types(t, "notes", "y")
			copied := to.reopened(t, user, anna)
			answer := copied.Refusal("Y_UPDATE", copied.update(stolen))
			for range 10 {
				if answer.Text("code") != "BACKPRESSURE" {
					break
				}
				time.Sleep(100 * time.Millisecond)
				answer = copied.Refusal("Y_UPDATE", copied.update(stolen))
			}
			if answer.Text("code") != "FOREIGN_CLIENT" {
				t.Errorf("got %v", answer)
			}
			anna.OK("Y_UPDATE", anna.update(stolen))
			anna.Disconnect()
			copied.Disconnect()
		})
	}
}

func foreign(t *testing.T, client ydoc.ClientID) []byte {
	t.Helper()
	update, err := ydoc.New().Transact(client, func(e *ydoc.Edit) {
		e.InsertText("dose", 0, "a long text that nobody has written so far, of more clocks than were used")
	})
	if err != nil {
		t.Fatal(err)
	}
	return update
}
