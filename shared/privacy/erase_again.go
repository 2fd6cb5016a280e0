package privacy

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

const (
	trailPage       = 1000
	archivedDays    = "audit/days/" // objects of the archive (T5)
	archivedRows    = ".ndjson.gz"
	maxArchivedLine = 16 << 20
)

// Trail is the audit trail of a store.
type Trail interface {
	// AuditRows returns up to limit rows of a shard after seq, in order.
	AuditRows(ctx context.Context, shard int, after int64, limit int) ([]collab.SealedRow, error)
}

// Past are erasures that a trail tells of, by the ids of their events.
type Past map[string]collab.SealedRow

// isErasure reports whether a row tells that the content of a resource was erased.
func isErasure(r *collab.SealedRow) bool {
	action := r.Details[detailAction]
	return audit.Type(r.Type) == audit.AdminAction && r.Details[detailCause] == string(audit.CauseErasure) &&
		(action == actionJournalRemoved || action == actionContentErased)
}

// ReadTrail adds the erasures that the trail in a store tells of.
func (p Past) ReadTrail(ctx context.Context, trail Trail) error {
	for shard := range audit.Shards {
		for after := int64(0); ; {
			page, err := trail.AuditRows(ctx, shard, after, trailPage)
			if err != nil {
				return fmt.Errorf("read trail: %w", err)
			}
			for i := range page {
				if isErasure(&page[i]) {
					p[page[i].EventID] = page[i]
				}
			}
			if len(page) < trailPage {
				break
			}
			after = page[len(page)-1].Seq
		}
	}
	return nil
}

// ReadArchive adds the erasures that the trail in an archive tells of.
func (p Past) ReadArchive(ctx context.Context, objects audit.Objects) error {
	names, err := objects.List(ctx, archivedDays)
	if err != nil {
		return fmt.Errorf("read archived trail: %w", err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name, archivedRows) {
			continue
		}
		if err := p.readObject(ctx, objects, name); err != nil {
			return fmt.Errorf("read archived trail, object %s: %w", name, err)
		}
	}
	return nil
}

func (p Past) readObject(ctx context.Context, objects audit.Objects, name string) (err error) {
	object, err := objects.Get(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, object.Close()) }()
	zip, err := gzip.NewReader(object)
	if err != nil {
		return err
	}
	scan := bufio.NewScanner(zip)
	scan.Buffer(make([]byte, 64<<10), maxArchivedLine)
	for scan.Scan() {
		if !bytes.Contains(scan.Bytes(), []byte(audit.CauseErasure)) { // most lines
			continue
		}
		row, err := audit.ParseLine(scan.Bytes())
		if err != nil {
			return err
		}
		if isErasure(&row) {
			p[row.EventID] = row
		}
	}
	return scan.Err()
}

// AgainRequest says what a restored store erases again, and for whom.
type AgainRequest struct {
	Newer, Restored Past // of the trail that knows more, and of the restored store
	By              collab.UserID
	Now             func() time.Time
	Each            func(collab.Resource, collab.Erased) // is called after each resource
}

// EraseAgain erases in a restored store what a newer trail says to have been erased, and the restored one does not: a backup
// that is older than an erasure brings the content back. What was erased again is not erased a third time, whatever was
// written since.
func EraseAgain(ctx context.Context, store EraseStore, recorder *audit.Recorder, q AgainRequest) error {
	repeated, err := store.Repeated(ctx)
	if err != nil {
		return fmt.Errorf("erase again: %w", err)
	}
	lost := map[collab.Resource][]collab.SealedRow{}
	for id, row := range q.Newer {
		if _, known := q.Restored[id]; !known && !slices.Contains(repeated, id) {
			r := collab.Resource{Tenant: row.Tenant, ID: row.Resource}
			lost[r] = append(lost[r], row)
		}
	}
	for _, r := range sorted(lost) {
		events := lost[r]
		slices.SortFunc(events, func(a, b collab.SealedRow) int { return cmp.Compare(a.EventID, b.EventID) }) // by time
		ids := make([]string, len(events))
		for i := range events {
			ids[i] = events[i].EventID
		}
		done, err := Erase(ctx, store, recorder, EraseRequest{Resource: r, By: q.By, Reason: events[len(events)-1].Reason, At: q.Now(), Repeats: ids})
		if err != nil {
			return fmt.Errorf("%v: %w", r, err)
		}
		q.Each(r, done)
	}
	return nil
}

func sorted(of map[collab.Resource][]collab.SealedRow) []collab.Resource {
	all := make([]collab.Resource, 0, len(of))
	for r := range of {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b collab.Resource) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
	})
	return all
}
