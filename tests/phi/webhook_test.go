//go:build integration

package phi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"corsia/shared/webhook"
	"corsia/tests/testkit"
)

// sender is a registered source of webhooks, and what it signs with.
type sender struct {
	name    string
	profile webhook.Profile
	secret  string
	sent    atomic.Int64
}

// newSenders registers a source of each profile, with marked secrets, and returns them with the setting of the gateways.
func (d *drive) newSenders() (all []*sender, setting string) {
	key := base64.StdEncoding.EncodeToString([]byte(d.plain("the key of a webhook source") + "0123456789abcdef"))
	all = []*sender{
		{name: "standard", profile: webhook.Standard, secret: "whsec_" + key},
		{name: "github", profile: webhook.GitHub, secret: d.plain("the secret of a webhook source") + "-0123456789"},
		{name: "bearer", profile: webhook.Bearer, secret: d.plain("the token of a webhook source") + "-0123456789"},
		{name: "basic", profile: webhook.Basic, secret: "emr:" + d.plain("the password of a webhook source")},
	}
	type source struct {
		Profile    webhook.Profile `json:"profile"`
		Secrets    []string        `json:"secrets"`
		ResourceID string          `json:"resourceId,omitempty"`
	}
	config := map[string]source{}
	for _, s := range all {
		config[s.name] = source{Profile: s.profile, Secrets: []string{s.secret}}
	}
	encoded, err := json.Marshal(config)
	if err != nil {
		d.t.Fatal(err)
	}
	path := filepath.Join(d.t.TempDir(), "sources.json")
	if err := os.WriteFile(path, encoded, 0o600); err != nil {
		d.t.Fatal(err)
	}
	return all, "WEBHOOK_SOURCES=" + path
}

// post sends a body to an instance, signed unless told not to, with marked headers beside. It notes the answer.
func (d *drive) post(i *testkit.Instance, s *sender, kind, body string, change ...func(*http.Request)) (status int) {
	d.t.Helper()
	q := d.request(http.MethodPost, i.URL+"/api/webhooks/"+s.name+"?"+d.query("a webhook's URL"), body)
	q.Header.Set("Content-Type", kind)
	if err := webhook.Sign(q.Header, s.profile, s.secret, fmt.Sprintf("msg_%s_%d", s.name, s.sent.Add(1)), time.Now(), []byte(body)); err != nil {
		d.t.Fatal(err)
	}
	for _, name := range []string{"Webhook-Signature", "X-Hub-Signature-256", "Authorization"} {
		if value := q.Header.Get(name); len(value) > 20 {
			d.set.Given(never, value[10:], "a webhook's %s", name)
		}
	}
	for _, c := range change {
		c(q)
	}
	return d.answer(i, q)
}

// jsonBody is a message in our own form; what it says under data is for the room, the rest of it for nobody.
func (d *drive) jsonBody(data string) string {
	encoded, err := json.Marshal(fields{"resourceId": d.resource, "eventType": "lab.result", "occurredAt": "2026-03-01T12:00:00Z",
		"data": fields{"summary": data}, "patientName": d.rich(never, "a field of a webhook that nobody asked for")})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(encoded)
}

// fhirBody is a subscription notification with the patient in it.
func (d *drive) fhirBody() string {
	encoded, err := json.Marshal(fields{"resourceType": "Bundle", "id": "b" + d.plain("-")[:6], "type": "subscription-notification", "timestamp": "2026-03-01T11:00:00Z", "entry": []fields{
		{"fullUrl": "urn:uuid:1", "resource": fields{"resourceType": "SubscriptionStatus", "status": "active", "type": "event-notification",
			"subscription": fields{"reference": "Subscription/9"}, "topic": "http://emr/topic/a",
			"notificationEvent": []fields{{"eventNumber": "4", "timestamp": "2026-03-01T10:00:00Z", "focus": fields{"reference": "Patient/12"}}}}},
		{"fullUrl": "http://emr/fhir/Patient/12", "request": fields{"method": "PUT", "url": "Patient/12"},
			"resource": fields{"resourceType": "Patient", "id": "12", "meta": fields{"versionId": "8"}, "name": []fields{{"family": d.rich(never, "a name in FHIR")}}}}}})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(encoded)
}

// hl7Body is an admission or a result with the patient in it.
func (d *drive) hl7Body(kind string) string {
	return "MSH|^~\\&|EMR|NORTH|CORSIA|WARD|20260301120000+0100||" + kind + "|c" + d.plain("-")[:6] + "|P|2.5.1\rPID|1||12^^^NORTH^MR||" + d.plain("a name in HL7") +
		"^Anna||19400101|F\rOBX|1|ST|K^" + d.plain("an observation's name in HL7") + "||" + d.plain("a result in HL7") + "\rNTE|1||" + d.plain("a note in HL7") + "\r"
}

