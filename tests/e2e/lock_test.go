//go:build integration

package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"corsia/tests/testkit"
)

func TestLocksAreEnforcedAgainstUnmodifiedClients(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "ADDR="+testkit.Port(t))
	var result struct {
		Resync struct {
			Resource, Session string
			Client            int64
		}
		Never struct {
			Resource string
			Update   []byte
		}
	}
	g.RunNode(t, "locks.mjs", nil, &result)

	t.Run("A refused update is audited once, with its field, and no later one of that session is (L6, T1)", func(t *testing.T) {
		rejected := g.Store(t).WaitAudit(1, "session_id", result.Resync.Session, "UPDATE_REJECTED")[0]
		if names, _ := rejected.Body["fields"].([]any); rejected.Reason() != "locked" || rejected.Outcome != "denied" || !slices.Equal(names, []any{"notes"}) {
			t.Fatalf("got %+v", rejected)
		}
	})
	t.Run("The client id of a refused update is retired in the store (D2c)", func(t *testing.T) {
		n := g.Store(t).Count("SELECT count(*) FROM yjs_clients WHERE resource_id = ? AND client_id = ? AND retired = 1", result.Resync.Resource, result.Resync.Client)
		if n != 1 {
			t.Fatal("it is not")
		}
	})
	t.Run("What was refused stays refused after a restart (D2c, D7)", func(t *testing.T) {
		g.Kill9()
		g.Restart(t)
		c := g.Connect(t, "usr_bruno")
		c.OK("JOIN_RESOURCE", fields{"resourceId": result.Never.Resource, "mode": "editor"})
		if code := c.Refusal("Y_UPDATE", fields{"resourceId": result.Never.Resource, "update": result.Never.Update}).Text("code"); code != "FOREIGN_CLIENT" {
			t.Fatalf("got %s", code)
		}
	})
}

// pair connects two users who are in the same room as editors.
func pair(t *testing.T, g *testkit.Gateway, resource string) (anna, bruno *testkit.Client) {
	t.Helper()
	anna, bruno = g.Connect(t, "usr_anna"), g.Connect(t, "usr_bruno")
	for _, c := range []*testkit.Client{anna, bruno} {
		c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	}
	return anna, bruno
}

func TestALockIsGrantedWithItsFenceAndTheRoomIsTold_L1(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/lock/grant"
	anna, bruno := pair(t, g, resource)
	before := time.Now()
	answer := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	event := anna.Next("LOCK_ACQUIRED")
	for _, got := range []fields{answer, event} {
		if got.Text("lockId") == "" || got.Text("resourceId") != resource || got.Text("field") != "notes" || got.Int("fence") != 1 || got.Int("revision") != 1 {
			t.Errorf("got %v", got)
		}
		if at, until := got.Int("acquiredAt"), got.Int("expiresAt"); at < before.UnixMilli()-1 || until-at != 30_000 {
			t.Errorf("from %d to %d", at, until)
		}
	}
	if answer.Text("lockId") != event.Text("lockId") {
		t.Errorf("the callback and the event differ: %v, %v", answer, event)
	}
	told := bruno.Next("LOCK_STATUS_CHANGED")
	if told.Text("resourceId") != resource || told.Text("field") != "notes" || told.Text("status") != "locked" || told.Text("userId") != "usr_anna" ||
		told.Text("name") != anna.Connected.Text("name") || told.Int("expiresAt") != answer.Int("expiresAt") {
		t.Errorf("got %v", told)
	}
	store := g.Store(t)
	rows := store.Query("SELECT fence, user_id, session_id, closed_at FROM locks WHERE lock_id = ?", answer.Text("lockId"))
	if len(rows) != 1 || rows[0]["fence"] != int64(1) || rows[0]["user_id"] != "usr_anna" || rows[0]["session_id"] != anna.Session() || rows[0]["closed_at"] != nil {
		t.Errorf("its record: %v", rows)
	}
	if guard := store.Count("SELECT guard FROM yjs_heads WHERE tenant = 'default' AND resource_id = ?", resource); guard != 1 {
		t.Errorf("the guard is %d, want 1 (D2b)", guard)
	}
	acquired := store.WaitAudit(1, "resource_id", resource, "LOCK_ACQUIRED")[0]
	if acquired.Actor != "usr_anna" || acquired.Session != anna.Session() || acquired.Body.Int("fence") != 1 {
		t.Errorf("got %+v", acquired)
	}
}

