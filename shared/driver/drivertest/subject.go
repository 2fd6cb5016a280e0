package drivertest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"corsia/shared/collab"
)

// SubjectStore is the ports that fill what an export reads.
type SubjectStore interface {
	Locker
	Inboxer
	Revoker
	Recoverer
	Sealing
}

// SubjectReader is the port of what a store has about somebody or something, at one moment.
type SubjectReader interface {
	Rows(ctx context.Context, table collab.SubjectTable, f func(collab.SubjectRow) error) error
	Resources(ctx context.Context, f func(collab.Resource) error) error
	Document(ctx context.Context, r collab.Resource) (collab.Snapshot, error)
	Base(ctx context.Context, r collab.Resource) (state []byte, revision int64, err error)
	Entries(ctx context.Context, r collab.Resource, f func(collab.Entry) error) error
	Floors(ctx context.Context) (map[int]collab.AuditHead, error)
	Events(ctx context.Context, f func(collab.SealedRow) error) error
	Pending(ctx context.Context, f func(collab.AuditRow) error) error
}

// subjects is a store with two users who write in one resource, and the same ids in another tenant.
type subjects struct {
	store   SubjectStore
	read    func(context.Context, collab.Subject, func(SubjectReader) error) error
	r       collab.Resource
	clients map[collab.UserID]collab.ClientID // of r
}

const (
	anna, bruno collab.UserID = "usr_anna", "usr_bruno"
	manyEntries               = 150 // more than are read at once
)

// Subject checks what rule O7 asks of the store for an export. Put inserts what is none of these ports' to insert: a base at
// revision 9, and an erasure of epoch 1 by Anna, into a resource's rows of yjs_bases and erasures.
func Subject(t *testing.T, store SubjectStore, put func(*testing.T, collab.Resource), read func(context.Context, collab.Subject, func(SubjectReader) error) error) {
	r := resource()
	s := subjects{store: store, read: read, r: r}
	other := r
	other.Tenant = resource().Tenant
	s.fill(t, other) // what must never be seen
	s.clients = s.fill(t, r)
	put(t, other)
	put(t, r)
	t.Run("O7 rows of a user are that user's in that tenant", s.rowsOfUser)
	t.Run("O7 rows of a resource are all of it in that tenant", s.rowsOfResource)
	t.Run("O7 of the journal a user has what was sent and what was written", s.journal)
	t.Run("O7 events are those of the subject and those that name it", s.events)
	t.Run("O7 an export is of one moment, and may ask while it reads", s.oneMoment)
}

// fill lets two users write, lock and be revoked.
func (s *subjects) fill(t *testing.T, r collab.Resource) map[collab.UserID]collab.ClientID {
	a, b := join(t, s.store, r, anna, "s_anna"), join(t, s.store, r, bruno, "s_bruno")
	head := b.Head
	write := func(user collab.UserID, entries int, clients []collab.ClientID, retire bool) {
		batch := collab.Batch{Resource: r, Expect: head}
		for n := range entries {
			e := entry(head.Revision + int64(n) + 1)
			e.User, e.Session, e.Clients = user, collab.SessionID("s_"+user[4:]), clients
			batch.Entries = append(batch.Entries, e)
		}
		if !retire {
			for _, c := range clients {
				batch.Bind = append(batch.Bind, collab.Owner{Client: c, User: user, Session: collab.SessionID("s_" + user[4:]), Used: true})
			}
		}
		head = appendOK(t, s.store, batch)
	}
	write(anna, manyEntries, []collab.ClientID{a.Client}, false)
	write(bruno, 2, []collab.ClientID{b.Client}, false)
	write(bruno, 1, []collab.ClientID{a.Client}, true) // gives back what Anna wrote
	write(anna, 1, nil, false)                         // deletes
	batch := collab.Batch{Resource: r, Expect: head, Seeds: []collab.Seed{{Field: "dose", Value: `"5 mg"`, Known: `["7 mg"]`}}}
	appendOK(t, s.store, batch)
	for user, field := range map[collab.UserID]collab.Field{anna: "notes", bruno: "plan"} {
		grant(t, s.store, lock(r, field, user, collab.SessionID("s_"+user[4:])))
	}
	for _, one := range []collab.Revocation{{Kind: collab.RevokeUser, Value: string(anna)}, {Kind: collab.RevokeSession, Value: "s_anna"},
		{Kind: collab.RevokeSession, Value: "s_bruno"}, {Kind: collab.RevokeToken, Value: "jti"}} {
		one.Tenant, one.RevokedAt = r.Tenant, start
		must(t, s.store.Revoke(timeLimit(t), one, nil))
	}
	for n, user := range []collab.UserID{anna, bruno} {
		must(t, s.store.OpenRecovery(timeLimit(t), collab.Recovery{Tenant: r.Tenant, Epoch: int64(n), OpenedAt: start, Until: start.Add(time.Hour), By: user, Reason: "disk"}, nil))
	}
	_, err := s.store.Accept(timeLimit(t), delivery(r, "m_1", collab.Push{EventType: "lab.result", Version: `"7"`, OccurredAt: start, Data: []byte(`{"a":1}`)},
		collab.Push{EventType: "lab.other", OccurredAt: start}))
	must(t, err)
	return map[collab.UserID]collab.ClientID{anna: a.Client, bruno: b.Client}
}

