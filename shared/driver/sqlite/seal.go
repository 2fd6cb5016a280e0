package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"corsia/shared/collab"
)

// maxSealRows bounds one transaction of the sealer: updates wait while it lasts.
const maxSealRows = 256

const (
	insertSealed = `INSERT INTO audit_log (shard, seq, event_id, tenant, recorded_at, type, outcome, actor, role, session_id,
		instance, address, resource_id, fields, revision_from, revision_to, fence, reason, details, body, leaf, chain)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	isSealed  = "EXISTS (SELECT 1 FROM audit_log l WHERE l.event_id = p.event_id)"
	headOfOne = `SELECT seq, chain FROM (SELECT seq, chain FROM audit_log WHERE shard = ?1 UNION ALL
		SELECT seq, chain FROM audit_floors WHERE shard = ?1) ORDER BY seq DESC LIMIT 1`
	pendingRow = "event_id, shard, tenant, recorded_at, type, outcome, actor, resource_id, session_id, body"
)

// SealAudit moves up to limit pending rows into the chains, in one transaction, in the order in which they were recorded, as
// link says. A row whose event id is in a chain already is not chained again. It returns how many were chained.
func (db *DB) SealAudit(ctx context.Context, limit int, link func(map[int]collab.AuditHead, []collab.AuditRow) []collab.SealedRow) (n int, err error) {
	var waiting bool
	if err := db.readers.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM audit_pending)").Scan(&waiting); err != nil {
		return 0, fmt.Errorf("seal audit events: %w", err)
	}
	if !waiting { // the committer is left alone
		return 0, nil
	}
	err = db.do(ctx, rowOverhead, func(w *writer) (err error) {
		n, err = w.seal(min(limit, maxSealRows), link)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("seal audit events: %w", err)
	}
	return n, nil
}

func (w *writer) seal(limit int, link func(map[int]collab.AuditHead, []collab.AuditRow) []collab.SealedRow) (int, error) {
	rows, err := w.rows("SELECT "+pendingRow+" FROM audit_pending p WHERE NOT "+isSealed+" ORDER BY position LIMIT ?", limit)
	if err != nil {
		return 0, err
	}
	pending, err := drain(rows, scanPending)
	if err != nil {
		return 0, err
	}
	heads := map[int]collab.AuditHead{}
	for i := range pending {
		shard := pending[i].Shard
		if _, known := heads[shard]; known {
			continue
		}
		var h collab.AuditHead
		var chain []byte
		if _, err := w.row(headOfOne, []any{shard}, &h.Seq, &chain); err != nil {
			return 0, err
		}
		copy(h.Chain[:], chain)
		heads[shard] = h
	}
	for _, row := range link(heads, pending) {
		if err := w.insertSealed(&row); err != nil {
			return 0, fmt.Errorf("chain audit event %s: %w", row.EventID, err)
		}
	}
	return len(pending), w.exec(`DELETE FROM audit_pending AS p WHERE EXISTS (SELECT 1 FROM audit_log l
		WHERE l.event_id = p.event_id AND l.shard = p.shard AND l.body = p.body)`)
}

func (w *writer) insertSealed(r *collab.SealedRow) error {
	var fields, details any
	if len(r.Fields) > 0 {
		fields = fieldsJSON(r.Fields)
	}
	if len(r.Details) > 0 {
		encoded, err := json.Marshal(r.Details)
		if err != nil {
			return err
		}
		details = string(encoded)
	}
	body := r.Body
	if body == nil {
		body = []byte{}
	}
	return w.exec(insertSealed, r.Shard, r.Seq, r.EventID, r.Tenant, micros(r.RecordedAt), r.Type, r.Outcome, r.Actor, r.Role,
		r.Session, r.Instance, r.Address, r.Resource, fields, unlessZero(r.RevisionFrom), unlessZero(r.RevisionTo),
		unlessZero(r.Fence), r.Reason, details, body, r.Leaf[:], r.Chain[:])
}

func unlessZero(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func scanPending(s scanner) (r collab.AuditRow, err error) {
	var at int64
	err = s.Scan(&r.EventID, &r.Shard, &r.Tenant, &at, &r.Type, &r.Outcome, &r.Actor, &r.Resource, &r.Session, &r.Body)
	r.RecordedAt = fromMicros(at)
	return r, err
}

const sealedColumns = `shard, seq, event_id, tenant, recorded_at, type, outcome, actor, role, session_id, instance, address,
	resource_id, fields, revision_from, revision_to, fence, reason, details, body, leaf, chain`

func scanSealed(s scanner) (r collab.SealedRow, err error) {
	var at int64
	var fields, details sql.NullString
	var from, to, fence sql.NullInt64
	var leaf, chain []byte
	err = s.Scan(&r.Shard, &r.Seq, &r.EventID, &r.Tenant, &at, &r.Type, &r.Outcome, &r.Actor, &r.Role, &r.Session, &r.Instance,
		&r.Address, &r.Resource, &fields, &from, &to, &fence, &r.Reason, &details, &r.Body, &leaf, &chain)
	if err != nil {
		return r, err
	}
	r.RecordedAt, r.RevisionFrom, r.RevisionTo, r.Fence = fromMicros(at), from.Int64, to.Int64, fence.Int64
	copy(r.Leaf[:], leaf)
	copy(r.Chain[:], chain)
	if fields.Valid {
		err = json.NewDecoder(strings.NewReader(fields.String)).Decode(&r.Fields)
	}
	if err == nil && details.Valid {
		err = json.NewDecoder(strings.NewReader(details.String)).Decode(&r.Details)
	}
	if err != nil { // the verifier finds that the columns are not those of the body
		r.Fields, r.Details = []collab.Field{"(unreadable)"}, nil
	}
	return r, nil
}
