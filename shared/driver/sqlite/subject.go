package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"corsia/shared/collab"
)

// Subject reads what a store has about somebody or something, as it was at one moment (SPEC O7).
type Subject struct {
	tx *sql.Tx
	of collab.Subject
}

// ReadSubject hands read the store as it is at one moment, also while a gateway uses it.
func (b *Backup) ReadSubject(ctx context.Context, of collab.Subject, read func(*Subject) error) error {
	if b.Trail == nil {
		return fmt.Errorf("read store %s: %w", b.path, errNoStore)
	}
	tx, err := b.readers.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("read store %s: %w", b.path, err)
	}
	defer tx.Rollback() // it has written nothing
	return read(&Subject{tx: tx, of: of})
}

// each queries rows and hands each to f, which may query meanwhile.
func each[T any](ctx context.Context, s *Subject, scan func(scanner) (T, error), f func(T) error, query string, args ...any) error {
	rows, err := s.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return err
		}
		if err := f(one); err != nil {
			return err
		}
	}
	return rows.Err()
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
		i.superseded, i.told_at FROM webhook_inbox i LEFT JOIN webhook_messages m ON m.source = i.source AND m.delivery_id =
		substr(i.delivery_id, 1, instr(i.delivery_id || '.', '.') - 1)
		WHERE i.tenant = @tenant AND i.resource_id = @resource ORDER BY i.position`},
	collab.SubjectVersions: {resource: `SELECT source, version, occurred_at FROM webhook_versions WHERE tenant = @tenant AND resource_id = @resource ORDER BY source`},
	collab.SubjectErasures: {`SELECT resource_id, epoch, erased_at, erased_by, reason FROM erasures WHERE tenant = @tenant AND erased_by = @user
		ORDER BY resource_id, epoch`,
		`SELECT resource_id, epoch, erased_at, erased_by, reason FROM erasures WHERE tenant = @tenant AND resource_id = @resource ORDER BY epoch`},
}

// query chooses by the kind of subject.
func (s *Subject) query(user, resource string) (string, []any) {
	args := []any{sql.Named("tenant", s.of.Tenant)}
	if s.of.User != "" {
		if user != "" && strings.Contains(user, "@user") {
			args = append(args, sql.Named("user", s.of.User))
		}
		return user, args
	}
	return resource, append(args, sql.Named("resource", s.of.Resource))
}

// Columns that SQLite keeps in another form than they have.
var (
	timeColumns = map[string]bool{"created_at": true, "updated_at": true, "acquired_at": true, "expires_at": true, "closed_at": true,
		"revoked_at": true, "until": true, "opened_at": true, "occurred_at": true, "received_at": true, "told_at": true,
		"erased_at": true}
	flagColumns = map[string]bool{"used": true, "retired": true, "explicit": true, "superseded": true}
	jsonColumns = map[string]bool{"seed": true, "known": true, "version": true, "data": true}
)

// there reports whether the store has a table: those of erasures and of journals that lost their first rows came later.
func (s *Subject) there(ctx context.Context, table string) (there bool, err error) {
	err = s.tx.QueryRowContext(ctx, "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = ?", table).Scan(&there)
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
	scan := func(from scanner) (collab.SubjectRow, error) {
		rows, ok := from.(*sql.Rows)
		if !ok {
			return nil, errors.New("not rows")
		}
		return scanPlain(rows)
	}
	if err := each(ctx, s, scan, f, query, args...); err != nil {
		return fmt.Errorf("read %s: %w", table, err)
	}
	return nil
}

func scanPlain(rows *sql.Rows) (collab.SubjectRow, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, places := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		places[i] = &values[i]
	}
	if err := rows.Scan(places...); err != nil {
		return nil, err
	}
	row := collab.SubjectRow{}
	for i, name := range names {
		row[name] = values[i]
		switch v := values[i].(type) {
		case int64:
			if timeColumns[name] {
				row[name] = fromMicros(v)
			} else if flagColumns[name] {
				row[name] = v != 0
			}
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
	scan := func(from scanner) (r collab.Resource, err error) {
		r.Tenant = s.of.Tenant
		return r, from.Scan(&r.ID)
	}
	query, args := s.query(`SELECT resource_id FROM yjs_updates WHERE tenant = @tenant AND user_id = @user
		UNION SELECT resource_id FROM yjs_clients WHERE tenant = @tenant AND user_id = @user ORDER BY resource_id`,
		"SELECT resource_id FROM yjs_heads WHERE tenant = @tenant AND resource_id = @resource")
	if err := each(ctx, s, scan, f, query, args...); err != nil {
		return fmt.Errorf("list resources: %w", err)
	}
	return nil
}

// Document returns what opens a document.
func (s *Subject) Document(ctx context.Context, r collab.Resource) (collab.Snapshot, error) {
	found, err := readSnapshot(ctx, s.tx, r, fromState)
	if err != nil {
		return found, fmt.Errorf("load %v: %w", r, err)
	}
	return found, nil
}

// Base returns what the rows that were removed from the beginning of a journal amount to; none: it has all of them.
func (s *Subject) Base(ctx context.Context, r collab.Resource) (state []byte, revision int64, err error) {
	there, err := s.there(ctx, "yjs_bases")
	if err == nil && there {
		err = s.tx.QueryRowContext(ctx, "SELECT state, revision FROM yjs_bases WHERE tenant = ? AND resource_id = ?", r.Tenant, r.ID).Scan(&state, &revision)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, 0, fmt.Errorf("read base of %v: %w", r, err)
	}
	return state, revision, nil
}

// Entries hands out the rows of a resource's journal that are the subject's: of a user those that it sent, and those that
// hold what it wrote.
func (s *Subject) Entries(ctx context.Context, r collab.Resource, f func(collab.Entry) error) error {
	const columns, mine = `u.revision, u."update", u.user_id, u.session_id, u.client_ids, u.fields, u.created_at`,
		` AND (@user = '' OR u.user_id = @user OR EXISTS (SELECT 1 FROM json_each(u.client_ids) j JOIN yjs_clients c
		ON c.tenant = @tenant AND c.resource_id = @resource AND c.client_id = j.value WHERE c.user_id = @user))`
	args := []any{sql.Named("tenant", r.Tenant), sql.Named("resource", r.ID), sql.Named("user", s.of.User)}
	err := each(ctx, s, scanEntry, f, "SELECT "+columns+` FROM yjs_revisions i JOIN yjs_updates u USING (position)
		WHERE i.tenant = @tenant AND i.resource_id = @resource`+mine+" ORDER BY i.revision", args...)
	if err == nil {
		err = each(ctx, s, scanEntry, f, "SELECT "+columns+` FROM yjs_updates u WHERE position > (SELECT position FROM yjs_indexed)
			AND tenant = @tenant AND resource_id = @resource`+mine+" ORDER BY position", args...)
	}
	if err != nil {
		return fmt.Errorf("read journal of %v: %w", r, err)
	}
	return nil
}

// Floors returns the last row of each shard that has left the store for the archive.
func (s *Subject) Floors(ctx context.Context) (map[int]collab.AuditHead, error) {
	floors, err := ends(ctx, s.tx, "audit_floors")
	if err != nil {
		return nil, fmt.Errorf("read floors of audit trail: %w", err)
	}
	return floors, nil
}

// Events hands out the sealed rows of the trail that are of the subject or name it, by time, shard and seq.
func (s *Subject) Events(ctx context.Context, f func(collab.SealedRow) error) error {
	query, args := s.query("(actor = @user OR "+named("details")+")", "resource_id = @resource")
	err := each(ctx, s, scanSealed, f, "SELECT "+sealedColumns+" FROM audit_log WHERE tenant = @tenant AND "+query+
		" ORDER BY recorded_at, shard, seq", args...)
	if err != nil {
		return fmt.Errorf("select audit rows: %w", err)
	}
	return nil
}

// Pending hands out the rows of the trail that are not chained yet and are of the subject or name it.
func (s *Subject) Pending(ctx context.Context, f func(collab.AuditRow) error) error {
	scan := func(from scanner) (r collab.AuditRow, err error) {
		var at int64
		err = from.Scan(&r.EventID, &r.Shard, &r.Tenant, &at, &r.Type, &r.Outcome, &r.Actor, &r.Resource, &r.Session, &r.Body)
		r.RecordedAt = fromMicros(at)
		return r, err
	}
	query, args := s.query("(actor = @user OR "+named("json_extract(CAST(body AS TEXT), '$.details')")+")", "resource_id = @resource")
	err := each(ctx, s, scan, f, `SELECT event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body
		FROM audit_pending WHERE tenant = @tenant AND `+query+" ORDER BY position", args...)
	if err != nil {
		return fmt.Errorf("select pending audit rows: %w", err)
	}
	return nil
}

// named is the condition that details name the user.
func named(details string) string {
	return "EXISTS (SELECT 1 FROM json_each(" + details + ") d WHERE d.value = @user AND d.key IN ('" + strings.Join(collab.AuditNames, "', '") + "'))"
}
