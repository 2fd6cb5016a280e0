//go:build integration

package functions

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"corsia/shared/collab"
	"corsia/shared/driver/rabbitmq"
	"corsia/shared/webhook"
	"corsia/tests/testkit"
)

const (
	standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	sources        = `{
		"resource-updated": {"profile": "standard", "secrets": ["` + standardSecret + `"]},
		"hub": {"profile": "github", "secrets": ["It's a Secret to Everybody"]},
		"fhir": {"profile": "bearer", "secrets": ["a token that is long enough"], "resourceId": "page:/{type}/{id}"},
		"hl7": {"profile": "basic", "secrets": ["adt:a password that is long enough"], "resourceId": "page:/Patient/{PID-3.1}"}
	}`
	notification = `{"resourceType":"Bundle","id":"b%d","type":"subscription-notification","entry":[{"resource":{"resourceType":"SubscriptionStatus","type":"event-notification",
		"topic":"http://emr/topic","notificationEvent":[{"eventNumber":"1","timestamp":"2026-03-01T12:00:00Z","focus":{"reference":"Patient/12"}}]}}]}`
	admission = "MSH|^~\\&|EMR|NORTH|CORSIA|WARD|20260301120000||ADT^A08|c%d|P|2.5.1\rEVN|A08|20260301120000\rPID|1||12\r"
)

// sent is a request, on its way as an event or over HTTP.
type sent struct {
	method, source string
	header         http.Header
	body           string
}

// signed returns a message of a source.
func signed(t testing.TB, source, kind, id, body string) sent {
	t.Helper()
	s := sent{method: http.MethodPost, source: source, header: http.Header{"Content-Type": {kind}}, body: body}
	profile, secret := webhook.Standard, standardSecret
	switch source {
	case "hub":
		profile, secret = webhook.GitHub, "It's a Secret to Everybody"
	case "fhir":
		profile, secret = webhook.Bearer, "a token that is long enough"
	case "hl7":
		profile, secret = webhook.Basic, "adt:a password that is long enough"
	}
	if err := webhook.Sign(s.header, profile, secret, id, time.Now(), []byte(body)); err != nil {
		t.Fatal(err)
	}
	return s
}

// update is what is said of a resource.
func update(resource string, n int) string {
	return fmt.Sprintf(`{"resourceId":%q,"eventType":"lab.result","occurredAt":"2026-03-01T12:00:00Z","data":{"n":%d,"text":%q}}`, resource, n, testkit.Marker)
}

// event is the request as API Gateway's HTTP API hands it over.
func (s sent) event(encoded bool) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: "ANY /api/webhooks/{source}", RawPath: "/staging/api/webhooks/" + s.source, RawQueryString: "secret=" + testkit.Marker,
		Headers: map[string]string{}, Body: s.body}
	e.RequestContext.Stage = "staging"
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path, e.RequestContext.HTTP.SourceIP = s.method, e.RawPath, "192.0.2.1"
	for name, values := range s.header {
		e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	if encoded {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(s.body)), true
	}
	return e
}

type answer struct {
	status int
	header map[string]string
	body   string
	took   time.Duration
	cold   bool
}

func (a answer) delivery() string { return regexp.MustCompile(`d_[\w-]+`).FindString(a.body) }

// invoke lets the function answer.
func invoke(t testing.TB, f *testkit.Function, e events.APIGatewayV2HTTPRequest) answer {
	t.Helper()
	v := f.Invoke(t, e)
	var r events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(v.Response, &r); err != nil || v.ErrorType != "" {
		t.Fatalf("the function answers %q, %s %s", v.Response, v.ErrorType, v.Error)
	}
	return answer{r.StatusCode, r.Headers, r.Body, v.Took, v.Cold}
}

