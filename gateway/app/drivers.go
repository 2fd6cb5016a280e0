package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"corsia/gateway/document"
	"corsia/gateway/lock"
	"corsia/gateway/presence"
	"corsia/gateway/room"
	"corsia/gateway/session"
	"corsia/shared/collab"
	"corsia/shared/driver/folder"
	"corsia/shared/driver/inproc"
	"corsia/shared/driver/sqlite"
	"corsia/shared/obs"
)

// store is all that the gateway asks of STORE_URL's driver.
type store interface {
	room.Journal
	document.States
	session.Store
	lock.Store
	auditStore
	Revoke(ctx context.Context, r collab.Revocation, audit []collab.AuditRow) error
	Revocations(ctx context.Context) ([]collab.Revocation, error)
	Stats() (queued int, oldest time.Time)
	Ping(ctx context.Context) error
	Close() error
}

// state is all that the gateway asks of STATE_URL's driver.
type state interface {
	presence.Sessions
	presence.Rooms
	lock.Leaser
	Ping(ctx context.Context) error
	Close() error
}

// bus is all that the gateway asks of BUS_URL's driver.
type bus interface {
	room.Bus
	Ping(ctx context.Context) error
}

// archive is all that the gateway asks of ARCHIVE_URL's driver.
type archive interface {
	Ping(ctx context.Context) error
	Close() error
}

// drivers are the four parts behind the ports.
type drivers struct {
	store   store
	state   state
	bus     bus
	archive archive
	sweep   func(now time.Time) // expires entries of the embedded state driver
}

// openDrivers picks the drivers by the schemes of their URLs. It is the only place that does.
func openDrivers(ctx context.Context, c Config, m *obs.Metrics, log *slog.Logger, committed func([]collab.AuditRow)) (*drivers, error) {
	st := inproc.NewStateTTL(time.Now, inproc.TTLs{Session: c.SessionTTL, Activity: c.ActivityTTL})
	a, err := folder.Open(c.archivePath())
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	s, err := sqlite.Open(ctx, c.storePath(), sqlite.Options{Log: log, OnAudit: committed, OnCommit: func(batch int, d time.Duration) {
		m.CommitBatch.Observe(float64(batch))
		m.CommitLatency.Observe(d.Seconds())
	}})
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return &drivers{store: s, state: st, bus: inproc.NewBus(), archive: a, sweep: st.Sweep}, nil
}
