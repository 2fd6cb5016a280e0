package drivertest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Sealing is the port of the audit trail's chains.
type Sealing interface {
	Record(ctx context.Context, rows ...collab.AuditRow) error
	SealAudit(ctx context.Context, limit int, link func(map[int]collab.AuditHead, []collab.AuditRow) []collab.SealedRow) (int, error)
	PendingAudit(ctx context.Context) (count int, oldest time.Time, err error)
	PendingRows(ctx context.Context, shard int, kind string) ([]collab.AuditRow, error)
	AuditState(ctx context.Context) (collab.AuditState, error)
	AuditRows(ctx context.Context, shard int, after int64, limit int) ([]collab.SealedRow, error)
	SelectAudit(ctx context.Context, f collab.AuditFilter, after *collab.SealedRow, limit int) ([]collab.SealedRow, error)
	KeepCheckpoint(ctx context.Context, c collab.SealedCheckpoint) (bool, error)
}

// link chains rows as simply as possible.
func link(heads map[int]collab.AuditHead, pending []collab.AuditRow) (sealed []collab.SealedRow) {
	ends := map[int]collab.AuditHead{}
	for shard, head := range heads {
		ends[shard] = head
	}
	for _, row := range pending {
		head := ends[row.Shard]
		head = collab.AuditHead{Seq: head.Seq + 1, Chain: sha256.Sum256(append(head.Chain[:], row.Body...))}
		ends[row.Shard] = head
		sealed = append(sealed, collab.SealedRow{AuditRow: row, Seq: head.Seq, Leaf: sha256.Sum256(row.Body), Chain: head.Chain})
	}
	return sealed
}

// sealAll seals until nothing is pending, and returns how many rows it chained.
func sealAll(t *testing.T, s Sealing, limit int) (sealed int) {
	t.Helper()
	for {
		n, err := s.SealAudit(timeLimit(t), limit, link)
		must(t, err)
		if n == 0 {
			return sealed
		}
		sealed += n
	}
}

// wantChain checks that a shard has n rows, each of which follows from the one before.
func wantChain(t *testing.T, s Sealing, shard, n int) []collab.SealedRow {
	t.Helper()
	var rows []collab.SealedRow
	for {
		page, err := s.AuditRows(timeLimit(t), shard, int64(len(rows)), 7)
		must(t, err)
		if len(page) == 0 {
			break
		}
		rows = append(rows, page...)
	}
	if len(rows) != n {
		t.Fatalf("shard %d has %d rows, want %d", shard, len(rows), n)
	}
	var previous collab.AuditHead
	for i, row := range rows {
		want := link(map[int]collab.AuditHead{shard: previous}, []collab.AuditRow{row.AuditRow})[0]
		if row.Seq != want.Seq || row.Chain != want.Chain || row.Leaf != want.Leaf {
			t.Fatalf("row %d of shard %d is %+v and does not follow", i, shard, row)
		}
		previous = collab.AuditHead{Seq: row.Seq, Chain: row.Chain}
	}
	return rows
}

func shardRow(r collab.Resource, shard int, kind string) collab.AuditRow {
	row := auditRow(r, kind)
	row.Shard, row.Body = shard, []byte(`{"event_id":"`+row.EventID+`"}`)
	return row
}

// Seal checks what rules T2 to T4 ask of the store. Each call of open returns an empty store.
func Seal(t *testing.T, open func(*testing.T) Sealing) {
	t.Run("T3 rows are chained in order, exactly once", func(t *testing.T) { sealedOnce(t, open(t)) })
	t.Run("O7 what is pending in a shard is read by type", func(t *testing.T) { pendingRead(t, open(t)) })
	t.Run("T3 of sealers at once none breaks a chain", func(t *testing.T) { sealersAtOnce(t, open(t)) })
	t.Run("T2 a sealed row is read as it was written", func(t *testing.T) { sealedAsWritten(t, open(t)) })
	t.Run("T4 a checkpoint's number is given once", func(t *testing.T) { checkpointOnce(t, open(t)) })
	t.Run("O7 rows are selected by filter and page", func(t *testing.T) { selected(t, open(t)) })
}

