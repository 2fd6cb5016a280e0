package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"corsia/shared/collab"
)

const (
	// youngest is how old a row of a journal is at least that is removed.
	youngest = 24 * time.Hour
	// burst is how far apart two rows may be that one audit event covers (SPEC T2).
	burst = 2 * time.Second
)

// TakeTurn says that journals may be looked at for rows that are old: no other process has the store.
func (db *DB) TakeTurn(context.Context, time.Duration) (bool, error) { return true, nil }

// AgedJournals looks at up to limit documents after one, in the order of tenants and resources, and returns those whose journal
// begins with a row that is from before a time. Last is the last one that it looked at; zero: there are no more.
func (db *DB) AgedJournals(ctx context.Context, before time.Time, after collab.Resource, limit int) (aged []collab.Resource, last collab.Resource, err error) {
	all, err := collect(ctx, db.readers, func(s scanner) (r struct {
		collab.Resource
		at sql.NullInt64
	}, err error) {
		err = s.Scan(&r.Tenant, &r.ID, &r.at)
		return r, err
	}, `SELECT h.tenant, h.resource_id, (SELECT u.created_at FROM yjs_revisions i JOIN yjs_updates u USING (position)
			WHERE i.tenant = h.tenant AND i.resource_id = h.resource_id ORDER BY i.revision LIMIT 1)
		FROM yjs_heads h WHERE (h.tenant, h.resource_id) > (?, ?) ORDER BY h.tenant, h.resource_id LIMIT ?`, after.Tenant, after.ID, limit)
	if err != nil {
		return nil, last, fmt.Errorf("look for aged journals: %w", err)
	}
	for _, r := range all {
		if r.at.Valid && r.at.Int64 < micros(before) {
			aged = append(aged, r.Resource)
		}
	}
	if len(all) == limit {
		last = all[limit-1].Resource
	}
	return aged, last, nil
}

// JournalPrefix reads the first rows of a journal, up to limit, and what is known of them, in one consistent read.
func (db *DB) JournalPrefix(ctx context.Context, r collab.Resource, limit int) (p collab.JournalPrefix, err error) {
	tx, err := db.readers.BeginTx(ctx, nil)
	if err == nil {
		defer tx.Rollback() // it has written nothing
		p, err = journalPrefix(ctx, tx, r, limit)
	}
	if err != nil {
		return p, fmt.Errorf("read the beginning of the journal of %v: %w", r, err)
	}
	return p, nil
}

func journalPrefix(ctx context.Context, tx *sql.Tx, r collab.Resource, limit int) (p collab.JournalPrefix, err error) {
	var settled int64
	err = tx.QueryRowContext(ctx, `SELECT h.epoch, s.revision FROM yjs_heads h JOIN yjs_states s USING (tenant, resource_id)
		WHERE h.tenant = ? AND h.resource_id = ? AND h.epoch = s.epoch`, r.Tenant, r.ID).Scan(&p.Epoch, &settled)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	} else if err != nil {
		return p, err
	}
	p.Revision = 1
	err = tx.QueryRowContext(ctx, "SELECT revision, state FROM yjs_bases WHERE tenant = ? AND resource_id = ?", r.Tenant, r.ID).Scan(&p.Revision, &p.Base)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, err
	}
	// What the trail does not cover yet, and what the index does not know yet, is the end of the journal.
	var open sql.NullInt64
	if err := tx.QueryRowContext(ctx, uncoveredAfter, r.Tenant, r.ID).Scan(&open); err != nil {
		return p, err
	}
	p.Settled = settled
	if open.Valid {
		p.Settled = min(settled, open.Int64-1)
	}
	p.Rows, err = collect(ctx, tx, func(s scanner) (m collab.JournalMark, err error) {
		var at int64
		err = s.Scan(&m.Revision, &at, &m.Bytes)
		m.At = fromMicros(at)
		return m, err
	}, `SELECT i.revision, u.created_at, length(u."update") FROM yjs_revisions i JOIN yjs_updates u USING (position)
		WHERE i.tenant = ? AND i.resource_id = ? ORDER BY i.revision LIMIT ?`, r.Tenant, r.ID, limit)
	if err != nil || len(p.Rows) == 0 {
		return p, err
	}
	var later sql.NullInt64
	last := p.Rows[len(p.Rows)-1].Revision
	if err := tx.QueryRowContext(ctx, earliestAfter, r.Tenant, r.ID, last, r.Tenant, r.ID, last).Scan(&later); err != nil {
		return p, err
	}
	if later.Valid {
		p.Later = fromMicros(later.Int64)
	}
	return p, nil
}

