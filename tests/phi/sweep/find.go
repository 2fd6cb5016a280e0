package sweep

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
)

const (
	keyBytes    = 8        // of a needle that the index knows
	nearBytes   = 60       // of what stands around a hit, in a report
	maxUnpacked = 64 << 20 // bytes of a compressed part that are looked at
	maxNested   = 3        // compressed parts in compressed parts
)

// Hit is a marker that was found.
type Hit struct {
	Marker Marker
	Form   string // how it was written
	Near   string // what stands around it
}

// needle is one form of one part of a marker.
type needle struct {
	text   string
	form   string
	marker int
}

// Finder looks for markers in all their forms.
type Finder struct {
	markers []Marker
	index   map[uint64][]needle // by the first bytes
	begins  [1 << 16]bool       // by the first two bytes, so that most positions are passed over at once
}

// Finder returns a finder of the markers that there are now.
func (s *Set) Finder() *Finder {
	f := &Finder{markers: s.All(), index: map[uint64][]needle{}}
	for i, m := range f.markers {
		for _, part := range m.parts {
			for _, written := range forms(part) {
				for _, text := range written.texts {
					f.add(needle{text, written.name, i})
				}
			}
		}
	}
	return f
}

func (f *Finder) add(n needle) {
	key := binary.LittleEndian.Uint64([]byte(n.text[:keyBytes]))
	for _, known := range f.index[key] {
		if known.text == n.text {
			return
		}
	}
	f.index[key] = append(f.index[key], n)
	f.begins[uint16(key)] = true
}

// Find returns the markers that are in the data, each form of each once. It looks into what gzip has packed, wherever in the
// data that begins.
func (f *Finder) Find(data []byte) []Hit {
	var hits []Hit
	seen := map[[2]string]bool{}
	f.find(data, "", 0, func(h Hit) {
		if key := [2]string{h.Marker.Text, h.Form}; !seen[key] {
			seen[key] = true
			hits = append(hits, h)
		}
	})
	return hits
}

func (f *Finder) find(data []byte, within string, depth int, found func(Hit)) {
	for i := 0; i+keyBytes <= len(data); i++ {
		key := binary.LittleEndian.Uint64(data[i:])
		if !f.begins[uint16(key)] {
			continue
		}
		for _, n := range f.index[key] {
			if bytes.HasPrefix(data[i:], []byte(n.text)) {
				near := data[max(0, i-nearBytes):min(len(data), i+len(n.text)+nearBytes)]
				found(Hit{f.markers[n.marker], within + n.form, strconv.QuoteToASCII(string(near))})
			}
		}
	}
	if depth == maxNested {
		return
	}
	for at := 0; ; {
		next := bytes.Index(data[at:], []byte{0x1f, 0x8b, 0x08})
		if next < 0 {
			return
		}
		at += next
		if unpacked := unpack(data[at:]); len(unpacked) > 0 {
			f.find(unpacked, within+"gzip, ", depth+1, found)
		}
		at++
	}
}

// unpack returns as much as can be read.
func unpack(data []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	unpacked, _ := io.ReadAll(io.LimitReader(r, maxUnpacked)) // damaged later on: what came before counts
	return unpacked
}

// form is how a part of a marker may be written.
type form struct {
	name  string
	texts []string
}

// forms returns all of them, the plainest first: two that come to the same go by its name.
func forms(part string) []form {
	bytes := hex.EncodeToString([]byte(part))
	all := []form{
		{"raw", []string{part, strings.ToLower(part), strings.ToUpper(part)}},
		{"hex", []string{bytes, strings.ToUpper(bytes), joined(part, " ", "%02x"), joined(part, `\x`, "%02x")}},
		{"URL", []string{"%" + joined(part, "%", "%02x"), "%" + joined(part, "%", "%02X"), url.QueryEscape(part), url.PathEscape(part)}},
		{"JSON", []string{`\u` + joined(part, `\u`, "%04x"), `\u` + joined(part, `\u`, "%04X")}},
		{"bytes", []string{joined(part, " ", "%d"), joined(part, ",", "%d"), joined(part, ", ", "%d")}},
		{"UTF-16", []string{utf16Text(part, binary.LittleEndian), utf16Text(part, binary.BigEndian)}},
	}
	for shift := range 3 {
		all = append(all, form{"base64", []string{base64Core(part, shift, base64.RawStdEncoding), base64Core(part, shift, base64.RawURLEncoding)}})
	}
	return all
}

func joined(part, separator, format string) string {
	bytes := make([]string, len(part))
	for i := range len(part) {
		bytes[i] = fmt.Sprintf(format, part[i])
	}
	return strings.Join(bytes, separator)
}

func utf16Text(part string, order binary.AppendByteOrder) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(part)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// base64Core returns the characters that the part alone decides when it begins so many bytes after a group of three.
func base64Core(part string, shift int, e *base64.Encoding) string {
	encoded := e.EncodeToString([]byte(strings.Repeat("\x00", shift) + part))
	first := []int{0, 2, 3}[shift]
	if (shift+len(part))%3 != 0 { // the last character has bits of what follows
		encoded = encoded[:len(encoded)-1]
	}
	return encoded[first:]
}
