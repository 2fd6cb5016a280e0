package app

import (
	"context"
	"errors"
	"io"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	archiveAt    = 10 * time.Minute // after midnight, UTC: what was recorded before it is chained
	archiveRetry = 15 * time.Minute
	archiveLook  = time.Minute // a machine may have slept
)

// archiveDaily archives the trail of an embedded store, at the start and then every day (SPEC T5). Where the store is a server
// the function auditarchive does it, with a role that may remove what this one may not.
func (a *App) archiveDaily(ctx context.Context) {
	archiver := audit.NewArchiver(audit.ArchiverOptions{Store: a.drivers.trail, Objects: a.drivers.archive, Retention: a.config.AuditRetention, Log: a.log, Now: time.Now})
	look := time.NewTicker(archiveLook)
	defer look.Stop()
	var due time.Time
	for {
		if now := time.Now(); !now.Before(due) {
			due = nextArchive(now)
			if _, err := archiver.Run(ctx); err != nil && ctx.Err() == nil {
				a.log.Error("audit: the archive was not written", obs.Err(err))
				due = now.Add(archiveRetry)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// nextArchive returns when the day of now is archived.
func nextArchive(now time.Time) time.Time {
	at := now.UTC().Truncate(24 * time.Hour).Add(archiveAt)
	if !at.After(now) {
		at = at.Add(24 * time.Hour)
	}
	return at
}

// AuditArchiving says what is archived, and where. URLs are as in the configuration.
type AuditArchiving struct {
	Store, Archive string
	Day            time.Time     // this day alone; zero: every day that is over and not archived
	Retention      time.Duration // what is older and in the archive leaves the store; audit.Forever: nothing
}

// ArchiveAudit archives a store's trail, reads back what it wrote, and verifies it (SPEC T5). What it did before an error is
// good.
func ArchiveAudit(ctx context.Context, s AuditArchiving) (audit.Archived, error) {
	objects, err := openObjects(ctx, s.Archive)
	if err != nil {
		return audit.Archived{}, err
	}
	defer objects.Close()
	trail, err := openArchiveTrail(ctx, s.Store, s.Retention != audit.Forever)
	if err != nil {
		return audit.Archived{}, err
	}
	defer trail.Close()
	if !s.Day.IsZero() {
		m, err := audit.ArchiveDay(ctx, trail, objects, s.Day, time.Now())
		if err != nil {
			return audit.Archived{}, err
		}
		return audit.Archived{Days: []audit.ArchivedDay{m.Archived()}, Through: m.Day}, nil
	}
	log := obs.NewLogger(io.Discard, nil)
	return audit.NewArchiver(audit.ArchiverOptions{Store: trail, Objects: objects, Retention: s.Retention, Log: log, Now: time.Now}).Run(ctx)
}

// keeping is a trail that is open for reading alone, beside the gateway that has the store.
type keeping struct{ archiveReader }

// archiveReader is a trail that is open for reading alone.
type archiveReader interface {
	audit.Chains
	io.Closer
}

// LockArchive takes no lock: two archivers do not spoil the archive, one of them works in vain.
func (keeping) LockArchive(context.Context) (func(), bool, error) { return func() {}, true, nil }

// RemoveArchived refuses.
func (keeping) RemoveArchived(context.Context, int, collab.AuditHead) (int64, error) {
	return 0, errors.New("the store is open for reading alone")
}
