package postgres

import (
	"cmp"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// wants is what a transaction reads before its jobs are judged, while it holds the heads of all their resources.
type wants struct {
	heads   map[collab.Resource]bool // true: a row is made when there is none
	clients map[clientKey]bool       // whose these client ids are
	fresh   map[collab.Resource]int  // how many client ids will be reserved
	unused  map[sessionKey]bool      // the session's unused client ids
	locks   map[collab.Resource]bool // open records
	fences  map[collab.LockKey]bool  // last fences
}

type clientKey struct {
	resource collab.Resource
	client   int64
}

type sessionKey struct {
	resource collab.Resource
	session  collab.SessionID
}

func newWants() *wants {
	return &wants{
		heads: map[collab.Resource]bool{}, clients: map[clientKey]bool{}, fresh: map[collab.Resource]int{},
		unused: map[sessionKey]bool{}, locks: map[collab.Resource]bool{}, fences: map[collab.LockKey]bool{},
	}
}

// head asks for the head of a resource, and to make one when make is true.
func (w *wants) head(r collab.Resource, make bool) { w.heads[r] = w.heads[r] || make }

// What begins after a restore where the lost time cannot have been (SPEC D8): the first client id of a new document beside the
// usual one, and the fence before the first of a lock key.
const (
	clientsBefore = "(" + documentEpoch + ") * 16777216"   // collab.ClientsPerEpoch
	fencesBefore  = "(" + documentEpoch + ") * 4294967296" // collab.FencesPerEpoch
)

// Statements of the first round trip. Rows name what they answer by its number in the question. Each row of the question is
// looked up by itself (a sub-query that the planner cannot turn into a join), whatever the planner thinks of the tables.
const (
	makeHeads = `INSERT INTO yjs_heads
		(tenant, resource_id, resource_type, revision, guard, epoch, next_client, created_at, updated_at)
		SELECT tenant, resource_id, '', 0, 0, (` + documentEpoch + `), $3::bigint + ` + clientsBefore + `, now(), now() FROM unnest($1::text[], $2::text[]) AS w (tenant, resource_id)
		ON CONFLICT DO NOTHING`
	lockHeads = `SELECT w.n, h.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (tenant, resource_id, n),
		LATERAL (SELECT h.revision, h.guard, h.epoch, h.next_client, h.ctid FROM yjs_heads h
			WHERE h.tenant = w.tenant AND h.resource_id = w.resource_id FOR NO KEY UPDATE) h`

	clientColumns = "c.client_id, c.user_id, c.session_id, c.used, c.retired"
	readClients   = `SELECT w.n, c.* FROM unnest($1::text[], $2::text[], $3::bigint[])
		WITH ORDINALITY AS w (tenant, resource_id, client_id, n), LATERAL (SELECT ` + clientColumns + ` FROM yjs_clients c
			WHERE c.tenant = w.tenant AND c.resource_id = w.resource_id AND c.client_id = w.client_id OFFSET 0) c`
	readNext = `SELECT w.n, c.* FROM unnest($1::text[], $2::text[], $3::bigint[])
		WITH ORDINALITY AS w (tenant, resource_id, width, n), LATERAL (SELECT h.next_client FROM yjs_heads h
			WHERE h.tenant = w.tenant AND h.resource_id = w.resource_id OFFSET 0) h, LATERAL (SELECT ` + clientColumns + `
			FROM yjs_clients c WHERE c.tenant = w.tenant AND c.resource_id = w.resource_id
			AND c.client_id >= h.next_client AND c.client_id < h.next_client + w.width OFFSET 0) c`
	readUnused = `SELECT w.n, c.* FROM unnest($1::text[], $2::text[], $3::text[])
		WITH ORDINALITY AS w (tenant, resource_id, session_id, n), LATERAL (SELECT ` + clientColumns + ` FROM yjs_clients c
			WHERE c.tenant = w.tenant AND c.resource_id = w.resource_id AND c.session_id = w.session_id
			AND NOT c.used AND NOT c.retired OFFSET 0) c`

	readLocks = `SELECT l.* FROM unnest($1::text[], $2::text[]) AS w (tenant, resource_id),
		LATERAL (SELECT ` + lockColumns + ` FROM locks l
			WHERE l.tenant = w.tenant AND l.resource_id = w.resource_id AND l.closed_at IS NULL ORDER BY l.field) l`
	readFences = `SELECT w.n, coalesce(f.fence, ` + fencesBefore + `) FROM unnest($1::text[], $2::text[], $3::text[])
		WITH ORDINALITY AS w (tenant, resource_id, field, n) LEFT JOIN LATERAL (SELECT f.fence FROM lock_fences f
			WHERE f.tenant = w.tenant AND f.resource_id = w.resource_id AND f.field = w.field OFFSET 0) f ON true`
)

// queue queues what reads the wants into a view. Heads are locked in the order of (tenant, resource) by bytes, as every
// transaction of every instance does, and nothing else is locked before them: no two transactions wait for each other
// (SPEC D2b).
func (w *wants) queue(b *pgx.Batch) *view {
	v := newView()
	if len(w.heads) == 0 {
		return v
	}
	all := slices.SortedFunc(maps.Keys(w.heads), compareResources)
	if made := slices.DeleteFunc(slices.Clone(all), func(r collab.Resource) bool { return !w.heads[r] }); len(made) > 0 {
		tenants, ids := columns(made)
		b.Queue(makeHeads, tenants, ids, firstClient)
	}
	tenants, ids := columns(all)
	b.Queue(lockHeads, tenants, ids).Query(func(rows pgx.Rows) error {
		var n int64
		var h head
		_, err := pgx.ForEachRow(rows, []any{&n, &h.Revision, &h.Guard, &h.Epoch, &h.next, &h.place}, func() error {
			found := h
			found.horizon = h.next + reserveWindow + int64(w.fresh[all[n-1]])
			v.heads[all[n-1]] = &found
			return nil
		})
		return err
	})
	w.queueClients(b, v)
	w.queueLocks(b, v)
	return v
}

func (w *wants) queueClients(b *pgx.Batch, v *view) {
	if len(w.clients) > 0 {
		keys := slices.Collect(maps.Keys(w.clients))
		rs, clients := make([]collab.Resource, len(keys)), make([]int64, len(keys))
		for i, k := range keys {
			rs[i], clients[i] = k.resource, k.client
		}
		tenants, ids := columns(rs)
		b.Queue(readClients, tenants, ids, clients).Query(v.readClients(rs))
	}
	if len(w.fresh) > 0 {
		rs := slices.Collect(maps.Keys(w.fresh))
		widths := make([]int64, len(rs))
		for i, r := range rs {
			widths[i] = reserveWindow + int64(w.fresh[r])
		}
		tenants, ids := columns(rs)
		b.Queue(readNext, tenants, ids, widths).Query(v.readClients(rs))
	}
	if len(w.unused) > 0 {
		keys := slices.Collect(maps.Keys(w.unused))
		rs, sessions := make([]collab.Resource, len(keys)), make([]string, len(keys))
		for i, k := range keys {
			rs[i], sessions[i] = k.resource, string(k.session)
		}
		tenants, ids := columns(rs)
		b.Queue(readUnused, tenants, ids, sessions).Query(v.readClients(rs))
	}
}

func (w *wants) queueLocks(b *pgx.Batch, v *view) {
	if len(w.locks) > 0 {
		tenants, ids := columns(slices.Collect(maps.Keys(w.locks)))
		b.Queue(readLocks, tenants, ids).Query(v.readLocks)
	}
	if len(w.fences) > 0 {
		keys := slices.Collect(maps.Keys(w.fences))
		rs, fields := make([]collab.Resource, len(keys)), make([]string, len(keys))
		for i, k := range keys {
			rs[i], fields[i] = k.Resource, string(k.Field)
		}
		tenants, ids := columns(rs)
		b.Queue(readFences, tenants, ids, fields).Query(func(rows pgx.Rows) error {
			var n, fence int64
			_, err := pgx.ForEachRow(rows, []any{&n, &fence}, func() error {
				v.fences[keys[n-1]] = fence
				return nil
			})
			return err
		})
	}
}

// compareResources orders resources by the bytes of (tenant, id).
func compareResources(a, b collab.Resource) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
}

// columns returns the resources as two columns.
func columns(rs []collab.Resource) (tenants, ids []string) {
	tenants, ids = make([]string, len(rs)), make([]string, len(rs))
	for i, r := range rs {
		tenants[i], ids[i] = string(r.Tenant), string(r.ID)
	}
	return tenants, ids
}
