// Command load loads a gateway and measures it (SPEC 11): deliveries, their latency and that none is lost, what a socket
// costs at rest, how fast clients connect, join and lock.
//
//	go run ./tests/load -scenario rate
//
// It starts the gateway itself, in a temporary folder, unless -url names one. The result is a table on standard error and
// one line of JSON on standard output; the exit status is 1 when a figure does not keep its limit.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"corsia/tests/load/measure"
)

func main() {
	if folder := os.Getenv(profileFolder); folder != "" {
		os.Exit(runProfiled(folder))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run returns the exit status: 0 measured, 1 it went wrong or a figure is out of its limit, 2 it was asked wrongly.
func run(ctx context.Context, args []string) int {
	s, err := parseSettings(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		return 2
	}
	results, err := runScenario(ctx, s, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		return 1
	}
	status := 0
	measure.WriteTable(os.Stderr, results)
	for _, r := range results {
		if err := r.WriteJSON(os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "load:", err)
			return 1
		}
		if len(r.Failed()) > 0 {
			status = 1
		}
	}
	return status
}

// runScenario finds or starts the gateway, runs the scenario against it and stops what it started.
func runScenario(ctx context.Context, s settings, log progress) ([]*measure.Result, error) {
	target, err := openTarget(ctx, s, log)
	if err != nil {
		return nil, err
	}
	b, err := newBench(s, target, log)
	if err == nil {
		err = scenarios[s.Scenario].run(ctx, b)
	}
	if stopErr := target.stop(); err == nil {
		err = stopErr
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Scenario, err)
	}
	return b.results, nil
}
