package postgres

import (
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
)

// storable returns a text that PostgreSQL can keep: valid UTF-8 without NUL. Keys are never changed by it, as ids are
// checked where they enter; names of fields and of people may hold anything.
func storable[T ~string](s T) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(s), "\uFFFD"), "\x00", "\uFFFD")
}

// clientsArray returns the ids as the text form of a bigint[].
func clientsArray(clients []collab.ClientID) string {
	b := make([]byte, 0, 2+11*len(clients))
	b = append(b, '{')
	for i, c := range clients {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(c), 10)
	}
	return string(append(b, '}'))
}

var arrayQuoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// fieldsArray returns the fields as the text form of a text[].
func fieldsArray(fields []collab.Field) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(arrayQuoter.Replace(storable(f)))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

// collect scans and closes rows; none are nil.
func collect[T any](rows pgx.Rows, scan func(pgx.CollectableRow) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

const entryColumns = `revision, "update", user_id, session_id, client_ids, fields, created_at`

func scanEntry(row pgx.CollectableRow) (e collab.Entry, err error) {
	var clients []int64
	var fields []string
	if err := row.Scan(&e.Revision, &e.Update, &e.User, &e.Session, &clients, &fields, &e.At); err != nil {
		return e, err
	}
	e.At = e.At.UTC()
	e.Clients, e.Fields = clientIDs(clients), fieldIDs(fields)
	return e, nil
}

func clientIDs(clients []int64) []collab.ClientID {
	ids := make([]collab.ClientID, len(clients))
	for i, c := range clients {
		ids[i] = collab.ClientID(c)
	}
	return ids
}

func fieldIDs(fields []string) []collab.Field {
	ids := make([]collab.Field, len(fields))
	for i, f := range fields {
		ids[i] = collab.Field(f)
	}
	return ids
}

const lockColumns = `lock_id, tenant, resource_id, field, fence, user_id, name, session_id, instance,
	acquired_at, expires_at, ttl, explicit`

func scanLock(row pgx.CollectableRow) (l collab.Lock, err error) {
	var ttl int64
	err = row.Scan(&l.ID, &l.Key.Resource.Tenant, &l.Key.Resource.ID, &l.Key.Field, &l.Fence, &l.User, &l.Name, &l.Session,
		&l.Instance, &l.AcquiredAt, &l.ExpiresAt, &ttl, &l.Explicit)
	l.AcquiredAt, l.ExpiresAt, l.TTL = l.AcquiredAt.UTC(), l.ExpiresAt.UTC(), time.Duration(ttl)*time.Microsecond
	return l, err
}
