package corsia

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// packet is a Socket.IO packet of the main namespace as the server sends it.
type packet struct {
	kind        byte   // '0' to '6'
	attachments int    // that follow
	id          uint64 // of an acknowledgement
	body        []byte // JSON
}

var errPacket = errors.New("corsia: a packet is malformed")

// parsePacket reads the text of a packet, without the Engine.IO type before it.
func parsePacket(b []byte) (p packet, err error) {
	if len(b) == 0 || b[0] < '0' || b[0] > '6' {
		return p, errPacket
	}
	p.kind, b = b[0], b[1:]
	if p.kind == '5' || p.kind == '6' {
		n, rest, ok := leadingNumber(b)
		if !ok || len(rest) == 0 || rest[0] != '-' {
			return p, errPacket
		}
		p.attachments, b = int(n), rest[1:]
	}
	if p.kind == '3' || p.kind == '6' {
		id, rest, ok := leadingNumber(b)
		if !ok {
			return p, errPacket
		}
		p.id, b = id, rest
	}
	p.body = b
	return p, nil
}

func leadingNumber(b []byte) (n uint64, rest []byte, ok bool) {
	i := 0
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		n = n*10 + uint64(b[i]-'0')
	}
	return n, b[i:], i > 0
}

// eventName returns the name of an event and its first argument, which may be missing.
func eventName(body []byte) (name, arg []byte, err error) {
	rest, ok := bytes.CutPrefix(body, []byte(`["`))
	if !ok {
		return nil, nil, errPacket
	}
	name, arg, ok = bytes.Cut(rest, []byte{'"'}) // the gateway's names need no escapes
	if !ok || len(arg) == 0 || arg[len(arg)-1] != ']' {
		return nil, nil, errPacket
	}
	arg = arg[:len(arg)-1]
	return name, bytes.TrimPrefix(arg, []byte{','}), nil
}

// ackArgument returns the only argument of an acknowledgement.
func ackArgument(body []byte) ([]byte, error) {
	if len(body) < 2 || body[0] != '[' || body[len(body)-1] != ']' {
		return nil, errPacket
	}
	return body[1 : len(body)-1], nil
}

// appendEvent appends the text of an event with an acknowledgement id, as a message of Engine.IO. arg is JSON.
func appendEvent(b []byte, name string, id uint64, arg []byte) []byte {
	b = append(strconv.AppendUint(append(b, "42"...), id, 10), `["`...)
	b = append(append(b, name...), `",`...)
	return append(append(b, arg...), ']')
}

// appendUpdate appends the text of a Y_UPDATE, whose update follows as an attachment. resource is a JSON string.
func appendUpdate(b []byte, id uint64, resource []byte) []byte {
	b = append(strconv.AppendUint(append(b, "451-"...), id, 10), `["Y_UPDATE",{"resourceId":`...)
	return append(append(b, resource...), `,"update":{"_placeholder":true,"num":0}}]`...)
}

var revisionKey = []byte(`"revision":`)

// revisionOf returns the revision in the JSON of a Y_UPDATE, which the gateway writes last.
func revisionOf(arg []byte) (int64, bool) {
	at := bytes.LastIndex(arg, revisionKey)
	if at < 0 {
		return 0, false
	}
	n, _, ok := leadingNumber(arg[at+len(revisionKey):])
	return int64(n), ok
}

var resourceKey = []byte(`{"resourceId":`)

// resourceOf returns the id in the JSON of a Y_UPDATE, a JSON string, which the gateway writes first; nil when it is not there.
func resourceOf(arg []byte) []byte {
	rest, ok := bytes.CutPrefix(arg, resourceKey)
	if !ok || len(rest) == 0 || rest[0] != '"' {
		return nil
	}
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			return rest[:i+1]
		}
	}
	return nil
}

// Refusal is a request that the gateway answered with ok: false.
type Refusal struct {
	Event string
	Code  string
	JSON  string // the error's fields
}

// Error names the event and the code.
func (e *Refusal) Error() string { return fmt.Sprintf("%s was refused: %s", e.Event, e.JSON) }

// outcome returns the refusal in an acknowledgement, or nil.
func outcome(event string, arg []byte) error {
	if Accepted(arg) {
		return nil
	}
	var answer struct {
		Error json.RawMessage `json:"error"`
	}
	var fields struct {
		Code string `json:"code"`
	}
	if err := errors.Join(json.Unmarshal(arg, &answer), json.Unmarshal(answer.Error, &fields)); err != nil {
		return fmt.Errorf("corsia: answer to %s: %w", event, err)
	}
	return &Refusal{Event: event, Code: fields.Code, JSON: string(answer.Error)}
}

// Accepted reports whether the JSON of an acknowledgement says ok.
func Accepted(arg []byte) bool {
	if bytes.HasPrefix(arg, []byte(`{"ok":true`)) {
		return true
	}
	var answer struct {
		OK bool `json:"ok"`
	}
	return json.Unmarshal(arg, &answer) == nil && answer.OK
}
