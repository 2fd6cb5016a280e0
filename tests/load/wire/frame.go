// Package wire is the client's side of a WebSocket (RFC 6455), cheap enough that the generator takes less of the machine
// than the server that it measures. It knows no protocol above.
package wire

import (
	"encoding/binary"
	"errors"
)

// Opcode says what a frame carries.
type Opcode byte

// The opcodes of RFC 6455.
const (
	Continuation Opcode = 0
	Text         Opcode = 1
	Binary       Opcode = 2
	Close        Opcode = 8
	Ping         Opcode = 9
	Pong         Opcode = 10
)

// Message is one message. What Read returns is valid until the next Read.
type Message struct {
	Opcode Opcode
	Data   []byte
}

const (
	final        = 0x80
	masked       = 0x80
	length16     = 126
	length64     = 127
	maxDataBytes = 64 << 20
)

var (
	errFragmented = errors.New("wire: the server sent a fragmented message")
	errTooLong    = errors.New("wire: the server sent a frame longer than 64 MiB")
)

// appendFrame appends a client's frame. Its mask is zero, which costs neither side less to read but saves the generator
// the masking.
func appendFrame(b []byte, m Message) []byte {
	b = append(b, final|byte(m.Opcode))
	switch n := len(m.Data); {
	case n < length16:
		b = append(b, masked|byte(n))
	case n < 1<<16:
		b = append(b, masked|length16, byte(n>>8), byte(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|length64), uint64(n))
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, m.Data...)
}

// parseFrame reads a server's frame from the start of b. size is 0 when b does not hold it whole.
func parseFrame(b []byte) (m Message, size int, err error) {
	if len(b) < 2 {
		return m, 0, nil
	}
	m.Opcode = Opcode(b[0] & 0x0f)
	if b[0]&final == 0 || m.Opcode == Continuation {
		return m, 0, errFragmented
	}
	length, header := uint64(b[1]&^masked), 2
	switch {
	case length == length16 && len(b) < 4, length == length64 && len(b) < 10:
		return m, 0, nil
	case length == length16:
		length, header = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case length == length64:
		length, header = binary.BigEndian.Uint64(b[2:]), 10
	}
	if length > maxDataBytes {
		return m, 0, errTooLong
	}
	size = header + int(length)
	if len(b) < size {
		return m, 0, nil
	}
	m.Data = b[header:size]
	return m, size, nil
}
