package postgres

import (
	"errors"
	"fmt"
	"math"
	"time"

	"corsia/shared/collab"
)

// rowOverhead is what a row takes beside its payload, roughly, in bytes.
const rowOverhead = 200

// Append queues the batch and returns at once. done has room for one value and gets the outcome after the commit. Batches
// of one resource are applied in the order of their calls. ErrStale and ErrClientTaken mean that nothing of the batch was
// written; the other batches of its transaction are not disturbed. While the server cannot be reached batches wait, in
// order; any other error may come from a commit of unknown outcome: the journal tells. The store keeps b's slices until
// done has its value.
func (db *DB) Append(b collab.Batch, done chan<- collab.Committed) {
	after := b.After()
	var met collab.Head // when the batch was judged last
	j := &job{
		wants: func(w *wants) { wantAppend(w, &b) },
		apply: func(c *change) error {
			met = c.current(b.Resource)
			return c.append(&b)
		},
		done: func(err error, at time.Time) {
			switch {
			case err == nil:
				if len(b.Entries) > 0 {
					db.noted.add(at, b.Resource)
				}
				done <- collab.Committed{Head: after, At: at}
			case errors.Is(err, collab.ErrStale):
				done <- collab.Committed{Head: met, Err: wrapAppend(b.Resource, err), At: at}
			default:
				done <- collab.Committed{Err: wrapAppend(b.Resource, err), At: at}
			}
		},
		rows: 1 + len(b.Entries) + len(b.Bind) + len(b.Retire) + len(b.Seeds) + len(b.Audit),
	}
	j.bytes = j.rows*rowOverhead + auditBytes(b.Audit)
	for i := range b.Entries {
		j.bytes += len(b.Entries[i].Update)
	}
	if err := db.committer.queue.push(j); err != nil {
		done <- collab.Committed{Err: wrapAppend(b.Resource, err), At: time.Now()}
	}
}

func wrapAppend(r collab.Resource, err error) error { return fmt.Errorf("append to %v: %w", r, err) }

func wantAppend(w *wants, b *collab.Batch) {
	w.head(b.Resource, false)
	for _, o := range b.Bind {
		if o.Client <= math.MaxInt64 {
			w.clients[clientKey{b.Resource, int64(o.Client)}] = true
		}
	}
}

// append compares and appends: everything that can refuse the batch is looked at before anything is changed. A stale head
// comes before a client id of another user, as the caller may not have seen the other's binding.
func (c *change) append(b *collab.Batch) error {
	for i := range b.Entries {
		if want := b.Expect.Revision + 1 + int64(i); b.Entries[i].Revision != want {
			return refuse(fmt.Errorf("entry %d has revision %d: want %d", i, b.Entries[i].Revision, want))
		}
	}
	for _, o := range b.Bind {
		if o.Client > math.MaxInt64 {
			return refuse(fmt.Errorf("client id %d is out of range", o.Client))
		}
	}
	h := c.document(b.Resource)
	if h == nil || h.Head != b.Expect {
		return refuse(collab.ErrStale)
	}
	known := c.known(b.Resource)
	for _, o := range b.Bind {
		if other := known[int64(o.Client)]; other != nil && other.user != o.User {
			return refuse(fmt.Errorf("%w: %d", collab.ErrClientTaken, o.Client))
		}
	}
	after := b.After()
	if n := len(b.Entries); n > 0 {
		h.touched = b.Entries[n-1].At
	}
	if after != h.Head {
		h.Head, h.changed = after, true
	}
	for i := range b.Entries {
		c.journal.add(b.Resource, &b.Entries[i])
	}
	for _, o := range b.Bind {
		c.bind(b.Resource, o)
	}
	for _, id := range b.Retire {
		c.retire(b.Resource, id)
	}
	for _, s := range b.Seeds {
		c.exec(`INSERT INTO yjs_seeds AS s (tenant, resource_id, field, value, known) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant, resource_id, field) DO UPDATE
			SET value = CASE excluded.value WHEN 'null' THEN s.value ELSE excluded.value END,
				known = CASE excluded.known WHEN '' THEN s.known ELSE excluded.known END`,
			string(b.Resource.Tenant), string(b.Resource.ID), storable(s.Field), storable(s.Value), storable(s.Known))
	}
	c.audit = append(c.audit, b.Audit...)
	return nil
}

func (c *change) bind(r collab.Resource, o collab.Owner) {
	known := c.known(r)
	bound := client{user: o.User, session: o.Session, used: o.Used, retired: o.Retired}
	if before := known[int64(o.Client)]; before != nil {
		bound.used, bound.retired = bound.used || before.used, bound.retired || before.retired
	}
	known[int64(o.Client)] = &bound
	c.exec(`INSERT INTO yjs_clients (tenant, resource_id, client_id, user_id, session_id, used, retired, epoch)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant, resource_id, client_id) DO UPDATE
		SET session_id = excluded.session_id, used = excluded.used, retired = excluded.retired, epoch = excluded.epoch`,
		string(r.Tenant), string(r.ID), int64(o.Client), string(o.User), string(o.Session), bound.used, bound.retired, o.Epoch)
}

func (c *change) retire(r collab.Resource, id collab.ClientID) {
	if id > math.MaxInt64 {
		return // nobody's
	}
	if known := c.known(r)[int64(id)]; known != nil {
		known.retired = true
	}
	c.exec("UPDATE yjs_clients SET retired = true WHERE tenant = $1 AND resource_id = $2 AND client_id = $3",
		string(r.Tenant), string(r.ID), int64(id))
}
