package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"corsia/gateway/lock"
	"corsia/gateway/socketio"
	"corsia/shared/collab"
)

// Names of the events that clients send (SPEC 3).
const (
	evHeartbeat      = "HEARTBEAT"
	evJoin           = "JOIN_RESOURCE"
	evLeave          = "LEAVE_RESOURCE"
	evUpdate         = "Y_UPDATE"
	evResourceUpdate = "RESOURCE_UPDATE"
	evSeed           = "SEED"
	evSync           = "Y_SYNC"
	evAwareness      = "AWARENESS"
	evLockAcquire    = "LOCK_ACQUIRE"
	evLockExtend     = "LOCK_EXTEND"
	evLockRelease    = "LOCK_RELEASE"
	evLockRequest    = "LOCK_REQUEST"
	evLockDecline    = "LOCK_REQUEST_DECLINED"
	evLockBreak      = "LOCK_BREAK"
	evTokenRefresh   = "TOKEN_REFRESH"
)

const (
	maxAwarenessBytes = 2 << 10
	maxSeedFields     = 2000
	maxWait           = 30 * time.Second // bound of LOCK_ACQUIRE's waitMs
	maxTypeBytes      = 128
	maxMessage        = 200 // characters of a message to a lock's holder
	minReason         = 10  // characters of why a lock is broken
	maxReason         = 300
)

type joinRequest struct {
	ResourceID   string `json:"resourceId"`
	ResourceType string `json:"resourceType"`
	Mode         string `json:"mode"`
	StateVector  blob   `json:"stateVector"`
}

type updateRequest struct {
	ResourceID string `json:"resourceId"`
	Update     blob   `json:"update"`
	Heals      *int64 `json:"heals"` // the epoch of which it gives back what a restore lost
}

type syncRequest struct {
	ResourceID  string `json:"resourceId"`
	StateVector blob   `json:"stateVector"`
}

type seedRequest struct {
	ResourceID string                     `json:"resourceId"`
	Values     map[string]json.RawMessage `json:"values"`
	Known      map[string]json.RawMessage `json:"known"`
}

type awarenessRequest struct {
	ResourceID string          `json:"resourceId"`
	State      json.RawMessage `json:"state"`
}

type lockRequest struct {
	ResourceID string `json:"resourceId"`
	Field      string `json:"field"`
	LockID     string `json:"lockId"`
	TTL        *int64 `json:"ttl"`    // whole seconds
	WaitMs     int64  `json:"waitMs"` // milliseconds
	TakeOver   bool   `json:"takeOver"`
	To         string `json:"to"`        // of LOCK_RELEASE: the session that the lock is handed over to
	SessionID  string `json:"sessionId"` // of LOCK_REQUEST_DECLINED: the session that asked
	Message    string `json:"message"`   // of LOCK_REQUEST
	Reason     string `json:"reason"`    // of LOCK_BREAK
	Code       string `json:"code"`      // likewise
}

type tokenRequest struct {
	Token string `json:"token"`
}

// blob is a binary value: an attachment, or an array of byte values.
type blob struct {
	present     bool
	placeholder int // number of the attachment; negative: inline
	inline      []byte
}

// UnmarshalJSON accepts null, {"_placeholder":true,"num":n} and [0, …, 255].
func (b *blob) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	if data[0] == '{' {
		var p struct {
			Placeholder bool `json:"_placeholder"`
			Num         *int `json:"num"`
		}
		if err := json.Unmarshal(data, &p); err != nil || !p.Placeholder || p.Num == nil || *p.Num < 0 {
			return badRequest("a binary value is neither an attachment nor an array of bytes")
		}
		*b = blob{present: true, placeholder: *p.Num}
		return nil
	}
	values := []byte{}
	if data[0] != '[' || bytes.IndexByte(data, 'n') >= 0 || json.Unmarshal(data, &values) != nil { // strings would be base64, nulls zeros
		return badRequest("a binary value is neither an attachment nor an array of bytes")
	}
	*b = blob{present: true, placeholder: -1, inline: values}
	return nil
}

// bytes returns the value, nil when it was left out.
func (b blob) bytes(attachments [][]byte) ([]byte, error) {
	switch {
	case !b.present:
		return nil, nil
	case b.placeholder < 0:
		return b.inline, nil
	case b.placeholder >= len(attachments):
		return nil, badRequest("a binary value names an attachment that is not there")
	}
	return attachments[b.placeholder], nil
}

// required is bytes for a value that must be there.
func (b blob) required(name string, attachments [][]byte) ([]byte, error) {
	v, err := b.bytes(attachments)
	if err == nil && !b.present {
		err = badRequest(name + " is missing")
	}
	return v, err
}

func badRequest(msg string) *collab.Error { return collab.NewError(collab.CodeBadRequest, msg) }

