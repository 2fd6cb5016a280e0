package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"corsia/shared/collab"
)

// coverRows bounds the rows of the journal that are covered at once.
const coverRows = 8192

// CoverJournal records what describe says of rows of the journal that are not covered yet, in the order of their commits, and
// notes in the same transaction up to where they are. The journal has one order here: what waits holds back what is after it.
func (db *DB) CoverJournal(ctx context.Context, _ time.Time, describe func([]collab.JournalLine, bool) ([]collab.AuditRow, int)) (more bool, err error) {
	fail := func(err error) (bool, error) { return false, fmt.Errorf("cover journal: %w", err) }
	var from int64
	if err := db.readers.QueryRowContext(ctx, "SELECT position FROM audit_covered").Scan(&from); err != nil {
		return fail(err)
	}
	lines, positions, err := db.uncovered(ctx, from)
	if err != nil || len(lines) == 0 {
		return false, err
	}
	more = len(lines) == coverRows
	rows, n := describe(lines, more)
	if n == 0 {
		return false, nil
	}
	err = db.do(ctx, auditBytes(rows), func(w *writer) error {
		moved, err := w.changed("UPDATE audit_covered SET position = ? WHERE position = ?", positions[n-1], from)
		if err != nil || moved == 0 { // somebody else has covered them
			return err
		}
		return w.audit(rows)
	})
	if err != nil {
		return fail(err)
	}
	return more, nil
}

// FindUncovered does nothing: CoverJournal finds all there is.
func (db *DB) FindUncovered(context.Context, bool) (more bool, err error) { return false, nil }

const lineColumns = `u.tenant, u.resource_id, u.revision, u."update", u.user_id, u.session_id, u.client_ids, u.fields, u.created_at`

// uncovered reads rows of the journal after a position.
func (db *DB) uncovered(ctx context.Context, after int64) (lines []collab.JournalLine, positions []int64, err error) {
	rows, err := db.readers.QueryContext(ctx, "SELECT u.position, "+lineColumns+` FROM yjs_updates u WHERE u.position > ?
		ORDER BY u.position LIMIT ?`, after, coverRows)
	if err != nil {
		return nil, nil, fmt.Errorf("cover journal: %w", err)
	}
	defer rows.Close()
	var s lineScanner
	for rows.Next() {
		var position int64
		line, err := s.scan(rows, &position)
		if err != nil {
			return nil, nil, fmt.Errorf("cover journal: %w", err)
		}
		lines, positions = append(lines, line), append(positions, position)
	}
	return lines, positions, rows.Err()
}

// lineScanner scans rows of lineColumns. Rows that follow each other mostly have the same authors and fields, which are
// decoded once.
type lineScanner struct {
	clientsText, fieldsText string
	clients                 []collab.ClientID
	fields                  []collab.Field
}

func (s *lineScanner) scan(row scanner, first ...any) (l collab.JournalLine, err error) {
	var update sql.RawBytes
	var clients, fields string
	var at int64
	err = row.Scan(append(first, &l.Resource.Tenant, &l.Resource.ID, &l.Revision, &update, &l.User, &l.Session, &clients, &fields, &at)...)
	if err != nil {
		return l, err
	}
	if clients != s.clientsText {
		s.clientsText, s.clients = clients, nil
		if json.Unmarshal([]byte(clients), &s.clients) != nil {
			s.clients = nil // as somebody has changed it: the verifier finds that it is not what was covered
		}
	}
	if fields != s.fieldsText {
		s.fieldsText, s.fields = fields, nil
		if json.Unmarshal([]byte(fields), &s.fields) != nil {
			s.fields = []collab.Field{"(unreadable)"}
		}
	}
	l.Clients, l.Fields, l.At, l.Sum = s.clients, s.fields, fromMicros(at), sha256.Sum256(update)
	return l, nil
}

// JournalLines calls each with the rows of the spans, in the order of the spans and of their revisions.
func (t *Trail) JournalLines(ctx context.Context, spans []collab.JournalSpan, each func(at int, line *collab.JournalLine) error) error {
	tx, err := t.readers.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	defer tx.Rollback() // it has written nothing
	for i, span := range spans {
		if err := journalSpan(ctx, tx, span, func(line *collab.JournalLine) error { return each(i, line) }); err != nil {
			return fmt.Errorf("read journal of %v: %w", span.Resource, err)
		}
	}
	return nil
}

// journalSpan reads what the index knows, and then what it does not know yet.
func journalSpan(ctx context.Context, tx *sql.Tx, s collab.JournalSpan, each func(*collab.JournalLine) error) error {
	args := []any{s.Resource.Tenant, s.Resource.ID, s.From, s.To}
	indexed, err := eachLine(ctx, tx, each, "SELECT "+lineColumns+` FROM yjs_revisions i JOIN yjs_updates u USING (position)
		WHERE i.tenant = ? AND i.resource_id = ? AND i.revision BETWEEN ? AND ? ORDER BY i.revision`, args...)
	if err != nil || indexed == s.To-s.From+1 {
		return err
	}
	_, err = eachLine(ctx, tx, each, "SELECT "+lineColumns+` FROM yjs_updates u WHERE u.position > (SELECT position FROM yjs_indexed)
		AND u.tenant = ? AND u.resource_id = ? AND u.revision BETWEEN ? AND ? ORDER BY u.position`, args...)
	return err
}

func eachLine(ctx context.Context, tx *sql.Tx, each func(*collab.JournalLine) error, query string, args ...any) (n int64, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var s lineScanner
	for rows.Next() {
		line, err := s.scan(rows)
		if err != nil {
			return n, err
		}
		n++
		if err := each(&line); err != nil {
			return n, err
		}
	}
	return n, rows.Err()
}

// findStrays finds rows of the journal that nobody can have appended: without a head, outside of what it says, or twice.
const findStrays = `SELECT u.tenant, u.resource_id, u.revision FROM yjs_updates u LEFT JOIN yjs_heads h USING (tenant, resource_id)
	WHERE u.revision < 2 OR u.revision > ifnull(h.revision, 0)
	OR u.position <= (SELECT position FROM yjs_indexed) AND NOT EXISTS (SELECT 1 FROM yjs_revisions i
		WHERE i.tenant = u.tenant AND i.resource_id = u.resource_id AND i.revision = u.revision AND i.position = u.position)
	LIMIT 10`

// JournalEnds returns the ends of up to limit journals after a resource, in the order of tenants and resources. Strays of the
// whole store come before the first.
func (t *Trail) JournalEnds(ctx context.Context, after collab.Resource, limit int) ([]collab.JournalEnd, error) {
	ends, err := collect(ctx, t.readers, func(s scanner) (e collab.JournalEnd, err error) {
		err = s.Scan(&e.Resource.Tenant, &e.Resource.ID, &e.Revision)
		return e, err
	}, `SELECT tenant, resource_id, revision FROM yjs_heads WHERE (tenant, resource_id) > (?, ?) ORDER BY tenant, resource_id LIMIT ?`,
		after.Tenant, after.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("read ends of journals: %w", err)
	}
	if after != (collab.Resource{}) {
		return ends, nil
	}
	strays, err := collect(ctx, t.readers, func(s scanner) (e collab.JournalEnd, err error) {
		e.Stray = new(int64)
		err = s.Scan(&e.Resource.Tenant, &e.Resource.ID, e.Stray)
		return e, err
	}, findStrays)
	if err != nil {
		return nil, fmt.Errorf("look for strays of the journal: %w", err)
	}
	return append(strays, ends...), nil
}
