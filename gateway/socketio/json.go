package socketio

import (
	"bytes"
	"encoding/json"
)

// maxScanDepth bounds the nesting where the JSON has been checked before.
const maxScanDepth = 1 << 10

// scanner checks JSON (RFC 8259) in one pass and notes what Socket.IO needs to
// know of it: the bounds of values and the placeholders of attachments. It
// makes no copies. That strings are UTF-8 has been checked by the transport.
type scanner struct {
	data     []byte
	pos      int
	maxDepth int

	attachments     int    // placeholders are looked for when positive
	placeholders    uint64 // bit set of those found
	lastPlaceholder int
	badPlaceholder  bool // one without an attachment
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// next skips white space and the byte c, if it comes next.
func (s *scanner) next(c byte) bool {
	s.space()
	if s.pos < len(s.data) && s.data[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// end tells whether only white space is left.
func (s *scanner) end() bool {
	s.space()
	return s.pos == len(s.data)
}

// value skips one value.
func (s *scanner) value(depth int) bool {
	s.space()
	if s.pos == len(s.data) || depth > s.maxDepth {
		return false
	}
	switch c := s.data[s.pos]; {
	case c == '"':
		return s.str()
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	default:
		return s.number()
	}
}

func (s *scanner) literal(word string) bool {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
		return false
	}
	s.pos += len(word)
	return true
}

func (s *scanner) array(depth int) bool {
	s.pos++
	if s.next(']') {
		return true
	}
	for s.value(depth + 1) {
		if !s.next(',') {
			return s.next(']')
		}
	}
	return false
}

func (s *scanner) object(depth int) bool {
	s.pos++
	if s.next('}') {
		return true
	}
	marked, num := false, -1
	for {
		key, value, ok := s.member(depth)
		if !ok {
			return false
		}
		if s.attachments > 0 {
			switch string(key) {
			case "_placeholder":
				marked = string(value) == "true"
			case "num":
				num = smallNumber(value)
			}
		}
		if s.next(',') {
			continue
		}
		if marked {
			s.placeholder(num)
		}
		return s.next('}')
	}
}

// member skips a member of an object and returns its name, as it stands between
// the quotes, and its value.
func (s *scanner) member(depth int) (key, value []byte, ok bool) {
	s.space()
	start := s.pos
	if s.pos == len(s.data) || s.data[s.pos] != '"' || !s.str() {
		return nil, nil, false
	}
	key = s.data[start+1 : s.pos-1]
	if !s.next(':') {
		return nil, nil, false
	}
	s.space()
	start = s.pos
	if !s.value(depth + 1) {
		return nil, nil, false
	}
	return key, s.data[start:s.pos], true
}

// members yields the members of the object that comes next.
func (s *scanner) members(yield func([]byte, json.RawMessage) bool) {
	if !s.next('{') || s.next('}') {
		return
	}
	for {
		key, value, ok := s.member(0)
		if !ok || !yield(key, value) || !s.next(',') {
			return
		}
	}
}

func (s *scanner) placeholder(num int) {
	if num < 0 || num >= s.attachments {
		s.badPlaceholder = true
		return
	}
	s.placeholders |= 1 << num
	s.lastPlaceholder = num
}

// smallNumber reads an index; -1 for anything else.
func smallNumber(b []byte) int {
	if len(b) == 0 || len(b) > 2 {
		return -1
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// str skips a string, whose opening quote comes next.
func (s *scanner) str() bool {
	for i := s.pos + 1; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return true
		case c < ' ':
			return false
		case c == '\\':
			if i++; i == len(s.data) {
				return false
			}
			switch s.data[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if i+4 >= len(s.data) || !hex(s.data[i+1:i+5]) {
					return false
				}
				i += 4
			default:
				return false
			}
		}
	}
	return false
}

func hex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// number skips a number.
func (s *scanner) number() bool {
	if s.pos < len(s.data) && s.data[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.data) && s.data[s.pos] == '0' {
		s.pos++
	} else if !s.digits() {
		return false
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		if !s.digits() {
			return false
		}
	}
	if s.pos < len(s.data) && s.data[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		return s.digits()
	}
	return true
}

// digits skips at least one digit.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}
