package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// Subject reads what a store has about somebody or something, as it was at one moment (SPEC O7).
type Subject struct {
	tx      pgx.Tx
	of      collab.Subject
	cursors int // declared so far; each has a name of its own
}

// fetchRows is how many rows are in memory at once: one of the journal may have 900 KiB.
const fetchRows = 64

// ReadSubject hands read the store as it is at one moment, also while gateways use it.
func (b *Backup) ReadSubject(ctx context.Context, of collab.Subject, read func(*Subject) error) error {
	return b.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			return read(&Subject{tx: tx, of: of})
		})
	})
}

// each queries rows through a cursor and hands each to f, which may query meanwhile.
func each[T any](ctx context.Context, s *Subject, scan func(pgx.CollectableRow) (T, error), f func(T) error, sql string, args pgx.NamedArgs) error {
	s.cursors++
	name := "subject_" + strconv.Itoa(s.cursors)
	if _, err := s.tx.Exec(ctx, "DECLARE "+name+" NO SCROLL CURSOR FOR "+sql, args); err != nil {
		return err
	}
	for {
		rows, err := s.tx.Query(ctx, "FETCH "+strconv.Itoa(fetchRows)+" FROM "+name, pgx.QueryExecModeDescribeExec)
		if err != nil {
			return err
		}
		found, err := collect(rows, scan)
		if err != nil {
			return err
		}
		for _, one := range found {
			if err := f(one); err != nil {
				return err
			}
		}
		if len(found) < fetchRows {
			_, err = s.tx.Exec(ctx, "CLOSE "+name)
			return err
		}
	}
}

// sessionsOf are the sessions that the store knows a user by.
const sessionsOf = `SELECT session_id FROM yjs_clients WHERE tenant = @tenant AND user_id = @user
	UNION SELECT session_id FROM yjs_updates WHERE tenant = @tenant AND user_id = @user
	UNION SELECT session_id FROM locks WHERE tenant = @tenant AND user_id = @user
	UNION SELECT session_id FROM audit_log WHERE tenant = @tenant AND actor = @user
	UNION SELECT session_id FROM audit_pending WHERE tenant = @tenant AND actor = @user`

// plainRows are the rows that are handed out as they are: of a user, of a resource. Where one has none it is empty.
var plainRows = map[collab.SubjectTable]struct{ user, resource string }{
	collab.SubjectHeads: {resource: `SELECT resource_type, revision, guard, epoch, next_client, created_at, updated_at FROM yjs_heads
		WHERE tenant = @tenant AND resource_id = @resource`},
	collab.SubjectClients: {`SELECT resource_id, client_id, user_id, session_id, used, retired, epoch FROM yjs_clients
		WHERE tenant = @tenant AND user_id = @user ORDER BY resource_id, client_id`,
		`SELECT resource_id, client_id, user_id, session_id, used, retired, epoch FROM yjs_clients
		WHERE tenant = @tenant AND resource_id = @resource ORDER BY client_id`},
	collab.SubjectSeeds: {resource: `SELECT field, value AS seed, known FROM yjs_seeds WHERE tenant = @tenant AND resource_id = @resource ORDER BY field`},
	collab.SubjectLocks: {`SELECT lock_id, resource_id, field, fence, user_id, name, session_id, instance, acquired_at, expires_at, ttl, explicit,
		closed_at, closed_reason FROM locks WHERE tenant = @tenant AND user_id = @user ORDER BY resource_id, field, fence`,
		`SELECT lock_id, resource_id, field, fence, user_id, name, session_id, instance, acquired_at, expires_at, ttl, explicit,
		closed_at, closed_reason FROM locks WHERE tenant = @tenant AND resource_id = @resource ORDER BY field, fence`},
	collab.SubjectFences: {resource: `SELECT field, fence FROM lock_fences WHERE tenant = @tenant AND resource_id = @resource ORDER BY field`},
	collab.SubjectRevocations: {user: `SELECT kind, value, revoked_at, until FROM revocations WHERE tenant = @tenant AND (kind = 'user' AND value = @user
		OR kind = 'session' AND value IN (` + sessionsOf + `)) ORDER BY kind, value`},
	collab.SubjectRecoveries: {user: `SELECT epoch, opened_at, until, opened_by, reason FROM recoveries WHERE tenant = @tenant AND opened_by = @user ORDER BY epoch`},
	collab.SubjectWebhooks: {resource: `SELECT i.delivery_id, i.source, m.message_id, i.event_type, i.version, i.occurred_at, i.data, i.received_at,
		i.superseded, i.told_at FROM webhook_inbox i LEFT JOIN webhook_messages m ON m.source = i.source AND m.delivery_id = split_part(i.delivery_id, '.', 1)
		WHERE i.tenant = @tenant AND i.resource_id = @resource ORDER BY i.position`},
	collab.SubjectVersions: {resource: `SELECT source, version, occurred_at FROM webhook_versions WHERE tenant = @tenant AND resource_id = @resource ORDER BY source`},
	collab.SubjectErasures: {`SELECT resource_id, epoch, erased_at, erased_by, reason FROM erasures WHERE tenant = @tenant AND erased_by = @user
		ORDER BY resource_id, epoch`,
		`SELECT resource_id, epoch, erased_at, erased_by, reason FROM erasures WHERE tenant = @tenant AND resource_id = @resource ORDER BY epoch`},
}

