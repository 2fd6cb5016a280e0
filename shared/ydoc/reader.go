package ydoc

import (
	"encoding/binary"
	"unicode/utf8"
)

// reader walks over encoded bytes. After the first thing that does not parse
// it stays broken and answers zeros, so callers check err once per struct
// instead of once per byte.
type reader struct {
	buf []byte
	pos int
	err error
	lim Limits

	// The client id read last, as it stands in the input: ids repeat, and
	// comparing one word is faster than decoding five bytes.
	lastClient ClientID
	lastBytes  uint64
	lastMask   uint64 // zero: nothing remembered
	lastLength int
}

func (r *reader) remaining() int { return len(r.buf) - r.pos }

// fail keeps the first error and stops all further reading.
func (r *reader) fail(reason error, what string) {
	if r.err == nil {
		r.err = refuse(reason, "%s at byte %d", what, r.pos)
	}
	r.pos = len(r.buf)
}

func (r *reader) malformed(what string) { r.fail(ErrMalformed, what) }

// uvarint reads an unsigned number of at most 53 bits, the integers that
// JavaScript peers hold exactly. Up to three bytes, as clocks have, are read
// without a loop.
func (r *reader) uvarint() uint64 {
	if b := r.buf[r.pos:]; len(b) >= 3 {
		n := uint64(b[0])
		if n < 0x80 {
			r.pos++
			return n
		}
		c := uint64(b[1])
		if n = n&0x7f | c&0x7f<<7; c < 0x80 {
			r.pos += 2
			return n
		}
		c = uint64(b[2])
		if n |= c & 0x7f << 14; c < 0x80 {
			r.pos += 3
			return n
		}
	}
	return r.longUvarint()
}

func (r *reader) longUvarint() uint64 {
	const lastShift = 49 // eighth byte: four more bits
	var n uint64
	for shift := uint(0); r.pos < len(r.buf) && shift <= lastShift; shift += 7 {
		c := r.buf[r.pos]
		r.pos++
		if shift == lastShift && c > 0x0f {
			break
		}
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
	r.malformed("number")
	return 0
}

// client reads a client id.
func (r *reader) client() ClientID {
	const word = 8
	if r.remaining() < word {
		return ClientID(r.uvarint())
	}
	bytes := binary.LittleEndian.Uint64(r.buf[r.pos:])
	if r.lastMask != 0 && bytes&r.lastMask == r.lastBytes {
		r.pos += r.lastLength
		return r.lastClient
	}
	start := r.pos
	r.lastClient = ClientID(r.uvarint())
	r.lastLength = r.pos - start
	r.lastMask = 0
	if r.err == nil {
		r.lastMask = ^uint64(0) >> (8 * (word - r.lastLength))
		r.lastBytes = bytes & r.lastMask
	}
	return r.lastClient
}

// clock reads a clock or a length.
func (r *reader) clock() uint32 {
	n := r.uvarint()
	if n > maxClock {
		r.fail(ErrClockOverflow, "clock")
		return 0
	}
	return uint32(n)
}

func (r *reader) byte() byte {
	if r.pos >= len(r.buf) {
		r.malformed("end of input")
		return 0
	}
	r.pos++
	return r.buf[r.pos-1]
}

// bytes reads a length and that many bytes. The result aliases the input and
// is capped, so that appending to it cannot write into its neighbours.
func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(r.remaining()) {
		r.malformed("length")
		return nil
	}
	end := r.pos + int(n)
	b := r.buf[r.pos:end:end]
	r.pos = end
	return b
}

// text reads a string, which must be valid UTF-8: other peers refuse the
// update otherwise.
func (r *reader) text() []byte {
	b, _ := r.textUnits()
	return b
}

// textUnits reads a string and counts its UTF-16 units.
func (r *reader) textUnits() (b []byte, units uint32) {
	b = r.bytes()
	for i, c := range b {
		if c >= utf8.RuneSelf {
			if !utf8.Valid(b) {
				r.malformed("UTF-8")
				return nil, 0
			}
			return b, uint32(i) + unitsOfWide(b[i:])
		}
	}
	return b, uint32(len(b))
}

// key reads a name of bounded length.
func (r *reader) key() []byte {
	b := r.text()
	if len(b) > r.lim.MaxKeyBytes {
		r.fail(ErrKeyTooLong, "key")
		return nil
	}
	return b
}

func (r *reader) skip(n int) {
	if r.remaining() < n {
		r.malformed("end of input")
		return
	}
	r.pos += n
}
