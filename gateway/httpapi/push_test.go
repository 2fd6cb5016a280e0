package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"corsia/shared/collab"
)

// push asks for a push, as the demo page does, changed by the test.
func (s *site) push(body string, change func(*http.Request)) *httptest.ResponseRecorder {
	return s.get("POST", "/demo/push", func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Body = io.NopCloser(strings.NewReader(body))
		if change != nil {
			change(r)
		}
	})
}

func TestDemoPushTellsTheRoom(t *testing.T) { // W4, SPEC 1
	s := newSite(t, false)
	w := s.push(`{"resourceId":"page:/patient/1","eventType":"lab.result","data":{"potassium":5.9}}`, nil)
	if w.Code != http.StatusAccepted || len(s.notified) != 1 || !strings.Contains(w.Body.String(), s.notified[0].Delivery) {
		t.Fatalf("%d %s, %v", w.Code, w.Body, s.notified)
	}
	n := s.notified[0]
	if n.Resource != (collab.Resource{Tenant: "default", ID: "page:/patient/1"}) || n.Source != "demo" || n.EventType != "lab.result" ||
		string(n.Data) != `{"potassium":5.9}` || n.Delivery == "" || n.OccurredAt.IsZero() {
		t.Errorf("the room is told %+v", n)
	}
	if s.push(`{"resourceId":"page:/patient/1"}`, nil); s.notified[1].EventType == "" || s.notified[1].Delivery == n.Delivery {
		t.Errorf("the room is told %+v", s.notified[1])
	}
	s.full = true
	if w := s.push(`{"resourceId":"page:/patient/1"}`, nil); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("a room that takes nothing: %d", w.Code)
	}
}

func TestDemoPushIsForTheDemoAlone(t *testing.T) { // SPEC 1
	s := newSite(t, false)
	const body = `{"resourceId":"page:/patient/1"}`
	refused := map[string]func(*http.Request){
		"a client elsewhere":   elsewhere,
		"a name pointed here":  func(r *http.Request) { r.Host = "evil.example:8080" },
		"a proxy":              func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") },
		"a form of a page":     func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
		"no content type":      func(r *http.Request) { r.Header.Del("Content-Type") },
		"a form, by its type":  func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
		"a body without sense": func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("[")) },
		"no resource":          func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{}")) },
		"a long event type": func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(`{"resourceId":"x","eventType":"` + strings.Repeat("x", 101) + `"}`))
		},
		"a large body": func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(`{"resourceId":"x","data":"` + strings.Repeat("x", 64<<10) + `"}`))
		},
	}
	for name, change := range refused {
		if w := s.push(body, change); w.Code != http.StatusForbidden && w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if len(s.notified) != 0 {
		t.Errorf("rooms were told %v", s.notified)
	}
	if w := newSite(t, true).push(body, nil); w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed {
		t.Errorf("production pushes: %d", w.Code)
	}
}
