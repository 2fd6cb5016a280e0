// Package auth owns who a client is and what it may do: it verifies tokens (SPEC A1 to A4), knows the revoked ones (A5)
// and evaluates permissions (A6). It knows no sockets and no rooms.
package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"corsia/shared/collab"
)

const (
	maxTokenBytes = 16 << 10 // of the whole token; an identity provider's are 1 to 4 KiB
	clockSkew     = 60 * time.Second
	algorithm     = "RS256"
)

// keyHeaders are headers with which a token would choose its own key, or demand rules that we do not know (A2).
var keyHeaders = []string{"jku", "x5u", "jwk", "x5c", "crit"}

// Reason says why a token was refused, in the words of A4.
type Reason string

// The reasons of A4.
const (
	MissingToken   Reason = "missing_token"
	MalformedToken Reason = "malformed_token" // not a JWT, or a claim that is missing or of a wrong form
	BadAlgorithm   Reason = "bad_algorithm"   // not RS256, or a header that A2 refuses
	BadSignature   Reason = "bad_signature"
	UnknownKey     Reason = "unknown_key"
	Expired        Reason = "expired"
	NotYetValid    Reason = "not_yet_valid"
	WrongIssuer    Reason = "wrong_issuer"
	WrongAudience  Reason = "wrong_audience"
	Revoked        Reason = "revoked"
)

// Refusal is the error for a token that is not accepted. Err, for the log, never holds any part of the token.
type Refusal struct {
	Reason Reason
	Err    error // nil where the reason says it all
}

// Error returns the reason and the cause.
func (r *Refusal) Error() string {
	if r.Err != nil {
		return "token refused: " + string(r.Reason) + ": " + r.Err.Error()
	}
	return "token refused: " + string(r.Reason)
}

// Unwrap returns what a client is told: code UNAUTHORIZED and the reason (A4).
func (r *Refusal) Unwrap() error {
	return &collab.Error{
		Code: collab.CodeUnauthorized, Msg: "the token was not accepted: " + string(r.Reason),
		Detail: map[string]string{"reason": string(r.Reason)}, Err: r.Err,
	}
}

// Refuse returns the refusal for a reason that needs no cause.
func Refuse(reason Reason) *Refusal { return &Refusal{Reason: reason} }

// Settings say which tokens a Verifier accepts.
type Settings struct {
	Keys        KeySource
	Issuer      string          // exact value of iss; empty: not checked
	Audience    string          // a value that aud must contain; empty: not checked
	Revocations *RevocationList // nil: nothing is ever revoked
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	settings Settings
	parser   *jwt.Parser
}

// NewVerifier returns a verifier with these settings.
func NewVerifier(s Settings) *Verifier {
	return &Verifier{settings: s, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{algorithm}),
		jwt.WithStrictDecoding(),      // one text per token, so that a token has one form
		jwt.WithoutClaimsValidation(), // A3 has a skew on nbf and iat and none on exp, which the library cannot say
	)}
}

// Verify returns whom a token names. The error is a *Refusal, a *collab.Error of code UNAVAILABLE when the keys cannot
// be had now, or ctx's.
func (v *Verifier) Verify(ctx context.Context, token string) (Identity, error) {
	switch {
	case token == "":
		return Identity{}, Refuse(MissingToken)
	case len(token) > maxTokenBytes:
		return Identity{}, &Refusal{MalformedToken, fmt.Errorf("longer than %d bytes", maxTokenBytes)}
	}
	claims := jwt.MapClaims{}
	askedForKey := false
	_, err := v.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		askedForKey = true
		return v.keys(ctx, t.Header)
	})
	if err != nil {
		return Identity{}, refusal(err, askedForKey)
	}
	id, err := v.identity(claims, time.Now())
	if err != nil {
		return Identity{}, err
	}
	if v.settings.Revocations != nil && v.settings.Revocations.Revoked(id, "") {
		return Identity{}, Refuse(Revoked)
	}
	return id, nil
}

// keys returns the keys that may have signed a token with this header.
func (v *Verifier) keys(ctx context.Context, header map[string]any) (any, error) {
	for _, name := range keyHeaders {
		if _, there := header[name]; there {
			return nil, &Refusal{BadAlgorithm, fmt.Errorf("header %s is not allowed", name)}
		}
	}
	kid := ""
	if value, there := header["kid"]; there {
		var ok bool
		if kid, ok = value.(string); !ok {
			return nil, &Refusal{MalformedToken, errors.New("header kid is not a string")}
		}
	}
	keys, err := v.settings.Keys.Keys(ctx, kid)
	if errors.Is(err, ErrUnknownKey) {
		return nil, &Refusal{UnknownKey, nil}
	}
	if err != nil {
		return nil, err
	}
	set := jwt.VerificationKeySet{Keys: make([]jwt.VerificationKey, len(keys))}
	for i, key := range keys {
		set.Keys[i] = key
	}
	return set, nil
}

// refusal names the library's error in the words of A4. Before the key is asked for, all that can be wrong with a token
// that could be decoded is its algorithm.
func refusal(err error, askedForKey bool) error {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return Refuse(MalformedToken)
	case !askedForKey:
		return Refuse(BadAlgorithm)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Refuse(BadSignature)
	}
	return fmt.Errorf("find the token's key: %w", err)
}

// Bearer returns the token of an Authorization header, or "" if it has none.
func Bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
