package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"syscall"
	"time"

	"corsia/gateway/app"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/secret"
)

const auditUsage = `usage: corsia audit <command> [flags]

  verify   verify the trail: exit status 0 intact, 1 tampered, 2 incomplete, 3 it could not be read
  export   write the sealed events, one JSON object a line
  archive  write the days that are over into the archive, read them back and verify them; the store keeps its rows unless told
  key      print a new key pair: the first line is for AUDIT_KEY, the second for those who verify
`

// statusUnread is the exit status of a verification that could not read the trail, or was asked wrongly: it is no verdict.
const statusUnread = 3

// auditSettings are the variables that these commands read.
var auditSettings = []string{"STORE_URL", "ARCHIVE_URL", "AUDIT_KEY", "AUDIT_RETENTION"}

func auditCommand(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	switch command {
	case "verify":
		return auditVerify(ctx, args, getenv, stdout, stderr)
	case "export":
		return auditExport(ctx, args, getenv, stdout, stderr)
	case "archive":
		return auditArchive(ctx, args, getenv, stdout, stderr)
	case "key":
		private, public, err := audit.GenerateKey()
		if err != nil {
			fmt.Fprintf(stderr, "corsia audit key: %v\n", err)
			return 1
		}
		fmt.Fprintf(stdout, "%s\n%s\n", private, public)
		return 0
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stderr, auditUsage)
		return 0
	}
	fmt.Fprintf(stderr, "corsia audit: there is no command %q\n%s", command, auditUsage)
	return 2
}

func auditVerify(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("corsia audit verify", flag.ContinueOnError)
	set.SetOutput(stderr)
	store := set.String("store-url", "", "store whose trail is verified; default: STORE_URL, else sqlite:corsia.db")
	archive := set.String("archive-url", "", "archive with its checkpoints and older rows; default: ARCHIVE_URL, else file:archive where it is")
	alone := set.Bool("archive-alone", false, "verify the archive, and no store")
	chains := set.Bool("chains-alone", false, "verify the chains, and not the journals that they vouch for, which hold what people wrote")
	keys := set.String("key", "", "public keys, comma-separated; default: that of AUDIT_KEY, else of this installation")
	trusted := set.String("checkpoint", "", "file with a checkpoint that was kept elsewhere, such as in the log")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return statusUnread
	}
	fail := func(err error) int {
		fmt.Fprintf(stderr, "corsia audit verify: %v\n", err)
		return statusUnread
	}
	if set.NArg() > 0 {
		return fail(fmt.Errorf("there is no argument %q", set.Arg(0)))
	}
	getenv, err := secret.Resolve(ctx, getenv, auditSettings)
	if err != nil {
		return fail(err)
	}
	source := app.AuditSource{Store: first(*store, getenv("STORE_URL"), "sqlite:corsia.db"), Archive: first(*archive, getenv("ARCHIVE_URL")),
		PublicKeys: *keys, PrivateKey: getenv("AUDIT_KEY"), ArchiveAlone: *alone, ChainsAlone: *chains}
	if source.Archive == "" {
		if _, err := os.Stat("archive"); err == nil || *alone {
			source.Archive = "file:archive"
		}
	}
	if *trusted != "" {
		if source.Trusted, err = os.ReadFile(*trusted); err != nil {
			return fail(err)
		}
	}
	report, err := app.VerifyAudit(ctx, source)
	if err != nil {
		return fail(err)
	}
	printReport(stdout, report)
	return int(report.Status())
}

// printReport writes what was verified, and what is wrong.
func printReport(to io.Writer, r *audit.Report) {
	fmt.Fprintf(to, "verified %d rows in %d of %d chains, epoch %d\n", r.Rows, len(r.Heads), audit.Shards, r.Epoch)
	if c := r.Checkpoint; c.Number > 0 {
		fmt.Fprintf(to, "measured by checkpoint %d of %s\n", c.Number, c.At.Format(time.RFC3339))
	}
	if r.Uncovered > 0 {
		fmt.Fprintf(to, "%d rows are newer than it\n", r.Uncovered)
	}
	if r.Forks > 0 {
		fmt.Fprintf(to, "epoch %d was opened by a restore: checkpoints before it know %d ends of chains that are not in it\n", r.Epoch, r.Forks)
	}
	if r.Journalled > 0 {
		fmt.Fprintf(to, "%d rows of journals are what they vouch for\n", r.Journalled)
	}
	if r.Removed > 0 {
		fmt.Fprintf(to, "%d rows of journals were removed, as they say\n", r.Removed)
	}
	if r.Pending > 0 {
		fmt.Fprintf(to, "%d events are not chained yet\n", r.Pending)
	}
	for _, p := range r.Problems {
		fmt.Fprintln(to, p)
	}
	fmt.Fprintf(to, "the trail is %s\n", r.Status())
}

