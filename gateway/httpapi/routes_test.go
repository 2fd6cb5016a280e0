package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/gateway/auth"
	"corsia/gateway/room"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/webhook"
)

// trail keeps what was revoked and audited.
type trail struct {
	*audit.Recorder
	mu      sync.Mutex
	revoked []collab.Revocation
	rows    []collab.AuditRow
	away    error
}

func (s *trail) Revoke(_ context.Context, r collab.Revocation, rows []collab.AuditRow) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return s.away
	}
	s.revoked, s.rows = append(s.revoked, r), append(s.rows, rows...)
	return nil
}

func (s *trail) Record(_ context.Context, e audit.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, s.Row(e))
	return s.away
}

// devKeys are those of all sites: making them takes long.
var devKeys = sync.OnceValues(func() (*auth.DevKeys, error) {
	dir, err := os.MkdirTemp("", "corsia-httpapi-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return auth.OpenDevKeys(dir)
})

// site is everything that is served, with its development keys.
type site struct {
	http.Handler
	issuer    *auth.Issuer
	trail     *trail
	refreshed int
	refresh   error
	notified  []room.Notification
	full      bool // the room takes nothing
	received  []webhook.Request
}

// newSite serves with development keys, or, in production, without an issuer.
func newSite(t *testing.T, production bool) *site {
	t.Helper()
	log := obs.TestLogger(t, t.Output())
	keys, err := devKeys()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{issuer: keys.Issuer("", ""), trail: &trail{Recorder: audit.NewRecorder("i_1", log)}}
	metrics := obs.NewMetrics(prometheus.NewRegistry())
	o := Options{
		Sockets: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }),
		Health:  NewHealth(HealthOptions{Log: log, Now: time.Now}), Metrics: metrics, Log: log, Issuer: s.issuer,
		Widget: fstest.MapFS{
			"dist/collab-sdk.js": {Data: []byte("widget")}, "dist/collab-sdk.min.js": {Data: []byte("w")}, "dist/collab-sdk.mjs": {Data: []byte("m")},
			"dist/rare-ABCD2345.js": {Data: []byte("part")}, "dist/rare-0f1e2d3c.min.mjs": {Data: []byte("part")}, "dist/collab-sdk.part-0a1b2c3d.min.js": {Data: []byte("part")}, "dist/index.d.ts": {Data: []byte("types")},
			"dist/esm/collab-sdk.mjs": {Data: []byte("module")}, "dist/README": {Data: []byte("none")}, "demo/demo.css": {Data: []byte("body{}")},
			"demo/index.html": {Data: []byte(`<p data-token="{{.Token}}" data-resource="{{.ResourceID}}" data-locking="{{.Locking}}">{{.UserName}}, {{.UserRole}}</p>`)},
			"demo/split.html": {Data: []byte(`<p>split {{.UserName}}</p>`)},
			"demo/pane.html":  {Data: []byte(`<p lang="{{.Lang}}">{{.T "Dose"}} {{.T "Route"}} {{.Dose}}</p><script nonce="{{.Nonce}}"></script>`)},
			"demo/it.json":    {Data: []byte(`{"Route": "Via"}`)},
		},
		Admin: Admin{Verifier: auth.NewVerifier(auth.Settings{Keys: keys}), Grants: auth.NewGrants(nil, true), Revoker: s.trail, Row: s.trail.Row,
			Record: s.trail.Record, Log: log, Now: time.Now, Address: ClientAddress(nil),
			Revoked: func(context.Context) error { s.refreshed++; return s.refresh }},
	}
	o.Notify = func(n room.Notification) bool { s.notified = append(s.notified, n); return !s.full }
	o.Webhooks = s
	if production {
		o.Issuer = nil
	}
	if s.Handler, err = Routes(o); err != nil {
		t.Fatal(err)
	}
	return s
}

