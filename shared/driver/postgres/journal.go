package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// insertJournal inserts any number of rows. Arrays of arrays cannot be unnested into rows, so the arrays of a row travel
// in PostgreSQL's text form.
const insertJournal = `INSERT INTO yjs_updates
	(tenant, resource_id, revision, "update", user_id, session_id, client_ids, fields, created_at)
	SELECT tenant, resource_id, revision, "update", user_id, session_id, client_ids::bigint[], fields::text[], created_at
	FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[])
	AS e (tenant, resource_id, revision, "update", user_id, session_id, client_ids, fields, created_at)`

// journalRows gathers entries of a transaction by column.
type journalRows struct {
	tenants, resources []string
	revisions          []int64
	updates            [][]byte
	users, sessions    []string
	clients, fields    []string
	at                 []time.Time
}

func (j *journalRows) count() int { return len(j.revisions) }

func (j *journalRows) add(r collab.Resource, e *collab.Entry) {
	update := e.Update
	if update == nil {
		update = []byte{}
	}
	j.tenants, j.resources = append(j.tenants, string(r.Tenant)), append(j.resources, string(r.ID))
	j.revisions, j.updates = append(j.revisions, e.Revision), append(j.updates, update)
	j.users, j.sessions = append(j.users, string(e.User)), append(j.sessions, string(e.Session))
	j.clients, j.fields = append(j.clients, clientsArray(e.Clients)), append(j.fields, fieldsArray(e.Fields))
	j.at = append(j.at, e.At)
}

func (j *journalRows) queue(b *pgx.Batch) {
	if j.count() == 0 {
		return
	}
	b.Queue(insertJournal, j.tenants, j.resources, j.revisions, j.updates, j.users, j.sessions, j.clients, j.fields, j.at)
}
