package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// Load reads all that opens a document, in one consistent read of one round trip. The head's revision is 0 when the
// document does not exist.
func (db *DB) Load(ctx context.Context, r collab.Resource) (collab.Snapshot, error) {
	s, err := db.snapshot(ctx, r, func(b *pgx.Batch, s *collab.Snapshot) {
		b.Queue(selectState, string(r.Tenant), string(r.ID)).QueryRow(func(row pgx.Row) error {
			return orNone(row.Scan(&s.State, &s.StateRevision))
		})
		queueList(b, &s.Tail, scanEntry, selectTail, string(r.Tenant), string(r.ID))
	})
	if err != nil {
		return collab.Snapshot{}, fmt.Errorf("load %v: %w", r, err)
	}
	return s, nil
}

// Since is Load for who has the document at a revision: without the state, and with the entries after that revision.
func (db *DB) Since(ctx context.Context, r collab.Resource, after int64) (collab.Snapshot, error) {
	s, err := db.snapshot(ctx, r, func(b *pgx.Batch, s *collab.Snapshot) {
		queueList(b, &s.Tail, scanEntry, selectEntries, string(r.Tenant), string(r.ID), after, nil)
	})
	if err != nil {
		return collab.Snapshot{}, fmt.Errorf("read %v since revision %d: %w", r, after, err)
	}
	return s, nil
}

// snapshot reads what is known of a resource at one moment, and what content asks for of its document.
func (db *DB) snapshot(ctx context.Context, r collab.Resource, content func(*pgx.Batch, *collab.Snapshot)) (s collab.Snapshot, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		s = collab.Snapshot{}
		b := &pgx.Batch{}
		b.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
		queueKnown(b, r, &s)
		content(b, &s)
		b.Queue("COMMIT")
		return conn.SendBatch(ctx, b).Close()
	})
	return s, err
}

const (
	selectHead = `SELECT revision, guard, epoch, resource_type FROM yjs_heads
		WHERE tenant = $1 AND resource_id = $2 AND revision > 0`
	selectState = "SELECT state, revision FROM yjs_states WHERE tenant = $1 AND resource_id = $2"
	selectTail  = "SELECT " + entryColumns + ` FROM yjs_updates WHERE tenant = $1 AND resource_id = $2 AND revision >
		coalesce((SELECT revision FROM yjs_states WHERE tenant = $1 AND resource_id = $2), 0) ORDER BY revision`
	selectEntries = "SELECT " + entryColumns + ` FROM yjs_updates
		WHERE tenant = $1 AND resource_id = $2 AND revision > $3 ORDER BY revision LIMIT $4`
	selectOwners = `SELECT client_id, user_id, session_id, used, retired, epoch FROM yjs_clients
		WHERE tenant = $1 AND resource_id = $2 ORDER BY client_id`
	selectSeeds = "SELECT field, value, known FROM yjs_seeds WHERE tenant = $1 AND resource_id = $2 ORDER BY field"
)

// queueKnown queues the queries of what a snapshot tells beside the document's content.
func queueKnown(b *pgx.Batch, r collab.Resource, s *collab.Snapshot) {
	tenant, id := string(r.Tenant), string(r.ID)
	b.Queue(selectHead, tenant, id).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&s.Head.Revision, &s.Head.Guard, &s.Head.Epoch, &s.Type)
		return orNone(err)
	})
	queueList(b, &s.Owners, scanOwner, selectOwners, tenant, id)
	queueList(b, &s.Seeds, scanSeed, selectSeeds, tenant, id)
	queueList(b, &s.Locks, scanLock, selectOpenLocks, tenant, id)
	queueErased(b, r, &s.Erased)
}

func queueList[T any](b *pgx.Batch, into *[]T, scan func(pgx.CollectableRow) (T, error), sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		*into, err = collect(rows, scan)
		return err
	})
}

func orNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

func scanOwner(row pgx.CollectableRow) (o collab.Owner, err error) {
	var id int64
	err = row.Scan(&id, &o.User, &o.Session, &o.Used, &o.Retired, &o.Epoch)
	o.Client = collab.ClientID(id)
	return o, err
}

func scanSeed(row pgx.CollectableRow) (s collab.Seed, err error) {
	err = row.Scan(&s.Field, &s.Value, &s.Known)
	return s, err
}

// Entries returns up to limit entries after a revision, in order.
func (db *DB) Entries(ctx context.Context, r collab.Resource, after int64, limit int) (found []collab.Entry, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
		found, err = query(ctx, conn, scanEntry, selectEntries, string(r.Tenant), string(r.ID), after, noLimit(limit))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read journal of %v: %w", r, err)
	}
	return found, nil
}

// noLimit returns a negative limit as NULL, which is none.
func noLimit(limit int) *int {
	if limit < 0 {
		return nil
	}
	return &limit
}

// Head returns the head of a document, zero when it does not exist.
func (db *DB) Head(ctx context.Context, r collab.Resource) (collab.Head, error) {
	heads, err := db.Heads(ctx, []collab.Resource{r})
	if err != nil {
		return collab.Head{}, fmt.Errorf("read head of %v: %w", r, err)
	}
	return heads[r], nil
}

// Heads returns the heads of those documents that exist, by one query (SPEC D4).
func (db *DB) Heads(ctx context.Context, rs []collab.Resource) (map[collab.Resource]collab.Head, error) {
	heads := make(map[collab.Resource]collab.Head, len(rs))
	if len(rs) == 0 {
		return heads, nil
	}
	tenants, ids := columns(rs)
	err := db.read(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		clear(heads)
		rows, err := conn.Query(ctx, `SELECT w.n, h.* FROM unnest($1::text[], $2::text[])
			WITH ORDINALITY AS w (tenant, resource_id, n), LATERAL (SELECT h.revision, h.guard, h.epoch FROM yjs_heads h
				WHERE h.tenant = w.tenant AND h.resource_id = w.resource_id AND h.revision > 0 OFFSET 0) h`, tenants, ids)
		if err != nil {
			return err
		}
		var n int64
		var h collab.Head
		_, err = pgx.ForEachRow(rows, []any{&n, &h.Revision, &h.Guard, &h.Epoch}, func() error {
			heads[rs[n-1]] = h
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read heads of %d documents: %w", len(rs), err)
	}
	return heads, nil
}