func sealedOnce(t *testing.T, s Sealing) {
	r := resource()
	var rows []collab.AuditRow
	for i := range 20 {
		rows = append(rows, shardRow(r, i%2*5, fmt.Sprintf("TYPE_%d", i)))
	}
	must(t, s.Record(timeLimit(t), rows...))
	count, oldest, err := s.PendingAudit(timeLimit(t))
	must(t, err)
	if count != 20 || !oldest.Equal(start) {
		t.Fatalf("%d pending since %v", count, oldest)
	}
	if n := sealAll(t, s, 6); n != 20 {
		t.Fatalf("%d rows were chained, want 20", n)
	}
	for _, shard := range []int{0, 5} {
		for i, row := range wantChain(t, s, shard, 10) {
			if want := rows[2*i+shard/5].EventID; row.EventID != want {
				t.Fatalf("row %d of shard %d is %s, want %s", i, shard, row.EventID, want)
			}
		}
	}
	must(t, s.Record(timeLimit(t), rows[3], rows[4], shardRow(r, 5, "LAST"))) // two of them again, after an unknown outcome
	if n := sealAll(t, s, 6); n != 1 {
		t.Fatalf("%d rows were chained, want the new one", n)
	}
	wantChain(t, s, 5, 11)
	wantChain(t, s, 0, 10)
	sealAll(t, s, 6)
	if count, oldest, err = s.PendingAudit(timeLimit(t)); err != nil || count != 0 || !oldest.IsZero() {
		t.Fatalf("%d are pending still, since %v, %v", count, oldest, err)
	}
	state, err := s.AuditState(timeLimit(t))
	must(t, err)
	if len(state.Heads) != 2 || state.Heads[5].Seq != 11 || state.Heads[0].Seq != 10 || state.Epoch != 1 || len(state.Floors) != 0 {
		t.Fatalf("state %+v", state)
	}
}

func pendingRead(t *testing.T, s Sealing) {
	r := resource()
	var rows []collab.AuditRow
	for i := range 12 {
		rows = append(rows, shardRow(r, 3+i%2, fmt.Sprintf("TYPE_%d", i%3)))
	}
	must(t, s.Record(timeLimit(t), rows...))
	want := []collab.AuditRow{rows[1], rows[7]}
	if got, err := s.PendingRows(timeLimit(t), 4, "TYPE_1"); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("read  %+v, %v\nwrote %+v", got, err, want)
	}
	sealAll(t, s, 20)
	if got, err := s.PendingRows(timeLimit(t), 4, "TYPE_1"); err != nil || len(got) > 0 {
		t.Fatalf("chained, and pending still: %+v, %v", got, err)
	}
}

