//go:build integration

package chaos

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	clusterTime   = 15 * time.Second // of each plan of a cluster
	usualPlans    = 2                // of them
	embeddedTime  = 10 * time.Second
	trialTime     = 8 * time.Second // of a broken gateway
	trialPatience = 3 * time.Second
)

// seeds returns the seeds of a test: CHAOS_SEED alone; else the fixed ones, then others, as many as fill CHAOS_TIME.
func seeds(t testing.TB, fixed []uint64, each time.Duration, usual int) []uint64 {
	t.Helper()
	if text := os.Getenv("CHAOS_SEED"); text != "" {
		s, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("CHAOS_SEED is no number: %v", err)
		}
		return []uint64{s}
	}
	n := usual
	if text := os.Getenv("CHAOS_TIME"); text != "" {
		all, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("CHAOS_TIME is no duration: %v", err)
		}
		n = int(all / each)
	}
	for len(fixed) < n {
		fixed = append(fixed, rand.Uint64N(1_000_000))
	}
	return fixed
}

// judge carries out a plan and fails with what was wrong and how to see it again.
func judge(t *testing.T, p Plan, c Cluster, o Options) {
	t.Helper()
	if os.Getenv(trialVariable) != "" {
		o.Patience = trialPatience
	}
	t.Logf("the seed is %d: CHAOS_SEED=%d go test -tags integration -run %s ./tests/chaos repeats the plan", p.Seed, p.Seed, strings.Split(t.Name(), "/")[0])
	out := Run(t, p, c, o)
	t.Logf("%d clients, %d faults:\n%v", len(p.Actors), len(p.Faults), out)
	if len(out.Violations) > 0 {
		file, err := dump(out.History)
		t.Errorf("seed %d: %d violations; the history is in %s (%v)", p.Seed, len(out.Violations), file, err)
	}
}
