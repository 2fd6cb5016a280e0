package webhook

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

// shelf is an inbox in memory.
type shelf struct {
	mu    sync.Mutex
	kept  map[string]collab.Delivery
	away  error
	enter chan struct{} // nil, or: Accept waits for a value
}

func (s *shelf) Accept(_ context.Context, d collab.Delivery) (collab.Accepted, error) {
	if s.enter != nil {
		<-s.enter
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, there := s.kept[d.Source+"/"+d.Message]
	switch {
	case s.away != nil:
		return collab.Accepted{}, s.away
	case there && string(old.Sum) != string(d.Sum):
		return collab.Accepted{}, collab.ErrOtherBody
	case there:
		return collab.Accepted{ID: old.ID, ReceivedAt: old.ReceivedAt, Replayed: true}, nil
	}
	s.kept[d.Source+"/"+d.Message] = d
	return collab.Accepted{ID: d.ID, ReceivedAt: d.ReceivedAt}, nil
}

// desk is a receiver with what it did.
type desk struct {
	*Receiver
	shelf   *shelf
	mu      sync.Mutex
	audited []collab.AuditRow
	results []string
	told    int
	failed  int
	now     time.Time
}

func newDesk(t *testing.T, limits Limits) *desk {
	t.Helper()
	d := &desk{shelf: &shelf{kept: map[string]collab.Delivery{}}, now: time.Unix(publishedTime, 0)}
	recorder := audit.NewRecorder("i_1", slog.New(slog.DiscardHandler))
	d.Receiver = NewReceiver(Options{Sources: parsed(t, fourSources), Inbox: d.shelf, Limits: limits, Row: recorder.Row,
		Record: func(_ context.Context, e audit.Event) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.audited = append(d.audited, recorder.Row(e))
			return nil
		},
		Told:   func(context.Context) { d.told++ },
		Count:  func(result string) { d.mu.Lock(); d.results = append(d.results, result); d.mu.Unlock() },
		Failed: func(string, error) { d.failed++ },
		Now:    func() time.Time { return d.now }})
	return d
}

const jsonBody = `{"resourceId":"page:/patient/1","eventType":"lab.result","occurredAt":"2026-03-01T12:00:00Z"}`

// post sends a signed request of a source, changed by the test.
func (d *desk) post(name, id, kind, body string, change func(*Request)) Answer {
	s := d.o.Sources[name]
	q := Request{Method: "POST", Source: name, Address: "192.0.2.1", Header: http.Header{"Content-Type": {kind}}, Body: strings.NewReader(body)}
	secret := map[string]string{"emr": publishedSecret, "hub": hubSecret, "fhir": "0123456789abcdef-new", "hl7": "adt:0123456789abcdef"}[name]
	if s != nil {
		_ = Sign(q.Header, s.Profile, secret, id, d.now, []byte(body))
	}
	if change != nil {
		change(&q)
	}
	return d.Receive(context.Background(), q)
}

