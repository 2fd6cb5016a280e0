package backup

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"corsia/shared/collab"
)

// minDumpBytes is less than any dump of a store has: its schema alone is more.
const minDumpBytes = 1024

// CheckOptions say what Check asks for.
type CheckOptions struct {
	MaxAge time.Duration // 0: any age
	Now    func() time.Time
}

// Check verifies a backup where it lies, without PostgreSQL: levels 0 to 2. The report says how far it came; the error is a
// *Failure, or says that the archive could not be read.
func Check(ctx context.Context, objects Objects, id string, o CheckOptions) (*Report, error) {
	r := newReport(kindCheck, id, o.Now)
	return r, r.end(r.check(ctx, objects, o))
}

func (r *Report) check(ctx context.Context, objects Objects, o CheckOptions) error {
	var m *Manifest
	err := r.step("look", 0, func() (err error) {
		m, err = r.exists(ctx, objects, o)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.step("read", 0, func() error { return r.whole(ctx, objects, m, io.Discard) }); err != nil {
		return err
	}
	return r.step("list", 0, func() error {
		dump, err := objects.Get(ctx, m.Object)
		if err != nil {
			return fmt.Errorf("read %s: %w", m.Object, err)
		}
		defer dump.Close()
		zip, err := gzip.NewReader(dump)
		if err != nil {
			return failed(Readable, "%w", err)
		}
		return r.listed(m, zip)
	})
}

// exists is level 0.
func (r *Report) exists(ctx context.Context, objects Objects, o CheckOptions) (*Manifest, error) {
	m, err := ReadManifest(ctx, objects, r.Backup)
	if errors.Is(err, collab.ErrNotFound) {
		return nil, failed(Exists, "there is no manifest: the backup was not completed")
	}
	if err != nil {
		return nil, err
	}
	r.SnapshotAt, r.Tables, r.Rows, r.Bytes, r.Schema = m.At, len(m.Tables), m.Rows(), m.Bytes, m.Schema
	keys, err := objects.List(ctx, m.Object)
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for %s: %w", m.Object, err)
	case !slices.Contains(keys, m.Object):
		return nil, failed(Exists, "there is no %s", m.Object)
	case o.MaxAge > 0 && r.Started.Sub(m.At) > o.MaxAge:
		return nil, failed(Exists, "it is of %s, %s ago: more than %s", m.At.Format(time.RFC3339), r.Started.Sub(m.At).Truncate(time.Second), o.MaxAge)
	case m.Bytes < 1 || m.DumpBytes < minDumpBytes || len(m.Tables) == 0:
		return nil, failed(Exists, "the manifest is of a dump of %d bytes with %d tables", m.DumpBytes, len(m.Tables))
	}
	empty, err := isEmpty(ctx, objects, m.Object)
	if err != nil {
		return nil, err
	}
	if empty {
		return nil, failed(Exists, "%s is empty", m.Object)
	}
	r.pass(Exists)
	return m, nil
}

func isEmpty(ctx context.Context, objects Objects, key string) (bool, error) {
	dump, err := objects.Get(ctx, key)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	defer dump.Close()
	n, err := io.ReadFull(dump, make([]byte, 1))
	if n == 0 && errors.Is(err, io.EOF) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	return false, nil
}

// whole is level 1. What is in the object goes to a writer as it was before gzip.
func (r *Report) whole(ctx context.Context, objects Objects, m *Manifest, to io.Writer) error {
	dump, err := objects.Get(ctx, m.Object)
	if err != nil {
		return fmt.Errorf("read %s: %w", m.Object, err)
	}
	defer dump.Close()
	tap := &tap{from: dump, sum: sha256.New()}
	in := bufio.NewReaderSize(tap, 1<<20)
	out, bad := &counter{}, error(nil)
	zip, err := gzip.NewReader(in)
	if err != nil {
		bad = err
	} else {
		sink := &sink{to: io.MultiWriter(to, out)}
		if _, bad = io.CopyN(sink, zip, m.DumpBytes+1); sink.err != nil { // no more than that, whatever gzip makes of it
			return fmt.Errorf("write what was read: %w", sink.err)
		}
		if errors.Is(bad, io.EOF) { // the end, which gzip has verified
			bad = nil
		}
	}
	_, err = io.Copy(io.Discard, in) // to the end, for the hash
	if errors.Is(tap.err, collab.ErrDamaged) {
		return failed(Checksum, "%w", tap.err)
	}
	if err != nil || tap.err != nil {
		return fmt.Errorf("read %s: %w", m.Object, errors.Join(err, tap.err))
	}
	switch got := hex.EncodeToString(tap.sum.Sum(nil)); {
	case tap.n != m.Bytes:
		return failed(Checksum, "it has %d bytes, and the manifest says %d", tap.n, m.Bytes)
	case got != m.SHA256:
		return failed(Checksum, "its SHA-256 is %s, and the manifest says %s", got, m.SHA256)
	case bad != nil:
		return failed(Checksum, "gzip: %w", bad)
	case out.n != m.DumpBytes:
		return failed(Checksum, "it holds %d bytes, and the manifest says %d", out.n, m.DumpBytes)
	}
	r.pass(Checksum)
	return nil
}

// tap hashes what is read, and tells an archive that cannot be read from an object that is damaged.
type tap struct {
	from io.Reader
	sum  hash.Hash
	n    int64
	err  error
}

// Read reads and hashes.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	t.sum.Write(p[:n]) // never fails
	t.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

// sink remembers that the disk, and not what was read, is the trouble.
type sink struct {
	to  io.Writer
	err error
}

// Write writes.
func (s *sink) Write(p []byte) (n int, err error) {
	n, err = s.to.Write(p)
	s.err = err
	return n, err
}

// listed is level 2 by our own reader.
func (r *Report) listed(m *Manifest, dump io.Reader) error {
	if m.Engine == engineSQLite {
		const magic = "SQLite format 3\x00"
		head := make([]byte, len(magic))
		if _, err := io.ReadFull(dump, head); err != nil || string(head) != magic {
			return failed(Readable, "it is no SQLite file")
		}
		r.pass(Readable)
		return nil
	}
	tables, err := dumped(dump)
	if err != nil {
		return failed(Readable, "%w", err)
	}
	return r.complete(m, tables)
}

// complete asks whether a list has all tables of the manifest.
func (r *Report) complete(m *Manifest, tables []string) error {
	for _, t := range m.Tables {
		if !slices.Contains(tables, t.Name) {
			return failed(Readable, "table %s is not in it", t.Name)
		}
	}
	r.pass(Readable)
	return nil
}
