package audit

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"corsia/shared/collab"
)

const (
	daysPrefix     = "audit/days/"
	dayLayout      = "2006-01-02"
	objectLayout   = daysPrefix + "2006/01/02"
	rowsSuffix     = ".ndjson.gz"
	manifestSuffix = ".manifest.json"
	maxLineBytes   = 16 << 20
)

// Manifest describes one day's object of the archive (T5). Each names the one before it by its hash, so that none can be left
// out.
type Manifest struct {
	Day      string                `json:"day"` // rows that were recorded before its end, in UTC
	Epoch    int64                 `json:"epoch"`
	Object   string                `json:"object"`
	SHA256   string                `json:"sha256"` // of the object, hexadecimal
	Rows     int64                 `json:"rows"`
	Shards   map[int]ManifestShard `json:"shards"`             // those that have rows in it
	Previous string                `json:"previous,omitempty"` // SHA-256 of the manifest before it; empty: the first
	Written  time.Time             `json:"written"`
}

// ManifestShard is a shard's part of an object.
type ManifestShard struct {
	First int64  `json:"first"` // seq
	Last  int64  `json:"last"`
	Chain string `json:"chain"` // of the last row, hexadecimal
}

// AppendLine appends a sealed row as one line of JSON: its place, its hashes and the event, byte by byte as it was hashed.
func AppendLine(dst []byte, r *collab.SealedRow) []byte {
	dst = fmt.Appendf(dst, `{"shard":%d,"seq":%d,"leaf":"%x","chain":"%x",`, r.Shard, r.Seq, r.Leaf, r.Chain)
	if json.Valid(r.Body) && !bytes.ContainsAny(r.Body, "\n\r") {
		dst = append(append(dst, `"event":`...), r.Body...)
	} else {
		dst = append(append(dst, `"body_base64":"`...), base64.StdEncoding.EncodeToString(r.Body)...)
		dst = append(dst, '"')
	}
	return append(dst, "}\n"...)
}

// ParseLine reads what AppendLine writes.
func ParseLine(line []byte) (collab.SealedRow, error) {
	var l struct {
		Shard int             `json:"shard"`
		Seq   int64           `json:"seq"`
		Leaf  string          `json:"leaf"`
		Chain string          `json:"chain"`
		Event json.RawMessage `json:"event"`
		Body  []byte          `json:"body_base64"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return collab.SealedRow{}, fmt.Errorf("parse line of archive: %w", err)
	}
	row := collab.AuditRow{Shard: l.Shard, Body: l.Body}
	if l.Event != nil {
		row.Body = l.Event
		if e, err := Parse(l.Event); err == nil {
			row = e.Row()
			row.Shard, row.Body = l.Shard, l.Event
		}
	}
	sealed := columns(row)
	sealed.Seq = l.Seq
	for _, h := range []struct {
		to   *[32]byte
		from string
	}{{&sealed.Leaf, l.Leaf}, {&sealed.Chain, l.Chain}} {
		if n, err := hex.Decode(h.to[:], []byte(h.from[:min(len(h.from), 2*sha256.Size)])); err != nil || n != sha256.Size {
			return collab.SealedRow{}, errors.New("parse line of archive: a hash is none")
		}
	}
	return sealed, nil
}

// manifests returns the manifests of an archive with the bytes they were read from, in order.
func manifests(ctx context.Context, objects Objects) (all []Manifest, raw [][]byte, err error) {
	names, err := objects.List(ctx, daysPrefix)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, manifestSuffix) {
			continue
		}
		text, err := readObject(ctx, objects, name)
		if err != nil {
			return nil, nil, err
		}
		var m Manifest
		if err := json.Unmarshal(text, &m); err != nil {
			m = Manifest{Day: strings.TrimSuffix(strings.TrimPrefix(name, daysPrefix), manifestSuffix)} // the verifier finds no object
		}
		all, raw = append(all, m), append(raw, text)
	}
	return all, raw, nil
}

// ErrArchived is the error of a day that the archive has already, or that is before its last one.
var ErrArchived = errors.New("the archive has that day already")

// ArchiveDay writes the rows that follow those of the archive and were recorded before the end of a day, as one object,
// reads it back, verifies it, and only then writes its manifest (T5). The store keeps its rows.
func ArchiveDay(ctx context.Context, store TrailStore, objects Objects, day, now time.Time) (Manifest, error) {
	m, err := archiveDay(ctx, store, objects, day.UTC().Truncate(24*time.Hour), now)
	if err != nil {
		return Manifest{}, fmt.Errorf("archive audit of %s: %w", day.UTC().Format(dayLayout), err)
	}
	return m, nil
}

func archiveDay(ctx context.Context, store TrailStore, objects Objects, day, now time.Time) (Manifest, error) {
	state, err := store.AuditState(ctx)
	if err != nil {
		return Manifest{}, err
	}
	before, raw, err := manifests(ctx, objects)
	if err != nil {
		return Manifest{}, err
	}
	m := Manifest{Day: day.Format(dayLayout), Epoch: state.Epoch, Object: day.Format(objectLayout) + rowsSuffix, Shards: map[int]ManifestShard{}, Written: now.UTC()}
	if n := len(before); n > 0 {
		if before[n-1].Day >= m.Day {
			return m, ErrArchived
		}
		m.Previous = hexSum(raw[n-1])
	}
	start, err := archivedHeads(before)
	if err != nil {
		return m, err
	}
	if err := m.write(ctx, store, objects, start, day.Add(24*time.Hour)); err != nil {
		return m, err
	}
	if err := m.readBack(ctx, objects, start); err != nil {
		return m, err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	return m, objects.Put(ctx, day.Format(objectLayout)+manifestSuffix, bytes.NewReader(text))
}

// archivedHeads returns where the rows of the archive end.
func archivedHeads(all []Manifest) (map[int]collab.AuditHead, error) {
	heads := map[int]collab.AuditHead{}
	for _, m := range all {
		for shard, part := range m.Shards {
			h := collab.AuditHead{Seq: part.Last}
			if _, err := hex.Decode(h.Chain[:], []byte(part.Chain[:min(len(part.Chain), 2*sha256.Size)])); err != nil {
				return nil, fmt.Errorf("manifest of %s: %w", m.Day, err)
			}
			heads[shard] = h
		}
	}
	return heads, nil
}

// write writes the object and counts what is in it.
func (m *Manifest) write(ctx context.Context, store TrailStore, objects Objects, start map[int]collab.AuditHead, end time.Time) error {
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
		if err := m.writeShard(ctx, store, zip, shard, start[shard].Seq, end); err != nil {
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
	return objects.Put(ctx, m.Object, file)
}

// writeShard writes the rows after seq, up to the last one that was recorded before the end of the day. One that was recorded
// later and chained before it goes with it, so that the archive has no gap.
func (m *Manifest) writeShard(ctx context.Context, store TrailStore, to io.Writer, shard int, after int64, end time.Time) error {
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

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
