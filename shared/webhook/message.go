package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"corsia/shared/collab"
)

// Bounds of a message.
const (
	MaxBodyBytes = 1 << 20 // SPEC W3

	maxDataBytes      = 64 << 10 // of "data", which goes to every session in the room
	maxEventTypeBytes = 100
	maxVersionBytes   = 128
	maxPushes         = 100 // resources that one message is about
)

// Kind says what a message is.
type Kind string

// The kinds. All but events are answered and not kept.
const (
	KindEvent     Kind = "event"
	KindHandshake Kind = "handshake"
	KindHeartbeat Kind = "heartbeat"
)

// Form is the form of a body.
type Form string

// The forms.
const (
	FormJSON Form = "json"
	FormFHIR Form = "fhir"
	FormHL7  Form = "hl7"
)

// Message is one request of a source, read: ids, kinds and times, and nothing else that a body says about a person.
type Message struct {
	Kind   Kind
	Form   Form
	ID     string // the source's own; empty unless it is an event
	Sum    [sha256.Size]byte
	Pushes []collab.Push

	header *hl7Header // of an HL7 message: what an answer repeats
}

// Errors of Read. What they say is for the sender, and repeats nothing of the body.
type (
	// SyntaxError says that a body is not of its form.
	SyntaxError struct{ Msg string }
	// ContentError says that a body lacks something, or says something that cannot be.
	ContentError struct{ Msg string }
)

// Error returns what is wrong.
func (e *SyntaxError) Error() string { return e.Msg }

// Error returns what is wrong.
func (e *ContentError) Error() string { return e.Msg }

func syntax(msg string) error               { return &SyntaxError{msg} }
func content(msg string, args ...any) error { return &ContentError{fmt.Sprintf(msg, args...)} }

// formOf returns the form that a content type announces. False: it is none of ours.
func formOf(contentType string) (Form, bool) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", false
	}
	form, ok := map[string]Form{"application/json": FormJSON, "application/fhir+json": FormFHIR, "application/hl7-v2": FormHL7}[kind]
	if charset := params["charset"]; form != FormHL7 && charset != "" && !strings.EqualFold(charset, "utf-8") {
		return "", false
	}
	return form, ok
}

// Read reads an authenticated request. A message that is wrong is returned all the same, as far as it was read: an HL7
// sender wants an acknowledgement of it.
func (s *Source) Read(form Form, h http.Header, body []byte, now time.Time) (Message, error) {
	m := Message{Kind: KindEvent, Form: form, Sum: sha256.Sum256(body)}
	var err error
	switch form {
	case FormHL7:
		err = s.readHL7(&m, h, body, now)
	default:
		err = s.readJSON(&m, h, body, now)
	}
	if err != nil || m.Kind != KindEvent {
		return m, err
	}
	if len(m.Pushes) > maxPushes {
		return m, content("the message is about more than %d resources", maxPushes)
	}
	for i := range m.Pushes {
		p := &m.Pushes[i]
		id, err := collab.ParseResourceID(string(p.Resource.ID))
		if err != nil {
			return m, content("%s", collab.AsError(err).Msg)
		}
		p.Resource = collab.Resource{Tenant: s.Tenant, ID: id}
		if p.EventType == "" || len(p.EventType) > maxEventTypeBytes || !printable(p.EventType) {
			return m, content("eventType is missing, longer than %d bytes or not printable", maxEventTypeBytes)
		}
	}
	if m.ID == "" || len(m.ID) > maxMessageID || !printable(m.ID) {
		return m, content("the message's id is missing, longer than %d bytes or not printable", maxMessageID)
	}
	return m, nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}

// identify returns the message's id: from the signed header of Standard Webhooks, else where the source is said to have it,
// else the usual one of the form, else the hash of the body: what is not signed names no message.
func (s *Source) identify(m *Message, h http.Header, usual string, value func(string) string) (string, error) {
	if s.Profile == Standard {
		id, _, _ := standardHeaders(h)
		return id, nil
	}
	if s.message != nil {
		id, ok := s.message.expand(func(expression string) string {
			if name, isHeader := strings.CutPrefix(expression, headerPrefix); isHeader {
				return single(h, name)
			}
			return value(expression)
		})
		if !ok {
			return "", content("the message has no id where this source has it")
		}
		return id, nil
	}
	if usual != "" {
		return usual, nil
	}
	return "sha256-" + hex.EncodeToString(m.Sum[:]), nil
}

// decode reads exactly one JSON value, numbers as they are written.
func decode(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, syntax("the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return nil, syntax("the body is not JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, syntax("the body goes on after its JSON value")
	}
	return doc, nil
}

var (
	jsonResource = mustTemplate("/resourceId")
	fhirResource = mustTemplate("reference")
	hl7Resource  = mustTemplate("Patient/{PID-3.1}")
)

func or(t, usual template) template {
	if t != nil {
		return t
	}
	return usual
}

func (s *Source) readJSON(m *Message, h http.Header, body []byte, now time.Time) error {
	doc, err := decode(body)
	if err != nil {
		return err
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return content("the body is no JSON object")
	}
	if m.Form == FormFHIR || object["resourceType"] == "Bundle" {
		m.Form = FormFHIR
		return s.readFHIR(m, h, body, now)
	}
	value := func(expression string) string { return pointed(doc, expression) }
	p := collab.Push{EventType: pointed(doc, "/eventType"), OccurredAt: now}
	if p.EventType == "" && s.Profile == GitHub {
		p.EventType = single(h, "X-GitHub-Event")
	}
	id, ok := or(s.resource, jsonResource).expand(value)
	if !ok {
		return content("the body names no resource where this source has it")
	}
	p.Resource.ID = collab.ResourceID(id)
	at, there := object["occurredAt"]
	switch t, ok := instant(at); {
	case ok:
		p.OccurredAt = t
	case there || s.Profile != GitHub:
		return content("occurredAt is no time as RFC 3339 has it")
	}
	if p.Version, err = versionOf(object["version"]); err != nil {
		return err
	}
	if data, there := object["data"]; there && data != nil {
		if p.Data, err = json.Marshal(data); err != nil || len(p.Data) > maxDataBytes {
			return content("data is larger than %d bytes", maxDataBytes)
		}
	}
	m.Pushes = []collab.Push{p}
	m.ID, err = s.identify(m, h, "", value)
	return err
}

// versionOf returns a version as JSON, empty when there is none.
func versionOf(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case json.Number:
		if len(v) <= maxVersionBytes {
			return v.String(), nil
		}
	case string:
		if v != "" && len(v) <= maxVersionBytes && printable(v) {
			encoded, _ := json.Marshal(v) // a text always encodes
			return string(encoded), nil
		}
	}
	return "", content("version is no number and no text of at most %d bytes", maxVersionBytes)
}

// maxMillis is the end of the year 9999: what any store and any browser can still show.
const maxMillis = 253402300799999

// instant reads a time: RFC 3339, or milliseconds since 1970 UTC, from 1970 to 9999.
func instant(v any) (time.Time, bool) {
	var t time.Time
	switch v := v.(type) {
	case string:
		var err error
		if t, err = time.Parse(time.RFC3339, v); err != nil {
			return t, false
		}
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			return t, false
		}
		t = time.UnixMilli(n)
	}
	ms := t.UnixMilli()
	return t.UTC(), ms >= 0 && ms <= maxMillis
}