// ask lets a gateway answer.
func ask(t testing.TB, i *testkit.Instance, s sent) answer {
	t.Helper()
	q, err := http.NewRequest(s.method, i.URL+"/api/webhooks/"+s.source, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header = s.header.Clone()
	status, header, body := i.Do(t, q)
	a := answer{status: status, header: map[string]string{}, body: string(body)}
	for name := range header {
		a.header[name] = header.Get(name)
	}
	return a
}

// intake starts the function on the services of a place.
func intake(t testing.TB, p testkit.Place, env ...string) *testkit.Function {
	t.Helper()
	return testkit.StartFunction(t, "webhook", append([]string{"STORE_URL=" + p.StoreURL, "BUS_URL=" + p.BusURL, "WEBHOOK_SOURCES=" + sources}, env...)...)
}

func TestAMessageToTheFunctionReachesEveryoneInTheRoomOnceWithinASecond_W4(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Env: []string{"WEBHOOK_SOURCES=" + sources}})
	f := intake(t, c.Place)
	const resource = "page:/function/one"
	var people []*testkit.Client
	for n := range 6 {
		people = append(people, join(t, c.Instances[n%3], fmt.Sprintf("usr_function_%d", n), resource))
	}
	stranger := join(t, c.Instances[1], "usr_function_stranger", "page:/function/other")
	heard := listen(t, c.BusURL)
	var ways, answers []time.Duration
	for n := range 15 {
		s := signed(t, "resource-updated", "application/json", fmt.Sprint("msg_", n), update(resource, n))
		start := time.Now()
		first := invoke(t, f, s.event(n%2 == 0))
		for _, p := range people {
			e := p.Next("RESOURCE_UPDATED")
			data, _ := e["data"].(fields)
			if e.Text("deliveryId") != first.delivery() || e.Text("resourceId") != resource || e.Text("source") != "resource-updated" || data.Int("n") != int64(n) {
				t.Errorf("message %d: a session is told %v, want delivery %s", n, e, first.delivery())
			}
		}
		if !first.cold && n > 0 {
			ways, answers = append(ways, time.Since(start)), append(answers, first.took)
		}
		if first.status != 202 || first.delivery() == "" {
			t.Fatalf("message %d: %+v", n, first)
		}
		testkit.Eventually(t, eventually, "word on the bus", func() bool { return heard.Load() == int64(n+1) }) // and not only the rooms' own look
		again := []answer{invoke(t, f, s.event(false)), invoke(t, f, s.event(true)), ask(t, c.Instances[n%3], s)}
		for i, a := range again {
			if a.status != 202 || a.body != first.body || a.header["Idempotent-Replayed"] != "true" {
				t.Errorf("message %d, retry %d: %+v, want %s again", n, i, a, first.body)
			}
		}
	}
	middle, longest := median(ways)
	answered, _ := median(answers)
	t.Logf("from the event to six sockets at three gateways: median %v, at most %v; the function answers in %v; cold start %v", middle, longest, answered, f.ColdStart())
	if middle >= time.Second {
		t.Errorf("from the event to every socket it takes %v, want less than 1 s", middle)
	}
	time.Sleep(1500 * time.Millisecond) // a look at the inbox later
	for _, p := range append(people, stranger) {
		p.None("RESOURCE_UPDATED")
	}
	other := signed(t, "resource-updated", "application/json", "msg_0", update(resource, 99))
	if a := invoke(t, f, other.event(false)); a.status != 422 {
		t.Errorf("the id with another body: %+v", a)
	}
	c.Store(t).WaitAudit(15, "resource_id", resource, "WEBHOOK_RECEIVED")
	if f.Starts() != 1 {
		t.Errorf("%d processes", f.Starts())
	}
}

// listen counts the notices of the inbox that the bus carries, as an instance of its own.
func listen(t *testing.T, busURL string) *atomic.Int64 {
	t.Helper()
	bus, err := rabbitmq.Open(busURL, rabbitmq.Options{Instance: "listener"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); bus.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	testkit.Eventually(t, eventually, "connection to the bus", func() bool { return bus.Ping(t.Context()) == nil })
	var heard atomic.Int64
	t.Cleanup(bus.Subscribe(collab.Everywhere, "listener", func(n collab.Notice) bool {
		if n.Kind == collab.BusInbox {
			heard.Add(1)
		}
		return true
	}))
	return &heard
}

func TestTheFunctionAnswersAsAGatewayDoes_W1_W2_W3(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Instances: 1, Env: []string{"WEBHOOK_SOURCES=" + sources}})
	f := intake(t, c.Place)
	const resource = "page:/Patient/12"
	anna := join(t, c.Instances[0], "usr_function_anna", resource)
	change := func(s sent, edit func(*sent)) sent {
		s.header = s.header.Clone()
		edit(&s)
		return s
	}
	json_, large := "application/json", strings.Repeat(" ", webhook.MaxBodyBytes+1)
	makers := map[string]func(n int) sent{
		"standard": func(n int) sent {
			return signed(t, "resource-updated", json_, fmt.Sprint("each_", n), update(resource, n))
		},
		"github": func(n int) sent { return signed(t, "hub", json_, "", update(resource, n)) },
		"bearer": func(n int) sent {
			return signed(t, "fhir", "application/fhir+json", "", fmt.Sprintf(notification, n))
		},
		"basic": func(n int) sent { return signed(t, "hl7", "application/hl7-v2", "", fmt.Sprintf(admission, n)) },
	}
	for profile, message := range makers {
		byFunction, byGateway := invoke(t, f, message(1).event(false)), ask(t, c.Instances[0], message(2))
		same(t, profile, byFunction, byGateway, 202)
		for _, a := range []answer{byFunction, byGateway} {
			if e := anna.Next("RESOURCE_UPDATED"); e.Text("deliveryId") != a.delivery() {
				t.Errorf("%s: the room is told %v, want %s", profile, e, a.delivery())
			}
		}
		forged := change(message(3), func(s *sent) {
			for _, name := range []string{"Authorization", "Webhook-Signature", "X-Hub-Signature-256"} {
				if s.header.Get(name) != "" {
					s.header.Set(name, s.header.Get(name)+"x")
				}
			}
		})
		same(t, profile+", forged", invoke(t, f, forged.event(true)), ask(t, c.Instances[0], forged), 401)
		none := change(message(3), func(s *sent) { s.header = http.Header{"Content-Type": s.header["Content-Type"]} })
		same(t, profile+", not signed", invoke(t, f, none.event(false)), ask(t, c.Instances[0], none), 401)
	}
	good := makers["standard"]
	for name, tt := range map[string]struct {
		s    sent
		want int
	}{
		"method":   {change(good(4), func(s *sent) { s.method, s.source, s.body = "GET", "nobody", "" }), 405},
		"source":   {change(good(4), func(s *sent) { s.source, s.body = "nobody", large }), 404},
		"kind":     {change(good(4), func(s *sent) { s.header.Set("Content-Type", "text/plain"); s.body = large }), 415},
		"length":   {change(good(4), func(s *sent) { s.body = large }), 413},
		"dot":      {signed(t, "resource-updated", json_, "a.b", update(resource, 4)), 401},
		"no JSON":  {signed(t, "resource-updated", json_, "bad_1", "{"), 400},
		"no event": {signed(t, "resource-updated", json_, "bad_2", `{"resourceId":1}`), 422},
	} {
		same(t, name, invoke(t, f, tt.s.event(name == "length")), ask(t, c.Instances[0], tt.s), tt.want)
	}
	anna.None("RESOURCE_UPDATED")
}

