package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	"corsia/gateway/auth"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	maxAdminBody = 64 << 10
	bodyTimeout  = 10 * time.Second
)

// Revoker keeps revocations.
type Revoker interface {
	Revoke(ctx context.Context, r collab.Revocation, audit []collab.AuditRow) error
}

// Admin are the calls that need the permission "admin" (SPEC H2). Each is audited with its change.
type Admin struct {
	Verifier *auth.Verifier
	Grants   *auth.Grants
	Revoker  Revoker
	Row      func(audit.Event) collab.AuditRow
	Record   func(context.Context, audit.Event) error // of what was refused
	Log      *slog.Logger
	Revoked  func(ctx context.Context) error // makes this instance look at once
	Now      func() time.Time
	Address  func(*http.Request) string

	Recoveries Recoveries
	Recovered  func(ctx context.Context) error // makes this instance look at once
}

type revocationRequest struct {
	UserID    string     `json:"userId"`
	SessionID string     `json:"sessionId"`
	TokenID   string     `json:"jti"`
	Until     *time.Time `json:"until"`
}

// revoke serves POST /api/revocations (SPEC A5).
func (a Admin) revoke(w http.ResponseWriter, r *http.Request) error {
	id, err := a.authorise(r)
	if err != nil {
		return err
	}
	readWithin(w)
	var q revocationRequest
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&q); err != nil {
		return badRequest("the body is not {userId | sessionId | jti, until?}", err)
	}
	if _, err := body.Token(); err != io.EOF {
		return badRequest("the body goes on after its object", err)
	}
	revocation, err := q.revocation(id.Tenant, a.Now())
	if err != nil {
		return err
	}
	event := audit.Event{Type: audit.TokenRevoked, Tenant: id.Tenant, Actor: id.User, Role: id.Role, Address: a.Address(r),
		Details: map[string]string{"kind": string(revocation.Kind), "value": revocation.Value}}
	if err := a.Revoker.Revoke(r.Context(), revocation, []collab.AuditRow{a.Row(event)}); err != nil {
		return &collab.Error{Code: collab.CodeUnavailable, Msg: "the revocation could not be kept", RetryAfter: time.Second, Err: err}
	}
	if err := a.Revoked(r.Context()); err != nil {
		return &collab.Error{Code: collab.CodeUnavailable, Msg: "the revocation is kept and takes effect within seconds", Err: err}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"ok": true})
}

// revocation returns what the request revokes.
func (q revocationRequest) revocation(tenant collab.Tenant, now time.Time) (collab.Revocation, error) {
	out := collab.Revocation{Tenant: tenant, RevokedAt: now}
	named := 0
	for kind, value := range map[collab.RevocationKind]string{collab.RevokeUser: q.UserID, collab.RevokeSession: q.SessionID, collab.RevokeToken: q.TokenID} {
		if value != "" {
			named++
			out.Kind, out.Value = kind, value
		}
	}
	if named != 1 {
		return out, badRequest("the body names not exactly one of userId, sessionId and jti", nil)
	}
	if _, err := collab.ParseUserID(out.Value); err != nil { // what a claim may hold
		return out, badRequest("the body names an id that no token can have", nil)
	}
	if q.Until != nil {
		if !q.Until.After(now) {
			return out, badRequest("until is not in the future", nil)
		}
		out.Until = *q.Until
	}
	return out, nil
}

// authorise returns who calls: a bearer token with the permission "admin". Who lacks it is audited.
func (a Admin) authorise(r *http.Request) (auth.Identity, error) {
	id, err := a.Verifier.Verify(r.Context(), auth.Bearer(r.Header.Get("Authorization")))
	if err != nil {
		return auth.Identity{}, err
	}
	if !a.Grants.Has(id, auth.Admin) {
		e := audit.Event{Type: audit.PermissionDenied, Outcome: audit.Denied, Tenant: id.Tenant, Actor: id.User, Role: id.Role,
			Address: a.Address(r), Reason: "no admin", Details: map[string]string{"path": r.URL.Path}}
		if err := a.Record(r.Context(), e); err != nil {
			a.Log.Error("http: audit a refusal", obs.Err(err))
		}
		return auth.Identity{}, collab.NewError(collab.CodePermissionDenied, `the token lacks the permission "admin"`)
	}
	return id, nil
}
