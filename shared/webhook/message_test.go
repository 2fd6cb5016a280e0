package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// source returns a bearer source with further settings, such as `"resourceId": "x"`.
func source(t testing.TB, settings ...string) *Source {
	t.Helper()
	return parsed(t, `{"s": {`+strings.Join(append(settings, `"profile": "bearer", "secrets": ["0123456789abcdef"]`), ", ")+`}}`)["s"]
}

// said returns a message in one line.
func said(m Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", m.Kind, m.Form, m.ID)
	for _, p := range m.Pushes {
		fmt.Fprintf(&b, "; %s %s %s %s %s", p.Resource.ID, p.EventType, p.Version, p.OccurredAt.Format(time.RFC3339Nano), p.Data)
	}
	return b.String()
}

func wrong(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.As(err, new(*SyntaxError)):
		return "400"
	case errors.As(err, new(*ContentError)):
		return "422"
	}
	return err.Error()
}

func TestJSONBodies(t *testing.T) { // W2
	const body = `{"resourceId":"page:/patient/1","resourceType":"patient_record","eventType":"lab.result","version":7,"occurredAt":"2026-03-01T13:00:00+01:00","data":{"b":1.50,"a":"x"}}`
	plain, built := source(t, `"messageId": "{header:X-Id}"`), source(t, `"resourceId": "page:/patient/{/patient/ids/0}"`, `"messageId": "/msg/id"`)
	id := headers("X-Id", "m1")
	change := func(old, with string) string { return strings.Replace(body, old, with, 1) }
	tests := []struct {
		name   string
		source *Source
		body   string
		want   string // or the status
	}{
		{"as documented", plain, body, `event json m1; page:/patient/1 lab.result 7 2026-03-01T12:00:00Z {"a":"x","b":1.50}`},
		{"a version that is a text", plain, change(`:7`, `:"7b"`), `event json m1; page:/patient/1 lab.result "7b" 2026-03-01T12:00:00Z {"a":"x","b":1.50}`},
		{"milliseconds", plain, change(`"2026-03-01T13:00:00+01:00"`, `1772366400000`), `event json m1; page:/patient/1 lab.result 7 2026-03-01T12:00:00Z {"a":"x","b":1.50}`},
		{"no version and no data", plain, `{"resourceId":"p","eventType":"e","occurredAt":0,"version":null,"data":null}`, `event json m1; p e  1970-01-01T00:00:00Z `},
		{"ids elsewhere", built, `{"patient":{"ids":[12]},"msg":{"id":"m.2"},"eventType":"e","occurredAt":0}`, `event json m.2; page:/patient/12 e  1970-01-01T00:00:00Z `},
		{"no JSON", plain, body[1:], "400"},
		{"two values", plain, body + "{}", "400"},
		{"no UTF-8", plain, change("lab", "l\xff"), "400"},
		{"nothing", plain, "", "400"},
		{"a list", plain, "[" + body + "]", "422"},
		{"no resource", plain, change("resourceId", "resource"), "422"},
		{"a resource that is none", plain, change("page:/patient/1", "page:users:users"), "422"},
		{"no event type", plain, change("eventType", "type"), "422"},
		{"a long event type", plain, change("lab.result", strings.Repeat("x", 101)), "422"},
		{"a control in the event type", plain, change("lab.result", `lab\u0007`), "422"},
		{"no time", plain, change("occurredAt", "at"), "422"},
		{"a time that is none", plain, change("13:00", "25:00"), "422"},
		{"a time before times", plain, change(`"2026-03-01T13:00:00+01:00"`, `-1`), "422"},
		{"a time after times", plain, change(`"2026-03-01T13:00:00+01:00"`, `99999999999999999`), "422"},
		{"a version that is none", plain, change(`:7`, `:true`), "422"},
		{"an empty version", plain, change(`:7`, `:""`), "422"},
		{"a long version", plain, change(`:7`, `:"`+strings.Repeat("7", 129)+`"`), "422"},
		{"much data", plain, change(`"x"`, `"`+strings.Repeat("x", 64<<10)+`"`), "422"},
		{"no id elsewhere", built, `{"patient":{"ids":[12]},"eventType":"e","occurredAt":0}`, "422"},
		{"no resource elsewhere", built, `{"patient":{"ids":[]},"msg":{"id":"m2"},"eventType":"e","occurredAt":0}`, "422"},
	}
	for _, tt := range tests {
		m, err := tt.source.Read(FormJSON, id, []byte(tt.body), noon)
		got := said(m)
		if err != nil {
			got = wrong(err)
		}
		if got != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestAMessageWithoutAnIDIsNamedByItsBody(t *testing.T) { // W3
	s, body := parsed(t, fourSources)["hub"], `{"resourceId":"p","eventType":"e"}`
	m, err := s.Read(FormJSON, headers("X-GitHub-Delivery", "unsigned"), []byte(body), noon)
	again, errAgain := s.Read(FormJSON, headers("X-GitHub-Delivery", "another"), []byte(body), noon)
	if err != nil || errAgain != nil || m.ID != again.ID || !strings.HasPrefix(m.ID, "sha256-") {
		t.Errorf("%q, %v and %q, %v: an id that is not signed names a message", m.ID, err, again.ID, errAgain)
	}
	if m.Pushes[0].Resource != (collab.Resource{Tenant: "north", ID: "p"}) || !m.Pushes[0].OccurredAt.Equal(noon) {
		t.Errorf("it says %+v", m.Pushes)
	}
	m, err = s.Read(FormJSON, headers("X-GitHub-Event", "push"), []byte(`{"resourceId":"p"}`), noon)
	if err != nil || m.Pushes[0].EventType != "push" {
		t.Errorf("%v %v", m, err)
	}
}

const r5 = `{"resourceType":"Bundle","id":"b1","type":"subscription-notification","timestamp":"2026-03-01T11:00:00Z","entry":[
	{"fullUrl":"urn:uuid:1","resource":{"resourceType":"SubscriptionStatus","status":"active","type":"event-notification","subscription":{"reference":"Subscription/9"},"topic":"http://emr/topic/a",
		"notificationEvent":[{"eventNumber":"4","timestamp":"2026-03-01T10:00:00Z","focus":{"reference":"http://emr/fhir/Patient/12"}},{"eventNumber":"5","focus":{"reference":"Observation/o-1/_history/3"}}]}},
	{"fullUrl":"http://emr/fhir/Patient/12","resource":{"resourceType":"Patient","meta":{"versionId":"8"},"name":[{"family":"Rossi"}]},"request":{"method":"PUT","url":"Patient/12"}},
	{"fullUrl":"http://emr/fhir/Observation/o-1","request":{"method":"DELETE","url":"Observation/o-1"}}]}`

const r4 = `{"resourceType":"Bundle","id":"b2","type":"history","timestamp":"2026-03-01T11:00:00Z","entry":[{"resource":{"resourceType":"Parameters","parameter":[
	{"name":"subscription","valueReference":{"reference":"Subscription/9"}},{"name":"topic","valueCanonical":"http://emr/topic/a"},{"name":"status","valueCode":"active"},{"name":"type","valueCode":"event-notification"},
	{"name":"notification-event","part":[{"name":"event-number","valueString":"4"},{"name":"timestamp","valueInstant":"2026-03-01T10:00:00Z"},{"name":"focus","valueReference":{"reference":"Patient/12"}}]}]}}]}`

func TestFHIRNotifications(t *testing.T) { // W2
	one := source(t)
	empty := strings.Replace(r4, `,{"name":"focus","valueReference":{"reference":"Patient/12"}}`, "", 1)
	kind := func(body, kind string) string { return strings.Replace(body, "event-notification", kind, 1) }
	tests := []struct {
		name   string
		source *Source
		body   string
		want   string
	}{
		{"R5", one, r5, `event fhir b1; Patient/12 Patient.update "8" 2026-03-01T10:00:00Z {"focus":"Patient/12","topic":"http://emr/topic/a"}; ` +
			`Observation/o-1 Observation.delete "3" 2026-03-01T11:00:00Z {"focus":"Observation/o-1","topic":"http://emr/topic/a"}`},
		{"R4B", one, strings.Replace(r5, "subscription-notification", "history", 1), `event fhir b1; Patient/12 Patient.update "8" 2026-03-01T10:00:00Z {"focus":"Patient/12","topic":"http://emr/topic/a"}; ` +
			`Observation/o-1 Observation.delete "3" 2026-03-01T11:00:00Z {"focus":"Observation/o-1","topic":"http://emr/topic/a"}`},
		{"R4 backport", one, r4, `event fhir b2; Patient/12 Patient.changed  2026-03-01T10:00:00Z {"focus":"Patient/12","topic":"http://emr/topic/a"}`},
		{"another id for the page", source(t, `"resourceId": "page:/{type}/{id}"`, `"messageId": "{subscription}#{events}"`), r4,
			`event fhir Subscription/9#4; page:/Patient/12 Patient.changed  2026-03-01T10:00:00Z {"focus":"Patient/12","topic":"http://emr/topic/a"}`},
		{"an empty payload for a fixed page", source(t, `"resourceId": "page:/worklist"`), empty, `event fhir b2; page:/worklist changed  2026-03-01T10:00:00Z `},
		{"a handshake", one, kind(r5, "handshake"), "handshake fhir "},
		{"a heartbeat", one, kind(r4, "heartbeat"), "heartbeat fhir "},
		{"a query", one, kind(r4, "query-status"), "422"},
		{"an empty payload", one, empty, "422"},
		{"a focus that is none", one, strings.Replace(r4, "Patient/12", "urn:uuid:0", 1), "422"},
		{"no events", one, strings.Replace(r4, "notification-event", "error", 1), "422"},
		{"another bundle", one, strings.Replace(r4, "history", "searchset", 1), "422"},
		{"no status", one, strings.Replace(r4, "Parameters", "Patient", 1), "422"},
		{"no entries", one, `{"resourceType":"Bundle","type":"history","entry":[]}`, "422"},
		{"a patient", one, `{"resourceType":"Patient"}`, "422"},
		{"another shape", one, `{"resourceType":"Bundle","type":7}`, "422"},
		{"no JSON", one, r5[:100], "400"},
	}
	for _, tt := range tests {
		for _, form := range []Form{FormFHIR, FormJSON} { // many servers announce plain JSON
			m, err := tt.source.Read(form, http.Header{}, []byte(tt.body), noon)
			got := said(m)
			if err != nil {
				got = wrong(err)
			}
			if got != tt.want {
				t.Errorf("%s as %s: %s (%v), want %s", tt.name, form, got, err, tt.want)
			}
			if strings.Contains(said(m), "Rossi") {
				t.Errorf("%s: the patient's name is kept", tt.name)
			}
		}
	}
	if _, err := one.Read(FormFHIR, http.Header{}, []byte(strings.Replace(r4, `{"name":"notification-event",`, strings.Repeat(`{"name":"notification-event"},`, 100)+`{"name":"notification-event",`, 1)), noon); wrong(err) != "422" {
		t.Errorf("101 resources: %v", err)
	}
}

const adt = "MSH|^~\\&|EMR|NORTH|CORSIA|WARD|20260301120000+0100||ADT^A08^ADT_A01|c.1|P|2.5.1\rEVN|A08|20260301103000.25\rPID|1||12^^^NORTH^MR~99^^^X^PI||Rossi^Anna\rPV1|1|I\r"

func TestHL7Messages(t *testing.T) { // W2
	one := source(t)
	change := func(old, with string) string { return strings.Replace(adt, old, with, 1) }
	tests := []struct {
		name   string
		source *Source
		body   string
		want   string
	}{
		{"ADT", one, adt, "event hl7 c.1; Patient/12 ADT^A08  2026-03-01T10:30:00.25Z "},
		{"ORU with the time of the header", one, "MSH|^~\\&|LAB||||20260301120000+0100||ORU^R01|7|P|2.3\rPID|||12\rOBX|1|ST|K||5.9\r", "event hl7 7; Patient/12 ORU^R01  2026-03-01T11:00:00Z "},
		{"lines of another system", one, strings.ReplaceAll(adt, "\r", "\r\n"), "event hl7 c.1; Patient/12 ADT^A08  2026-03-01T10:30:00.25Z "},
		{"other separators", one, strings.NewReplacer("|", "#", "^", "!").Replace(adt), "event hl7 c.1; Patient/12 ADT^A08  2026-03-01T10:30:00.25Z "},
		{"ids elsewhere", source(t, `"resourceId": "page:/visit/{PV1-19.2}"`, `"messageId": "{MSH-3}:{MSH-10}"`), change("PV1|1|I", `PV1|1|I`+strings.Repeat("|", 17)+`7^v\T\1`), "event hl7 EMR:c.1; page:/visit/v&1 ADT^A08  2026-03-01T10:30:00.25Z "},
		{"a byte that is escaped", one, change("12^^^", `1\X32\\H\^^^`), "event hl7 c.1; Patient/12 ADT^A08  2026-03-01T10:30:00.25Z "},
		{"another alphabet", one, change("Rossi", "R\xf6ssi"), "event hl7 c.1; Patient/12 ADT^A08  2026-03-01T10:30:00.25Z "},
		{"no times", one, "MSH|^~\\&|||||||ADT^A01|1|P|2.5\rPID|||12\r", "event hl7 1; Patient/12 ADT^A01  2026-03-01T12:00:00Z "},
		{"no MSH", one, adt[4:], "400"},
		{"a short body", one, "MSH|^~", "400"},
		{"no separators", one, "MSH|ABCD|x|y|z|1", "400"},
		{"separators twice", one, "MSH|^^\\&|x|y|z|1", "400"},
		{"a segment that is none", one, adt + "PI|1\r", "400"},
		{"too many segments", one, adt + strings.Repeat("NTE|1\r", 5000), "400"},
		{"a type that is not taken", one, change("ADT^A08", "SIU^S12"), "422"},
		{"no trigger", one, change("ADT^A08^ADT_A01", "ADT"), "422"},
		{"no control id", one, change("c.1", ""), "422"},
		{"no patient", one, change("PID|1||12", "PID|1||"), "422"},
		{"a control id too long", one, change("c.1", strings.Repeat("x", 257)), "422"},
	}
	for _, tt := range tests {
		m, err := tt.source.Read(FormHL7, http.Header{}, []byte(tt.body), noon)
		got := said(m)
		if err != nil {
			got = wrong(err)
		}
		if got != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestTimesOfHL7(t *testing.T) { // W2
	for text, want := range map[string]string{
		"2026": "2026-01-01T00:00:00Z", "202603": "2026-03-01T00:00:00Z", "20260301": "2026-03-01T00:00:00Z", "2026030112": "2026-03-01T12:00:00Z",
		"202603011230": "2026-03-01T12:30:00Z", "20260301123015": "2026-03-01T12:30:15Z", "20260301123015.1234": "2026-03-01T12:30:15.1234Z",
		"202603011230-0500": "2026-03-01T17:30:00Z", "": "", "20": "", "20263": "", "20261301": "", "20260301123015.x": "", "2026030112+1": "", "00000101": "", "202603011230150": "",
	} {
		got, ok := hl7Time(text)
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %v %v, want %s", text, got, ok, want)
		}
	}
}

func TestAcknowledgementsRepeatNothingThatBreaksThem(t *testing.T) { // W2
	s := source(t)
	m, err := s.Read(FormHL7, http.Header{}, []byte(strings.NewReplacer("EMR", `E\F\MR`, "|P|2.5.1", "|Q|x").Replace(adt)), noon)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(ack(m.header, ackAccepted, "d_1", "", noon)), "MSH|^~\\&|CORSIA|WARD|E\\F\\MR|NORTH|20260301120000+0000||ACK^A08^ACK|d_1|P|2.5.1\rMSA|AA|c.1\r"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	got := string(ack(m.header, ackError, "d_1", "a|b\rc", noon))
	if !strings.HasSuffix(got, "MSA|AE|c.1\rERR|||102^Data type error^HL70357|E||||a\\F\\bc\r") {
		t.Errorf("%q", got)
	}
}
