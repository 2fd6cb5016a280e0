package sqlite

import (
	"context"
	"fmt"

	"corsia/shared/collab"
)

// Fold lets one caller at a time compact a resource: it reads all of it, has fold make the state, and keeps that when it is
// newer. A state of revision 0 is none. It returns ErrHeld when another is at it.
func (db *DB) Fold(ctx context.Context, r collab.Resource, fold func(collab.Snapshot) (collab.State, error)) error {
	if _, busy := db.folding.LoadOrStore(r, true); busy {
		return fmt.Errorf("fold %v: %w", r, collab.ErrHeld)
	}
	defer db.folding.Delete(r)
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
}

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
