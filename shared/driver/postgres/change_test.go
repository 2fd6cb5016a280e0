package postgres

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

var ward = collab.Resource{Tenant: "default", ID: "ward"}

// at returns a change that has read the document at a head.
func at(h collab.Head, next int64) *change {
	v := newView()
	v.heads[ward] = &head{Head: h, next: next, horizon: next + reserveWindow}
	return &change{view: v}
}

func edits(expect collab.Head, n int) *collab.Batch {
	b := &collab.Batch{Resource: ward, Expect: expect}
	for i := range n {
		b.Entries = append(b.Entries, collab.Entry{Revision: expect.Revision + 1 + int64(i), At: time.Unix(int64(i), 0)})
	}
	return b
}

func TestBatchesOfOneTransactionAreJudgedOneAfterTheOther(t *testing.T) { // D2b
	c := at(collab.Head{Revision: 4, Guard: 1}, 1)
	for i, tt := range []struct {
		expect collab.Head
		want   error
	}{
		{collab.Head{Revision: 4, Guard: 1}, nil},
		{collab.Head{Revision: 4, Guard: 1}, collab.ErrStale}, // the first has moved it
		{collab.Head{Revision: 6, Guard: 2}, collab.ErrStale},
		{collab.Head{Revision: 6, Guard: 1, Epoch: 1}, collab.ErrStale},
		{collab.Head{Revision: 6, Guard: 1}, nil},
	} {
		if err := c.append(edits(tt.expect, 2)); !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
			t.Fatalf("batch %d: %v, want %v", i, err, tt.want)
		}
	}
	if got := c.current(ward); got != (collab.Head{Revision: 8, Guard: 1}) || c.journal.count() != 4 {
		t.Fatalf("head %+v, %d rows, want revision 8 and 4 rows", got, c.journal.count())
	}
}

func TestABatchIsJudgedBeforeAnythingIsChanged(t *testing.T) {
	mine, theirs := &client{user: "me"}, &client{user: "they"}
	gap := edits(collab.Head{Revision: 1}, 2)
	gap.Entries[1].Revision = 9
	tests := []struct {
		name  string
		batch *collab.Batch
		bind  []collab.Owner
		want  error
	}{
		{"a gap", gap, nil, nil},
		{"an id out of range", edits(collab.Head{Revision: 1}, 1), []collab.Owner{{Client: 1 << 63, User: "me"}}, nil},
		{"another's id", edits(collab.Head{Revision: 1}, 1), []collab.Owner{{Client: 7, User: "me"}, {Client: 8, User: "me"}}, collab.ErrClientTaken},
		{"another's id at a stale head", edits(collab.Head{Revision: 2}, 1), []collab.Owner{{Client: 8, User: "me"}}, collab.ErrStale},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := at(collab.Head{Revision: 1}, 1)
			c.clients[ward] = map[int64]*client{7: mine, 8: theirs}
			tt.batch.Bind = tt.bind
			err := c.append(tt.batch)
			if _, ok := errors.AsType[refusal](err); !ok || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("%v, want a refusal %v", err, tt.want)
			}
			if !c.empty() {
				t.Fatal("something will be written")
			}
		})
	}
	none := &change{view: newView()}
	if err := none.append(edits(collab.Head{}, 1)); !errors.Is(err, collab.ErrStale) {
		t.Fatalf("appending to what does not exist: %v, want ErrStale", err)
	}
	locked := at(collab.Head{Guard: 1}, 1) // a head without a document
	if err := locked.append(edits(collab.Head{Guard: 1}, 1)); !errors.Is(err, collab.ErrStale) {
		t.Fatalf("appending to what has been locked only: %v, want ErrStale", err)
	}
}

func TestAnIDBoundInATransactionIsTakenForTheNextJob(t *testing.T) { // D7
	c := at(collab.Head{Revision: 1}, 5)
	first := edits(collab.Head{Revision: 1}, 1)
	first.Bind = []collab.Owner{{Client: 5, User: "me", Used: true}}
	if err := c.append(first); err != nil {
		t.Fatal(err)
	}
	second := edits(collab.Head{Revision: 2}, 1)
	second.Bind = []collab.Owner{{Client: 5, User: "they"}}
	if err := c.append(second); !errors.Is(err, collab.ErrClientTaken) {
		t.Fatalf("binding it to another: %v, want ErrClientTaken", err)
	}
	if got := c.reserve(ward, "they", "s_2"); got != 6 {
		t.Fatalf("reserved %d, want 6", got)
	}
}

