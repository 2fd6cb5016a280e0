//go:build integration

package security

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"corsia/tests/testkit"
)

// raw sends bytes as they are, which no client library would, and returns the answer; nil when the connection was closed.
func raw(t *testing.T, g *testkit.Gateway, request string) *http.Response {
	t.Helper()
	conn := dial(t, g)
	if _, err := io.WriteString(conn, request); err != nil {
		return nil
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func dial(t *testing.T, g *testkit.Gateway) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(40 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestNoPathLeadsOutOfTheServedFiles(t *testing.T) { // ASVS 12.3
	t.Parallel()
	g := testkit.Shared(t)
	for _, path := range []string{
		"/demo/../corsia.db", "/demo/../../../../etc/passwd", "/demo/%2e%2e/%2e%2e/etc/passwd", "/demo/..%2f..%2fetc/passwd",
		"/demo/..%5c..%5cetc/passwd", "/demo/....//....//etc/passwd", "/demo/%00", "/demo/ward.css%00.html", "/demo//etc/passwd", "/demo/./../corsia-dev.pem",
		"/collab-sdk.js/../corsia-dev.pem", "/collab-sdk.js%2f..%2fcorsia-dev.pem", "/collab-sdk.part-../../corsia.db", "/corsia-dev.pem", "/corsia.db", "/.git/config",
		"/dist/collab-sdk.js", "/demo/..;/corsia.db", "/socket.io/../corsia.db", "/ws/..%2fcorsia.db",
	} {
		answer := raw(t, g, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		if answer == nil {
			continue
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode == http.StatusOK || strings.Contains(string(body), "root:") || strings.Contains(string(body), "PRIVATE KEY") || strings.Contains(string(body), "SQLite") {
			t.Errorf("%s: %d %.80q", path, answer.StatusCode, body)
		}
		if to := answer.Header.Get("Location"); strings.HasPrefix(to, "//") || strings.Contains(to, "://") {
			t.Errorf("%s leads to %q", path, to)
		}
	}
	if status, _, body := g.HTTP(t, "GET", "/demo/ward.css", "", nil); status != http.StatusOK || len(body) == 0 {
		t.Errorf("what is served: %d", status) // or all of the above proves nothing
	}
}

func TestOtherMethodsDoNothing(t *testing.T) { // ASVS 13.2.1, 14.5.1
	t.Parallel()
	g := testkit.Shared(t)
	for _, path := range []string{"/health", "/metrics", "/collab-sdk.js", "/demo/", "/api/revocations", "/api/webhooks/nobody", "/ws/?EIO=4&transport=polling", "/nothing"} {
		for _, method := range []string{"PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "X"} {
			answer := raw(t, g, method+" "+path+" HTTP/1.1\r\nHost: localhost\r\nX-Echo: "+testkit.Marker+"\r\nConnection: close\r\n\r\n")
			if answer == nil {
				continue
			}
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode < 400 || answer.StatusCode >= 500 || strings.Contains(string(body), testkit.Marker) {
				t.Errorf("%s %s: %d %.80q", method, path, answer.StatusCode, body)
			}
		}
	}
}

// Two programs that read one request differently let one client speak in another's name.
func TestRequestsThatCanBeReadInTwoWaysAreRefused(t *testing.T) { // ASVS 13.1.1, 14.5
	t.Parallel()
	g := testkit.Shared(t)
	const end = "\r\nConnection: close\r\n\r\n0\r\n\r\n"
	for name, head := range map[string]string{
		"two lengths":                 "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5",
		"a length of a sign":          "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: +5",
		"an unknown transfer":         "POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked",
		"two transfers":               "POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity",
		"a space before the colon":    "GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked",
		"a header that goes on":       "GET /health HTTP/1.1\r\n Host: a",
		"no host":                     "GET /health HTTP/1.1\r\nX: y",
		"two hosts":                   "GET /health HTTP/1.1\r\nHost: a\r\nHost: b",
		"a host that is none":         "GET /health HTTP/1.1\r\nHost: a b<script>",
		"a nul in a header":           "GET /health HTTP/1.1\r\nHost: a\r\nX: y\x00z",
		"a return alone in a header":  "GET /health HTTP/1.1\r\nHost: a\r\nX: y\rz",
		"a path with a space":         "GET /hea lth HTTP/1.1\r\nHost: a",
		"another version":             "GET /health HTTP/3.7\r\nHost: a",
		"a name that is no name":      "GET /health HTTP/1.1\r\nHost: a\r\nX(y): z",
		"an absolute path of another": "GET http://\x7f/health HTTP/1.1\r\nHost: a",
	} {
		if answer := raw(t, g, head+end); answer != nil && (answer.StatusCode < 400 || answer.StatusCode == http.StatusInternalServerError) {
			t.Errorf("%s: %d", name, answer.StatusCode)
		}
	}
}

func TestWhatIsTooLargeIsRefused(t *testing.T) { // ASVS 12.1.1, 13.2, C2, W3
	t.Parallel()
	g := testkit.Shared(t)
	for name, tt := range map[string]struct {
		request string
		status  int
	}{
		"a header of 64 KiB": {"GET /health HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"a path of 64 KiB":   {"GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"a thousand headers": {"GET /health HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X-Many: "+strings.Repeat("y", 40)+"\r\n", 1000) + "\r\n", http.StatusRequestHeaderFieldsTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			answer := raw(t, g, tt.request)
			if answer == nil || answer.StatusCode != tt.status {
				t.Errorf("got %v", answer)
			}
		})
	}
	admin := g.Token("usr_admin", fields{"permissions": []any{"admin"}})
	status, _, _ := g.HTTP(t, "POST", "/api/revocations", admin, fields{"userId": strings.Repeat("x", 1<<20)})
	if status != http.StatusBadRequest {
		t.Errorf("a body of 1 MiB: %d", status)
	}
	deep := strings.Repeat(`{"userId":`, 1<<14) + "1" + strings.Repeat("}", 1<<14)
	for path, body := range map[string]string{"/api/revocations": deep, "/api/recovery": deep, "/demo/push": deep} {
		q := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", path, admin, len(body), body)
		if answer := raw(t, g, q); answer == nil || answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s with deep JSON: %v", path, answer)
		}
	}
	if !g.Running() {
		t.Error("the gateway is gone")
	}
}
