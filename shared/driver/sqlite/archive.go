package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"corsia/shared/collab"
)

// removeRows bounds one transaction that removes rows: updates wait while it lasts.
const removeRows = 500

const (
	sealedAt    = "SELECT chain FROM audit_log WHERE shard = ? AND seq = ?"
	sealedStep  = "SELECT seq, chain FROM audit_log WHERE shard = ? AND seq <= ? ORDER BY seq LIMIT 1 OFFSET ?"
	floorAt     = "SELECT chain FROM audit_floors WHERE shard = ? AND seq = ?"
	lastFloor   = "SELECT ifnull(max(seq), 0) FROM audit_floors WHERE shard = ?"
	youngRow    = "SELECT 1 FROM audit_log WHERE shard = ? AND seq <= ? AND recorded_at > ? LIMIT 1"
	insertFloor = "INSERT INTO audit_floors (shard, seq, chain, archived_at) VALUES (?, ?, ?, ?)"
	deleteBelow = "DELETE FROM audit_log WHERE shard = ? AND seq <= ?"
)

// LockArchive takes the right to archive, which nobody else can have: one process has the store.
func (db *DB) LockArchive(context.Context) (release func(), ok bool, err error) {
	return func() {}, true, nil
}

// RemoveArchived removes the rows of a shard up to head, which the archive has, and returns how many (SPEC T5). It does so in
// several transactions, after each of which the trail verifies. Where the store's chain is another one, where it has a gap,
// or a row is of the last day, nothing is removed.
func (db *DB) RemoveArchived(ctx context.Context, shard int, head collab.AuditHead) (removed int64, err error) {
	for last := false; !last; {
		var n int64
		err := db.do(ctx, rowOverhead, func(w *writer) (err error) {
			n, last, err = w.removeArchived(shard, head)
			return err
		})
		if err != nil {
			return removed, fmt.Errorf("remove archived audit rows of shard %d: %w", shard, err)
		}
		removed += n
	}
	return removed, nil
}

func (w *writer) removeArchived(shard int, head collab.AuditHead) (n int64, last bool, err error) {
	var chain []byte
	if found, err := w.row(floorAt, []any{shard, head.Seq}, &chain); err != nil || found && bytes.Equal(chain, head.Chain[:]) {
		return 0, true, err // removed already
	}
	if found, err := w.row(sealedAt, []any{shard, head.Seq}, &chain); err != nil {
		return 0, false, err
	} else if !found || !bytes.Equal(chain, head.Chain[:]) {
		return 0, false, refuse(fmt.Errorf("there is no row %d with that chain", head.Seq))
	}
	seq, floor := head.Seq, int64(0)
	more, err := w.row(sealedStep, []any{shard, head.Seq, removeRows - 1}, &seq, &chain)
	if err != nil {
		return 0, false, err
	}
	if _, err := w.row(lastFloor, []any{shard}, &floor); err != nil {
		return 0, false, err
	}
	var young int
	if found, err := w.row(youngRow, []any{shard, seq, micros(time.Now().Add(-24 * time.Hour))}, &young); err != nil {
		return 0, false, err
	} else if found {
		return 0, false, refuse(errors.New("rows of the last day are not removed"))
	}
	if err := w.exec(insertFloor, shard, seq, chain, micros(time.Now())); err != nil {
		return 0, false, err
	}
	if n, err = w.changed(deleteBelow, shard, seq); err == nil && n != seq-floor {
		err = fmt.Errorf("the chain has a gap between %d and %d", floor, seq)
	}
	return n, !more || seq == head.Seq, err
}