func sealersAtOnce(t *testing.T, s Sealing) {
	r := resource()
	const shards, each = 8, 30
	var all sync.WaitGroup
	failed := make(chan error, 100)
	for writer := range 3 {
		all.Go(func() {
			for i := range shards * each {
				if i%3 == writer {
					failed <- s.Record(context.Background(), shardRow(r, i%shards, "X"))
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	var sealers sync.WaitGroup
	for range 3 {
		sealers.Go(func() {
			for {
				_, err := s.SealAudit(context.Background(), 16, link)
				failed <- err
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	go func() { sealers.Wait(); close(failed) }()
	for err := range failed {
		must(t, err)
	}
	sealAll(t, s, 1000)
	for shard := range shards {
		wantChain(t, s, shard, each)
	}
}

func sealedAsWritten(t *testing.T, s Sealing) {
	r := resource()
	plain, full := shardRow(r, 63, "PLAIN"), shardRow(r, 63, "FULL")
	want := collab.SealedRow{Role: "surgeon", Instance: "i_1", Address: "::1", Fields: []collab.Field{"a\"b", "è,{}"}, RevisionFrom: 1,
		RevisionTo: 1 << 40, Fence: 7, Reason: "why\n", Details: map[string]string{"a": "\\", "": "<&>"}}
	must(t, s.Record(timeLimit(t), plain, full))
	_, err := s.SealAudit(timeLimit(t), 10, func(heads map[int]collab.AuditHead, pending []collab.AuditRow) []collab.SealedRow {
		sealed := link(heads, pending)
		w := want
		w.AuditRow, w.Seq, w.Leaf, w.Chain = sealed[1].AuditRow, sealed[1].Seq, sealed[1].Leaf, sealed[1].Chain
		sealed[1] = w
		return sealed
	})
	must(t, err)
	rows := wantChain(t, s, 63, 2)
	want.AuditRow, want.Seq, want.Leaf, want.Chain = full, 2, rows[1].Leaf, rows[1].Chain
	if !reflect.DeepEqual(rows[1], want) {
		t.Errorf("read  %+v\nwrote %+v", rows[1], want)
	}
	want = collab.SealedRow{AuditRow: plain, Seq: 1, Leaf: rows[0].Leaf, Chain: rows[0].Chain}
	if !reflect.DeepEqual(rows[0], want) {
		t.Errorf("read  %+v\nwrote %+v", rows[0], want)
	}
}

func checkpointOnce(t *testing.T, s Sealing) {
	for _, c := range []struct {
		checkpoint collab.SealedCheckpoint
		kept       bool
	}{
		{collab.SealedCheckpoint{Number: 1, At: start, Note: []byte("one\n")}, true},
		{collab.SealedCheckpoint{Number: 1, At: start, Note: []byte("another\n")}, false},
		{collab.SealedCheckpoint{Number: 2, At: start.Add(time.Minute), Note: []byte("— two\n")}, true},
	} {
		kept, err := s.KeepCheckpoint(timeLimit(t), c.checkpoint)
		must(t, err)
		if kept != c.kept {
			t.Fatalf("checkpoint %s kept %v", c.checkpoint.Note, kept)
		}
	}
	state, err := s.AuditState(timeLimit(t))
	must(t, err)
	if want := (collab.SealedCheckpoint{Number: 2, At: start.Add(time.Minute), Note: []byte("— two\n")}); !reflect.DeepEqual(state.Latest, want) {
		t.Fatalf("the latest is %+v", state.Latest)
	}
}

func selected(t *testing.T, s Sealing) {
	r := resource()
	other := collab.Resource{Tenant: r.Tenant, ID: "page:/other"}
	for i := range 12 {
		row := shardRow(r, i%3, "X")
		if i%4 == 0 {
			row = shardRow(other, 9, "X")
		}
		row.RecordedAt, row.Actor = start.Add(time.Duration(i/2)*time.Second), collab.UserID(fmt.Sprintf("usr_%d", i%2))
		must(t, s.Record(timeLimit(t), row))
	}
	sealAll(t, s, 100)
	for _, tt := range []struct {
		filter collab.AuditFilter
		want   int
	}{
		{collab.AuditFilter{}, 12}, {collab.AuditFilter{Tenant: r.Tenant}, 12}, {collab.AuditFilter{Tenant: "nobody"}, 0},
		{collab.AuditFilter{Resource: other.ID}, 3}, {collab.AuditFilter{Actor: "usr_1"}, 6},
		{collab.AuditFilter{From: start.Add(2 * time.Second), To: start.Add(4 * time.Second)}, 4},
	} {
		var found []collab.SealedRow
		var after *collab.SealedRow
		for {
			page, err := s.SelectAudit(timeLimit(t), tt.filter, after, 5)
			must(t, err)
			if len(page) == 0 {
				break
			}
			found = append(found, page...)
			after = &found[len(found)-1]
		}
		ids := map[string]bool{}
		for i, row := range found {
			ids[row.EventID] = true
			if i > 0 && row.RecordedAt.Before(found[i-1].RecordedAt) {
				t.Fatal("rows are not in the order of time")
			}
		}
		if len(found) != tt.want || len(ids) != tt.want {
			t.Fatalf("%+v chose %d rows, %d different ones, want %d", tt.filter, len(found), len(ids), tt.want)
		}
	}
}
