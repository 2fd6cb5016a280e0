package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest"
)

func TestRemoval(t *testing.T) {
	drivertest.Removal(t, 2*removeRows+9, func(t *testing.T) (drivertest.Sealing, drivertest.Remover) {
		db := openOnce(t)
		return db, db
	})
}

func TestT5AChainWithAGapDoesNotLeave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corsia.db")
	db := openTest(t, path, Options{})
	row := func(id string) collab.AuditRow {
		return collab.AuditRow{EventID: id, Shard: 1, RecordedAt: time.Unix(0, 0), Body: []byte(id)}
	}
	if err := db.Record(t.Context(), row("a"), row("b"), row("c")); err != nil {
		t.Fatal(err)
	}
	link := func(_ map[int]collab.AuditHead, pending []collab.AuditRow) (sealed []collab.SealedRow) {
		for i, r := range pending {
			sealed = append(sealed, collab.SealedRow{AuditRow: r, Seq: int64(i + 1), Chain: [32]byte{byte(i)}})
		}
		return sealed
	}
	if n, err := db.SealAudit(t.Context(), 10, link); n != 3 || err != nil {
		t.Fatalf("sealed %d, %v", n, err)
	}
	client, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.ExecContext(t.Context(), "DELETE FROM audit_log WHERE seq = 2"); err != nil {
		t.Fatal(err)
	}
	if n, err := db.RemoveArchived(t.Context(), 1, collab.AuditHead{Seq: 3, Chain: [32]byte{2}}); err == nil {
		t.Fatalf("%d rows were removed", n)
	}
	state, err := db.AuditState(t.Context())
	rows, err2 := db.AuditRows(t.Context(), 1, 0, 10)
	if err != nil || err2 != nil || len(state.Floors) > 0 || len(rows) != 2 {
		t.Fatalf("floors %v, %d rows, %v, %v: want none and 2", state.Floors, len(rows), err, err2)
	}
}