func TestLeavingInATransactionDropsWhatItReserved(t *testing.T) {
	c := at(collab.Head{Revision: 1}, 1)
	c.clients[ward] = map[int64]*client{90: {session: "s_1", used: true}, 91: {session: "s_1", retired: true}, 92: {session: "s_1"}}
	c.reserve(ward, "me", "s_1")
	c.reserve(ward, "me", "s_2")
	c.retire(ward, 92)
	c.dropUnused(ward, "s_1")
	left := c.known(ward)
	if len(left) != 4 || left[2] == nil || left[1] != nil {
		t.Fatalf("left %v, want all but the unused one of s_1", left)
	}
}

func TestReservingGoesOnWhereATransactionStopped(t *testing.T) {
	c := at(collab.Head{Revision: 1}, 10)
	c.clients[ward] = map[int64]*client{}
	for id := int64(10); id < 10+reserveWindow; id++ {
		c.clients[ward][id] = &client{user: "they"}
	}
	if got := c.reserve(ward, "me", "s_1"); got != 0 {
		t.Fatalf("reserved %d, want none that is known to be free", got)
	}
	if h := c.heads[ward]; h.next != 10+reserveWindow || !h.changed {
		t.Fatalf("next %d, changed %v: want that it goes on after the window", h.next, h.changed)
	}
}

func TestOnlyTheFirstEditorsJoinCreates(t *testing.T) { // D1
	c := at(collab.Head{Guard: 2}, 1)
	view, err := c.join(collab.Join{Resource: ward, Mode: collab.Viewer})
	if err != nil || view != (collab.Joined{}) {
		t.Fatalf("viewer's join %+v, %v, want zero", view, err)
	}
	first, err := c.join(collab.Join{Resource: ward, Mode: collab.Editor})
	if err != nil || first != (collab.Joined{Head: collab.Head{Revision: 1, Guard: 2}, Client: 1, Created: true}) {
		t.Fatalf("first join %+v, %v", first, err)
	}
	second, err := c.join(collab.Join{Resource: ward, Mode: collab.Editor})
	if err != nil || second != (collab.Joined{Head: first.Head, Client: 2}) {
		t.Fatalf("second join %+v, %v", second, err)
	}
	erased := &change{view: newView()}
	if _, err := erased.join(collab.Join{Resource: ward, Mode: collab.Editor}); !errors.Is(err, collab.ErrNotFound) {
		t.Fatalf("joining what is erased at this moment: %v, want ErrNotFound", err)
	}
}

func lockOn(field collab.Field, session collab.SessionID) collab.Lock {
	return collab.Lock{ID: collab.LockID(string(field) + string(session)), Key: collab.LockKey{Resource: ward, Field: field}, User: "me", Session: session}
}

func TestGrantsOfOneTransactionSeeEachOther(t *testing.T) { // L1, L2
	c := at(collab.Head{Revision: 3}, 1)
	granted, err := c.openLock(lockOn("a", "s_1"), collab.Displace{})
	if err != nil || granted.Lock.Fence != 1 || granted.Head != (collab.Head{Revision: 3, Guard: 1}) {
		t.Fatalf("granted %+v, %v", granted, err)
	}
	if _, err := c.openLock(lockOn("a", "s_2"), collab.Displace{}); !errors.Is(err, collab.ErrHeld) {
		t.Fatalf("the same key: %v, want ErrHeld", err)
	}
	if _, err := c.openLock(lockOn("", "s_2"), collab.Displace{SameUser: true}); !errors.Is(err, collab.ErrOverlaps) {
		t.Fatalf("the whole resource: %v, want ErrOverlaps", err)
	}
	over, err := c.openLock(lockOn("a", "s_2"), collab.Displace{SameUser: true})
	if err != nil || over.Lock.Fence != 2 || len(over.Superseded) != 1 || len(c.locks[ward]) != 1 {
		t.Fatalf("taken over: %+v, %v", over, err)
	}
	if _, open := c.openRecord(granted.Lock.Key, 1); open {
		t.Fatal("the first grant is still open")
	}
	if got := c.raiseGuard(collab.Resource{ID: "none"}); got != (collab.Head{}) {
		t.Fatalf("guard of nothing %+v", got)
	}
}

