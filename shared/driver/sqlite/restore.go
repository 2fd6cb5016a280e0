package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"corsia/shared/collab"
)

// Standing tells what is at the place now. A file that is there is never empty: it is somebody's.
func (b *Backup) Standing(context.Context) (s collab.Standing, err error) {
	if s.Database, err = filepath.Abs(b.path); err != nil {
		return s, err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if _, err := os.Lstat(b.path + suffix); err == nil {
			s.Exists = true
		} else if !errors.Is(err, os.ErrNotExist) {
			return s, fmt.Errorf("look at the place of the restore: %w", err)
		}
	}
	return s, nil
}

// Create makes the folder; Load makes the file.
func (b *Backup) Create(context.Context) error {
	if err := os.MkdirAll(filepath.Dir(b.path), 0o700); err != nil {
		return fmt.Errorf("create store: %w", err)
	}
	return nil
}

// Drop removes the file and those beside it.
func (b *Backup) Drop(context.Context) error {
	err := b.Close()
	b.Trail = nil
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		if e := os.Remove(b.path + suffix); !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// Note is for servers with a place for comments.
func (b *Backup) Note(context.Context, string) error { return nil }

// List returns the tables of a copy.
func (b *Backup) List(ctx context.Context, file string) ([]string, error) {
	t, err := OpenTrail(ctx, file)
	if err != nil {
		return nil, err
	}
	names, err := collect(ctx, t.readers, func(s scanner) (name string, err error) {
		err = s.Scan(&name)
		return name, err
	}, "SELECT name FROM sqlite_schema WHERE type = 'table'")
	return names, errors.Join(err, t.Close())
}

// Load makes the file from a copy, and asks SQLite whether it is whole.
func (b *Backup) Load(ctx context.Context, file string, loaded func(table string)) (err error) {
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was read
	to, err := os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create store: %w", err)
	}
	_, err = io.Copy(to, from)
	if err == nil {
		err = to.Sync()
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("write store: %w", err)
	}
	if err := b.open(ctx); err != nil {
		return err
	}
	var verdict string
	if err := b.readers.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil || verdict != "ok" {
		return fmt.Errorf("the copy is damaged: %s: %w", verdict, err)
	}
	loaded("")
	return nil
}

// Grant is for servers with roles.
func (b *Backup) Grant(context.Context, string) error {
	return errors.New("a SQLite file has no roles")
}

// OpenEpoch opens a new epoch in one transaction (SPEC D8): documents, their client ids and fences go on where the lost time
// cannot have been, locks that were open end. A document that an erasure has brought further goes on from there.
func (b *Backup) OpenEpoch(ctx context.Context, o collab.EpochOpening) (done collab.EpochOpened, err error) {
	err = b.change(ctx, func(w *writer) error {
		done, err = w.openEpoch(o)
		return err
	})
	if err != nil {
		return collab.EpochOpened{}, fmt.Errorf("open epoch %d: %w", o.Epoch, err)
	}
	return done, nil
}

func (w *writer) openEpoch(o collab.EpochOpening) (done collab.EpochOpened, err error) {
	var last int64
	if _, err := w.row("SELECT ifnull(max(epoch), 0) FROM audit_epochs", nil, &last); err != nil {
		return done, err
	}
	if o.Epoch <= last {
		return done, fmt.Errorf("the store is of epoch %d already", last)
	}
	rows, err := w.rows("UPDATE locks SET closed_at = ?, closed_reason = ? WHERE closed_at IS NULL RETURNING "+lockColumns,
		micros(o.At), collab.LockSessionTimeout)
	if err != nil {
		return done, err
	}
	closed, err := drain(rows, scanLock)
	if err != nil {
		return done, fmt.Errorf("close locks: %w", err)
	}
	done.Locks = int64(len(closed))
	passed := o.Epoch - last
	if done.Documents, err = w.changed("UPDATE yjs_heads SET epoch = max(?, epoch + 1), guard = guard + 1, next_client = next_client + ?",
		o.Epoch-1, passed*collab.ClientsPerEpoch); err != nil {
		return done, err
	}
	if err := w.exec(`UPDATE yjs_states SET epoch = (SELECT h.epoch FROM yjs_heads h
		WHERE h.tenant = yjs_states.tenant AND h.resource_id = yjs_states.resource_id)`); err != nil {
		return done, err
	}
	if done.Fences, err = w.changed("UPDATE lock_fences SET fence = fence + ?", passed*collab.FencesPerEpoch); err != nil {
		return done, err
	}
	if err := w.exec("INSERT INTO audit_epochs (epoch, opened_at) VALUES (?, ?)", o.Epoch, micros(o.At)); err != nil {
		return done, err
	}
	return done, w.audit(o.Audit(closed))
}
