package socketio

import (
	"encoding/json"
	"strconv"
	"sync"

	"corsia/gateway/engineio"
)

// Packet is an event encoded once, for any number of connections of one
// namespace and for every transport. It is immutable.
type Packet struct {
	namespace string
	frames    *engineio.Frames
}

// Len returns the size of the packet on a WebSocket, in bytes.
func (p *Packet) Len() int { return p.frames.Len() }

// EncodeEvent encodes an event of the main namespace. args are JSON values
// separated by commas, as they stand inside the array after the name, with a
// Placeholder for each attachment. Everything is copied.
func EncodeEvent(name string, args []byte, attachments ...[]byte) *Packet {
	return EncodeEventFor("/", name, args, attachments...)
}

// EncodeEventFor encodes an event of a namespace, as EncodeEvent does.
func EncodeEventFor(namespace, name string, args []byte, attachments ...[]byte) *Packet {
	o := outgoing{kind: kindEvent, namespace: namespace, name: name, body: args}
	return o.packet(attachments)
}

// EncodeSharedEvent encodes an event of the main namespace and keeps large
// attachments by reference: they must not change. It goes with SendShared.
func EncodeSharedEvent(name string, args []byte, attachments ...[]byte) *Packet {
	o := outgoing{kind: kindEvent, namespace: "/", name: name, body: args, shared: true}
	return o.packet(attachments)
}

// encodeAck encodes the answer to an event.
func encodeAck(namespace string, id uint64, args []byte, attachments [][]byte, shared bool) *Packet {
	o := outgoing{kind: kindAck, namespace: namespace, id: id, body: args, shared: shared}
	return o.packet(attachments)
}

// outgoing is a packet to be encoded.
type outgoing struct {
	kind      kind
	namespace string
	id        uint64 // of an ACK
	name      string // of an event
	body      []byte // the payload, or what stands in its array
	shared    bool   // large attachments are kept by reference
}

func (o outgoing) packet(attachments [][]byte) *Packet {
	return &Packet{o.namespace, o.frames(attachments)}
}

// texts holds scratch space for the text of one packet.
var texts = sync.Pool{New: func() any {
	b := make([]byte, 0, 512)
	return &b
}}

// frames encodes the packet with its attachments.
func (o outgoing) frames(attachments [][]byte) *engineio.Frames {
	text := texts.Get().(*[]byte)
	defer func() {
		if cap(*text) <= keptTextBytes {
			texts.Put(text)
		}
	}()
	*text = o.appendText((*text)[:0], len(attachments))
	var few [4]engineio.Message // on the stack
	msgs := append(few[:0], engineio.Message{Data: *text})
	for _, a := range attachments {
		msgs = append(msgs, engineio.Message{Binary: true, Data: a})
	}
	if !o.shared {
		return engineio.Encode(msgs...)
	}
	msgs[0].Data = append([]byte(nil), *text...) // may be kept
	return engineio.EncodeShared(msgs...)
}

// appendText appends the text of the packet.
func (o outgoing) appendText(b []byte, attachments int) []byte {
	kind := o.kind
	if attachments > 0 {
		kind += kindBinaryEvent - kindEvent
		b = strconv.AppendInt(append(b, byte(kind)), int64(attachments), 10)
		b = append(b, '-')
	} else {
		b = append(b, byte(kind))
	}
	if o.namespace != "/" {
		b = append(append(b, o.namespace...), ',')
	}
	switch o.kind {
	case kindEvent:
		b = appendQuoted(append(b, '['), o.name)
		if len(o.body) > 0 {
			b = append(append(b, ','), o.body...)
		}
		return append(b, ']')
	case kindAck:
		b = append(strconv.AppendUint(b, o.id, 10), '[')
		return append(append(b, o.body...), ']')
	default:
		return append(b, o.body...)
	}
}

// appendQuoted appends a JSON string.
func appendQuoted(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // cannot fail: a string
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
