package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

// Place is where a store is to be restored.
type Place interface {
	// Standing tells what is there now.
	Standing(ctx context.Context) (collab.Standing, error)
	Create(ctx context.Context) error
	Drop(ctx context.Context) error
	// Note writes a comment on the place.
	Note(ctx context.Context, text string) error
}

// Loader restores a dump into an empty place.
type Loader interface {
	// List returns the tables of a dump.
	List(ctx context.Context, file string) ([]string, error)
	// Load restores it, and names each table when its rows are in.
	Load(ctx context.Context, file string, loaded func(table string)) error
	// Grant gives a role what the gateway needs.
	Grant(ctx context.Context, role string) error
}

// Store is a store that was restored.
type Store interface {
	Place
	Loader
	audit.TrailStore
	Inventory(ctx context.Context) (collab.Inventory, error)
	// Documents hands every document to each.
	Documents(ctx context.Context, each func(collab.Resource, collab.Snapshot) error) error
	OpenEpoch(ctx context.Context, o collab.EpochOpening) (collab.EpochOpened, error)
}

// Restoration is a restore that is asked for.
type Restoration struct {
	Objects  Objects
	ID       string // of the backup
	To       Store
	Trust    Trust
	Grant    string                                             // role that may use the store afterwards; empty: the owner alone
	Recorder *audit.Recorder                                    // makes the rows of the new epoch
	By       collab.UserID                                      // who asks for it
	Progress func(text string)                                  // lines for people
	Now      func() time.Time                                   //
	Behind   func(context.Context) (time.Duration, bool, error) // how far the archived write-ahead log of the source is behind; nil: not known
	Start    func(context.Context) error                        // starts what uses the store, to see how long that takes; nil: nothing
}

// moment is when a store was as it is.
type moment struct {
	at         time.Time
	epoch      int64
	checkpoint int64
}

// ErrRefused is the error of a restore to a place where none may be.
var ErrRefused = errors.New("refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRefused, fmt.Errorf(format, args...))
}

// Restore restores a backup to a new place, verifies it through level 5, and opens a new epoch. It refuses a place that is not
// empty or may be production. What failed stays for who wants to look at it, marked as failed.
func Restore(ctx context.Context, o Restoration) (*Report, error) {
	r := newReport(kindRestore, o.ID, o.Now)
	o.quiet()
	err := r.restore(ctx, &o, true)
	if err == nil {
		err = r.step("epoch", 0, func() error { return r.openEpoch(ctx, &o) })
	}
	if err == nil {
		err = r.step("start", budgetStart, func() error { return o.start(ctx) })
	}
	if err == nil {
		err = o.To.Note(ctx, fmt.Sprintf("corsia: restored from backup %s, verified, epoch %d", o.ID, r.Epoch))
	}
	return r, r.end(err)
}

// Drill restores a backup to a scratch place, verifies it, and drops it again.
func Drill(ctx context.Context, o Restoration) (*Report, error) {
	r := newReport(kindDrill, o.ID, o.Now)
	o.quiet()
	err := r.restore(ctx, &o, false)
	if err == nil {
		err = r.step("start", budgetStart, func() error { return o.start(ctx) })
	}
	if r.created {
		err = errors.Join(err, o.To.Drop(context.WithoutCancel(ctx)))
	}
	return r, r.end(err)
}

// quiet makes progress go nowhere when nobody wants it.
func (o *Restoration) quiet() {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
}

func (o *Restoration) start(ctx context.Context) error {
	if o.Start == nil {
		return nil
	}
	if err := o.Start(ctx); err != nil {
		return fmt.Errorf("start on the restored store: %w", err)
	}
	return nil
}

// restore does all that a drill and a restore have in common: levels 0 to 5.
func (r *Report) restore(ctx context.Context, o *Restoration, mayBeThere bool) error {
	r.rpo(ctx, o)
	m, err := r.exists(ctx, o.Objects, CheckOptions{Now: o.Now})
	if err != nil {
		return err
	}
	r.measure(m)
	if err := r.step("place", 0, func() error { return r.place(ctx, o, m, mayBeThere) }); err != nil {
		return err
	}
	err = r.load(ctx, o, m)
	if err == nil {
		err = r.step("verify", budgetVerify, func() error { return r.verify(ctx, o, m) })
	}
	if err != nil {
		return errors.Join(err, o.To.Note(context.WithoutCancel(ctx), "corsia: restore from backup "+o.ID+" FAILED"))
	}
	return nil
}

