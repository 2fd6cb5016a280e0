package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"corsia/tests/deploy/standin"
)

// site is what answers behind the load balancer: a gateway as far as it is tried from outside.
type site struct {
	*httptest.Server
	version string
	status  string
	refuse  bool // the socket
	blind   bool // without metrics
}

func newSite(t *testing.T) *site {
	s := &site{version: "2", status: "healthy"}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("X-Corsia-Colour") != "green":
		http.NotFound(w, r)
	case r.URL.Path == "/health":
		_ = json.NewEncoder(w).Encode(map[string]string{"status": s.status, "version": s.version})
	case r.URL.Path == "/metrics" && !s.blind:
		_, _ = w.Write([]byte("# TYPE websocket_connections_total gauge\nwebsocket_connections_total 0\n"))
	case r.URL.Path == "/ws/":
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		say := func(text string) { _ = conn.WriteMessage(websocket.TextMessage, []byte(text)) }
		say(`0{"sid":"a"}`)
		_, connect, _ := conn.ReadMessage()
		if s.refuse || string(connect) != `40{"token":"jwt"}` {
			say(`44{"message":"no"}`)
		} else {
			say("2")
			say(`40{"sid":"b"}`)
			say(`42["CONNECTED",{}]`)
		}
		_, _, _ = conn.ReadMessage() // it is theirs to close
	default:
		http.NotFound(w, r)
	}
}

// command runs deploy against a cloud.
func command(t *testing.T, c *standin.Cloud, url string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	for _, setting := range c.Env() {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	config, err := json.Marshal(Config{Environment: "test", Cluster: standin.Cluster, Services: map[Colour]string{Blue: standin.Service("blue"), Green: standin.Service("green")},
		Families: map[Colour]string{Blue: standin.Family("blue"), Green: standin.Family("green")}, Targets: map[Colour]string{Blue: standin.Target("blue"), Green: standin.Target("green")},
		Least: 2, Operations: Operations{Family: standin.Operations, Subnets: []string{"subnet-1"}}, Listener: standin.Listener, TargetGroups: map[Colour]string{Blue: standin.TargetGroup("blue"), Green: standin.TargetGroup("green")},
		Alarms: []string{"corsia-test-error-rate", "corsia-test-latency"}, URL: url, Header: "X-Corsia-Colour", Profile: "fast"})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "deploy.json")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	flags := []string{args[0], "-config", path, "-hold", "20ms", "-poll", "5ms"}
	status = run(t.Context(), append(flags, args[1:]...), func(name string) string {
		return map[string]string{"SMOKE_TOKEN": "jwt", "SLACK_WEBHOOK_URL": url + "/slack"}[name]
	}, &out, &errs)
	return out.String(), errs.String(), status
}

func TestAReleaseThroughTheSDKs_O2(t *testing.T) {
	c, s := standin.New(t, "corsia:1"), newSite(t)
	if _, stderr, status := command(t, c, s.URL, "run", "-image", "corsia:2", "-version", "2"); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	want := []string{"register corsia:2", "roll green to 2 of corsia:2", "weights 95 5", "weights 50 50", "weights 0 100"}
	if !slices.Equal(c.Log, want) || c.Sticky != "86400" {
		t.Errorf("it did %q, want %q; sticky for %q", c.Log, want, c.Sticky)
	}
	task := c.Tasks[c.Newest["green"]]
	kept, first := map[string]any{}, definition(c, "green")
	for key, value := range first { // all but the image is as it was
		if key != "containerDefinitions" && key != "taskDefinitionArn" && key != "revision" && key != "status" {
			kept[key] = value
		}
	}
	for key, value := range kept {
		if got, _ := json.Marshal(task[key]); !bytes.Equal(got, encoded(t, value)) {
			t.Errorf("%s of the task definition became %s, was %v", key, got, value)
		}
	}
	definition := task["containerDefinitions"].([]any)[0].(map[string]any)
	if definition["readonlyRootFilesystem"] != true || definition["secrets"] == nil || standin.Image(task, "xray") != "xray:3" {
		t.Errorf("the container became %v", definition)
	}
	blue := c.Services["blue"].Tags
	if blue[tagRole] != "standby" || blue["Project"] != "corsia" || c.Services["green"].Tags[tagRole] != "active" {
		t.Errorf("the tags are %v and %v", blue, c.Services["green"].Tags)
	}
	if c.Least["green"] != 2 || c.Least["blue"] != 2 {
		t.Errorf("the least numbers of tasks are %v", c.Least)
	}
	if until, err := time.Parse(time.RFC3339, blue[tagUntil]); err != nil || time.Until(until) > 30*time.Minute || time.Until(until) < 29*time.Minute {
		t.Errorf("the standby ends at %s", blue[tagUntil])
	}

	if stdout, _, status := command(t, c, s.URL, "status"); status != 0 || !strings.Contains(stdout, "green 100 %  2 of 2 tasks healthy  active     corsia:2") {
		t.Errorf("status %d: %s", status, stdout)
	}
	c.Log = nil
	if _, stderr, status := command(t, c, s.URL, "rollback"); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if want := []string{"weights 100 0", "roll green to 0 of corsia:2"}; !slices.Equal(c.Log, want) {
		t.Errorf("the roll-back did %q, want %q", c.Log, want)
	}
	if c.Least["green"] != 0 || c.Least["blue"] != 2 {
		t.Errorf("the least numbers of tasks are %v", c.Least)
	}
	if stdout, _, status := command(t, c, s.URL, "retire"); status != 0 || stdout != "nothing to retire\n" {
		t.Errorf("status %d: %s", status, stdout)
	}
}

