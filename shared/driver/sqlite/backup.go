package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	driver "modernc.org/sqlite"

	"corsia/shared/collab"
)

// Backup is a store as a whole: its file is copied, restored and compared, also while a gateway uses it (SPEC O4).
type Backup struct {
	*Trail // nil until Load, unless the file was there
	path   string
}

// OpenBackup returns the store at path, which need not exist.
func OpenBackup(ctx context.Context, path string) (*Backup, error) {
	b := &Backup{path: path}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return b, nil
	}
	return b, b.open(ctx)
}

func (b *Backup) open(ctx context.Context) (err error) {
	b.Trail, err = OpenTrail(ctx, b.path)
	return err
}

// Close closes the file.
func (b *Backup) Close() error {
	if b.Trail == nil {
		return nil
	}
	return b.Trail.Close()
}

var errNoStore = errors.New("there is no store")

// Dump writes the file as it is at one moment, and returns what it holds then: the copy and the count are of one snapshot.
func (b *Backup) Dump(ctx context.Context, to io.Writer) (inv collab.Inventory, err error) {
	if b.Trail == nil {
		return inv, fmt.Errorf("dump store %s: %w", b.path, errNoStore)
	}
	folder, err := os.MkdirTemp("", "corsia-backup-")
	if err != nil {
		return inv, fmt.Errorf("dump store %s: %w", b.path, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	copied := filepath.Join(folder, "corsia.db")
	if inv, err = b.snapshot(ctx, copied); err != nil {
		return inv, fmt.Errorf("dump store %s: %w", b.path, err)
	}
	file, err := os.Open(copied)
	if err != nil {
		return inv, err
	}
	defer func() { _ = file.Close() }() // it was read
	if _, err := io.Copy(to, file); err != nil {
		return inv, fmt.Errorf("dump store %s: %w", b.path, err)
	}
	return inv, nil
}

// snapshot counts the store, and copies it to a file unless that is "", in one transaction of one connection.
func (b *Backup) snapshot(ctx context.Context, to string) (inv collab.Inventory, err error) {
	conn, err := b.readers.Conn(ctx)
	if err != nil {
		return inv, err
	}
	defer func() { _ = conn.Close() }() // it is given back to its pool
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return inv, err
	}
	defer tx.Rollback() // it has written nothing
	if inv, err = b.inventory(ctx, tx); err != nil || to == "" {
		return inv, err
	}
	return inv, conn.Raw(func(c any) error {
		source, can := c.(interface {
			NewBackup(string) (*driver.Backup, error)
		})
		if !can {
			return errors.New("the library makes no copies")
		}
		backup, err := source.NewBackup(to)
		if err != nil {
			return err
		}
		for more := true; more; {
			if more, err = backup.Step(copyPages); err != nil {
				return errors.Join(err, backup.Finish())
			}
			if err := ctx.Err(); err != nil {
				return errors.Join(err, backup.Finish())
			}
		}
		return backup.Finish()
	})
}

const copyPages = 4096 // of 4 KiB, between two looks at ctx

// Inventory counts what the file holds now, in one snapshot.
func (b *Backup) Inventory(ctx context.Context) (collab.Inventory, error) {
	if b.Trail == nil {
		return collab.Inventory{}, fmt.Errorf("count store %s: %w", b.path, errNoStore)
	}
	inv, err := b.snapshot(ctx, "")
	if err != nil {
		return inv, fmt.Errorf("count store %s: %w", b.path, err)
	}
	return inv, nil
}

func (b *Backup) inventory(ctx context.Context, tx *sql.Tx) (inv collab.Inventory, err error) {
	inv.Engine, inv.Tool = "sqlite", "modernc.org/sqlite"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == inv.Tool {
				inv.Tool += " " + m.Version
			}
		}
	}
	if inv.Database, err = filepath.Abs(b.path); err != nil {
		return inv, err
	}
	if err := tx.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&inv.Server); err != nil {
		return inv, err
	}
	names, err := collect(ctx, tx, func(s scanner) (name string, err error) {
		err = s.Scan(&name)
		return name, err
	}, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
	if err != nil {
		return inv, err
	}
	inv.At = time.Now().UTC() // the snapshot began with the first read
	if len(names) == 0 {
		return inv, errors.New("there is no table in it")
	}
	for _, name := range names {
		t, err := sumTable(ctx, tx, name)
		if err != nil {
			return inv, fmt.Errorf("count %s: %w", name, err)
		}
		inv.Tables = append(inv.Tables, t)
	}
	err = tx.QueryRowContext(ctx, `SELECT (SELECT ifnull(max(version_id), 0) FROM goose_db_version), (SELECT ifnull(max(epoch), 0) FROM audit_epochs),
		(SELECT ifnull(max(number), 0) FROM audit_checkpoints)`).Scan(&inv.Schema, &inv.AuditEpoch, &inv.Checkpoint)
	return inv, err
}

