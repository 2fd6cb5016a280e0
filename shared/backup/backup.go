package backup

import (
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

// Dumper is the store that is backed up.
type Dumper interface {
	// Dump writes the store and returns what it holds, both of one snapshot.
	Dump(ctx context.Context, to io.Writer) (collab.Inventory, error)
}

// Options of Make.
type Options struct {
	Program    string // version of corsia
	Redundancy string // as in Manifest
	Now        func() time.Time
}

// formats names what an engine's Dump writes, and the object's name.
func formats(engine string) (format, name string) {
	if engine == engineSQLite {
		return "SQLite file, gzip", "corsia.db.gz"
	}
	return "pg_dump custom format, gzip", "corsia.dump.gz"
}

// Make backs a store up: the dump goes compressed into the archive while it is made, then its manifest. A backup that fails
// leaves no manifest, and so is none.
func Make(ctx context.Context, objects Objects, engine string, store Dumper, o Options) (*Manifest, error) {
	m := &Manifest{Version: 1, Started: o.Now().UTC(), Program: o.Program, Redundancy: o.Redundancy}
	m.ID = m.Started.Format(idLayout)
	var name string
	m.Format, name = formats(engine)
	m.Object = prefix + m.ID + "/" + name
	if there, err := objects.List(ctx, prefix+m.ID+"/"); err != nil || len(there) > 0 {
		return nil, errors.Join(fmt.Errorf("back up: another backup, %s, was begun in this second", m.ID), err)
	}
	if err := m.dump(ctx, objects, store); err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	m.Ended = o.Now().UTC()
	if err := m.write(ctx, objects); err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	return m, nil
}

// dump runs the store's dump and the archive's upload against each other.
func (m *Manifest) dump(ctx context.Context, objects Objects, store Dumper) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reader, writer := io.Pipe()
	stored := make(chan error, 1)
	go func() {
		err := objects.Put(ctx, m.Object, reader)
		_ = reader.CloseWithError(err) // who still writes hears of it
		stored <- err
	}()
	sum, packed := sha256.New(), &counter{}
	zip := gzip.NewWriter(io.MultiWriter(writer, sum, packed))
	raw := &counter{}
	inventory, err := store.Dump(ctx, io.MultiWriter(zip, raw))
	if err == nil {
		err = zip.Close()
	}
	_ = writer.CloseWithError(err) // nil ends the object, an error undoes it
	if put := <-stored; err == nil {
		err = put
	}
	m.Inventory, m.SHA256, m.Bytes, m.DumpBytes = inventory, hex.EncodeToString(sum.Sum(nil)), packed.n, raw.n
	return err
}

// counter counts bytes.
type counter struct{ n int64 }

// Write counts.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
