package audit

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"corsia/shared/collab"
)

// Days is an archive that days are written to.
type Days interface {
	Objects
	// Create is Put of an object that is not there yet; else it returns ErrExists.
	Create(ctx context.Context, key string, content io.Reader) error
}

// Chains is the store, as who archives its chains sees it.
type Chains interface {
	AuditState(ctx context.Context) (collab.AuditState, error)
	// AuditRows returns up to limit rows of a shard after seq, in order.
	AuditRows(ctx context.Context, shard int, after int64, limit int) ([]collab.SealedRow, error)
}

// sumDigits is how much of its hash an object's name has: what is written of a day twice, in part or by two at once, never
// takes another one's place.
const sumDigits = 16

// ErrArchived is the error of a day that the archive has already, or that is before its last one.
var ErrArchived = errors.New("the archive has that day already")

// ArchiveDay writes the rows that follow those of the archive and were recorded before the end of a day, as one object,
// reads it back, verifies it, and only then writes its manifest (T5). The store keeps its rows.
func ArchiveDay(ctx context.Context, store Chains, objects Days, day, now time.Time) (Manifest, error) {
	l, err := openLedger(ctx, store, objects)
	if err != nil {
		return Manifest{}, err
	}
	return l.archive(ctx, store, objects, day.UTC().Truncate(oneDay), now)
}

// archive writes a day after those of the ledger, and adds it.
func (l *ledger) archive(ctx context.Context, store Chains, objects Days, day, now time.Time) (Manifest, error) {
	fail := func(err error) (Manifest, error) {
		return Manifest{}, fmt.Errorf("archive audit of %s: %w", day.Format(dayLayout), err)
	}
	m := Manifest{Day: day.Format(dayLayout), Epoch: l.epoch, Shards: map[int]ManifestShard{}, Written: now.UTC()}
	if n := len(l.all); n > 0 {
		if l.all[n-1].Day >= m.Day {
			return fail(ErrArchived)
		}
		m.Previous = hexSum(l.raw[n-1])
	}
	if err := m.write(ctx, store, objects, l.heads, day); err != nil {
		return fail(err)
	}
	if err := m.readBack(ctx, objects, l.heads); err != nil {
		return fail(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return fail(err)
	}
	err = objects.Create(ctx, day.Format(objectLayout)+manifestSuffix, bytes.NewReader(text))
	if errors.Is(err, collab.ErrExists) { // another archiver was faster
		err = ErrArchived
	}
	if err == nil {
		err = l.add(m, text)
	}
	if err != nil {
		return fail(err)
	}
	return m, nil
}

// write writes the object of a day and counts what is in it.
func (m *Manifest) write(ctx context.Context, store Chains, objects Objects, start map[int]collab.AuditHead, day time.Time) error {
	file, err := os.CreateTemp("", "corsia-audit-*")
	if err != nil {
		return err
	}
	defer func() {
		_ = file.Close()           // what was written is read again before anything depends on it
		_ = os.Remove(file.Name()) // a file of the system's temporary folder
	}()
	sum := sha256.New()
	zip := gzip.NewWriter(io.MultiWriter(file, sum))
	for shard := range Shards {
		if err := m.writeShard(ctx, store, zip, shard, start[shard].Seq, day.Add(oneDay)); err != nil {
			return err
		}
	}
	if err := zip.Close(); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	m.SHA256 = hex.EncodeToString(sum.Sum(nil))
	m.Object = day.Format(objectLayout) + "-" + m.SHA256[:sumDigits] + rowsSuffix
	return objects.Put(ctx, m.Object, file)
}

// writeShard writes the rows after seq, up to the last one that was recorded before the end of the day. One that was recorded
// later and chained before it goes with it, so that the archive has no gap.
func (m *Manifest) writeShard(ctx context.Context, store Chains, to io.Writer, shard int, after int64, end time.Time) error {
	part := ManifestShard{First: after + 1, Last: after}
	var held []byte // rows that may belong to the next day
	var heldRows int64
	for {
		rows, err := store.AuditRows(ctx, shard, after, verifyPage)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		for i := range rows {
			held, heldRows = AppendLine(held, &rows[i]), heldRows+1
			if !rows[i].RecordedAt.Before(end) {
				continue
			}
			if _, err := to.Write(held); err != nil {
				return err
			}
			part.Last, part.Chain = rows[i].Seq, hex.EncodeToString(rows[i].Chain[:])
			m.Rows += heldRows
			held, heldRows = held[:0], 0
		}
		after = rows[len(rows)-1].Seq
		if len(held) > maxLineBytes { // a whole day and more of later rows: what was late is not after them
			break
		}
	}
	if part.Last >= part.First {
		m.Shards[shard] = part
	}
	return nil
}

// readBack verifies what the archive has now against what the manifest says.
func (m *Manifest) readBack(ctx context.Context, objects Objects, start map[int]collab.AuditHead) error {
	report := &Report{}
	w := newWalk(report, start)
	if err := w.object(ctx, objects, m); err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("read back: %s", report.Problems[0])
	}
	return nil
}
