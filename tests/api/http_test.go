//go:build integration

package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"corsia/shared/webhook"
	"corsia/tests/testkit"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// pages is docs/openapi.yaml, and a gateway that is asked.
type pages struct {
	t       *testing.T
	gateway *testkit.Gateway
	router  routers.Router
	seen    map[string][]int // statuses by operation
}

func readPages(t *testing.T, g *testkit.Gateway) *pages {
	t.Helper()
	document := readOpenAPI(t)
	document.Servers = openapi3.Servers{{URL: g.URL}}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	return &pages{t: t, gateway: g, router: router, seen: map[string][]int{}}
}

func readOpenAPI(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "..", "docs", "openapi.yaml"))
	if err == nil {
		err = document.Validate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// ask makes a request, and checks that the answer is as it is written, and the request too when it succeeds.
func (p *pages) ask(method, path string, header http.Header, body []byte, want int) {
	p.t.Helper()
	q, err := http.NewRequest(method, p.gateway.URL+path, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for name, values := range header {
		q.Header[name] = values
	}
	if body != nil && q.Header.Get("Content-Type") == "" {
		q.Header.Set("Content-Type", "application/json")
	}
	route, params, err := p.router.FindRoute(q)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	status, got, answer := p.gateway.Do(p.t, q)
	if status != want {
		p.t.Errorf("%s %s: %d %s, want %d", method, path, status, answer, want)
		return
	}
	q.Body = io.NopCloser(bytes.NewReader(body))
	in := &openapi3filter.RequestValidationInput{Request: q, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true}}
	if err := openapi3filter.ValidateRequest(p.t.Context(), in); (err == nil) != (status != http.StatusBadRequest && status != http.StatusUnprocessableEntity) {
		p.t.Errorf("%s %s is answered %d, and openapi.yaml says of the request: %v", method, path, status, err)
	}
	if err := openapi3filter.ValidateResponse(p.t.Context(), &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Header: got,
		Body: io.NopCloser(bytes.NewReader(answer)), Options: in.Options}); err != nil {
		p.t.Errorf("%s %s, answered %d: %v", method, path, status, err)
	}
	p.seen[route.Operation.OperationID] = append(p.seen[route.Operation.OperationID], status)
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signed is a message of a source.
func signed(t *testing.T, id string, body []byte) http.Header {
	t.Helper()
	h := http.Header{}
	if err := webhook.Sign(h, webhook.Standard, webhookSecret, id, time.Now(), body); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestEveryAnswerIsAsItIsWritten_H1_H2_W3(t *testing.T) {
	openapi3filter.RegisterBodyDecoder("text/javascript", openapi3filter.FileBodyDecoder)
	sources := filepath.Join(t.TempDir(), "sources.json")
	if err := os.WriteFile(sources, []byte(`{"resource-updated": {"profile": "standard", "secrets": ["`+webhookSecret+`"]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	g := testkit.Start(t, "WEBHOOK_SOURCES="+sources)
	p := readPages(t, g)
	for _, path := range []string{"/health", "/health/ready", "/health/live", "/metrics", "/collab-sdk.js"} {
		p.ask("GET", path, nil, nil, http.StatusOK)
	}
	_, header, _ := g.HTTP(t, "GET", "/collab-sdk.js", "", nil)
	p.ask("GET", "/collab-sdk.js", http.Header{"If-None-Match": {header.Get("ETag")}}, nil, http.StatusNotModified)

	admin, nobody := bearer(g.Token("usr_admin", fields{"permissions": []any{"admin"}})), bearer(g.Token("usr_nobody"))
	revoke, open := encoded(t, fields{"userId": "usr_gone"}), encoded(t, fields{"minutes": 5, "reason": "a restore lost ten minutes"})
	p.ask("POST", "/api/revocations", admin, revoke, http.StatusOK)
	p.ask("POST", "/api/revocations", admin, encoded(t, fields{"user": "usr_gone"}), http.StatusBadRequest)
	p.ask("POST", "/api/revocations", nobody, revoke, http.StatusForbidden)
	p.ask("POST", "/api/revocations", nil, revoke, http.StatusUnauthorized)
	p.ask("GET", "/api/recovery", admin, nil, http.StatusOK)
	p.ask("GET", "/api/recovery", nobody, nil, http.StatusForbidden)
	p.ask("DELETE", "/api/recovery", admin, nil, http.StatusOK)
	p.ask("POST", "/api/recovery", nobody, open, http.StatusForbidden)
	p.ask("POST", "/api/recovery", nil, open, http.StatusUnauthorized)
	p.ask("POST", "/api/recovery", admin, encoded(t, fields{"minutes": 500, "reason": "a restore lost ten minutes"}), http.StatusBadRequest)

	message := encoded(t, fields{"resourceId": "page:/api/1", "eventType": "lab", "occurredAt": time.Now().UTC().Format(time.RFC3339), "data": fields{"summary": "x"}})
	const path = "/api/webhooks/resource-updated"
	p.ask("POST", path, signed(t, "msg_1", message), message, http.StatusAccepted)
	p.ask("POST", path, signed(t, "msg_1", message), message, http.StatusAccepted)
	p.ask("POST", path, nil, message, http.StatusUnauthorized)
	p.ask("POST", "/api/webhooks/unknown", signed(t, "msg_1", message), message, http.StatusNotFound)
	p.ask("POST", path, signed(t, "msg_2", []byte(`{`)), []byte(`{`), http.StatusBadRequest)
	other := encoded(t, fields{"resourceId": "page:/api/1", "eventType": "lab"})
	p.ask("POST", path, signed(t, "msg_3", other), other, http.StatusUnprocessableEntity)

	for _, item := range readOpenAPI(t).Paths.Map() {
		for method, operation := range item.Operations() {
			if len(p.seen[operation.OperationID]) == 0 {
				t.Errorf("%s %s was never asked", method, operation.OperationID)
			}
		}
	}
	if !slices.Contains(p.seen["openRecovery"], http.StatusForbidden) {
		t.Error("nobody was refused a recovery")
	}
}

// Whatever the gateway serves in production is written, and nothing else is.
func TestThePathsAreThoseOfTheGateway(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "gateway", "httpapi", "routes.go"))
	if err != nil {
		t.Fatal(err)
	}
	production, _, found := strings.Cut(string(source), "if o.Issuer == nil {\n\t\treturn guard(mux), nil")
	if !found {
		t.Fatal("routes.go has changed its form")
	}
	served := map[string]bool{"GET /collab-sdk.js": true} // by serveScripts, whose names have hashes
	for _, match := range regexp.MustCompile(`\("((?:(?:GET|POST|DELETE|PUT) )?/[^"]*)",`).FindAllStringSubmatch(production, -1) {
		pattern := match[1]
		switch {
		case pattern == "/ws/" || pattern == "/socket.io/": // sockets are in asyncapi.yaml
		case strings.HasPrefix(pattern, "/"):
			served["POST "+pattern] = true // it answers other methods with 405
		default:
			served[pattern] = true
		}
	}
	written := map[string]bool{}
	for path, item := range readOpenAPI(t).Paths.Map() {
		for method := range item.Operations() {
			written[method+" "+path] = true
		}
	}
	for route := range served {
		if !written[route] {
			t.Errorf("%s is not in openapi.yaml", route)
		}
	}
	for route := range written {
		if !served[route] {
			t.Errorf("%s is in openapi.yaml, and not served", route)
		}
	}
	if len(served) < 8 {
		t.Errorf("found %d routes", len(served))
	}
}
