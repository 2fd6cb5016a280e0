package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"corsia/shared/collab"
)

// Fold lets one caller at a time, on all instances, compact a resource: it reads all of it, has fold make the state, and
// keeps that when it is newer. A state of revision 0 is none. It returns ErrHeld when another is at it. The right to fold is
// an advisory lock of a session of the server: it ends with the connection, whatever becomes of this instance.
func (db *DB) Fold(ctx context.Context, r collab.Resource, fold func(collab.Snapshot) (collab.State, error)) error {
	err := db.read(ctx, func(ctx context.Context, conn *pgx.Conn) (err error) {
		key := foldKey(r)
		var mine bool
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&mine); err != nil {
			return err
		}
		if !mine {
			return collab.ErrHeld
		}
		defer func() {
			if _, unlockErr := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", key); unlockErr != nil {
				err = errors.Join(err, unlockErr, conn.Close(context.WithoutCancel(ctx)))
			}
		}()
		s, err := db.Load(ctx, r)
		if err != nil {
			return err
		}
		state, err := fold(s)
		if err != nil || state.Revision == 0 {
			return err
		}
		_, err = db.SaveState(ctx, state)
		return err
	})
	if err != nil {
		return fmt.Errorf("fold %v: %w", r, err)
	}
	return nil
}

// foldKey is the number of a resource's advisory lock. Two resources that share one wait for each other, no more.
func foldKey(r collab.Resource) int64 {
	sum := sha256.Sum256([]byte("fold\x00" + string(r.Tenant) + "\x00" + string(r.ID)))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// SaveState keeps a compacted prefix of the journal. It reports false, and writes nothing, unless the state is newer than
// the one kept and of the same epoch (SPEC D3). It does not go through the committers: a state is large, and no update
// waits for it.
func (db *DB) SaveState(ctx context.Context, s collab.State) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, db.limits.read)
	defer cancel()
	var tag pgconn.CommandTag
	err := db.guard(ctx, func(ctx context.Context) (err error) {
		tag, err = db.pool.Exec(ctx, `UPDATE yjs_states SET state = $3, revision = $4, updated_at = $5
		WHERE tenant = $1 AND resource_id = $2 AND revision < $4 AND epoch = $6`,
			string(s.Resource.Tenant), string(s.Resource.ID), s.State, s.Revision, s.At, s.Epoch)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("save state of %v: %w", s.Resource, err)
	}
	return tag.RowsAffected() > 0, nil
}
