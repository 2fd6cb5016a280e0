package backup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// compare is level 4: it returns the first table that is not as the manifest says.
func compare(want, got []collab.TableSum) error {
	found := make(map[string]collab.TableSum, len(got))
	for _, t := range got {
		found[t.Name] = t
	}
	for _, w := range want {
		g, there := found[w.Name]
		switch {
		case !there:
			return failed(Equal, "there is no table %s", w.Name)
		case g.Rows != w.Rows:
			return failed(Equal, "table %s has %d rows, and the manifest says %d", w.Name, g.Rows, w.Rows)
		case g.Sum != w.Sum:
			return failed(Equal, "table %s has other rows than the manifest says", w.Name)
		}
	}
	if len(got) > len(want) {
		return failed(Equal, "there are %d tables, and the manifest says %d", len(got), len(want))
	}
	return nil
}

// open opens a document as a gateway does: the state, then the later journal without gaps, up to the head, nothing missing.
func open(s collab.Snapshot) error {
	doc := ydoc.New()
	if len(s.State) > 0 {
		var err error
		if doc, err = ydoc.Load(s.State); err != nil {
			return fmt.Errorf("decode state at revision %d: %w", s.StateRevision, err)
		}
	}
	at := max(s.StateRevision, 1) // revision 1, the creation, changes nothing
	for _, e := range s.Tail {
		if e.Revision <= at {
			continue
		}
		if e.Revision != at+1 {
			return fmt.Errorf("the journal has no revision %d", at+1)
		}
		if err := doc.ApplyUpdate(e.Update); err != nil {
			return fmt.Errorf("apply revision %d: %w", e.Revision, err)
		}
		at = e.Revision
	}
	switch {
	case at != s.Head.Revision:
		return fmt.Errorf("state and journal end at revision %d, the head is at %d", at, s.Head.Revision)
	case doc.HasPending():
		return fmt.Errorf("the journal up to revision %d is not causally complete", at)
	}
	return nil
}

// documents is the first half of level 5.
func (r *Report) documents(ctx context.Context, store Store) error {
	return store.Documents(ctx, func(res collab.Resource, s collab.Snapshot) error {
		if err := open(s); err != nil {
			return failed(Verified, "document %v: %w", res, err)
		}
		r.Documents++
		return nil
	})
}

// trail is the second half of level 5: the trail is measured by the store's newest checkpoint, by those that the archive had at
// the moment of the backup, and by one that was kept elsewhere. Rows and checkpoints of later are no fault of the backup's.
func (r *Report) trail(ctx context.Context, store Store, objects Objects, m moment, trust Trust) error {
	report, err := audit.VerifyStore(ctx, store, &then{objects, m}, audit.Trust{Keys: trust.Keys, Trusted: trust.Checkpoint, Now: m.at})
	if err != nil {
		return fmt.Errorf("verify the audit trail: %w", err)
	}
	r.AuditRows = report.Rows
	if report.Status() != audit.Intact {
		return failed(Verified, "the audit trail is %s: %s", report.Status(), report.Problems[0])
	}
	return nil
}

// Trust is what an audit trail is measured by.
type Trust struct {
	Keys       []note.Verifier
	Checkpoint []byte // one that was kept elsewhere and is not newer than the backup; nil: none
}

const checkpoints = "audit/checkpoints/"

// then is the archive as it was at a moment: later checkpoints are not in it.
type then struct {
	Objects
	m moment
}

// List leaves out the checkpoints that are later.
func (t *then) List(ctx context.Context, prefix string) ([]string, error) {
	all, err := t.Objects.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	kept := all[:0:0]
	for _, key := range all {
		if strings.HasPrefix(key, checkpoints) {
			epoch, number, ok := checkpoint(key)
			if !ok || epoch > t.m.epoch || epoch == t.m.epoch && number > t.m.checkpoint {
				continue
			}
		}
		kept = append(kept, key)
	}
	return kept, nil
}

// checkpoint returns what a checkpoint's key says: ….…Z-<epoch>-<number>.note.
func checkpoint(key string) (epoch, number int64, ok bool) {
	parts := strings.Split(strings.TrimSuffix(key, ".note"), "-")
	if len(parts) < 3 {
		return 0, 0, false
	}
	epoch, err1 := strconv.ParseInt(parts[len(parts)-2], 10, 64)
	number, err2 := strconv.ParseInt(parts[len(parts)-1], 10, 64)
	return epoch, number, errors.Join(err1, err2) == nil
}

// nextEpoch returns the epoch that a restore opens: later than that of the store, and than any that the archive has seen. A
// backup that is restored a second time must not open the epoch of the first time again.
func nextEpoch(ctx context.Context, objects Objects, of int64) (int64, error) {
	keys, err := objects.List(ctx, checkpoints)
	if err != nil {
		return 0, fmt.Errorf("look for epochs: %w", err)
	}
	for _, key := range keys {
		if epoch, _, ok := checkpoint(key); ok {
			of = max(of, epoch)
		}
	}
	// What was restored last and has signed nothing yet is known by its report alone.
	keys, err = objects.List(ctx, epochs)
	if err != nil {
		return 0, fmt.Errorf("look for epochs: %w", err)
	}
	for _, key := range keys {
		if epoch, err := strconv.ParseInt(strings.TrimPrefix(key, epochs), 10, 64); err == nil {
			of = max(of, epoch)
		}
	}
	return of + 1, nil
}

// epochs are objects whose names say which epochs restores have opened.
const epochs = prefix + "epochs/"