const (
	// uncoveredAfter finds the first revision whose row no event covers, or that is not in the index.
	uncoveredAfter = `SELECT min(revision) FROM yjs_updates WHERE position > min((SELECT position FROM audit_covered), (SELECT position FROM yjs_indexed))
		AND tenant = ? AND resource_id = ?`
	// earliestAfter finds when the earliest row after a revision was written.
	earliestAfter = `SELECT min(at) FROM (
		SELECT min(u.created_at) AS at FROM yjs_revisions i JOIN yjs_updates u USING (position) WHERE i.tenant = ? AND i.resource_id = ? AND i.revision > ?
		UNION ALL
		SELECT min(created_at) FROM yjs_updates WHERE position > (SELECT position FROM yjs_indexed) AND tenant = ? AND resource_id = ? AND revision > ?)`

	removedRows = `SELECT count(*), ifnull(min(i.revision), 0), ifnull(max(u.created_at), 0), ifnull(max(u.position), 0)
		FROM yjs_revisions i JOIN yjs_updates u USING (position) WHERE i.tenant = ? AND i.resource_id = ? AND i.revision <= ?`
	keepBase = `INSERT INTO yjs_bases (tenant, resource_id, revision, state, last_at, made_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, resource_id) DO UPDATE SET revision = excluded.revision, state = excluded.state, last_at = excluded.last_at, made_at = excluded.made_at`
	deleteRows = `DELETE FROM yjs_updates WHERE position IN (SELECT position FROM yjs_revisions WHERE tenant = ? AND resource_id = ? AND revision <= ?)`
	deleteRevs = "DELETE FROM yjs_revisions WHERE tenant = ? AND resource_id = ? AND revision <= ?"
)

// RemoveJournal removes the first rows of a journal, keeps what they amount to and records it, in one transaction. It returns
// how many it removed: 0 when somebody else has, or when the resource began a new life. It refuses rows of the last day, beyond
// the state, beyond what the trail covers, with a gap, and of which an event may cover a part alone.
func (db *DB) RemoveJournal(ctx context.Context, removal collab.JournalRemoval) (removed int64, err error) {
	err = db.do(ctx, len(removal.Base)+auditBytes([]collab.AuditRow{removal.Audit})+rowOverhead, func(w *writer) error {
		removed, err = w.removeJournal(&removal)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("remove the beginning of the journal of %v: %w", removal.Resource, err)
	}
	return removed, nil
}

func (w *writer) removeJournal(removal *collab.JournalRemoval) (int64, error) {
	tenant, id, to := removal.Resource.Tenant, removal.Resource.ID, removal.To
	head, found, err := w.head(removal.Resource)
	if err != nil || !found || head.Epoch != removal.Epoch {
		return 0, err
	}
	below := int64(1)
	if _, err := w.row("SELECT revision FROM yjs_bases WHERE tenant = ? AND resource_id = ?", []any{tenant, id}, &below); err != nil || below != removal.From-1 {
		return 0, err
	}
	newest, err := w.removable(removal)
	if err != nil {
		return 0, err
	}
	if err := w.exec(keepBase, tenant, id, to, removal.Base, newest, micros(time.Now())); err != nil {
		return 0, fmt.Errorf("keep base: %w", err)
	}
	n, err := w.changed(deleteRows, tenant, id, to)
	if err != nil {
		return 0, err
	}
	if err := w.exec(deleteRevs, tenant, id, to); err != nil {
		return 0, err
	}
	if n != to-below {
		return 0, fmt.Errorf("%d rows were removed, and not %d", n, to-below)
	}
	return n, w.audit([]collab.AuditRow{removal.Audit})
}

// removable refuses rows that may not be removed, and returns when the latest of them was written.
func (w *writer) removable(removal *collab.JournalRemoval) (newest int64, err error) {
	tenant, id, to := removal.Resource.Tenant, removal.Resource.ID, removal.To
	var n, lowest, position, settled, limit int64
	if _, err := w.row(removedRows, []any{tenant, id, to}, &n, &lowest, &newest, &position); err != nil {
		return 0, err
	}
	if n == 0 || n != to-removal.From+1 || lowest != removal.From {
		return 0, refuse(fmt.Errorf("the journal has not each revision from %d to %d", removal.From, to))
	}
	if newest > micros(time.Now().Add(-youngest)) {
		return 0, refuse(errors.New("rows of the last day are not removed"))
	}
	var later sql.NullInt64
	if _, err := w.row(earliestAfter, []any{tenant, id, to, tenant, id, to}, &later); err != nil {
		return 0, err
	}
	if later.Valid && later.Int64 <= newest+burst.Microseconds() {
		return 0, refuse(fmt.Errorf("an event may cover rows up to revision %d and after it", to))
	}
	if found, err := w.row("SELECT revision FROM yjs_states WHERE tenant = ? AND resource_id = ? AND epoch = ?", []any{tenant, id, removal.Epoch}, &settled); err != nil {
		return 0, err
	} else if !found || settled < to {
		return 0, refuse(fmt.Errorf("the state has not revision %d", to))
	}
	if _, err := w.row("SELECT position FROM audit_covered", nil, &limit); err != nil {
		return 0, err
	}
	if position > limit {
		return 0, refuse(fmt.Errorf("the audit trail does not cover revision %d", to))
	}
	return newest, nil
}
