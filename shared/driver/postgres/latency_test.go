//go:build integration

package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"corsia/shared/collab"
)

// benchLatency measures how long each call takes.
func benchLatency(b *testing.B, call func(n int) error) {
	b.Helper()
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for n := range b.N {
		start := time.Now()
		if err := call(n); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
}

// BenchmarkLock grants and releases a lock: two commits (SPEC P).
func BenchmarkLock(b *testing.B) {
	db, _ := openBench(b, Options{})
	res := created(b, db, "page:/patient/12345")
	key := collab.LockKey{Resource: res, Field: "dosage"}
	benchLatency(b, func(int) error {
		granted, err := db.OpenLock(context.Background(), collab.Lock{
			ID: collab.NewLockID(), Key: key, User: "usr_001", Session: "s_1", AcquiredAt: time.Now(), ExpiresAt: time.Now(),
		}, collab.Displace{}, nil)
		if err != nil {
			return err
		}
		_, _, err = db.CloseLock(context.Background(), key, granted.Lock.Fence, collab.LockReleased, time.Now(), nil)
		return err
	})
}

// BenchmarkJoin joins a document of some length and loads it.
func BenchmarkJoin(b *testing.B) {
	db, _ := openBench(b, Options{})
	res := created(b, db, "page:/patient/12345")
	edit := collab.Batch{Resource: res, Expect: collab.Head{Revision: 1}}
	for revision := int64(2); revision < 500; revision++ {
		edit.Entries = append(edit.Entries, batch(res, revision-1).Entries...)
	}
	if c := appendOne(db, edit); c.Err != nil {
		b.Fatal(c.Err)
	}
	benchLatency(b, func(n int) error {
		session := collab.SessionID(fmt.Sprint(n))
		_, err := db.Join(context.Background(), collab.Join{Resource: res, User: "usr_001", Session: session, Mode: collab.Editor, At: time.Now()})
		if err != nil {
			return err
		}
		if _, err := db.Load(context.Background(), res); err != nil {
			return err
		}
		return db.Leave(context.Background(), res, session, nil)
	})
}

// BenchmarkHeads looks at the heads of 1,000 open rooms (SPEC D4).
func BenchmarkHeads(b *testing.B) {
	db, _ := openBench(b, Options{})
	var all []collab.Resource
	for i := range 1000 {
		all = append(all, created(b, db, benchJoin(i).Resource.ID))
	}
	benchLatency(b, func(int) error {
		heads, err := db.Heads(context.Background(), all)
		if err == nil && len(heads) != len(all) {
			err = fmt.Errorf("%d heads", len(heads))
		}
		return err
	})
}

// BenchmarkSaveState keeps states of 1 MiB.
func BenchmarkSaveState(b *testing.B) {
	db, _ := openBench(b, Options{})
	res := created(b, db, "page:/patient/12345")
	words := []string{"febbre ", "tosse ", "paracetamolo ", "1000 ", "mg ", "dopo ", "i ", "pasti "}
	var state []byte
	for random := rand.New(rand.NewPCG(1, 2)); len(state) < 1<<20; {
		state = append(state, byte(random.IntN(256)), byte(random.IntN(8)))
		state = append(state, words[random.IntN(len(words))]...)
	}
	benchLatency(b, func(n int) error {
		saved, err := db.SaveState(context.Background(), collab.State{Resource: res, Revision: int64(n) + 2, State: state, At: time.Now()})
		if err == nil && !saved {
			err = fmt.Errorf("state %d was not kept", n)
		}
		return err
	})
}
