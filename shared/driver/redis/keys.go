package redis

import (
	"strings"

	"corsia/shared/collab"
)

// The keys of SPEC R. Ids are percent-encoded so that no two sets of ids share a key: % | # in all of them, and : in those
// that stand before or after a fixed part. Resource ids keep their colons but one: a last ":user" would make the room of
// "x:user" and the member "users" of "x" meet, so its colon is encoded.

func tenantPrefix(t collab.Tenant) string {
	if t == collab.DefaultTenant {
		return ""
	}
	return string(t) + "|"
}

// escapePart encodes an id that has no colon of its own in a key.
func escapePart(s string) string { return strings.ReplaceAll(collab.EscapeID(s), ":", "%3A") }

func escapeResource(id collab.ResourceID) string {
	escaped := collab.EscapeID(string(id))
	if before, found := strings.CutSuffix(escaped, ":user"); found {
		return before + "%3Auser"
	}
	return escaped
}

var unescaper = strings.NewReplacer("%25", "%", "%7C", "|", "%23", "#", "%3A", ":")

func sessionsKey(t collab.Tenant, user collab.UserID) string {
	return tenantPrefix(t) + "user:" + escapePart(string(user)) + ":session"
}

func activityKey(t collab.Tenant, user collab.UserID) string {
	return tenantPrefix(t) + "user:" + escapePart(string(user)) + ":activity"
}

func presenceUserKey(t collab.Tenant, user collab.UserID) string {
	return tenantPrefix(t) + "presence:user:" + escapePart(string(user))
}

const socketPart = "presence:socket:"

func presenceSocketKey(t collab.Tenant, session collab.SessionID) string {
	return tenantPrefix(t) + socketPart + escapePart(string(session))
}

// parseSocketKey is the inverse of presenceSocketKey; it reports false for what is no such key.
func parseSocketKey(key string) (collab.Tenant, collab.SessionID, bool) {
	tenant, rest := splitTenant(key)
	escaped, ok := strings.CutPrefix(rest, socketPart)
	session := collab.SessionID(unescaper.Replace(escaped))
	return tenant, session, ok && presenceSocketKey(tenant, session) == key
}

// resourcesPrefix is what all keys of a tenant's resources begin with.
func resourcesPrefix(t collab.Tenant) string { return tenantPrefix(t) + "resource:" }

func roomPrefix(r collab.Resource) string {
	return resourcesPrefix(r.Tenant) + escapeResource(r.ID) + ":"
}

func roomKey(r collab.Resource) string { return roomPrefix(r) + "users" }

// memberPrefix and the user's id, encoded, make the key of a user in a room.
func memberPrefix(r collab.Resource) string { return roomPrefix(r) + "user:" }

func memberKey(r collab.Resource, user collab.UserID) string {
	return memberPrefix(r) + escapePart(string(user))
}

func stateKey(r collab.Resource) string { return roomPrefix(r) + "state" }

const (
	lockPart       = "lock:"
	metadataSuffix = ":metadata"
)

func lockKey(k collab.LockKey) string {
	return tenantPrefix(k.Resource.Tenant) + lockPart + k.String()
}

func lockMetadataKey(k collab.LockKey) string { return lockKey(k) + metadataSuffix }

// parseLockKey is the inverse of lockKey; it reports false for what is no such key, as for a lock's metadata.
func parseLockKey(key string) (collab.LockKey, bool) {
	tenant, rest := splitTenant(key)
	rest, ok := strings.CutPrefix(rest, lockPart)
	if !ok || strings.HasSuffix(rest, metadataSuffix) {
		return collab.LockKey{}, false
	}
	id, field, _ := strings.Cut(rest, "#")
	k := collab.LockKey{
		Resource: collab.Resource{Tenant: tenant, ID: collab.ResourceID(unescaper.Replace(id))},
		Field:    collab.Field(unescaper.Replace(field)),
	}
	return k, lockKey(k) == key
}

// splitTenant cuts the tenant from a key.
func splitTenant(key string) (collab.Tenant, string) {
	if tenant, rest, found := strings.Cut(key, "|"); found {
		return collab.Tenant(tenant), rest
	}
	return collab.DefaultTenant, key
}
