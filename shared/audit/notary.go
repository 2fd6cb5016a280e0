package audit

import (
	"bytes"
	"context"
	"errors"
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
	// AuditRows returns up to limit rows of a shard after seq, in order.
	AuditRows(ctx context.Context, shard int, after int64, limit int) ([]collab.SealedRow, error)
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

	// Owned by whoever calls Run, Look and Finish, one after the other.
	previous Checkpoint // the newest one that this instance knows
	recalled bool       // the archive was asked for it
}

// ErrContradiction is of a trail that is not what an earlier checkpoint says: it gets no other.
var ErrContradiction = errors.New("the trail contradicts an earlier checkpoint")

// errLeaving is of rows that left the store for the archive while they were looked at.
var errLeaving = errors.New("rows are leaving the store")

// NewNotary returns a notary, which Run runs.
func NewNotary(store CheckpointStore, archive Objects, key note.Signer, log *slog.Logger, now func() time.Time) *Notary {
	return &Notary{store: store, archive: archive, key: key, log: log, now: now}
}

// Run writes checkpoints until ctx ends: every minute while rows are sealed, else every hour.
func (n *Notary) Run(ctx context.Context) {
	tick := time.NewTicker(checkpointLook)
	defer tick.Stop()
	told := false // of the trouble that there is
	for {
		err := n.Look(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			told = false
		case told:
		case errors.Is(err, ErrContradiction):
			n.log.Error("audit: the trail is not signed any more", obs.Err(err))
			told = true
		default:
			n.log.Warn("audit: checkpoint", obs.Err(err))
			told = true
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
	if err := n.continues(ctx, state); err != nil {
		return err
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
	n.previous = c
	n.log.LogAttrs(ctx, slog.LevelInfo, "audit checkpoint", slog.Int64(obs.KeyEpoch, c.Epoch), slog.Int64(obs.KeyCount, c.Number),
		slog.String(obs.KeyNote, string(signed)))
	if err := n.archive.Put(ctx, now.Format(checkpointLayout)+fmt.Sprintf("-%d-%d.note", c.Epoch, c.Number), bytes.NewReader(signed)); err != nil {
		return fmt.Errorf("archive checkpoint %d: %w", c.Number, err)
	}
	return nil
}

// continues makes sure that the trail still has what the newest checkpoint knows, of this instance's memory, the store and the
// archive: otherwise a signature would make a rewritten trail good. A new epoch begins anew.
func (n *Notary) continues(ctx context.Context, state collab.AuditState) error {
	if !n.recalled {
		names, err := n.archive.List(ctx, checkpointPrefix)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			signed, err := readObject(ctx, n.archive, names[len(names)-1])
			if err != nil {
				return err
			}
			n.remember(signed)
		}
		n.recalled = true
	}
	n.remember(state.Latest.Note)
	p := n.previous
	if p.Epoch > state.Epoch {
		return fmt.Errorf("%w: %d is of epoch %d, and the trail of epoch %d", ErrContradiction, p.Number, p.Epoch, state.Epoch)
	}
	if p.Epoch < state.Epoch {
		return nil
	}
	for shard, head := range p.Heads {
		if floor := state.Floors[shard]; floor.Seq > head.Seq {
			continue
		} else if floor == head {
			continue
		}
		rows, err := n.store.AuditRows(ctx, shard, head.Seq-1, 1)
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].Seq != head.Seq || rows[0].Chain != head.Chain {
			if now, err := n.store.AuditState(ctx); err != nil || now.Floors[shard] != state.Floors[shard] {
				return errors.Join(errLeaving, err) // the next look sees the new floor
			}
			return fmt.Errorf("%w: %d, in shard %d at seq %d or before", ErrContradiction, p.Number, shard, head.Seq)
		}
	}
	return nil
}

// remember keeps the newest checkpoint. Its signature does not matter: one that somebody has made up can only keep the notary
// from signing.
func (n *Notary) remember(signed []byte) {
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	c, err := parseCheckpoint(string(text) + "\n")
	if err == nil && (c.Epoch > n.previous.Epoch || c.Epoch == n.previous.Epoch && c.Number > n.previous.Number) {
		n.previous = c
	}
}

// changed reports whether the chains have grown since the latest checkpoint. Its signature does not matter here.
func changed(state collab.AuditState) bool {
	text, _, _ := bytes.Cut(state.Latest.Note, []byte("\n\n"))
	c, err := parseCheckpoint(string(text))
	return err != nil || c.Epoch != state.Epoch || !maps.Equal(c.Heads, state.Heads)
}

// archivedDay is the time for which all checkpoints of an archive are looked at, back from the newest; of earlier days the last
// one is.
const archivedDay = 24 * time.Hour

// archived returns the checkpoints of an archive that a trail is measured by, in order of time.
func archived(ctx context.Context, objects Objects, keys []note.Verifier) ([]Checkpoint, error) {
	names, err := objects.List(ctx, checkpointPrefix)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	recent := ""
	if at, err := time.Parse(checkpointLayout, names[len(names)-1][:min(len(names[len(names)-1]), len(checkpointLayout))]); err == nil {
		recent = at.Add(-archivedDay).Format(checkpointLayout)
	}
	const day = len(checkpointPrefix + "2006/01/02")
	var found []Checkpoint
	for i, name := range names {
		last := i == len(names)-1 || name[:min(day, len(name))] != names[i+1][:min(day, len(names[i+1]))]
		if !last && name < recent {
			continue
		}
		signed, err := readObject(ctx, objects, name)
		if err != nil {
			return nil, err
		}
		c, err := OpenCheckpoint(signed, keys...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found = append(found, c)
	}
	return found, nil
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
