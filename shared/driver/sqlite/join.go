package sqlite

import (
	"context"
	"fmt"

	"corsia/shared/collab"
)

// firstClient is the first client id that a document reserves (SPEC D7).
const firstClient = 1

// emptyState is the Yjs V1 update of an empty document: no structs, no deletions.
var emptyState = []byte{0, 0}

// Join records that a session joins. An editor's first join creates the document at revision 1 (SPEC D1), and each
// editor's join reserves a fresh client id (SPEC D7). A viewer of what does not exist creates nothing and gets the zero
// head.
func (db *DB) Join(ctx context.Context, j collab.Join) (collab.Joined, error) {
	var joined collab.Joined
	err := db.do(ctx, auditBytes(j.Audit)+4*rowOverhead, func(w *writer) (err error) {
		joined, err = w.join(j)
		return err
	})
	if err != nil {
		return collab.Joined{}, fmt.Errorf("join %v: %w", j.Resource, err)
	}
	return joined, nil
}

func (w *writer) join(j collab.Join) (joined collab.Joined, err error) {
	head, found, err := w.head(j.Resource)
	if err != nil {
		return joined, fmt.Errorf("read head: %w", err)
	}
	joined.Head = head
	if j.Mode == collab.Editor {
		if !found {
			if err := w.create(j); err != nil {
				return joined, err
			}
			if joined.Head, _, err = w.head(j.Resource); err != nil {
				return joined, fmt.Errorf("read new head: %w", err)
			}
			joined.Created = true
		}
		if joined.Client, err = w.reserve(j.Resource, j.User, j.Session); err != nil {
			return joined, err
		}
	}
	return joined, w.audit(j.Audit)
}

func (w *writer) create(j collab.Join) error {
	at := micros(j.At)
	err := w.exec(`INSERT INTO yjs_heads
		(tenant, resource_id, resource_type, revision, guard, epoch, next_client, created_at, updated_at)
		VALUES (?, ?, ?, 1, 0, (`+documentEpoch+`), ? + ? * (`+documentEpoch+`), ?, ?)`,
		j.Resource.Tenant, j.Resource.ID, j.Type, firstClient, collab.ClientsPerEpoch, at, at)
	if err != nil {
		return fmt.Errorf("insert head: %w", err)
	}
	err = w.exec(`INSERT INTO yjs_states (tenant, resource_id, state, revision, updated_at, epoch)
		VALUES (?, ?, ?, 1, ?, (`+documentEpoch+`))`,
		j.Resource.Tenant, j.Resource.ID, emptyState, at)
	if err != nil {
		return fmt.Errorf("insert state: %w", err)
	}
	return nil
}

// Reserve reserves one more client id to a session. It returns ErrNotFound when the document does not exist.
func (db *DB) Reserve(ctx context.Context, r collab.Resource, user collab.UserID, session collab.SessionID) (collab.ClientID, error) {
	var client collab.ClientID
	err := db.do(ctx, 2*rowOverhead, func(w *writer) (err error) {
		if _, found, err := w.head(r); err != nil || !found {
			return notFound(err)
		}
		client, err = w.reserve(r, user, session)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reserve client id in %v: %w", r, err)
	}
	return client, nil
}

// notFound returns err, or the refusal ErrNotFound when there is none.
func notFound(err error) error {
	if err != nil {
		return err
	}
	return refuse(collab.ErrNotFound)
}

// reserve takes the next client id that nobody is bound to. Ids of a document only grow: one that was dropped unused is
// not given again.
func (w *writer) reserve(r collab.Resource, user collab.UserID, session collab.SessionID) (collab.ClientID, error) {
	var next int64
	if _, err := w.row("SELECT next_client FROM yjs_heads WHERE tenant = ? AND resource_id = ?",
		[]any{r.Tenant, r.ID}, &next); err != nil {
		return 0, fmt.Errorf("read next client id: %w", err)
	}
	next, err := w.skipBound(r, next)
	if err != nil {
		return 0, fmt.Errorf("skip bound client ids: %w", err)
	}
	if err := w.exec("UPDATE yjs_heads SET next_client = ? WHERE tenant = ? AND resource_id = ?",
		next+1, r.Tenant, r.ID); err != nil {
		return 0, fmt.Errorf("advance next client id: %w", err)
	}
	if err := w.exec(`INSERT INTO yjs_clients (tenant, resource_id, client_id, user_id, session_id, used, retired, epoch)
		SELECT tenant, resource_id, ?, ?, ?, 0, 0, epoch FROM yjs_heads WHERE tenant = ? AND resource_id = ?`, next, user, session, r.Tenant, r.ID); err != nil {
		return 0, fmt.Errorf("reserve client id: %w", err)
	}
	return collab.ClientID(next), nil
}

// skipBound returns the first id from next on that is not bound.
func (w *writer) skipBound(r collab.Resource, next int64) (int64, error) {
	rows, err := w.rows(`SELECT client_id FROM yjs_clients WHERE tenant = ? AND resource_id = ? AND client_id >= ?
		ORDER BY client_id`, r.Tenant, r.ID, next)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var bound int64
		if err := rows.Scan(&bound); err != nil {
			return 0, err
		}
		if bound != next {
			break
		}
		next++
	}
	return next, rows.Err()
}

// Leave drops the session's reservations that were never used, and keeps the audit rows.
func (db *DB) Leave(ctx context.Context, r collab.Resource, session collab.SessionID, audit []collab.AuditRow) error {
	err := db.do(ctx, auditBytes(audit)+rowOverhead, func(w *writer) error {
		if err := w.exec(`DELETE FROM yjs_clients
			WHERE tenant = ? AND resource_id = ? AND session_id = ? AND used = 0 AND retired = 0`,
			r.Tenant, r.ID, session); err != nil {
			return fmt.Errorf("drop unused client ids: %w", err)
		}
		return w.audit(audit)
	})
	if err != nil {
		return fmt.Errorf("leave %v: %w", r, err)
	}
	return nil
}