// definition returns the first task definition of a side.
func definition(c *standin.Cloud, colour string) map[string]any {
	for arn, task := range c.Tasks {
		if strings.HasSuffix(arn, standin.Family(colour)+":1") {
			return task
		}
	}
	return nil
}

func TestATaskOfOperationsEndsWithItsStatus_O4(t *testing.T) {
	c, s := standin.New(t, "corsia:1"), newSite(t)
	if _, stderr, status := command(t, c, s.URL, "task", "drill", "-quiet"); status != 0 || len(c.Ran) != 1 || !slices.Equal(c.Ran[0], []string{"drill", "-quiet"}) {
		t.Fatalf("status %d, ran %q: %s", status, c.Ran, stderr)
	}
	c.Exit = 3
	if _, _, status := command(t, c, s.URL, "task", "drill"); status != 3 {
		t.Fatalf("status %d", status)
	}
	if _, _, status := command(t, c, s.URL, "task"); status != statusAsked {
		t.Fatalf("without a command: status %d", status)
	}
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsTriedBeforeClientsCome_O2(t *testing.T) {
	for name, spoil := range map[string]func(*site){
		"it is degraded":       func(s *site) { s.status = "degraded" },
		"it is the old one":    func(s *site) { s.version = "1" },
		"no socket gets in":    func(s *site) { s.refuse = true },
		"there are no metrics": func(s *site) { s.blind = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			p := &probe{url: s.URL, header: "X-Corsia-Colour", token: "jwt", version: "2", client: s.Client()}
			if err := p.Try(t.Context(), Green); err != nil {
				t.Fatal(err)
			}
			if err := p.Try(t.Context(), Blue); err == nil {
				t.Error("the other side was tried")
			}
			spoil(s)
			if err := p.Try(t.Context(), Green); err == nil {
				t.Error("it was found good")
			}
		})
	}
}

func TestAnAlarmThatDoesNotExistStopsARelease_O2(t *testing.T) {
	c, s := standin.New(t, "corsia:1"), newSite(t)
	delete(c.Alarms, "corsia-test-latency")
	if _, stderr, status := command(t, c, s.URL, "run", "-image", "corsia:2"); status != statusFailed || len(c.Log) > 0 || !strings.Contains(stderr, "corsia-test-latency") {
		t.Fatalf("status %d, did %q: %s", status, c.Log, stderr)
	}
}

func TestAListenerWithOtherGroupsIsNotTouched(t *testing.T) {
	c, s := standin.New(t, "corsia:1"), newSite(t)
	c.Weights = map[string]int{"blue": 0, "green": 0}
	if _, _, status := command(t, c, s.URL, "run", "-image", "corsia:2"); status != statusFailed || len(c.Log) > 0 {
		t.Fatalf("status %d, did %q", status, c.Log)
	}
}

func TestPeopleAreTold_O2(t *testing.T) {
	var mu sync.Mutex
	got := map[string]map[string]any{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body)
		mu.Lock()
		got[r.URL.Path] = body
		mu.Unlock()
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	var log bytes.Buffer
	p := &people{slack: server.URL + "/slack", pagerDuty: "routing", pagerURL: server.URL + "/pager", source: "corsia test", client: server.Client(), log: newLog(&log)}
	p.Tell(t.Context(), "It begins.", false)
	if got["/slack"]["text"] != "corsia test: It begins." || got["/pager"] != nil {
		t.Errorf("told %v", got)
	}
	p.Tell(t.Context(), "It was rolled back.", true)
	if payload, _ := got["/pager"]["payload"].(map[string]any); got["/pager"]["routing_key"] != "routing" || payload["summary"] != "It was rolled back." {
		t.Errorf("told %v", got)
	}
	server.Close()
	p.Tell(t.Context(), "Nobody hears.", true)
	if text := log.String(); !strings.Contains(text, "was not sent") || strings.Contains(text, server.URL) {
		t.Errorf("the log says %s", text)
	}
}

func TestAskedWrongly(t *testing.T) {
	c, s := standin.New(t, "corsia:1"), newSite(t)
	for _, args := range [][]string{{"run"}, {"walk"}, {"run", "-image", "x", "-profile", "slow"}} {
		if _, _, status := command(t, c, s.URL, args...); status != statusAsked {
			t.Errorf("%q: status %d", args, status)
		}
	}
	if status := run(t.Context(), nil, os.Getenv, &bytes.Buffer{}, &bytes.Buffer{}); status != statusAsked {
		t.Errorf("without a command: status %d", status)
	}
	if err := (&Config{Services: map[Colour]string{Blue: "a", Green: "a"}}).check(); err == nil || !strings.Contains(err.Error(), "blue and green are the same") {
		t.Errorf("got %v", err)
	}
}
