//go:build integration

package postgres

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// shown is a store with the view of audit_pending that the suites need.
type shown struct{ *DB }

func (s shown) Pending(ctx context.Context, tenant collab.Tenant) (found []collab.AuditRow, err error) {
	scan := func(row pgx.CollectableRow) (r collab.AuditRow, err error) {
		err = row.Scan(&r.EventID, &r.Shard, &r.Tenant, &r.RecordedAt, &r.Type, &r.Outcome, &r.Actor, &r.Resource, &r.Session, &r.Body)
		return r, err
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
		found, err = query(ctx, conn, scan, `SELECT event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id,
			session_id, body FROM audit_pending WHERE tenant = $1 ORDER BY position`, string(tenant))
		return err
	})
	return found, err
}

func openTest(t testing.TB, url string, o Options) shown {
	t.Helper()
	return openWith(t, url, o, production)
}

func openWith(t testing.TB, url string, o Options, l limits) shown {
	t.Helper()
	db, err := open(context.Background(), url, o, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return shown{db}
}

// openOnce opens one store in a database of its own.
func openOnce(t testing.TB) shown {
	t.Helper()
	return openTest(t, pgtest.Database(t), Options{})
}

// created returns a document that exists at revision 1.
func created(t testing.TB, db *DB, id collab.ResourceID) collab.Resource {
	t.Helper()
	res := collab.Resource{Tenant: "default", ID: id}
	_, err := db.Join(context.Background(), collab.Join{Resource: res, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// batch returns a batch of one entry on top of a revision.
func batch(res collab.Resource, revision int64) collab.Batch {
	return collab.Batch{Resource: res, Expect: collab.Head{Revision: revision}, Entries: []collab.Entry{{
		Revision: revision + 1, Update: []byte{1, 2, 3}, User: "usr_001", Session: "s_1", Clients: []collab.ClientID{1},
		Fields: []collab.Field{"content"}, At: time.Now(),
	}}}
}

func appendOne(db *DB, b collab.Batch) collab.Committed {
	done := make(chan collab.Committed, 1)
	db.Append(b, done)
	return <-done
}

// wantRevision checks the head and that the journal has no gap up to it.
func wantRevision(t testing.TB, db *DB, res collab.Resource, want int64) {
	t.Helper()
	s, err := db.Load(context.Background(), res)
	if err != nil {
		t.Fatal(err)
	}
	if s.Head.Revision != want || int64(len(s.Tail)) != want-1 {
		t.Fatalf("head at %d with %d entries, want %d", s.Head.Revision, len(s.Tail), want)
	}
	for i, e := range s.Tail {
		if e.Revision != int64(i)+2 {
			t.Fatalf("entry %d has revision %d", i, e.Revision)
		}
	}
}
