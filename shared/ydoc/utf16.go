package ydoc

import "unicode/utf8"

// Text is kept in UTF-8 and counted in UTF-16 units, as every Yjs peer counts.

const replacement = "\uFFFD"

// unitsOf counts the UTF-16 units of valid UTF-8.
func unitsOf(s []byte) uint32 {
	for i, c := range s {
		if c >= utf8.RuneSelf {
			return uint32(i) + unitsOfWide(s[i:])
		}
	}
	return uint32(len(s))
}

func unitsOfWide(s []byte) uint32 {
	var n uint32
	for _, c := range s {
		n += unitsOfLead(c)
	}
	return n
}

// unitsOfLead is the number of units of the character that starts with c, and
// zero for a continuation byte.
func unitsOfLead(c byte) uint32 {
	switch {
	case c < 0x80:
		return 1
	case c < 0xC0:
		return 0
	case c < 0xF0:
		return 1
	default:
		return 2
	}
}

// cutText splits text of the given length at a UTF-16 offset. A cut inside a
// surrogate pair leaves U+FFFD on both sides, as in yjs. It searches from the
// nearer end, so that cutting one string into n pieces costs n log n and not
// n² steps. Both halves are capped or at the end of the backing array.
func cutText(s []byte, units, at uint32) (left, right []byte) {
	pos, over := seekUnits(s, units, at)
	if over {
		return append(append(make([]byte, 0, pos+len(replacement)), s[:pos]...), replacement...),
			append([]byte(replacement), s[pos+4:]...)
	}
	return s[:pos:pos], s[pos:]
}

// seekUnits finds the byte at which unit at begins. over says that it is the
// second half of the surrogate pair that begins at pos.
func seekUnits(s []byte, units, at uint32) (pos int, over bool) {
	if int(units) == len(s) {
		return int(at), false
	}
	if at <= units/2 {
		var n uint32
		for pos < len(s) && n < at {
			w := unitsOfLead(s[pos])
			if n+w > at {
				return pos, true
			}
			n += w
			pos++
			for pos < len(s) && s[pos]&0xC0 == 0x80 {
				pos++
			}
		}
		return pos, false
	}
	pos = len(s)
	for n := units; n > at; {
		pos--
		w := unitsOfLead(s[pos])
		if w == 0 {
			continue
		}
		if n-w < at {
			return pos, true
		}
		n -= w
	}
	return pos, false
}