// same compares two answers, but for ids and times.
func same(t *testing.T, what string, byFunction, byGateway answer, status int) {
	t.Helper()
	ids := regexp.MustCompile(`d_[\w-]+|\|c\d\b|\|\d{14}[.\d]*[+-]\d{4}`)
	mine, theirs := ids.ReplaceAllString(byFunction.body, "ID"), ids.ReplaceAllString(byGateway.body, "ID")
	if byFunction.status != status || byGateway.status != status || mine != theirs {
		t.Errorf("%s: the function answers %d %s, the gateway %d %s, want %d", what, byFunction.status, mine, byGateway.status, theirs, status)
	}
	rest := maps.Clone(byGateway.header)
	delete(rest, "Date")
	delete(rest, "Content-Length")
	if !maps.Equal(byFunction.header, rest) {
		t.Errorf("%s: the function's headers are %v, the gateway's %v", what, byFunction.header, rest)
	}
}

func TestAMessageInFlightElsewhereIs409_W3(t *testing.T) {
	c := testkit.SharedCluster(t)
	f := intake(t, c.Place)
	db, err := sql.Open("pgx", c.StoreURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended($1 || chr(10) || $2, 7011))", "resource-updated", "msg_flying"); err != nil { // as who takes it in holds it
		t.Fatal(err)
	}
	s := signed(t, "resource-updated", "application/json", "msg_flying", update("page:/function/flying", 1))
	if a := invoke(t, f, s.event(false)); a.status != 409 || a.header["Retry-After"] != "1" {
		t.Errorf("%+v", a)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if a := invoke(t, f, s.event(false)); a.status != 202 || a.header["Idempotent-Replayed"] != "" {
		t.Errorf("afterwards: %+v", a)
	}
}

func TestAMessageIsDeliveredByARetryWhenTheStoreWasAway_W3(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/function/store"
	anna := join(t, c.Instances[0], "usr_function_store", resource)
	p := c.Place
	way := testkit.NewProxy(t, host(t, p.StoreURL))
	p.StoreURL = strings.Replace(p.StoreURL, host(t, p.StoreURL), way.Addr, 1)
	way.Cut()
	f := intake(t, p) // also when it starts
	f.ExpectError("webhook: the message could not be kept")
	s := signed(t, "resource-updated", "application/json", "msg_store", update(resource, 1))
	away := func(what string, s sent) {
		t.Helper()
		start := time.Now()
		if a := invoke(t, f, s.event(false)); a.status != 503 || a.header["Retry-After"] != "1" {
			t.Errorf("%s: %+v", what, a)
		}
		t.Logf("%s: 503 after %v", what, time.Since(start).Round(time.Millisecond))
	}
	away("the store is away at the start", s)
	way.Restore(t)
	first := invoke(t, f, s.event(false))
	if e := anna.Next("RESOURCE_UPDATED"); first.status != 202 || e.Text("deliveryId") != first.delivery() {
		t.Errorf("afterwards %+v, told %v", first, e)
	}
	s = signed(t, "resource-updated", "application/json", "msg_store_2", update(resource, 2))
	way.Cut()
	away("the store goes away", s)
	way.Restore(t)
	way.Freeze()
	away("the store stands still", s)
	way.Restore(t)
	var second answer
	testkit.Eventually(t, eventually, "accepted message", func() bool { second = invoke(t, f, s.event(false)); return second.status == 202 })
	if e := anna.Next("RESOURCE_UPDATED"); e.Text("deliveryId") != second.delivery() {
		t.Errorf("told %v, want %s", e, second.delivery())
	}
	if f.Starts() != 1 {
		t.Errorf("%d processes", f.Starts())
	}
}

