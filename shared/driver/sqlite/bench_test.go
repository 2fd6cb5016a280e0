package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"corsia/shared/collab"
)

// BenchmarkAppend commits small updates of 200 rooms. Each room has as many batches of one row under way as a room has
// commit credits.
func BenchmarkAppend(b *testing.B) {
	for _, credits := range []int{1, 4} {
		b.Run(fmt.Sprintf("credits=%d", credits), func(b *testing.B) { benchmarkAppend(b, 200, credits) })
	}
}

func benchmarkAppend(b *testing.B, rooms, credits int) {
	ctx := context.Background()
	var commits, slowest atomic.Int64
	db, err := Open(ctx, filepath.Join(b.TempDir(), "corsia.db"), Options{OnCommit: func(_ int, d time.Duration) {
		commits.Add(1)
		slowest.Store(max(slowest.Load(), int64(d)))
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for i := range rooms {
		if _, err := db.Join(ctx, benchJoin(i)); err != nil {
			b.Fatal(err)
		}
	}
	commits.Store(0)
	cpu, start := cpuTime(b), time.Now()
	b.ResetTimer()
	left := atomic.Int64{}
	left.Store(int64(b.N))
	finished := make(chan error, rooms)
	for i := range rooms {
		go func() { finished <- appendAll(db, benchJoin(i).Resource, credits, &left) }()
	}
	for range rooms {
		if err := <-finished; err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	seconds := time.Since(start).Seconds()
	b.ReportMetric(float64(b.N)/seconds, "rows/s")
	b.ReportMetric(float64(commits.Load())/seconds, "commits/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-us/row")
	b.ReportMetric(float64(slowest.Load())/1e6, "slowest-ms")
}

func benchJoin(i int) collab.Join {
	return collab.Join{
		Resource: collab.Resource{Tenant: "default", ID: collab.ResourceID(fmt.Sprintf("page:/patient/%05d", i))},
		User:     "usr_001", Session: "s_abcdefghijklmnopqrstuv", Mode: collab.Editor, At: time.Now(),
	}
}

// appendAll appends single rows to one room while there are any left.
func appendAll(db *DB, res collab.Resource, credits int, left *atomic.Int64) error {
	update := make([]byte, 40)
	done := make(chan collab.Committed, credits)
	head, pending := collab.Head{Revision: 1}, 0
	for {
		if left.Add(-1) < 0 {
			break
		}
		if pending == credits {
			if c := <-done; c.Err != nil {
				return c.Err
			}
			pending--
		}
		entry := collab.Entry{
			Revision: head.Revision + 1, Update: update, User: "usr_001", Session: "s_abcdefghijklmnopqrstuv",
			Clients: []collab.ClientID{1}, Fields: []collab.Field{"content"}, At: time.Now(),
		}
		db.Append(collab.Batch{Resource: res, Expect: head, Entries: []collab.Entry{entry}}, done)
		head.Revision++
		pending++
	}
	for range pending {
		if c := <-done; c.Err != nil {
			return c.Err
		}
	}
	return nil
}

// BenchmarkSync measures what the disk takes to make one page durable: the floor of every commit.
func BenchmarkSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	for b.Loop() {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
