package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"corsia/shared/collab"
)

// productionMark begins the comment of a database that is production: no restore touches it, whatever is in it. The operator
// sets it: COMMENT ON DATABASE corsia IS 'corsia:production'.
const productionMark = "corsia:production"

// maintenance is the database in which others are created and dropped.
const maintenance = "postgres"

// Standing tells what is at the place now.
func (b *Backup) Standing(ctx context.Context) (s collab.Standing, err error) {
	err = b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		s.Exists = true
		var comment string
		var objects int
		var at collab.Inventory
		if err := conn.QueryRow(ctx, place).Scan(&at.Database, &at.Server, &at.At, &at.System, &at.Position, &at.Timeline); err != nil {
			return err
		}
		s.System, s.Database, s.Timeline = at.System, at.Database, at.Timeline
		err := conn.QueryRow(ctx, `SELECT coalesce(shobj_description((SELECT oid FROM pg_database WHERE datname = current_database()), 'pg_database'), ''),
			(SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'),
			EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'corsia')`).Scan(&comment, &objects, &s.InUse)
		s.Empty = objects == 0
		if strings.HasPrefix(comment, productionMark) {
			s.Marked = "its comment begins with " + productionMark
		}
		return err
	})
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "3D000" { // no such database
		return collab.Standing{}, nil
	}
	if err != nil {
		return collab.Standing{}, fmt.Errorf("look at the place of the restore: %w", err)
	}
	return s, nil
}

// maintain runs a statement about the database in another one of the same server.
func (b *Backup) maintain(ctx context.Context, statement string) error {
	config := b.config.Copy()
	config.Database = maintenance
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}

func (b *Backup) name() string { return pgx.Identifier{b.config.Database}.Sanitize() }

// Create creates the database, empty.
func (b *Backup) Create(ctx context.Context) error {
	if err := b.maintain(ctx, "CREATE DATABASE "+b.name()+" TEMPLATE template0"); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

// Drop drops the database, whoever is connected to it.
func (b *Backup) Drop(ctx context.Context) error {
	b.pool.Reset() // our own connections
	if err := b.maintain(ctx, "DROP DATABASE "+b.name()+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database: %w", err)
	}
	return nil
}

// Note writes a comment on the database, for whoever looks at the server.
func (b *Backup) Note(ctx context.Context, text string) error {
	return b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "COMMENT ON DATABASE "+b.name()+" IS '"+strings.ReplaceAll(text, "'", "''")+"'")
		return err
	})
}

// List returns the tables whose rows a dump has, by pg_restore --list.
func (b *Backup) List(ctx context.Context, file string) ([]string, error) {
	cmd, errs := b.tool(ctx, "pg_restore", "--list", file)
	cmd.Args = cmd.Args[:len(cmd.Args)-1] // of no database
	out, err := cmd.Output()
	if err != nil {
		return nil, toolError("pg_restore --list", err, errs)
	}
	var found []string
	for line := range strings.Lines(string(out)) {
		if m := listed.FindStringSubmatch(line); m != nil {
			found = append(found, m[1])
		}
	}
	return found, nil
}

// listed is a line of pg_restore --list: dump id; oids; TABLE DATA schema table owner.
var listed = regexp.MustCompile(`^\d+; \d+ \d+ TABLE DATA \S+ (\S+) `)

// loadJobs is how many tables and indexes are restored at the same time.
const loadJobs = 2

// finished is a line of pg_restore --verbose with jobs.
var finished = regexp.MustCompile(`finished item \d+ TABLE DATA (\S+)`)

