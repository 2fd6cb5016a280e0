package ydoc

import "encoding/json"

// typeRef is the tag of a shared type on the wire.
type typeRef uint64

const (
	refArray       typeRef = 0
	refMap         typeRef = 1
	refText        typeRef = 2
	refXMLElement  typeRef = 3
	refXMLFragment typeRef = 4
	refXMLHook     typeRef = 5
	refXMLText     typeRef = 6
)

// readContent reads the content of an item: its length, and as data what is
// kept of it.
func readContent(r *reader, it *item) {
	start := r.pos
	it.length = 1
	switch it.kind {
	case kindDeleted:
		it.length = r.clock()
		it.flags |= isDeleted
		return
	case kindString:
		it.data, it.length = r.textUnits()
		return
	case kindJSON, kindAny:
		readValues(r, it)
		return
	case kindBinary:
		r.bytes()
	case kindEmbed:
		checkJSON(r)
	case kindFormat:
		r.key()
		checkJSON(r)
	case kindType:
		readTypeRef(r)
	case kindDoc:
		r.key()
		skipValue(r, r.lim.MaxDepth)
	default:
		r.malformed("content kind")
	}
	if r.err == nil {
		it.data = r.buf[start:r.pos:r.pos]
	}
}

// readValues reads JSON or Any values and where each of them ends.
func readValues(r *reader, it *item) {
	n := r.uvarint()
	if n > uint64(r.remaining()) {
		r.fail(ErrTooManyStructs, "more values than bytes")
		return
	}
	start := r.pos
	if n > 1 {
		it.detail = &detail{ends: make([]uint32, 0, n)}
	}
	for i := uint64(0); i < n && r.err == nil; i++ {
		if it.kind == kindJSON {
			checkJSON(r)
		} else {
			skipValue(r, r.lim.MaxDepth)
		}
		if n > 1 {
			it.detail.ends = append(it.detail.ends, uint32(r.pos-start))
		}
	}
	if r.err == nil {
		it.data = r.buf[start:r.pos:r.pos]
		it.length = uint32(n)
	}
}

func readTypeRef(r *reader) (ref typeRef, name []byte) {
	ref = typeRef(r.uvarint())
	switch ref {
	case refXMLElement, refXMLHook:
		name = r.key()
	case refArray, refMap, refText, refXMLFragment, refXMLText:
	default:
		r.malformed("shared type")
	}
	return ref, name
}

// typeOf returns what kind of shared type an item of kindType holds.
func typeOf(it *item) (ref typeRef, name string) {
	ref, b := readTypeRef(&reader{buf: it.data, lim: trusted})
	return ref, string(b)
}

// checkJSON reads a string that holds JSON, or the word undefined. Peers throw
// while they apply an update with anything else.
func checkJSON(r *reader) {
	b := r.text()
	if r.err != nil || string(b) == "undefined" && len(b) > 0 {
		return
	}
	if depthOfJSON(b) > r.lim.MaxDepth {
		r.fail(ErrTooDeep, "JSON")
		return
	}
	if !json.Valid(b) {
		r.malformed("JSON")
	}
}

// depthOfJSON is the deepest nesting of brackets outside strings.
func depthOfJSON(b []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
			deepest = max(deepest, depth)
		case c == ']' || c == '}':
			depth--
		}
	}
	return deepest
}