func TestATransactionAsksAndWritesByTheNumber(t *testing.T) {
	w := newWants()
	for _, id := range []collab.ResourceID{"b", "a", "b"} {
		r := collab.Resource{Tenant: "t", ID: id}
		w.head(r, id == "b")
		w.fresh[r]++
		w.locks[r], w.fences[collab.LockKey{Resource: r}] = true, true
		w.clients[clientKey{r, 1}], w.unused[sessionKey{r, "s"}] = true, true
	}
	w.head(collab.Resource{Tenant: "A", ID: "z"}, false)
	b := &pgx.Batch{}
	w.queue(b)
	if b.Len() != 7 {
		t.Fatalf("%d statements ask, want 7", b.Len())
	}
	if got := b.QueuedQueries[1].Arguments[1].([]string); !slices.Equal(got, []string{"z", "a", "b"}) {
		t.Fatalf("heads are locked in the order %q, want that of (tenant, resource)", got)
	}
	c := at(collab.Head{Revision: 1}, 1)
	for revision := int64(1); revision < 100; revision++ {
		if err := c.append(edits(collab.Head{Revision: revision}, 1)); err != nil {
			t.Fatal(err)
		}
	}
	c.audit = make([]collab.AuditRow, 50)
	b = &pgx.Batch{}
	c.queue(b)
	if b.Len() != 3 {
		t.Fatalf("%d statements write heads, journal and audit rows, want 3", b.Len())
	}
	b = &pgx.Batch{}
	newWants().queue(b)
	if b.Len() != 0 {
		t.Fatalf("%d statements ask for nothing", b.Len())
	}
}

func TestArraysAreInPostgresTextForm(t *testing.T) {
	if got, want := clientsArray([]collab.ClientID{1, 1<<53 - 1}), "{1,9007199254740991}"; got != want {
		t.Errorf("clients %s, want %s", got, want)
	}
	if got, want := fieldsArray([]collab.Field{"a", `b"\`, "c\x00\xff", "NULL", ""}), `{"a","b\"\\","c`+"\uFFFD\uFFFD"+`","NULL",""}`; got != want {
		t.Errorf("fields %s, want %s", got, want)
	}
	if clientsArray(nil) != "{}" || fieldsArray(nil) != "{}" {
		t.Error("empty arrays")
	}
}

func TestTheFirstRowOfEachInsertedEventIsTold(t *testing.T) {
	rows := []collab.AuditRow{{EventID: "a", Type: "1"}, {EventID: "b"}, {EventID: "a", Type: "2"}}
	got := chosen(rows, []string{"a"})
	if len(got) != 1 || got[0].Type != "1" {
		t.Errorf("chosen %+v", got)
	}
	if got := chosen(rows[:2], []string{"a", "b"}); len(got) != 2 {
		t.Errorf("chosen %+v, want both", got)
	}
}

func TestAURLIsUnderstoodOrRefusedWithoutBeingShown(t *testing.T) {
	const secret = "hunter2"
	good := []string{
		"postgres://gateway:" + secret + "@db.example/corsia?sslmode=verify-full&sslrootcert=system",
		"postgresql:///corsia?host=/run/postgresql&pool_max_conns=3&connect_timeout=2&lock_timeout=7",
	}
	for _, address := range good {
		config, err := configure(address, production)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		p := config.ConnConfig.RuntimeParams
		if p["application_name"] != "corsia" || p["idle_in_transaction_session_timeout"] != "2500" {
			t.Errorf("%s: parameters %v", address, p)
		}
		own := strings.Contains(address, "pool_max_conns")
		if own != (config.MaxConns == 3) || own != (p["lock_timeout"] == "7") || own != (config.ConnConfig.ConnectTimeout == 2*time.Second) {
			t.Errorf("%s: %d connections, lock_timeout %s, time-out %v", address, config.MaxConns, p["lock_timeout"], config.ConnConfig.ConnectTimeout)
		}
	}
	for _, address := range []string{
		"", "corsia.db", "mysql://u:" + secret + "@h/d", "postgres://u:" + secret + "/@h/d", "postgres://u:" + secret + "#@h/d",
		"postgres://u:12?" + secret + "@h/d", "postgres://u:" + secret + "%zz@h/d", "host=h password=" + secret,
		"postgres://u:" + secret + "@h/d?sslmode=perhaps", "postgres://u:" + secret + "@h/d?pool_max_conns=many",
	} {
		_, err := configure(address, production)
		if err == nil {
			t.Errorf("%s: understood", address)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows it: %v", address, err)
		}
	}
}
