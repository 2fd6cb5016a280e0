package ydoc

import "strings"

func appendUvarint(b []byte, n uint64) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// appendVarint writes a signed number: its sign and six bits come first.
func appendVarint(b []byte, n int64) []byte {
	var sign byte
	m := uint64(n)
	if n < 0 {
		sign, m = 0x40, uint64(-n)
	}
	first := byte(m&0x3f) | sign
	if m >>= 6; m == 0 {
		return append(b, first)
	}
	return appendUvarint(append(b, first|0x80), m)
}

func appendBytes(b, s []byte) []byte { return append(appendUvarint(b, uint64(len(s))), s...) }

// appendText writes a string. What is no UTF-8 becomes U+FFFD, as in JavaScript.
func appendText(b []byte, s string) []byte {
	s = strings.ToValidUTF8(s, replacement)
	return append(appendUvarint(b, uint64(len(s))), s...)
}

func appendID(b []byte, client ClientID, clock uint32) []byte {
	return appendUvarint(appendUvarint(b, uint64(client)), uint64(clock))
}

// appendStruct writes a struct without its first offset units. parent is what
// the struct itself names as its parent while it is not integrated, else nil.
func appendStruct(b []byte, it *item, parent *wireParent, offset uint32) []byte {
	if it.kind == kindGC || it.kind == kindSkip {
		return appendUvarint(append(b, byte(it.kind)), uint64(it.length-offset))
	}
	info := byte(it.kind)
	if it.flags&hasKey != 0 {
		info |= infoHasKey
	}
	if it.flags&hasRightOrigin != 0 {
		info |= infoRightOrigin
	}
	if offset > 0 || it.flags&hasOrigin != 0 {
		info |= infoOrigin
	}
	b = append(b, info)
	if offset > 0 {
		b = appendID(b, it.client, it.clock+offset-1)
	} else if it.flags&hasOrigin != 0 {
		b = appendID(b, it.originClient, it.originClock)
	}
	if it.flags&hasRightOrigin != 0 {
		b = appendID(b, it.rightClient, it.rightClock)
	}
	if info&(infoOrigin|infoRightOrigin) == 0 {
		b = appendParent(b, it, parent)
	}
	return appendContent(b, it, offset)
}

func appendParent(b []byte, it *item, parent *wireParent) []byte {
	if parent != nil {
		if it.flags&rootParent != 0 {
			b = appendBytes(append(b, 1), parent.root)
		} else {
			b = appendID(append(b, 0), parent.client, parent.clock)
		}
		if it.flags&hasKey != 0 {
			b = appendBytes(b, parent.key)
		}
		return b
	}
	if t := it.parent; t.item == nil {
		b = append(b, 1)
		b = append(appendUvarint(b, uint64(len(t.name))), t.name...)
	} else {
		b = appendID(append(b, 0), t.item.client, t.item.clock)
	}
	if it.flags&hasKey != 0 {
		key := it.key()
		b = append(appendUvarint(b, uint64(len(key))), key...)
	}
	return b
}

func appendContent(b []byte, it *item, offset uint32) []byte {
	switch it.kind {
	case kindDeleted:
		return appendUvarint(b, uint64(it.length-offset))
	case kindJSON, kindAny:
		b = appendUvarint(b, uint64(it.length-offset))
		return append(b, it.data[it.valueStart(int(offset)):]...)
	case kindString:
		text := it.data
		if offset > 0 {
			_, text = cutText(text, it.length, offset)
		}
		return appendBytes(b, text)
	}
	return append(b, it.data...)
}
