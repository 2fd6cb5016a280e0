//go:build integration

package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/webhook"
	"corsia/tests/testkit"
)

const password = "adt:0123456789abcdef"

// shelf is an inbox that takes everything.
type shelf struct{ kept []collab.Delivery }

func (s *shelf) Accept(_ context.Context, d collab.Delivery) (collab.Accepted, error) {
	s.kept = append(s.kept, d)
	return collab.Accepted{ID: d.ID, ReceivedAt: d.ReceivedAt}, nil
}

// receiver returns a receiver of one source, and what it keeps.
func receiver(t *testing.T, profile, secret string) (*webhook.Receiver, *shelf) {
	t.Helper()
	sources, err := webhook.ParseSources([]byte(fmt.Sprintf(`{"s": {"profile": %q, "secrets": [%q]}}`, profile, secret)), true)
	if err != nil {
		t.Fatal(err)
	}
	s, recorder := &shelf{}, audit.NewRecorder("i_1", slog.New(slog.DiscardHandler))
	limits := webhook.DefaultLimits()
	limits.AddressBurst, limits.SourceBurst = 1000, 1000
	return webhook.NewReceiver(webhook.Options{Sources: sources, Inbox: s, Limits: limits, Row: recorder.Row, Now: time.Now, Told: func(context.Context) {}, Count: func(string) {},
		Record: func(context.Context, audit.Event) error { return nil }, Failed: func(_ string, err error) { t.Error(err) }}), s
}

func post(t *testing.T, r *webhook.Receiver, profile webhook.Profile, secret, kind, body string) webhook.Answer {
	t.Helper()
	h := http.Header{"Content-Type": {kind}}
	if err := webhook.Sign(h, profile, secret, "", time.Now(), []byte(body)); err != nil {
		t.Fatal(err)
	}
	return r.Receive(t.Context(), webhook.Request{Method: http.MethodPost, Source: "s", Address: "192.0.2.1", Header: h, Body: strings.NewReader(body)})
}

// notification returns an R4 backport notification about focuses.
func notification(n int, focuses ...string) string {
	parameters := []map[string]any{
		{"name": "subscription", "valueReference": map[string]any{"reference": "Subscription/9"}},
		{"name": "topic", "valueCanonical": "http://emr.example/topic/admission"},
		{"name": "status", "valueCode": "active"}, {"name": "type", "valueCode": "event-notification"},
	}
	entries := []map[string]any{}
	for i, focus := range focuses {
		parameters = append(parameters, map[string]any{"name": "notification-event", "part": []map[string]any{
			{"name": "event-number", "valueString": fmt.Sprint(n*10 + i)}, {"name": "timestamp", "valueInstant": "2026-03-01T12:00:00Z"},
			{"name": "focus", "valueReference": map[string]any{"reference": focus}}}})
		kind, id, _ := strings.Cut(focus, "/")
		entries = append(entries, map[string]any{"fullUrl": "http://emr.example/fhir/" + focus, "request": map[string]any{"method": "PUT", "url": focus}, "response": map[string]any{"status": "200"},
			"resource": map[string]any{"resourceType": kind, "id": id, "meta": map[string]any{"versionId": fmt.Sprint(n)}, "active": true}})
	}
	status := map[string]any{"fullUrl": "urn:uuid:292d3c72-edc1-4d8a-afaa-d85e19c7f563", "request": map[string]any{"method": "GET", "url": "Subscription/9/$status"}, "response": map[string]any{"status": "200"},
		"resource": map[string]any{"resourceType": "Parameters", "parameter": parameters}}
	encoded, _ := json.Marshal(map[string]any{"resourceType": "Bundle", "id": fmt.Sprintf("b%d", n), "type": "history", "timestamp": "2026-03-01T12:00:00Z", "entry": append([]map[string]any{status}, entries...)})
	return string(encoded)
}