// get answers a request from this machine, changed by the test.
func (s *site) get(method, target string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr, r.Host = "127.0.0.1:4711", "127.0.0.1:8080"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func elsewhere(r *http.Request) { r.RemoteAddr = "192.0.2.1:4711" }

func TestRoutesLeadWhereTheyShould(t *testing.T) { // H1
	s := newSite(t, false)
	tests := []struct {
		method, target string
		status         int
		body           string
	}{
		{"GET", "/ws/?EIO=4", http.StatusTeapot, ""},
		{"POST", "/socket.io/?EIO=4", http.StatusTeapot, ""},
		{"GET", "/health", http.StatusOK, `"status":"healthy"`},
		{"GET", "/health/ready", http.StatusOK, `"status":"healthy"`},
		{"GET", "/health/live", http.StatusOK, `"status":"healthy"`},
		{"POST", "/health", http.StatusMethodNotAllowed, ""},
		{"GET", "/metrics", http.StatusOK, "websocket_connections_total"},
		{"GET", "/collab-sdk.js", http.StatusOK, "widget"},
		{"GET", "/collab-sdk.min.js", http.StatusOK, "w"},
		{"GET", "/collab-sdk.part-0a1b2c3d.min.js", http.StatusOK, "part"},
		{"GET", "/collab-sdk.mjs", http.StatusOK, "m"},
		{"GET", "/", http.StatusFound, "/demo/"},
		{"GET", "/demo", http.StatusMovedPermanently, "/demo/"},
		{"GET", "/demo/", http.StatusOK, "Giulia Conti, nurse"},
		{"GET", "/demo/index.html?name=Dr+Rossi&role=surgeon&user=usr_2", http.StatusOK, "Dr Rossi, surgeon"},
		{"GET", "/demo/?permissions=break_glass", http.StatusOK, "Giulia Conti, nurse"},
		{"GET", "/demo/?permissions=[", http.StatusBadRequest, "permissions"},
		{"GET", "/demo/split", http.StatusOK, "split Giulia"},
		{"GET", "/demo/split.html", http.StatusOK, "split Giulia"},
		{"GET", "/demo/demo.css", http.StatusOK, "body{}"},
		{"GET", "/token", http.StatusOK, "<form"},
		{"GET", "/api/revocations", http.StatusMethodNotAllowed, ""},
		{"GET", "/nothing", http.StatusNotFound, ""},
		{"GET", "/demo/../../etc/passwd", http.StatusTemporaryRedirect, ""},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			if w := s.get(tt.method, tt.target, nil); w.Code != tt.status && w.Code/100 != 3 || !strings.Contains(w.Body.String(), tt.body) {
				t.Fatalf("%d %s, want %d with %q", w.Code, w.Body, tt.status, tt.body)
			}
		})
	}
}

func TestWidgetIsServedToPagesOfAnyOrigin(t *testing.T) { // H1, G8
	s := newSite(t, true)
	const script, types, ask, keep = "text/javascript; charset=utf-8", "application/typescript; charset=utf-8", "no-cache", "public, max-age=31536000, immutable"
	tests := []struct{ path, kind, cache string }{
		{"/collab-sdk.js", script, ask}, {"/collab-sdk.min.js", script, ask}, {"/esm/collab-sdk.mjs", script, ask}, {"/index.d.ts", types, ask},
		{"/rare-ABCD2345.js", script, keep}, {"/rare-0f1e2d3c.min.mjs", script, keep}, {"/collab-sdk.part-0a1b2c3d.min.js", script, keep},
	}
	for _, tt := range tests {
		w := s.get("GET", tt.path, elsewhere)
		want := map[string]string{"Content-Type": tt.kind, "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin",
			"X-Content-Type-Options": "nosniff", "Cache-Control": tt.cache}
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", tt.path, name, got, value)
			}
		}
		tag := w.Header().Get("ETag")
		if w.Code != http.StatusOK || len(tag) < 20 || tag[0] != '"' {
			t.Errorf("%s: %d, ETag %s, want a strong one", tt.path, w.Code, tag)
		}
		same := s.get("GET", tt.path, func(r *http.Request) { r.Header.Set("If-None-Match", tag) })
		if same.Code != http.StatusNotModified || same.Body.Len() != 0 || same.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s again: %d %v", tt.path, same.Code, same.Header())
		}
		if other := s.get("GET", tt.path, func(r *http.Request) { r.Header.Set("If-None-Match", `"other"`) }); other.Code != http.StatusOK {
			t.Errorf("%s for who has another: %d", tt.path, other.Code)
		}
		if head := s.get("HEAD", tt.path, nil); head.Code != http.StatusOK || head.Header().Get("ETag") != tag {
			t.Errorf("HEAD %s: %d", tt.path, head.Code)
		}
	}
	for _, path := range []string{"/README", "/dist/collab-sdk.js", "/esm/", "/rare-ABCD2346.js"} {
		if w := s.get("GET", path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s is served: %d", path, w.Code)
		}
	}
}

