package auth

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"corsia/shared/collab"
)

func TestA5WhatARevocationCovers(t *testing.T) {
	now := time.Now()
	before, after := now.Add(-time.Minute), now.Add(time.Minute)
	user := func(at, until time.Time) collab.Revocation {
		return collab.Revocation{Tenant: "t", Kind: collab.RevokeUser, Value: "u", RevokedAt: at, Until: until}
	}
	id := Identity{Tenant: "t", User: "u", SessionClaim: "sid", TokenID: "jti", Issued: before}
	tests := []struct {
		name    string
		revoked []collab.Revocation
		id      func(*Identity)
		session collab.SessionID
		want    bool
	}{
		{"nothing", nil, nil, "s", false},
		{"token", []collab.Revocation{{Tenant: "t", Kind: collab.RevokeToken, Value: "jti"}}, nil, "", true},
		{"other token", []collab.Revocation{{Tenant: "t", Kind: collab.RevokeToken, Value: "sid"}}, nil, "", false},
		{"token of another tenant", []collab.Revocation{{Tenant: "x", Kind: collab.RevokeToken, Value: "jti"}}, nil, "", false},
		{"session by its claim", []collab.Revocation{{Tenant: "t", Kind: collab.RevokeSession, Value: "sid"}}, nil, "s", true},
		{"session by its id", []collab.Revocation{{Tenant: "t", Kind: collab.RevokeSession, Value: "s"}}, nil, "s", true},
		{"other session", []collab.Revocation{{Tenant: "t", Kind: collab.RevokeSession, Value: "s"}}, nil, "z", false},
		{"no session yet", []collab.Revocation{{Tenant: "t", Kind: collab.RevokeSession, Value: ""}}, nil, "", false},
		{"user, token issued before", []collab.Revocation{user(now, time.Time{})}, nil, "", true},
		{"user, token issued then", []collab.Revocation{user(before, time.Time{})}, nil, "", true},
		{"user, token issued after", []collab.Revocation{user(now, time.Time{})}, func(id *Identity) { id.Issued = after }, "", false},
		{"user, token does not say when", []collab.Revocation{user(now, time.Time{})}, func(id *Identity) { id.Issued = time.Time{} }, "", true},
		{"user, not over yet", []collab.Revocation{user(now, after)}, nil, "", true},
		{"user, over", []collab.Revocation{user(before, now)}, nil, "", false},
		{"everyone, token of any tenant issued before", []collab.Revocation{{Kind: collab.RevokeEveryone, RevokedAt: now}}, nil, "", true},
		{"everyone, token issued after", []collab.Revocation{{Kind: collab.RevokeEveryone, RevokedAt: now}}, func(id *Identity) { id.Issued = after }, "", false},
		{"everyone, token does not say when", []collab.Revocation{{Kind: collab.RevokeEveryone, RevokedAt: now}},
			func(id *Identity) { id.Issued = time.Time{} }, "", true},
		{"everyone a day ago, token does not say when", []collab.Revocation{{Kind: collab.RevokeEveryone, RevokedAt: now.Add(-25 * time.Hour)}},
			func(id *Identity) { id.Issued = time.Time{} }, "", false},
		{"other user", []collab.Revocation{user(now, time.Time{})}, func(id *Identity) { id.User = "v" }, "", false},
		{"twice, the later counts", []collab.Revocation{user(before.Add(-time.Hour), after), user(now, before)}, nil, "", true},
		{"twice, one without end", []collab.Revocation{user(now, time.Time{}), user(now, before)}, nil, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var list RevocationList
			if list.Revoked(id, "s") {
				t.Fatal("the zero list revokes")
			}
			list.Set(tt.revoked)
			who := id
			if tt.id != nil {
				tt.id(&who)
			}
			if got := list.Revoked(who, tt.session); got != tt.want {
				t.Fatalf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestA5ARevocationEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var list RevocationList
		list.Set([]collab.Revocation{{Tenant: "t", Kind: collab.RevokeToken, Value: "j", Until: time.Now().Add(time.Minute)}})
		id := Identity{Tenant: "t", TokenID: "j"}
		if !list.Revoked(id, "") {
			t.Fatal("not revoked")
		}
		time.Sleep(time.Minute)
		if list.Revoked(id, "") {
			t.Fatal("still revoked")
		}
	})
}

// storeOf is a store with these revocations, or an error.
type storeOf struct {
	all []collab.Revocation
	err error
}

func (s storeOf) Revocations(context.Context) ([]collab.Revocation, error) { return s.all, s.err }

func TestA5RefreshReplacesTheListAndAFailureKeepsIt(t *testing.T) {
	var list RevocationList
	id := Identity{Tenant: "t", TokenID: "j"}
	revocation := collab.Revocation{Tenant: "t", Kind: collab.RevokeToken, Value: "j"}
	if err := list.Refresh(t.Context(), storeOf{all: []collab.Revocation{revocation}}); err != nil || !list.Revoked(id, "") {
		t.Fatalf("revoked %v, %v", list.Revoked(id, ""), err)
	}
	away := errors.New("store is away")
	if err := list.Refresh(t.Context(), storeOf{err: away}); !errors.Is(err, away) || !list.Revoked(id, "") {
		t.Fatalf("after a failure: revoked %v, %v", list.Revoked(id, ""), err)
	}
	if err := list.Refresh(t.Context(), storeOf{}); err != nil || list.Revoked(id, "") {
		t.Fatalf("after its end: revoked %v, %v", list.Revoked(id, ""), err)
	}
}