func TestNotificationsThatAFHIRLibraryValidatesAreRead_W2(t *testing.T) {
	c := checker{testkit.StartNode(t, "check.mjs", nil)}
	r, s := receiver(t, "bearer", "0123456789abcdef")
	var all []string
	var want [][]string
	for n := range 50 {
		focuses := []string{fmt.Sprintf("Patient/p-%d", n), fmt.Sprintf("Organization/o.%d", n), "Practitioner/x"}[:1+n%3]
		all, want = append(all, notification(n, focuses...)), append(want, focuses)
	}
	for i, theirs := range ask[string, struct {
		Valid    bool
		Messages json.RawMessage
	}](t, c, "fhir", all) {
		if !theirs.Valid {
			t.Fatalf("the notification is no valid one: %s", theirs.Messages)
		}
		a := post(t, r, webhook.Bearer, "0123456789abcdef", "application/fhir+json", all[i])
		if a.Status != http.StatusAccepted {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		var got []string
		for _, p := range s.kept[i].Pushes {
			got = append(got, string(p.Resource.ID))
			if p.Version != fmt.Sprintf("%q", fmt.Sprint(i)) || !strings.HasSuffix(p.EventType, ".update") {
				t.Errorf("it says %+v", p)
			}
		}
		if !slices.Equal(got, want[i]) || s.kept[i].Message != fmt.Sprintf("b%d", i) {
			t.Errorf("message %s about %q, want %q", s.kept[i].Message, got, want[i])
		}
	}
}

func TestHL7MessagesOfALibraryAreReadAndItReadsTheirAcknowledgements_W2(t *testing.T) {
	c, random := checker{testkit.StartNode(t, "check.mjs", nil)}, seed(t)
	r, s := receiver(t, "basic", password)
	type built struct {
		Header   []any   `json:"header"`
		Segments [][]any `json:"segments"`
	}
	var all []built
	var patients, controls []string
	for n := range 200 {
		patient, control := word(random, 1+random.IntN(20)), fmt.Sprintf("%d.%s", n, word(random, 5))
		patients, controls = append(patients, patient), append(controls, control)
		kind := [][]string{{"ADT", "A08"}, {"ADT", "A01", "ADT_A01"}, {"ORU", "R01"}}[n%3]
		all = append(all, built{Header: []any{"EMR", "NORTH", "CORSIA", "WARD", "20260301120000", "", kind, control, "P", "2.5.1"},
			Segments: [][]any{{"EVN", kind[1], "20260301113000"}, {"PID", "1", "", []any{patient, "", "", "NORTH"}, "", []any{"Rossi", "Anna"}}, {"PV1", "1", "I"}}})
	}
	messages := ask[built, string](t, c, "build", all)
	var answers []string
	for i, text := range messages {
		a := post(t, r, webhook.Basic, password, "application/hl7-v2", text)
		if a.Status != http.StatusAccepted || a.Header.Get("Content-Type") != "application/hl7-v2" {
			t.Fatalf("%q: %d %s", text, a.Status, a.Body)
		}
		d := s.kept[i]
		if d.Message != controls[i] || d.Pushes[0].Resource.ID != collab.ResourceID("Patient/"+patients[i]) {
			t.Errorf("%q is read as %s about %s", text, d.Message, d.Pushes[0].Resource.ID)
		}
		if encoded, _ := json.Marshal(d.Pushes); bytes.Contains(encoded, []byte("Rossi")) {
			t.Errorf("the patient's name is kept: %s", encoded)
		}
		answers = append(answers, string(a.Body))
	}
	wrong := post(t, r, webhook.Basic, password, "application/hl7-v2", strings.Replace(messages[0], "ADT^A08", "SIU^S12", 1))
	answers = append(answers, string(wrong.Body))
	for i, ack := range ask[string, struct{ Type, Version, ID, Code, Control string }](t, c, "parse", answers) {
		want, control := "AA", controls[i%len(controls)]
		if i == len(controls) {
			want = "AR"
		}
		if ack.Type != "ACK" || ack.Code != want || ack.Control != control || ack.Version != "2.5.1" || i < len(controls) && ack.ID != s.kept[i].ID {
			t.Errorf("%q is read as %+v", answers[i], ack)
		}
	}
}