func (s *subjects) of(user collab.UserID) collab.Subject {
	if user == "" {
		return collab.Subject{Tenant: s.r.Tenant, Resource: s.r.ID}
	}
	return collab.Subject{Tenant: s.r.Tenant, User: user}
}

// rows reads rows, of a user, or with none of the resource.
func (s *subjects) rows(t *testing.T, user collab.UserID, table collab.SubjectTable) (rows []collab.SubjectRow) {
	t.Helper()
	must(t, s.read(timeLimit(t), s.of(user), func(from SubjectReader) error {
		return from.Rows(timeLimit(t), table, func(row collab.SubjectRow) error {
			rows = append(rows, row)
			return nil
		})
	}))
	return rows
}

// want checks the rows, in their order, as far as want says.
func (s *subjects) want(t *testing.T, user collab.UserID, table collab.SubjectTable, want ...collab.SubjectRow) {
	t.Helper()
	got := s.rows(t, user, table)
	if len(got) != len(want) {
		t.Errorf("%d rows %v of %q, want %d: %v", len(got), table, user, len(want), got)
		return
	}
	for i, row := range want {
		for name, value := range row {
			if !reflect.DeepEqual(got[i][name], value) {
				t.Errorf("%v of %q: %s of row %d is %#v, want %#v", table, user, name, i, got[i][name], value)
			}
		}
	}
}

func (s *subjects) rowsOfUser(t *testing.T) {
	a := int64(s.clients[anna])
	s.want(t, anna, collab.SubjectClients, collab.SubjectRow{"resource_id": string(s.r.ID), "client_id": a, "user_id": string(anna), "session_id": "s_anna", "used": true, "retired": false, "epoch": int64(0)})
	s.want(t, anna, collab.SubjectLocks, collab.SubjectRow{"resource_id": string(s.r.ID), "field": "notes", "fence": int64(1), "user_id": string(anna), "name": "Dr usr_anna",
		"session_id": "s_anna", "instance": "i_1", "acquired_at": start, "expires_at": start.Add(30 * time.Second), "ttl": int64(30_000_000), "explicit": false, "closed_at": nil, "closed_reason": nil})
	s.want(t, anna, collab.SubjectRevocations, collab.SubjectRow{"kind": "session", "value": "s_anna", "revoked_at": start, "until": nil}, collab.SubjectRow{"kind": "user", "value": string(anna)})
	s.want(t, bruno, collab.SubjectRevocations, collab.SubjectRow{"kind": "session", "value": "s_bruno"})
	s.want(t, anna, collab.SubjectRecoveries, collab.SubjectRow{"epoch": int64(0), "opened_at": start, "until": start.Add(time.Hour), "opened_by": string(anna), "reason": "disk"})
	s.want(t, anna, collab.SubjectErasures, collab.SubjectRow{"resource_id": string(s.r.ID), "epoch": int64(1), "erased_at": start, "erased_by": string(anna), "reason": "asked for"})
	s.want(t, bruno, collab.SubjectErasures)
	for _, table := range []collab.SubjectTable{collab.SubjectHeads, collab.SubjectSeeds, collab.SubjectFences, collab.SubjectWebhooks, collab.SubjectVersions} {
		s.want(t, anna, table)
	}
}

