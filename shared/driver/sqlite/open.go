package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	driver "modernc.org/sqlite" // registers "sqlite" with database/sql
	sqlite3 "modernc.org/sqlite/lib"
)

// checkpointPages is the length of the write-ahead log, in pages of 4 KiB, at which a commit copies it into the database.
// A longer log means fewer copies of pages that change often, a shorter one shorter pauses (BenchmarkPaced shows both).
const checkpointPages = "wal_autocheckpoint(4000)"

var (
	writerPragmas = []string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", checkpointPages,
		"cache_size(-8192)", "temp_store(MEMORY)", "journal_size_limit(67108864)",
	}
	readerPragmas = []string{"busy_timeout(5000)", "query_only(1)", "cache_size(-2048)"}
)

func openPool(path string, pragmas []string) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	// Opaque form: SQLite takes no host.
	return sql.Open("sqlite", "file:"+name.EscapedPath()+"?"+name.RawQuery)
}

// create makes the file, when it is missing, readable by its owner alone: it holds what people write about patients. SQLite
// gives the files beside it the same mode.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("it cannot be written: %w", err)
	}
	return f.Close()
}

// writable fails, with a clear reason, when the database cannot be opened for writing or is locked by something that does
// not take the lock file, such as a shell.
func writable(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err == nil {
		defer func() { _ = conn.Close() }() // what was written is answered by its own error
		if _, err = conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err == nil {
			_, err = conn.ExecContext(ctx, "ROLLBACK")
		}
	}
	switch code(err) {
	case sqlite3.SQLITE_OK:
		return err
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("another program is using it: %w", err)
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("not a SQLite database, or a damaged one: %w", err)
	default:
		return fmt.Errorf("it cannot be written: %w", err)
	}
}

// code returns the primary result code of an error of SQLite, or SQLITE_OK for any other.
func code(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code() & 0xff
	}
	return sqlite3.SQLITE_OK
}

// lockFile takes the lock that keeps a second process from the store. The operating system drops it when the process ends,
// however that happens; the file stays and names the last holder.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("its folder cannot be written: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer func() { _ = f.Close() }() // another process has the lock
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		holder := make([]byte, 32)
		n, _ := f.Read(holder) // nothing to read: the holder has just started
		return nil, fmt.Errorf("another corsia is using it (process %s)", strings.TrimSpace(string(holder[:n])))
	}
	if err := errors.Join(f.Truncate(0), write(f, fmt.Sprintln(os.Getpid()))); err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", path, err), f.Close())
	}
	return f, nil
}

func write(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}
