// Package backup owns backups: how one is made and described, the six levels by which it is verified, how a store is restored
// from it, and how long it is kept (SPEC O4). What is in a store, and how it is dumped, the drivers know.
package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"corsia/shared/collab"
)

// Where backups are in an archive: a folder each, named by the time at which it was begun.
const (
	prefix       = "backups/"
	idLayout     = "20060102T150405Z"
	manifestName = "manifest.json"
	reports      = prefix + "reports/"

	maxManifestBytes = 4 << 20
)

// Engines that inventories name.
const (
	enginePostgres = "postgres"
	engineSQLite   = "sqlite"
)

// Manifest describes a backup. It is written last: without it there is no backup.
type Manifest struct {
	Version    int       `json:"version"`
	ID         string    `json:"id"`     // when it was begun
	Object     string    `json:"object"` // key of the dump
	Format     string    `json:"format"`
	SHA256     string    `json:"sha256"` // of the object, hexadecimal
	Bytes      int64     `json:"bytes"`  // of the object
	DumpBytes  int64     `json:"dumpBytes"`
	Started    time.Time `json:"started"`
	Ended      time.Time `json:"ended"`
	Program    string    `json:"program"`              // version of corsia
	Redundancy string    `json:"redundancy,omitempty"` // what keeps a copy elsewhere, as the operator says; empty: nobody said

	collab.Inventory
}

// Rows returns how many rows the backup has.
func (m *Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// Objects is the archive: a folder, a bucket.
type Objects interface {
	Put(ctx context.Context, key string, content io.Reader) error
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	List(ctx context.Context, prefix string) ([]string, error)
}

// ErrNone is the error of an archive without a backup.
var ErrNone = errors.New("the archive has no backup")

// IDs returns the backups of an archive, the oldest first: those that have a manifest.
func IDs(ctx context.Context, objects Objects) ([]string, error) {
	keys, err := objects.List(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("list backups: %w", err)
	}
	var ids []string
	for _, key := range keys {
		id := path.Base(path.Dir(key))
		if _, err := time.Parse(idLayout, id); err == nil && key == manifestKey(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Newest returns the id of the last backup.
func Newest(ctx context.Context, objects Objects) (string, error) {
	ids, err := IDs(ctx, objects)
	if err != nil {
		return "", err
	}
	if len(ids) == 0 {
		return "", ErrNone
	}
	return ids[len(ids)-1], nil
}

func manifestKey(id string) string { return prefix + id + "/" + manifestName }

// ReadManifest returns the manifest of a backup.
func ReadManifest(ctx context.Context, objects Objects, id string) (*Manifest, error) {
	if _, err := time.Parse(idLayout, id); err != nil {
		return nil, fmt.Errorf("%q names no backup: names are such as 20260301T020000Z", id)
	}
	r, err := objects.Get(ctx, manifestKey(id))
	if err != nil {
		return nil, fmt.Errorf("read manifest of %s: %w", id, err)
	}
	defer r.Close()
	m := &Manifest{}
	if err := json.NewDecoder(io.LimitReader(r, maxManifestBytes)).Decode(m); err != nil {
		return nil, fmt.Errorf("read manifest of %s: %w", id, err)
	}
	if m.ID != id || !strings.HasPrefix(m.Object, prefix+id+"/") || m.Version != 1 {
		return nil, fmt.Errorf("the manifest of %s is of something else", id)
	}
	return m, nil
}

func (m *Manifest) write(ctx context.Context, objects Objects) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	return objects.Put(ctx, manifestKey(m.ID), strings.NewReader(string(text)+"\n"))
}
