package socketio

import (
	"encoding/json"
	"iter"
	"strconv"
)

// Event is an event of a client. Name and Attachments' bytes may be kept; Args,
// the bytes they share and the list of attachments are valid only during the
// call that got them.
type Event struct {
	Name        string
	Args        []json.RawMessage // valid JSON, without the name
	Attachments [][]byte

	id       uint64
	wantsAck bool
}

// WantsAck tells whether the client asked for an acknowledgement.
func (e Event) WantsAck() bool { return e.wantsAck }

// AckID returns the id for Conn.Ack; it means nothing without WantsAck.
func (e Event) AckID() uint64 { return e.id }

// JoinArgs returns the arguments separated by commas, as the encoders take them.
func (e Event) JoinArgs() []byte {
	var joined []byte
	for i, arg := range e.Args {
		if i > 0 {
			joined = append(joined, ',')
		}
		joined = append(joined, arg...)
	}
	return joined
}

// Attachment returns the attachment that a value of Args, or a value within
// one, is the placeholder of.
func (e Event) Attachment(value json.RawMessage) ([]byte, bool) {
	if len(e.Attachments) == 0 {
		return nil, false
	}
	s := scanner{data: value, maxDepth: 1, attachments: len(e.Attachments)}
	if !s.value(0) || s.placeholders == 0 {
		return nil, false
	}
	return e.Attachments[s.lastPlaceholder], true
}

// Members yields the members of a JSON object that is known to be valid, such
// as an argument of an event: the name as it stands between its quotes, and the
// value. It yields nothing for any other value.
func Members(object json.RawMessage) iter.Seq2[[]byte, json.RawMessage] {
	return func(yield func([]byte, json.RawMessage) bool) {
		s := scanner{data: object, maxDepth: maxScanDepth}
		s.members(yield)
	}
}

// Placeholder returns the JSON that stands for the attachment of index n.
func Placeholder(n int) string {
	return `{"_placeholder":true,"num":` + strconv.Itoa(n) + `}`
}
