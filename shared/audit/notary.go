package audit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"time"

	"golang.org/x/mod/sumdb/note"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	checkpointEvery = time.Minute // while something is sealed (T4)
	checkpointIdle  = time.Hour   // while nothing is
	checkpointLook  = 10 * time.Second
	archivePatience = 10 * time.Second

	checkpointPrefix = "audit/checkpoints/"
	checkpointLayout = checkpointPrefix + "2006/01/02/150405.000000Z"
)

// CheckpointStore is the store, as the notary sees it.
type CheckpointStore interface {
	AuditState(ctx context.Context) (collab.AuditState, error)
	// KeepCheckpoint keeps a checkpoint, and reports false when there is one of that number already.
	KeepCheckpoint(ctx context.Context, c collab.SealedCheckpoint) (bool, error)
}

// Objects is the archive: a folder, a bucket.
type Objects interface {
	Put(ctx context.Context, key string, content io.Reader) error
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	List(ctx context.Context, prefix string) ([]string, error)
}

// Notary signs checkpoints and puts them where nobody who can write the database can change them: into the log and the
// archive (T4). Every instance has one; the store lets one of them write each checkpoint.
type Notary struct {
	store   CheckpointStore
	archive Objects
	key     note.Signer
	log     *slog.Logger
	now     func() time.Time
}

// NewNotary returns a notary, which Run runs.
func NewNotary(store CheckpointStore, archive Objects, key note.Signer, log *slog.Logger, now func() time.Time) *Notary {
	return &Notary{store: store, archive: archive, key: key, log: log, now: now}
}

// Run writes checkpoints until ctx ends: every minute while rows are sealed, else every hour.
func (n *Notary) Run(ctx context.Context) {
	tick := time.NewTicker(checkpointLook)
	defer tick.Stop()
	for {
		if err := n.Look(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("audit: checkpoint", obs.Err(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Look writes a checkpoint if it is time for one.
func (n *Notary) Look(ctx context.Context) error {
	return n.write(ctx, func(changed bool, age time.Duration) bool {
		return changed && age >= checkpointEvery || age >= checkpointIdle
	})
}

// Finish writes a checkpoint if anything was sealed since the last one.
func (n *Notary) Finish(ctx context.Context) error {
	return n.write(ctx, func(changed bool, _ time.Duration) bool { return changed })
}

func (n *Notary) write(ctx context.Context, due func(changed bool, age time.Duration) bool) error {
	ctx, cancel := context.WithTimeout(ctx, archivePatience)
	defer cancel()
	state, err := n.store.AuditState(ctx)
	if err != nil {
		return err
	}
	now := n.now().UTC().Truncate(time.Microsecond)
	if len(state.Heads) == 0 || !due(changed(state), now.Sub(state.Latest.At)) {
		return nil
	}
	c := Checkpoint{Epoch: state.Epoch, Number: state.Latest.Number + 1, At: now, Heads: state.Heads}
	signed, err := c.Sign(n.key)
	if err != nil {
		return err
	}
	kept, err := n.store.KeepCheckpoint(ctx, collab.SealedCheckpoint{Number: c.Number, At: now, Note: signed})
	if err != nil || !kept { // another instance was faster
		return err
	}
	n.log.LogAttrs(ctx, slog.LevelInfo, "audit checkpoint", slog.Int64(obs.KeyEpoch, c.Epoch), slog.Int64(obs.KeyCount, c.Number),
		slog.String(obs.KeyNote, string(signed)))
	if err := n.archive.Put(ctx, now.Format(checkpointLayout)+fmt.Sprintf("-%d-%d.note", c.Epoch, c.Number), bytes.NewReader(signed)); err != nil {
		return fmt.Errorf("archive checkpoint %d: %w", c.Number, err)
	}
	return nil
}

// changed reports whether the chains have grown since the latest checkpoint. Its signature does not matter here.
func changed(state collab.AuditState) bool {
	text, _, _ := bytes.Cut(state.Latest.Note, []byte("\n\n"))
	c, err := parseCheckpoint(string(text))
	return err != nil || c.Epoch != state.Epoch || !maps.Equal(c.Heads, state.Heads)
}

// latestArchived returns the newest checkpoint of an archive that was signed before a time (zero: of all). Found is false
// when there is none.
func latestArchived(ctx context.Context, objects Objects, before time.Time, keys []note.Verifier) (c Checkpoint, found bool, err error) {
	names, err := objects.List(ctx, checkpointPrefix)
	if err != nil {
		return c, false, err
	}
	for i := len(names) - 1; i >= 0; i-- {
		if !before.IsZero() && names[i] >= before.UTC().Format(checkpointLayout) {
			continue
		}
		signed, err := readObject(ctx, objects, names[i])
		if err != nil {
			return c, false, err
		}
		c, err = OpenCheckpoint(signed, keys...)
		if err != nil {
			return c, false, fmt.Errorf("%s: %w", names[i], err)
		}
		return c, true, nil
	}
	return c, false, nil
}

// maxObjectBytes bounds notes and manifests.
const maxObjectBytes = 1 << 20

func readObject(ctx context.Context, objects Objects, name string) ([]byte, error) {
	r, err := objects.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxObjectBytes))
}
