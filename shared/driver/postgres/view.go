package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"corsia/shared/collab"
)

// view is what a transaction has read about the resources whose heads it holds: nobody else changes it until the
// transaction ends. Jobs that are judged change it, so that the next ones see what will be.
type view struct {
	heads   map[collab.Resource]*head
	clients map[collab.Resource]map[int64]*client // those that were asked for
	locks   map[collab.Resource][]collab.Lock     // open ones
	fences  map[collab.LockKey]int64              // those that were asked for
}

// head is a row of yjs_heads.
type head struct {
	collab.Head
	next    int64      // client id to reserve next
	horizon int64      // what is bound below it, from next on, is known
	touched time.Time  // of the last entry that is appended; zero: none is
	place   pgtype.TID // where the row is; it does not move while the transaction holds it
	changed bool
}

// client is a row of yjs_clients.
type client struct {
	user          collab.UserID
	session       collab.SessionID
	used, retired bool
}

func newView() *view {
	return &view{
		heads: map[collab.Resource]*head{}, clients: map[collab.Resource]map[int64]*client{},
		locks: map[collab.Resource][]collab.Lock{}, fences: map[collab.LockKey]int64{},
	}
}

// document returns the head of a resource that has a document, nil when it has none.
func (v *view) document(r collab.Resource) *head {
	if h := v.heads[r]; h != nil && h.Revision > 0 {
		return h
	}
	return nil
}

// current returns the head as the port tells it: zero when there is no document.
func (v *view) current(r collab.Resource) collab.Head {
	if h := v.document(r); h != nil {
		return h.Head
	}
	return collab.Head{}
}

// known returns the clients of a resource that were asked for, and those that this transaction adds.
func (v *view) known(r collab.Resource) map[int64]*client {
	m := v.clients[r]
	if m == nil {
		m = map[int64]*client{}
		v.clients[r] = m
	}
	return m
}

// readClients returns what reads numbered rows of clientColumns; the numbers are those of the resources.
func (v *view) readClients(rs []collab.Resource) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var n, id int64
		var c client
		_, err := pgx.ForEachRow(rows, []any{&n, &id, &c.user, &c.session, &c.used, &c.retired}, func() error {
			found := c
			v.known(rs[n-1])[id] = &found
			return nil
		})
		return err
	}
}

// readLocks reads rows of lockColumns, of each resource by field.
func (v *view) readLocks(rows pgx.Rows) error {
	all, err := collect(rows, scanLock)
	if err != nil {
		return err
	}
	for _, l := range all {
		v.locks[l.Key.Resource] = append(v.locks[l.Key.Resource], l)
	}
	return nil
}
