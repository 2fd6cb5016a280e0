package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/webhook"
)

const (
	secret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	sources = `{"emr": {"profile": "standard", "secrets": ["` + secret + `"]}, "hl7": {"profile": "basic", "secrets": ["adt:0123456789abcdef"], "resourceId": "page:/Patient/{PID-3.1}"}}`
	message = `{"resourceId":"page:/patient/1","eventType":"lab.result","occurredAt":"2026-03-01T12:00:00Z"}`
)

var now = time.Unix(1772366400, 0)

// desk is a handler whose store is in memory, and what it did.
type desk struct {
	*handler
	kept    map[string]collab.Delivery
	audited []collab.AuditRow
	told    []collab.Notice
	away    error // of the store
	mute    error // of the bus
}

func (d *desk) Accept(_ context.Context, m collab.Delivery) (collab.Accepted, error) {
	old, there := d.kept[m.Message]
	switch {
	case d.away != nil:
		return collab.Accepted{}, d.away
	case there && !slices.Equal(old.Sum, m.Sum):
		return collab.Accepted{}, collab.ErrOtherBody
	case there:
		return collab.Accepted{ID: old.ID, ReceivedAt: old.ReceivedAt, Replayed: true}, nil
	}
	d.kept[m.Message] = m
	return collab.Accepted{ID: m.ID, ReceivedAt: m.ReceivedAt}, nil
}

func (d *desk) Record(_ context.Context, rows ...collab.AuditRow) error {
	d.audited = append(d.audited, rows...)
	return d.away
}

func (d *desk) Publish(_ context.Context, n collab.Notice) error {
	d.told = append(d.told, n)
	return d.mute
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	parsed, err := webhook.ParseSources([]byte(sources), true)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{kept: map[string]collab.Delivery{}}
	d.handler = newHandler(options{Sources: parsed, Store: func(context.Context) (store, error) { return d, nil }, Bus: d,
		Recorder: audit.NewRecorder("f_1", slog.New(slog.DiscardHandler)), Instance: "f_1", Log: obs.TestLogger(t, t.Output()), Now: func() time.Time { return now }})
	return d
}

// event is a signed message as API Gateway hands it over.
func event(t testing.TB, id string, change func(*events.APIGatewayV2HTTPRequest)) events.APIGatewayV2HTTPRequest {
	t.Helper()
	signed := http.Header{}
	if err := webhook.Sign(signed, webhook.Standard, secret, id, now, []byte(message)); err != nil {
		t.Fatal(err)
	}
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: "/api/webhooks/emr", Body: message, Headers: map[string]string{"content-type": "application/json"}}
	for name := range signed {
		e.Headers[strings.ToLower(name)] = signed.Get(name)
	}
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.SourceIP = http.MethodPost, "192.0.2.1"
	if change != nil {
		change(&e)
	}
	return e
}

func (d *desk) answer(t *testing.T, e events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	t.Helper()
	a, err := d.handle(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

type apiEvent = events.APIGatewayV2HTTPRequest

func TestAnEventOfAPIGatewayIsJudgedAsARequestOfTheGateway_W3(t *testing.T) {
	base64d := func(e *apiEvent) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(e.Body)), true
	}
	tests := []struct {
		name   string
		change func(*apiEvent)
		want   int
	}{
		{"a message", nil, 202},
		{"in base64", base64d, 202},
		{"behind a stage", func(e *apiEvent) {
			e.RequestContext.Stage, e.RawPath = "production", "/production"+e.RawPath
		}, 202},
		{"an escaped name", func(e *apiEvent) { e.RawPath = "/api/webhooks/%65mr" }, 202},
		{"405", func(e *apiEvent) { e.RequestContext.HTTP.Method, e.RawPath = "GET", "/" }, 405},
		{"404, another path", func(e *apiEvent) { e.RawPath = "/api/emr" }, 404},
		{"404, no source", func(e *apiEvent) { e.RawPath = "/api/webhooks/" }, 404},
		{"404, two parts", func(e *apiEvent) { e.RawPath = "/api/webhooks/x%2Femr" }, 404},
		{"404, no escape", func(e *apiEvent) { e.RawPath = "/api/webhooks/%zz" }, 404},
		{"415", func(e *apiEvent) { e.Headers["content-type"] = "application/json,text/plain" }, 415},
		{"413", func(e *apiEvent) {
			e.Body = strings.Repeat(" ", webhook.MaxBodyBytes+1)
			base64d(e)
		}, 413},
		{"400, no base64", func(e *apiEvent) { e.Body, e.IsBase64Encoded = "{no base64}", true }, 400},
		{"401, two values of a header", func(e *apiEvent) { e.Headers["webhook-timestamp"] = "x," + e.Headers["webhook-timestamp"] }, 401},
		{"401, nothing but the body", func(e *apiEvent) { e.Headers = map[string]string{"content-type": "application/json"} }, 401},
		{"401, base64 that was signed as text", func(e *apiEvent) {
			e.Body = base64.StdEncoding.EncodeToString([]byte(e.Body))
		}, 401},
	}
	for _, tt := range tests {
		d := newDesk(t)
		a := d.answer(t, event(t, "msg_1", tt.change))
		if a.StatusCode != tt.want || a.IsBase64Encoded || a.Headers["Content-Type"] != "application/json" || a.Headers["X-Content-Type-Options"] != "nosniff" {
			t.Errorf("%s: %+v, want %d", tt.name, a, tt.want)
		}
		if accepted := tt.want == 202; accepted != (len(d.kept) == 1) || accepted != (len(d.told) == 1) {
			t.Errorf("%s: kept %d, told %d", tt.name, len(d.kept), len(d.told))
		}
	}
}

