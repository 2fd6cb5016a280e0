package collab

import (
	"encoding/json"
	"strings"
	"time"
)

// LockTTL bounds of an explicit ttl (SPEC L4).
const (
	MinLockTTL = time.Second
	MaxLockTTL = 300 * time.Second
)

// LockKey names what a lock covers: one field, or the whole resource when Field is empty.
type LockKey struct {
	Resource Resource
	Field    Field
}

// String returns the key's form in the state driver and the store, without the tenant: "<resourceId>" or
// "<resourceId>#<field>", with % | and # of the ids percent-encoded (and : in the field), so that two keys never meet.
func (k LockKey) String() string {
	id := EscapeID(string(k.Resource.ID))
	if k.Field == "" {
		return id
	}
	return id + "#" + strings.ReplaceAll(EscapeID(string(k.Field)), ":", "%3A")
}

// EscapeID percent-encodes % | and # in upper-case hex (SPEC R).
func EscapeID(s string) string { return idEscaper.Replace(s) }

var idEscaper = strings.NewReplacer("%", "%25", "|", "%7C", "#", "%23")

// Overlaps reports whether two keys of one resource exclude each other: the same field, or the resource and a field of
// it, or the map of values and an entry of it.
func (k LockKey) Overlaps(other LockKey) bool {
	return k.Resource == other.Resource && (k.Covers(other.Field) || other.Covers(k.Field))
}

// Covers reports whether a lock on the key forbids others to write the field. The empty field is the whole resource.
func (k LockKey) Covers(field Field) bool {
	if k.Field == "" || k.Field == field {
		return true
	}
	return k.Field == ValuesField && strings.HasPrefix(string(field), string(ValuesField)+"/")
}

// ValuesField is the root map whose entries are fields of their own (SPEC 2).
const ValuesField Field = "values"

// Lock is one grant: the exclusive right of a session to write what Key names. It is effective from its record in the
// store until that is closed (SPEC L1).
type Lock struct {
	ID         LockID
	Key        LockKey
	Fence      int64 // strictly growing per key for ever, issued by the store
	User       UserID
	Name       string
	Session    SessionID
	Instance   InstanceID
	AcquiredAt time.Time
	ExpiresAt  time.Time
	TTL        time.Duration
	Explicit   bool // the client named the TTL: not extended by itself (SPEC L4)
}

// LockEnd says why a lock ended (SPEC L5).
type LockEnd string

// The reasons of LOCK_RELEASED.
const (
	LockReleased         LockEnd = "released"
	LockExpired          LockEnd = "expired"
	LockUserDisconnected LockEnd = "user_disconnected"
	LockLeftResource     LockEnd = "left_resource"
	LockBroken           LockEnd = "broken"
	LockTakenOver        LockEnd = "taken_over"
	LockSessionTimeout   LockEnd = "session_timeout"
)

// Lease is a lock's deadline in the state driver: it says who may try; the fence says who may write.
type Lease struct {
	Key     LockKey
	Lock    LockID
	User    UserID
	Session SessionID
	Expires time.Time
}

// LockGranted is what the store answers when it has opened a lock's record.
type LockGranted struct {
	Lock       Lock    // with its fence
	Superseded []Lock  // records that this grant closed: a taken-over lock, or one whose lease was gone
	End        LockEnd // why locks of other sessions among them ended; empty: nobody said
	Again      bool    // the session held it already: it lasts longer now
	Head       Head    // of the resource after its guard was raised; zero revision when it has no document
}

// EndOf says why a lock ended that the grant has superseded.
func (g LockGranted) EndOf(old Lock) LockEnd {
	switch {
	case old.Session == g.Lock.Session: // its lease was gone
		return LockExpired
	case g.End != "":
		return g.End
	case old.User == g.Lock.User:
		return LockTakenOver
	}
	return LockExpired
}

// LockEnded is the end of a lock as instances tell each other of it, the body of BusUnlocked: whoever closed the record tells
// (SPEC L5). Head is the resource's after that.
type LockEnded struct {
	Lock Lock
	End  LockEnd
	Head Head
}

// LockEndedNotice is the word of who closed a lock's record to all instances where its resource is open.
func LockEndedNotice(from InstanceID, e LockEnded) (Notice, error) {
	body, err := json.Marshal(e)
	return Notice{Resource: e.Lock.Key.Resource, From: from, Kind: BusUnlocked, Body: body}, err
}

// HeldError says whose open lock stands in the way. It wraps ErrHeld when that is a lock of the same key, ErrOverlaps when
// it is of another key that overlaps (SPEC L2).
type HeldError struct {
	Lock Lock
	Err  error
}

// Error returns the wrapped error's text with the key that is held.
func (e *HeldError) Error() string { return e.Err.Error() + ": " + e.Lock.Key.String() }

// Unwrap returns ErrHeld or ErrOverlaps.
func (e *HeldError) Unwrap() error { return e.Err }
