package audit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

func TestT2LinkGoesOnFromTheEndOfEachShard(t *testing.T) {
	heads := map[int]collab.AuditHead{3: {Seq: 7, Chain: Hash{1}}}
	sealed := Link(heads, []collab.AuditRow{{Shard: 3, Body: []byte("{}")}, {Shard: 4, Body: []byte("no JSON")}, {Shard: 3, Body: []byte(sampleBody)}})
	want := Chain(Chain(Hash{1}, 8, Leaf([]byte("{}"))), 9, Leaf([]byte(sampleBody)))
	if sealed[0].Seq != 8 || sealed[1].Seq != 1 || sealed[2].Seq != 9 || sealed[2].Chain != want || sealed[1].Chain != Chain(Hash{}, 1, Leaf([]byte("no JSON"))) {
		t.Fatalf("%+v", sealed)
	}
	if r := sealed[2]; r.Role != "surgeon" || r.Fence != 41 || r.RevisionTo != 9 || len(r.Fields) != 2 || r.Details["code"] != "E1" || r.Address != "127.0.0.1" {
		t.Fatalf("the columns are not what the body says: %+v", r)
	}
	if len(heads) != 1 || heads[3].Seq != 7 {
		t.Fatal("the heads that it was given have changed")
	}
}

func TestT3EventsAreChainedWithinTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &guarded{memory: newMemory()}
		var log bytes.Buffer
		s := NewSealer(store, obs.TestLogger(t, &log), time.Now)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx) }()
		defer func() { stop(); <-done }()
		synctest.Wait()
		row := NewRecorder("i_1", slog.New(slog.DiscardHandler)).Row(Event{Type: UserConnected})
		store.change(func(m *memory) { m.pending = append(m.pending, row) })
		time.Sleep(2*time.Second - time.Millisecond)
		synctest.Wait()
		if n, _, err := store.PendingAudit(ctx); n != 0 || err != nil || s.Lag() != 0 {
			t.Fatalf("%d events are pending, lag %v, %v", n, s.Lag(), err)
		}
		store.change(func(m *memory) { m.err = errors.New("away") })
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if lag := s.Lag(); lag < 9*time.Second || lag > 12*time.Second {
			t.Fatalf("while the store is away the lag is %v", lag)
		}
		store.change(func(m *memory) { m.err = nil })
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if s.Lag() != 0 || strings.Count(log.String(), "audit: seal\"") != 1 || strings.Count(log.String(), "goes on") != 1 {
			t.Fatalf("lag %v, log %s", s.Lag(), log.String())
		}
	})
}

// guarded is a store that a test changes while a sealer runs.
type guarded struct {
	mu     sync.Mutex
	memory *memory
}

func (g *guarded) change(f func(*memory)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(g.memory)
}

func (g *guarded) SealAudit(ctx context.Context, limit int, link func(map[int]collab.AuditHead, []collab.AuditRow) []collab.SealedRow) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.memory.SealAudit(ctx, limit, link)
}

func (g *guarded) PendingAudit(ctx context.Context) (int, time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.memory.PendingAudit(ctx)
}

func TestT3WhatAnotherSealerHasIsALag(t *testing.T) {
	i := newInstallation(t)
	i.record(3)
	held := holding{i.store}
	s := NewSealer(held, slog.New(slog.DiscardHandler), func() time.Time { return i.time })
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	i.time = i.time.Add(time.Minute)
	if lag := s.Lag(); lag < time.Minute {
		t.Fatalf("lag %v", lag)
	}
}

// holding is a store whose shards another instance holds.
type holding struct{ *memory }

func (holding) SealAudit(context.Context, int, func(map[int]collab.AuditHead, []collab.AuditRow) []collab.SealedRow) (int, error) {
	return 0, nil
}

func TestT4ACheckpointIsWrittenEveryMinuteWhileAnythingIsSealed(t *testing.T) {
	i := newInstallation(t)
	look := func(want int) {
		t.Helper()
		if err := i.notary.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(i.store.checkpoints); got != want || len(i.archive) != want {
			t.Fatalf("%d checkpoints, %d in the archive, want %d", got, len(i.archive), want)
		}
	}
	look(0) // nothing is sealed yet
	i.record(1)
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	look(1)
	i.time = i.time.Add(2 * time.Minute)
	look(1) // nothing is new
	i.record(1)
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	look(2)
	i.record(1)
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	i.time = i.time.Add(50 * time.Second)
	look(2) // too early
	i.time = i.time.Add(10 * time.Second)
	look(3)
	i.time = i.time.Add(time.Hour)
	look(4) // that the trail stands still is said every hour
	if err := i.notary.Finish(t.Context()); err != nil || len(i.store.checkpoints) != 4 {
		t.Fatalf("at the end nothing was new: %d checkpoints, %v", len(i.store.checkpoints), err)
	}
}

func TestT4ACheckpointIsInTheLogAndAnArchiveThatIsAwayIsTold(t *testing.T) {
	i := newInstallation(t)
	var log bytes.Buffer
	i.notary.log, i.notary.archive = obs.TestLogger(t, &log), broken{i.archive}
	i.record(64)
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.notary.Finish(t.Context()); !errors.Is(err, errAway) {
		t.Fatalf("the archive is away: %v", err)
	}
	if !strings.Contains(log.String(), "shard ") || strings.Contains(log.String(), "…") || !strings.Contains(log.String(), "— corsia-audit ") {
		t.Fatalf("the log has no whole note: %s", log.String())
	}
}

var errAway = errors.New("away")

// broken is an archive that cannot be written.
type broken struct{ objects }

func (broken) Put(context.Context, string, io.Reader) error { return errAway }

func FuzzCheckpoint(f *testing.F) {
	f.Add(Checkpoint{Epoch: 1, Number: 2, At: time.UnixMicro(1).UTC(), Heads: map[int]collab.AuditHead{3: {Seq: 4, Chain: Hash{5}}}}.text())
	f.Add(checkpointHeader + "\nepoch 1\nnumber 1\ntime x\nshard 1 1 !\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCheckpoint(text)
		if err != nil {
			return
		}
		again, err := parseCheckpoint(c.text())
		if err != nil || again.text() != c.text() {
			t.Fatalf("%q became %q: %v", text, c.text(), err)
		}
	})
}

func FuzzLine(f *testing.F) {
	row := Link(nil, []collab.AuditRow{{Shard: 1, Body: []byte(sampleBody)}})[0]
	f.Add(AppendLine(nil, &row))
	f.Add([]byte(`{"shard":1,"seq":1,"leaf":"","chain":"00","body_base64":"AA=="}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		row, err := ParseLine(line)
		if err != nil {
			return
		}
		again, err := ParseLine(AppendLine(nil, &row))
		if err != nil || again.Seq != row.Seq || again.Shard != row.Shard || again.Leaf != row.Leaf || again.Chain != row.Chain || !bytes.Equal(again.Body, row.Body) {
			t.Fatalf("%q: %+v, then %+v, %v", line, row, again, err)
		}
	})
}