func TestEveryCheckComesInItsOrder(t *testing.T) { // W3
	d := newDesk(t, DefaultLimits())
	type changes = []func(*Request)
	method := func(q *Request) { q.Method = "PUT" }
	nobody := func(q *Request) { q.Source = "nobody" }
	kind := func(q *Request) { q.Header.Set("Content-Type", "text/plain") }
	large := func(q *Request) { q.Body = strings.NewReader(strings.Repeat(" ", MaxBodyBytes+1)) }
	forged := func(q *Request) { q.Header.Set("Webhook-Signature", "v1,AAAA") }
	tests := []struct {
		name   string
		body   string
		change changes
		want   int
	}{
		{"405", jsonBody, changes{method, nobody, kind, large, forged}, 405},
		{"404", jsonBody, changes{nobody, kind, large, forged}, 404},
		{"415", jsonBody, changes{kind, large, forged}, 415},
		{"413", jsonBody, changes{large, forged}, 413},
		{"401", "{", changes{forged}, 401},
		{"400", "{", nil, 400},
		{"422", "{}", nil, 422},
		{"202", jsonBody, nil, 202},
		{"another charset", jsonBody, changes{func(q *Request) { q.Header.Set("Content-Type", "application/json; charset=latin1") }}, 415},
		{"the usual charset", strings.Replace(jsonBody, "1", "2", 1), changes{func(q *Request) { q.Header.Set("Content-Type", "application/json; charset=UTF-8") }}, 202},
		{"a compressed body", jsonBody, changes{func(q *Request) { q.Header.Set("Content-Encoding", "gzip") }}, 415},
		{"no content type", jsonBody, changes{func(q *Request) { q.Header.Del("Content-Type") }}, 415},
		{"a body that breaks off", jsonBody, changes{func(q *Request) { q.Body = io.MultiReader(strings.NewReader("{"), broken{}) }}, 400},
		{"a body of 1 MiB", "{" + strings.Repeat(" ", MaxBodyBytes-2) + "}", nil, 422},
	}
	for i, tt := range tests {
		a := d.post("emr", fmt.Sprintf("msg_%d", i), "application/json", tt.body, func(q *Request) {
			for _, change := range tt.change {
				change(q)
			}
		})
		if a.Status != tt.want || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", tt.name, a.Status, a.Body)
		}
	}
	if a := d.post("emr", "x", "application/json", jsonBody, method); a.Header.Get("Allow") != "POST" {
		t.Error("405 does not say what is allowed")
	}
	if len(d.shelf.kept) != 2 || d.told != 2 {
		t.Errorf("%d messages were kept, %d told", len(d.shelf.kept), d.told)
	}
	if row := d.shelf.kept["emr/msg_7"].Audit; len(row) != 1 || row[0].Type != "WEBHOOK_RECEIVED" || row[0].Resource != "page:/patient/1" || row[0].Tenant != "default" {
		t.Errorf("audited with it: %+v", row)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the client has gone") }

func TestWhoeverIsNotAuthenticatedGetsTheSameAnswer(t *testing.T) { // W3, T1
	d := newDesk(t, DefaultLimits())
	first := ""
	for name, change := range map[string]func(*Request){
		"a wrong signature": func(q *Request) { q.Header.Set("Webhook-Signature", "v1,AAAA") },
		"no headers":        func(q *Request) { q.Header = http.Header{"Content-Type": {"application/json"}} },
		"an old time":       func(*Request) { d.now = d.now.Add(301 * time.Second) },
		"a dot": func(q *Request) {
			_ = Sign(q.Header, Standard, publishedSecret, "msg.1", d.now, []byte(jsonBody))
		},
	} {
		a := d.post("emr", "msg_1", "application/json", jsonBody, change)
		got := fmt.Sprint(a.Status, a.Header, string(a.Body))
		if first == "" {
			first = got
		}
		if a.Status != 401 || got != first {
			t.Errorf("%s: %s, want %s", name, got, first)
		}
	}
	var reasons []string
	for _, row := range d.audited {
		e, err := audit.Parse(row.Body)
		if err != nil || e.Type != audit.WebhookRejected || e.Outcome != audit.Denied || e.Details["source"] != "emr" || e.Address != "192.0.2.1" {
			t.Errorf("audited %s", row.Body)
		}
		reasons = append(reasons, e.Reason)
	}
	slices.Sort(reasons)
	if want := []string{reasonMessageID, reasonSignature, reasonClock, reasonMissing}; len(reasons) != 4 {
		t.Errorf("audited reasons %q, want %q", reasons, want)
	}
}

func TestAMessageIsKeptOnceAndAnsweredAlike(t *testing.T) { // W3
	d := newDesk(t, DefaultLimits())
	first := d.post("emr", "msg_1", "application/json", jsonBody, nil)
	d.now = d.now.Add(time.Hour) // signed anew
	again := d.post("emr", "msg_1", "application/json", jsonBody, nil)
	if first.Status != 202 || again.Status != 202 || string(first.Body) != string(again.Body) || first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %s %v, then %d %s %v", first.Status, first.Body, first.Header, again.Status, again.Body, again.Header)
	}
	if other := d.post("emr", "msg_1", "application/json", strings.Replace(jsonBody, "lab", "rad", 1), nil); other.Status != 422 {
		t.Errorf("another body under the id: %d", other.Status)
	}
	if len(d.shelf.kept) != 1 || d.told != 1 {
		t.Errorf("%d kept, %d told", len(d.shelf.kept), d.told)
	}
	one := d.post("hl7", "", "application/hl7-v2", adt, nil)
	two := d.post("hl7", "", "application/hl7-v2", adt, nil)
	if one.Status != 202 || !strings.Contains(string(one.Body), "MSA|AA|c.1") || one.Header.Get("Content-Type") != "application/hl7-v2" || string(one.Body) != string(two.Body) || two.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %q, then %q", one.Status, one.Body, two.Body)
	}
}

