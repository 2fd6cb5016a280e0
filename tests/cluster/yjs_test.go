//go:build integration

package cluster

import (
	"testing"

	"corsia/tests/testkit"
)

// mergedByYjs returns the text that npm yjs makes of a resource's journal, read backwards: any order must do.
func mergedByYjs(t *testing.T, s *testkit.Store, resource, field string) string {
	t.Helper()
	rows := s.Journal(resource, 0)
	var updates [][]byte // JSON makes them base64
	for i := len(rows) - 1; i >= 0; i-- {
		updates = append(updates, rows[i].Update)
	}
	node := testkit.StartNode(t, "merge.mjs", nil)
	var merged struct{ Text string }
	node.Call(eventually, fields{"field": field, "updates": updates}, &merged)
	return merged.Text
}
