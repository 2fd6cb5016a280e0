package socketio

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"sync"
)

// kind is the first character of a packet.
type kind byte

const (
	kindConnect      kind = '0'
	kindDisconnect   kind = '1'
	kindEvent        kind = '2'
	kindAck          kind = '3'
	kindConnectError kind = '4'
	kindBinaryEvent  kind = '5'
	kindBinaryAck    kind = '6'
)

func (k kind) event() bool  { return k == kindEvent || k == kindBinaryEvent }
func (k kind) binary() bool { return k == kindBinaryEvent || k == kindBinaryAck }

const (
	// maxNamespaceBytes bounds the name of a namespace, which errors repeat.
	maxNamespaceBytes = 128
	// maxAckID is the greatest integer that every client can count to.
	maxAckID = 1<<53 - 1
	// keptTextBytes and keptValues bound the memory that is used again.
	keptTextBytes = 16 << 10
	keptValues    = 64
)

// packet is one packet of a client while it is read. It is used again: nothing
// of it but the attachments' bytes may be kept.
type packet struct {
	kind        kind
	namespace   []byte
	id          uint64
	hasID       bool
	payload     []byte            // JSON, checked; empty without one
	name        []byte            // of an event, between its quotes
	numeric     bool              // the name is a number
	values      []json.RawMessage // of the payload's array
	args        []json.RawMessage // of an event: values without the name
	expected    int               // attachments
	attachments [][]byte
	size        int // bytes of the text and the attachments

	text []byte // own copy of a packet that awaits attachments
}

var packets = sync.Pool{New: func() any { return new(packet) }}

func newPacket() *packet { return packets.Get().(*packet) }

// release gives the packet back.
func (p *packet) release() {
	clear(p.values)
	clear(p.attachments)
	*p = packet{values: p.values[:0], attachments: p.attachments[:0], text: p.text[:0]}
	if cap(p.text) <= keptTextBytes && cap(p.values) <= keptValues {
		packets.Put(p)
	}
}

var (
	errEmpty        = errors.New("empty packet")
	errAttachments  = errors.New("illegal number of attachments")
	errNamespace    = errors.New("namespace is too long")
	errAckID        = errors.New("illegal acknowledgement id")
	errPayload      = errors.New("invalid payload")
	errPlaceholders = errors.New("placeholders do not match the attachments")
	errReserved     = errors.New("reserved event name")
)

// decode reads the text of a packet. Unless it awaits attachments, it keeps
// parts of data.
func (p *packet) decode(data []byte, opts *Options) error {
	if len(data) == 0 {
		return errEmpty
	}
	p.kind, p.size = kind(data[0]), len(data)
	if p.kind < kindConnect || p.kind > kindBinaryAck || p.kind == kindConnectError {
		return fmt.Errorf("unexpected packet type %q", data[0])
	}
	var err error
	rest := data[1:]
	if p.kind.binary() {
		p.text = append(p.text[:0], rest...)
		rest = p.text
		if rest, err = p.readAttachments(rest, opts.MaxAttachments); err != nil {
			return err
		}
	}
	if rest, err = p.readNamespace(rest); err != nil {
		return err
	}
	if rest, err = p.readID(rest); err != nil {
		return err
	}
	p.payload = rest
	return p.check(opts)
}

// readAttachments reads the number of attachments and the dash after it.
func (p *packet) readAttachments(b []byte, limit int) ([]byte, error) {
	for i, c := range b {
		switch {
		case c == '-' && i > 0:
			return b[i+1:], nil
		case c < '0' || c > '9':
			return nil, errAttachments
		}
		if p.expected = p.expected*10 + int(c-'0'); p.expected > limit {
			return nil, errAttachments
		}
	}
	return nil, errAttachments
}

var mainNamespace = []byte("/")

// readNamespace reads the namespace, which ends with a comma or with the packet.
func (p *packet) readNamespace(b []byte) ([]byte, error) {
	p.namespace = mainNamespace
	if len(b) == 0 || b[0] != '/' {
		return b, nil
	}
	for i, c := range b {
		if i > maxNamespaceBytes {
			return nil, errNamespace
		}
		if c == ',' {
			p.namespace = b[:i]
			return b[i+1:], nil
		}
	}
	p.namespace = b
	return nil, nil
}

// readID reads the acknowledgement id, if there is one.
func (p *packet) readID(b []byte) ([]byte, error) {
	for i, c := range b {
		if c < '0' || c > '9' {
			return b[i:], nil
		}
		p.hasID = true
		if p.id = p.id*10 + uint64(c-'0'); p.id > maxAckID {
			return nil, errAckID
		}
	}
	return nil, nil
}

// check looks at the payload: an object for CONNECT, nothing for DISCONNECT, an
// array for the others, with a name for an event.
func (p *packet) check(opts *Options) error {
	switch p.kind {
	case kindConnect:
		return p.checkConnect(opts)
	case kindDisconnect:
		if len(p.payload) > 0 || p.hasID {
			return errPayload
		}
		return nil
	case kindAck, kindBinaryAck:
		if !p.hasID {
			return errAckID
		}
	}
	placeholders, err := p.arguments(opts)
	if err != nil {
		return err
	}
	if placeholders != p.expected {
		return errPlaceholders
	}
	return nil
}

func (p *packet) checkConnect(opts *Options) error {
	if p.hasID {
		return errPayload
	}
	if len(p.payload) == 0 {
		return nil
	}
	s := scanner{data: p.payload, maxDepth: opts.MaxDepth}
	if s.space(); s.pos == len(s.data) || s.data[s.pos] != '{' || !s.value(0) || !s.end() {
		return errPayload
	}
	return nil
}

// arguments splits the payload and returns the number of placeholders in it.
func (p *packet) arguments(opts *Options) (int, error) {
	s := scanner{data: p.payload, maxDepth: opts.MaxDepth, attachments: p.expected}
	p.values = p.values[:0]
	if !s.next('[') {
		return 0, errPayload
	}
	if !s.next(']') {
		for more := true; more; more = s.next(',') {
			s.space()
			start := s.pos
			if !s.value(1) {
				return 0, errPayload
			}
			p.values = append(p.values, p.payload[start:s.pos])
		}
		if !s.next(']') {
			return 0, errPayload
		}
	}
	if !s.end() {
		return 0, errPayload
	}
	if s.badPlaceholder {
		return 0, errPlaceholders
	}
	if p.kind.event() {
		if err := p.takeName(); err != nil {
			return 0, err
		}
	}
	return bits.OnesCount64(s.placeholders), nil
}

// takeName takes the first argument of an event, a string or a number.
func (p *packet) takeName() error {
	if len(p.values) == 0 {
		return errPayload
	}
	first := p.values[0]
	switch c := first[0]; {
	case c == '"':
		p.name, p.numeric = first[1:len(first)-1], false
	case c == '-' || c >= '0' && c <= '9':
		p.name, p.numeric = first, true
	default:
		return errPayload
	}
	p.args = p.values[1:]
	if reserved(string(p.name)) {
		return errReserved
	}
	return nil
}

// reserved tells whether only the library may emit an event of this name.
func reserved(name string) bool {
	switch name {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
		return true
	}
	return false
}

// eventName returns the name, unquoted.
func (p *packet) eventName() string {
	if p.numeric {
		return string(p.name)
	}
	for _, c := range p.name {
		if c == '\\' {
			var name string
			_ = json.Unmarshal(append(append([]byte{'"'}, p.name...), '"'), &name) // checked before
			return name
		}
	}
	return string(p.name)
}
