//go:build integration

package e2e

import (
	"testing"

	"corsia/tests/testkit"
)

func TestConnectionsBehaveForUnmodifiedClients(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "MAX_MESSAGES_PER_SECOND=10000")
	var result struct{ Connected struct{ Session string } }
	g.RunNode(t, "connection.mjs", nil, &result)

	t.Run("A session's begin and end are audited once each (T1)", func(t *testing.T) {
		g.Store(t).WaitAudit(1, "session_id", result.Connected.Session, "USER_CONNECTED")
		g.Store(t).WaitAudit(1, "session_id", result.Connected.Session, "USER_DISCONNECTED")
	})
	t.Run("A refused client is audited (A4)", func(t *testing.T) {
		rejected := g.Store(t).WaitAudit(2, "type", "CONNECTION_REJECTED")
		for _, e := range rejected {
			if e.Outcome != "denied" || e.Reason() != "missing_token" || e.Session != "" || e.Body.Text("address") != "127.0.0.1" {
				t.Errorf("got %+v", e)
			}
		}
	})
}

func TestRoomsBehaveForUnmodifiedClients(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t)
	var result struct {
		Viewer, Downgrade struct {
			Resource, Session string
			Refusals          int
		}
	}
	g.RunNode(t, "rooms.mjs", nil, &result)

	t.Run("Each thing that a viewer tried is audited once (R2, T1)", func(t *testing.T) {
		denied := g.Store(t).WaitAudit(result.Viewer.Refusals, "session_id", result.Viewer.Session, "PERMISSION_DENIED")
		for _, e := range denied {
			if e.Outcome != "denied" || e.Actor != "usr_viewer" || e.Resource != result.Viewer.Resource {
				t.Errorf("got %+v", e)
			}
		}
	})
	t.Run("A join without the right is audited, and is no join (R2, T1)", func(t *testing.T) {
		g.Store(t).WaitAudit(2, "session_id", result.Downgrade.Session, "PERMISSION_DENIED")
		g.Store(t).WaitAudit(1, "session_id", result.Downgrade.Session, "RESOURCE_JOINED")
	})
	t.Run("Joining and leaving are audited once each (T1)", func(t *testing.T) {
		g.Store(t).WaitAudit(1, "session_id", result.Viewer.Session, "RESOURCE_JOINED")
		g.Store(t).WaitAudit(1, "session_id", result.Viewer.Session, "RESOURCE_LEFT")
	})
}
