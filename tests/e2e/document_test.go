//go:build integration

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/tests/testkit"
)

func TestDocumentsBehaveForUnmodifiedClients(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "COMPACT_AFTER=60s")
	var result struct {
		Twice, Bound, IDs string
		Part              struct {
			Resource string
			Second   int
		}
	}
	g.RunNode(t, "documents.mjs", nil, &result)

	t.Run("An update that adds nothing is not journalled (D2a)", func(t *testing.T) {
		if rows := g.Store(t).Journal(result.Twice, 0); len(rows) != 2 {
			t.Fatalf("the journal has %d rows, want 2", len(rows))
		}
	})
	t.Run("What the document had of an update is not journalled again (D2a)", func(t *testing.T) {
		rows := g.Store(t).Journal(result.Part.Resource, 2)
		if len(rows) != 1 || len(rows[0].Update) != result.Part.Second {
			t.Fatalf("the journal has %d rows after revision 2, want one of %d bytes: %v", len(rows), result.Part.Second, rows)
		}
	})
	t.Run("A row of the journal names its author, session, client ids and fields (D3)", func(t *testing.T) {
		row := g.Store(t).Journal(result.Bound, 0)[0]
		if row.User != "usr_a" || row.Session == "" || !slices.Equal(row.Clients, []int64{4_000_000_001}) || !slices.Equal(row.Fields, []string{"notes"}) {
			t.Fatalf("got %+v", row)
		}
	})
	t.Run("A client id is bound to its user in the store (D7)", func(t *testing.T) {
		rows := g.Store(t).Query("SELECT user_id, used FROM yjs_clients WHERE resource_id = ? AND client_id = 4000000001", result.Bound)
		if len(rows) != 1 || rows[0]["user_id"] != "usr_a" || rows[0]["used"] != int64(1) {
			t.Fatalf("got %v", rows)
		}
	})
	t.Run("Client ids that were reserved and never used are gone (D7)", func(t *testing.T) {
		store := g.Store(t)
		testkit.Eventually(t, eventually, "end of the reservations", func() bool {
			return store.Count("SELECT count(*) FROM yjs_clients WHERE resource_id = ?", result.IDs) == 0
		})
	})
	t.Run("No journal has a gap (SPEC 2)", func(t *testing.T) {
		for _, row := range g.Store(t).Query("SELECT resource_id, count(*) AS n, max(revision) AS last FROM yjs_updates GROUP BY resource_id") {
			if row["n"].(int64) != row["last"].(int64)-1 {
				t.Errorf("%v has %v rows up to revision %v", row["resource_id"], row["n"], row["last"])
			}
		}
	})
}

func TestACreatedDocumentHasItsStateAtRevisionOne_D1(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "COMPACT_AFTER=60s")
	store := g.Store(t)
	viewer, editor := g.Connect(t, "usr_v"), g.Connect(t, "usr_e")
	viewer.OK("JOIN_RESOURCE", fields{"resourceId": "page:/d1", "mode": "viewer"})
	if n := store.Count("SELECT (SELECT count(*) FROM yjs_heads) + (SELECT count(*) FROM yjs_states)"); n != 0 {
		t.Fatalf("a viewer made %d rows", n)
	}
	editor.OK("JOIN_RESOURCE", fields{"resourceId": "page:/d1", "resourceType": "patient_record", "mode": "editor"})
	if state, revision := store.State("page:/d1"); revision != 1 || !slices.Equal(state, []byte{0, 0}) {
		t.Fatalf("revision %d, state %v", revision, state)
	}
	heads := store.Query("SELECT revision, epoch, resource_type FROM yjs_heads")
	if len(heads) != 1 || heads[0]["revision"] != int64(1) || heads[0]["resource_type"] != "patient_record" {
		t.Fatalf("got %v", heads)
	}
	if revision := editor.OK("SEED", fields{"resourceId": "page:/d1", "values": fields{"dose": "5 mg"}}).Int("revision"); revision != 2 {
		t.Fatalf("the first edit is revision %d", revision)
	}
}

