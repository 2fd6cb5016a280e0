package audit

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"corsia/shared/collab"
)

// object checks the rows of one object, and that they are those of its manifest.
func (w *walk) object(ctx context.Context, objects Objects, m *Manifest) error {
	tampered := func(what string) { w.report.add(Tampered, fmt.Sprintf("object %s: %s", m.Object, what)) }
	r, err := objects.Get(ctx, m.Object)
	if errors.Is(err, collab.ErrNotFound) {
		tampered("it is missing")
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	sum := sha256.New()
	rows, bad, err := w.lines(io.TeeReader(r, sum))
	if err != nil {
		return err
	}
	if bad != "" {
		tampered(bad)
		return nil
	}
	if _, err := io.Copy(sum, r); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != m.SHA256 {
		tampered("its hash is not that of its manifest")
	}
	if rows != m.Rows {
		tampered(fmt.Sprintf("it has %d rows, and its manifest says %d", rows, m.Rows))
	}
	for shard, part := range m.Shards {
		if h := w.heads[shard]; !w.broken[shard] && (h.Seq != part.Last || hex.EncodeToString(h.Chain[:]) != part.Chain) {
			w.fail(Tampered, shard, h.Seq+1, "", fmt.Sprintf("object %s ends elsewhere than its manifest says", m.Object))
		}
	}
	return nil
}

// lines checks rows of an object. Bad says that they cannot be read.
func (w *walk) lines(r io.Reader) (rows int64, bad string, err error) {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return 0, "it is not compressed by gzip, or damaged", nil // which is a finding
	}
	scan := bufio.NewScanner(zip)
	scan.Buffer(make([]byte, 64<<10), maxLineBytes)
	for ; scan.Scan(); rows++ {
		row, err := ParseLine(scan.Bytes())
		if err != nil || row.Shard < 0 || row.Shard >= Shards {
			return rows, fmt.Sprintf("line %d cannot be read", rows+1), nil // which is a finding
		}
		w.row(&row)
	}
	if scan.Err() != nil {
		return rows, "it is damaged: " + scan.Err().Error(), nil
	}
	return rows, "", nil
}

// archive checks all days of an archive, in order.
func (w *walk) archive(ctx context.Context, objects Objects) error {
	all, raw, err := manifests(ctx, objects)
	if err != nil {
		return err
	}
	previous := ""
	for i := range all {
		m := &all[i]
		if m.Previous != previous {
			w.report.add(Tampered, fmt.Sprintf("the manifest of %s does not follow the one before it: one was left out or changed", m.Day))
		}
		previous = hexSum(raw[i])
		if err := w.object(ctx, objects, m); err != nil {
			return err
		}
		w.report.Epoch = max(w.report.Epoch, m.Epoch)
	}
	return nil
}

// archiveLimit is how late a day may come into the archive.
const archiveLimit = 48 * time.Hour

// VerifyArchive verifies the trail in an archive: every object against its manifest, the manifests against each other, the
// chains against the checkpoints. Rows of the last two days may be missing, unless the checkpoint that was kept elsewhere
// knows them.
func VerifyArchive(ctx context.Context, objects Objects, t Trust) (*Report, error) {
	report := &Report{}
	said, err := gather(ctx, objects, t, report)
	if err != nil {
		return nil, err
	}
	w := newWalk(report, nil)
	w.old = t.Now.Add(-uncoveredLimit)
	epoch := int64(0)
	for _, c := range said {
		epoch = max(epoch, c.Epoch)
	}
	for _, c := range said {
		m := mark{by: c.from, missing: Intact, other: Tampered}
		if c.needed || c.At.Before(t.Now.Truncate(24*time.Hour).Add(-archiveLimit)) {
			m.missing = Incomplete
		}
		if c.Epoch < epoch && !c.needed { // that a restore lost rows is no alarm for ever
			m.missing, m.other = Intact, Intact
		}
		if c.Number > report.Checkpoint.Number {
			report.Checkpoint, w.covered = c.Checkpoint, c.Heads
		}
		w.expect(m, c.Heads)
	}
	if err := w.archive(ctx, objects); err != nil {
		return nil, err
	}
	w.end()
	w.judge()
	report.sort()
	return report, nil
}
