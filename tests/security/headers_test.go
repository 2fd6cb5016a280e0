//go:build integration

package security

import (
	"net/http"
	"strings"
	"testing"

	"corsia/tests/testkit"
)

// paths are one of each kind that a gateway answers, found or not.
var paths = []struct{ method, path string }{
	{"GET", "/health"}, {"GET", "/health/live"}, {"GET", "/health/ready"}, {"GET", "/metrics"}, {"GET", "/collab-sdk.js"},
	{"GET", "/demo/"}, {"GET", "/demo/split"}, {"GET", "/demo/pane"}, {"GET", "/demo/ward.css"}, {"GET", "/demo"}, {"GET", "/"},
	{"GET", "/demo/nothing"}, {"GET", "/nothing"}, {"DELETE", "/health"}, {"GET", "/token"}, {"POST", "/api/revocations"},
	{"GET", "/api/recovery"}, {"POST", "/api/webhooks/nobody"}, {"GET", "/api/webhooks/nobody"},
	{"GET", "/ws/?EIO=4&transport=polling"}, {"GET", "/ws/"}, {"GET", "/socket.io/?EIO=4&transport=polling&sid=none"},
}

func TestEveryAnswerHasTheHeadersThatBrowsersAreGuardedBy(t *testing.T) { // ASVS 14.4
	t.Parallel()
	g := testkit.Shared(t)
	for _, p := range paths {
		t.Run(p.method+" "+p.path, func(t *testing.T) {
			status, header, _ := g.HTTP(t, p.method, p.path, "", nil)
			if got := header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("%d: X-Content-Type-Options %q", status, got)
			}
			if got := header.Get("Referrer-Policy"); got != "no-referrer" {
				t.Errorf("%d: Referrer-Policy %q", status, got)
			}
			policy := header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors") || strings.Contains(policy, "unsafe") {
				t.Errorf("%d: Content-Security-Policy %q", status, policy)
			}
			for _, never := range []string{"Set-Cookie", "Server", "X-Powered-By"} {
				if got := header.Values(never); len(got) > 0 {
					t.Errorf("%d: %s %q", status, never, got)
				}
			}
			if kind := header.Get("Content-Type"); status != http.StatusFound && status != http.StatusMovedPermanently && kind == "" {
				t.Errorf("%d: no Content-Type", status)
			}
		})
	}
}

func TestWhatCameByTLSMayNotComeWithoutItAgain(t *testing.T) { // ASVS 14.4.5, 9.1.1
	t.Parallel()
	g := testkit.Shared(t)
	for path, want := range map[string]int{"/health": 1, "/collab-sdk.js": 1, "/ws/?EIO=4&transport=polling": 1} {
		for proto, times := range map[string]int{"https": want, "http": 0, "": 0} {
			q, err := http.NewRequest("GET", g.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if proto != "" {
				q.Header.Set("X-Forwarded-Proto", proto)
			}
			_, header, _ := g.Do(t, q)
			if got := header.Values("Strict-Transport-Security"); len(got) != times {
				t.Errorf("%s by %q: %q", path, proto, got)
			}
		}
	}
}

// What a program of the hospital's network sends in a header comes back in no header and no text of an answer.
func TestNothingOfARequestComesBackInAnswers(t *testing.T) { // ASVS 5.2, 5.3.3, 7.4.1
	t.Parallel()
	g := testkit.Shared(t)
	const evil = `<script>alert(1)</script>evil.example`
	for _, p := range paths {
		t.Run(p.method+" "+p.path, func(t *testing.T) {
			q, err := http.NewRequest(p.method, g.URL+p.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			q.Host = "evil.example"
			for _, name := range []string{"Referer", "User-Agent", "X-Forwarded-Host", "X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override", "Cookie", "Authorization"} {
				q.Header.Set(name, evil)
			}
			_, header, body := g.Do(t, q)
			for name, values := range header {
				if strings.Contains(strings.Join(values, " "), "evil.example") {
					t.Errorf("%s: %q", name, values)
				}
			}
			for _, never := range []string{"evil.example", "alert(1)", "goroutine ", ".go:", "sql", "SQL", "/root", "panic"} {
				if strings.Contains(string(body), never) && !strings.HasPrefix(p.path, "/collab-sdk") && p.path != "/metrics" {
					t.Errorf("the answer has %q", never)
				}
			}
		})
	}
}