func TestAChangedDocumentIsCompactedInTimeAndItsJournalKept_D3(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "COMPACT_AFTER=800ms")
	const resource = "page:/d3"
	store := g.Store(t)
	c := g.Connect(t, "usr_e")
	c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	for i := range 20 {
		c.OK("SEED", fields{"resourceId": resource, "values": fields{fmt.Sprintf("field%d", i): "text " + testkit.Marker}})
	}
	changed := time.Now()
	testkit.Eventually(t, 5*time.Second, "state of the last revision", func() bool {
		_, revision := store.State(resource)
		return revision == 21
	})
	if took := time.Since(changed); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	if n := len(store.Journal(resource, 0)); n != 20 {
		t.Errorf("the journal has %d rows, want 20", n)
	}
	state := c.OK("Y_SYNC", fields{"resourceId": resource})
	if saved, _ := store.State(resource); len(saved) != len(state.Bytes("update")) {
		t.Errorf("the state has %d bytes, the document %d", len(saved), len(state.Bytes("update")))
	}
}

func TestTheLastSessionsLeavingWritesTheState_D3(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "COMPACT_AFTER=60s")
	const resource = "page:/d3/left"
	store := g.Store(t)
	c := g.Connect(t, "usr_e")
	c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	c.OK("SEED", fields{"resourceId": resource, "values": fields{"notes": testkit.Marker}})
	if _, revision := store.State(resource); revision != 1 {
		t.Fatalf("the state is of revision %d already", revision)
	}
	c.OK("LEAVE_RESOURCE", fields{"resourceId": resource})
	testkit.Eventually(t, 5*time.Second, "state of the last revision", func() bool {
		_, revision := store.State(resource)
		return revision == 2
	})
}

func TestADocumentDoesNotGrowOverItsLimit_D6(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "MAX_DOCUMENT_BYTES=65536", "MAX_UPDATE_BYTES=20000")
	const resource = "page:/d6"
	c, other := pair(t, g, resource)
	text := strings.Repeat("x", 15_000)
	for i := range 4 {
		c.OK("SEED", fields{"resourceId": resource, "values": fields{fmt.Sprintf("field%d", i): text}})
	}
	refused := c.Refusal("SEED", fields{"resourceId": resource, "values": fields{"field4": text}})
	if refused.Text("code") != "DOCUMENT_TOO_LARGE" {
		t.Errorf("got %v", refused)
	}
	state := other.OK("Y_SYNC", fields{"resourceId": resource})
	if state.Int("revision") != 5 || strings.Contains(string(state.Bytes("update")), "field4") {
		t.Errorf("revision %d, %d bytes: something of the refused seed is there", state.Int("revision"), len(state.Bytes("update")))
	}
	if refused := c.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": make([]byte, 20_001)}); refused.Text("code") != "UPDATE_TOO_LARGE" {
		t.Errorf("got %v", refused)
	}
	c.OK("SEED", fields{"resourceId": resource, "values": fields{"small": "fits"}})
}

func TestADamagedDocumentIsQuarantinedAndOthersDoNotNotice_D3_F8(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "ADDR="+testkit.Port(t), "COMPACT_AFTER=60s")
	g.ExpectError("room: document is quarantined")
	c := g.Connect(t, "usr_e")
	for _, resource := range []string{"page:/bad", "page:/good"} {
		c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
		c.OK("SEED", fields{"resourceId": resource, "values": fields{"notes": testkit.Marker}})
	}
	g.Kill9()
	g.Damage(t, "UPDATE yjs_states SET state = x'ff00ff' WHERE resource_id = 'page:/bad'")
	g.Restart(t)
	d := g.Connect(t, "usr_e")
	if refused := d.Refusal("JOIN_RESOURCE", fields{"resourceId": "page:/bad", "mode": "editor"}); refused.Text("code") != "DOCUMENT_QUARANTINED" {
		t.Errorf("got %v", refused)
	}
	if state := d.OK("JOIN_RESOURCE", fields{"resourceId": "page:/good", "mode": "editor"}); state.Int("revision") != 2 {
		t.Errorf("got %v", state)
	}
	store := g.Store(t)
	if state, revision := store.State("page:/bad"); revision != 1 || !slices.Equal(state, []byte{0xff, 0, 0xff}) || len(store.Journal("page:/bad", 0)) != 1 {
		t.Errorf("the bad document's rows were changed")
	}
}
