package webhook

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// wellFormed checks what every message that was read keeps to, whatever was sent.
func wellFormed(t *testing.T, m Message, err error) {
	t.Helper()
	if err != nil {
		if wrong(err) != "400" && wrong(err) != "422" {
			t.Fatalf("an error of no kind: %v", err)
		}
		return
	}
	if m.Kind != KindEvent {
		return
	}
	if m.ID == "" || len(m.ID) > maxMessageID || len(m.Pushes) == 0 || len(m.Pushes) > maxPushes {
		t.Fatalf("a message %+v", m)
	}
	for _, p := range m.Pushes {
		if p.Resource.ID == "" || p.EventType == "" || len(p.Data) > maxDataBytes || p.OccurredAt.IsZero() {
			t.Fatalf("a push %+v", p)
		}
		if len(p.Data) > 0 && !json.Valid(p.Data) || p.Version != "" && !json.Valid([]byte(p.Version)) {
			t.Fatalf("no JSON: %q %q", p.Data, p.Version)
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	for _, seed := range []string{jsonBody, `{"resourceId":1,"eventType":"e","occurredAt":0,"version":"9","data":[1e400]}`, r4, r5, "[[", "\xff"} {
		f.Add([]byte(seed))
	}
	s := source(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, form := range []Form{FormJSON, FormFHIR} {
			m, err := s.Read(form, http.Header{}, body, noon)
			wellFormed(t, m, err)
		}
	})
}

func FuzzReadHL7(f *testing.F) {
	for _, seed := range []string{adt, "MSH|^~\\&|||||||ADT^A01|1|P|2.5\rPID|||12\r", "MSH|^~\\&|", "MSH\r0000", `MSH|^~\&|\X41\\F||||||ADT^A01|\\|P|2.5` + "\nPID|||1~2&3\n"} {
		f.Add([]byte(seed))
	}
	s := source(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := s.Read(FormHL7, http.Header{}, body, noon)
		wellFormed(t, m, err)
		if m.header == nil {
			return
		}
		for _, code := range []string{ackAccepted, ackError, ackRejected} { // whatever was sent, the answer can be read
			answer := ack(m.header, code, "d_1", "text", noon)
			back, err := parseHL7(answer)
			if err != nil || back.at("MSA", 1, 1) != code || back.at("MSH", 9, 1) != "ACK" || !utf8.Valid(answer) {
				t.Fatalf("%q answers %q: %v", answer, body, err)
			}
			if control := m.header.control; len(control) < 100 && printable(control) && strings.TrimSpace(control) == control && back.at("MSA", 2, 1) != control {
				t.Fatalf("%q acknowledges %q, want %q", answer, back.at("MSA", 2, 1), control)
			}
		}
	})
}

func FuzzVerify(f *testing.F) {
	f.Add(publishedID, "1614265330", publishedSignature, []byte(publishedBody))
	f.Add("msg.1", " 1614265330x", "v1, v1,, v1a,=", []byte{0xff})
	s := parsed(f, fourSources)["emr"]
	key := s.keys[0]
	f.Fuzz(func(t *testing.T, id, at, signatures string, body []byte) {
		h := headers("webhook-id", id, "webhook-timestamp", at, "webhook-signature", signatures)
		now := time.Unix(publishedTime, 0)
		if s.Verify(h, body, now) != "" {
			return
		}
		n, _ := leadingInteger(at)
		if !strings.Contains(signatures, SignStandard(key, id, n, body)) && !strings.Contains(signatures, SignStandard(s.keys[1], id, n, body)) {
			t.Fatalf("%q %q %q %q is taken", id, at, signatures, body)
		}
	})
}

func FuzzParseSources(f *testing.F) {
	f.Add([]byte(fourSources))
	f.Add([]byte(`{"s": {"profile": "bearer", "secrets": ["0123456789abcdef"], "resourceId": "{/a~1b}{PID-3.1}", "messageId": "x{header:A}"}}`))
	f.Fuzz(func(t *testing.T, config []byte) {
		sources, err := ParseSources(config, false)
		for name, s := range sources {
			if err != nil || s.Name != name || len(s.keys) == 0 || s.Tenant == "" {
				t.Fatalf("%+v, %v", s, err)
			}
			s.Verify(headers("Authorization", "Bearer "+name), config, noon)
			m, err := s.Read(FormJSON, http.Header{}, []byte(jsonBody), noon)
			wellFormed(t, m, err)
		}
	})
}
