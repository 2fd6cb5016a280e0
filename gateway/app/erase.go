package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/privacy"
)

// EraseTask says in which store content is erased, and who asks. URLs are as in the configuration.
type EraseTask struct {
	Store  string
	State  string // empty, or of an embedded driver: no cache is to be emptied
	By     collab.UserID
	Reason string
}

// ContentOf counts what a store holds of a resource that would be erased.
func ContentOf(ctx context.Context, storeURL string, r collab.Resource) (collab.Content, error) {
	store, err := openWholeStore(ctx, storeURL)
	if err != nil {
		return collab.Content{}, err
	}
	c, err := store.Content(ctx, r)
	return c, errors.Join(err, store.Close())
}

// EraseContent erases the content of a resource (SPEC O7). Stale says that it is done, but that the state driver may keep the
// old document for its time.
func EraseContent(ctx context.Context, t EraseTask, r collab.Resource) (done collab.Erased, stale, err error) {
	store, err := openWholeStore(ctx, t.Store)
	if err != nil {
		return done, nil, err
	}
	defer store.Close()
	done, err = privacy.Erase(ctx, store, t.recorder(), privacy.EraseRequest{Resource: r, By: t.By, Reason: t.Reason, At: time.Now()})
	if err != nil || done.Content.Empty() {
		return done, nil, err
	}
	return done, t.emptyCache(ctx, r, done.Head), nil
}

// EraseAgain erases in a restored store what the trail of a newer one, or of its archive, says to have been erased. Each is
// called after each resource. It returns how many erasures that trail tells of.
func EraseAgain(ctx context.Context, t EraseTask, trailStore, trailArchive string, each func(collab.Resource, collab.Erased)) (n int, err error) {
	newer, restored := privacy.Past{}, privacy.Past{}
	if trailStore != "" {
		if err := readPast(ctx, trailStore, newer); err != nil {
			return 0, err
		}
	}
	if trailArchive != "" {
		objects, err := openObjects(ctx, trailArchive)
		if err != nil {
			return 0, err
		}
		if err := errors.Join(newer.ReadArchive(ctx, objects), objects.Close()); err != nil {
			return 0, err
		}
	}
	if err := readPast(ctx, t.Store, restored); err != nil {
		return 0, err
	}
	store, err := openWholeStore(ctx, t.Store)
	if err != nil {
		return 0, err
	}
	err = privacy.EraseAgain(ctx, store, t.recorder(), privacy.AgainRequest{Newer: newer, Restored: restored, By: t.By, Now: time.Now, Each: each})
	return len(newer), errors.Join(err, store.Close())
}

func readPast(ctx context.Context, storeURL string, into privacy.Past) error {
	trail, err := openAuditTrail(ctx, storeURL)
	if err != nil {
		return err
	}
	return errors.Join(into.ReadTrail(ctx, trail), trail.Close())
}

// emptyDocument is the Yjs V1 update of a document without structs and deletions.
var emptyDocument = []byte{0, 0}

// emptyCache puts the empty document in the place of the one that the state driver may keep. Gateways that have the resource
// open do it too.
func (t EraseTask) emptyCache(ctx context.Context, r collab.Resource, head collab.Head) error {
	if t.State == "" || strings.HasPrefix(t.State, "inproc:") || head.Revision == 0 {
		return nil
	}
	cache, err := openCache(t.State)
	if err == nil {
		err = cache.CacheState(ctx, collab.State{Resource: r, Revision: head.Revision, Epoch: head.Epoch, State: emptyDocument})
		err = errors.Join(err, cache.Close())
	}
	if err != nil {
		return fmt.Errorf("empty the cache of states: %w", err)
	}
	return nil
}

func (t EraseTask) recorder() *audit.Recorder {
	return audit.NewRecorder(collab.NewInstanceID(), obs.NewLogger(io.Discard, nil))
}
