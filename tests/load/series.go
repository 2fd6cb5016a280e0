package main

import (
	"context"
	"time"

	"corsia/tests/load/measure"
)

const sampleInterval = time.Second

// sample is what the gateways say of their queues at a moment of the measured time. What is counted is what came since the
// sample before.
type sample struct {
	Second       float64 `json:"second"`
	Queue        float64 `json:"journalQueue"` // updates that wait for their commit
	OldestMs     float64 `json:"oldestUncommittedMs"`
	Outbox       float64 `json:"outboxBytes"`
	CaughtUp     float64 `json:"caughtUp"` // rows of other instances read from the journal
	Resyncs      float64 `json:"resyncs"`
	Confirmed    float64 `json:"noticesConfirmed"`
	NotConfirmed float64 `json:"noticesNotConfirmed"`
}

// series are the samples of the measured time. Owned by who waits for its end.
type series []sample

// watch samples each second until a moment.
func (s *series) watch(ctx context.Context, b *bench, before look, until time.Duration) error {
	tick := time.NewTicker(sampleInterval)
	defer tick.Stop()
	start := b.now()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(until - b.now()):
			return nil
		case <-tick.C:
		}
		now, err := b.look(ctx)
		if err != nil {
			return err
		}
		*s = append(*s, sampled(before, now, b.now()-start))
		before = now
	}
}

func sampled(before, now look, at time.Duration) sample {
	grown := func(names ...string) (n float64) {
		for _, name := range names {
			n += now.metrics[name] - before.metrics[name]
		}
		return n
	}
	return sample{
		Second: at.Seconds(), Queue: now.metrics["journal_queue_depth"], OldestMs: 1e3 * now.oldest.Seconds(), Outbox: now.metrics["outbox_bytes"],
		CaughtUp: grown("journal_caught_up_total"), Resyncs: grown("resyncs_total"),
		Confirmed:    grown(`rabbitmq_publish_total{result="confirmed"}`),
		NotConfirmed: grown(`rabbitmq_publish_total{result="nacked"}`, `rabbitmq_publish_total{result="failed"}`, `rabbitmq_publish_total{result="dropped"}`),
	}
}

// note puts the samples into the result, and whether queues grew: by their means in the first and the last third.
func (s series) note(r *measure.Result) {
	if len(s) == 0 {
		return
	}
	r.Series = s
	third := max(1, len(s)/3)
	queue := func(x sample) float64 { return x.Queue }
	r.Add("journal queue, first third", s[:third].mean(queue), "updates")
	r.Add("journal queue, last third", s[len(s)-third:].mean(queue), "updates")
	r.Add("journal queue, longest", s.most(queue), "updates")
	r.Add("oldest uncommitted, longest", s.most(func(x sample) float64 { return x.OldestMs }), "ms")
	r.Add("outboxes, largest", s.most(func(x sample) float64 { return x.Outbox })/1024, "KiB")
	r.Add("rows read from the journal", s.mean(func(x sample) float64 { return x.CaughtUp }), "/s")
	r.Add("resyncs", s.mean(func(x sample) float64 { return x.Resyncs }), "/s")
	r.Add("notices confirmed", s.mean(func(x sample) float64 { return x.Confirmed }), "/s")
	r.Add("notices not confirmed", s.mean(func(x sample) float64 { return x.NotConfirmed }), "/s")
}

func (s series) mean(value func(sample) float64) float64 {
	sum := 0.0
	for _, x := range s {
		sum += value(x)
	}
	return sum / float64(len(s))
}

func (s series) most(value func(sample) float64) float64 {
	most := 0.0
	for _, x := range s {
		most = max(most, value(x))
	}
	return most
}
