//go:build integration

package postgres

import (
	"net/url"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest"
	"corsia/shared/driver/drivertest/pgtest"
)

func openArchiver(t *testing.T, address string) *Archiver {
	t.Helper()
	a, err := OpenArchiver(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// TestRemoval runs as the role of the archiver, which owns nothing (T5).
func TestRemoval(t *testing.T) {
	server := pgtest.Start(t)
	for i, role := range []string{"archiver", "gateway"} {
		address := server.Database(t)
		if i == 0 {
			owner(t, address, "CREATE ROLE archiver LOGIN", "CREATE ROLE gateway LOGIN")
		}
		db := openTest(t, address, Options{})
		owner(t, address, "SELECT grant_archiver('archiver')", "SELECT grant_application('gateway')")
		a := openArchiver(t, with(t, address, url.User(role)))
		if role == "gateway" { // who writes the trail removes nothing of it
			if _, err := a.RemoveArchived(t.Context(), 1, collab.AuditHead{Seq: 1}); sqlState(err) != "42501" {
				t.Fatalf("the gateway's role removes rows: %v", err)
			}
			continue
		}
		drivertest.Removal(t, removeRows+9, func(t *testing.T) (drivertest.Sealing, drivertest.Remover) {
			owner(t, address, "TRUNCATE audit_log, audit_pending, audit_floors")
			return db, a
		})
		for _, statement := range []string{
			"UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log", "INSERT INTO audit_log SELECT * FROM audit_log", "DELETE FROM audit_floors",
			"INSERT INTO audit_floors VALUES (0, 1, '', now())", "DELETE FROM audit_checkpoints", "SELECT * FROM yjs_updates", "SELECT discard_sealed('{1}')",
			"SELECT grant_archiver('archiver')", "ALTER TABLE audit_log DISABLE TRIGGER ALL",
		} {
			if _, err := a.pool.Exec(t.Context(), statement); sqlState(err) != "42501" {
				t.Errorf("%s: %v, want no right to it", statement, err)
			}
		}
	}
}

func TestT5AChainWithAGapDoesNotLeave(t *testing.T) {
	address := pgtest.Database(t)
	openTest(t, address, Options{})
	owner(t, address, `INSERT INTO audit_log (shard, seq, event_id, tenant, recorded_at, type, outcome, actor, role, session_id, instance, address, resource_id, reason, body, leaf, chain)
		SELECT 1, n, n::text, '', '2026-03-01', '', '', '', '', '', '', '', '', '', '', '', decode(lpad(to_hex(n), 64, '0'), 'hex') FROM unnest(ARRAY[1, 3]) n`)
	a := openArchiver(t, address)
	head := collab.AuditHead{Seq: 3}
	head.Chain[31] = 3
	if n, err := a.RemoveArchived(t.Context(), 1, head); err == nil {
		t.Fatalf("%d rows were removed", n)
	}
	state, err := a.AuditState(t.Context())
	rows, err2 := a.AuditRows(t.Context(), 1, 0, 10)
	if err != nil || err2 != nil || len(state.Floors) > 0 || len(rows) != 2 {
		t.Fatalf("floors %v, %d rows, %v, %v: want none and 2", state.Floors, len(rows), err, err2)
	}
}

func TestT5OneArchiverAtATime(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Database(t)
	first, second := openArchiver(t, address), openArchiver(t, address)
	release, ok, err := first.LockArchive(t.Context())
	if err != nil || !ok {
		t.Fatalf("the first: %v, %v", ok, err)
	}
	if _, ok, err := second.LockArchive(t.Context()); ok || err != nil {
		t.Fatalf("the second, meanwhile: %v, %v", ok, err)
	}
	release()
	again, ok, err := second.LockArchive(t.Context())
	if err != nil || !ok {
		t.Fatalf("after it: %v, %v", ok, err)
	}
	defer again()
	server.Kill() // with the connection the lock goes
	server.Restart(t)
	deadline := time.Now().Add(30 * time.Second)
	for {
		release, ok, err := first.LockArchive(t.Context())
		if err == nil && ok {
			release()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after the server's restart: %v, %v", ok, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
