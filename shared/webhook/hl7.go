package webhook

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"corsia/shared/collab"
)

// hl7Header is what of a message's MSH segment an acknowledgement repeats.
type hl7Header struct {
	application, facility        string // of the sender
	receiverApp, receiverFac     string
	trigger                      string // such as A08
	control, processing, version string
}

// hl7Message is a message, split into its segments and fields.
type hl7Message struct {
	field, component, repetition, escape, sub byte
	segments                                  [][]string // MSH-1 is the separator itself: its fields count from it
}

// Bounds of a message, and what an acknowledgement is content with.
const (
	maxHL7Segments = 4096
	maxHL7Fields   = 1024 // of a segment that is read
	hl7Version     = "2.5.1"
)

// hl7Types are the messages that are taken (SPEC W2).
var hl7Types = []string{"ADT", "ORU"}

// parseHL7 splits a message.
func parseHL7(body []byte) (*hl7Message, error) {
	if !bytes.HasPrefix(body, []byte("MSH")) {
		return nil, syntax("the body does not begin with MSH")
	}
	text := string(body)
	if !utf8.ValidString(text) {
		text = latin1(body)
	}
	text = strings.TrimRight(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\r"), "\n", "\r"), "\r")
	first, _, _ := strings.Cut(text, "\r")
	if len(first) < 8 {
		return nil, syntax("the body does not begin with MSH")
	}
	m := &hl7Message{field: first[3]}
	marks, _, ok := strings.Cut(first[4:], string(rune(m.field)))
	if !ok || len(marks) < 4 || len(marks) > 5 || !distinct(string(m.field)+marks) {
		return nil, syntax("MSH-1 and MSH-2 are no separators")
	}
	m.component, m.repetition, m.escape, m.sub = marks[0], marks[1], marks[2], marks[3]
	lines := strings.Split(text, "\r")
	if len(lines) > maxHL7Segments {
		return nil, syntax("the body has too many segments")
	}
	for _, line := range lines {
		if line == "" {
			continue
		}
		if len(line) < 3 || len(line) > 3 && line[3] != m.field {
			return nil, syntax("a segment has no name of three characters")
		}
		fields := strings.SplitN(line, string(rune(m.field)), maxHL7Fields)
		if fields[0] == "MSH" {
			fields = slices.Insert(fields, 1, string(rune(m.field)))
		}
		m.segments = append(m.segments, fields)
	}
	return m, nil
}

// distinct reports whether separators differ, and are no letters, digits, controls or parts of longer characters.
func distinct(marks string) bool {
	for i := range len(marks) {
		c := marks[i]
		if c <= ' ' || c >= 0x7f || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte(marks[:i], c) >= 0 {
			return false
		}
	}
	return true
}

// latin1 reads bytes as ISO 8859-1.
func latin1(body []byte) string {
	runes := make([]rune, len(body))
	for i, b := range body {
		runes[i] = rune(b)
	}
	return string(runes)
}

// at returns a component of the first repetition of a field of the first segment of a name, unescaped. Component 0 is the
// first one.
func (m *hl7Message) at(segment string, field, component int) string {
	for _, fields := range m.segments {
		if fields[0] != segment {
			continue
		}
		if field >= len(fields) {
			return ""
		}
		if segment == "MSH" && field <= 2 {
			return fields[field]
		}
		value, _, _ := strings.Cut(fields[field], string(rune(m.repetition)))
		components := strings.Split(value, string(rune(m.component)))
		if component = max(component, 1); component > len(components) {
			return ""
		}
		first, _, _ := strings.Cut(components[component-1], string(rune(m.sub)))
		return strings.TrimSpace(m.unescape(first))
	}
	return ""
}

// value returns what a place such as PID-3.1 has.
func (m *hl7Message) value(place string) string {
	segment, rest, ok := strings.Cut(place, "-")
	if !ok {
		return ""
	}
	number, component, _ := strings.Cut(rest, ".")
	field, err := strconv.Atoi(number)
	if err != nil || field < 1 {
		return ""
	}
	c, _ := strconv.Atoi(component) // none is the first
	return m.at(segment, field, c)
}

// unescape replaces the escape sequences of separators and of bytes. Others, which are for how a text looks, are left out.
func (m *hl7Message) unescape(s string) string {
	if strings.IndexByte(s, m.escape) < 0 {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, string(rune(m.escape)))
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		sequence, after, ok := strings.Cut(rest, string(rune(m.escape)))
		if !ok { // a lone mark is itself
			b.WriteByte(m.escape)
			s = rest
			continue
		}
		if mark, known := map[string]byte{"F": m.field, "S": m.component, "R": m.repetition, "E": m.escape, "T": m.sub}[sequence]; known {
			b.WriteByte(mark)
		} else if encoded, bytes := strings.CutPrefix(sequence, "X"); bytes {
			if raw, err := hex.DecodeString(encoded); err == nil && utf8.Valid(raw) {
				b.Write(raw)
			}
		}
		s = after
	}
}

