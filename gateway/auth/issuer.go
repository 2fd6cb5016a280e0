package auth

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"corsia/shared/collab"
)

// DefaultTTL is the life of a development token that names none: a day's work.
const DefaultTTL = 8 * time.Hour

// TokenRequest says what a development token shall claim. Empty values are left out.
type TokenRequest struct {
	User        string
	Name        string
	Role        string
	Tenant      string
	Permissions *Permissions  // nil: no such claim
	Session     string        // sid
	TTL         time.Duration // zero: DefaultTTL; negative: a token that has expired, for trying that out
}

// Issuer signs tokens with the development key, for `corsia token` and the development token page.
type Issuer struct {
	keys             *DevKeys
	issuer, audience string
}

// Issuer returns the issuer of this installation. Tokens carry iss and aud where they are not empty, as the gateway's
// own settings demand them.
func (d *DevKeys) Issuer(issuer, audience string) *Issuer {
	return &Issuer{keys: d, issuer: issuer, audience: audience}
}

// Issue returns a signed token. It refuses a user or a tenant that no token may name, with a *collab.Error.
func (i *Issuer) Issue(r TokenRequest) (string, error) {
	if _, err := collab.ParseUserID(r.User); err != nil {
		return "", err
	}
	claims := jwt.MapClaims{}
	for name, value := range map[string]string{
		"iss": i.issuer, "aud": i.audience, "userId": r.User, "name": r.Name, "role": r.Role, "tenant": r.Tenant,
		"sid": r.Session,
	} {
		if value != "" {
			claims[name] = value
		}
	}
	if r.Tenant != "" {
		if _, err := collab.ParseTenant(r.Tenant); err != nil {
			return "", err
		}
	}
	if r.Permissions != nil {
		claims["permissions"] = r.Permissions
	}
	if r.TTL == 0 {
		r.TTL = DefaultTTL
	}
	now := time.Now()
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(r.TTL).Unix()
	claims["jti"] = uuid.NewString()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = i.keys.kid
	signed, err := token.SignedString(i.keys.private)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	if len(signed) > maxTokenBytes {
		return "", fmt.Errorf("sign token: longer than %d bytes", maxTokenBytes)
	}
	return signed, nil
}
