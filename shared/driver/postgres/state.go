package postgres

import (
	"context"
	"fmt"

	"corsia/shared/collab"
)

// SaveState keeps a compacted prefix of the journal. It reports false, and writes nothing, unless the state is newer than
// the one kept and of the same epoch (SPEC D3). It does not go through the committers: a state is large, and no update
// waits for it.
func (db *DB) SaveState(ctx context.Context, s collab.State) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, db.limits.read)
	defer cancel()
	tag, err := db.pool.Exec(ctx, `UPDATE yjs_states SET state = $3, revision = $4, updated_at = $5
		WHERE tenant = $1 AND resource_id = $2 AND revision < $4 AND epoch = $6`,
		string(s.Resource.Tenant), string(s.Resource.ID), s.State, s.Revision, s.At, s.Epoch)
	if err != nil {
		return false, fmt.Errorf("save state of %v: %w", s.Resource, err)
	}
	return tag.RowsAffected() > 0, nil
}
