package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"corsia/gateway/app"
	"corsia/shared/obs"
	"corsia/shared/secret"
)

// stopTimeout is for what can be broken off. The rest of the 25 s of SPEC C6 is for the last compactions and the last
// commit.
// gcPercent lets the heap grow by half before a collection, not by all of it: what ten thousand idle sockets hold is most
// of the memory, and it changes slowly. GOGC says otherwise.
const gcPercent = 50

const stopTimeout = 18 * time.Second

// serve runs the gateway until it is told to stop.
func serve(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	getenv, code := withFlags("serve", args, getenv, stderr)
	if code >= 0 {
		return code
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	getenv, err := secret.Resolve(ctx, getenv, app.Settings)
	if err != nil {
		fmt.Fprintf(stderr, "corsia: secrets of the configuration:\n%s\n", indent(err.Error()))
		return 1
	}
	config, err := app.Load(getenv)
	if err != nil {
		fmt.Fprintf(stderr, "corsia: the configuration is wrong:\n%s\n", indent(err.Error()))
		return 2
	}
	level, err := obs.ParseLevel(config.LogLevel)
	if err != nil {
		fmt.Fprintf(stderr, "corsia: %v\n", err)
		return 2
	}
	log := obs.NewLogger(stdout, level)
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	return runApp(ctx, stop, config, log, stderr)
}

// runApp runs the gateway until ctx ends. It calls again when it begins to stop.
func runApp(ctx context.Context, again func(), config app.Config, log *slog.Logger, stderr io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintf(stderr, "corsia: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		return 1
	}
	a, err := app.New(ctx, config, log)
	if err != nil {
		return fail(err)
	}
	if err := a.Start(ctx); err != nil {
		a.Abandon()
		return fail(err)
	}
	if config.Development() {
		fmt.Fprintf(stderr, "Corsia runs: open http://%s/demo/ in two windows, or http://%s/demo/split\n", a.Addr(), a.Addr())
	}
	status := 0
	select {
	case <-ctx.Done():
	case err := <-a.Failed():
		log.Error("gateway: HTTP server", obs.Err(err))
		status = 1
	}
	again() // a second signal ends the process at once
	stopping, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	log.Info("gateway: stopping")
	if err := a.Stop(stopping); err != nil {
		log.Error("gateway: stop", obs.Err(err))
		return 1
	}
	log.Info("gateway: stopped")
	return status
}

// withFlags lets flags stand before environment variables. Code is negative when there is nothing more to say.
func withFlags(name string, args []string, getenv func(string) string, stderr io.Writer) (func(string) string, int) {
	set := flag.NewFlagSet("corsia "+name, flag.ContinueOnError)
	set.SetOutput(stderr)
	values := map[string]*string{}
	for _, setting := range app.Settings {
		values[setting] = set.String(flagName(setting), "", "as the environment variable "+setting)
	}
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, 0
	} else if err != nil {
		return nil, 2
	}
	if set.NArg() > 0 {
		fmt.Fprintf(stderr, "corsia %s: there is no argument %q\n", name, set.Arg(0))
		return nil, 2
	}
	return func(setting string) string {
		if v := values[setting]; v != nil && *v != "" {
			return *v
		}
		return getenv(setting)
	}, -1
}

func flagName(setting string) string { return strings.ReplaceAll(strings.ToLower(setting), "_", "-") }

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }
