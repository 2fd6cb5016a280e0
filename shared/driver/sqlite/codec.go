package sqlite

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"corsia/shared/collab"
)

func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// clientsJSON returns the array as SQLite's JSON functions read it.
func clientsJSON(clients []collab.ClientID) string {
	b := make([]byte, 0, 2+11*len(clients))
	b = append(b, '[')
	for i, c := range clients {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(c), 10)
	}
	return string(append(b, ']'))
}

func fieldsJSON(fields []collab.Field) string {
	if len(fields) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(fields) // strings always encode
	return string(b)
}

// scanner is what *sql.Row and *sql.Rows have in common.
type scanner interface{ Scan(dest ...any) error }

func scanEntry(s scanner) (e collab.Entry, err error) {
	var clients, fields string
	var at int64
	if err := s.Scan(&e.Revision, &e.Update, &e.User, &e.Session, &clients, &fields, &at); err != nil {
		return e, err
	}
	e.At = fromMicros(at)
	if err := json.Unmarshal([]byte(clients), &e.Clients); err != nil {
		return e, fmt.Errorf("client ids of revision %d: %w", e.Revision, err)
	}
	if err := json.Unmarshal([]byte(fields), &e.Fields); err != nil {
		return e, fmt.Errorf("fields of revision %d: %w", e.Revision, err)
	}
	return e, nil
}

const lockColumns = `lock_id, tenant, resource_id, field, fence, user_id, name, session_id, instance,
	acquired_at, expires_at, ttl, explicit`

func scanLock(s scanner) (l collab.Lock, err error) {
	var acquired, expires, ttl int64
	err = s.Scan(&l.ID, &l.Key.Resource.Tenant, &l.Key.Resource.ID, &l.Key.Field, &l.Fence, &l.User, &l.Name, &l.Session,
		&l.Instance, &acquired, &expires, &ttl, &l.Explicit)
	l.AcquiredAt, l.ExpiresAt, l.TTL = fromMicros(acquired), fromMicros(expires), time.Duration(ttl)*time.Microsecond
	return l, err
}
