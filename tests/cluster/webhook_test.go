//go:build integration

package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/shared/webhook"
	"corsia/tests/testkit"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// sources writes a file for WEBHOOK_SOURCES.
func sources(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sources.json")
	if err := os.WriteFile(path, []byte(`{"resource-updated": {"profile": "standard", "secrets": ["`+webhookSecret+`"]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return "WEBHOOK_SOURCES=" + path
}

// post sends a signed message to an instance. It returns the delivery id, and whether it was there before.
func post(t *testing.T, i *testkit.Instance, id, resource, data string) (delivery string, replayed bool) {
	t.Helper()
	status, header, answer := send(t, i, id, resource, data)
	var said struct{ DeliveryID string }
	if err := json.Unmarshal(answer, &said); err != nil || status != http.StatusAccepted || said.DeliveryID == "" {
		t.Fatalf("%s answers %d %s", i.ID, status, answer)
	}
	return said.DeliveryID, header.Get("Idempotent-Replayed") == "true"
}

func send(t *testing.T, i *testkit.Instance, id, resource, data string) (int, http.Header, []byte) {
	t.Helper()
	body := []byte(fmt.Sprintf(`{"resourceId":%q,"eventType":"lab.result","occurredAt":"2026-03-01T12:00:00Z","data":%s}`, resource, data))
	q, err := http.NewRequest(http.MethodPost, i.URL+"/api/webhooks/resource-updated", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	if err := webhook.Sign(q.Header, webhook.Standard, webhookSecret, id, time.Now(), body); err != nil {
		t.Fatal(err)
	}
	return i.Do(t, q)
}

func TestAWebhookReachesEveryoneInTheRoomOnceWithinASecond_W4(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Env: []string{sources(t)}})
	const resource = "page:/webhook/one"
	var people []*person
	for n := range 6 {
		people = append(people, join(t, at(c, n), fmt.Sprintf("usr_webhook_%d", n), resource))
	}
	stranger := join(t, at(c, 1), "usr_webhook_stranger", "page:/webhook/other")
	within(t, time.Second, "from the request to every widget", 12, func(n int) time.Duration {
		id := fmt.Sprintf("msg_%d", n)
		start := time.Now()
		delivery, _ := post(t, at(c, n), id, resource, fmt.Sprintf(`{"n":%d}`, n))
		for _, p := range people {
			e := p.Next("RESOURCE_UPDATED")
			data, _ := e["data"].(fields)
			if e.Text("deliveryId") != delivery || e.Text("resourceId") != resource || e.Text("source") != "resource-updated" || e.Text("eventType") != "lab.result" || data.Int("n") != int64(n) {
				t.Errorf("%s is told %v, want delivery %s", p.user, e, delivery)
			}
		}
		took := time.Since(start)
		for retry := range 3 { // whichever instance gets it
			if again, replayed := post(t, at(c, n+retry), id, resource, fmt.Sprintf(`{"n":%d}`, n)); again != delivery || !replayed {
				t.Errorf("retry %d is delivery %s, want %s again", retry, again, delivery)
			}
		}
		return took
	})
	time.Sleep(1500 * time.Millisecond) // a look at the inbox later
	for _, p := range append(people, stranger) {
		p.None("RESOURCE_UPDATED")
	}
	if status, _, answer := send(t, c.Instances[2], "msg_0", resource, `{"n":"another"}`); status != http.StatusUnprocessableEntity {
		t.Errorf("the id with another body: %d %s", status, answer)
	}
	c.Store(t).WaitAudit(12, "resource_id", resource, "WEBHOOK_RECEIVED")
}

func TestAWebhookIsToldWithoutTheBusAndAfterACrash_W4(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Proxied: true, Env: []string{sources(t)}})
	c.ExpectError(troubles...)
	const resource = "page:/webhook/faults"
	anna, bruno := join(t, c.Instances[0], "usr_webhook_anna", resource), join(t, c.Instances[1], "usr_webhook_bruno", resource)
	for _, i := range c.Instances {
		i.RabbitMQ.Cut()
	}
	start := time.Now()
	delivery, _ := post(t, c.Instances[2], "msg_bus", resource, `1`)
	for _, p := range []*person{anna, bruno} {
		if e := p.Next("RESOURCE_UPDATED"); e.Text("deliveryId") != delivery {
			t.Errorf("%s is told %v", p.user, e)
		}
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("without the bus it took %v", took)
	}
	for _, i := range c.Instances {
		i.RabbitMQ.Restore(t)
	}
	delivery, _ = post(t, c.Instances[2], "msg_crash", resource, `2`)
	c.Instances[2].Kill9() // it has answered: the others tell it, whatever it has done
	for _, p := range []*person{anna, bruno} {
		if e := p.Next("RESOURCE_UPDATED"); e.Text("deliveryId") != delivery {
			t.Errorf("%s is told %v", p.user, e)
		}
	}
	if again, replayed := post(t, c.Instances[0], "msg_crash", resource, `2`); again != delivery || !replayed {
		t.Errorf("the retry at another instance is delivery %s, %v", again, replayed)
	}
}

func TestARefusedWebhookLeavesNoTextAnywhere_W3_T6(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Instances: 1, Env: []string{sources(t)}})
	const marker = "marked-text-of-a-webhook"
	i := c.Instances[0]
	post(t, i, "msg_ok", "page:/webhook/marked", `"`+marker+`"`)
	for _, body := range []string{`{"data":"` + marker + `"}`, marker} {
		q, err := http.NewRequest(http.MethodPost, i.URL+"/api/webhooks/resource-updated?secret="+marker, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/json")
		status, _, answer := i.Do(t, q)
		if status != http.StatusUnauthorized || bytes.Contains(answer, []byte(marker)) {
			t.Errorf("not signed: %d %s", status, answer)
		}
		if err := webhook.Sign(q.Header, webhook.Standard, webhookSecret, "msg_"+fmt.Sprint(len(body)), time.Now(), []byte(body)); err != nil {
			t.Fatal(err)
		}
		if q.Body, err = q.GetBody(); err != nil {
			t.Fatal(err)
		}
		if status, _, answer = i.Do(t, q); status < 400 || status >= 500 || status == http.StatusUnauthorized || bytes.Contains(answer, []byte(marker)) {
			t.Errorf("wrong: %d %s", status, answer)
		}
	}
	c.Store(t).WaitAudit(4, "type", "WEBHOOK_REJECTED", "WEBHOOK_REJECTED")
	for _, line := range i.Log() {
		if strings.Contains(fmt.Sprint(line), marker) {
			t.Errorf("the log has it: %v", line)
		}
	}
	if _, _, metrics := i.HTTP(t, "GET", "/metrics", "", nil); bytes.Contains(metrics, []byte(marker)) {
		t.Error("the metrics have it")
	}
}
