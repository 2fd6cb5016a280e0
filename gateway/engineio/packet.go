package engineio

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"unicode/utf8"
)

// packetType is the first character of a packet.
type packetType byte

// The packet types of the protocol; packetBinary marks a base64 message in a
// polling payload.
const (
	packetOpen    packetType = '0'
	packetClose   packetType = '1'
	packetPing    packetType = '2'
	packetPong    packetType = '3'
	packetMessage packetType = '4'
	packetUpgrade packetType = '5'
	packetNoop    packetType = '6'
	packetBinary  packetType = 'b'
)

// separator stands between the packets of a polling payload.
const separator = 0x1e

var (
	errEmptyPacket = errors.New("empty packet")
	errNotUTF8     = errors.New("text is not UTF-8")
)

// decodePayload calls visit for each packet of a polling payload, in order, and
// stops at the first error. Binary messages come decoded, in bytes of their
// own; what a message contains is not looked at, but text must be UTF-8.
func decodePayload(payload []byte, visit func(kind packetType, data []byte) error) error {
	if !utf8.Valid(payload) {
		return errNotUTF8
	}
	for more := true; more; {
		var packet []byte
		packet, payload, more = bytes.Cut(payload, []byte{separator})
		kind, data, err := decodePacket(packet)
		if err != nil {
			return err
		}
		if err := visit(kind, data); err != nil {
			return err
		}
	}
	return nil
}

// decodePacket splits a packet of a polling payload.
func decodePacket(packet []byte) (packetType, []byte, error) {
	if len(packet) == 0 {
		return 0, nil, errEmptyPacket
	}
	kind, data := packetType(packet[0]), packet[1:]
	if kind != packetBinary {
		return kind, data, nil
	}
	decoded, err := base64.StdEncoding.Strict().AppendDecode(nil, data)
	if err != nil {
		return 0, nil, fmt.Errorf("binary packet: %w", err)
	}
	return kind, decoded, nil
}

// unexpectedPacket is the error for a packet that a client may not send.
func unexpectedPacket(kind packetType) error {
	return fmt.Errorf("unexpected packet type %q", byte(kind))
}