func TestTheSameMessageInFlightIsAConflict(t *testing.T) { // W3
	d := newDesk(t, DefaultLimits())
	d.shelf.enter = make(chan struct{})
	first := make(chan Answer)
	go func() { first <- d.post("emr", "msg_1", "application/json", jsonBody, nil) }()
	for {
		d.Receiver.mu.Lock()
		n := len(d.inFlight)
		d.Receiver.mu.Unlock()
		if n == 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if a := d.post("emr", "msg_1", "application/json", jsonBody, nil); a.Status != 409 || a.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	d.shelf.enter <- struct{}{}
	if a := <-first; a.Status != 202 {
		t.Errorf("the first one: %d", a.Status)
	}
	d.shelf.enter = nil
	if a := d.post("emr", "msg_1", "application/json", jsonBody, nil); a.Status != 202 {
		t.Errorf("afterwards: %d", a.Status)
	}
	d.shelf.away = collab.ErrInFlight // at another instance
	if a := d.post("emr", "msg_2", "application/json", jsonBody, nil); a.Status != 409 {
		t.Errorf("in flight elsewhere: %d", a.Status)
	}
}

func TestAnInboxThatCannotBeWrittenIsUnavailable(t *testing.T) { // W3
	d := newDesk(t, DefaultLimits())
	d.shelf.away = errors.New("no disk")
	a := d.post("emr", "msg_1", "application/json", jsonBody, nil)
	if a.Status != 503 || a.Header.Get("Retry-After") == "" || strings.Contains(string(a.Body), "disk") || d.failed != 1 || d.told != 0 {
		t.Errorf("%d %s, %d failures", a.Status, a.Body, d.failed)
	}
	if a := d.post("hl7", "", "application/hl7-v2", adt, nil); a.Status != 503 || !strings.Contains(string(a.Body), "MSA|AR|c.1") {
		t.Errorf("HL7: %d %s", a.Status, a.Body)
	}
	d.shelf.away = nil
	if a := d.post("emr", "msg_1", "application/json", jsonBody, nil); a.Status != 202 {
		t.Errorf("when it is back: %d", a.Status)
	}
}

func TestOtherFormsAreAnsweredInTheirWay(t *testing.T) { // W2
	d := newDesk(t, DefaultLimits())
	if a := d.post("fhir", "", "application/fhir+json", strings.Replace(r4, "event-notification", "handshake", 1), nil); a.Status != 200 || a.Result != ResultGreeted {
		t.Errorf("a handshake: %d %s", a.Status, a.Body)
	}
	if a := d.post("fhir", "", "application/fhir+json", r5, nil); a.Status != 202 || len(d.shelf.kept["fhir/b1"].Pushes) != 2 {
		t.Errorf("a notification: %d %s", a.Status, a.Body)
	}
	if a := d.post("hl7", "", "application/hl7-v2", strings.Replace(adt, "ADT^A08", "SIU^S12", 1), nil); a.Status != 422 || !strings.Contains(string(a.Body), "MSA|AR|c.1\rERR|||207") {
		t.Errorf("a type that is not taken: %d %q", a.Status, a.Body)
	}
	if a := d.post("hl7", "", "application/hl7-v2", strings.Replace(adt, "PID|1||12", "PID|1||", 1), nil); a.Status != 422 || !strings.Contains(string(a.Body), "MSA|AE|c.1\rERR|||102") {
		t.Errorf("no patient: %d %q", a.Status, a.Body)
	}
	if a := d.post("hl7", "", "application/hl7-v2", "PID|1", nil); a.Status != 400 || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("no message: %d %q", a.Status, a.Body)
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(jsonBody)) // as API Gateway hands over a body
	if a := d.post("emr", "msg_b64", "application/json", jsonBody, func(q *Request) {
		q.Body = base64.NewDecoder(base64.StdEncoding, strings.NewReader(encoded))
	}); a.Status != 202 {
		t.Errorf("base64: %d %s", a.Status, a.Body)
	}
}

