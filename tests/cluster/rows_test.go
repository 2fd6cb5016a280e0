//go:build integration

package cluster

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

// plain returns a plain connection to the cluster's PostgreSQL.
func plain(t *testing.T, c *testkit.Cluster) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.StoreURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}

// row reads one row.
func row(t *testing.T, conn *pgx.Conn, query string, args []any, into ...any) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), query, args...).Scan(into...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestTheRowsOfADocumentSayWhatWasWrittenByWhom_D3(t *testing.T) {
	c := testkit.SharedCluster(t)
	conn := plain(t, c)
	const resource = "page:/rows/document"
	anna, bruno := join(t, c.Instances[0], "usr_anna_rows", resource), join(t, c.Instances[1], "usr_bruno_rows", resource)
	before := time.Now().Add(-time.Second)
	anna.write("notes", "one")
	bruno.shows(eventually, "notes", "one")
	update := bruno.change(func(e *ydoc.Edit) { e.InsertText("dose", 0, "2"); e.SetMap("values", "ward", "3") })
	bruno.OK("Y_UPDATE", fields{"resourceId": resource, "update": update})

	var stored []byte
	var user, session string
	var clients []int64
	var names []string
	var created time.Time
	row(t, conn, `SELECT "update", user_id, session_id, client_ids, fields, created_at FROM yjs_updates
		WHERE tenant = 'default' AND resource_id = $1 AND revision = 3`, []any{resource}, &stored, &user, &session, &clients, &names, &created)
	slices.Sort(names)
	if user != "usr_bruno_rows" || session != bruno.Session() || !slices.Equal(clients, []int64{int64(bruno.client)}) ||
		!slices.Equal(names, []string{"dose", "values/ward"}) || created.Before(before) || created.After(time.Now().Add(time.Second)) {
		t.Errorf("revision 3: %s, %s, clients %v, fields %v, %v", user, session, clients, names, created)
	}
	doc := ydoc.New()
	for _, u := range [][]byte{c.Store(t).Journal(resource, 1)[0].Update, stored} {
		if err := doc.ApplyUpdate(u); err != nil {
			t.Fatal(err)
		}
	}
	if doc.Text("dose") != "2" || doc.Text("notes") != "one" {
		t.Errorf("the rows make %q and %q", doc.Text("dose"), doc.Text("notes"))
	}

	var revision, epoch int64
	row(t, conn, "SELECT revision, epoch FROM yjs_heads WHERE tenant = 'default' AND resource_id = $1", []any{resource}, &revision, &epoch)
	if revision != 3 || epoch != 0 {
		t.Errorf("the head is at revision %d, epoch %d", revision, epoch)
	}
	anna.Disconnect()
	bruno.Disconnect()
	testkit.Eventually(t, eventually, "state of revision 3", func() bool { // when the last session leaves
		_, revision := c.Store(t).State(resource)
		return revision == 3
	})
	state, _ := c.Store(t).State(resource)
	loaded, err := ydoc.Load(state)
	if err == nil {
		err = ydoc.Equal(doc, loaded)
	}
	if err != nil {
		t.Errorf("the state: %v", err)
	}
	if _, err := conn.Exec(t.Context(), "UPDATE yjs_updates SET user_id = 'x' WHERE resource_id = $1", resource); err == nil {
		t.Error("a row of the journal can be changed")
	}
}

func TestTheRowsOfALockSayWhoHeldItAndHowItEnded_L1_L5(t *testing.T) {
	c := testkit.SharedCluster(t)
	conn := plain(t, c)
	const resource = "page:/rows/lock"
	anna := join(t, c.Instances[2], "usr_anna_lock_row", resource)
	lock := anna.lock("notes")
	var fence int64
	var user, session, instance string
	var acquired, expires time.Time
	var closed *time.Time
	var reason *string
	read := func() {
		t.Helper()
		row(t, conn, `SELECT fence, user_id, session_id, instance, acquired_at, expires_at, closed_at, closed_reason FROM locks WHERE lock_id = $1`,
			[]any{lock.Text("lockId")}, &fence, &user, &session, &instance, &acquired, &expires, &closed, &reason)
	}
	read()
	if fence != 1 || user != "usr_anna_lock_row" || session != anna.Session() || instance != "instance-3" || acquired.UnixMilli() != lock.Int("acquiredAt") ||
		expires.UnixMilli() != lock.Int("expiresAt") || closed != nil {
		t.Errorf("fence %d, %s, %s, %s, from %v to %v, closed %v", fence, user, session, instance, acquired, expires, closed)
	}
	var guard int64
	row(t, conn, "SELECT guard FROM yjs_heads WHERE tenant = 'default' AND resource_id = $1", []any{resource}, &guard)
	if guard != 1 {
		t.Errorf("the grant raised the guard to %d, want 1 (D2b)", guard)
	}
	anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
	if read(); closed == nil || reason == nil || *reason != "released" {
		t.Errorf("after its release: closed %v", closed)
	}
	row(t, conn, "SELECT guard FROM yjs_heads WHERE tenant = 'default' AND resource_id = $1", []any{resource}, &guard)
	if guard != 2 {
		t.Errorf("the end raised the guard to %d, want 2 (D2b)", guard)
	}
	var highest int64
	row(t, conn, "SELECT fence FROM lock_fences WHERE tenant = 'default' AND resource_id = $1 AND field = 'notes'", []any{resource}, &highest)
	if highest != 1 {
		t.Errorf("the highest fence is %d", highest)
	}
}

func TestEveryEventOfASessionIsAuditedOnceByItsInstance_T1_T3(t *testing.T) {
	c := testkit.SharedCluster(t)
	conn := plain(t, c)
	const resource = "page:/rows/audit"
	anna := join(t, c.Instances[1], "usr_anna_audit", resource)
	lock := anna.lock("notes")
	anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
	anna.OK("LEAVE_RESOURCE", fields{"resourceId": resource})
	anna.Disconnect()
	c.Store(t).WaitAudit(1, "session_id", anna.Session(), "USER_DISCONNECTED")
	rows, err := conn.Query(t.Context(), "SELECT event_id, type, outcome, tenant, actor, body FROM "+testkit.AuditEvents+" WHERE session_id = $1 ORDER BY event_id", anna.Session())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var types []string
	ids := map[string]bool{}
	for rows.Next() {
		var id, kind, outcome, tenant, actor string
		var encoded []byte
		if err := rows.Scan(&id, &kind, &outcome, &tenant, &actor, &encoded); err != nil {
			t.Fatal(err)
		}
		var body fields
		if err := json.Unmarshal(encoded, &body); err != nil {
			t.Fatal(err)
		}
		if outcome != "success" || tenant != "default" || actor != "usr_anna_audit" || body.Text("instance") != "instance-2" || kind != "LOCK_RELEASED" && (body.Text("address") != "127.0.0.1" || body.Text("role") != "nurse") {
			t.Errorf("%s: %s, %s, %s, %v", kind, outcome, tenant, actor, body)
		}
		types, ids[id] = append(types, kind), true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	want := []string{"USER_CONNECTED", "RESOURCE_JOINED", "LOCK_ACQUIRED", "LOCK_RELEASED", "RESOURCE_LEFT", "USER_DISCONNECTED"}
	if !slices.Equal(types, want) || len(ids) != len(want) {
		t.Errorf("the trail has %v, want %v", types, want)
	}
}
