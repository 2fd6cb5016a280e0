// Package audit owns the form of the audit trail: its events, their canonical JSON, and the hashes that chain them
// (SPEC 9). It does no I/O but the log line of an event; the store keeps the rows.
package audit

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"corsia/shared/collab"
)

// Type says what happened (T1).
type Type string

// The types of T1.
const (
	UserConnected      Type = "USER_CONNECTED"
	ConnectionRejected Type = "CONNECTION_REJECTED"
	UserDisconnected   Type = "USER_DISCONNECTED"
	SessionExpired     Type = "SESSION_EXPIRED"
	ResourceJoined     Type = "RESOURCE_JOINED"
	ResourceLeft       Type = "RESOURCE_LEFT"
	DocumentUpdated    Type = "DOCUMENT_UPDATED"
	UpdateRejected     Type = "UPDATE_REJECTED"
	LockAcquired       Type = "LOCK_ACQUIRED"
	LockDenied         Type = "LOCK_DENIED"
	LockReleased       Type = "LOCK_RELEASED"
	LockExpired        Type = "LOCK_EXPIRED"
	LockBroken         Type = "LOCK_BROKEN"
	PermissionDenied   Type = "PERMISSION_DENIED"
	WebhookReceived    Type = "WEBHOOK_RECEIVED"
	WebhookRejected    Type = "WEBHOOK_REJECTED"
	TokenRevoked       Type = "TOKEN_REVOKED"
	Exported           Type = "AUDIT_EXPORTED"
	AdminAction        Type = "ADMIN_ACTION"
	EpochOpened        Type = "EPOCH_OPENED"
)

// Types are all of T1, in its order.
var Types = []Type{
	UserConnected, ConnectionRejected, UserDisconnected, SessionExpired, ResourceJoined, ResourceLeft, DocumentUpdated,
	UpdateRejected, LockAcquired, LockDenied, LockReleased, LockExpired, LockBroken, PermissionDenied, WebhookReceived,
	WebhookRejected, TokenRevoked, Exported, AdminAction, EpochOpened,
}

// Outcome says how it ended.
type Outcome string

// The outcomes of an event.
const (
	Success Outcome = "success" // it was done
	Denied  Outcome = "denied"  // it was refused
	Failed  Outcome = "failed"  // it was tried and went wrong
)

// Shards is the number of chains (T2).
const Shards = 64

// maxTextBytes bounds each text of an event that may come from outside, such as the reason of a broken lock.
const maxTextBytes = 1024

// Event is one row of the trail before it is chained (T2). Zero values are left out of the body. No text of a field,
// no token and no person's name belongs in it; ids do.
type Event struct {
	ID           string            // UUIDv7, made by Recorder
	Tenant       collab.Tenant     //
	RecordedAt   time.Time         // whole microseconds, UTC; set by Recorder
	Type         Type              //
	Outcome      Outcome           // empty: success
	Actor        collab.UserID     // who did it; empty: the system or nobody known
	Role         string            // the role claim then
	Session      collab.SessionID  //
	Instance     collab.InstanceID // set by Recorder
	Address      string            // the client's network address, without port
	Resource     collab.ResourceID //
	Fields       []collab.Field    // what was touched
	RevisionFrom int64             // first revision covered; 0: none
	RevisionTo   int64             // last revision covered
	Fence        int64             // of the lock; 0: none
	Reason       string            // why, a code or what a person gave as the reason
	Details      map[string]string // further facts; a hash, a count, a code
}

// Shard returns the chain, 0 to 63, of a tenant's resource: the first byte of SHA-256(tenant ‖ 0x00 ‖ resource) modulo
// 64. Events without a resource go to their tenant's shard of the empty resource. It never changes: rows are verified
// against it years later.
func Shard(tenant collab.Tenant, resource collab.ResourceID) int {
	sum := sha256.Sum256([]byte(string(tenant) + "\x00" + string(resource)))
	return int(sum[0]) % Shards
}

// Row returns what the store inserts, the body encoded.
func (e Event) Row() collab.AuditRow {
	return collab.AuditRow{
		EventID: e.ID, Shard: Shard(e.Tenant, e.Resource), Tenant: e.Tenant, RecordedAt: e.RecordedAt,
		Type: string(e.Type), Outcome: string(e.Outcome), Actor: e.Actor, Resource: e.Resource, Session: e.Session,
		Body: e.Body(),
	}
}

// record is the JSON of a body, for reading it; Body writes it.
type record struct {
	ID           string            `json:"event_id"`
	Tenant       collab.Tenant     `json:"tenant"`
	RecordedAt   time.Time         `json:"recorded_at"`
	Type         Type              `json:"type"`
	Outcome      Outcome           `json:"outcome"`
	Actor        collab.UserID     `json:"actor"`
	Role         string            `json:"role"`
	Session      collab.SessionID  `json:"session_id"`
	Instance     collab.InstanceID `json:"instance"`
	Address      string            `json:"address"`
	Resource     collab.ResourceID `json:"resource_id"`
	Fields       []collab.Field    `json:"fields"`
	RevisionFrom int64             `json:"revision_from"`
	RevisionTo   int64             `json:"revision_to"`
	Fence        int64             `json:"fence"`
	Reason       string            `json:"reason"`
	Details      map[string]string `json:"details"`
}

// Parse returns the event of a body. It does not ask whether the body is canonical.
func Parse(body []byte) (Event, error) {
	var r record
	if err := json.Unmarshal(body, &r); err != nil {
		return Event{}, fmt.Errorf("parse audit body: %w", err)
	}
	return Event(r), nil
}

// cleaned returns the event with every text that may come from outside made storable (no NUL, valid UTF-8) and bounded.
func (e Event) cleaned() Event {
	for _, text := range []*string{&e.Role, &e.Address, &e.Reason} {
		*text = cleanText(*text)
	}
	if len(e.Details) > 0 {
		details := make(map[string]string, len(e.Details))
		for key, value := range e.Details {
			details[cleanText(key)] = cleanText(value)
		}
		e.Details = details
	}
	return e
}

func cleanText(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= maxTextBytes {
		return s
	}
	cut := maxTextBytes
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}
