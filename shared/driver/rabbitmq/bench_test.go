//go:build integration

package rabbitmq

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/rabbittest"
)

// BenchmarkThreeInstances publishes notices of 200 bytes about 100 rooms, each open on three instances of this process, so
// that each notice travels to the broker once and from it three times. The first is as fast as it goes, the second at a rate
// a second. It reports the processor time of this process and of the broker for each notice, and how long one takes.
func BenchmarkThreeInstances(b *testing.B) {
	for _, rate := range []int{0, 10000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) { deliver(b, rate) })
	}
}

func deliver(b *testing.B, rate int) {
	server := rabbittest.Start(b)
	const rooms, instances, size = 100, 3, 200
	var heard, took atomic.Int64 // ns in all
	begin := time.Now()
	var count tally
	var buses []*Bus
	var resources [rooms]collab.Resource
	for i := range rooms {
		resources[i] = fresh()
	}
	for i := range instances {
		bus, _ := connected(b, server.URL, Options{Observe: count.observe, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		buses = append(buses, bus)
		for _, res := range resources {
			bus.Subscribe(res, collab.InstanceID(fmt.Sprint("i_", i)), func(n collab.Notice) bool {
				var at int64
				for _, digit := range n.Body[:16] {
					at = at*10 + int64(digit-'0')
				}
				took.Add(time.Since(begin).Nanoseconds() - at)
				heard.Add(1)
				return true
			})
		}
	}
	cpu, own := server.CPU(b), processorTime(b)
	b.ResetTimer()
	start := time.Now()
	sent := 0
	for sent < b.N {
		due := b.N
		if rate > 0 {
			due = min(b.N, int(time.Since(start).Seconds()*float64(rate)))
		}
		for ; sent < due && int64(sent)-heard.Load()/(instances-1) < 5000; sent++ {
			from := sent % instances
			body := make([]byte, size)
			copy(body, fmt.Sprintf("%016d", time.Since(begin).Nanoseconds()))
			n := collab.Notice{Resource: resources[sent%rooms], From: collab.InstanceID(fmt.Sprint("i_", from)), Kind: collab.BusUpdates, Body: body}
			if err := buses[from].Publish(context.Background(), n); err != nil {
				b.Fatal(err)
			}
		}
		time.Sleep(time.Millisecond)
	}
	for heard.Load() < int64(b.N*(instances-1)) {
		if count.dropped.Load()+count.failed.Load()+count.nacked.Load() > 0 {
			b.Fatal("notices were lost")
		}
		if time.Since(start) > patience+time.Duration(b.N)*time.Millisecond {
			b.Fatalf("%d of %d deliveries are missing", int64(b.N*(instances-1))-heard.Load(), b.N*(instances-1))
		}
		time.Sleep(time.Millisecond)
	}
	b.StopTimer()
	b.ReportMetric(float64((processorTime(b)-own).Microseconds())/float64(b.N), "own-µs/op")
	b.ReportMetric(float64((server.CPU(b)-cpu).Microseconds())/float64(b.N), "broker-µs/op")
	b.ReportMetric(float64(took.Load())/float64(heard.Load())/1e6, "ms/notice")
}

// processorTime returns that of this process.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