// webhooks sends what is taken and what is refused, by every profile and in every form (W1–W3).
func (d *drive) webhooks() {
	d.t.Helper()
	const asJSON, asFHIR, asHL7 = "application/json", "application/fhir+json", "application/hl7-v2"
	for n, s := range d.senders {
		i := d.at(n)
		d.want(http.StatusAccepted, d.post(i, s, asJSON, d.jsonBody(d.rich(data, "a webhook's data"))))
		d.want(http.StatusAccepted, d.post(i, s, asFHIR, d.fhirBody()))
		d.want(http.StatusAccepted, d.post(i, s, asHL7, d.hl7Body("ADT^A08")))
		d.want(http.StatusAccepted, d.post(i, s, asHL7, d.hl7Body("ORU^R01")))
		d.refusedWebhooks(i, s)
	}
	d.storms()
}

// storms sends until the address, and then the source, has sent too much (W3, F7).
func (d *drive) storms() {
	d.t.Helper()
	const most = 5000
	i, s := d.at(0), d.senders[2]
	body, kind := `{"data": "`+d.plain("one of a storm")+`"}`, "text/plain"
	for _, addresses := range []int{1, 50} {
		status := 0
		for n := 0; n < most && status != http.StatusTooManyRequests; n++ {
			q, err := http.NewRequest(http.MethodPost, i.URL+"/api/webhooks/"+s.name, strings.NewReader(body))
			if err != nil {
				d.t.Fatal(err)
			}
			q.Header.Set("Content-Type", kind)
			q.Header.Set("Authorization", "Bearer "+s.secret)
			q.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", n%addresses))
			status = d.answer(i, q)
		}
		d.want(http.StatusTooManyRequests, status)
		kind = "application/json" // which the source answers for
	}
}

func (d *drive) refusedWebhooks(i *testkit.Instance, s *sender) {
	d.t.Helper()
	const asJSON = "application/json"
	bad := func(what string) string { return d.jsonBody(d.rich(never, "%s by %s", what, s.name)) }
	d.want(http.StatusMethodNotAllowed, d.post(i, s, asJSON, bad("another method"), func(q *http.Request) { q.Method = http.MethodPut }))
	d.want(http.StatusNotFound, d.post(i, s, asJSON, bad("no such source"), func(q *http.Request) { q.URL.Path += "x" }))
	d.want(http.StatusUnsupportedMediaType, d.post(i, s, "text/"+d.plain("a content type"), bad("another type")))
	d.want(http.StatusRequestEntityTooLarge, d.post(i, s, asJSON, bad("too large")+strings.Repeat(" ", 1<<20)))
	d.want(http.StatusUnauthorized, d.post(i, s, asJSON, bad("not signed"), func(q *http.Request) {
		for _, name := range []string{"Webhook-Signature", "X-Hub-Signature-256", "Authorization"} {
			q.Header.Del(name)
		}
	}))
	d.want(http.StatusUnauthorized, d.post(i, s, asJSON, bad("wrongly signed"), func(q *http.Request) {
		for _, name := range []string{"Webhook-Signature", "X-Hub-Signature-256", "Authorization"} {
			if q.Header.Get(name) != "" {
				q.Header.Set(name, "Bearer "+d.plain("a wrong signature"))
			}
		}
	}))
	d.want(http.StatusBadRequest, d.post(i, s, asJSON, `{"data": "`+d.plain("half of a JSON body")))
	d.want(http.StatusBadRequest, d.post(i, s, "application/hl7-v2", "PID|"+d.plain("HL7 without a header")))
	d.want(http.StatusUnprocessableEntity, d.post(i, s, asJSON, `{"data": "`+d.plain("a body without an event")+`"}`))
	d.want(http.StatusUnprocessableEntity, d.post(i, s, asJSON, strings.Replace(bad("a resource id that is none"), `"resourceId":"`, `"resourceId":"x:user:`, 1)))
	d.want(http.StatusUnprocessableEntity, d.post(i, s, asJSON, strings.Replace(bad("a time that is none"), "2026-03-01T12:00:00Z", d.plain("a time that is none"), 1)))
	d.want(http.StatusUnprocessableEntity, d.post(i, s, "application/fhir+json", `{"resourceType":"Bundle","type":"`+d.plain("FHIR that is no notification")+`"}`))
	d.want(http.StatusUnprocessableEntity, d.post(i, s, "application/hl7-v2", strings.Replace(d.hl7Body("ADT^A08"), "ADT^A08", "MDM^T02", 1)))
	if s.profile == webhook.Standard {
		again := func(q *http.Request) { q.Header.Set("Webhook-Id", "again") }
		body := d.jsonBody(d.rich(data, "a webhook that comes twice"))
		resigned := func(body string) func(*http.Request) {
			return func(q *http.Request) {
				again(q)
				if err := webhook.Sign(q.Header, s.profile, s.secret, "again", time.Now(), []byte(body)); err != nil {
					d.t.Fatal(err)
				}
			}
		}
		other := bad("another body under a known id")
		d.want(http.StatusAccepted, d.post(i, s, asJSON, body, resigned(body)))
		d.want(http.StatusAccepted, d.post(i, s, asJSON, body, resigned(body)))
		d.want(http.StatusUnprocessableEntity, d.post(i, s, asJSON, other, resigned(other)))
	}
}
