package document

import (
	"fmt"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// Compact folds a snapshot's journal into one state. It proves first that nothing is lost: the state, decoded again,
// equals the document in state vector, deletions and every field's content (SPEC D3). On an error the journal is kept.
func Compact(snap collab.Snapshot) (collab.State, error) {
	doc, err := build(snap)
	if err != nil {
		return collab.State{}, err
	}
	state, err := doc.EncodeState(nil)
	if err != nil {
		return collab.State{}, fmt.Errorf("encode state: %w", err)
	}
	again, err := ydoc.Load(state)
	if err != nil {
		return collab.State{}, fmt.Errorf("decode the compacted state: %w", err)
	}
	if err := ydoc.Equal(doc, again); err != nil {
		return collab.State{}, fmt.Errorf("compacted state differs from the document: %w", err)
	}
	return collab.State{Revision: snap.Head.Revision, Epoch: snap.Head.Epoch, State: state}, nil
}
