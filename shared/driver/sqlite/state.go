package sqlite

import (
	"context"
	"fmt"

	"corsia/shared/collab"
)

// SaveState keeps a compacted prefix of the journal. It reports false, and writes nothing, unless the state is newer than
// the one kept and of the same epoch (SPEC D3).
func (db *DB) SaveState(ctx context.Context, s collab.State) (bool, error) {
	var saved bool
	err := db.do(ctx, len(s.State)+rowOverhead, func(w *writer) error {
		n, err := w.changed(`UPDATE yjs_states SET state = ?, revision = ?, updated_at = ?
			WHERE tenant = ? AND resource_id = ? AND revision < ? AND epoch = ?`,
			s.State, s.Revision, micros(s.At), s.Resource.Tenant, s.Resource.ID, s.Revision, s.Epoch)
		saved = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("save state of %v: %w", s.Resource, err)
	}
	return saved, nil
}
