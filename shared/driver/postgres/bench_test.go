//go:build integration

package postgres

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/pgtest"
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
	db, serverTime := openBench(b, Options{OnCommit: func(_ int, d time.Duration) {
		commits.Add(1)
		slowest.Store(max(slowest.Load(), int64(d)))
	}})
	for i := range rooms {
		if _, err := db.Join(ctx, benchJoin(i)); err != nil {
			b.Fatal(err)
		}
	}
	commits.Store(0)
	cpu, serverCPU, start := cpuTime(b), serverTime(), time.Now()
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
	b.ReportMetric(float64((serverTime()-serverCPU).Microseconds())/float64(b.N), "server-cpu-us/row")
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

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// openBench opens a store on a private server that writes to its disk, as production's does. The function tells the
// server's processor time.
func openBench(b *testing.B, o Options) (*DB, func() time.Duration) {
	server := pgtest.Start(b, "fsync=on", "max_wal_size=4GB")
	return openTest(b, server.Database(b), o).DB, server.CPU
}
