package sqlite

import (
	"fmt"
	"math"
	"time"

	"corsia/shared/collab"
)

// rowOverhead is what a row takes beside its payload, roughly, in bytes.
const rowOverhead = 200

// Append queues the batch and returns at once. done has room for one value and gets the outcome after the commit. Batches
// of one resource are applied in the order of their calls. ErrStale and ErrClientTaken mean that nothing of the batch was
// written; the other batches of its transaction are not disturbed. The store keeps b's slices until done has its value.
func (db *DB) Append(b collab.Batch, done chan<- collab.Committed) {
	after := b.After()
	j := &job{
		apply: func(w *writer) error { return w.append(&b) },
		done: func(err error, at time.Time) {
			if err != nil {
				done <- collab.Committed{Err: wrapAppend(b.Resource, err), At: at}
				return
			}
			done <- collab.Committed{Head: after, At: at}
		},
		rows: 1 + len(b.Entries) + len(b.Bind) + len(b.Retire) + len(b.Seeds) + len(b.Audit),
	}
	j.bytes = j.rows*rowOverhead + auditBytes(b.Audit)
	for i := range b.Entries {
		j.bytes += len(b.Entries[i].Update)
	}
	if err := db.queue.push(j); err != nil {
		done <- collab.Committed{Err: wrapAppend(b.Resource, err), At: time.Now()}
	}
}

func wrapAppend(r collab.Resource, err error) error { return fmt.Errorf("append to %v: %w", r, err) }

// append compares and appends: everything that can refuse the batch is looked at before its first row is written.
func (w *writer) append(b *collab.Batch) error {
	for i := range b.Entries {
		if want := b.Expect.Revision + 1 + int64(i); b.Entries[i].Revision != want {
			return refuse(fmt.Errorf("entry %d has revision %d: want %d", i, b.Entries[i].Revision, want))
		}
	}
	if err := w.bindable(b); err != nil {
		return err
	}
	at := time.Now()
	if n := len(b.Entries); n > 0 {
		at = b.Entries[n-1].At
	}
	after := b.After()
	n, err := w.changed(`UPDATE yjs_heads SET revision = ?, guard = ?, updated_at = ?
		WHERE tenant = ? AND resource_id = ? AND revision = ? AND guard = ? AND epoch = ?`,
		after.Revision, after.Guard, micros(at),
		b.Resource.Tenant, b.Resource.ID, b.Expect.Revision, b.Expect.Guard, b.Expect.Epoch)
	if err != nil {
		return fmt.Errorf("advance head: %w", err)
	}
	if n == 0 {
		return refuse(collab.ErrStale)
	}
	for i := range b.Entries {
		w.journal.add(b.Resource, &b.Entries[i])
	}
	if w.journal.count() >= insertRows {
		if err := w.flush(); err != nil {
			return err
		}
	}
	return w.sideRows(b)
}

// bindable refuses a batch that binds a client id of another user, or one that does not exist in SQLite's integers. A stale
// head comes first, as the caller may not have seen the other's binding.
func (w *writer) bindable(b *collab.Batch) error {
	var taken error
	for _, o := range b.Bind {
		if o.Client > math.MaxInt64 {
			return refuse(fmt.Errorf("client id %d is out of range", o.Client))
		}
		var user collab.UserID
		found, err := w.row("SELECT user_id FROM yjs_clients WHERE tenant = ? AND resource_id = ? AND client_id = ?",
			[]any{b.Resource.Tenant, b.Resource.ID, int64(o.Client)}, &user)
		if err != nil {
			return fmt.Errorf("read owner of client id: %w", err)
		}
		if found && user != o.User {
			taken = fmt.Errorf("%w: %d", collab.ErrClientTaken, o.Client)
		}
	}
	if taken == nil {
		return nil
	}
	head, _, err := w.head(b.Resource)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	if head != b.Expect {
		taken = collab.ErrStale
	}
	return refuse(taken)
}

// sideRows writes what a batch brings beside its entries.
func (w *writer) sideRows(b *collab.Batch) error {
	for _, o := range b.Bind {
		err := w.exec(`INSERT INTO yjs_clients (tenant, resource_id, client_id, user_id, session_id, used, retired, epoch)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, resource_id, client_id) DO UPDATE
			SET session_id = excluded.session_id, used = max(used, excluded.used), retired = max(retired, excluded.retired),
				epoch = excluded.epoch`,
			b.Resource.Tenant, b.Resource.ID, int64(o.Client), o.User, o.Session, flag(o.Used), flag(o.Retired), o.Epoch)
		if err != nil {
			return fmt.Errorf("bind client id: %w", err)
		}
	}
	for _, c := range b.Retire {
		err := w.exec("UPDATE yjs_clients SET retired = 1 WHERE tenant = ? AND resource_id = ? AND client_id = ?",
			b.Resource.Tenant, b.Resource.ID, int64(c))
		if err != nil {
			return fmt.Errorf("retire client id: %w", err)
		}
	}
	for _, s := range b.Seeds {
		err := w.exec(`INSERT INTO yjs_seeds (tenant, resource_id, field, value, known) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (tenant, resource_id, field) DO UPDATE
			SET value = CASE excluded.value WHEN 'null' THEN value ELSE excluded.value END,
				known = CASE excluded.known WHEN '' THEN known ELSE excluded.known END`,
			b.Resource.Tenant, b.Resource.ID, s.Field, s.Value, s.Known)
		if err != nil {
			return fmt.Errorf("keep seed: %w", err)
		}
	}
	return w.audit(b.Audit)
}
