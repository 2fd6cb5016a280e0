package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"time"

	"corsia/gateway/app"
	"corsia/shared/collab"
	"corsia/shared/secret"
)

const recoveryUsage = `usage: corsia recovery <command> [flags]

  open    let browsers give back what a restore lost, for one tenant or all: corsia recovery open -all -for 30m -reason "…"
  close   end it before its time
  list    what is open
`

// recoveryFlags are those that these commands share.
type recoveryFlags struct {
	set               *flag.FlagSet
	store, tenant, by *string
	all               *bool
}

func newRecoveryFlags(name string, stderr io.Writer) *recoveryFlags {
	f := &recoveryFlags{set: flag.NewFlagSet("corsia recovery "+name, flag.ContinueOnError)}
	f.set.SetOutput(stderr)
	f.store = f.set.String("store-url", "", "store; default: STORE_URL, else sqlite:corsia.db")
	if name != "list" {
		f.tenant = f.set.String("tenant", "", "of this tenant")
		f.all = f.set.Bool("all", false, "of every tenant")
		f.by = f.set.String("by", "", "who does it, as the trail will say; default: the user of this system")
	}
	return f
}

// recoveryCommand opens and closes recoveries past the gateways (SPEC D8), which may run or not.
func recoveryCommand(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "open", "close", "list":
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stderr, recoveryUsage)
		return 0
	default:
		fmt.Fprintf(stderr, "corsia recovery: there is no command %q\n%s", command, recoveryUsage)
		return statusAsked
	}
	f := newRecoveryFlags(command, stderr)
	var last *time.Duration
	var reason *string
	var epoch *int64
	if command == "open" {
		last = f.set.Duration("for", 30*time.Minute, "how long; 4h at most")
		reason = f.set.String("reason", "", "why, and the number of the incident: the trail has it")
		epoch = f.set.Int64("epoch", -1, "of the documents that browsers have; default: the one before the last restore")
	}
	if err := f.set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return statusAsked
	}
	t, err := f.task(ctx, getenv)
	if err == nil && command == "open" {
		t.For, t.Reason = *last, *reason
		if *epoch >= 0 {
			t.Epoch = epoch
		}
	}
	if err == nil {
		err = recoveryDo(ctx, command, t, stdout)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "corsia recovery %s: %v\n", command, err)
	if errors.Is(err, app.ErrRecovery) {
		return statusAsked
	}
	return statusWrong
}

// task returns what the flags say.
func (f *recoveryFlags) task(ctx context.Context, getenv func(string) string) (t app.RecoveryTask, err error) {
	if f.set.NArg() > 0 {
		return t, fmt.Errorf("%w: there is no argument %q", app.ErrRecovery, f.set.Arg(0))
	}
	if f.tenant != nil {
		if (*f.tenant == "") != *f.all {
			return t, fmt.Errorf("%w: name a -tenant, or -all", app.ErrRecovery)
		}
		t.By = collab.UserID(first(*f.by, systemUser()))
		if !*f.all {
			if t.Tenant, err = collab.ParseTenant(*f.tenant); err != nil {
				return t, fmt.Errorf("%w: %w", app.ErrRecovery, err)
			}
		}
	}
	if getenv, err = secret.Resolve(ctx, getenv, []string{"STORE_URL"}); err != nil {
		return t, err
	}
	t.Store = first(*f.store, getenv("STORE_URL"), "sqlite:corsia.db")
	return t, nil
}

func recoveryDo(ctx context.Context, command string, t app.RecoveryTask, stdout io.Writer) error {
	switch command {
	case "open":
		r, err := app.OpenRecovery(ctx, t)
		if err == nil {
			fmt.Fprintf(stdout, "opened: %s\n", describeRecovery(r))
		}
		return err
	case "close":
		n, err := app.CloseRecovery(ctx, t)
		if err == nil && n == 0 {
			err = fmt.Errorf("nothing is open for %s", tenantOf(t.Tenant))
		}
		if err == nil {
			fmt.Fprintf(stdout, "closed: %d for %s\n", n, tenantOf(t.Tenant))
		}
		return err
	}
	documents, open, err := app.ListRecoveries(ctx, t.Store)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "documents are of epoch %d; open: %d\n", documents, len(open))
	for _, r := range open {
		fmt.Fprintln(stdout, describeRecovery(r))
	}
	return nil
}

func describeRecovery(r collab.Recovery) string {
	return fmt.Sprintf("epoch %d of %s, until %s, by %s: %s", r.Epoch, tenantOf(r.Tenant), r.Until.UTC().Format(time.RFC3339), r.By, r.Reason)
}

func tenantOf(t collab.Tenant) string {
	if t == collab.AllTenants {
		return "every tenant"
	}
	return "tenant " + string(t)
}
