// Package migrations owns the schema of the store: the same numbered steps for SQLite and for PostgreSQL, built into the
// binary.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// SQLite brings the database to the newest version. A database newer than this binary is left as it is, so that a
// roll-back of the binary works as long as the schema allows it.
func SQLite(ctx context.Context, db *sql.DB) error {
	return up(ctx, goose.DialectSQLite3, db, "sqlite")
}

// Postgres brings the database to the newest version under an advisory lock: of several instances that start at once one
// migrates and the others wait. The role of db must own the tables, unless they are of the newest version already.
func Postgres(ctx context.Context, db *sql.DB) error {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return up(ctx, goose.DialectPostgres, db, "postgres", goose.WithSessionLocker(locker))
}

func up(ctx context.Context, dialect goose.Dialect, db *sql.DB, folder string, options ...goose.ProviderOption) error {
	steps, err := fs.Sub(files, folder)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	options = append(options, goose.WithSlog(slog.New(slog.DiscardHandler)), goose.WithDisableGlobalRegistry(true))
	provider, err := goose.NewProvider(dialect, db, steps, options...)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if pending, err := provider.HasPending(ctx); err == nil && !pending {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
