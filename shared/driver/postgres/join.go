package postgres

import (
	"context"
	"fmt"

	"corsia/shared/collab"
)

const (
	// firstClient is the first client id that a document reserves (SPEC D7).
	firstClient = 1
	// reserveWindow is how many client ids, beside those to be reserved, a transaction looks at for unbound ones. Ids
	// that clients bind by themselves are random numbers: that many in a row are no accident.
	reserveWindow = 64
)

// emptyState is the Yjs V1 update of an empty document: no structs, no deletions.
var emptyState = []byte{0, 0}

// Join records that a session joins. An editor's first join creates the document at revision 1 (SPEC D1), and each
// editor's join reserves a fresh client id (SPEC D7). A viewer of what does not exist creates nothing and gets the zero
// head.
func (db *DB) Join(ctx context.Context, j collab.Join) (collab.Joined, error) {
	var joined collab.Joined
	editor := j.Mode == collab.Editor
	err := db.do(ctx, auditBytes(j.Audit)+4*rowOverhead, func(w *wants) {
		w.head(j.Resource, editor)
		if editor {
			w.fresh[j.Resource]++
		}
	}, func(c *change) (err error) {
		joined, err = c.join(j)
		return err
	})
	if err == nil && editor && joined.Client == 0 {
		joined.Client, err = db.Reserve(ctx, j.Resource, j.User, j.Session)
	}
	if err != nil {
		return collab.Joined{}, fmt.Errorf("join %v: %w", j.Resource, err)
	}
	return joined, nil
}

func (c *change) join(j collab.Join) (joined collab.Joined, err error) {
	if j.Mode == collab.Editor {
		h := c.heads[j.Resource]
		if h == nil { // somebody erases the resource at this moment
			return joined, refuse(collab.ErrNotFound)
		}
		if h.Revision == 0 {
			h.Revision, h.changed, joined.Created = 1, true, true
			c.create(j)
		}
		joined.Client = c.reserve(j.Resource, j.User, j.Session)
	}
	joined.Head = c.current(j.Resource)
	c.audit = append(c.audit, j.Audit...)
	return joined, nil
}

func (c *change) create(j collab.Join) {
	tenant, id := string(j.Resource.Tenant), string(j.Resource.ID)
	c.exec(`UPDATE yjs_heads SET resource_type = $3, created_at = $4, updated_at = $4 WHERE tenant = $1 AND resource_id = $2`,
		tenant, id, storable(j.Type), j.At)
	c.exec(`INSERT INTO yjs_states (tenant, resource_id, state, revision, updated_at, epoch) VALUES ($1, $2, $3, 1, $4, $5)`,
		tenant, id, emptyState, j.At, c.heads[j.Resource].Epoch)
}

// Reserve reserves one more client id to a session. It returns ErrNotFound when the document does not exist.
func (db *DB) Reserve(ctx context.Context, r collab.Resource, user collab.UserID, session collab.SessionID) (collab.ClientID, error) {
	for {
		var reserved collab.ClientID
		err := db.do(ctx, 2*rowOverhead, func(w *wants) {
			w.head(r, false)
			w.fresh[r]++
		}, func(c *change) error {
			if c.document(r) == nil {
				return refuse(collab.ErrNotFound)
			}
			reserved = c.reserve(r, user, session)
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("reserve client id in %v: %w", r, err)
		}
		if reserved != 0 {
			return reserved, nil
		}
	}
}

// reserve takes the next client id that nobody is bound to. Ids of a document only grow: one that was dropped unused is
// not given again. It returns 0 when all ids that the transaction knows of are bound; the next one looks further on.
func (c *change) reserve(r collab.Resource, user collab.UserID, session collab.SessionID) collab.ClientID {
	h, known := c.heads[r], c.known(r)
	h.changed = true
	for h.next < h.horizon {
		id := h.next
		h.next++
		if known[id] != nil {
			continue
		}
		known[id] = &client{user: user, session: session}
		c.exec(`INSERT INTO yjs_clients (tenant, resource_id, client_id, user_id, session_id, used, retired, epoch)
			VALUES ($1, $2, $3, $4, $5, false, false, $6)`, string(r.Tenant), string(r.ID), id, string(user), string(session), h.Epoch)
		return collab.ClientID(id)
	}
	return 0
}

// Leave drops the session's reservations that were never used, and keeps the audit rows.
func (db *DB) Leave(ctx context.Context, r collab.Resource, session collab.SessionID, audit []collab.AuditRow) error {
	err := db.do(ctx, auditBytes(audit)+rowOverhead, func(w *wants) {
		w.head(r, false)
		w.unused[sessionKey{r, session}] = true
	}, func(c *change) error {
		c.dropUnused(r, session)
		c.audit = append(c.audit, audit...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("leave %v: %w", r, err)
	}
	return nil
}

func (c *change) dropUnused(r collab.Resource, session collab.SessionID) {
	known := c.known(r)
	for id, it := range known {
		if it.session != session || it.used || it.retired {
			continue
		}
		delete(known, id)
		c.exec("DELETE FROM yjs_clients WHERE tenant = $1 AND resource_id = $2 AND client_id = $3",
			string(r.Tenant), string(r.ID), id)
	}
}
