package drivertest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Remover is the port of the rows that leave the store for the archive.
type Remover interface {
	AuditState(ctx context.Context) (collab.AuditState, error)
	LockArchive(ctx context.Context) (release func(), ok bool, err error)
	RemoveArchived(ctx context.Context, shard int, head collab.AuditHead) (int64, error)
}

// Removal checks what rule T5 asks of rows that leave the store: all up to a row that the archive has, or none. Each call of
// open returns an empty trail. Many is more rows than leave in one transaction.
func Removal(t *testing.T, many int, open func(*testing.T) (Sealing, Remover)) {
	leaving(t, many, open)
	staying(t, open)
}

func leaving(t *testing.T, many int, open func(*testing.T) (Sealing, Remover)) {
	t.Run("T5 rows leave up to one, and the chain goes on", func(t *testing.T) {
		s, a := open(t)
		rows := sealedRows(t, s, 3, many)
		for _, n := range []int{1, 2, many/2 + 1, many} {
			head := headOf(rows[n-1])
			if _, err := a.RemoveArchived(timeLimit(t), 3, head); err != nil {
				t.Fatal(err)
			}
			wantRest(t, s, 3, head, many-n)
			if again, err := a.RemoveArchived(timeLimit(t), 3, head); again != 0 || err != nil {
				t.Fatalf("%d rows were removed again, %v", again, err)
			}
		}
		must(t, s.Record(timeLimit(t), shardRow(resource(), 3, "A")))
		if n := sealAll(t, s, 10); n != 1 {
			t.Fatalf("%d rows were sealed, want 1", n)
		}
		next, err := s.AuditRows(timeLimit(t), 3, int64(many), 10)
		must(t, err)
		if len(next) != 1 || next[0].Seq != int64(many)+1 || next[0].Chain != link(map[int]collab.AuditHead{3: headOf(rows[many-1])}, []collab.AuditRow{next[0].AuditRow})[0].Chain {
			t.Fatalf("after the rows that left comes %+v", next)
		}
	})
	t.Run("T5 the count is that of the rows that left", func(t *testing.T) {
		s, a := open(t)
		rows := sealedRows(t, s, 5, many)
		var sum atomic.Int64
		var hands sync.WaitGroup
		for range 4 { // at once
			hands.Go(func() {
				n, err := a.RemoveArchived(timeLimit(t), 5, headOf(rows[many-1]))
				sum.Add(n)
				if err != nil {
					t.Error(err)
				}
			})
		}
		hands.Wait()
		if sum.Load() != int64(many) {
			t.Fatalf("%d rows left, want %d", sum.Load(), many)
		}
		wantRest(t, s, 5, headOf(rows[many-1]), 0)
	})
}

func staying(t *testing.T, open func(*testing.T) (Sealing, Remover)) {
	t.Run("T5 what the shard has not is refused, and nothing leaves", func(t *testing.T) {
		s, a := open(t)
		rows := sealedRows(t, s, 7, 9)
		other := headOf(rows[4])
		other.Chain[0] ^= 1
		for name, ask := range map[string]struct {
			shard int
			head  collab.AuditHead
		}{
			"another chain": {7, other}, "another row": {7, collab.AuditHead{Seq: 4, Chain: rows[4].Chain}}, "another shard": {8, headOf(rows[4])},
			"a row that comes": {7, collab.AuditHead{Seq: 10, Chain: rows[8].Chain}}, "no row": {7, collab.AuditHead{}},
		} {
			if n, err := a.RemoveArchived(timeLimit(t), ask.shard, ask.head); err == nil {
				t.Errorf("%s: %d rows were removed", name, n)
			}
		}
		wantChain(t, s, 7, 9)
		if state, err := s.AuditState(timeLimit(t)); err != nil || len(state.Floors) > 0 {
			t.Fatalf("floors %v, %v, want none", state.Floors, err)
		}
	})
	t.Run("T5 rows of the last day stay", func(t *testing.T) {
		s, a := open(t)
		r := resource()
		for _, at := range []time.Time{start, time.Now().Add(-23 * time.Hour), start} {
			row := shardRow(r, 9, "A")
			row.RecordedAt = at
			must(t, s.Record(timeLimit(t), row))
		}
		sealAll(t, s, 10)
		rows := wantChain(t, s, 9, 3)
		for n, refused := range []bool{false, true, true} {
			if _, err := a.RemoveArchived(timeLimit(t), 9, headOf(rows[n])); (err != nil) != refused {
				t.Fatalf("up to row %d: %v", n+1, err)
			}
		}
		wantRest(t, s, 9, headOf(rows[0]), 2)
	})
}

// sealedRows fills a shard with n rows.
func sealedRows(t *testing.T, s Sealing, shard, n int) []collab.SealedRow {
	t.Helper()
	r := resource()
	batch := make([]collab.AuditRow, 0, 100)
	for i := range n {
		if batch = append(batch, shardRow(r, shard, "A")); len(batch) == cap(batch) || i == n-1 {
			must(t, s.Record(timeLimit(t), batch...))
			batch = batch[:0]
		}
	}
	sealAll(t, s, 5000)
	return wantChain(t, s, shard, n)
}

func headOf(r collab.SealedRow) collab.AuditHead {
	return collab.AuditHead{Seq: r.Seq, Chain: r.Chain}
}

// wantRest checks that a shard has n rows after its floor.
func wantRest(t *testing.T, s Sealing, shard int, floor collab.AuditHead, n int) {
	t.Helper()
	state, err := s.AuditState(timeLimit(t))
	must(t, err)
	if state.Floors[shard] != floor {
		t.Fatalf("the floor is %+v, want %+v", state.Floors[shard], floor)
	}
	if head := state.Heads[shard]; head.Seq != floor.Seq+int64(n) {
		t.Fatalf("the head is %d, want %d", head.Seq, floor.Seq+int64(n))
	}
	rows, err := s.AuditRows(timeLimit(t), shard, 0, 1)
	must(t, err)
	if n == 0 && len(rows) == 0 {
		return
	}
	if len(rows) != 1 || rows[0].Seq != floor.Seq+1 {
		t.Fatalf("the first row after the floor %d is %+v", floor.Seq, rows)
	}
}
