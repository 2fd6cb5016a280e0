package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"corsia/shared/collab"
)

const (
	oneDay        = 24 * time.Hour
	readsTogether = 8 // manifests: ten years are 3,652
)

// manifests returns the manifests of an archive with the bytes they were read from, in order.
func manifests(ctx context.Context, objects Objects) (all []Manifest, raw [][]byte, err error) {
	names, err := objects.List(ctx, daysPrefix)
	if err != nil {
		return nil, nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, manifestSuffix) })
	all, raw = make([]Manifest, len(names)), make([][]byte, len(names))
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(readsTogether)
	for i, name := range names {
		readers.Go(func() (err error) {
			if raw[i], err = readObject(ctx, objects, name); err != nil {
				return err
			}
			if json.Unmarshal(raw[i], &all[i]) != nil {
				all[i] = Manifest{Day: strings.TrimSuffix(strings.TrimPrefix(name, daysPrefix), manifestSuffix)} // the verifier finds no object
			}
			return nil
		})
	}
	if err := readers.Wait(); err != nil {
		return nil, nil, err
	}
	return all, raw, nil
}

// ledger is what an archive has of a store's trail.
type ledger struct {
	all   []Manifest
	raw   [][]byte
	heads map[int]collab.AuditHead // where its rows end
	epoch int64                    // of the store
}

// openLedger reads an archive's manifests and makes sure that they follow from each other, and that the store goes on where
// the archive ends.
func openLedger(ctx context.Context, store Chains, objects Objects) (*ledger, error) {
	state, err := store.AuditState(ctx)
	if err != nil {
		return nil, err
	}
	all, raw, err := manifests(ctx, objects)
	if err != nil {
		return nil, err
	}
	l := &ledger{heads: map[int]collab.AuditHead{}, epoch: state.Epoch}
	for i := range all {
		if err := l.add(all[i], raw[i]); err != nil {
			return nil, err
		}
	}
	if err := l.continued(ctx, store, state); err != nil {
		return nil, err
	}
	return l, nil
}

// add adds a manifest that follows the last one.
func (l *ledger) add(m Manifest, raw []byte) error {
	previous, last := "", ""
	if n := len(l.all); n > 0 {
		previous, last = hexSum(l.raw[n-1]), l.all[n-1].Day
	}
	if _, err := time.Parse(dayLayout, m.Day); err != nil || m.Day <= last || m.Previous != previous {
		return fmt.Errorf("the manifest of %s does not follow the one before it: the archive was changed, `corsia audit verify` says more", m.Day)
	}
	if err := m.advance(l.heads); err != nil {
		return err
	}
	l.all, l.raw = append(l.all, m), append(l.raw, raw)
	return nil
}

// advance moves the heads of the rows before a day to those after it.
func (m *Manifest) advance(heads map[int]collab.AuditHead) error {
	for shard, part := range m.Shards {
		h := collab.AuditHead{Seq: part.Last}
		if n, err := hex.Decode(h.Chain[:], []byte(part.Chain[:min(len(part.Chain), 2*len(h.Chain))])); err != nil || n != len(h.Chain) ||
			part.First != heads[shard].Seq+1 || part.Last < part.First {
			return fmt.Errorf("the manifest of %s does not follow the one before it in shard %d", m.Day, shard)
		}
		heads[shard] = h
	}
	return nil
}

// errOther is of an archive that is not the store's, or not any more.
var errOther = errors.New("the archive is not this store's, or the store was restored from before the archive's end: begin a new archive under another URL")

// continued makes sure that the store has the last row of the archive, or begins after it.
func (l *ledger) continued(ctx context.Context, store Chains, state collab.AuditState) error {
	for shard := range Shards {
		end, floor := l.heads[shard], state.Floors[shard]
		switch {
		case end == floor:
			continue
		case end.Seq <= floor.Seq:
			return fmt.Errorf("rows up to seq %d of shard %d have left the store, and the archive has them up to %d: %w", floor.Seq, shard, end.Seq, errOther)
		}
		rows, err := store.AuditRows(ctx, shard, end.Seq-1, 1)
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].Seq != end.Seq || rows[0].Chain != end.Chain {
			return fmt.Errorf("the store's row %d of shard %d is not the archive's: %w", end.Seq, shard, errOther)
		}
	}
	return nil
}

// next returns the first day that is not archived; false when there is nothing to archive at all.
func (l *ledger) next(ctx context.Context, store Chains) (time.Time, bool, error) {
	if n := len(l.all); n > 0 {
		last, err := time.Parse(dayLayout, l.all[n-1].Day)
		return last.Add(oneDay), true, err
	}
	var oldest []time.Time
	for shard := range Shards {
		rows, err := store.AuditRows(ctx, shard, 0, 1)
		if err != nil {
			return time.Time{}, false, err
		}
		if len(rows) > 0 {
			oldest = append(oldest, rows[0].RecordedAt)
		}
	}
	if len(oldest) == 0 {
		return time.Time{}, false, nil
	}
	return slices.MinFunc(oldest, time.Time.Compare).UTC().Truncate(oneDay), true, nil
}

// cloned returns a copy of heads that may be moved.
func cloned(heads map[int]collab.AuditHead) map[int]collab.AuditHead {
	if heads == nil {
		return map[int]collab.AuditHead{}
	}
	return maps.Clone(heads)
}
