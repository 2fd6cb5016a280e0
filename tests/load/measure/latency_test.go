package measure

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestQuantilesAreAtMostOneThirtySecondTooSmall(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	var l Latency
	durations := make([]time.Duration, 10_000)
	for i := range durations {
		durations[i] = time.Duration(rnd.ExpFloat64() * float64(20*time.Millisecond))
		l.Add(durations[i])
	}
	slices.Sort(durations)
	for _, q := range []float64{0.001, 0.25, 0.5, 0.9, 0.99, 0.999} {
		exact := durations[max(0, int(q*float64(len(durations))+0.999999)-1)]
		got := l.Quantile(q)
		if got > exact || float64(got) < float64(exact)*(1-1.0/subBuckets)-1 {
			t.Errorf("quantile %v is %v: want %v, or a little less", q, got, exact)
		}
	}
	if got, want := l.Quantile(1), durations[len(durations)-1]; got != want {
		t.Errorf("longest is %v: want %v", got, want)
	}
	if got, want := l.Count(), uint64(len(durations)); got != want {
		t.Errorf("count is %d: want %d", got, want)
	}
}

func TestEveryDurationHasItsBucket(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 31, 32, 63, 64, 65, 1000, time.Millisecond, time.Second, time.Hour, 1<<63 - 1} {
		i := bucket(d)
		if low := lowest(i); low > d {
			t.Errorf("%d is in bucket %d, which begins at %d", d, i, low)
		}
		if i+1 < len((&Latency{}).buckets) && lowest(i+1) <= d {
			t.Errorf("%d is in bucket %d, but the next one begins at %d", d, i, lowest(i+1))
		}
	}
}

func TestNothingMeasuredIsZero(t *testing.T) {
	var l Latency
	if got := l.Quantile(0.99); got != 0 {
		t.Errorf("quantile of nothing is %v", got)
	}
	l.Add(-time.Second)
	if got := l.Quantile(0.5); got != 0 {
		t.Errorf("a negative duration counts as %v: want 0", got)
	}
}

func TestDurationsAreAddedAtTheSameTime(t *testing.T) {
	var l Latency
	var adding sync.WaitGroup
	for i := range 8 {
		adding.Go(func() {
			for n := range 1000 {
				l.Add(time.Duration(i*1000 + n))
			}
		})
	}
	adding.Wait()
	if got := l.Count(); got != 8000 {
		t.Errorf("count is %d: want 8000", got)
	}
	if got := l.Quantile(1); got != 7999 {
		t.Errorf("longest is %d: want 7999", got)
	}
}
