package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"corsia/gateway/app"
	"corsia/shared/collab"
	"corsia/shared/privacy"
	"corsia/shared/secret"
)

// privacyExport writes all about a subject. It works while gateways use the store, whatever that is.
func privacyExport(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	set := flag.NewFlagSet("corsia privacy export", flag.ContinueOnError)
	set.SetOutput(stderr)
	store := set.String("store-url", "", "store; default: STORE_URL, else sqlite:corsia.db")
	archive := set.String("archive-url", "", "archive with older events; default: ARCHIVE_URL, else file:archive where it is")
	state := set.String("state-url", "", "Redis, to ask where a user is connected; default: STATE_URL, else it is not asked")
	tenant := set.String("tenant", string(collab.DefaultTenant), "the subject's tenant")
	user := set.String("user", "", "the user that the export is about")
	resource := set.String("resource", "", "the record that the export is about, such as page:/patient/12345")
	out := set.String("out", "", "a folder or a .zip file that is not there yet; default: corsia-export-<time>.zip")
	format := set.String("format", "", "zip or folder; default: as -out ends")
	noText := set.Bool("no-text", false, "withhold what the user typed, which is about patients: it is counted alone")
	by := set.String("by", "", "who exports, as the trail will say; default: the user of this system")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return statusAsked
	}
	fail := func(status int, err error) int {
		fmt.Fprintf(stderr, "corsia privacy export: %v\n", err)
		return status
	}
	x := app.SubjectExport{NoText: *noText, By: collab.UserID(first(*by, systemUser())),
		Subject: collab.Subject{Tenant: collab.Tenant(*tenant), User: collab.UserID(*user), Resource: collab.ResourceID(*resource)}}
	var err error
	if x.Out, err = exportPlace(*out, *format, time.Now()); err == nil {
		err = checkSubject(x.Subject)
	}
	if err == nil && x.NoText && x.Subject.User == "" {
		err = privacy.ErrNoText
	}
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("there is no argument %q", set.Arg(0))
	}
	if err != nil {
		return fail(statusAsked, err)
	}
	if getenv, err = secret.Resolve(ctx, getenv, []string{"STORE_URL", "ARCHIVE_URL", "STATE_URL"}); err != nil {
		return fail(statusWrong, err)
	}
	x.Store, x.Archive = first(*store, getenv("STORE_URL"), "sqlite:corsia.db"), first(*archive, getenv("ARCHIVE_URL"))
	x.State = first(*state, getenv("STATE_URL"))
	if x.Archive == "" {
		if _, err := os.Stat("archive"); err == nil {
			x.Archive = "file:archive"
		}
	}
	counts, err := app.ExportSubject(ctx, x)
	if err != nil {
		return fail(statusWrong, err)
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if strings.HasSuffix(name, ".ndjson") {
			fmt.Fprintf(stdout, "%7d %s\n", counts[name], name)
		}
	}
	fmt.Fprintf(stdout, "the export is in %s, for its owner alone; the trail has who made it\n", x.Out)
	return 0
}

// exportPlace returns where the export goes.
func exportPlace(out, format string, now time.Time) (string, error) {
	out = strings.TrimRight(out, "/")
	zipped := strings.HasSuffix(out, ".zip")
	switch {
	case format != "" && format != "zip" && format != "folder":
		return "", fmt.Errorf("-format is zip or folder, not %q", format)
	case out == "" && format == "folder":
		return "corsia-export-" + now.UTC().Format("20060102-150405"), nil
	case out == "":
		return "corsia-export-" + now.UTC().Format("20060102-150405") + ".zip", nil
	case format == "zip" && !zipped || format == "folder" && zipped:
		return "", errors.New("-out ends in .zip when the export is one, and not otherwise")
	}
	return out, nil
}

// checkSubject says what is wrong with a subject before anything is read.
func checkSubject(s collab.Subject) error {
	if (s.User == "") == (s.Resource == "") {
		return privacy.ErrSubject
	}
	_, err := collab.ParseTenant(string(s.Tenant))
	return err
}