// Load restores a dump into the database, which is empty. Owners and privileges are not restored: all belongs to the role of
// the URL, nobody else may do anything, and Grant says who may. Each table is named when its rows are in.
func (b *Backup) Load(ctx context.Context, file string, loaded func(table string)) error {
	cmd, errs := b.tool(ctx, "pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password", "--verbose",
		"--jobs="+strconv.Itoa(loadJobs), file)
	said, writer := io.Pipe()
	cmd.Stderr = io.MultiWriter(errs, writer)
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			if m := finished.FindStringSubmatch(lines.Text()); m != nil {
				loaded(m[1])
			}
		}
		_, _ = io.Copy(io.Discard, said) // a line that is too long is none of ours
	}()
	err := cmd.Run()
	_ = writer.Close() // never fails
	<-done
	if err != nil {
		return toolError("pg_restore", err, errs)
	}
	return b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, `DO $$ BEGIN
			EXECUTE format('REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', current_schema()); END $$`); err != nil {
			return fmt.Errorf("revoke privileges: %w", err)
		}
		if _, err := conn.Exec(ctx, "ANALYZE"); err != nil {
			return fmt.Errorf("analyze: %w", err)
		}
		return nil
	})
}

// Grant gives a role what the gateway needs.
func (b *Backup) Grant(ctx context.Context, role string) error {
	return b.grant(ctx, "SELECT grant_application($1::text::regrole)", role)
}

// GrantArchiver gives a role what archiving the audit trail needs. It is another than the gateway's.
func (b *Backup) GrantArchiver(ctx context.Context, role string) error {
	return b.grant(ctx, "SELECT grant_archiver($1::text::regrole)", role)
}

func (b *Backup) grant(ctx context.Context, statement, role string) error {
	return b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, statement, role); err != nil {
			return fmt.Errorf("grant to %s: %w", role, err)
		}
		return nil
	})
}

// OpenEpoch opens a new epoch in one transaction (SPEC D8): documents, their client ids and fences go on where the lost time
// cannot have been, locks that were open end. A document that an erasure has brought further goes on from there.
func (b *Backup) OpenEpoch(ctx context.Context, o collab.EpochOpening) (done collab.EpochOpened, err error) {
	err = b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			done, err = openEpoch(ctx, tx, o)
			return err
		})
	})
	if err != nil {
		return collab.EpochOpened{}, fmt.Errorf("open epoch %d: %w", o.Epoch, err)
	}
	return done, nil
}

func openEpoch(ctx context.Context, tx pgx.Tx, o collab.EpochOpening) (done collab.EpochOpened, err error) {
	if _, err := tx.Exec(ctx, "LOCK TABLE audit_epochs IN SHARE ROW EXCLUSIVE MODE"); err != nil {
		return done, err
	}
	var last int64
	if err := tx.QueryRow(ctx, "SELECT coalesce(max(epoch), 0) FROM audit_epochs").Scan(&last); err != nil {
		return done, err
	}
	if o.Epoch <= last {
		return done, fmt.Errorf("the store is of epoch %d already", last)
	}
	rows, err := tx.Query(ctx, `UPDATE locks SET closed_at = $1, closed_reason = $2 WHERE closed_at IS NULL RETURNING `+lockColumns,
		o.At, string(collab.LockSessionTimeout))
	if err != nil {
		return done, err
	}
	closed, err := collect(rows, scanLock)
	if err != nil {
		return done, fmt.Errorf("close locks: %w", err)
	}
	done.Locks = int64(len(closed))
	passed := o.Epoch - last
	for _, step := range []struct {
		count *int64
		sql   string
		args  []any
	}{
		{&done.Documents, "UPDATE yjs_heads SET epoch = greatest($1, epoch + 1), guard = guard + 1, next_client = next_client + $2", []any{o.Epoch - 1, passed * collab.ClientsPerEpoch}},
		{nil, "UPDATE yjs_states s SET epoch = h.epoch FROM yjs_heads h WHERE h.tenant = s.tenant AND h.resource_id = s.resource_id", nil},
		{&done.Fences, "UPDATE lock_fences SET fence = fence + $1", []any{passed * collab.FencesPerEpoch}},
		{nil, "INSERT INTO audit_epochs (epoch, opened_at) VALUES ($1, $2)", []any{o.Epoch, o.At}},
	} {
		tag, err := tx.Exec(ctx, step.sql, step.args...)
		if err != nil {
			return done, err
		}
		if step.count != nil {
			*step.count = tag.RowsAffected()
		}
	}
	return done, record(ctx, tx, o.Audit(closed))
}
