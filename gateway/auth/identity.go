package auth

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"corsia/shared/collab"
)

const (
	maxNameBytes  = 256          // longer names are cut: they are for reading
	maxClaimBytes = 256          // of role, sid and jti; longer ones are refused
	maxDate       = 253402300799 // seconds; the end of year 9999
)

// Identity is what a verified token says. It is a value: a refreshed token makes a new one.
type Identity struct {
	Tenant       collab.Tenant
	User         collab.UserID
	Name         string       // for people; without control characters, at most 256 bytes
	Role         string       //
	SessionClaim string       // sid, the issuer's session
	TokenID      string       // jti
	Issued       time.Time    // iat; zero: the token does not say
	Expires      time.Time    //
	Permissions  *Permissions // nil: the token has no such claim, which is not the same as an empty one (A6)
}

// identity checks the claims of a token whose signature holds, at the time now (A3).
func (v *Verifier) identity(claims jwt.MapClaims, now time.Time) (Identity, error) {
	r := reader{claims: claims}
	id := Identity{
		Issued: r.date("iat"), Expires: r.date("exp"), Tenant: r.tenant(), User: r.user(),
		Name: tidyName(r.text("name")), Role: r.id("role"), SessionClaim: r.id("sid"), TokenID: r.id("jti"),
		Permissions: r.permissions(),
	}
	notBefore := r.date("nbf")
	if r.err == nil && id.Expires.IsZero() {
		r.err = fmt.Errorf("claim exp is missing")
	}
	switch {
	case r.err != nil:
		return Identity{}, &Refusal{MalformedToken, r.err}
	case !now.Before(id.Expires):
		return Identity{}, Refuse(Expired)
	case notBefore.After(now.Add(clockSkew)), id.Issued.After(now.Add(clockSkew)):
		return Identity{}, Refuse(NotYetValid)
	case v.settings.Issuer != "" && claims["iss"] != v.settings.Issuer:
		return Identity{}, Refuse(WrongIssuer)
	case v.settings.Audience != "" && !contains(claims["aud"], v.settings.Audience):
		return Identity{}, Refuse(WrongAudience)
	}
	return id, nil
}

// reader takes claims by their exact names and keeps the first error. A claim that is null is absent.
type reader struct {
	claims jwt.MapClaims
	err    error
}

func (r *reader) fail(name, why string) {
	if r.err == nil {
		r.err = fmt.Errorf("claim %s %s", name, why)
	}
}

func (r *reader) text(name string) string {
	value := r.claims[name]
	if value == nil {
		return ""
	}
	s, ok := value.(string)
	if !ok {
		r.fail(name, "is not a string")
	}
	return s
}

// id returns a claim that is compared, never shown: a replacement character could make two of them equal.
func (r *reader) id(name string) string {
	s := r.text(name)
	if len(s) > maxClaimBytes || strings.ContainsFunc(s, unicode.IsControl) || strings.ContainsRune(s, utf8.RuneError) {
		r.fail(name, "is too long or not printable")
	}
	return s
}

func (r *reader) user() collab.UserID {
	name := "userId"
	if r.claims[name] == nil {
		name = "sub"
	}
	user, err := collab.ParseUserID(r.id(name))
	if err != nil {
		r.fail(name, "is missing or no user id")
	}
	return user
}

func (r *reader) tenant() collab.Tenant {
	if r.claims["tenant"] == nil {
		return collab.DefaultTenant
	}
	tenant, err := collab.ParseTenant(r.text("tenant"))
	if err != nil {
		r.fail("tenant", "is no tenant")
	}
	return tenant
}

// date returns a NumericDate, seconds since 1970 with an optional fraction; zero if it is absent.
func (r *reader) date(name string) time.Time {
	value := r.claims[name]
	if value == nil {
		return time.Time{}
	}
	seconds, ok := value.(float64)
	if !ok || seconds < 0 || seconds > maxDate {
		r.fail(name, "is no date in seconds since 1970")
		return time.Time{}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}

func (r *reader) permissions() *Permissions {
	value := r.claims["permissions"]
	if value == nil {
		return nil
	}
	p, err := permissionsFrom(value)
	if err != nil {
		r.fail("permissions", err.Error())
	}
	return p
}

func contains(claim any, want string) bool {
	switch claim := claim.(type) {
	case string:
		return claim == want
	case []any:
		for _, value := range claim {
			if value == want {
				return true
			}
		}
	}
	return false
}

// tidyName drops control characters and cuts what is too long to be shown.
func tidyName(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	if len(s) <= maxNameBytes {
		return s
	}
	cut := maxNameBytes
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}
