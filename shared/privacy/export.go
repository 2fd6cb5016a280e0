package privacy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

// SubjectContent is what a store has of rows, journals and documents about a subject, as it was at one moment. What it hands out
// may be asked about meanwhile.
type SubjectContent interface {
	Rows(ctx context.Context, table collab.SubjectTable, each func(collab.SubjectRow) error) error
	Resources(ctx context.Context, each func(collab.Resource) error) error
	Document(ctx context.Context, r collab.Resource) (collab.Snapshot, error)
	// Base is what the rows that were removed from the beginning of a journal amount to; none: it has all of them.
	Base(ctx context.Context, r collab.Resource) (state []byte, revision int64, err error)
	// Entries are those that a user sent or that hold what a user wrote; of a resource all.
	Entries(ctx context.Context, r collab.Resource, each func(collab.Entry) error) error
}

// SubjectTrail is what a store has of the audit trail about a subject, at the same moment.
type SubjectTrail interface {
	Floors(ctx context.Context) (map[int]collab.AuditHead, error)
	Events(ctx context.Context, each func(collab.SealedRow) error) error
	Pending(ctx context.Context, each func(collab.AuditRow) error) error
}

// View is a store at one moment.
type View interface {
	SubjectContent
	SubjectTrail
}

// Export is an export of all that the system has about a user or a resource (GDPR 15 and 20).
type Export struct {
	Subject  collab.Subject
	By       collab.UserID
	At       time.Time
	Archive  audit.Objects                // nil: there is none
	Presence map[string]map[string]string // by key, of the user; nil: the state was not asked
	NoText   bool                         // what was typed is counted and not handed out: it is about patients
}

// Counts are how many lines each file has.
type Counts map[string]int

// ErrNoText is the error of an export of a record without what is in it.
var ErrNoText = errors.New("a record is what was typed: text is withheld from an export of a user alone")

// ErrSubject is the error of a subject that is not a user or a resource of a tenant.
var ErrSubject = errors.New("a subject is a tenant and either a user or a resource")

// ErrNoArchive is the error of an export that would leave out what is in the archive.
var ErrNoArchive = errors.New("events have left the store for the archive: name the archive")

// Event is what the trail says of the export (T1). It names the subject and the counts, and nothing that was exported.
func (e *Export) Event(counts Counts) audit.Event {
	event := audit.Event{Type: audit.Exported, Tenant: e.Subject.Tenant, Resource: e.Subject.Resource, Actor: e.By,
		Details: map[string]string{"format": "subject", "subject": "resource"}}
	if e.Subject.User != "" {
		event.Details["subject"], event.Details["user"] = "user", string(e.Subject.User)
	}
	if e.NoText {
		event.Details["text"] = "withheld"
	}
	for name, n := range counts {
		if rows, isRows := strings.CutSuffix(name, ".ndjson"); isRows {
			event.Details["count:"+rows] = strconv.Itoa(n)
		}
	}
	return event
}

// Write writes the export into an empty folder. It has the store's rows a few at a time, and one document.
func (e *Export) Write(ctx context.Context, from View, folder string) (counts Counts, err error) {
	if s := e.Subject; s.Tenant == "" || (s.User == "") == (s.Resource == "") {
		return nil, ErrSubject
	}
	if e.NoText && e.Subject.User == "" {
		return nil, ErrNoText
	}
	files := &files{folder: folder, open: map[string]*file{}}
	defer func() { err = errors.Join(err, files.close()) }()
	w := &writing{Export: e, from: from, files: files}
	for _, part := range []func(context.Context) error{w.trail, w.rows, w.contents, w.presence} {
		if err := part(ctx); err != nil {
			return nil, fmt.Errorf("export %s: %w", e.subject(), err)
		}
	}
	counts = files.counts()
	if err := files.whole("README.txt", []byte(e.readme(counts))); err != nil {
		return nil, fmt.Errorf("export %s: %w", e.subject(), err)
	}
	return counts, nil
}

// subject names whom or what the export is about.
func (e *Export) subject() string {
	if e.Subject.User != "" {
		return fmt.Sprintf("user %q of tenant %q", e.Subject.User, e.Subject.Tenant)
	}
	return fmt.Sprintf("resource %q of tenant %q", e.Subject.Resource, e.Subject.Tenant)
}

// writing is an export under way.
type writing struct {
	*Export
	from  View
	files *files
}

// rows writes what is handed out as the store has it.
func (w *writing) rows(ctx context.Context) error {
	for _, t := range tables {
		if t.file == "" || w.Subject.User != "" && t.ofResource || w.Subject.User == "" && t.ofUser {
			continue
		}
		err := w.from.Rows(ctx, t.table, func(row collab.SubjectRow) error { return w.files.value(t.file, plain(row)) })
		if err != nil {
			return err
		}
		if err := w.files.touch(t.file); err != nil {
			return err
		}
	}
	return nil
}

// presence writes what the state driver has of a user for minutes.
func (w *writing) presence(context.Context) error {
	for _, key := range slices.Sorted(maps.Keys(w.Presence)) {
		if err := w.files.value(filePresence, map[string]any{"key": key, "value": w.Presence[key]}); err != nil {
			return err
		}
	}
	return nil
}