func TestDemoPagesComeWithAStrictPolicy(t *testing.T) { // G8
	s := newSite(t, false)
	policies := make(map[string]bool)
	for _, target := range []string{"/demo/", "/demo/split", "/demo/pane", "/demo/pane"} {
		w := s.get("GET", target, nil)
		policy := w.Header().Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "script-src 'nonce-", "style-src 'self'", "require-trusted-types-for 'script'", "trusted-types corsia"} {
			if !strings.Contains(policy, directive) {
				t.Errorf("%s: the policy %q lacks %q", target, policy, directive)
			}
		}
		if strings.Contains(policy, "unsafe") || policies[policy] {
			t.Errorf("%s: the policy %q allows too much, or its nonce is not new", target, policy)
		}
		policies[policy] = true
		if _, nonce, found := strings.Cut(w.Body.String(), `nonce="`); found && !strings.Contains(policy, "'nonce-"+nonce[:26]+"'") {
			t.Errorf("%s: the page's nonce is not the policy's", target)
		}
	}
}

func TestTheDemoSpeaksItalianToo(t *testing.T) { // G8
	s := newSite(t, false)
	for target, want := range map[string]string{
		"/demo/pane":                       `<p lang="en">Dose Route 500 mg</p>`,
		"/demo/pane?lang=it&dose=750+mg":   `<p lang="it">Dose Via 750 mg</p>`,
		"/demo/pane?lang=%3Cb%3E&dose=%3C": `<p lang="en">Dose Route &lt;</p>`,
	} {
		if got := s.get("GET", target, nil).Body.String(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}

func TestDevelopmentIsForThisMachineAlone(t *testing.T) { // SPEC 1, ENV
	s := newSite(t, false)
	strangers := map[string]func(*http.Request){
		"a client elsewhere":                             elsewhere,
		"a page elsewhere that made its name point here": func(r *http.Request) { r.Host = "evil.example:8080" },
		"a proxy": func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") },
	}
	for name, stranger := range strangers {
		for _, target := range []string{"/demo/", "/demo/split", "/token", "/token?user=usr_1"} {
			if w := s.get("GET", target, stranger); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "eyJ") {
				t.Errorf("%s gets %s: %d %s", name, target, w.Code, w.Body)
			}
		}
	}
	for _, target := range []string{"/ws/?EIO=4", "/socket.io/"} {
		if w := s.get("GET", target, elsewhere); w.Code != http.StatusForbidden {
			t.Errorf("a client elsewhere gets %s with development keys: %d", target, w.Code)
		}
	}
	if w := s.get("POST", "/api/revocations", elsewhere); w.Code != http.StatusForbidden {
		t.Errorf("a client elsewhere may revoke: %d", w.Code)
	}
	production := newSite(t, true)
	for _, target := range []string{"/demo/", "/token", "/"} {
		if w := production.get("GET", target, nil); w.Code != http.StatusNotFound {
			t.Errorf("production serves %s: %d", target, w.Code)
		}
	}
	if w := production.get("GET", "/ws/?EIO=4", elsewhere); w.Code != http.StatusTeapot {
		t.Errorf("production refuses a client: %d", w.Code)
	}
}

func TestDemoPageIsForWhomTheQueryNames(t *testing.T) { // SPEC 1
	s := newSite(t, false)
	w := s.get("GET", `/demo/?name=%3Cscript%3E&locking=manual&resource=page:/7`, nil)
	body := w.Body.String()
	if strings.Contains(body, "<script>") || !strings.Contains(body, `data-locking="manual"`) || !strings.Contains(body, `data-resource="page:/7"`) {
		t.Errorf("got %s", body)
	}
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", w.Header())
	}
	if body := s.get("GET", "/demo/?locking=wild", nil).Body.String(); !strings.Contains(body, `data-locking="focus"`) {
		t.Errorf("got %s", body)
	}
	for _, target := range []string{"/demo/?user=a%00b", "/token?user=a%00b"} {
		if w := s.get("GET", target, nil); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	page := s.get("POST", "/token?user=usr_7&name=Dr+%22R%22", nil).Body.String()
	if !strings.Contains(page, "eyJ") || strings.Contains(page, `value="Dr "R""`) {
		t.Errorf("got %s", page)
	}
}

// call makes a revocation with a token of these permissions, nil for no token at all.
func (s *site) call(t *testing.T, permissions *auth.Permissions, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("POST", "/api/revocations", strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:4711"
	if permissions != nil {
		token, err := s.issuer.Issue(auth.TokenRequest{User: "boss", Tenant: "ward", Permissions: permissions})
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

var admin = &auth.Permissions{Names: []string{"admin"}}

func TestRevocationIsKeptWithItsAuditRow(t *testing.T) { // H2, A5
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	tests := []struct {
		body string
		want collab.Revocation
	}{
		{`{"userId":"usr_1"}`, collab.Revocation{Kind: collab.RevokeUser, Value: "usr_1"}},
		{`{"sessionId":"s_1","until":"` + until.Format(time.RFC3339) + `"}`, collab.Revocation{Kind: collab.RevokeSession, Value: "s_1", Until: until}},
		{`{"jti":"token-1"}`, collab.Revocation{Kind: collab.RevokeToken, Value: "token-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.body, func(t *testing.T) {
			s := newSite(t, false)
			if w := s.call(t, admin, tt.body); w.Code != http.StatusOK || s.refreshed != 1 {
				t.Fatalf("%d %s, refreshed %d times", w.Code, w.Body, s.refreshed)
			}
			got := s.trail.revoked[0]
			if got.Tenant != "ward" || got.Kind != tt.want.Kind || got.Value != tt.want.Value || !got.Until.Equal(tt.want.Until) || time.Since(got.RevokedAt) > time.Minute {
				t.Fatalf("kept %+v", got)
			}
			e, err := audit.Parse(s.trail.rows[0].Body)
			if err != nil || e.Type != audit.TokenRevoked || e.Actor != "boss" || e.Tenant != "ward" || e.Details["value"] != tt.want.Value || e.Address != "127.0.0.1" {
				t.Fatalf("audited %+v, %v", e, err)
			}
		})
	}
}

func TestRevocationThatIsAskedWronglyIsRefused(t *testing.T) { // H2
	s := newSite(t, false)
	for _, body := range []string{
		``, `x`, `[]`, `null`, `{}`, `{"userId":""}`, `{"userId":"a","jti":"b"}`, `{"user":"a"}`, `{"userId":7}`, `{"userId":"a"}{"userId":"b"}`,
		`{"userId":"` + strings.Repeat("x", 257) + `"}`, `{"userId":"a\u0000b"}`, `{"userId":"a","until":"2020-01-01T00:00:00Z"}`, `{"userId":"a","until":"tomorrow"}`,
		`{"userId":"` + strings.Repeat("x", maxAdminBody) + `"}`,
	} {
		if w := s.call(t, admin, body); w.Code != http.StatusBadRequest || code(t, w) != collab.CodeBadRequest {
			t.Errorf("%.40s: %d %s", body, w.Code, w.Body)
		}
	}
	if len(s.trail.revoked) != 0 {
		t.Errorf("revoked %v", s.trail.revoked)
	}
}

func code(t *testing.T, w *httptest.ResponseRecorder) collab.Code {
	t.Helper()
	var body struct {
		OK    bool
		Error struct {
			Code    collab.Code
			Message string
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.OK || body.Error.Message == "" {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return body.Error.Code
}

func TestOnlyAnAdministratorMayRevoke(t *testing.T) { // H2, A6
	s := newSite(t, false)
	w := s.call(t, nil, `{"userId":"usr_1"}`)
	if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != "Bearer" || code(t, w) != collab.CodeUnauthorized {
		t.Errorf("nobody: %d %s", w.Code, w.Body)
	}
	if w := s.call(t, &auth.Permissions{Names: []string{"break_glass"}}, `{"userId":"usr_1"}`); w.Code != http.StatusForbidden || code(t, w) != collab.CodePermissionDenied {
		t.Errorf("somebody: %d %s", w.Code, w.Body)
	}
	if len(s.trail.revoked) != 0 {
		t.Errorf("revoked %v", s.trail.revoked)
	}
	if len(s.trail.rows) != 1 || s.trail.rows[0].Type != string(audit.PermissionDenied) || s.trail.rows[0].Actor != "boss" {
		t.Errorf("audited %+v, want who lacked the permission", s.trail.rows)
	}
}

func TestRevocationThatCannotBeKeptIsUnavailable(t *testing.T) { // H2, F4
	s := newSite(t, false)
	s.trail.away = errors.New("dial postgres://corsia:hunter2@db: refused")
	w := s.call(t, admin, `{"userId":"usr_1"}`)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	s.trail.away, s.refresh = nil, errors.New("refresh")
	if w := s.call(t, admin, `{"userId":"usr_1"}`); w.Code != http.StatusServiceUnavailable || len(s.trail.revoked) != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestErrorOfAHandlerShowsNothingOfItsCause(t *testing.T) { // T6
	log := obs.TestLogger(t, t.Output())
	w := httptest.NewRecorder()
	wrap(log, func(http.ResponseWriter, *http.Request) error { return errors.New("dial postgres://corsia:hunter2@db") }).
		ServeHTTP(w, httptest.NewRequest("GET", "/x?token=secret", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if _, err := newDemo(nil, fstest.MapFS{"index.html": {Data: []byte("{{")}}, nil); err == nil {
		t.Error("a demo page that is broken was taken")
	}
}
