package httpapi

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"corsia/shared/webhook"
)

func (s *site) Receive(_ context.Context, q webhook.Request) webhook.Answer {
	s.received = append(s.received, q)
	return webhook.Answer{Status: http.StatusAccepted, Header: http.Header{"X-Answer": {"yes"}}, Body: []byte("taken")}
}

func TestEveryRequestOfAWebhookSourceIsJudgedByTheReceiver(t *testing.T) { // W1, W3
	s := newSite(t, true)
	for _, method := range []string{"GET", "POST", "DELETE"} {
		w := s.get(method, "/api/webhooks/resource-updated", func(r *http.Request) {
			elsewhere(r)
			r.Header.Set("Webhook-Id", "msg_1")
			r.Body = io.NopCloser(strings.NewReader("body"))
		})
		if w.Code != http.StatusAccepted || w.Header().Get("X-Answer") != "yes" || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Body.String() != "taken" {
			t.Errorf("%s: %d %v %s", method, w.Code, w.Header(), w.Body)
		}
		q := s.received[len(s.received)-1]
		body, err := io.ReadAll(q.Body)
		if q.Method != method || q.Source != "resource-updated" || q.Address != "192.0.2.1" || q.Header.Get("Webhook-Id") != "msg_1" || string(body) != "body" || err != nil {
			t.Errorf("%s is judged as %+v", method, q)
		}
	}
}