// query chooses by the kind of subject.
func (s *Subject) query(user, resource string) (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{"tenant": string(s.of.Tenant), "user": string(s.of.User), "resource": string(s.of.Resource)}
	if s.of.User != "" {
		return user, args
	}
	return resource, args
}

// jsonColumns hold JSON as text.
var jsonColumns = map[string]bool{"seed": true, "known": true, "version": true}

// there reports whether the store has a table: those of erasures and of journals that lost their first rows came later.
func (s *Subject) there(ctx context.Context, table string) (there bool, err error) {
	err = s.tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", table).Scan(&there)
	return there, err
}

// Rows hands out rows as they are.
func (s *Subject) Rows(ctx context.Context, table collab.SubjectTable, f func(collab.SubjectRow) error) error {
	query, args := s.query(plainRows[table].user, plainRows[table].resource)
	if query == "" {
		return nil
	}
	if table == collab.SubjectErasures {
		if there, err := s.there(ctx, "erasures"); err != nil || !there {
			return err
		}
	}
	if err := each(ctx, s, scanPlain, f, query, args); err != nil {
		return fmt.Errorf("read %s: %w", table, err)
	}
	return nil
}

func scanPlain(from pgx.CollectableRow) (collab.SubjectRow, error) {
	values, err := pgx.RowToMap(from)
	if err != nil {
		return nil, err
	}
	row := collab.SubjectRow(values)
	for name, value := range row {
		switch v := value.(type) {
		case time.Time:
			row[name] = v.UTC()
		case string:
			if jsonColumns[name] {
				row[name] = []byte(v)
			}
		}
		if content, ok := row[name].([]byte); ok && len(content) == 0 {
			row[name] = nil
		}
	}
	return row, nil
}

// Resources hands out the resources that the subject is, or has written in, in order.
func (s *Subject) Resources(ctx context.Context, f func(collab.Resource) error) error {
	scan := func(row pgx.CollectableRow) (r collab.Resource, err error) {
		r.Tenant = s.of.Tenant
		return r, row.Scan(&r.ID)
	}
	query, args := s.query(`SELECT resource_id FROM yjs_updates WHERE tenant = @tenant AND user_id = @user
		UNION SELECT resource_id FROM yjs_clients WHERE tenant = @tenant AND user_id = @user ORDER BY resource_id`,
		"SELECT resource_id FROM yjs_heads WHERE tenant = @tenant AND resource_id = @resource")
	if err := each(ctx, s, scan, f, query, args); err != nil {
		return fmt.Errorf("list resources: %w", err)
	}
	return nil
}

// Document returns what opens a document.
func (s *Subject) Document(ctx context.Context, r collab.Resource) (found collab.Snapshot, err error) {
	batch := &pgx.Batch{}
	queueKnown(batch, r, &found)
	batch.Queue(selectState, string(r.Tenant), string(r.ID)).QueryRow(func(row pgx.Row) error {
		return orNone(row.Scan(&found.State, &found.StateRevision))
	})
	queueList(batch, &found.Tail, scanEntry, selectTail, string(r.Tenant), string(r.ID))
	if err := s.tx.SendBatch(ctx, batch).Close(); err != nil {
		return found, fmt.Errorf("load %v: %w", r, err)
	}
	return found, nil
}

