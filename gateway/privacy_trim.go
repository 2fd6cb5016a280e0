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
	"corsia/shared/collab"
	"corsia/shared/privacy"
	"corsia/shared/secret"
)

// privacyTrim removes rows of journals that are older than a time, once. The exit status is 1 also when a journal had to be left as
// it is.
func privacyTrim(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("corsia privacy trim", flag.ContinueOnError)
	set.SetOutput(stderr)
	store := set.String("store-url", "", "store whose journals are trimmed; default: STORE_URL, else sqlite:corsia.db, which no gateway may be using")
	older := set.String("older-than", "", "rows that were written longer ago are removed, such as 8760h; default: JOURNAL_RETENTION")
	by := set.String("by", "", "who removes them, as the trail will say; default: the user of this system")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	fail := func(status int, err error) int {
		fmt.Fprintf(stderr, "corsia privacy trim: %v\n", err)
		return status
	}
	if set.NArg() > 0 {
		return fail(2, fmt.Errorf("there is no argument %q", set.Arg(0)))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	getenv, err := secret.Resolve(ctx, getenv, []string{"STORE_URL", "JOURNAL_RETENTION"})
	if err != nil {
		return fail(1, err)
	}
	keep, err := privacy.ParseJournalRetention(first(*older, getenv("JOURNAL_RETENTION")))
	if err != nil {
		return fail(2, fmt.Errorf("-older-than %w", err))
	}
	if keep == privacy.KeepForever {
		return fail(2, errors.New("-older-than says how old rows are that are removed: by default none are"))
	}
	done, err := app.TrimJournals(ctx, app.JournalTrimming{Store: first(*store, getenv("STORE_URL"), "sqlite:corsia.db"), Keep: keep,
		By: collab.UserID(first(*by, systemUser())), Log: stderr})
	fmt.Fprintf(stdout, "%d rows of %d journals were removed\n", done.Rows, done.Documents)
	if err == nil && done.Left > 0 {
		err = fmt.Errorf("%d journals with old rows are left as they are", done.Left)
	}
	if err != nil {
		return fail(1, err)
	}
	return 0
}