func (s *subjects) rowsOfResource(t *testing.T) {
	s.want(t, "", collab.SubjectHeads, collab.SubjectRow{"resource_type": "patient_record", "revision": int64(manyEntries + 5), "epoch": int64(0), "created_at": start})
	s.want(t, "", collab.SubjectClients, collab.SubjectRow{"user_id": string(anna)}, collab.SubjectRow{"user_id": string(bruno)})
	s.want(t, "", collab.SubjectSeeds, collab.SubjectRow{"field": "dose", "seed": []byte(`"5 mg"`), "known": []byte(`["7 mg"]`)})
	s.want(t, "", collab.SubjectLocks, collab.SubjectRow{"user_id": string(anna)}, collab.SubjectRow{"user_id": string(bruno)})
	s.want(t, "", collab.SubjectFences, collab.SubjectRow{"field": "notes", "fence": int64(1)}, collab.SubjectRow{"field": "plan", "fence": int64(1)})
	s.want(t, "", collab.SubjectWebhooks, collab.SubjectRow{"source": "emr-" + string(s.r.Tenant), "message_id": "m_1", "event_type": "lab.result", "version": []byte(`"7"`),
		"occurred_at": start, "data": []byte(`{"a":1}`), "received_at": start, "superseded": false, "told_at": nil},
		collab.SubjectRow{"message_id": "m_1", "event_type": "lab.other", "version": nil, "data": nil})
	s.want(t, "", collab.SubjectVersions, collab.SubjectRow{"version": []byte(`"7"`), "occurred_at": start})
	s.want(t, "", collab.SubjectErasures, collab.SubjectRow{"epoch": int64(1), "erased_by": string(anna)})
	must(t, s.read(timeLimit(t), s.of(""), func(from SubjectReader) error {
		state, revision, err := from.Base(timeLimit(t), s.r)
		if string(state) != "base" || revision != 9 {
			t.Errorf("the base is %q of revision %d", state, revision)
		}
		return err
	}))
	s.want(t, "", collab.SubjectRevocations)
	s.want(t, "", collab.SubjectRecoveries)
}

func (s *subjects) journal(t *testing.T) {
	for user, want := range map[collab.UserID]int{anna: manyEntries + 2, bruno: 3, "": manyEntries + 4, "usr_nobody": 0} {
		var revisions []int64
		must(t, s.read(timeLimit(t), s.of(user), func(from SubjectReader) error {
			return from.Resources(timeLimit(t), func(r collab.Resource) error {
				if r != s.r {
					t.Errorf("%q has written in %v", user, r)
				}
				return from.Entries(timeLimit(t), r, func(e collab.Entry) error {
					revisions = append(revisions, e.Revision)
					if e.At != start || len(e.Update) != 1 || len(e.Fields) != 1 {
						return fmt.Errorf("entry %+v", e)
					}
					return nil
				})
			})
		}))
		if len(revisions) != want {
			t.Errorf("%q has %d rows of the journal, want %d", user, len(revisions), want)
		}
		for i, revision := range revisions {
			if i > 0 && revision <= revisions[i-1] {
				t.Errorf("of %q revision %d comes after %d", user, revision, revisions[i-1])
			}
		}
	}
}

// trailOf returns the types of the subject's events, sealed and pending.
func (s *subjects) trailOf(t *testing.T, of collab.Subject) (types []string) {
	t.Helper()
	must(t, s.read(timeLimit(t), of, func(from SubjectReader) error {
		err := from.Events(timeLimit(t), func(r collab.SealedRow) error {
			types = append(types, r.Type)
			return nil
		})
		if err != nil {
			return err
		}
		return from.Pending(timeLimit(t), func(r collab.AuditRow) error {
			types = append(types, "pending "+r.Type)
			return nil
		})
	}))
	return types
}

