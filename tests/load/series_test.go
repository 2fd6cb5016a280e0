package main

import (
	"testing"
	"time"

	"corsia/tests/load/measure"
)

func TestASampleCountsWhatCameSinceTheOneBefore(t *testing.T) {
	before := look{metrics: map[string]float64{"journal_queue_depth": 9, "resyncs_total": 5, `rabbitmq_publish_total{result="failed"}`: 1}}
	now := look{oldest: 3 * time.Millisecond, metrics: map[string]float64{"journal_queue_depth": 4, "resyncs_total": 7,
		`rabbitmq_publish_total{result="failed"}`: 2, `rabbitmq_publish_total{result="dropped"}`: 3, `rabbitmq_publish_total{result="confirmed"}`: 8}}
	want := sample{Second: 1, Queue: 4, OldestMs: 3, Resyncs: 2, Confirmed: 8, NotConfirmed: 4}
	if got := sampled(before, now, time.Second); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAQueueThatGrowsIsSeen(t *testing.T) {
	s := series{{Queue: 1}, {Queue: 3}, {Queue: 5}, {Queue: 7}, {Queue: 20}, {Queue: 30}}
	var r measure.Result
	s.note(&r)
	first, last, most := r.Get("journal queue, first third"), r.Get("journal queue, last third"), r.Get("journal queue, longest")
	if first != 2 || last != 25 || most != 30 {
		t.Errorf("the queue was %v, then %v, at most %v: want 2, 25, 30", first, last, most)
	}
}