// decode reads an event's first argument, an object.
func decode(ev socketio.Event, into any) error {
	if len(ev.Args) == 0 || len(ev.Args[0]) == 0 || ev.Args[0][0] != '{' {
		return badRequest("the event's first argument is not an object")
	}
	if err := json.Unmarshal(ev.Args[0], into); err != nil {
		if e, ok := errors.AsType[*collab.Error](err); ok {
			return e
		}
		return &collab.Error{Code: collab.CodeBadRequest, Msg: "the event's fields do not have the form that they should", Err: err}
	}
	return nil
}

var (
	updateHead = []byte(`{"resourceId":"`)
	updateTail = []byte(`","update":{"_placeholder":true,"num":0}}`)
)

// decodeUpdate reads an update. Its usual form, which every JavaScript client writes, is read without a JSON decoder.
func decodeUpdate(ev socketio.Event) (resource string, update []byte, heals *int64, err error) {
	if len(ev.Args) == 1 && len(ev.Attachments) == 1 {
		arg := ev.Args[0]
		if id, ok := bytes.CutPrefix(arg, updateHead); ok {
			if id, ok = bytes.CutSuffix(id, updateTail); ok && !bytes.ContainsAny(id, `"\`) {
				return string(id), ev.Attachments[0], nil, nil
			}
		}
	}
	var q updateRequest
	if err := decode(ev, &q); err != nil {
		return "", nil, nil, err
	}
	update, err = q.Update.required("update", ev.Attachments)
	return q.ResourceID, update, q.Heals, err
}

// lockTTL returns the explicit ttl of a request, 0 when it names none.
func (q lockRequest) lockTTL() (time.Duration, error) {
	if q.TTL == nil {
		return 0, nil
	}
	ttl := time.Duration(*q.TTL) * time.Second
	if *q.TTL > int64(collab.MaxLockTTL/time.Second) || ttl < collab.MinLockTTL {
		return 0, badRequest("ttl is not a whole number of seconds from 1 to " + strconv.Itoa(int(collab.MaxLockTTL/time.Second)))
	}
	return ttl, nil
}

func (q lockRequest) wait() (time.Duration, error) {
	wait := time.Duration(q.WaitMs) * time.Millisecond
	if q.WaitMs < 0 || q.WaitMs > maxWait.Milliseconds() {
		return 0, badRequest("waitMs is not between 0 and " + strconv.FormatInt(maxWait.Milliseconds(), 10))
	}
	return wait, nil
}

func (q lockRequest) key(tenant collab.Tenant) (collab.LockKey, error) {
	id, err := collab.ParseResourceID(q.ResourceID)
	if err != nil {
		return collab.LockKey{}, err
	}
	field, err := collab.ParseField(q.Field)
	if err != nil {
		return collab.LockKey{}, err
	}
	return collab.LockKey{Resource: collab.Resource{Tenant: tenant, ID: id}, Field: field}, nil
}

// message returns what a session says to the holder of a lock that it asks for.
func (q lockRequest) message() (string, error) {
	message := strings.TrimSpace(q.Message)
	if utf8.RuneCountInString(message) > maxMessage || !isText(message) {
		return "", collab.NewError(collab.CodeInvalid, "message is not text of at most "+strconv.Itoa(maxMessage)+" characters")
	}
	return message, nil
}

// breaking returns why a lock is to be broken.
func (q lockRequest) breaking() (*lock.Breaking, error) {
	b := &lock.Breaking{Reason: strings.TrimSpace(q.Reason), Code: q.Code}
	switch n := utf8.RuneCountInString(b.Reason); {
	case n < minReason || n > maxReason || !isText(b.Reason):
		return nil, collab.NewError(collab.CodeInvalid, "reason is not text of "+strconv.Itoa(minReason)+" to "+strconv.Itoa(maxReason)+" characters")
	case len(b.Code) < 2 || len(b.Code) > 16 || strings.IndexFunc(b.Code, func(c rune) bool { return c < 'A' || c > 'Z' }) >= 0:
		return nil, collab.NewError(collab.CodeInvalid, "code is not 2 to 16 capital letters")
	}
	return b, nil
}

// isText reports whether a person can have written it.
func isText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }) < 0
}

// seeds returns the values of a SEED, or those that it says to be known, in the order of their fields. What names them in
// errors.
func seeds(what string, values map[string]json.RawMessage) ([]collab.Seed, error) {
	if len(values) > maxSeedFields {
		return nil, badRequest(what + " names more than " + strconv.Itoa(maxSeedFields) + " fields")
	}
	out := make([]collab.Seed, 0, len(values))
	for name, value := range values {
		field, err := collab.ParseField(name)
		if err != nil || field == "" {
			return nil, badRequest(what + " names a field that is no field id")
		}
		out = append(out, collab.Seed{Field: field, Value: string(value)})
	}
	slices.SortFunc(out, func(a, b collab.Seed) int { return strings.Compare(string(a.Field), string(b.Field)) })
	return out, nil
}
