//go:build integration

package postgres

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"corsia/shared/collab"
)

// BenchmarkPaced offers 10,000 rows a second to 200 rooms, whatever the store does, and measures how long each waits for
// its commit (SPEC P).
func BenchmarkPaced(b *testing.B) {
	const rooms, perSecond = 200, 10_000
	ctx := context.Background()
	var commits, slowest atomic.Int64
	db, serverTime := openBench(b, Options{OnCommit: func(_ int, d time.Duration) {
		commits.Add(1)
		slowest.Store(max(slowest.Load(), int64(d)))
	}})
	heads := make([]collab.Head, rooms)
	for i := range rooms {
		joined, err := db.Join(ctx, benchJoin(i))
		if err != nil {
			b.Fatal(err)
		}
		heads[i] = joined.Head
	}
	commits.Store(0)
	cpu, serverCPU, start := cpuTime(b), serverTime(), time.Now()
	waits := make([]time.Duration, b.N)
	update := make([]byte, 40)
	done := make(chan collab.Committed, b.N)
	b.ResetTimer()
	go func() {
		for n := 0; n < b.N; {
			due := min(b.N, int(time.Since(start).Seconds()*perSecond))
			for ; n < due; n++ {
				i := n * 7919 % rooms
				entry := collab.Entry{
					Revision: heads[i].Revision + 1, Update: update, User: "usr_001", Session: "s_abcdefghijklmnopqrstuv",
					Clients: []collab.ClientID{1}, Fields: []collab.Field{"content"}, At: time.Now(),
				}
				db.Append(collab.Batch{Resource: benchJoin(i).Resource, Expect: heads[i], Entries: []collab.Entry{entry}}, done)
				heads[i].Revision++
			}
			time.Sleep(500 * time.Microsecond)
		}
	}()
	for n := range b.N {
		c := <-done
		if c.Err != nil {
			b.Fatal(c.Err)
		}
		waits[n] = c.At.Sub(start.Add(time.Duration(n) * time.Second / perSecond))
	}
	b.StopTimer()
	slices.Sort(waits)
	seconds := time.Since(start).Seconds()
	b.ReportMetric(float64(commits.Load())/seconds, "commits/s")
	b.ReportMetric(float64(slowest.Load())/1e6, "slowest-commit-ms")
	b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-us/row")
	b.ReportMetric(float64((serverTime()-serverCPU).Microseconds())/float64(b.N), "server-cpu-us/row")
	b.ReportMetric(float64(waits[b.N/2])/1e6, "p50-ms")
	b.ReportMetric(float64(waits[b.N*99/100])/1e6, "p99-ms")
	b.ReportMetric(float64(waits[b.N-1])/1e6, "max-ms")
}
