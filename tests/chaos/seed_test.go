//go:build integration

package chaos

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// seed returns the seed of a test: CHAOS_SEED, or one of this moment.
func seed(t testing.TB) uint64 {
	t.Helper()
	if text := os.Getenv("CHAOS_SEED"); text != "" {
		s, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("CHAOS_SEED is no number: %v", err)
		}
		return s
	}
	return uint64(time.Now().UnixNano()) % 1_000_000
}

// judge carries out a plan and fails with what was wrong and how to see it again.
func judge(t *testing.T, p Plan, target Target, length time.Duration, token func(string) string) Outcome {
	t.Helper()
	t.Logf("the seed is %d: CHAOS_SEED=%d go test -tags integration -run %s ./tests/chaos repeats the plan", p.Seed, p.Seed, t.Name())
	out := Run(t, p, target, length, token)
	t.Logf("%d clients, %d faults:\n%v", len(p.Actors), len(p.Faults), out)
	if len(out.Violations) > 0 {
		file, err := dump(out.History)
		t.Errorf("seed %d: %d violations; the history is in %s (%v)", p.Seed, len(out.Violations), file, err)
	}
	return out
}