func TestFencesGrowForEverAlsoOverARestart_L1(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "ADDR="+testkit.Port(t))
	const resource = "page:/lock/fences"
	for want := int64(1); want <= 4; want++ {
		c := g.Connect(t, "usr_anna")
		if got := c.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"}); got.Int("fence") != want {
			t.Fatalf("fence %d, want %d", got.Int("fence"), want)
		}
		c.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "other"})
		c.Disconnect()
		store := g.Store(t)
		testkit.Eventually(t, eventually, "end of the locks", func() bool {
			return store.Count("SELECT count(*) FROM locks WHERE closed_at IS NULL") == 0
		})
		if want == 2 {
			g.Kill9()
			g.Restart(t)
		}
	}
}

func TestAnybodyWithTheRightMayLockWithoutJoining_L1(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const elsewhere, resource = "page:/lock/elsewhere", "order:/lock/not-a-room"
	anna, bruno := pair(t, g, elsewhere)
	granted := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource})
	if _, there := granted["field"]; there {
		t.Errorf("a lock on the whole resource names a field: %v", granted)
	}
	if told := bruno.Next("LOCK_STATUS_CHANGED"); told.Text("resourceId") != resource || told.Text("status") != "locked" {
		t.Errorf("those who share a room with the holder: %v", told)
	}
	anna.OK("LOCK_RELEASE", fields{"lockId": granted.Text("lockId")})
	if told := bruno.Next("LOCK_RELEASED"); told.Text("resourceId") != resource || told.Text("reason") != "released" {
		t.Errorf("got %v", told)
	}
	viewer := g.Connect(t, "usr_v", fields{"permissions": []any{fields{"resource": "*", "mode": "viewer"}}})
	denied := viewer.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource})
	if denied.Text("code") != "PERMISSION_DENIED" || denied.Text("event") != "LOCK_ACQUIRE" || denied.Text("resourceId") != resource {
		t.Errorf("got %v", denied)
	}
}

func TestATakenLockIsDeniedWithItsHolder_L2(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/lock/denied"
	anna, bruno := pair(t, g, resource)
	granted := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	refused := bruno.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	if refused.Text("code") != "LOCK_DENIED" {
		t.Errorf("got %v", refused)
	}
	for _, got := range []fields{refused, bruno.Next("LOCK_DENIED")} {
		if got.Text("resourceId") != resource || got.Text("field") != "notes" || got.Text("reason") != "already_locked" || got.Text("lockedBy") != "usr_anna" ||
			got.Text("lockedByName") != anna.Connected.Text("name") || got.Int("lockedUntil") != granted.Int("expiresAt") {
			t.Errorf("got %v", got)
		}
	}
	denied := g.Store(t).WaitAudit(1, "resource_id", resource, "LOCK_DENIED")[0]
	if denied.Actor != "usr_bruno" || denied.Reason() != "already_locked" || denied.Outcome != "denied" {
		t.Errorf("got %+v", denied)
	}
}

