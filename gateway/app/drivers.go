package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"corsia/gateway/breaker"
	"corsia/gateway/cluster"
	"corsia/gateway/document"
	"corsia/gateway/httpapi"
	"corsia/gateway/inbox"
	"corsia/gateway/lock"
	"corsia/gateway/presence"
	"corsia/gateway/room"
	"corsia/gateway/session"
	"corsia/shared/audit"
	"corsia/shared/backup"
	"corsia/shared/collab"
	"corsia/shared/driver/folder"
	"corsia/shared/driver/inproc"
	"corsia/shared/driver/postgres"
	"corsia/shared/driver/rabbitmq"
	"corsia/shared/driver/redis"
	"corsia/shared/driver/s3"
	"corsia/shared/driver/sqlite"
	"corsia/shared/obs"
	"corsia/shared/privacy"
	"corsia/shared/webhook"
)

// store is all that the gateway asks of STORE_URL's driver.
type store interface {
	room.Journal
	document.States
	session.Store
	lock.Store
	auditStore
	audit.CoverStore
	audit.SealStore
	audit.CheckpointStore
	inbox.Store
	webhook.Inbox
	privacy.JournalStore
	Revoke(ctx context.Context, r collab.Revocation, audit []collab.AuditRow) error
	Revocations(ctx context.Context) ([]collab.Revocation, error)
	httpapi.Recoveries
	Stats() (queued int, oldest time.Time)
	Ping(ctx context.Context) error
	Close() error
}

// state is all that the gateway asks of STATE_URL's driver.
type state interface {
	presence.Sessions
	presence.Rooms
	lock.Leaser
	room.Rosters
	Expirations() <-chan collab.LockKey
	Ping(ctx context.Context) error
	Close() error
}

// instances is what the gateway asks of STATE_URL's driver about the other instances.
type instances interface {
	cluster.Registry
	cluster.Estate
}

// bus is all that the gateway asks of BUS_URL's driver.
type bus interface {
	room.Bus
	Ping(ctx context.Context) error
}

// archive is all that the gateway asks of ARCHIVE_URL's driver.
type archive interface {
	audit.Days
	io.Closer
	Ping(ctx context.Context) error
}

// drivers are the four parts behind the ports, and what is known of whether they answer.
type drivers struct {
	store   store
	state   state
	bus     bus
	archive archive

	trail     audit.ArchiveStore          // of the store, when this process archives it; nil: another program does
	cache     document.Cache              // of states; nil: none
	instances instances                   // nil: this instance is alone
	breakers  map[string]*breaker.Breaker // by the names of the parts
	run       []func(ctx context.Context)
}

// Names of the parts, as clients, /health and metrics see them.
const (
	storeName   = "store"
	stateName   = "state"
	busName     = "bus"
	archiveName = "archive"
)

// hooks are what the drivers tell of by themselves.
type hooks struct {
	committed   func([]collab.AuditRow)
	reconnected func() // word from other instances may have been lost
	replaced    func() // another server keeps the state: it may lack the last writes
}

// openDrivers picks the drivers by the schemes of their URLs. It is the only place that does.
func openDrivers(ctx context.Context, c Config, m *obs.Metrics, log *slog.Logger, h hooks) (*drivers, error) {
	d := &drivers{breakers: newBreakers(c, m, log)}
	if err := d.openBus(c, m, log, h.reconnected); err != nil {
		return nil, fmt.Errorf("open bus: %w", err)
	}
	var err error
	if d.archive, err = openArchive(ctx, c.ArchiveURL); err != nil {
		return nil, err
	}
	if err := d.openState(c, m, log, h.replaced); err != nil {
		return nil, errors.Join(fmt.Errorf("open state: %w", err), d.archive.Close())
	}
	if err := d.openStore(ctx, c, m, log, h.committed); err != nil {
		return nil, errors.Join(err, d.state.Close(), d.archive.Close())
	}
	return d, nil
}

// newBreakers returns a breaker for each part. Of an embedded one every error counts; the others say which do.
func newBreakers(c Config, m *obs.Metrics, log *slog.Logger) map[string]*breaker.Breaker {
	all := map[string]*breaker.Breaker{}
	for _, name := range []string{storeName, stateName, busName, archiveName} {
		o := breaker.Options{Name: name, Threshold: c.BreakerThreshold, Metrics: m, Log: log}
		switch {
		case name == storeName && !strings.HasPrefix(c.StoreURL, "sqlite:"):
			o.Away = postgres.Away
		case name == stateName && !strings.HasPrefix(c.StateURL, "inproc:"):
			o.Away, o.Grace = redis.Away, c.RedisGrace
		}
		all[name] = breaker.New(o)
	}
	return all
}

