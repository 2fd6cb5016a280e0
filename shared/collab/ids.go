// Package collab owns the vocabulary of Corsia: the ids, members, locks, updates and errors that its parts pass to each
// other. It does no I/O and imports no other package of the project.
package collab

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on ids, in bytes of UTF-8 (SPEC R).
const (
	maxResourceIDBytes = 512
	maxUserIDBytes     = 256
	maxFieldBytes      = 256
)

// DefaultTenant is the tenant of a token that names none.
const DefaultTenant Tenant = "default"

type (
	// Tenant is one hospital or application; the ids of two tenants never meet.
	Tenant string
	// UserID is a user's id within a tenant.
	UserID string
	// SessionID names one authenticated client, a browser tab.
	SessionID string
	// InstanceID names one gateway process.
	InstanceID string
	// ResourceID is what people edit together, such as "page:/patient/12345".
	ResourceID string
	// Field is the stable id of a form field: a root of the document, or "values/<id>" for an entry of the root map.
	Field string
	// LockID names one grant of a lock.
	LockID string
	// ClientID is a Yjs client id: the author of structs in one document.
	ClientID uint64
)

// Resource is a resource of a tenant: the full name of a room, a document and a journal.
type Resource struct {
	Tenant Tenant
	ID     ResourceID
}

// String returns a form for logs, not for keys.
func (r Resource) String() string { return string(r.Tenant) + "|" + string(r.ID) }

// ParseResourceID returns the id, or an error of code INVALID_RESOURCE that says what is wrong with it.
func ParseResourceID(s string) (ResourceID, error) {
	switch {
	case s == "":
		return "", NewError(CodeInvalidResource, "resourceId is missing")
	case len(s) > maxResourceIDBytes:
		return "", NewError(CodeInvalidResource, fmt.Sprintf("resourceId is longer than %d bytes", maxResourceIDBytes))
	case !printable(s):
		return "", NewError(CodeInvalidResource, "resourceId is not printable UTF-8")
	case strings.Contains(s, ":user:"):
		return "", NewError(CodeInvalidResource, `resourceId contains ":user:"`)
	}
	for _, reserved := range []string{":users", ":state", ":metadata"} {
		if strings.HasSuffix(s, reserved) {
			return "", NewError(CodeInvalidResource, "resourceId ends in "+reserved)
		}
	}
	return ResourceID(s), nil
}

// ParseField returns the field id, or an error of code INVALID_FIELD. The empty string is the whole resource.
func ParseField(s string) (Field, error) {
	if len(s) > maxFieldBytes {
		return "", NewError(CodeInvalidField, fmt.Sprintf("field is longer than %d bytes", maxFieldBytes))
	}
	if !printable(s) {
		return "", NewError(CodeInvalidField, "field is not printable UTF-8")
	}
	return Field(s), nil
}

// ParseUserID returns the user id, or an error of code INVALID_USER.
func ParseUserID(s string) (UserID, error) {
	if s == "" || len(s) > maxUserIDBytes || !printable(s) {
		return "", NewError(CodeInvalidUser, fmt.Sprintf("user id is empty, longer than %d bytes or not printable UTF-8", maxUserIDBytes))
	}
	return UserID(s), nil
}

// ParseTenant returns the tenant, or an error of code INVALID_TENANT (SPEC A3).
func ParseTenant(s string) (Tenant, error) {
	if len(s) < 1 || len(s) > 64 {
		return "", NewError(CodeInvalidTenant, "tenant is not 1 to 64 characters long")
	}
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return "", NewError(CodeInvalidTenant, "tenant has a character outside A-Z a-z 0-9 . _ -")
		}
	}
	return Tenant(s), nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}

// NewSessionID returns an id of 128 random bits.
func NewSessionID() SessionID { return SessionID("s_" + random(16)) }

// NewLockID returns an id of 128 random bits.
func NewLockID() LockID { return LockID("l_" + random(16)) }

// NewDeliveryID returns an id of 128 random bits for what is delivered to a room.
func NewDeliveryID() string { return "d_" + random(16) }

// NewInstanceID returns an id of 64 random bits.
func NewInstanceID() InstanceID { return InstanceID("i_" + random(8)) }

// NewSecret returns 256 random bits in base64url, for resume keys.
func NewSecret() string { return random(32) }

// HashSecret returns what of a secret of NewSecret may be kept: its SHA-256 in base64url. So many random bits need no salt.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never returns an error (Go 1.24)
	return base64.RawURLEncoding.EncodeToString(b)
}
