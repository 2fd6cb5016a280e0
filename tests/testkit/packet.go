package testkit

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The kinds of Socket.IO packets (protocol 5).
const (
	packetConnect = iota
	packetDisconnect
	packetEvent
	packetAck
	packetConnectError
	packetBinaryEvent
	packetBinaryAck
)

// packet is a Socket.IO packet of the main namespace as it came in.
type packet struct {
	kind        int
	attachments int // how many follow
	id          int // of the acknowledgement; -1: none
	payload     any // decoded JSON
}

// encode returns an event, its binary values taken out. ack is the number of the acknowledgement asked for, -1 for none.
func encode(ack int, args ...any) (text string, attachments [][]byte, err error) {
	plain := make([]any, len(args))
	for i, arg := range args {
		plain[i] = takeBinary(arg, &attachments)
	}
	body, err := json.Marshal(plain)
	if err != nil {
		return "", nil, err
	}
	head := strconv.Itoa(packetEvent)
	if len(attachments) > 0 {
		head = fmt.Sprintf("%d%d-", packetBinaryEvent, len(attachments))
	}
	if ack >= 0 {
		head += strconv.Itoa(ack)
	}
	return head + string(body), attachments, nil
}

func takeBinary(v any, attachments *[][]byte) any {
	switch v := v.(type) {
	case []byte:
		*attachments = append(*attachments, v)
		return Fields{"_placeholder": true, "num": len(*attachments) - 1}
	case map[string]any:
		return takeBinary(Fields(v), attachments)
	case Fields:
		out := make(Fields, len(v))
		for key, value := range v {
			out[key] = takeBinary(value, attachments)
		}
		return out
	}
	return v
}

// putBinary replaces the placeholders in a decoded value by the attachments, and its objects by Fields.
func putBinary(v any, attachments [][]byte) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = putBinary(v[i], attachments)
		}
	case map[string]any:
		if v["_placeholder"] == true {
			n, _ := v["num"].(float64)
			return attachments[int(n)]
		}
		for key := range v {
			v[key] = putBinary(v[key], attachments)
		}
		return Fields(v)
	}
	return v
}

// parse reads a packet's text.
func parse(text string) (packet, error) {
	p := packet{id: -1}
	if text == "" || text[0] < '0' || text[0] > '6' {
		return p, fmt.Errorf("no packet: %.100q", text)
	}
	p.kind = int(text[0] - '0')
	rest := text[1:]
	if p.kind == packetBinaryEvent || p.kind == packetBinaryAck {
		n, after, ok := strings.Cut(rest, "-")
		if p.attachments, _ = strconv.Atoi(n); !ok || p.attachments == 0 {
			return p, fmt.Errorf("no number of attachments: %.100q", text)
		}
		rest = after
	}
	if strings.HasPrefix(rest, "/") {
		return p, fmt.Errorf("a packet of another namespace: %.100q", text)
	}
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if digits > 0 {
		p.id, _ = strconv.Atoi(rest[:digits])
		rest = rest[digits:]
	}
	if rest == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(rest), &p.payload); err != nil {
		return p, fmt.Errorf("packet %.100q: %w", text, err)
	}
	return p, nil
}
