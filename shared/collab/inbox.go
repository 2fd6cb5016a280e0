package collab

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// BusInbox says that the webhook inbox has new rows. It is published to Everywhere and has no body: the rows are in the
// store (SPEC W4).
const BusInbox BusKind = "inbox"

// InboxNotice is the word of who put something into the inbox to all instances, whose rooms are to be told.
func InboxNotice(from InstanceID) Notice {
	return Notice{Resource: Everywhere, From: from, Kind: BusInbox, Body: []byte("{}")}
}

// Push is what another system says about one resource (SPEC W4).
type Push struct {
	Resource   Resource
	EventType  string
	Version    string // JSON, a number or a text; empty: none
	OccurredAt time.Time
	Data       []byte // JSON; empty: none
}

// Delivery is a message of a webhook source as the inbox keeps it, in one transaction with its audit rows.
type Delivery struct {
	ID         string // of the first push; the next ones have ".2", ".3" … after it
	Source     string
	Message    string // the source's own id of it
	Sum        []byte // SHA-256 of what was sent
	ReceivedAt time.Time
	Pushes     []Push
	Audit      []AuditRow
}

// PushID returns the delivery id of one of its pushes.
func (d Delivery) PushID(i int) string {
	if i == 0 {
		return d.ID
	}
	return d.ID + "." + strconv.Itoa(i+1)
}

// Accepted is the inbox's answer to a Delivery.
type Accepted struct {
	ID         string
	ReceivedAt time.Time
	Replayed   bool // the message was there already: nothing was written, and ID and ReceivedAt are those of then
}

// InboxRow is one push in the inbox. Positions grow in the order in which rows can be seen.
type InboxRow struct {
	Position   int64
	Delivery   string
	Source     string
	ReceivedAt time.Time
	Superseded bool // older than what the source had said of the resource: nobody is told
	Told       bool // some instance has told its rooms
	Push
}

// Errors of the inbox.
var (
	// ErrOtherBody says that a message's id is that of another message.
	ErrOtherBody = errors.New("the id was used for another message")
	// ErrInFlight says that the same message is being taken in right now.
	ErrInFlight = errors.New("the message is being taken in")
)

// Stamp is where a resource is in the eyes of a source: the newest that it has said.
type Stamp struct {
	Version    string // JSON
	OccurredAt time.Time
}

// Older reports whether a push is older than the stamp: by their versions when both are whole numbers, else by their times.
// A push without a version is no state of the resource but something that happened to it: it is never older.
func (p Push) Older(s Stamp) bool {
	if p.Version == "" || s.Version == "" {
		return false
	}
	mine, numbered := wholeNumber(p.Version)
	theirs, both := wholeNumber(s.Version)
	if numbered && both {
		return mine.Cmp(theirs) < 0
	}
	return p.OccurredAt.Before(s.OccurredAt)
}

const maxVersionDigits = 100

func wholeNumber(version string) (*big.Int, bool) {
	digits := strings.Trim(version, `"`)
	if digits == "" || len(digits) > maxVersionDigits || strings.Trim(strings.TrimPrefix(digits, "-"), "0123456789") != "" {
		return nil, false
	}
	return new(big.Int).SetString(digits, 10)
}
