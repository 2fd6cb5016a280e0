package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"corsia/gateway/app"
	"corsia/shared/backup"
	"corsia/shared/collab"
	"corsia/shared/secret"
)

const backupUsage = `usage: corsia backup [command] [flags]

  (none)   back the store up into the archive
  list     list the backups, the oldest first
  check    verify the newest, or -id, where it lies: levels 0 to 2
  prune    delete what is neither of the last 30 days nor the first of a month of the last 10 years

corsia restore -to <store URL>   restore the newest, or -id, to a new store, verify it (levels 0 to 5), open a new epoch
corsia drill                     restore the newest to a scratch store, verify it, measure, drop it

Exit status: 0 done, 1 it went wrong or is not verified, 2 asked wrongly, 3 refused: the place is not empty or may be production.
`

// Exit statuses.
const (
	statusWrong   = 1
	statusAsked   = 2
	statusRefused = 3
)

// backupFlags are those that these commands share.
type backupFlags struct {
	set                                 *flag.FlagSet
	store, archive, key, checkpoint, id *string
	grant, to, scratch, copies          *string
	recovered, quiet, prune             *bool
	maxAge                              *time.Duration
	stdout, stderr                      io.Writer
	task                                app.BackupTask
}

func newBackupFlags(name string, stdout, stderr io.Writer) *backupFlags {
	f := &backupFlags{set: flag.NewFlagSet("corsia "+name, flag.ContinueOnError), stdout: stdout, stderr: stderr}
	f.set.SetOutput(stderr)
	f.store = f.set.String("store-url", "", "the store; default: STORE_URL, else sqlite:corsia.db")
	f.archive = f.set.String("archive-url", "", "archive with the backups; default: ARCHIVE_URL, else file:archive")
	return f
}

// which adds the flag that names a backup.
func (f *backupFlags) which() {
	f.id = f.set.String("id", "", "the backup, as list names it; default: the newest")
}

// trust adds the flags that say what the audit trail is measured by.
func (f *backupFlags) trust() {
	f.which()
	f.key = f.set.String("key", "", "public keys of the audit trail, comma-separated; default: that of AUDIT_KEY, else of this installation")
	f.checkpoint = f.set.String("checkpoint", "", "file with a checkpoint that was kept elsewhere and is older than the backup")
	f.quiet = f.set.Bool("quiet", false, "show no progress")
}

// parse reads the flags and the settings. It returns false, and the exit status, when there is nothing more to do.
func (f *backupFlags) parse(ctx context.Context, args []string, getenv func(string) string) (status int, goOn bool) {
	if err := f.set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0, false
	} else if err != nil {
		return statusAsked, false
	}
	if f.set.NArg() > 0 {
		return f.fail(statusAsked, fmt.Errorf("there is no argument %q", f.set.Arg(0))), false
	}
	getenv, err := secret.Resolve(ctx, getenv, auditSettings)
	if err != nil {
		return f.fail(statusWrong, err), false
	}
	f.task = app.BackupTask{By: collab.UserID(systemUser()), Audit: app.AuditSource{PrivateKey: getenv("AUDIT_KEY"),
		Store: first(*f.store, getenv("STORE_URL"), "sqlite:corsia.db"), Archive: first(*f.archive, getenv("ARCHIVE_URL"), "file:archive")}}
	if f.id != nil {
		f.task.ID = *f.id
	}
	if f.key == nil {
		return 0, true
	}
	f.task.Audit.PublicKeys = *f.key
	if !*f.quiet {
		f.task.Progress = func(text string) { fmt.Fprintln(f.stderr, text) }
	}
	if *f.checkpoint != "" {
		if f.task.Audit.Trusted, err = os.ReadFile(*f.checkpoint); err != nil {
			return f.fail(statusAsked, err), false
		}
	}
	return 0, true
}

func (f *backupFlags) fail(status int, err error) int {
	fmt.Fprintf(f.stderr, "%s: %v\n", f.set.Name(), err)
	return status
}

// judge prints a report and returns the exit status.
func (f *backupFlags) judge(r *backup.Report, err error) int {
	if r != nil && !errors.Is(err, backup.ErrRefused) {
		r.Print(f.stdout)
	}
	switch {
	case errors.Is(err, backup.ErrRefused):
		return f.fail(statusRefused, err)
	case err != nil:
		return f.fail(statusWrong, err)
	}
	return 0
}

