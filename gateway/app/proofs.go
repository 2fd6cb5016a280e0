package app

import (
	"context"
	"errors"
	"time"

	"corsia/shared/audit"
	"corsia/shared/backup"
	"corsia/shared/obs"
)

const (
	proofsEvery    = 5 * time.Minute // an alert on them waits for hours
	proofsPatience = time.Minute
)

// watchProofs asks the archive how fresh the backups and the archived trail are, for the metrics (SPEC O3, O4, T5). Functions
// and tasks make them: whether these still run, only what they leave behind can tell.
func (a *App) watchProofs(ctx context.Context) {
	tick := time.NewTicker(proofsEvery)
	defer tick.Stop()
	for {
		if err := a.lookAtProofs(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("archive: how fresh it is", obs.Err(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// lookAtProofs looks once. What the archive does not tell stays as it was, and archive_looked_timestamp_seconds with it.
func (a *App) lookAtProofs(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, proofsPatience)
	defer cancel()
	backups, err := backup.Fresh(ctx, a.drivers.archive)
	trail, trailErr := audit.Fresh(ctx, a.drivers.archive, time.Now())
	if err := errors.Join(err, trailErr); err != nil {
		return err
	}
	p := a.metrics.Proofs
	obs.Stamp(p.Backup, backups.Newest)
	obs.Stamp(p.Verified, backups.Verified)
	p.Bad.Set(zeroOne(backups.Bad))
	obs.Stamp(p.Archived, trail.Through)
	obs.Stamp(p.Signed, trail.Signed)
	obs.Stamp(p.Looked, time.Now())
	return nil
}

func zeroOne(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