func (s *Source) readHL7(m *Message, h http.Header, body []byte, now time.Time) error {
	msg, err := parseHL7(body)
	if err != nil {
		return err
	}
	kind, trigger := msg.at("MSH", 9, 1), msg.at("MSH", 9, 2)
	m.header = &hl7Header{
		application: msg.at("MSH", 3, 1), facility: msg.at("MSH", 4, 1), receiverApp: msg.at("MSH", 5, 1), receiverFac: msg.at("MSH", 6, 1),
		trigger: trigger, control: msg.at("MSH", 10, 1), processing: msg.at("MSH", 11, 1), version: msg.at("MSH", 12, 1),
	}
	if m.header.control == "" {
		return content("MSH-10 is missing")
	}
	if !slices.Contains(hl7Types, kind) || trigger == "" {
		return &unsupportedError{ContentError{"the message is none of ADT and ORU"}}
	}
	id, ok := or(s.resource, hl7Resource).expand(msg.value)
	if !ok {
		return content("the message has no value where this source has the resource's id")
	}
	p := collab.Push{Resource: collab.Resource{ID: collab.ResourceID(id)}, EventType: kind + "^" + trigger, OccurredAt: now}
	for _, place := range []string{"EVN-2", "MSH-7"} {
		if t, ok := hl7Time(msg.value(place)); ok {
			p.OccurredAt = t
			break
		}
	}
	m.Pushes = []collab.Push{p}
	m.ID, err = s.identify(m, h, m.header.control, msg.value)
	return err
}

// unsupportedError says that a message is of a type that is not taken: HL7 has a code of its own for it.
type unsupportedError struct{ ContentError }

// Unwrap returns the error that it is for other forms.
func (e *unsupportedError) Unwrap() error { return &e.ContentError }

// hl7Time reads YYYY[MM[DD[HH[MM[SS[.S…]]]]]][+ZZZZ]. Without a zone it is UTC.
func hl7Time(s string) (time.Time, bool) {
	digits, zone := s, ""
	if i := strings.IndexAny(s, "+-"); i >= 0 {
		digits, zone = s[:i], s[i:]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	layout := "20060102150405"
	if len(whole) < 4 || len(whole) > len(layout) || len(whole)%2 != 0 || len(fraction) > 9 {
		return time.Time{}, false
	}
	layout = layout[:len(whole)]
	text := whole
	if zone != "" {
		layout, text = layout+"-0700", text+zone
	}
	t, err := time.Parse(layout, text)
	if err != nil || t.UnixMilli() < 0 || t.UnixMilli() > maxMillis {
		return time.Time{}, false
	}
	if fraction != "" {
		n, err := strconv.ParseUint((fraction + "000000000")[:9], 10, 32)
		if err != nil {
			return time.Time{}, false
		}
		t = t.Add(time.Duration(n))
	}
	return t.UTC(), true
}

// Codes of an acknowledgement (MSA-1).
const (
	ackAccepted = "AA"
	ackError    = "AE" // the message is wrong
	ackRejected = "AR" // it may be right, and is not taken
)

// ack writes the acknowledgement of a message: the same one whenever id and time are the same.
func ack(h *hl7Header, code, id, text string, at time.Time) []byte {
	clean := func(s string) string { return escapeHL7(s, 180) }
	processing, version := h.processing, h.version
	if !slices.Contains([]string{"P", "T", "D"}, processing) {
		processing = "P"
	}
	if version == "" || len(version) > 8 || strings.Trim(version, "0123456789.") != "" {
		version = hl7Version
	}
	kind := "ACK"
	if h.trigger != "" {
		kind += "^" + escapeHL7(h.trigger, 3) + "^ACK"
	}
	fields := []string{"MSH", `^~\&`, clean(h.receiverApp), clean(h.receiverFac), clean(h.application), clean(h.facility),
		at.UTC().Format("20060102150405-0700"), "", kind, clean(id), processing, version}
	out := strings.Join(fields, "|") + "\r" + "MSA|" + code + "|" + clean(h.control) + "\r"
	if code != ackAccepted {
		condition := "207^Application internal error"
		if code == ackError {
			condition = "102^Data type error"
		}
		out += "ERR||" + "|" + condition + "^HL70357|E||||" + clean(text) + "\r"
	}
	return []byte(out)
}

// escapeHL7 writes a text of at most so many bytes in a field, without what would end it.
func escapeHL7(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return -1
		}
		return c
	}, s)
	return hl7Escaper.Replace(s)
}

var hl7Escaper = strings.NewReplacer(`\`, `\E\`, "|", `\F\`, "^", `\S\`, "&", `\T\`, "~", `\R\`)
