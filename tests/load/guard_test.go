//go:build integration

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"corsia/tests/load/measure"
)

// The guards are far from what the gateway can do, so that a busy machine passes them: they notice what got lost and
// what got several times worse.

func TestTwoHundredSocketsLoseNothing(t *testing.T) {
	r := measured(t, "-scenario", "rate", "-sockets", "200", "-rooms", "40", "-rate", "5", "-warm", "500ms", "-duration", "10s",
		"-max-p99", "500ms")
	if got := r.Get("messages sent"); got < 10_000 {
		t.Errorf("%v messages were sent: want 10,000 or more", got)
	}
}

func TestAClusterLosesNothingAndIsToldByItsBus(t *testing.T) { // D4
	r := measured(t, "-scenario", "cluster", "-sockets", "60", "-rooms", "12", "-rates", "300", "-warm", "1s", "-duration", "8s", "-replicas", "12")
	if got := r.Get("messages sent"); got < 2_700 {
		t.Errorf("%v messages were sent: want 2,700 or more", got)
	}
	elsewhere, acknowledged := r.Get("delivery on other instances P50"), r.Get("acknowledgement P50")
	if !(elsewhere > 0 && elsewhere < 5*acknowledged+50) {
		t.Errorf("others see in %v ms what its author has confirmed in %v ms", elsewhere, acknowledged)
	}
	rows := 2 * r.Get("in") // each comes to two more instances
	if read := r.Get("rows read from the journal"); !(read < rows/2) {
		t.Errorf("%v of %v rows a second are read from the journal: the bus tells of them", read, rows)
	}
}

func TestIdleSocketsAreSmallAndLeaveNothing(t *testing.T) {
	measured(t, "-scenario", "idle", "-sockets", "1000", "-rooms", "200", "-duration", "1s", "-settle", "300ms",
		"-max-socket-kib", "40")
}

// gateway is the binary that the guards start, built once.
var gateway string

func TestMain(m *testing.M) { os.Exit(guarded(m)) }

func guarded(m *testing.M) int {
	folder, err := os.MkdirTemp("", "corsia-load-guard-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	gateway = filepath.Join(folder, "corsia")
	if out, err := exec.Command("go", "build", "-o", gateway, "corsia/gateway").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the gateway: %v: %s\n", err, out)
		return 1
	}
	return m.Run()
}

// measured runs a scenario against the gateway of this checkout, which must keep all limits.
func measured(t *testing.T, args ...string) *measure.Result {
	t.Helper()
	s, err := parseSettings(append(args, "-gateway", gateway), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	results, err := runScenario(t.Context(), s, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	measure.WriteTable(t.Output(), results)
	r := results[0]
	t.Logf("%s took %v", s.Scenario, time.Since(start).Round(time.Millisecond))
	for _, failure := range r.Failed() {
		t.Error(failure)
	}
	return r
}
