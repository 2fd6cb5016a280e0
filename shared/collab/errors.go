package collab

import (
	"errors"
	"time"
)

// Code is the machine-readable name of an error, as clients see it in `error.code`.
type Code string

// The codes that clients meet.
const (
	CodeBadRequest         Code = "BAD_REQUEST"
	CodeInvalid            Code = "INVALID"
	CodeUnknownEvent       Code = "UNKNOWN_EVENT"
	CodeInvalidResource    Code = "INVALID_RESOURCE"
	CodeInvalidField       Code = "INVALID_FIELD"
	CodeInvalidUser        Code = "INVALID_USER"
	CodeInvalidTenant      Code = "INVALID_TENANT"
	CodeNotJoined          Code = "NOT_JOINED"
	CodePermissionDenied   Code = "PERMISSION_DENIED"
	CodeUnauthorized       Code = "UNAUTHORIZED"
	CodeRateLimited        Code = "RATE_LIMITED"
	CodeBackpressure       Code = "BACKPRESSURE"
	CodeUnavailable        Code = "UNAVAILABLE"
	CodeInternal           Code = "INTERNAL"
	CodeMalformedUpdate    Code = "MALFORMED_UPDATE"
	CodeUpdateTooLarge     Code = "UPDATE_TOO_LARGE"
	CodeDocumentTooLarge   Code = "DOCUMENT_TOO_LARGE"
	CodeMissingDependency  Code = "MISSING_DEPENDENCY"
	CodeForeignClient      Code = "FOREIGN_CLIENT"
	CodeResyncRequired     Code = "RESYNC_REQUIRED"
	CodeUpdateRejected     Code = "UPDATE_REJECTED"
	CodeHealingRefused     Code = "HEALING_REFUSED"
	CodeLockDenied         Code = "LOCK_DENIED"
	CodeLockLost           Code = "LOCK_LOST"
	CodeTooManyRooms       Code = "TOO_MANY_ROOMS"
	CodeTooManySessions    Code = "TOO_MANY_SESSIONS"
	CodeDocumentQuarantine Code = "DOCUMENT_QUARANTINED"
	CodeDraining           Code = "DRAINING"
)

// Error is an error that a client must understand. Msg may be shown to anybody; Err is for the log alone.
type Error struct {
	Code       Code
	Msg        string
	RetryAfter time.Duration // zero: trying again does not help
	Detail     any           // further fields of the answer, a struct or map that encodes as a JSON object; nil: none
	Err        error
}

// NewError returns an error without a cause.
func NewError(code Code, msg string) *Error { return &Error{Code: code, Msg: msg} }

// Error returns the code, the message and the cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return string(e.Code) + ": " + e.Msg + ": " + e.Err.Error()
	}
	return string(e.Code) + ": " + e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// AsError returns err as an *Error. What is none becomes INTERNAL with err as its cause, so that no text of it is shown.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeInternal, Msg: "something went wrong on the server; nothing of this request was stored", Err: err}
}

// Errors between ports and their users.
var (
	// ErrHeld says that another session holds the lease.
	ErrHeld = errors.New("lease is held by another session")
	// ErrLost says that the lease or lock ended or is another's, or that a session was claimed by another instance.
	ErrLost = errors.New("lease is lost")
	// ErrStale says that the journal's head is not the one that the append was checked against (D2b).
	ErrStale = errors.New("journal head has moved")
	// ErrOverlaps says that a lock of another session on the resource or on a field of it is open (L2).
	ErrOverlaps = errors.New("lock overlaps another session's")
	// ErrNotFound says that there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrExists says that there is such an object already.
	ErrExists = errors.New("exists already")
	// ErrDamaged says that an object is not what was put.
	ErrDamaged = errors.New("the object is damaged")
	// ErrClientTaken says that a Yjs client id belongs to another user of the document (D7).
	ErrClientTaken = errors.New("client id belongs to another user")
)