func (d *drivers) openStore(ctx context.Context, c Config, m *obs.Metrics, log *slog.Logger, audited func([]collab.AuditRow)) error {
	onCommit := func(batch int, d time.Duration) {
		m.CommitBatch.Observe(float64(batch))
		m.CommitLatency.Observe(d.Seconds())
	}
	if path, embedded := strings.CutPrefix(c.StoreURL, "sqlite:"); embedded {
		db, err := sqlite.Open(ctx, path, sqlite.Options{Log: log, OnAudit: audited, OnCommit: onCommit})
		if err == nil {
			d.store, d.trail = db, db // nobody else can open it
		}
		return err
	}
	db, err := postgres.Open(ctx, c.StoreURL, postgres.Options{Log: log, OnAudit: audited, OnCommit: onCommit, Guard: d.breakers[storeName].Do})
	if err == nil {
		d.store = db
	}
	return err
}

func (d *drivers) openState(c Config, m *obs.Metrics, log *slog.Logger, replaced func()) error {
	if strings.HasPrefix(c.StateURL, "inproc:") {
		s := inproc.NewStateTTL(time.Now, inproc.TTLs{Session: c.SessionTTL, Activity: c.ActivityTTL, Room: roomTTL})
		d.state, d.run = s, append(d.run, s.Run)
		return nil
	}
	s, err := redis.Open(c.StateURL, redis.Options{TTL: redis.TTLs{Session: c.SessionTTL, Activity: c.ActivityTTL, Room: roomTTL}, Log: log,
		Guard: d.breakers[stateName].Do, OnReplaced: replaced,
		Observe: func(op string, d time.Duration, _ error) { m.RedisLatency(op).Observe(d.Seconds()) }})
	if err != nil {
		return err
	}
	d.state, d.cache, d.instances, d.run = s, s, s, append(d.run, s.Run)
	return nil
}

func (d *drivers) openBus(c Config, m *obs.Metrics, log *slog.Logger, reconnected func()) error {
	if strings.HasPrefix(c.BusURL, "inproc:") {
		d.bus = inproc.NewBus()
		return nil
	}
	b, err := rabbitmq.Open(c.BusURL, rabbitmq.Options{Instance: c.Instance, OnReconnect: reconnected, Log: log,
		Observe: func(result string, n int) { m.Published(result).Add(float64(n)) }})
	if err != nil {
		return err
	}
	d.bus, d.run = b, append(d.run, b.Run)
	return nil
}

// auditTrail is a trail that is open for reading.
type auditTrail interface {
	audit.TrailStore
	io.Closer
}

// openAuditTrail opens the trail of a store for reading alone, also while gateways use the store.
func openAuditTrail(ctx context.Context, storeURL string) (auditTrail, error) {
	if path, embedded := strings.CutPrefix(storeURL, "sqlite:"); embedded {
		return sqlite.OpenTrail(ctx, path)
	}
	return postgres.OpenTrail(ctx, storeURL)
}

// archiveTrail is a trail that is open for who archives it.
type archiveTrail interface {
	audit.ArchiveStore
	io.Closer
}

// openArchiveTrail opens the trail of a store to archive it. To remove rows of an embedded one, no gateway may use it.
func openArchiveTrail(ctx context.Context, storeURL string, remove bool) (archiveTrail, error) {
	path, embedded := strings.CutPrefix(storeURL, "sqlite:")
	switch {
	case !embedded:
		return postgres.OpenArchiver(ctx, storeURL)
	case remove:
		return sqlite.Open(ctx, path, sqlite.Options{})
	}
	trail, err := sqlite.OpenTrail(ctx, path)
	return keeping{trail}, err
}

// openAuditStore opens a store to export from, which is recorded in it.
func openAuditStore(ctx context.Context, storeURL string) (interface {
	audit.ExportStore
	io.Closer
}, error) {
	if path, embedded := strings.CutPrefix(storeURL, "sqlite:"); embedded {
		return sqlite.Open(ctx, path, sqlite.Options{})
	}
	return postgres.Open(ctx, storeURL, postgres.Options{})
}

