package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"unicode/utf8"

	"corsia/gateway/app"
	"corsia/shared/collab"
	"corsia/shared/secret"
)

// eraseSettings are the variables that the command reads.
var eraseSettings = []string{"STORE_URL", "STATE_URL"}

// eraseFlags are what `corsia privacy erase` is told.
type eraseFlags struct {
	set                     *flag.FlagSet
	store, state            *string
	tenant, resource        *string
	reason, by              *string
	trailStore, trailFolder *string
	yes, again              *bool
	task                    app.EraseTask
	of                      collab.Resource
	stdout, stderr          io.Writer
}

// privacyErase erases the content of a resource, or again what a restore has brought back (SPEC O7).
func privacyErase(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	f := &eraseFlags{set: flag.NewFlagSet("corsia privacy erase", flag.ContinueOnError), stdout: stdout, stderr: stderr}
	f.set.SetOutput(stderr)
	f.store = f.set.String("store-url", "", "the store, as the role that owns its tables; default: STORE_URL, else sqlite:corsia.db")
	f.state = f.set.String("state-url", "", "the state driver, whose cache is emptied; default: STATE_URL, else none")
	f.tenant = f.set.String("tenant", string(collab.DefaultTenant), "tenant of the resource")
	f.resource = f.set.String("resource", "", "resource whose content is erased, such as page:/patient/12345")
	f.reason = f.set.String("reason", "", "why, in 10 to 300 characters, as the trail will say; no name and nothing of the content")
	f.by = f.set.String("by", "", "who erases, as the trail will say; default: the user of this system")
	f.yes = f.set.Bool("yes", false, "erase; without it what would go is said, and nothing is done")
	f.again = f.set.Bool("again", false, "erase in a restored store what a newer trail says to have been erased")
	f.trailStore = f.set.String("trail-store", "", "with -again: store with the newer trail")
	f.trailFolder = f.set.String("trail-archive", "", "with -again: archive with the newer trail")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if status, goOn := f.parse(ctx, args, getenv); !goOn {
		return status
	}
	switch {
	case *f.again:
		return f.eraseAgain(ctx)
	case !*f.yes:
		return f.preview(ctx)
	}
	done, stale, err := app.EraseContent(ctx, f.task, f.of)
	if err != nil {
		return f.fail(statusWrong, err)
	}
	if done.Content.Empty() {
		fmt.Fprintf(stdout, "%s: there is nothing to erase\n", f.of.ID)
		return 0
	}
	fmt.Fprintf(stdout, "%s: erased %s\n", f.of.ID, describeContent(done.Content))
	if done.Head.Revision > 0 {
		fmt.Fprintf(stdout, "it goes on, empty, at revision %d in epoch %d; %d locks ended\n", done.Head.Revision, done.Head.Epoch, done.Locks)
	}
	if stale != nil {
		return f.fail(statusWrong, fmt.Errorf("it is erased, but a copy may be in the state driver for ten minutes more: %w", stale))
	}
	return 0
}

// parse reads the flags and the settings. It returns false, and the exit status, when there is nothing more to do.
func (f *eraseFlags) parse(ctx context.Context, args []string, getenv func(string) string) (status int, goOn bool) {
	if err := f.set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0, false
	} else if err != nil {
		return statusAsked, false
	}
	if err := f.check(); err != nil {
		return f.fail(statusAsked, err), false
	}
	getenv, err := secret.Resolve(ctx, getenv, eraseSettings)
	if err != nil {
		return f.fail(statusWrong, err), false
	}
	f.task = app.EraseTask{Store: first(*f.store, getenv("STORE_URL"), "sqlite:corsia.db"), State: first(*f.state, getenv("STATE_URL")),
		By: collab.UserID(first(*f.by, systemUser())), Reason: *f.reason}
	return 0, true
}

// check finds what was asked wrongly.
func (f *eraseFlags) check() (err error) {
	if f.set.NArg() > 0 {
		return fmt.Errorf("there is no argument %q", f.set.Arg(0))
	}
	if *f.again {
		switch {
		case *f.resource != "" || *f.reason != "":
			return errors.New("with -again the newer trail says what is erased, and why")
		case *f.trailStore == "" && *f.trailFolder == "":
			return errors.New("-again needs -trail-store or -trail-archive: what says what was erased since the backup")
		case !*f.yes:
			return errors.New("-again erases: say -yes")
		}
		return nil
	}
	if *f.trailStore != "" || *f.trailFolder != "" {
		return errors.New("-trail-store and -trail-archive go with -again")
	}
	if f.of.Tenant, err = collab.ParseTenant(*f.tenant); err != nil {
		return err
	}
	if f.of.ID, err = collab.ParseResourceID(*f.resource); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(*f.reason); *f.yes && (n < collab.MinErasureReason || n > collab.MaxErasureReason) {
		return fmt.Errorf("-reason has %d to %d characters", collab.MinErasureReason, collab.MaxErasureReason)
	}
	return nil
}

func (f *eraseFlags) fail(status int, err error) int {
	fmt.Fprintf(f.stderr, "%s: %v\n", f.set.Name(), err)
	return status
}

// preview says what would go.
func (f *eraseFlags) preview(ctx context.Context) int {
	c, err := app.ContentOf(ctx, f.task.Store, f.of)
	if err != nil {
		return f.fail(statusWrong, err)
	}
	if c.Empty() {
		fmt.Fprintf(f.stdout, "%s: there is nothing to erase\n", f.of.ID)
		return 0
	}
	fmt.Fprintf(f.stdout, "%s: would erase %s\n", f.of.ID, describeContent(c))
	return f.fail(statusRefused, errors.New("nothing was erased: say -yes, and why by -reason. It cannot be undone"))
}

func (f *eraseFlags) eraseAgain(ctx context.Context) int {
	resources := 0
	n, err := app.EraseAgain(ctx, f.task, *f.trailStore, *f.trailFolder, func(r collab.Resource, done collab.Erased) {
		resources++
		fmt.Fprintf(f.stdout, "%s of tenant %s: erased again: %s\n", r.ID, r.Tenant, describeContent(done.Content))
	})
	if err != nil {
		return f.fail(statusWrong, err)
	}
	fmt.Fprintf(f.stdout, "the newer trail tells of %d erasures; %d resources were erased again\n", n, resources)
	return 0
}

// describeContent says in words what content there is.
func describeContent(c collab.Content) string {
	if c.Empty() {
		return "it held nothing"
	}
	text := fmt.Sprintf("%d rows of the journal", c.Updates)
	if c.Updates > 0 {
		text += fmt.Sprintf(" (revisions %d to %d)", c.From, c.To)
	}
	document := "the document was empty"
	if c.Text {
		document = "the document"
	}
	return fmt.Sprintf("%s, %s, %d older states of it, what pages showed of %d fields, %d messages of other systems", text, document, c.Bases, c.Seeds, c.Pushes)
}