func (s *subjects) events(t *testing.T) {
	event := func(r collab.Resource, kind string, actor collab.UserID, details string) collab.AuditRow {
		row := auditRow(r, kind)
		row.Actor, row.Shard, row.Body = actor, 3, []byte(`{"details":{`+details+`},"event_id":"`+row.EventID+`"}`)
		return row
	}
	fresh := collab.Resource{Tenant: resource().Tenant, ID: s.r.ID}
	elsewhere := collab.Resource{Tenant: resource().Tenant, ID: s.r.ID}
	s.r.Tenant = fresh.Tenant
	record := func(suffix string) {
		must(t, s.store.Record(timeLimit(t), event(fresh, "A"+suffix, anna, ""), event(fresh, "B"+suffix, bruno, `"holder":"usr_anna"`),
			event(fresh, "C"+suffix, bruno, `"mode":"usr_anna"`), event(elsewhere, "D"+suffix, anna, `"holder":"usr_anna"`),
			event(collab.Resource{Tenant: fresh.Tenant, ID: "page:/other"}, "E"+suffix, "", `"kind":"user","value":"usr_anna"`)))
	}
	record("1")
	s.sealWithDetails(t)
	record("2")
	for user, want := range map[collab.UserID][]string{
		anna:  {"A1", "B1", "E1", "pending A2", "pending B2", "pending E2"},
		bruno: {"B1", "C1", "pending B2", "pending C2"},
		"":    {"A1", "B1", "C1", "pending A2", "pending B2", "pending C2"},
	} {
		if got := s.trailOf(t, s.of(user)); !reflect.DeepEqual(got, want) {
			t.Errorf("%q has the events %q, want %q", user, got, want)
		}
	}
	must(t, s.read(timeLimit(t), s.of(anna), func(from SubjectReader) error {
		floors, err := from.Floors(timeLimit(t))
		if len(floors) > 0 {
			t.Errorf("floors %v of a trail that is whole", floors)
		}
		return err
	}))
}

// sealWithDetails chains what is pending, with the details of the bodies as columns.
func (s *subjects) sealWithDetails(t *testing.T) {
	t.Helper()
	for {
		n, err := s.store.SealAudit(timeLimit(t), 100, func(heads map[int]collab.AuditHead, pending []collab.AuditRow) []collab.SealedRow {
			sealed := link(heads, pending)
			for i := range sealed {
				sealed[i].Details = detailsOf(sealed[i].Body)
			}
			return sealed
		})
		must(t, err)
		if n == 0 {
			return
		}
	}
}

func (s *subjects) oneMoment(t *testing.T) {
	r := resource()
	a := join(t, s.store, r, anna, "s_anna")
	must(t, s.read(timeLimit(t), collab.Subject{Tenant: r.Tenant, User: anna}, func(from SubjectReader) error {
		return from.Resources(timeLimit(t), func(r collab.Resource) error {
			e := entry(2)
			e.User = anna
			appendOK(t, s.store, collab.Batch{Resource: r, Expect: a.Head, Entries: []collab.Entry{e}})
			found, err := from.Document(timeLimit(t), r)
			if state, _, err := from.Base(timeLimit(t), r); err != nil || state != nil {
				t.Errorf("a journal with all its rows has the base %q, %v", state, err)
			}
			if found.Head.Revision != 1 || len(found.Tail) != 0 || len(found.Owners) != 1 {
				t.Errorf("what was written meanwhile is seen: %+v", found)
			}
			return err
		})
	}))
}

// detailsOf reads the details of a body that events has made.
func detailsOf(body []byte) map[string]string {
	var b struct {
		Details map[string]string `json:"details"`
	}
	if json.Unmarshal(body, &b) != nil || len(b.Details) == 0 {
		return nil
	}
	return b.Details
}
