package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// Prefixes keep a leaf from ever being taken for a link of the chain (T2).
const (
	leafPrefix  = 0x00
	chainPrefix = 0x01
)

// maxExactInteger is the largest integer that a number of RFC 8785, a double, holds exactly.
const maxExactInteger = 1<<53 - 1

// timeLayout is RFC 3339 with exactly six decimals, in UTC, so that a time has one form.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// Leaf returns SHA256(0x00 ‖ body).
func Leaf(body []byte) Hash {
	h := sha256.New()
	h.Write([]byte{leafPrefix})
	h.Write(body)
	return Hash(h.Sum(nil))
}

// Chain returns SHA256(0x01 ‖ previous ‖ seq ‖ leaf), seq as eight bytes, big endian. The previous link of a shard's
// first row, whose seq is 1, is the zero Hash.
func Chain(previous Hash, seq int64, leaf Hash) Hash {
	var link [1 + sha256.Size + 8 + sha256.Size]byte
	link[0] = chainPrefix
	copy(link[1:], previous[:])
	binary.BigEndian.PutUint64(link[1+sha256.Size:], uint64(seq))
	copy(link[1+sha256.Size+8:], leaf[:])
	return sha256.Sum256(link[:])
}

// Body returns the event as canonical JSON (RFC 8785), the bytes that Leaf hashes. Members that are empty or 0 are left
// out. Integers above 2⁵³-1, which JSON's numbers do not hold, become strings.
func (e Event) Body() []byte {
	members := make(map[string]any, 17)
	for _, m := range []struct{ key, value string }{
		{"event_id", e.ID}, {"tenant", string(e.Tenant)}, {"type", string(e.Type)}, {"outcome", string(e.Outcome)},
		{"actor", string(e.Actor)}, {"role", e.Role}, {"session_id", string(e.Session)},
		{"instance", string(e.Instance)}, {"address", e.Address}, {"resource_id", string(e.Resource)},
		{"reason", e.Reason},
	} {
		if m.value != "" {
			members[m.key] = m.value
		}
	}
	for _, m := range []struct {
		key   string
		value int64
	}{{"revision_from", e.RevisionFrom}, {"revision_to", e.RevisionTo}, {"fence", e.Fence}} {
		if m.value != 0 {
			members[m.key] = m.value
		}
	}
	if !e.RecordedAt.IsZero() {
		members["recorded_at"] = e.RecordedAt.UTC().Format(timeLayout)
	}
	if len(e.Fields) > 0 {
		fields := make([]any, len(e.Fields))
		for i, field := range e.Fields {
			fields[i] = string(field)
		}
		members["fields"] = fields
	}
	if len(e.Details) > 0 {
		details := make(map[string]any, len(e.Details))
		for key, value := range e.Details {
			details[key] = value
		}
		members["details"] = details
	}
	body, err := Canonical(members)
	if err != nil {
		panic("audit: " + err.Error()) // every member above is of a type that Canonical knows
	}
	return body
}

// Canonical returns the canonical JSON (RFC 8785) of nil, a bool, a string, an int, an int64, a finite float64, and
// slices ([]any) and maps (map[string]any) of these. Bytes that are not UTF-8 become U+FFFD.
func Canonical(v any) ([]byte, error) { return appendCanonical(make([]byte, 0, 512), v) }

func appendCanonical(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return appendString(dst, v), nil
	case int:
		return appendInteger(dst, int64(v)), nil
	case int64:
		return appendInteger(dst, v), nil
	case float64:
		number, err := jcs.NumberToJSON(v)
		if err != nil {
			return nil, fmt.Errorf("encode number: %w", err)
		}
		return append(dst, number...), nil
	case []any:
		return appendArray(dst, v)
	case map[string]any:
		return appendObject(dst, v)
	}
	return nil, fmt.Errorf("canonical JSON of a %T is not defined here", v)
}

func appendInteger(dst []byte, n int64) []byte {
	if n > maxExactInteger || n < -maxExactInteger {
		return appendString(dst, strconv.FormatInt(n, 10))
	}
	return strconv.AppendInt(dst, n, 10)
}

func appendArray(dst []byte, elements []any) ([]byte, error) {
	dst = append(dst, '[')
	for i, element := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendCanonical(dst, element); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, members map[string]any) ([]byte, error) {
	keys := make([]string, 0, len(members))
	for key := range members {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareUTF16)
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, key), ':')
		var err error
		if dst, err = appendCanonical(dst, members[key]); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// compareUTF16 orders as RFC 8785 does, by UTF-16 code units. It differs from the order of bytes where one side has a
// character above U+FFFF, a surrogate pair, and the other one between U+E000 and U+FFFF.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		ra, sizeA := utf8.DecodeRuneInString(a)
		rb, sizeB := utf8.DecodeRuneInString(b)
		if ra != rb {
			return int(rankUTF16(ra) - rankUTF16(rb))
		}
		a, b = a[sizeA:], b[sizeB:]
	}
	return len(a) - len(b)
}

// rankUTF16 orders runes as their UTF-16 forms: U+E000 to U+FFFF come after the surrogate pairs.
func rankUTF16(r rune) rune {
	if r >= 0xE000 && r <= 0xFFFF {
		return r + utf8.MaxRune + 1
	}
	return r
}

// appendString writes a JSON string with the escapes of RFC 8785 and no others.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s { // a byte that is not UTF-8 comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r >= 0x20:
			dst = utf8.AppendRune(dst, r)
		case r == '\b':
			dst = append(dst, '\\', 'b')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\f':
			dst = append(dst, '\\', 'f')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		}
	}
	return append(dst, '"')
}