// sumTable adds up the rows of a table: of each, what SQL would write for its columns.
func sumTable(ctx context.Context, tx *sql.Tx, name string) (t collab.TableSum, err error) {
	t.Name = name
	columns, err := collect(ctx, tx, func(s scanner) (column string, err error) {
		err = s.Scan(&column)
		return column, err
	}, "SELECT name FROM pragma_table_info(?) ORDER BY cid", name)
	if err != nil {
		return t, err
	}
	for i := range columns {
		columns[i] = "quote(" + quoted(columns[i]) + ")"
	}
	rows, err := tx.QueryContext(ctx, "SELECT "+strings.Join(columns, " || ',' || ")+" FROM "+quoted(name)) //nolint:gosec // G202: names of the schema, quoted
	if err != nil {
		return t, err
	}
	defer rows.Close()
	sum, one := new(big.Int), new(big.Int)
	var text sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&text); err != nil {
			return t, err
		}
		hash := sha256.Sum256(text)
		sum.Add(sum, one.SetInt64(int64(binary.BigEndian.Uint64(hash[:8]))))
		t.Rows++
		t.Bytes += int64(len(text))
	}
	t.Sum = sum.String()
	return t, rows.Err()
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Documents hands every document to each: what opens it, read at one moment.
func (b *Backup) Documents(ctx context.Context, each func(collab.Resource, collab.Snapshot) error) error {
	all, err := collect(ctx, b.readers, func(s scanner) (r collab.Resource, err error) {
		err = s.Scan(&r.Tenant, &r.ID)
		return r, err
	}, "SELECT tenant, resource_id FROM yjs_heads WHERE revision > 0 ORDER BY tenant, resource_id")
	if err != nil {
		return fmt.Errorf("list documents: %w", err)
	}
	db := &DB{Trail: b.Trail, path: b.path}
	for _, r := range all {
		s, err := db.Load(ctx, r)
		if err != nil {
			return err
		}
		if err := each(r, s); err != nil {
			return err
		}
	}
	return nil
}

// Record keeps audit rows, past the gateway.
func (b *Backup) Record(ctx context.Context, rows ...collab.AuditRow) error {
	return b.change(ctx, func(w *writer) error { return w.audit(rows) })
}

// change makes one transaction of f with a connection of its own, for which a gateway waits.
func (b *Backup) change(ctx context.Context, f func(*writer) error) (err error) {
	pool, err := openPool(b.path, writerPragmas)
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, pool.Close()) }()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	w := &writer{conn: conn, statements: map[string]*sql.Stmt{}}
	defer w.close()
	if err := w.exec(stmtBegin); err != nil {
		return err
	}
	if err := f(w); err != nil {
		return w.rollback(err)
	}
	if err := w.exec(stmtCommit); err != nil {
		return w.rollback(err)
	}
	return nil
}

// Behind says that no write-ahead log is kept.
func (b *Backup) Behind(context.Context) (time.Duration, bool, error) { return 0, false, nil }