func TestOfFiveAtOnceOneWinsAndEverybodySeesTheSame_L2(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/lock/five"
	clients := make([]*testkit.Client, 5)
	for i := range clients {
		clients[i] = g.Connect(t, fmt.Sprintf("usr_five%d", i))
		clients[i].OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	}
	for round := range 10 {
		key := fields{"resourceId": resource, "field": fmt.Sprintf("field%d", round)}
		answers := make([]func() fields, len(clients))
		var begin sync.WaitGroup
		for i, c := range clients {
			begin.Go(func() { answers[i] = c.Ask("LOCK_ACQUIRE", key) })
		}
		begin.Wait()
		winner := ""
		var denied []fields
		for i, answer := range answers {
			got := answer()
			if got["ok"] == true {
				if winner != "" {
					t.Fatalf("round %d has two winners", round)
				}
				winner = fmt.Sprintf("usr_five%d", i)
				continue
			}
			denied = append(denied, got["error"].(fields))
		}
		if winner == "" || len(denied) != 4 {
			t.Fatalf("round %d: winner %q, %d denied", round, winner, len(denied))
		}
		for _, d := range denied {
			if d.Text("lockedBy") != winner || d.Text("reason") != "already_locked" {
				t.Errorf("round %d: %v, the winner is %s", round, d, winner)
			}
		}
		for _, c := range clients {
			if told := c.Next("LOCK_STATUS_CHANGED"); told.Text("userId") != winner {
				t.Errorf("round %d: %v, the winner is %s", round, told, winner)
			}
		}
	}
}

func TestLocksOnAResourceAndOnItsFieldsExcludeEachOther_L2(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/lock/overlaps"
	anna, bruno := pair(t, g, resource)
	for _, c := range []struct{ held, wanted string }{{"", "notes"}, {"notes", ""}, {"values", "values/sex"}, {"values/sex", "values"}, {"values/sex", ""}} {
		t.Run(fmt.Sprintf("%q and %q", c.held, c.wanted), func(t *testing.T) {
			granted := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": c.held})
			denied := bruno.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource, "field": c.wanted})
			if denied.Text("code") != "LOCK_DENIED" || denied.Text("reason") != "overlaps" || denied.Text("lockedBy") != "usr_anna" {
				t.Errorf("got %v", denied)
			}
			own := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": c.wanted}) // the session's own do not
			for _, l := range []fields{granted, own} {
				anna.OK("LOCK_RELEASE", fields{"lockId": l.Text("lockId")})
			}
			bruno.OK("LOCK_RELEASE", fields{"lockId": bruno.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": c.wanted}).Text("lockId")})
		})
	}
	both := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "a"})
	bruno.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "b"})
	anna.OK("LOCK_RELEASE", fields{"lockId": both.Text("lockId")})
}

func TestTheSameUserTakesALockOverInAnotherTab_L3(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/lock/take-over"
	anna, bruno := pair(t, g, resource)
	tab := g.Connect(t, "usr_anna")
	tab.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	first := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	want := fields{"resourceId": resource, "field": "notes"}
	if denied := tab.Refusal("LOCK_ACQUIRE", want); denied.Text("reason") != "already_locked" {
		t.Errorf("without takeOver: %v", denied)
	}
	want["takeOver"] = true
	if denied := bruno.Refusal("LOCK_ACQUIRE", want); denied.Text("reason") != "already_locked" {
		t.Errorf("another user: %v", denied)
	}
	second := tab.OK("LOCK_ACQUIRE", want)
	if second.Int("fence") != first.Int("fence")+1 || second.Text("lockId") == first.Text("lockId") {
		t.Errorf("after %v: %v", first, second)
	}
	for _, c := range []*testkit.Client{anna, bruno} {
		if told := c.Next("LOCK_RELEASED"); told.Text("reason") != "taken_over" || told.Text("userId") != "usr_anna" || told.Text("field") != "notes" {
			t.Errorf("got %v", told)
		}
	}
	if lost := anna.Refusal("LOCK_EXTEND", fields{"lockId": first.Text("lockId")}); lost.Text("code") != "LOCK_LOST" {
		t.Errorf("the old tab: %v", lost)
	}
	if code := anna.Refusal("SEED", fields{"resourceId": resource, "values": 1}).Text("code"); code == "" {
		t.Errorf("got %s", code)
	}
	store := g.Store(t)
	if got := store.WaitAudit(2, "resource_id", resource, "LOCK_ACQUIRED"); got[1].Body.Int("fence") != second.Int("fence") {
		t.Errorf("got %+v", got)
	}
	if ended := store.WaitAudit(1, "resource_id", resource, "LOCK_RELEASED"); ended[0].Reason() != "taken_over" || ended[0].Body.Int("fence") != first.Int("fence") {
		t.Errorf("the end of the first lock: %+v", ended)
	}
	anna.None("LOCK_RELEASED")
}