func backupCommand(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	command := "make"
	if len(args) > 0 && (args[0] == "" || args[0][0] != '-') {
		command, args = args[0], args[1:]
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	switch command {
	case "make":
		return backupMake(ctx, args, getenv, stdout, stderr)
	case "list":
		return backupList(ctx, args, getenv, stdout, stderr)
	case "check":
		return backupCheck(ctx, args, getenv, stdout, stderr)
	case "prune":
		return backupPrune(ctx, args, getenv, stdout, stderr)
	case "help":
		fmt.Fprint(stderr, backupUsage)
		return 0
	}
	fmt.Fprintf(stderr, "corsia backup: there is no command %q\n%s", command, backupUsage)
	return statusAsked
}

func backupMake(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	f := newBackupFlags("backup", stdout, stderr)
	f.copies = f.set.String("redundancy", "", "what keeps a copy of the archive elsewhere, as the manifest will say, such as \"replicated to eu-south-1\"")
	check := f.set.Bool("check", true, "read the backup back: levels 0 to 2")
	f.prune = f.set.Bool("prune", false, "afterwards delete the backups that need not be kept any more; a bucket does that by its own rules")
	if status, goOn := f.parse(ctx, args, getenv); !goOn {
		return status
	}
	m, err := app.MakeBackup(ctx, f.task, *f.copies)
	if err != nil {
		return f.fail(statusWrong, err)
	}
	line := fmt.Sprintf("backup %s: %d tables, %d rows, %s in %s", m.ID, len(m.Tables), m.Rows(), backup.Size(m.Bytes), m.Ended.Sub(m.Started).Round(time.Millisecond))
	if *check {
		f.task.ID = m.ID
		r, err := app.CheckBackup(ctx, f.task, 0)
		if err != nil {
			return f.fail(statusWrong, fmt.Errorf("backup %s is not good: %w", m.ID, err))
		}
		line += fmt.Sprintf(", level %d", r.Level)
	}
	switch {
	case *f.prune && !strings.HasPrefix(f.task.Audit.Archive, "file:"):
		line += "; old ones are deleted by the bucket's rules"
	case *f.prune:
		gone, err := app.PruneBackups(ctx, f.task.Audit.Archive)
		if err != nil {
			fmt.Fprintln(stdout, line)
			return f.fail(statusWrong, err)
		}
		line += fmt.Sprintf("; %d old ones deleted", len(gone))
	}
	fmt.Fprintln(stdout, line)
	return 0
}

func backupList(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	f := newBackupFlags("backup list", stdout, stderr)
	if status, goOn := f.parse(ctx, args, getenv); !goOn {
		return status
	}
	all, err := app.ListBackups(ctx, f.task.Audit.Archive)
	if err != nil {
		return f.fail(statusWrong, err)
	}
	for _, m := range all {
		if m.Object == "" {
			fmt.Fprintf(stdout, "%s  its manifest cannot be read\n", m.ID)
			continue
		}
		fmt.Fprintf(stdout, "%s  %s %s  schema %d  %d rows  %s\n", m.ID, m.Engine, m.Server, m.Schema, m.Rows(), backup.Size(m.Bytes))
	}
	return 0
}

func backupCheck(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	f := newBackupFlags("backup check", stdout, stderr)
	f.which()
	f.maxAge = f.set.Duration("max-age", 26*time.Hour, "an older one is not good enough; 0: any")
	if status, goOn := f.parse(ctx, args, getenv); !goOn {
		return status
	}
	return f.judge(app.CheckBackup(ctx, f.task, *f.maxAge))
}

func backupPrune(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	f := newBackupFlags("backup prune", stdout, stderr)
	if status, goOn := f.parse(ctx, args, getenv); !goOn {
		return status
	}
	gone, err := app.PruneBackups(ctx, f.task.Audit.Archive)
	for _, id := range gone {
		fmt.Fprintf(stdout, "deleted %s\n", id)
	}
	if err != nil {
		return f.fail(statusWrong, err)
	}
	return 0
}

func restoreCommand(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	f := newBackupFlags("restore", stdout, stderr)
	f.trust()
	f.to = f.set.String("to", "", "URL of the new store, such as postgres://corsia@db.example/corsia_restored?sslmode=verify-full or sqlite:restored.db")
	f.grant = f.set.String("grant", "", "role that gets what a gateway needs, when that is not the owner")
	f.recovered = f.set.Bool("recovered", false, "restore nothing: -to was put back by other means, such as a point-in-time recovery; verify it and open a new epoch")
	if status, goOn := f.parse(ctx, args, getenv); !goOn {
		return status
	}
	if *f.to == "" {
		return f.fail(statusAsked, errors.New("-to names the new store; it is never that which gateways use"))
	}
	if *f.recovered {
		return f.judge(app.ReopenStore(ctx, f.task, *f.to))
	}
	return f.judge(app.RestoreBackup(ctx, f.task, *f.to, *f.grant))
}

func drillCommand(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	f := newBackupFlags("drill", stdout, stderr)
	f.trust()
	f.scratch = f.set.String("scratch-url", "", "URL of a server on which the scratch database is made; default: that of the store")
	if status, goOn := f.parse(ctx, args, getenv); !goOn {
		return status
	}
	return f.judge(app.DrillBackup(ctx, f.task, *f.scratch))
}
