//go:build integration

package e2e

import (
	"slices"
	"testing"

	"corsia/tests/testkit"
)

func TestDocumentsBehaveForUnmodifiedClients(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "COMPACT_AFTER=60s")
	var result struct {
		Twice, Bound, Ids string
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
			return store.Count("SELECT count(*) FROM yjs_clients WHERE resource_id = ?", result.Ids) == 0
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
