package cluster

import (
	"crypto/rand"
	"encoding/base64"
	"strings"

	"corsia/shared/collab"
)

const (
	sidRandomBytes = 15 // 120 bits, as without a cluster
	sidRandomChars = 20
	maxNameChars   = 256 // of the instance's id in base64url
)

// NewSessionID returns how to make transport session ids that name this instance: "<random>.<instance in base64url>"
// (SPEC C3). The random part alone is unguessable.
func NewSessionID(instance collab.InstanceID) func() string {
	suffix := "." + base64.RawURLEncoding.EncodeToString([]byte(instance))
	return func() string {
		var raw [sidRandomBytes]byte
		_, _ = rand.Read(raw[:]) // never returns an error
		return base64.RawURLEncoding.EncodeToString(raw[:]) + suffix
	}
}

// ParseSessionID returns the instance that a session id names, and false for what NewSessionID does not make.
func ParseSessionID(sid string) (collab.InstanceID, bool) {
	random, name, found := strings.Cut(sid, ".")
	if !found || len(random) != sidRandomChars || name == "" || len(name) > maxNameChars {
		return "", false
	}
	if _, err := strict.DecodeString(random); err != nil || strings.ContainsAny(sid, "\r\n") { // which the decoder skips
		return "", false
	}
	instance, err := strict.DecodeString(name)
	if err != nil {
		return "", false
	}
	return collab.InstanceID(instance), true
}

var strict = base64.RawURLEncoding.Strict()
