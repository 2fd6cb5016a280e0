package auth

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"corsia/shared/collab"
)

// Revocations is where the store keeps what was revoked (A5).
type Revocations interface {
	// Revocations returns those that are in force, of all tenants.
	Revocations(ctx context.Context) ([]collab.Revocation, error)
}

// RevocationList is what this instance knows to be revoked. Its owner calls Refresh at least every two seconds, so that
// a revocation made anywhere takes effect within five (A5). It is safe for concurrent use; Revoked takes no lock.
type RevocationList struct {
	current atomic.Pointer[map[revoked]span] // the map is replaced, never changed
}

// revoked names what is revoked within its tenant.
type revoked struct {
	tenant collab.Tenant
	kind   collab.RevocationKind
	value  string
}

// span is the time of a revocation; until is zero for one without end.
type span struct{ at, until time.Time }

// Refresh replaces the list by what the store has. After an error the list is as before.
func (l *RevocationList) Refresh(ctx context.Context, store Revocations) error {
	all, err := store.Revocations(ctx)
	if err != nil {
		return fmt.Errorf("refresh revocations: %w", err)
	}
	l.Set(all)
	return nil
}

// Set replaces the list. Of two that name the same, the later time and the later end count.
func (l *RevocationList) Set(all []collab.Revocation) {
	list := make(map[revoked]span, len(all))
	for _, r := range all {
		key := revoked{r.Tenant, r.Kind, r.Value}
		next := span{r.RevokedAt, r.Until}
		if known, there := list[key]; there {
			next = known.joined(next)
		}
		list[key] = next
	}
	l.current.Store(&list)
}

// Revoked reports whether the identity may not, or no longer, be connected: its token, its issuer's session, this
// session, or its user or everyone if the token was issued no later than that was revoked. A token that does not say when
// it was issued counts as issued before; after everyone was revoked, for a day. Session is "" while there is none.
func (l *RevocationList) Revoked(id Identity, session collab.SessionID) bool {
	list := l.current.Load()
	if list == nil || len(*list) == 0 {
		return false
	}
	now := time.Now()
	covers := func(kind collab.RevocationKind, value string) (span, bool) {
		if value == "" {
			return span{}, false
		}
		s, there := (*list)[revoked{id.Tenant, kind, value}]
		return s, there && (s.until.IsZero() || now.Before(s.until))
	}
	for _, v := range []struct {
		kind  collab.RevocationKind
		value string
	}{
		{collab.RevokeToken, id.TokenID},
		{collab.RevokeSession, id.SessionClaim},
		{collab.RevokeSession, string(session)},
	} {
		if _, yes := covers(v.kind, v.value); yes {
			return true
		}
	}
	if s, yes := covers(collab.RevokeUser, string(id.User)); yes && !id.Issued.After(s.at) {
		return true
	}
	s, restored := (*list)[revoked{kind: collab.RevokeEveryone}]
	if id.Issued.IsZero() {
		return restored && now.Before(s.at.Add(undatedRefused))
	}
	return restored && !id.Issued.After(s.at)
}

// undatedRefused is how long tokens without a time of issue are refused after a restore: those that were issued afterwards
// cannot be told from those before, and who issues no others must get in again.
const undatedRefused = 24 * time.Hour

func (s span) joined(other span) span {
	if other.at.After(s.at) {
		s.at = other.at
	}
	if s.until.IsZero() || other.until.IsZero() {
		s.until = time.Time{}
	} else if other.until.After(s.until) {
		s.until = other.until
	}
	return s
}
