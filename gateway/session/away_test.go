//go:build integration

package session_test

import (
	"encoding/json"
	"testing"
	"time"

	"corsia/shared/driver/drivertest/redistest"
	"corsia/tests/testkit"
)

// health returns the status of /health and of /health/ready, and what the first one says.
func (w *ward) health(t *testing.T) (health, ready int, status string) {
	t.Helper()
	health, _, body := w.HTTP(t, "GET", "/health", "", nil)
	ready, _, _ = w.HTTP(t, "GET", "/health/ready", "", nil)
	var v struct{ Status string }
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return health, ready, v.Status
}

func TestRequestsWaitForRedisAndEditingGoesOn(t *testing.T) { // F1, L8
	for name, frozen := range map[string]bool{"frozen": true, "killed": false} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			w := start(t, "STATE_URL", server.URL)
			anna, bruno := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1")
			gone := w.editor(t, "gone", "page:/1")
			if frozen {
				server.Freeze(t)
			} else {
				server.Kill()
			}
			begin := time.Now()
			lock := anna.Ask("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
			join := anna.Ask("JOIN_RESOURCE", fields{"resourceId": "page:/2", "mode": "editor"})
			next := anna.Ask("JOIN_RESOURCE", fields{"resourceId": "page:/3", "mode": "viewer"})
			sync := anna.Ask("Y_SYNC", fields{"resourceId": "page:/2"}) // nothing that follows a join may overtake it
			came := make(chan *testkit.Client, 1)
			go func() { came <- w.Connect(t, "carla") }()
			for range 10 {
				anna.OK("Y_UPDATE", fields{"resourceId": "page:/1", "update": []byte{0, 0}})
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("ten updates behind a lock and a join took %v", took)
			}
			gone.Disconnect()
			for _, c := range []*testkit.Client{anna, bruno} {
				if e := c.Next("DEGRADED"); e.Text("what") != "state" || time.Since(begin) > 5*time.Second {
					t.Errorf("told %v after %v", e, time.Since(begin))
				}
			}
			if health, ready, status := w.health(t); health != 200 || ready != 200 || status != "degraded" {
				t.Errorf("health %d %s, ready %d", health, status, ready)
			}
			time.Sleep(time.Until(begin.Add(5 * time.Second)))
			if frozen {
				server.Thaw(t)
			} else {
				server.Restart(t)
			}
			for what, answer := range map[string]func() fields{"lock": lock, "join": join, "next join": next, "sync": sync} {
				if got := answer(); got["ok"] != true {
					t.Errorf("the %s: %v", what, got)
				}
			}
			carla := <-came
			if took := time.Since(begin); took > 12*time.Second {
				t.Errorf("they waited for %v", took)
			}
			bruno.Next("RECOVERED")
			testkit.Eventually(t, 5*time.Second, "everybody who is there, and nobody else", func() bool {
				state := carla.OK("JOIN_RESOURCE", fields{"resourceId": "page:/1", "mode": "viewer"})
				users, _ := state["users"].([]any)
				return len(users) == 3
			})
		})
	}
}

func TestWithoutRedisForLongerClientsAreSentAwayAndComeBack(t *testing.T) { // F2, L8
	server := redistest.Start(t)
	w := start(t, "STATE_URL", server.URL, "REDIS_GRACE", "2s")
	anna := w.editor(t, "anna", "page:/1")
	server.Kill()
	begin := time.Now()
	if e, _ := anna.Ask("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})()["error"].(fields); e.Text("reason") != "lock_service_unavailable" {
		t.Errorf("the lock: %v", e)
	}
	if took := time.Since(begin); took < 2*time.Second || took > 5*time.Second {
		t.Errorf("it was refused after %v", took)
	}
	if e := anna.Next("SERVER_DRAINING"); e.Int("retryAfterMs") < 0 || e.Int("retryAfterMs") > 10_000 {
		t.Errorf("told %v", e)
	}
	if how := anna.Ended(); how != "1012" {
		t.Errorf("ended by %q", how)
	}
	if health, ready, status := w.health(t); health != 200 || ready != 503 || status != "degraded" {
		t.Errorf("health %d %s, ready %d", health, status, ready)
	}
	refused := w.Refused(t, testkit.Options{Token: w.Token("bruno")})
	data, _ := refused["data"].(fields)
	if refused.Text("message") != "UNAVAILABLE" || data.Int("retryAfterMs") < 1000 {
		t.Errorf("a new client: %v", refused)
	}
	server.Restart(t)
	testkit.Eventually(t, 40*time.Second, "ready again", func() bool {
		_, ready, status := w.health(t)
		return ready == 200 && status == "healthy"
	})
	w.editor(t, "bruno", "page:/1").OK("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
}
