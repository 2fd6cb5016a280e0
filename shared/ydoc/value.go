package ydoc

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Tags of the Any encoding, the values of maps and arrays.
const (
	tagUndefined = 127
	tagNull      = 126
	tagInteger   = 125
	tagFloat32   = 124
	tagFloat64   = 123
	tagBigInt    = 122
	tagFalse     = 121
	tagTrue      = 120
	tagString    = 119
	tagObject    = 118
	tagArray     = 117
	tagBytes     = 116
)

// maxVarint is the largest integer that is written as tagInteger.
const maxVarint = 1<<31 - 1

// skipValue checks one Any value without building it. depth is how many
// values may still be inside one another.
func skipValue(r *reader, depth int) {
	if depth <= 0 {
		r.fail(ErrTooDeep, "value")
		return
	}
	switch r.byte() {
	case tagUndefined, tagNull, tagTrue, tagFalse:
	case tagInteger:
		r.varint()
	case tagFloat32:
		r.skip(4)
	case tagFloat64, tagBigInt:
		r.skip(8)
	case tagString:
		r.text()
	case tagObject:
		for n := r.uvarint(); n > 0 && r.err == nil; n-- {
			r.text()
			skipValue(r, depth-1)
		}
	case tagArray:
		for n := r.uvarint(); n > 0 && r.err == nil; n-- {
			skipValue(r, depth-1)
		}
	case tagBytes:
		r.bytes()
	default:
		r.malformed("value")
	}
}

// varint reads a signed number of at most 53 bits: six in the first byte,
// beside its sign.
func (r *reader) varint() int64 {
	c := r.byte()
	n, negative := uint64(c&0x3f), c&0x40 != 0
	for shift := uint(6); c >= 0x80 && r.err == nil; shift += 7 {
		c = r.byte()
		if n |= uint64(c&0x7f) << shift; shift > 48 || n > 1<<53-1 {
			r.malformed("number")
		}
	}
	if negative {
		return -int64(n)
	}
	return int64(n)
}

// readValue decodes one Any value that was checked before. Numbers are
// float64 as in JSON, big integers int64, undefined is nil.
func readValue(r *reader) any {
	switch tag := r.byte(); tag {
	case tagInteger:
		return float64(r.varint())
	case tagFloat32:
		return float64(math.Float32frombits(uint32(r.fixed(4))))
	case tagFloat64:
		return math.Float64frombits(r.fixed(8))
	case tagBigInt:
		return int64(r.fixed(8))
	case tagFalse, tagTrue:
		return tag == tagTrue
	case tagString:
		return string(r.bytes())
	case tagObject:
		object := map[string]any{}
		for n := r.uvarint(); n > 0 && r.err == nil; n-- {
			key := string(r.bytes())
			object[key] = readValue(r)
		}
		return object
	case tagArray:
		array := []any{}
		for n := r.uvarint(); n > 0 && r.err == nil; n-- {
			array = append(array, readValue(r))
		}
		return array
	case tagBytes:
		return slices.Clone(r.bytes())
	}
	return nil
}

// fixed reads a big-endian number of n bytes.
func (r *reader) fixed(n int) uint64 {
	var v uint64
	for range n {
		v = v<<8 | uint64(r.byte())
	}
	return v
}

// decodeJSON decodes the string of a JSON or embed content.
func decodeJSON(encoded []byte) any {
	r := reader{buf: encoded}
	var v any
	if json.Unmarshal(r.bytes(), &v) != nil { // the word undefined
		return nil
	}
	return v
}

// appendValue encodes a Go value as Any: nil, bool, numbers, string, []byte,
// []any and map[string]any, keys in order.
func appendValue(b []byte, v any, depth int) ([]byte, error) {
	if depth <= 0 {
		return nil, refuse(ErrTooDeep, "value")
	}
	switch v := v.(type) {
	case nil:
		return append(b, tagNull), nil
	case bool:
		if v {
			return append(b, tagTrue), nil
		}
		return append(b, tagFalse), nil
	case int:
		return appendInteger(b, int64(v)), nil
	case int64:
		return appendInteger(b, v), nil
	case float64:
		return appendNumber(b, v), nil
	case string:
		return appendText(append(b, tagString), v), nil
	case []byte:
		return appendBytes(append(b, tagBytes), v), nil
	case []any:
		return appendArray(b, v, depth)
	case map[string]any:
		return appendObject(b, v, depth)
	}
	return nil, fmt.Errorf("ydoc: value of type %T cannot be written", v)
}

func appendArray(b []byte, array []any, depth int) ([]byte, error) {
	b = appendUvarint(append(b, tagArray), uint64(len(array)))
	for _, e := range array {
		var err error
		if b, err = appendValue(b, e, depth-1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendObject(b []byte, object map[string]any, depth int) ([]byte, error) {
	b = appendUvarint(append(b, tagObject), uint64(len(object)))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		var err error
		if b, err = appendValue(appendText(b, key), object[key], depth-1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendInteger keeps integers that a float64 cannot hold as big integers.
func appendInteger(b []byte, n int64) []byte {
	if exact := int64(1) << 53; n >= exact || n <= -exact {
		return binary.BigEndian.AppendUint64(append(b, tagBigInt), uint64(n))
	}
	return appendNumber(b, float64(n))
}

// appendNumber chooses the encoding that yjs would.
func appendNumber(b []byte, f float64) []byte {
	negativeZero := f == 0 && math.Signbit(f)
	switch {
	case f == math.Trunc(f) && math.Abs(f) <= maxVarint && !negativeZero:
		return appendVarint(append(b, tagInteger), int64(f))
	case float64(float32(f)) == f:
		return binary.BigEndian.AppendUint32(append(b, tagFloat32), math.Float32bits(float32(f)))
	}
	return binary.BigEndian.AppendUint64(append(b, tagFloat64), math.Float64bits(f))
}