func TestAMessageIsDeliveredWithoutTheBus_W4(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/function/bus"
	anna := join(t, c.Instances[0], "usr_function_bus", resource)
	heard := listen(t, c.BusURL)
	p := c.Place
	way := testkit.NewProxy(t, host(t, p.BusURL))
	p.BusURL = strings.Replace(p.BusURL, host(t, p.BusURL), way.Addr, 1)
	f := intake(t, p)
	n := 0
	deliver := func(what string, byBus bool) {
		t.Helper()
		n++
		before := heard.Load()
		a := invoke(t, f, signed(t, "resource-updated", "application/json", fmt.Sprint("msg_bus_", n), update(resource, n)).event(false))
		if e := anna.Next("RESOURCE_UPDATED"); a.status != 202 || e.Text("deliveryId") != a.delivery() {
			t.Errorf("%s: %+v, told %v", what, a, e)
		}
		if byBus {
			testkit.Eventually(t, eventually, "word on the bus", func() bool { return heard.Load() == before+1 })
		}
	}
	deliver("with the bus", true)
	way.Cut()
	deliver("the bus is away", false)
	way.Restore(t)
	deliver("the bus is back", true)
	f.Freeze(t) // as Lambda does between two events
	way.Reset()
	f.Thaw(t)
	deliver("the connection was lost meanwhile", true)
	way.Freeze()
	deliver("the bus stands still", false)
}

func host(t *testing.T, rawURL string) string {
	t.Helper()
	_, rest, _ := strings.Cut(rawURL, "@")
	address, _, ok := strings.Cut(rest, "/")
	if _, _, err := net.SplitHostPort(address); err != nil || !ok {
		t.Fatal("a service's URL names no port")
	}
	return address
}

func TestSourcesAreAFileOfThePackageOrASecret_W1(t *testing.T) {
	c := testkit.SharedCluster(t)
	secrets := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": sources})
	}))
	defer secrets.Close()
	file := filepath.Join(t.TempDir(), "sources.json")
	if err := os.WriteFile(file, []byte(sources), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, setting := range map[string]string{"file": file, "secret": "arn:aws:secretsmanager:eu-south-1:123456789012:secret:sources"} {
		f := intake(t, c.Place, "WEBHOOK_SOURCES="+setting, "AWS_ENDPOINT_URL_SECRETS_MANAGER="+secrets.URL, "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=test")
		s := signed(t, "resource-updated", "application/json", "msg_sources_"+what, update("page:/function/sources", 1))
		if a := invoke(t, f, s.event(false)); a.status != 202 {
			t.Errorf("%s: %+v", what, a)
		}
	}
}

func TestTheStagesOfAMessageAreInItsTraceAndNothingElse_T6(t *testing.T) {
	c := testkit.SharedCluster(t)
	daemon, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	f := intake(t, c.Place, "AWS_XRAY_DAEMON_ADDRESS="+daemon.LocalAddr().String())
	const resource = "page:/function/traced"
	v := f.Invoke(t, signed(t, "resource-updated", "application/json", "msg_traced", update(resource, 1)).event(false))
	packet := make([]byte, 64<<10)
	_ = daemon.SetReadDeadline(time.Now().Add(eventually))
	n, _, err := daemon.ReadFrom(packet)
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Name        string
		TraceID     string `json:"trace_id"`
		Subsegments []struct{ Name string }
	}
	_, body, _ := bytes.Cut(packet[:n], []byte("\n"))
	if err := json.Unmarshal(body, &s); err != nil {
		t.Fatal(err)
	}
	if s.Name != "receive" || s.TraceID != v.Trace || len(s.Subsegments) != 2 || s.Subsegments[0].Name != "store" || s.Subsegments[1].Name != "publish" {
		t.Errorf("got %+v of trace %s", s, v.Trace)
	}
	for _, text := range []string{testkit.Marker, resource, "msg_traced", "v1,", "192.0.2.1"} {
		if bytes.Contains(body, []byte(text)) {
			t.Errorf("the trace has %q: %s", text, body)
		}
	}
}
