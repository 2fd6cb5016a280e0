package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"corsia/shared/collab"
)

// Backup is a store as a whole: it is dumped, restored and compared, past the gateways that use it (SPEC O4). Its methods have
// no deadline but ctx: a large store takes long.
type Backup struct {
	*Trail
	address string
	config  *pgx.ConnConfig
	pool    *pgxpool.Pool // connects when it is used
}

// backupConns are one that dumps and one beside it.
const backupConns = 2

// OpenBackup returns the store at a URL, which need not exist.
func OpenBackup(ctx context.Context, address string) (*Backup, error) {
	settings, err := configure(address, production)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	b := &Backup{address: address, config: settings.ConnConfig}
	for name := range production.parameters() { // deadlines, and plans for a gateway's short statements
		delete(b.config.RuntimeParams, name)
	}
	b.config.RuntimeParams["application_name"] = "corsia-backup"
	for name, value := range plainText {
		b.config.RuntimeParams[name] = value
	}
	settings.AfterConnect, settings.MaxConns = nil, backupConns
	if b.pool, err = pgxpool.NewWithConfig(ctx, settings); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	b.Trail = &Trail{look: b.with, close: b.pool.Close}
	return b, nil
}

// plainText are the settings on which the text of a row depends: the same rows have the same text everywhere.
var plainText = map[string]string{
	"DateStyle": "ISO, YMD", "TimeZone": "UTC", "IntervalStyle": "postgres", "bytea_output": "hex", "extra_float_digits": "1",
	"idle_in_transaction_session_timeout": "0", "statement_timeout": "0",
}

// with gives f a connection.
func (b *Backup) with(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	conn, err := b.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Release()
	return f(ctx, conn.Conn())
}

// Dump writes the database in pg_dump's custom format, not compressed, and returns what it holds. Dump and inventory are of
// one snapshot, whatever others write meanwhile.
func (b *Backup) Dump(ctx context.Context, to io.Writer) (inv collab.Inventory, err error) {
	err = b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has written nothing
		var snapshot string
		if err := tx.QueryRow(ctx, "SELECT pg_export_snapshot()").Scan(&snapshot); err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		cmd, errs := b.tool(ctx, "pg_dump", "--format=custom", "--compress=0", "--no-password", "--snapshot="+snapshot)
		cmd.Stdout = to
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("start pg_dump: %w", err)
		}
		inv, err = inventory(ctx, tx)
		if err != nil {
			cancel()
		}
		if waited := cmd.Wait(); waited != nil && err == nil {
			err = toolError("pg_dump", waited, errs)
		}
		return err
	})
	if err == nil {
		inv.Tool, err = version(ctx, "pg_dump")
	}
	if err != nil {
		return collab.Inventory{}, fmt.Errorf("dump store: %w", err)
	}
	return inv, nil
}

// Inventory counts what the database holds now, in one snapshot.
func (b *Backup) Inventory(ctx context.Context) (inv collab.Inventory, err error) {
	err = b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			inv, err = inventory(ctx, tx)
			return err
		})
	})
	if err != nil {
		return collab.Inventory{}, fmt.Errorf("count store: %w", err)
	}
	return inv, nil
}

// place reads where the server is. What a role may not know, or a server does not tell, stays empty.
const (
	place = `SELECT current_database(), current_setting('server_version'), clock_timestamp(),
		CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE') THEN (SELECT system_identifier::text FROM pg_control_system()) ELSE '' END,
		CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text ELSE pg_current_wal_lsn()::text END,
		CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END`
	tables = `SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY c.relname`
	sum = `SELECT count(*), coalesce(sum(('x' || encode(substr(sha256(convert_to(t::text, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint::numeric), 0)::text
		FROM %s t`
)

func inventory(ctx context.Context, tx pgx.Tx) (inv collab.Inventory, err error) {
	inv.Engine = "postgres"
	if err := tx.QueryRow(ctx, place).Scan(&inv.Database, &inv.Server, &inv.At, &inv.System, &inv.Position, &inv.Timeline); err != nil {
		return inv, fmt.Errorf("ask where the server is: %w", err)
	}
	inv.At = inv.At.UTC()
	rows, err := tx.Query(ctx, tables)
	if err != nil {
		return inv, err
	}
	inv.Tables, err = collect(rows, func(row pgx.CollectableRow) (t collab.TableSum, err error) {
		err = row.Scan(&t.Name, &t.Bytes)
		return t, err
	})
	if err != nil {
		return inv, err
	}
	if len(inv.Tables) == 0 {
		return inv, errors.New("there is no table in it")
	}
	for i := range inv.Tables {
		t := &inv.Tables[i]
		if err := tx.QueryRow(ctx, fmt.Sprintf(sum, pgx.Identifier{t.Name}.Sanitize())).Scan(&t.Rows, &t.Sum); err != nil {
			return inv, fmt.Errorf("count %s: %w", t.Name, err)
		}
	}
	err = tx.QueryRow(ctx, `SELECT (SELECT coalesce(max(version_id), 0) FROM goose_db_version), (SELECT coalesce(max(epoch), 0) FROM audit_epochs),
		(SELECT coalesce(max(number), 0) FROM audit_checkpoints)`).Scan(&inv.Schema, &inv.AuditEpoch, &inv.Checkpoint)
	return inv, err
}