// rpo asks how much a loss now would cost, while the source can still be asked.
func (r *Report) rpo(ctx context.Context, o *Restoration) {
	if o.Behind == nil {
		return
	}
	if behind, kept, err := o.Behind(ctx); err == nil && kept {
		r.RPO, r.RPOFrom = behind, "write-ahead log"
	}
}

func (r *Report) measure(m *Manifest) {
	if dump := r.Started.Sub(m.At); r.RPOFrom == "" || dump < r.RPO {
		r.RPO, r.RPOFrom = dump, "dump"
	}
}

// place makes sure that the place is new, and creates it unless it is there.
func (r *Report) place(ctx context.Context, o *Restoration, m *Manifest, mayBeThere bool) error {
	s, err := o.To.Standing(ctx)
	if err != nil {
		return err
	}
	if s.Exists {
		if err := allowed(s, m, mayBeThere); err != nil {
			return err
		}
	} else if err := o.To.Create(ctx); err != nil {
		return err
	} else {
		r.created = true
	}
	return o.To.Note(ctx, "corsia: being restored from backup "+o.ID)
}

// allowed says why nothing may be restored to a place that is there; nil: it may. It refuses in doubt.
func allowed(s collab.Standing, m *Manifest, mayBeThere bool) error {
	switch {
	case s.Marked != "":
		return refuse("%s is production: %s", s.Database, s.Marked)
	case s.InUse:
		return refuse("a gateway is connected to %s", s.Database)
	case s.System != "" && s.System == m.System && s.Database == m.Database:
		return refuse("%s is the database that the backup was made of", s.Database)
	case !s.Empty:
		return refuse("%s is not empty", s.Database)
	case !mayBeThere:
		return refuse("%s is there already", s.Database)
	case (s.System == "" || m.System == "") && s.Database == m.Database:
		return refuse("%s may be the database that the backup was made of: its server does not say who it is", s.Database)
	}
	return nil
}

