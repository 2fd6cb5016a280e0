package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"corsia/shared/collab"
)

// Load reads all that opens a document, in one consistent read. The head's revision is 0 when the document does not exist.
func (db *DB) Load(ctx context.Context, r collab.Resource) (collab.Snapshot, error) {
	s, err := db.load(ctx, r, fromState)
	if err != nil {
		return collab.Snapshot{}, fmt.Errorf("load %v: %w", r, err)
	}
	return s, nil
}

// Since is Load for who has the document at a revision: without the state, and with the entries after that revision.
func (db *DB) Since(ctx context.Context, r collab.Resource, after int64) (collab.Snapshot, error) {
	s, err := db.load(ctx, r, after)
	if err != nil {
		return collab.Snapshot{}, fmt.Errorf("read %v since revision %d: %w", r, after, err)
	}
	return s, nil
}

// fromState stands for the revision of the state, which is read too.
const fromState = -1

func (db *DB) load(ctx context.Context, r collab.Resource, after int64) (s collab.Snapshot, err error) {
	tx, err := db.readers.BeginTx(ctx, nil)
	if err != nil {
		return s, err
	}
	defer tx.Rollback() // it has written nothing
	return readSnapshot(ctx, tx, r, after)
}

// readSnapshot is load in a transaction.
func readSnapshot(ctx context.Context, tx *sql.Tx, r collab.Resource, after int64) (s collab.Snapshot, err error) {
	err = tx.QueryRowContext(ctx,
		"SELECT revision, guard, epoch, resource_type FROM yjs_heads WHERE tenant = ? AND resource_id = ?", r.Tenant, r.ID,
	).Scan(&s.Head.Revision, &s.Head.Guard, &s.Head.Epoch, &s.Type)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("head: %w", err)
	}
	if err == nil { // otherwise there is no document, but there may be a lock
		if after == fromState {
			err = tx.QueryRowContext(ctx, "SELECT state, revision FROM yjs_states WHERE tenant = ? AND resource_id = ?",
				r.Tenant, r.ID).Scan(&s.State, &s.StateRevision)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return s, fmt.Errorf("state: %w", err)
			}
			after = s.StateRevision
		}
		if s.Tail, err = entries(ctx, tx, r, after, -1); err != nil {
			return s, fmt.Errorf("journal: %w", err)
		}
	}
	if s.Owners, err = owners(ctx, tx, r); err != nil {
		return s, fmt.Errorf("client ids: %w", err)
	}
	if s.Seeds, err = seeds(ctx, tx, r); err != nil {
		return s, fmt.Errorf("seeds: %w", err)
	}
	if s.Locks, err = openLocks(ctx, tx, r); err != nil {
		return s, fmt.Errorf("locks: %w", err)
	}
	if s.Erased, err = lastErased(ctx, tx, r); err != nil {
		return s, fmt.Errorf("erasures: %w", err)
	}
	return s, nil
}

// Entries returns up to limit entries after a revision, in order.
func (db *DB) Entries(ctx context.Context, r collab.Resource, after int64, limit int) ([]collab.Entry, error) {
	tx, err := db.readers.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("read journal of %v: %w", r, err)
	}
	defer tx.Rollback() // it has written nothing
	found, err := entries(ctx, tx, r, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read journal of %v: %w", r, err)
	}
	return found, nil
}

// Heads returns the heads of those documents that exist (SPEC D4).
func (db *DB) Heads(ctx context.Context, all []collab.Resource) (map[collab.Resource]collab.Head, error) {
	heads := make(map[collab.Resource]collab.Head, len(all))
	for _, r := range all {
		h, err := db.Head(ctx, r)
		if err != nil {
			return nil, err
		}
		if h.Revision > 0 {
			heads[r] = h
		}
	}
	return heads, nil
}

// Head returns the head of a document, zero when it does not exist.
func (db *DB) Head(ctx context.Context, r collab.Resource) (collab.Head, error) {
	var h collab.Head
	err := db.readers.QueryRowContext(ctx,
		"SELECT revision, guard, epoch FROM yjs_heads WHERE tenant = ? AND resource_id = ?", r.Tenant, r.ID,
	).Scan(&h.Revision, &h.Guard, &h.Epoch)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("read head of %v: %w", r, err)
	}
	return h, nil
}

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// collect queries rows and scans each.
func collect[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return drain(rows, scan)
}

// drain scans and closes rows.
func drain[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// entries reads entries after a revision, in one transaction; a negative limit is none.
func entries(ctx context.Context, tx *sql.Tx, r collab.Resource, after int64, limit int) ([]collab.Entry, error) {
	const columns = `u.revision, u."update", u.user_id, u.session_id, u.client_ids, u.fields, u.created_at`
	indexed, err := collect(ctx, tx, scanEntry, "SELECT "+columns+` FROM yjs_revisions i JOIN yjs_updates u USING (position)
		WHERE i.tenant = ? AND i.resource_id = ? AND i.revision > ? ORDER BY i.revision LIMIT ?`, r.Tenant, r.ID, after, limit)
	if err != nil || len(indexed) == limit {
		return indexed, err
	}
	recent, err := collect(ctx, tx, scanEntry, "SELECT "+columns+` FROM yjs_updates u
		WHERE position > (SELECT position FROM yjs_indexed) AND tenant = ? AND resource_id = ? AND revision > ?
		ORDER BY position LIMIT ?`, r.Tenant, r.ID, after, max(limit-len(indexed), -1))
	return append(indexed, recent...), err
}

func owners(ctx context.Context, q querier, r collab.Resource) ([]collab.Owner, error) {
	scan := func(s scanner) (o collab.Owner, err error) {
		err = s.Scan(&o.Client, &o.User, &o.Session, &o.Used, &o.Retired, &o.Epoch)
		return o, err
	}
	return collect(ctx, q, scan, `SELECT client_id, user_id, session_id, used, retired, epoch
		FROM yjs_clients WHERE tenant = ? AND resource_id = ? ORDER BY client_id`, r.Tenant, r.ID)
}

func seeds(ctx context.Context, q querier, r collab.Resource) ([]collab.Seed, error) {
	scan := func(s scanner) (seed collab.Seed, err error) {
		err = s.Scan(&seed.Field, &seed.Value, &seed.Known)
		return seed, err
	}
	return collect(ctx, q, scan,
		"SELECT field, value, known FROM yjs_seeds WHERE tenant = ? AND resource_id = ? ORDER BY field", r.Tenant, r.ID)
}