// openJournalStore opens a store whose journals are trimmed. An embedded one must not be in use.
func openJournalStore(ctx context.Context, storeURL string) (interface {
	privacy.JournalStore
	io.Closer
}, error) {
	path, embedded := strings.CutPrefix(storeURL, "sqlite:")
	if !embedded {
		return postgres.Open(ctx, storeURL, postgres.Options{})
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return sqlite.Open(ctx, path, sqlite.Options{})
}

// openArchive opens an archive; a folder is created when missing.
func openArchive(ctx context.Context, archiveURL string) (archive, error) {
	if path, embedded := strings.CutPrefix(archiveURL, "file:"); embedded {
		return folder.Open(path)
	}
	return s3.Open(ctx, archiveURL)
}

// openObjects opens an archive that is there.
func openObjects(ctx context.Context, archiveURL string) (archive, error) {
	if path, embedded := strings.CutPrefix(archiveURL, "file:"); embedded {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("open archive: %w", err)
		}
		return folder.Open(path)
	}
	opened, err := s3.Open(ctx, archiveURL)
	if err != nil {
		return nil, err
	}
	if err := opened.Ping(ctx); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}

// wholeStore is a store as backups see it.
type wholeStore interface {
	backup.Store
	backup.Dumper
	privacy.EraseStore
	Record(ctx context.Context, rows ...collab.AuditRow) error
	Behind(ctx context.Context) (time.Duration, bool, error)
	io.Closer
}

// openWholeStore opens a store past the gateways that use it. It need not be there.
func openWholeStore(ctx context.Context, storeURL string) (wholeStore, error) {
	if path, embedded := strings.CutPrefix(storeURL, "sqlite:"); embedded {
		return sqlite.OpenBackup(ctx, path)
	}
	return postgres.OpenBackup(ctx, storeURL)
}

// subjectStore is a store as an export of all about somebody sees it (SPEC O7), also while gateways use it.
type subjectStore struct {
	wholeStore
	// read hands f what the store has about a subject, as it was at one moment.
	read func(ctx context.Context, of collab.Subject, f func(privacy.View) error) error
}

func openSubjectStore(ctx context.Context, storeURL string) (subjectStore, error) {
	if path, embedded := strings.CutPrefix(storeURL, "sqlite:"); embedded {
		db, err := sqlite.OpenBackup(ctx, path)
		return subjectStore{db, func(ctx context.Context, of collab.Subject, f func(privacy.View) error) error {
			return db.ReadSubject(ctx, of, func(s *sqlite.Subject) error { return f(s) })
		}}, err
	}
	db, err := postgres.OpenBackup(ctx, storeURL)
	return subjectStore{db, func(ctx context.Context, of collab.Subject, f func(privacy.View) error) error {
		return db.ReadSubject(ctx, of, func(s *postgres.Subject) error { return f(s) })
	}}, err
}

// openPresence opens what knows who is connected. It is nil where that is in the memory of a gateway.
func openPresence(stateURL string) (interface {
	OfUser(ctx context.Context, tenant collab.Tenant, user collab.UserID) (map[string]map[string]string, error)
	io.Closer
}, error) {
	if stateURL == "" || strings.HasPrefix(stateURL, "inproc:") {
		return nil, nil
	}
	return redis.Open(stateURL, redis.Options{Log: slog.New(slog.DiscardHandler)})
}

// recoveryStore is a store whose recoveries are opened and closed past the gateways, which notice.
type recoveryStore interface {
	httpapi.Recoveries
	io.Closer
}

func openRecoveryStore(ctx context.Context, storeURL string) (recoveryStore, error) {
	path, embedded := strings.CutPrefix(storeURL, "sqlite:")
	if !embedded {
		return postgres.Open(ctx, storeURL, postgres.Options{})
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return sqlite.OpenBackup(ctx, path)
}

// openPruner opens an archive whose objects may be deleted.
func openPruner(archiveURL string) (interface {
	backup.Pruner
	io.Closer
}, error) {
	path, isFolder := strings.CutPrefix(archiveURL, "file:")
	if !isFolder {
		return nil, errors.New("a bucket deletes old backups by itself, by rules of its life cycle: who writes it has no right to")
	}
	return folder.Open(path)
}

// grantRoles gives roles of PostgreSQL what they need.
func grantRoles(ctx context.Context, storeURL string, r Roles) error {
	if r == (Roles{}) {
		return nil
	}
	db, err := postgres.OpenBackup(ctx, storeURL)
	if err != nil {
		return err
	}
	if r.Application != "" {
		err = db.Grant(ctx, r.Application)
	}
	if err == nil && r.Archiver != "" {
		err = db.GrantArchiver(ctx, r.Archiver)
	}
	return errors.Join(err, db.Close())
}

// openCache opens what keeps states for whoever looks at the state driver.
func openCache(stateURL string) (interface {
	document.Cache
	io.Closer
}, error) {
	return redis.Open(stateURL, redis.Options{})
}
