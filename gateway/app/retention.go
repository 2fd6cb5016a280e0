package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/privacy"
)

// newRetention returns what removes old rows of journals while the gateway runs (SPEC O7).
func (a *App) newRetention() *privacy.Retention {
	return privacy.NewRetention(privacy.RetentionOptions{Store: a.drivers.store, Recorder: a.trail.recorder, Keep: a.config.JournalRetention,
		Removed: func(rows int64) { a.metrics.JournalRemoved.Add(float64(rows)) }, Log: a.log, Now: time.Now})
}

// JournalTrimming says what is removed from the journals of a store, by hand.
type JournalTrimming struct {
	Store string        // URL
	Keep  time.Duration // rows that were written longer ago are removed
	By    collab.UserID // who asks for it, as the trail will say
	Log   io.Writer     // gets a line for each journal that is left as it is
}

// TrimJournals removes old rows once, as the gateway does every hour with JOURNAL_RETENTION. What it did before an error is good.
func TrimJournals(ctx context.Context, t JournalTrimming) (privacy.Trimmed, error) {
	store, err := openJournalStore(ctx, t.Store)
	if err != nil {
		return privacy.Trimmed{}, err
	}
	log := obs.NewLogger(t.Log, slog.LevelWarn)
	done, err := privacy.NewRetention(privacy.RetentionOptions{Store: store, Recorder: audit.NewRecorder(collab.NewInstanceID(), log), Keep: t.Keep,
		By: t.By, Log: log, Now: time.Now}).Round(ctx)
	return done, errors.Join(err, store.Close())
}
