package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/privacy"
)

// SubjectExport is an export of all about a user or a resource (SPEC O7). URLs are as in the configuration.
type SubjectExport struct {
	Store   string
	Archive string // empty: none
	State   string // empty: it is not asked
	Subject collab.Subject
	By      collab.UserID
	NoText  bool   // what a user typed is counted alone
	Out     string // a folder that is not there, or a file that ends in .zip and is not there
}

// ExportSubject writes an export and records it. What is under way lies beside Out, readable by its owner alone; it gets its
// name when the trail has the event, and is removed otherwise.
func ExportSubject(ctx context.Context, x SubjectExport) (counts privacy.Counts, err error) {
	if _, err := os.Lstat(x.Out); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there already", x.Out)
	}
	work, err := os.MkdirTemp(filepath.Dir(x.Out), ".corsia-export-") // mode 0700
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	store, err := openSubjectStore(ctx, x.Store)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	e := &privacy.Export{Subject: x.Subject, By: x.By, At: time.Now(), NoText: x.NoText}
	if e.Presence, err = x.presence(ctx); err != nil {
		return nil, err
	}
	if x.Archive != "" {
		objects, err := openObjects(ctx, x.Archive)
		if err != nil {
			return nil, err
		}
		defer objects.Close()
		e.Archive = objects
	}
	made := filepath.Join(work, "export")
	if err := os.Mkdir(made, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	err = store.read(ctx, x.Subject, func(from privacy.View) error {
		counts, err = e.Write(ctx, from, made)
		return err
	})
	if err == nil && strings.HasSuffix(x.Out, ".zip") {
		err = privacy.Zip(made, made+".zip")
		made += ".zip"
	}
	if err != nil {
		return nil, err
	}
	recorder := audit.NewRecorder(collab.NewInstanceID(), obs.NewLogger(io.Discard, nil))
	if err := store.Record(ctx, recorder.Row(e.Event(counts))); err != nil {
		return nil, fmt.Errorf("record the export in the audit trail: %w", err)
	}
	if err := handOver(made, x.Out); err != nil {
		return nil, fmt.Errorf("hand over the export: %w", err)
	}
	return counts, nil
}

// handOver gives what was made its name, and takes nothing's place.
func handOver(made, out string) error {
	if strings.HasSuffix(out, ".zip") {
		return os.Link(made, out) // the other name goes with its folder
	}
	return os.Rename(made, out) // over a folder only when that is empty
}

// presence asks the state about a user.
func (x SubjectExport) presence(ctx context.Context) (map[string]map[string]string, error) {
	if x.Subject.User == "" {
		return nil, nil
	}
	state, err := openPresence(x.State)
	if err != nil || state == nil {
		return nil, err
	}
	found, err := state.OfUser(ctx, x.Subject.Tenant, x.Subject.User)
	return found, errors.Join(err, state.Close())
}
