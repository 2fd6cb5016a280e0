package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"corsia/shared/audit"
	"corsia/shared/obs"
	"corsia/shared/trace"
)

const (
	stageArchive = "archive"       // as X-Ray names it
	stopEarly    = 5 * time.Second // before the time is up: what was being written is given up, and the answer says how far it came
)

// store is the trail that is archived. It is closed after each event.
type store interface {
	audit.ArchiveStore
	io.Closer
}

// serve answers one event of EventBridge.
type serve = func(context.Context, events.EventBridgeEvent) (audit.Archived, error)

// options are what a handler is made of.
type options struct {
	Store     func(context.Context) (store, error)
	Objects   audit.Days
	Retention time.Duration
	Log       *slog.Logger
	Now       func() time.Time
}

type handler struct{ options }

func newHandler(o options) *handler { return &handler{o} }

// handle archives every day that is over and not archived, reads it back and verifies it, and then removes what is older than
// the retention. What an event says does not matter: one that comes twice or late finds what is left to do. When the time is up
// and something was done, that is an answer, and the next event goes on; when nothing was, it is an error.
func (h *handler) handle(ctx context.Context, _ events.EventBridgeEvent) (done audit.Archived, err error) {
	begin := h.Now()
	ctx, cancel := early(ctx)
	defer cancel()
	err = trace.Stage(ctx, stageArchive, func(ctx context.Context) error {
		s, err := h.Store(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		done, err = audit.NewArchiver(audit.ArchiverOptions{Store: s, Objects: h.Objects, Retention: h.Retention, Log: h.Log, Now: h.Now}).Run(ctx)
		return err
	})
	switch {
	case errors.Is(err, audit.ErrArchived): // an archiver whose lock was lost is at work
		done.Busy, err = true, nil
	case errors.Is(err, context.DeadlineExceeded) && (len(done.Days) > 0 || done.Removed > 0):
		h.Log.Warn("audit archive: the time is up, the next run goes on", slog.Int(obs.KeyCount, done.Waiting), obs.Err(err))
		err = nil
	}
	if err != nil {
		return done, err
	}
	h.Log.Info("audit archive: done", slog.Int(obs.KeyBatch, len(done.Days)), slog.Int64(obs.KeyCount, done.Removed), obs.Duration(h.Now().Sub(begin)))
	return done, nil
}

// early returns a context that ends before that of the event does.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(stopEarly, time.Until(deadline)/4)))
}