func TestAStormIsToldToComeBack(t *testing.T) { // F7, W3
	d := newDesk(t, Limits{AddressRate: 1, AddressBurst: 3, SourceRate: 1, SourceBurst: 2, AtOnce: 2, AddressAtOnce: 1, AuditRate: 2})
	from := func(address string, forged bool) int {
		return d.post("emr", "msg_1", "application/json", jsonBody, func(q *Request) {
			q.Address = address
			if forged {
				q.Header.Set("Webhook-Signature", "v1,AAAA")
			}
		}).Status
	}
	var got []int
	for range 4 {
		got = append(got, from("192.0.2.1", true))
	}
	if !slices.Equal(got, []int{401, 401, 401, 429}) {
		t.Errorf("one address: %v", got)
	}
	if len(d.audited) != 2 {
		t.Errorf("%d refused requests were audited, want 2", len(d.audited))
	}
	got = nil
	for i := range 3 { // of addresses that have done nothing
		got = append(got, from(fmt.Sprintf("192.0.2.%d", 10+i), false))
	}
	if !slices.Equal(got, []int{202, 202, 429}) {
		t.Errorf("one source: %v", got)
	}
	d.now = d.now.Add(2 * time.Second)
	if status := from("192.0.2.1", true); status != 401 {
		t.Errorf("later: %d", status)
	}
	if e, err := audit.Parse(d.audited[2].Body); err != nil || e.Details["unaudited"] != "1" {
		t.Errorf("the next row says %v", e.Details)
	}
}

// drip is a body that somebody sends slowly: each reading takes a value.
type drip chan struct{}

func (d drip) Read([]byte) (int, error) {
	<-d
	return 0, io.EOF
}

func TestWhoSendsSlowlyKeepsNobodyElseOut(t *testing.T) { // F7
	d := newDesk(t, Limits{AddressRate: 100, AddressBurst: 100, SourceRate: 100, SourceBurst: 100, AtOnce: 2, AddressAtOnce: 1, AuditRate: 2})
	from := func(address string, body io.Reader) int {
		return d.post("emr", "msg_"+strings.ReplaceAll(address, ".", "_"), "application/json", jsonBody, func(q *Request) {
			q.Address = address
			if body != nil {
				q.Body = body
			}
		}).Status
	}
	slow, ended := make(drip), make(chan int)
	holding := func(n int) {
		for {
			d.Receiver.mu.Lock()
			now := d.holding
			d.Receiver.mu.Unlock()
			if now == n {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	go func() { ended <- from("192.0.2.1", slow) }()
	holding(1)
	if status := from("192.0.2.1", nil); status != 429 {
		t.Errorf("a second one of that address: %d", status)
	}
	if status := from("192.0.2.2", nil); status != 202 {
		t.Errorf("another address: %d", status)
	}
	go func() { ended <- from("192.0.2.3", slow) }()
	holding(2)
	if status := from("192.0.2.4", nil); status != 503 {
		t.Errorf("too many of all: %d", status)
	}
	for range 2 {
		slow <- struct{}{}
		if status := <-ended; status != 401 {
			t.Errorf("its end: %d", status)
		}
	}
	if status := from("192.0.2.1", nil); status != 202 || len(d.held) != 0 {
		t.Errorf("afterwards: %d, held %v", status, d.held)
	}
}

func TestALimiterForgetsWhoHasNotComeForLong(t *testing.T) { // F7
	l := newLimiter(1, 1, 4)
	for i := range 100 {
		if !l.allow(fmt.Sprint(i), noon) || l.allow(fmt.Sprint(i), noon) {
			t.Fatalf("key %d: not once", i)
		}
	}
	if n := len(l.young) + len(l.old); n > 8 {
		t.Errorf("it keeps %d keys", n)
	}
	if l.allow("99", noon) {
		t.Error("the last one is forgotten")
	}
}