// Base returns what the rows that were removed from the beginning of a journal amount to; none: it has all of them.
func (s *Subject) Base(ctx context.Context, r collab.Resource) (state []byte, revision int64, err error) {
	there, err := s.there(ctx, "yjs_bases")
	if err == nil && there {
		err = orNone(s.tx.QueryRow(ctx, "SELECT state, revision FROM yjs_bases WHERE tenant = $1 AND resource_id = $2", string(r.Tenant), string(r.ID)).
			Scan(&state, &revision))
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read base of %v: %w", r, err)
	}
	return state, revision, nil
}

// Entries hands out the rows of a resource's journal that are the subject's: of a user those that it sent, and those that
// hold what it wrote.
func (s *Subject) Entries(ctx context.Context, r collab.Resource, f func(collab.Entry) error) error {
	const sql = "SELECT " + entryColumns + ` FROM yjs_updates WHERE tenant = @tenant AND resource_id = @resource
		AND (@user = '' OR user_id = @user OR client_ids && ARRAY(SELECT client_id FROM yjs_clients
		WHERE tenant = @tenant AND resource_id = @resource AND user_id = @user)) ORDER BY revision`
	args := pgx.NamedArgs{"tenant": string(r.Tenant), "resource": string(r.ID), "user": string(s.of.User)}
	if err := each(ctx, s, scanEntry, f, sql, args); err != nil {
		return fmt.Errorf("read journal of %v: %w", r, err)
	}
	return nil
}

// Floors returns the last row of each shard that has left the store for the archive.
func (s *Subject) Floors(ctx context.Context) (map[int]collab.AuditHead, error) {
	floors := map[int]collab.AuditHead{}
	rows, err := s.tx.Query(ctx, "SELECT DISTINCT ON (shard) shard, seq, chain FROM audit_floors ORDER BY shard, seq DESC")
	if err != nil {
		return nil, fmt.Errorf("read floors of audit trail: %w", err)
	}
	var shard int
	var seq int64
	var chain []byte
	_, err = pgx.ForEachRow(rows, []any{&shard, &seq, &chain}, func() error {
		if len(chain) != len(collab.AuditHead{}.Chain) {
			return errors.New("a chain is none")
		}
		floors[shard] = collab.AuditHead{Seq: seq, Chain: [32]byte(chain)}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read floors of audit trail: %w", err)
	}
	return floors, nil
}

// Events hands out the sealed rows of the trail that are of the subject or name it, by time, shard and seq.
func (s *Subject) Events(ctx context.Context, f func(collab.SealedRow) error) error {
	query, args := s.query("(actor = @user OR "+named("details")+")", "resource_id = @resource")
	if err := each(ctx, s, scanSealed, f, selectSealed+"tenant = @tenant AND "+query+" ORDER BY recorded_at, shard, seq", args); err != nil {
		return fmt.Errorf("select audit rows: %w", err)
	}
	return nil
}

// Pending hands out the rows of the trail that are not chained yet and are of the subject or name it.
func (s *Subject) Pending(ctx context.Context, f func(collab.AuditRow) error) error {
	scan := func(row pgx.CollectableRow) (r collab.AuditRow, err error) {
		err = row.Scan(&r.EventID, &r.Shard, &r.Tenant, &r.RecordedAt, &r.Type, &r.Outcome, &r.Actor, &r.Resource, &r.Session, &r.Body)
		r.RecordedAt = r.RecordedAt.UTC()
		return r, err
	}
	query, args := s.query("(actor = @user OR "+named("convert_from(body, 'UTF8')::jsonb -> 'details'")+")", "resource_id = @resource")
	err := each(ctx, s, scan, f, `SELECT event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body
		FROM audit_pending WHERE tenant = @tenant AND `+query+" ORDER BY position", args)
	if err != nil {
		return fmt.Errorf("select pending audit rows: %w", err)
	}
	return nil
}

// named is the condition that details name the user.
func named(details string) string {
	conditions := make([]string, len(collab.AuditNames))
	for i, name := range collab.AuditNames {
		conditions[i] = "(" + details + ") ->> '" + name + "' = @user"
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}
