package sqlite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"corsia/shared/collab"
)

// working opens a store with a document, a lock, and an audit row.
func working(t *testing.T) (*DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "corsia.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	join(t, db, "page:/1")
	key := collab.LockKey{Resource: collab.Resource{Tenant: "t", ID: "page:/1"}, Field: "notes"}
	if _, err := db.OpenLock(t.Context(), collab.Lock{ID: "l_1", Key: key, User: "u", Session: "s", AcquiredAt: time.Now(), ExpiresAt: time.Now()}, collab.Displace{}, nil); err != nil {
		t.Fatal(err)
	}
	return db, path
}

func join(t *testing.T, db *DB, id collab.ResourceID) collab.Joined {
	t.Helper()
	joined, err := db.Join(t.Context(), collab.Join{Resource: collab.Resource{Tenant: "t", ID: id}, User: "u", Session: "s", Mode: collab.Editor, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return joined
}

func TestO4ACopyHasWhatWasCountedWhileAGatewayWrites(t *testing.T) {
	db, path := working(t)
	b, err := OpenBackup(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := db.Join(t.Context(), collab.Join{Resource: collab.Resource{Tenant: "t", ID: collab.ResourceID(collab.NewSecret())}, User: "u", Session: "s", Mode: collab.Editor, At: time.Now()}); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	for n := range 5 {
		var dump bytes.Buffer
		counted, err := b.Dump(t.Context(), &dump)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "dump")
		if err := os.WriteFile(file, dump.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		to, err := OpenBackup(t.Context(), filepath.Join(t.TempDir(), "restored.db"))
		if err != nil {
			t.Fatal(err)
		}
		if err := to.Load(t.Context(), file, func(string) {}); err != nil {
			t.Fatal(err)
		}
		got, err := to.Inventory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Tables) != len(counted.Tables) || len(got.Tables) < 10 {
			t.Fatalf("%d tables, want %d", len(got.Tables), len(counted.Tables))
		}
		for i := range got.Tables {
			if got.Tables[i] != counted.Tables[i] {
				t.Fatalf("copy %d: %+v, want %+v", n, got.Tables[i], counted.Tables[i])
			}
		}
		to.Close()
	}
}

func TestO4AStoreIsRestoredToANewFileAlone(t *testing.T) {
	_, path := working(t)
	b, err := OpenBackup(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s, err := b.Standing(t.Context())
	if err != nil || !s.Exists || s.Empty {
		t.Fatalf("a store that is there stands as %+v, %v", s, err)
	}
	if err := b.Load(t.Context(), path, func(string) {}); !errors.Is(err, os.ErrExist) {
		t.Fatalf("loading over a store: %v", err)
	}
}

func TestD8AfterARestoreNothingBeginsWhereTheLostTimeMayHaveBeen(t *testing.T) {
	db, path := working(t)
	first := join(t, db, "page:/1")
	b, err := OpenBackup(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	open := 0
	opening := collab.EpochOpening{Epoch: 4, At: time.Now(), Audit: func(closed []collab.Lock) []collab.AuditRow {
		open = len(closed)
		return []collab.AuditRow{{EventID: "e", Tenant: "t", Type: "EPOCH_OPENED", Body: []byte("{}")}}
	}}
	done, err := b.OpenEpoch(t.Context(), opening)
	if err != nil || open != 1 || done.Locks != 1 || done.Documents != 1 || done.Fences != 1 {
		t.Fatalf("opened %+v with %d locks, %v", done, open, err)
	}
	again := join(t, db, "page:/1")
	if again.Head.Epoch != 3 || again.Client < first.Client+3*collab.ClientsPerEpoch {
		t.Errorf("a document goes on with %+v; before it was at %+v", again, first)
	}
	created := join(t, db, "page:/2")
	if created.Head.Epoch != 3 || created.Client < 3*collab.ClientsPerEpoch {
		t.Errorf("a new document begins with %+v", created)
	}
	for field, least := range map[collab.Field]int64{"notes": 1 + 3*collab.FencesPerEpoch, "dose": 3 * collab.FencesPerEpoch} {
		key := collab.LockKey{Resource: collab.Resource{Tenant: "t", ID: "page:/1"}, Field: field}
		granted, err := db.OpenLock(t.Context(), collab.Lock{ID: collab.NewLockID(), Key: key, User: "u", Session: "s", AcquiredAt: time.Now(), ExpiresAt: time.Now()}, collab.Displace{}, nil)
		if err != nil || granted.Lock.Fence <= least {
			t.Errorf("the fence of %s is %d, %v, want more than %d", field, granted.Lock.Fence, err, least)
		}
	}
	all, err := db.Revocations(t.Context())
	if err != nil || len(all) != 1 || all[0].Kind != collab.RevokeEveryone || !all[0].RevokedAt.Equal(opening.At.UTC().Truncate(time.Microsecond)) {
		t.Errorf("revoked: %+v, %v", all, err)
	}
	if _, err := b.OpenEpoch(t.Context(), opening); err == nil {
		t.Error("an epoch was opened twice")
	}
	if n, _, err := db.PendingAudit(t.Context()); err != nil || n != 1 {
		t.Errorf("%d audit rows, %v", n, err)
	}
}