func TestARepeatedMessageIsAnsweredAgainAndToldOnce_W3(t *testing.T) {
	d := newDesk(t)
	first, again := d.answer(t, event(t, "msg_1", nil)), d.answer(t, event(t, "msg_1", nil))
	if first.StatusCode != 202 || again.StatusCode != 202 || again.Body != first.Body || again.Headers["Idempotent-Replayed"] != "true" || first.Headers["Idempotent-Replayed"] != "" {
		t.Errorf("%+v, then %+v", first, again)
	}
	if n := d.told; len(n) != 1 || n[0].Resource != collab.Everywhere || n[0].Kind != collab.BusInbox || n[0].From != "f_1" {
		t.Errorf("told %+v", d.told)
	}
	d.kept["msg_1"] = collab.Delivery{ID: "d_1", Message: "msg_1", Sum: []byte("of another body"), Audit: d.kept["msg_1"].Audit}
	if a := d.answer(t, event(t, "msg_1", nil)); a.StatusCode != 422 || a.Headers["Idempotent-Replayed"] != "" {
		t.Errorf("the id of another message: %+v", a)
	}
	if len(d.kept["msg_1"].Audit) != 1 {
		t.Errorf("the message is kept with %d audit rows", len(d.kept["msg_1"].Audit))
	}
}

func TestAStoreThatIsAwayIsAnAnswerAndABusThatIsAwayIsNone_W3_W4(t *testing.T) {
	d := newDesk(t)
	d.away = errors.New("away")
	a := d.answer(t, event(t, "msg_1", nil))
	if a.StatusCode != 503 || a.Headers["Retry-After"] != "1" || len(d.told) != 0 {
		t.Errorf("%+v, told %d", a, len(d.told))
	}
	d.away, d.mute = nil, errors.New("away")
	if a := d.answer(t, event(t, "msg_1", nil)); a.StatusCode != 202 {
		t.Errorf("without the bus: %+v", a)
	}
	d.Store = func(context.Context) (store, error) { return nil, errors.New("cannot be opened") }
	if a := d.answer(t, event(t, "msg_2", nil)); a.StatusCode != 503 {
		t.Errorf("a store that cannot be opened: %+v", a)
	}
}

func TestARefusedRequestIsAuditedWithTheAddressThatAPIGatewaySaw_W3(t *testing.T) {
	d := newDesk(t)
	for given, want := range map[string]string{"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.8": "192.0.2.8", "nowhere": ""} {
		d.audited = nil
		d.answer(t, event(t, "msg_1", func(e *apiEvent) {
			e.Headers["webhook-signature"], e.Headers["x-forwarded-for"], e.RequestContext.HTTP.SourceIP = "v1,AAAA", "198.51.100.1", given
		}))
		var row struct{ Type, Address, Reason string }
		if len(d.audited) != 1 || json.Unmarshal(d.audited[0].Body, &row) != nil || row.Type != "WEBHOOK_REJECTED" || row.Address != want || row.Reason != "bad_signature" {
			t.Errorf("%s: audited %+v of %d", given, row, len(d.audited))
		}
	}
}

func TestAnHL7MessageIsAnsweredByItsAcknowledgement_W2(t *testing.T) {
	d := newDesk(t)
	a := d.answer(t, event(t, "", func(e *apiEvent) {
		e.RawPath = "/api/webhooks/hl7"
		e.Headers = map[string]string{"content-type": "application/hl7-v2", "authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("adt:0123456789abcdef"))}
		e.Body = "MSH|^~\\&|EMR|NORTH|CORSIA|WARD|20260301120000||ADT^A08|c1|P|2.5.1\rEVN|A08|20260301120000\rPID|1||12\r"
	}))
	if a.StatusCode != 202 || a.Headers["Content-Type"] != "application/hl7-v2" || !strings.Contains(a.Body, "MSA|AA|c1") {
		t.Errorf("%+v", a)
	}
}

// FuzzEvent looks for events that are read in another way than they were meant.
func FuzzEvent(f *testing.F) {
	f.Add("/api/webhooks/emr", "192.0.2.1", []byte(message), true, "webhook-id")
	f.Add("/stage/api/webhooks/a/../%2e%2e/", "fe80::1%eth0", []byte{0xff, '\n'}, false, "X\r\ny")
	f.Fuzz(func(t *testing.T, path, from string, body []byte, encoded bool, header string) {
		e := events.APIGatewayV2HTTPRequest{RawPath: path, Body: string(body), IsBase64Encoded: encoded, Headers: map[string]string{header: from}}
		if encoded {
			e.Body = base64.StdEncoding.EncodeToString(body)
		}
		e.RequestContext.HTTP.SourceIP = from
		q := request(&e)
		read, err := io.ReadAll(q.Body)
		if err != nil || string(read) != string(body) {
			t.Fatalf("the body is %q, %v; want %q", read, err, body)
		}
		if strings.Contains(q.Source, "/") {
			t.Fatalf("the source of %q is %q", path, q.Source)
		}
		if got := q.Header.Values(header); len(got) != 1 || got[0] != from {
			t.Fatalf("the header %q is %q", header, got)
		}
	})
}