func auditExport(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("corsia audit export", flag.ContinueOnError)
	set.SetOutput(stderr)
	store := set.String("store-url", "", "store; default: STORE_URL, else sqlite:corsia.db")
	format := set.String("format", "ndjson", "ndjson, or fhir for AuditEvent resources of FHIR R4")
	tenant := set.String("tenant", "", "events of this tenant")
	resource := set.String("resource", "", "events of this resource")
	actor := set.String("actor", "", "events of this user")
	from := set.String("from", "", "events from this time on, such as 2026-03-01T08:00:00Z")
	to := set.String("to", "", "events before this time")
	by := set.String("by", "", "who exports, as the trail will say; default: the user of this system")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	fail := func(status int, err error) int {
		fmt.Fprintf(stderr, "corsia audit export: %v\n", err)
		return status
	}
	e := app.AuditExport{Format: audit.Format(*format), By: collab.UserID(first(*by, systemUser())),
		Filter: collab.AuditFilter{Tenant: collab.Tenant(*tenant), Resource: collab.ResourceID(*resource), Actor: collab.UserID(*actor)}}
	err := errors.Join(parseTime(*from, &e.Filter.From), parseTime(*to, &e.Filter.To))
	if err == nil && e.Format != audit.NDJSON && e.Format != audit.FHIR {
		err = fmt.Errorf("-format is ndjson or fhir, not %q", *format)
	}
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("there is no argument %q", set.Arg(0))
	}
	if err != nil {
		return fail(2, err)
	}
	getenv, err = secret.Resolve(ctx, getenv, auditSettings)
	if err != nil {
		return fail(1, err)
	}
	e.Store = first(*store, getenv("STORE_URL"), "sqlite:corsia.db")
	n, err := app.ExportAudit(ctx, e, stdout)
	if err != nil {
		return fail(1, err)
	}
	fmt.Fprintf(stderr, "%d events\n", n)
	return 0
}

func auditArchive(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("corsia audit archive", flag.ContinueOnError)
	set.SetOutput(stderr)
	store := set.String("store-url", "", "store; default: STORE_URL, else sqlite:corsia.db")
	archive := set.String("archive-url", "", "archive; default: ARCHIVE_URL, else file:archive")
	name := set.String("day", "", "rows recorded before the end of this day alone, UTC, such as 2026-03-01; default: every day that is over and not archived")
	remove := set.Bool("remove", false, "remove from the store what is in the archive and older than AUDIT_RETENTION (400 days); an embedded store must not be in use")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	fail := func(status int, err error) int {
		fmt.Fprintf(stderr, "corsia audit archive: %v\n", err)
		return status
	}
	if set.NArg() > 0 || *name != "" && *remove {
		return fail(2, errors.New("there are no arguments, and -day and -remove exclude each other"))
	}
	var day time.Time
	if *name != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, *name); err != nil {
			return fail(2, err)
		}
		if day.Add(24 * time.Hour).After(time.Now()) {
			return fail(2, errors.New("a day is archived when it is over"))
		}
	}
	getenv, err := secret.Resolve(ctx, getenv, auditSettings)
	if err != nil {
		return fail(1, err)
	}
	what := app.AuditArchiving{Store: first(*store, getenv("STORE_URL"), "sqlite:corsia.db"), Archive: first(*archive, getenv("ARCHIVE_URL"), "file:archive"), Day: day}
	if *remove {
		if what.Retention, err = audit.ParseRetention(getenv("AUDIT_RETENTION")); err != nil {
			return fail(2, fmt.Errorf("AUDIT_RETENTION %w", err))
		}
	}
	done, err := app.ArchiveAudit(ctx, what)
	printArchived(stdout, done)
	if err == nil && done.Busy {
		err = errors.New("another archiver is at work")
	}
	if err != nil {
		return fail(1, err)
	}
	return 0
}

// printArchived writes what was archived and what has left the store.
func printArchived(to io.Writer, done audit.Archived) {
	for _, day := range done.Days {
		fmt.Fprintf(to, "%d rows are in %s\n", day.Rows, day.Object)
	}
	if done.Removed > 0 {
		fmt.Fprintf(to, "%d rows have left the store\n", done.Removed)
	}
	if done.Complete && done.Through == "" {
		fmt.Fprintln(to, "there is nothing to archive before this day is over")
	} else if done.Complete {
		fmt.Fprintf(to, "the archive has every day up to %s\n", done.Through)
	}
	if done.Waiting > 0 {
		fmt.Fprintf(to, "%d days are not archived\n", done.Waiting)
	}
}

func parseTime(text string, to *time.Time) (err error) {
	if text != "" {
		*to, err = time.Parse(time.RFC3339, text)
	}
	return err
}

// systemUser names who runs the program.
func systemUser() string {
	if u, err := user.Current(); err == nil {
		return "system:" + u.Username
	}
	return "system"
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