// load is levels 1 to 3.
func (r *Report) load(ctx context.Context, o *Restoration, m *Manifest) (err error) {
	folder, err := os.MkdirTemp("", "corsia-restore-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	name := filepath.Join(folder, "dump")
	if err := r.step("download", budgetDownload, func() error { return r.download(ctx, o, m, name) }); err != nil {
		return err
	}
	return r.step("restore", budgetRestore, func() error {
		tables, err := o.To.List(ctx, name)
		if err != nil {
			return failed(Readable, "%w", err)
		}
		if err := r.complete(m, tables); err != nil {
			return err
		}
		p := newProgress(o.Progress, "restore", o.Now, totalBytes(m))
		if err := o.To.Load(ctx, name, func(table string) { p.table(m, table) }); err != nil {
			return failed(Restored, "%w", err)
		}
		r.pass(Restored)
		return nil
	})
}

func (r *Report) download(ctx context.Context, o *Restoration, m *Manifest, name string) (err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	p := newProgress(o.Progress, "download", o.Now, m.DumpBytes)
	err = r.whole(ctx, o.Objects, m, p.through(file))
	return errors.Join(err, file.Close())
}

// verify is levels 4 and 5.
func (r *Report) verify(ctx context.Context, o *Restoration, m *Manifest) error {
	o.Progress("verify: counting")
	got, err := o.To.Inventory(ctx)
	if err != nil {
		return failed(Equal, "%w", err)
	}
	if err := compare(m.Tables, got.Tables); err != nil {
		return err
	}
	r.pass(Equal)
	return r.sound(ctx, o, moment{m.At, m.AuditEpoch, m.Checkpoint})
}

// sound is level 5.
func (r *Report) sound(ctx context.Context, o *Restoration, m moment) error {
	o.Progress("verify: opening documents")
	if err := r.documents(ctx, o.To); err != nil {
		return err
	}
	o.Progress("verify: audit trail")
	if err := r.trail(ctx, o.To, o.Objects, m, o.Trust); err != nil {
		return err
	}
	r.pass(Verified)
	return nil
}

// openEpoch makes the store one that a gateway may use (SPEC D8).
func (r *Report) openEpoch(ctx context.Context, o *Restoration) error {
	inv, err := o.To.Inventory(ctx)
	if err != nil {
		return err
	}
	epoch, err := nextEpoch(ctx, o.Objects, inv.AuditEpoch)
	if err != nil {
		return err
	}
	now := o.Now().UTC().Truncate(time.Microsecond)
	opening := collab.EpochOpening{Epoch: epoch, At: now, Audit: func(closed []collab.Lock) []collab.AuditRow {
		rows := []collab.AuditRow{o.Recorder.Row(audit.Event{Type: audit.EpochOpened, Tenant: collab.DefaultTenant, Actor: o.By, RecordedAt: now,
			Details: map[string]string{"epoch": strconv.FormatInt(epoch, 10), "before": strconv.FormatInt(inv.AuditEpoch, 10),
				"backup": o.ID, "snapshotAt": r.SnapshotAt.Format(time.RFC3339Nano)}})}
		for _, l := range closed {
			rows = append(rows, o.Recorder.Row(audit.Event{Type: audit.LockReleased, Tenant: l.Key.Resource.Tenant, Resource: l.Key.Resource.ID,
				Fields: fieldsOf(l), Actor: l.User, Session: l.Session, Fence: l.Fence, Reason: string(collab.LockSessionTimeout), RecordedAt: now}))
		}
		return rows
	}}
	// The archive learns of the number before it is used: a number that was not used after all does no harm.
	if err := o.Objects.Put(ctx, epochs+strconv.FormatInt(epoch, 10), strings.NewReader(now.Format(time.RFC3339Nano)+"\n")); err != nil {
		return fmt.Errorf("keep number of epoch: %w", err)
	}
	done, err := o.To.OpenEpoch(ctx, opening)
	if err != nil {
		return err
	}
	r.Epoch, r.EpochAt, r.Locks = epoch, now, done.Locks
	if o.Grant != "" {
		return o.To.Grant(ctx, o.Grant)
	}
	return nil
}

func fieldsOf(l collab.Lock) []collab.Field {
	if l.Key.Field == "" {
		return nil
	}
	return []collab.Field{l.Key.Field}
}

// Reopen makes a store usable that was put back by other means, such as a point-in-time recovery: it verifies its documents and
// its trail, then opens a new epoch. after is the newest backup's manifest, to tell the store from production: a server that was
// recovered is on a later timeline. nil: there is none.
func Reopen(ctx context.Context, o Restoration, after *Manifest) (*Report, error) {
	r := newReport(kindReopen, "", o.Now)
	o.quiet()
	err := r.reopen(ctx, &o, after)
	if err == nil {
		err = o.To.Note(ctx, fmt.Sprintf("corsia: recovered, verified, epoch %d", r.Epoch))
	}
	return r, r.end(err)
}

func (r *Report) reopen(ctx context.Context, o *Restoration, after *Manifest) error {
	s, err := o.To.Standing(ctx)
	if err != nil {
		return err
	}
	switch {
	case !s.Exists:
		return refuse("there is no database")
	case s.InUse:
		return refuse("a gateway is connected to %s", s.Database)
	case s.Timeline == "":
		return refuse("%s does not say on which timeline it is: recovery has not ended", s.Database)
	case after != nil && s.System == after.System && s.Timeline <= after.Timeline:
		return refuse("%s is on timeline %s, as when the last backup was made: it was not recovered", s.Database, s.Timeline)
	}
	return r.step("verify", budgetVerify, func() error {
		inv, err := o.To.Inventory(ctx)
		if err != nil {
			return err
		}
		r.Tables, r.Rows, r.SnapshotAt = len(inv.Tables), sumRows(inv.Tables), inv.At
		last, err := o.To.AuditState(ctx)
		if err != nil {
			return err
		}
		if err := r.sound(ctx, o, moment{last.Latest.At, inv.AuditEpoch, inv.Checkpoint}); err != nil {
			return err
		}
		return r.openEpoch(ctx, o)
	})
}

func sumRows(tables []collab.TableSum) (n int64) {
	for _, t := range tables {
		n += t.Rows
	}
	return n
}