// Documents hands every document to each: what opens it, read at one moment.
func (b *Backup) Documents(ctx context.Context, each func(collab.Resource, collab.Snapshot) error) error {
	return b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		all, err := query(ctx, conn, func(row pgx.CollectableRow) (r collab.Resource, err error) {
			err = row.Scan(&r.Tenant, &r.ID)
			return r, err
		}, "SELECT tenant, resource_id FROM yjs_heads WHERE revision > 0 ORDER BY tenant, resource_id")
		if err != nil {
			return fmt.Errorf("list documents: %w", err)
		}
		for _, r := range all {
			var s collab.Snapshot
			batch := &pgx.Batch{}
			batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
			queueKnown(batch, r, &s)
			batch.Queue(selectState, string(r.Tenant), string(r.ID)).QueryRow(func(row pgx.Row) error {
				return orNone(row.Scan(&s.State, &s.StateRevision))
			})
			queueList(batch, &s.Tail, scanEntry, selectTail, string(r.Tenant), string(r.ID))
			batch.Queue("COMMIT")
			if err := conn.SendBatch(ctx, batch).Close(); err != nil {
				return fmt.Errorf("load %v: %w", r, err)
			}
			if err := each(r, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// Record keeps audit rows, past the gateways.
func (b *Backup) Record(ctx context.Context, rows ...collab.AuditRow) error {
	return b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return record(ctx, tx, rows) })
	})
}

func record(ctx context.Context, tx pgx.Tx, rows []collab.AuditRow) error {
	c := &change{view: newView(), audit: rows}
	batch := &pgx.Batch{}
	c.queueAudit(batch)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("record audit events: %w", err)
	}
	return nil
}

// Behind returns how long ago the server put its last piece of the write-ahead log into the archive that a point-in-time
// recovery reads. It reports false when it keeps none.
func (b *Backup) Behind(ctx context.Context) (behind time.Duration, kept bool, err error) {
	var seconds *float64
	err = b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT CASE WHEN current_setting('archive_mode') <> 'off'
			THEN extract(epoch FROM clock_timestamp() - last_archived_time)::float8 END FROM pg_stat_archiver`).Scan(&seconds)
	})
	if err != nil || seconds == nil {
		return 0, false, err
	}
	return time.Duration(*seconds * float64(time.Second)), true, nil
}

// toolErrors keeps the end of what a program wrote, for its error.
type toolErrors struct{ text []byte }

// Write keeps the last part.
func (e *toolErrors) Write(p []byte) (int, error) {
	const kept = 2000
	if e.text = append(e.text, p...); len(e.text) > kept {
		e.text = e.text[len(e.text)-kept:]
	}
	return len(p), nil
}

func toolError(name string, err error, errs *toolErrors) error {
	return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(errs.text)))
}

// tool returns a program of PostgreSQL that works on the database. The password goes through the environment: everybody sees
// the arguments.
func (b *Backup) tool(ctx context.Context, name string, args ...string) (*exec.Cmd, *toolErrors) {
	cmd, errs := exec.CommandContext(ctx, program(name), append(args, "--dbname="+b.plainURL())...), &toolErrors{} //nolint:gosec // G204: the programs of PostgreSQL
	cmd.Env = append(os.Environ(), "PGPASSWORD="+b.config.Password)
	cmd.Stderr = errs
	cmd.WaitDelay = 5 * time.Second
	return cmd, errs
}

// plainURL is the URL without the password and without what only our own client understands.
func (b *Backup) plainURL() string {
	u, err := url.Parse(b.address)
	if err != nil {
		return ""
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for name := range q {
		if strings.HasPrefix(name, "pool_") || strings.HasPrefix(name, "default_query") || name == "password" {
			q.Del(name)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// program finds a program of PostgreSQL by PATH, or where Debian keeps version 15.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return filepath.Join("/usr/lib/postgresql/15/bin", name)
}

func version(ctx context.Context, name string) (string, error) {
	out, err := exec.CommandContext(ctx, program(name), "--version").Output() //nolint:gosec // G204: as above
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}