func TestASessionThatAsksAgainHasItsLockExtended_L1(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/lock/again"
	anna, _ := pair(t, g, resource)
	anna.OK("SEED", fields{"resourceId": resource, "values": fields{"dose": "5 mg"}})
	first := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	second := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	if second.Text("lockId") != first.Text("lockId") || second.Int("fence") != first.Int("fence") || second.Int("expiresAt") < first.Int("expiresAt") {
		t.Errorf("after %v: %v", first, second)
	}
	if first.Int("revision") != 2 || second.Int("revision") != 2 {
		t.Errorf("revisions %d and %d, want 2", first.Int("revision"), second.Int("revision"))
	}
}

func TestALockWithATTLOfItsOwnExpiresOnceAndIsNotExtended_L4_L5(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/lock/ttl"
	anna, bruno := pair(t, g, resource)
	granted := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes", "ttl": 1})
	if ttl := granted.Int("expiresAt") - granted.Int("acquiredAt"); ttl != 1000 {
		t.Fatalf("a TTL of %d ms", ttl)
	}
	anna.OK("Y_SYNC", fields{"resourceId": resource}) // activity does not help
	for _, c := range []*testkit.Client{anna, bruno} {
		if told := c.Next("LOCK_RELEASED"); told.Text("reason") != "expired" || told.Text("userId") != "usr_anna" || told.Text("field") != "notes" || told.Text("resourceId") != resource {
			t.Errorf("got %v", told)
		}
	}
	if late := time.Now().UnixMilli() - granted.Int("expiresAt"); late > 2000 || late < 0 {
		t.Errorf("noticed %d ms after its end", late)
	}
	if lost := anna.Refusal("LOCK_RELEASE", fields{"lockId": granted.Text("lockId")}); lost.Text("code") != "LOCK_LOST" || lost.Text("lockId") != granted.Text("lockId") {
		t.Errorf("got %v", lost)
	}
	anna.Emit("LOCK_EXTEND", fields{"lockId": granted.Text("lockId")})
	if lost := anna.Next("LOCK_LOST"); lost.Text("lockId") != granted.Text("lockId") {
		t.Errorf("got %v", lost)
	}
	if expired := g.Store(t).WaitAudit(1, "resource_id", resource, "LOCK_EXPIRED")[0]; expired.Body.Int("fence") != granted.Int("fence") {
		t.Errorf("got %+v", expired)
	}
	anna.None("LOCK_RELEASED")
	bruno.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
}

func TestAnExtensionLastsForTheLocksTTL_L4(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/lock/extend"
	anna, bruno := pair(t, g, resource)
	granted := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes", "ttl": 2})
	id := fields{"lockId": granted.Text("lockId")}
	for range 3 {
		time.Sleep(time.Second)
		if until := anna.OK("LOCK_EXTEND", id).Int("expiresAt"); until < time.Now().UnixMilli()+1500 || until > time.Now().UnixMilli()+2500 {
			t.Fatalf("extended until %d, it is %d", until, time.Now().UnixMilli())
		}
	}
	if lost := bruno.Refusal("LOCK_EXTEND", id); lost.Text("code") != "LOCK_LOST" {
		t.Errorf("somebody else extends: %v", lost)
	}
	if lost := bruno.Refusal("LOCK_RELEASE", id); lost.Text("code") != "LOCK_LOST" {
		t.Errorf("somebody else releases: %v", lost)
	}
	if answer := anna.OK("LOCK_RELEASE", id); answer["ok"] != true {
		t.Errorf("got %v", answer)
	}
	if told := bruno.Next("LOCK_RELEASED"); told.Text("reason") != "released" {
		t.Errorf("got %v", told)
	}
	g.Store(t).WaitAudit(1, "resource_id", resource, "LOCK_RELEASED")
}

