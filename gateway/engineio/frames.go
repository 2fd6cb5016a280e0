package engineio

import (
	"encoding/base64"
	"encoding/binary"
	"sync"
)

// WebSocket opcodes with the FIN bit (RFC 6455, section 5.2).
const (
	frameText   = 0x81
	frameBinary = 0x82
	frameClose  = 0x88
	framePong   = 0x8a
)

// maxHeaderBytes is the size of the longest header of a server's frame.
const maxHeaderBytes = 10

// Frames are messages encoded once for every transport: the WebSocket frames
// one after the other, from which the form for polling is made on first use.
// They are immutable and shared by any number of sockets.
type Frames struct {
	first []byte   // frames, up to the first payload kept by reference
	rest  [][]byte // that payload, further frames, the next such payload, …
	size  int      // bytes of all parts

	pollOnce sync.Once
	poll     []byte // made by pollOnce
}

// Encode encodes messages that are sent together and in this order. It copies
// their data.
func Encode(msgs ...Message) *Frames { return encode(msgs, false) }

// EncodeShared encodes like Encode, but keeps large payloads by reference: they
// must not change as long as a socket has them to send.
func EncodeShared(msgs ...Message) *Frames { return encode(msgs, true) }

// referenceBytes is the size from which EncodeShared does not copy a payload.
const referenceBytes = 4096

func encode(msgs []Message, byReference bool) *Frames {
	size := 0
	for _, m := range msgs {
		size += maxHeaderBytes + 1
		if !byReference || len(m.Data) < referenceBytes {
			size += len(m.Data)
		}
	}
	f := &Frames{}
	part := make([]byte, 0, size)
	for _, m := range msgs {
		if m.Binary {
			part = appendHeader(part, frameBinary, len(m.Data))
		} else {
			part = append(appendHeader(part, frameText, len(m.Data)+1), byte(packetMessage))
		}
		if !byReference || len(m.Data) < referenceBytes {
			part = append(part, m.Data...)
			continue
		}
		f.add(part)
		f.add(m.Data)
		part = part[len(part):]
	}
	if len(part) > 0 {
		f.add(part)
	}
	return f
}

func (f *Frames) add(part []byte) {
	f.size += len(part)
	if f.first == nil {
		f.first = part[:len(part):len(part)]
		return
	}
	f.rest = append(f.rest, part[:len(part):len(part)])
}

// Len returns the size in bytes of the WebSocket frames.
func (f *Frames) Len() int { return f.size }

// packetFrames encodes one packet that is no message.
func packetFrames(kind packetType, payload []byte) *Frames {
	part := appendHeader(nil, frameText, 1+len(payload))
	part = append(part, byte(kind))
	f := &Frames{}
	f.add(append(part, payload...))
	return f
}

// closeFrames ends a session: a close frame on a WebSocket, a close packet in a
// polling payload.
func closeFrames(code int, reason string) *Frames {
	const maxReasonBytes = 123 // RFC 6455, section 5.5: 125 with the code
	if len(reason) > maxReasonBytes {
		reason = reason[:maxReasonBytes]
	}
	part := appendHeader(nil, frameClose, 2+len(reason))
	part = binary.BigEndian.AppendUint16(part, uint16(code))
	f := &Frames{poll: []byte{byte(packetClose)}}
	f.pollOnce.Do(func() {})
	f.add(append(part, reason...))
	return f
}

// pongFrames answers a ping of the WebSocket protocol.
func pongFrames(payload string) *Frames {
	f := &Frames{}
	f.add(append(appendHeader(nil, framePong, len(payload)), payload...))
	return f
}

func appendHeader(b []byte, opcode byte, length int) []byte {
	switch {
	case length < 126:
		return append(b, opcode, byte(length))
	case length < 1<<16:
		return append(b, opcode, 126, byte(length>>8), byte(length))
	default:
		return binary.BigEndian.AppendUint64(append(b, opcode, 127), uint64(length))
	}
}

// polling returns the packets as they stand in a polling payload, separated;
// it is empty for frames that mean nothing there.
func (f *Frames) polling() []byte {
	f.pollOnce.Do(f.makePolling)
	return f.poll
}

// makePolling walks over the frames; a payload is in the part of its header or
// is the next part, whole.
func (f *Frames) makePolling() {
	part, rest := f.first, f.rest
	for len(part) > 0 || len(rest) > 0 {
		if len(part) == 0 {
			part, rest = rest[0], rest[1:]
		}
		opcode, length, header := readHeader(part)
		part = part[header:]
		var prefix, payload []byte
		switch {
		case length <= len(part):
			payload, part = part[:length], part[length:]
		case opcode == frameText: // the packet type precedes the shared text
			prefix, payload, part, rest = part, rest[0], nil, rest[1:]
		default:
			payload, part, rest = rest[0], nil, rest[1:]
		}
		f.appendPacket(opcode, prefix, payload)
	}
}

func (f *Frames) appendPacket(opcode byte, prefix, payload []byte) {
	if opcode != frameText && opcode != frameBinary {
		return
	}
	if len(f.poll) > 0 {
		f.poll = append(f.poll, separator)
	}
	if opcode == frameText {
		f.poll = append(append(f.poll, prefix...), payload...)
		return
	}
	f.poll = append(f.poll, byte(packetBinary))
	f.poll = base64.StdEncoding.AppendEncode(f.poll, payload)
}

// readHeader reads a header that appendHeader wrote.
func readHeader(b []byte) (opcode byte, length, header int) {
	switch b[1] {
	case 126:
		return b[0], int(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		return b[0], int(binary.BigEndian.Uint64(b[2:])), 10
	default:
		return b[0], int(b[1]), 2
	}
}
