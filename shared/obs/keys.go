package obs

import (
	"log/slog"
	"time"
)

// The closed set of keys (T6). A log line has no other: a new key is added here, where a reviewer sees it. None of them
// may carry a person's name, document text, a token, a signature, a cookie or a query string.
const (
	KeyActor        = "actor"         // user id of who did what an audit line tells
	KeyAddress      = "address"       // network address of a client
	KeyAttempt      = "attempt"       // number of a try, from 1
	KeyBatch        = "batch"         // how many were handled at once
	KeyBytes        = "bytes"         // size
	KeyClient       = "client"        // Yjs client id
	KeyCode         = "code"          // error or close code
	KeyCount        = "count"         // how many
	KeyDelivery     = "delivery"      // webhook delivery id
	KeyDependency   = "dependency"    // store, state, bus, archive
	KeyDetails      = "details"       // further facts of an audit line, as JSON text
	KeyDriver       = "driver"        // scheme of a driver's URL
	KeyDropped      = "dropped"       // how many attributes this line lost because they are not in this set
	KeyDuration     = "duration_ms"   // milliseconds
	KeyEpoch        = "epoch"         // epoch of a document
	KeyErr          = "err"           // error text, cleaned by Err
	KeyEvent        = "event"         // name of a client event
	KeyEventID      = "event_id"      // id of an audit event
	KeyFence        = "fence"         // number of a lock grant
	KeyField        = "field"         // field id
	KeyFields       = "fields"        // field ids
	KeyFile         = "file"          // path of a file of the installation
	KeyInstance     = "instance"      // name of a gateway process
	KeyLimit        = "limit"         // the bound that was met
	KeyLock         = "lock"          // lock id
	KeyMethod       = "method"        // HTTP method
	KeyNote         = "note"          // signed checkpoint of the audit trail
	KeyOp           = "op"            // what was being done to a dependency
	KeyOutcome      = "outcome"       // result of an audit event
	KeyPanic        = "panic"         // what was recovered
	KeyPath         = "path"          // HTTP path, without its query
	KeyReason       = "reason"        // why
	KeyRecordedAt   = "recorded_at"   // time of an audit event, RFC 3339
	KeyResource     = "resource"      // resource id
	KeyRetryAfter   = "retry_ms"      // milliseconds
	KeyRevision     = "revision"      // position in a journal
	KeyRevisionFrom = "revision_from" // first revision that an audit event covers
	KeyRevisionTo   = "revision_to"   // last revision that an audit event covers
	KeyRole         = "role"          // role claim
	KeyRooms        = "rooms"         // number of rooms
	KeySession      = "session"       // session id
	KeySessions     = "sessions"      // number of sessions
	KeySetting      = "setting"       // name of a configuration variable, never its value
	KeySignal       = "signal"        // signal that the process got
	KeySource       = "source"        // webhook source
	KeyStack        = "stack"         // goroutine stack of a recovered panic
	KeyState        = "state"         // state of a breaker, a drain, a migration
	KeyStatus       = "status"        // HTTP status
	KeyTenant       = "tenant"        // tenant id
	KeyTransport    = "transport"     // polling, websocket, yjs
	KeyType         = "type"          // type of an audit event
	KeyURL          = "url"           // address without user, password and query
	KeyUser         = "user"          // user id
	KeyVersion      = "version"       // version of the program, a schema or a protocol
)

var known = func() map[string]bool {
	keys := []string{
		KeyActor, KeyAddress, KeyAttempt, KeyBatch, KeyBytes, KeyClient, KeyCode, KeyCount, KeyDelivery, KeyDependency,
		KeyDetails, KeyDriver, KeyDropped, KeyDuration, KeyEpoch, KeyErr, KeyEvent, KeyEventID, KeyFence, KeyField,
		KeyFields, KeyFile, KeyInstance, KeyLimit, KeyLock, KeyMethod, KeyNote, KeyOp, KeyOutcome, KeyPanic, KeyPath, KeyReason,
		KeyRecordedAt, KeyResource, KeyRetryAfter, KeyRevision, KeyRevisionFrom, KeyRevisionTo, KeyRole, KeyRooms,
		KeySession, KeySessions, KeySetting, KeySignal, KeySource, KeyStack, KeyState, KeyStatus, KeyTenant,
		KeyTransport, KeyType, KeyURL, KeyUser, KeyVersion,
	}
	set := make(map[string]bool, len(keys))
	for _, key := range keys {
		set[key] = true
	}
	return set
}()

// User is the id of a user.
func User[T ~string](id T) slog.Attr { return slog.String(KeyUser, string(id)) }

// Tenant is the id of a tenant.
func Tenant[T ~string](id T) slog.Attr { return slog.String(KeyTenant, string(id)) }

// Resource is the id of a resource.
func Resource[T ~string](id T) slog.Attr { return slog.String(KeyResource, string(id)) }

// Session is the id of a session.
func Session[T ~string](id T) slog.Attr { return slog.String(KeySession, string(id)) }

// Instance is the name of a gateway process.
func Instance[T ~string](id T) slog.Attr { return slog.String(KeyInstance, string(id)) }

// Field is the id of a field.
func Field[T ~string](id T) slog.Attr { return slog.String(KeyField, string(id)) }

// Lock is the id of a lock.
func Lock[T ~string](id T) slog.Attr { return slog.String(KeyLock, string(id)) }

// Code is the code of an error.
func Code[T ~string](code T) slog.Attr { return slog.String(KeyCode, string(code)) }

// Event is the name of a client event.
func Event(name string) slog.Attr { return slog.String(KeyEvent, name) }

// Reason says why.
func Reason(reason string) slog.Attr { return slog.String(KeyReason, reason) }

// Dependency is store, state, bus or archive.
func Dependency(name string) slog.Attr { return slog.String(KeyDependency, name) }

// Revision is a position in a journal.
func Revision(revision int64) slog.Attr { return slog.Int64(KeyRevision, revision) }

// Count says how many.
func Count(n int) slog.Attr { return slog.Int(KeyCount, n) }

// Bytes is a size.
func Bytes(n int) slog.Attr { return slog.Int(KeyBytes, n) }

// Duration is a length of time, logged in milliseconds with three decimals.
func Duration(d time.Duration) slog.Attr {
	return slog.Float64(KeyDuration, float64(d.Microseconds())/1000)
}

// Err is an error's text, clipped, without tokens, passwords and query strings. A nil error is the text "none".
func Err(err error) slog.Attr {
	if err == nil {
		return slog.String(KeyErr, "none")
	}
	return slog.String(KeyErr, cleanError(err.Error()))
}
