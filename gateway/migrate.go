package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"corsia/gateway/app"
	"corsia/shared/secret"
)

// migrate brings the store to the schema of this version. A gateway does so itself where its role may; in production it may not.
func migrate(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	set := flag.NewFlagSet("corsia migrate", flag.ContinueOnError)
	set.SetOutput(stderr)
	store := set.String("store-url", "", "the store, as the owner of its tables; default: STORE_URL, else sqlite:corsia.db")
	application := set.String("application", "", "role of the gateways and of the functions but auditarchive")
	archiver := set.String("archiver", "", "role of the function auditarchive")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if set.NArg() > 0 {
		fmt.Fprintf(stderr, "corsia migrate: there is no argument %q\n", set.Arg(0))
		return 2
	}
	getenv, err := secret.Resolve(ctx, getenv, []string{"STORE_URL"})
	if err == nil {
		err = app.MigrateStore(ctx, first(*store, getenv("STORE_URL"), "sqlite:corsia.db"), app.Roles{Application: *application, Archiver: *archiver})
	}
	if err != nil {
		fmt.Fprintf(stderr, "corsia migrate: %v\n", err)
		return 1
	}
	fmt.Fprintln(stdout, "the schema is that of version", app.Version)
	return 0
}
