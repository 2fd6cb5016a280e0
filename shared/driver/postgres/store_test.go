//go:build integration

package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/pgtest"
)

// stall holds the committer between its two round trips until release is called.
func stall(t *testing.T, db *DB) (release func()) {
	t.Helper()
	begun, end := make(chan struct{}), make(chan struct{})
	go func() {
		_ = db.do(context.Background(), 0, func(*wants) {}, func(*change) error {
			close(begun)
			<-end
			return nil
		})
	}()
	<-begun
	return func() { close(end) }
}

// run executes a statement beside the driver.
func run(t testing.TB, db *DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func TestWhatWaitsSharesOneCommit(t *testing.T) {
	const rooms = 50
	var commits, jobs atomic.Int64
	db := openTest(t, pgtest.Database(t), Options{OnCommit: func(batch int, _ time.Duration) {
		commits.Add(1)
		jobs.Add(int64(batch))
	}}).DB
	var all []collab.Resource
	for n := range rooms {
		all = append(all, created(t, db, collab.ResourceID(fmt.Sprint(n))))
	}
	release := stall(t, db)
	before := commits.Load()
	done := make(chan collab.Committed, 2*rooms)
	for _, res := range all {
		db.Append(batch(res, 1), done)
		db.Append(batch(res, 2), done)
	}
	if queued, oldest := db.Stats(); queued != 2*rooms || time.Since(oldest) > time.Minute {
		t.Fatalf("%d queued since %v, want %d", queued, oldest, 2*rooms)
	}
	release()
	for range 2 * rooms {
		if c := <-done; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	if err := db.Record(t.Context(), collab.AuditRow{EventID: "e", Body: []byte("{}")}); err != nil { // OnCommit runs after the answers
		t.Fatal(err)
	}
	if n := commits.Load() - before; n != 3 && n != 2 {
		t.Fatalf("%d commits, want the stalled one, one for all that waited, and perhaps this test's last", n)
	}
	if queued, _ := db.Stats(); queued != 0 {
		t.Fatalf("%d are still queued", queued)
	}
}

func TestACallThatEndsWhileItWaitsWritesNothing(t *testing.T) {
	db := openOnce(t).DB
	res := created(t, db, "a")
	release := stall(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := db.Reserve(ctx, res, "usr_001", "s_1"); left <- err }()
	for queued := 0; queued == 0; queued, _ = db.Stats() {
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("the call ended with %v, want context.Canceled", err)
	}
	release()
	if client, err := db.Reserve(t.Context(), res, "usr_001", "s_1"); err != nil || client != 2 {
		t.Fatalf("next client id %d, %v: want 2, as nothing was written", client, err)
	}
}

func TestOneBadRowCostsNobodyElse(t *testing.T) {
	db := openOnce(t).DB
	good, bad := created(t, db, "good"), created(t, db, "bad")
	run(t, db, `CREATE FUNCTION bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'bad row'; END $$`)
	run(t, db, `CREATE TRIGGER bad BEFORE INSERT ON yjs_updates FOR EACH ROW WHEN (NEW.resource_id = 'bad') EXECUTE FUNCTION bad()`)
	release := stall(t, db)
	goodDone, badDone := make(chan collab.Committed, 2), make(chan collab.Committed, 1)
	db.Append(batch(good, 1), goodDone)
	db.Append(batch(bad, 1), badDone)
	db.Append(batch(good, 2), goodDone)
	release()
	for range 2 {
		if c := <-goodDone; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	if c := <-badDone; sqlState(c.Err) != "P0001" {
		t.Fatalf("the bad row: %v, want the server's word", c.Err)
	}
	wantRevision(t, db, good, 3)
	wantRevision(t, db, bad, 1)
}

func TestAChangeThatCommitRefusesFailsAlone(t *testing.T) {
	db := openOnce(t).DB
	a, b := created(t, db, "a"), created(t, db, "b")
	run(t, db, "CREATE TABLE parents (id int PRIMARY KEY)")
	run(t, db, "CREATE TABLE children (id int REFERENCES parents DEFERRABLE INITIALLY DEFERRED)")
	release := stall(t, db)
	done, orphan := make(chan collab.Committed, 2), make(chan error, 1)
	db.Append(batch(a, 1), done)
	go func() {
		orphan <- db.do(t.Context(), 0, func(*wants) {}, func(c *change) error {
			c.exec("INSERT INTO children VALUES (7)")
			return nil
		})
	}()
	for queued := 0; queued < 2; queued, _ = db.Stats() {
	}
	db.Append(batch(b, 1), done)
	release()
	if err := <-orphan; sqlState(err) != "23503" || errors.Is(err, errUnknown) {
		t.Fatalf("the change that COMMIT refuses: %v, want the violated constraint, of known outcome", err)
	}
	for range 2 {
		if c := <-done; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	wantRevision(t, db, a, 2)
	wantRevision(t, db, b, 2)
}

func TestCommittedAuditRowsAreTold(t *testing.T) {
	told := make(chan collab.AuditRow, 10)
	db := openTest(t, pgtest.Database(t), Options{OnAudit: func(rows []collab.AuditRow) {
		for _, r := range rows {
			told <- r
		}
	}}).DB
	res := created(t, db, "a")
	stale := batch(res, 7)
	stale.Audit = []collab.AuditRow{{EventID: "stale"}}
	if c := appendOne(db, stale); !errors.Is(c.Err, collab.ErrStale) {
		t.Fatal(c.Err)
	}
	for _, ids := range [][]string{{"one"}, {"one", "two", "two"}, {"three"}} {
		var rows []collab.AuditRow
		for _, id := range ids {
			rows = append(rows, collab.AuditRow{EventID: id, Body: []byte("{}")})
		}
		if err := db.Record(t.Context(), rows...); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"one", "two", "three"} {
		if got := (<-told).EventID; got != want {
			t.Fatalf("told of %q, want %q", got, want)
		}
	}
}

func TestCloseCommitsWhatIsQueued(t *testing.T) {
	const batches = 200
	url := pgtest.Database(t)
	db := openTest(t, url, Options{}).DB
	res := created(t, db, "a")
	done := make(chan collab.Committed, batches)
	for n := range int64(batches) {
		db.Append(batch(res, 1+n), done)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range batches {
		if c := <-done; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	db.Append(batch(res, 1+batches), done)
	if c := <-done; !errors.Is(c.Err, ErrClosed) {
		t.Fatalf("appending after Close: %v, want ErrClosed", c.Err)
	}
	if err := db.Record(t.Context(), collab.AuditRow{EventID: "e"}); !errors.Is(err, ErrClosed) {
		t.Fatalf("recording after Close: %v, want ErrClosed", err)
	}
	if _, err := db.Load(t.Context(), res); !errors.Is(err, ErrClosed) {
		t.Fatalf("loading after Close: %v, want ErrClosed", err)
	}
	wantRevision(t, openTest(t, url, Options{}).DB, res, 1+batches)
}

func TestHeadsOfOpenRoomsAreReadAtOnce(t *testing.T) {
	db := openOnce(t).DB
	a, b, locked := created(t, db, "a"), created(t, db, "b"), collab.Resource{Tenant: "default", ID: "locked"}
	if c := appendOne(db, batch(b, 1)); c.Err != nil {
		t.Fatal(c.Err)
	}
	key := collab.LockKey{Resource: locked}
	if _, err := db.OpenLock(t.Context(), collab.Lock{ID: "l_1", Key: key, AcquiredAt: time.Now(), ExpiresAt: time.Now()}, collab.Displace{}, nil); err != nil {
		t.Fatal(err)
	}
	got, err := db.Heads(t.Context(), []collab.Resource{b, locked, a, {Tenant: "default", ID: "none"}, {Tenant: "other", ID: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[a] != (collab.Head{Revision: 1}) || got[b] != (collab.Head{Revision: 2}) {
		t.Fatalf("heads %v, want those of the two documents", got)
	}
	if got, err := db.Heads(t.Context(), nil); err != nil || len(got) != 0 {
		t.Fatalf("heads of nothing %v, %v", got, err)
	}
}

func TestAGrantBeforeTheDocumentRaisesItsGuard(t *testing.T) { // L6: what was checked without the lock is stale
	db := openOnce(t).DB
	res := collab.Resource{Tenant: "default", ID: "a"}
	held := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: res}, Session: "s_2", AcquiredAt: time.Now(), ExpiresAt: time.Now()}
	if _, err := db.OpenLock(t.Context(), held, collab.Displace{}, nil); err != nil {
		t.Fatal(err)
	}
	created(t, db, "a")
	s, err := db.Load(t.Context(), res)
	if err != nil || s.Head != (collab.Head{Revision: 1, Guard: 1}) || len(s.Locks) != 1 {
		t.Fatalf("created after the grant: %+v, %v", s, err)
	}
	if c := appendOne(db, batch(res, 1)); !errors.Is(c.Err, collab.ErrStale) {
		t.Fatalf("appending without knowing of the lock: %v, want ErrStale", c.Err)
	}
}

func TestClientIDsBoundInARowHoldNobodyUp(t *testing.T) { // D7
	const bound = 3*reserveWindow + 5
	db := openOnce(t).DB
	res := created(t, db, "a") // reserves 1
	b := collab.Batch{Resource: res, Expect: collab.Head{Revision: 1}}
	for id := range collab.ClientID(bound) {
		b.Bind = append(b.Bind, collab.Owner{Client: 2 + id, User: "usr_002", Session: "s_2", Used: true})
	}
	if c := appendOne(db, b); c.Err != nil {
		t.Fatal(c.Err)
	}
	joined, err := db.Join(t.Context(), collab.Join{Resource: res, User: "usr_001", Session: "s_3", Mode: collab.Editor, At: time.Now()})
	if err != nil || joined.Client != 2+bound {
		t.Fatalf("client id %d, %v: want %d", joined.Client, err, 2+bound)
	}
	if next, err := db.Reserve(t.Context(), res, "usr_001", "s_3"); err != nil || next != 3+bound {
		t.Fatalf("client id %d, %v: want %d", next, err, 3+bound)
	}
}

func TestTextsThatPostgresCannotKeepAreMadeStorable(t *testing.T) {
	db := openOnce(t).DB
	res := created(t, db, "a")
	b := batch(res, 1)
	b.Entries[0].Fields = []collab.Field{"a\x00b", "c\xffd", `{"quoted", \}`, "", "NULL"}
	b.Seeds = []collab.Seed{{Field: "n\x00", Value: "\"\xff\""}}
	b.Audit = []collab.AuditRow{{EventID: "e", Actor: "u\x00", Resource: "r\xff", Body: []byte{0}}}
	if c := appendOne(db, b); c.Err != nil {
		t.Fatal(c.Err)
	}
	held := collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: res}, Name: "Dr\x00 Rossi", AcquiredAt: time.Now(), ExpiresAt: time.Now()}
	if _, err := db.OpenLock(t.Context(), held, collab.Displace{}, nil); err != nil {
		t.Fatal(err)
	}
	s, err := db.Load(t.Context(), res)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%q", s.Tail[0].Fields), `["a`+"\uFFFD"+`b" "c`+"\uFFFD"+`d" "{\"quoted\", \\}" "" "NULL"]`; got != want {
		t.Errorf("fields %s, want %s", got, want)
	}
	if got := s.Locks[0].Name; got != "Dr\uFFFD Rossi" || len(s.Seeds) != 1 {
		t.Errorf("name %q, seeds %v", got, s.Seeds)
	}
	none := batch(collab.Resource{Tenant: "default", ID: "a\x00"}, 1) // an id is never changed
	if c := appendOne(db, none); c.Err == nil || !strings.Contains(c.Err.Error(), "0x00") {
		t.Errorf("an id that PostgreSQL cannot keep: %v", c.Err)
	}
}

func TestAnOutOfRangeClientIDIsRefused(t *testing.T) {
	db := openOnce(t).DB
	res := created(t, db, "a")
	b := batch(res, 1)
	b.Bind = []collab.Owner{{Client: 1 << 63, User: "usr_001"}}
	b.Retire = []collab.ClientID{1 << 63}
	if c := appendOne(db, b); c.Err == nil || errors.Is(c.Err, collab.ErrStale) {
		t.Fatalf("client id 2^63: %v, want a refusal", c.Err)
	}
	wantRevision(t, db, res, 1)
}
