package audit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

// TestT4WhatWasRewrittenIsNotSignedAgain lets the notary of a running gateway, and of one that has just started, meet a trail
// that was rewritten with fresh hashes.
func TestT4WhatWasRewrittenIsNotSignedAgain(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 3))
		i := newInstallation(t)
		i.record(60)
		i.seal(t)
		shard, at := place(r, i.store)
		i.store.rows[shard][at] = forged(r, i.store.rows[shard][at])
		rechain(i.store, shard)
		if r.IntN(2) == 0 {
			i.store.checkpoints = nil
		}
		if r.IntN(2) == 0 { // the gateway starts again
			i.notary = NewNotary(i.store, i.archive, i.notary.key, slog.New(slog.DiscardHandler), i.notary.now)
		}
		i.record(5)
		if err := i.sealer.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		i.time = i.time.Add(2 * time.Minute)
		if err := i.notary.Look(t.Context()); !errors.Is(err, ErrContradiction) {
			t.Fatalf("seed %d: it was signed: %v", seed, err)
		}
		wantStatus(t, i.verify(t), Tampered)
	}
}

// TestT4WhatWasRewrittenAndSignedIsFound has somebody sign a rewritten trail who knows of no earlier checkpoint.
func TestT4WhatWasRewrittenAndSignedIsFound(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 4))
		i := newInstallation(t)
		for range 1 + r.IntN(3) {
			i.record(60)
			i.seal(t)
			i.time = i.time.Add(time.Duration(r.IntN(40)) * time.Hour)
		}
		covered := i.store.checkpoints[len(i.store.checkpoints)-1].Number
		shard, at := place(r, i.store)
		i.store.rows[shard][at] = forged(r, i.store.rows[shard][at])
		rechain(i.store, shard)
		blind := NewNotary(i.store, objects{}, i.notary.key, slog.New(slog.DiscardHandler), i.notary.now)
		i.store.checkpoints = nil
		i.time = i.time.Add(time.Minute)
		if err := blind.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, content := range blind.archive.(objects) {
			i.archive[name] = content
		}
		report := i.verify(t)
		wantStatus(t, report, Tampered, "was rewritten")
		if !strings.Contains(report.Problems[0].What, "of the archive") {
			t.Fatalf("checkpoint %d of the archive is not named: %v", covered, report.Problems)
		}
	}
}

func TestD8ARestoreIsSignedAndItsForksAreCounted(t *testing.T) {
	i := newInstallation(t)
	i.record(40)
	i.seal(t)
	restored := i.store.copied()
	i.record(40)
	i.seal(t)
	restored.epoch = 2
	i.store = restored
	i.sealer.store = restored
	i.notary = NewNotary(restored, i.archive, i.notary.key, obs.TestLogger(t, t.Output()), i.notary.now)
	i.record(40)
	i.seal(t)
	if n := len(restored.checkpoints); n != 2 {
		t.Fatalf("%d checkpoints: a new epoch begins anew", n)
	}
	report := i.verify(t)
	wantStatus(t, report, Intact)
	if report.Forks == 0 || report.Checkpoint.Epoch != 2 {
		t.Fatalf("%+v", report)
	}
	restored.epoch = 1 // an old epoch is put in its place
	i.record(1)
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.notary.Finish(t.Context()); !errors.Is(err, ErrContradiction) {
		t.Fatalf("it was signed: %v", err)
	}
}

func TestT4AContradictionIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		i.record(30)
		i.seal(t)
		i.store.rows = map[int][]collab.SealedRow{}
		i.store.checkpoints = nil
		i.record(5)
		if err := i.sealer.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		i.notary.log = obs.TestLogger(t, &log)
		i.time = i.time.Add(time.Hour)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); i.notary.Run(ctx) }()
		time.Sleep(time.Minute)
		stop()
		<-done
		if strings.Count(log.String(), `"level":"ERROR"`) != 1 || len(i.store.checkpoints) != 0 {
			t.Fatalf("%d checkpoints, log %s", len(i.store.checkpoints), log.String())
		}
	})
}
