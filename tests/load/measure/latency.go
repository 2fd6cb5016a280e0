// Package measure owns the figures of a load test: latencies, what a process and the machine spent, what the gateway
// says of itself, and the result that is printed and kept.
package measure

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// subBuckets is the number of buckets for each power of two: a quantile is at most 1/32 too small.
const subBuckets = 32

// Latency is a histogram of durations. Adding is safe for concurrent use and costs one atomic operation; the zero value
// is empty.
type Latency struct {
	buckets [(64 - 5) * subBuckets]atomic.Uint64
	longest atomic.Int64
}

// Add counts a duration. A negative one counts as zero.
func (l *Latency) Add(d time.Duration) {
	d = max(d, 0)
	l.buckets[bucket(d)].Add(1)
	for {
		longest := l.longest.Load()
		if int64(d) <= longest || l.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

// Count returns how many durations were added.
func (l *Latency) Count() uint64 {
	n := uint64(0)
	for i := range l.buckets {
		n += l.buckets[i].Load()
	}
	return n
}

// Quantile returns the duration that a share q of all do not exceed, or 0 without any. The longest one, of q 1, is exact.
func (l *Latency) Quantile(q float64) time.Duration {
	if q >= 1 {
		return time.Duration(l.longest.Load())
	}
	rank := max(1, uint64(math.Ceil(q*float64(l.Count()))))
	seen := uint64(0)
	for i := range l.buckets {
		if seen += l.buckets[i].Load(); seen >= rank {
			return lowest(i)
		}
	}
	return 0
}

// bucket returns the index for a duration: its leading six bits, by the power of two.
func bucket(d time.Duration) int {
	if d < subBuckets {
		return int(d)
	}
	shift := bits.Len64(uint64(d)) - 6
	return shift*subBuckets + int(uint64(d)>>shift)
}

// lowest returns the least duration of a bucket.
func lowest(i int) time.Duration {
	if i < 2*subBuckets {
		return time.Duration(i)
	}
	shift := i/subBuckets - 1
	return time.Duration(i%subBuckets+subBuckets) << shift
}
