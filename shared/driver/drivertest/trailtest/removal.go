package trailtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

const (
	firstAged   = 2 // revision of the first row of the aged document
	agedRows    = 8 // of a scene
	agedRemoved = 4 // of these
)

// aged is a document whose rows are old enough to be removed, each by itself.
var aged = collab.Resource{Tenant: "default", ID: "page:/aged"}

// age writes n rows to the aged document, has them covered and chained, and waits until the store lets them go.
func age(t *testing.T, store Store, n int, coverer *audit.Coverer, sealer *audit.Sealer) {
	t.Helper()
	at := time.Now().Add(-48 * time.Hour).UTC().Truncate(time.Microsecond)
	_, err := store.Join(t.Context(), collab.Join{Resource: aged, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: at})
	must(t, err)
	b := collab.Batch{Resource: aged, Expect: collab.Head{Revision: 1}}
	for k := range n {
		b.Entries = append(b.Entries, collab.Entry{Revision: firstAged + int64(k), Update: fmt.Append(nil, "aged", k), User: "usr_001", Session: "s_1",
			Clients: []collab.ClientID{1}, Fields: []collab.Field{"f_1"}, At: at.Add(time.Duration(k) * 5 * time.Second)})
	}
	done := make(chan collab.Committed, 1)
	store.Append(b, done)
	must(t, (<-done).Err)
	_, err = store.SaveState(t.Context(), collab.State{Resource: aged, Revision: int64(n) + 1, State: []byte{0, 0}, At: at})
	must(t, err)
	must(t, errors.Join(coverer.Finish(t.Context()), sealer.Seal(t.Context())))
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		p, err := store.JournalPrefix(t.Context(), aged, 1)
		must(t, err)
		if p.Settled == int64(n)+1 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("settled up to %d, want %d", p.Settled, n+1)
		}
	}
}

// removeAged removes the row of a revision, which is the first that is left.
func removeAged(ctx context.Context, store Store, recorder *audit.Recorder, revision int64) error {
	n, err := store.RemoveJournal(ctx, collab.JournalRemoval{Resource: aged, From: revision, To: revision, Base: []byte{0, 0},
		Audit: recorder.Row(audit.JournalRemoved(aged, audit.CauseRetention, revision, revision))})
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows were removed, want 1", n)
	}
	return err
}

// removeUnsaid removes rows beside those that were removed, whole events of them.
func (s *scene) removeUnsaid(r *rand.Rand) {
	s.exec("DELETE FROM yjs_updates WHERE resource_id = '%s' AND revision < %d", aged.ID, firstAged+agedRemoved+1+r.IntN(agedRows-agedRemoved))
}

func (s *scene) putRemovedBack(r *rand.Rand) {
	s.exec(`INSERT INTO yjs_updates (tenant, resource_id, revision, "update", user_id, session_id, client_ids, fields, created_at)
		SELECT tenant, resource_id, %d, "update", user_id, session_id, client_ids, fields, created_at FROM yjs_updates WHERE %s`,
		firstAged+r.IntN(agedRemoved), whereIs(aged, firstAged+agedRemoved))
}

// widenRemoval removes a row more, and has the row of the trail that says so, say so of it too: with fresh hashes.
func (s *scene) widenRemoval(r *rand.Rand) {
	shard := audit.Shard(aged.Tenant, aged.ID)
	rows, err := s.store.AuditRows(s.t.Context(), shard, 0, 1000)
	must(s.t, err)
	pending := make([]collab.AuditRow, len(rows))
	last := 0
	for i := range rows {
		pending[i] = rows[i].AuditRow
		if rows[i].Details["action"] == "journal_removed" {
			last = i
		}
	}
	e, err := audit.Parse(rows[last].Body)
	must(s.t, err)
	wider := audit.JournalRemoved(aged, audit.CauseRetention, e.RevisionFrom, e.RevisionTo+1)
	e.RevisionTo, e.Details = wider.RevisionTo, wider.Details
	pending[last] = e.Row()
	for _, fresh := range audit.Link(nil, pending)[last:] {
		s.exec("UPDATE audit_log SET body = %s, leaf = %s, chain = %s WHERE shard = %d AND seq = %d",
			s.db.Blob(fresh.Body), s.db.Blob(fresh.Leaf[:]), s.db.Blob(fresh.Chain[:]), shard, fresh.Seq)
	}
	s.exec(`UPDATE audit_log SET revision_to = %d, details = '{"action":"journal_removed","cause":"retention","revisions":"%s","rows":"%s"}' WHERE shard = %d AND seq = %d`,
		e.RevisionTo, e.Details["revisions"], e.Details["rows"], shard, rows[last].Seq)
	s.exec("DELETE FROM yjs_updates WHERE %s", whereIs(aged, e.RevisionTo))
	if r.IntN(2) == 0 {
		s.exec("DELETE FROM audit_checkpoints")
	}
}