func TestTheLockOfAnActiveSessionIsExtendedByItself_L4(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "LOCK_TTL=1s")
	const resource = "page:/lock/active"
	anna, bruno := pair(t, g, resource)
	granted := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	store := g.Store(t)
	time.Sleep(2500 * time.Millisecond)
	if denied := bruno.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"}); denied.Text("reason") != "already_locked" {
		t.Errorf("got %v", denied)
	}
	until := store.Count("SELECT expires_at FROM locks WHERE lock_id = ?", granted.Text("lockId")) / 1000
	if until <= time.Now().UnixMilli() {
		t.Errorf("its record ends at %d, it is %d", until, time.Now().UnixMilli())
	}
	bruno.None("LOCK_RELEASED")
}

func TestAWaitingRequestGetsTheLockWhenItIsFree_L1(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/lock/wait"
	anna, bruno := pair(t, g, resource)
	granted := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	start := time.Now()
	if denied := bruno.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes", "waitMs": 400}); denied.Text("reason") != "already_locked" {
		t.Errorf("got %v", denied)
	}
	if waited := time.Since(start); waited < 300*time.Millisecond || waited > 3*time.Second {
		t.Errorf("it waited %v", waited)
	}
	answer := bruno.Ask("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes", "waitMs": 8000})
	bruno.OK("Y_SYNC", fields{"resourceId": resource}) // the session goes on meanwhile
	anna.OK("LOCK_RELEASE", fields{"lockId": granted.Text("lockId")})
	if got := answer(); got["ok"] != true || got.Int("fence") != granted.Int("fence")+1 {
		t.Errorf("got %v", got)
	}
}

func TestTheEndOfAHoldersStayReleasesItsLocks_L4_L5_R3(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	for _, c := range []struct {
		name, reason string
		end          func(c *testkit.Client, resource string)
	}{
		{"leaving the room", "left_resource", func(c *testkit.Client, resource string) { c.OK("LEAVE_RESOURCE", fields{"resourceId": resource}) }},
		{"an orderly disconnect", "user_disconnected", func(c *testkit.Client, _ string) { c.Disconnect() }},
		{"a lost transport", "user_disconnected", func(c *testkit.Client, _ string) { c.Drop() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			resource := "page:/lock/end of " + c.name
			anna, bruno := pair(t, g, resource)
			anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
			anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "dose"})
			c.end(anna, resource)
			for range 2 {
				if told := bruno.Next("LOCK_RELEASED"); told.Text("reason") != c.reason || told.Text("userId") != "usr_anna" {
					t.Errorf("got %v", told)
				}
			}
			bruno.Next("USER_LEFT")
			for _, e := range g.Store(t).WaitAudit(2, "resource_id", resource, "LOCK_RELEASED") {
				if e.Reason() != c.reason {
					t.Errorf("got %+v", e)
				}
			}
			bruno.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
		})
	}
}

func TestNoLockSurvivesKill9_L5_F5(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "ADDR="+testkit.Port(t))
	const resource = "page:/lock/kill"
	anna, _ := pair(t, g, resource)
	granted := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"})
	g.Kill9()
	g.Restart(t)
	bruno := g.Connect(t, "usr_bruno")
	state := bruno.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	if locks := state["locks"].([]any); len(locks) != 0 { // joined before the gateway looked at what it had left
		if told := bruno.Next("LOCK_RELEASED"); told.Text("reason") != "expired" || told.Text("userId") != "usr_anna" {
			t.Errorf("got %v", told)
		}
	}
	if got := bruno.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": "notes"}); got.Int("fence") != granted.Int("fence")+1 {
		t.Errorf("got %v", got)
	}
	store := g.Store(t)
	if expired := store.WaitAudit(1, "resource_id", resource, "LOCK_EXPIRED")[0]; expired.Body.Int("fence") != granted.Int("fence") || expired.Actor != "usr_anna" {
		t.Errorf("got %+v", expired)
	}
	g.Kill9()
	g.Restart(t)
	g.Store(t).WaitAudit(2, "resource_id", resource, "LOCK_EXPIRED")
}
