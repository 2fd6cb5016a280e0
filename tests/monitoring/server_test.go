//go:build integration

package monitoring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"corsia/shared/driver/drivertest/servertest"
	"corsia/tests/testkit"
)

// interval is how often the tests' Prometheus scrapes and evaluates. It is the one thing that is not as shipped (15 s), beside
// the addresses: ranges, waits, groups and routes are.
const interval = 2 * time.Second

const readyTime = 30 * time.Second // a program of ours starts in less than one

// watch is a Prometheus and an Alertmanager on private ports, and who they tell.
type watch struct {
	prometheus string // its URL
	told       *told
}

// told keeps what PagerDuty and Slack would have got.
type told struct {
	// Guarded by mu.
	mu    sync.Mutex
	pages []page
	slack []string
}

// page is what Alertmanager sends to PagerDuty (Events API v2).
type page struct {
	Key    string `json:"routing_key"`
	Action string `json:"event_action"` // trigger, resolve
	Dedup  string `json:"dedup_key"`
	Links  []struct {
		Href string `json:"href"`
	} `json:"links"`
	Payload struct {
		Summary  string            `json:"summary"`
		Severity string            `json:"severity"`
		Details  map[string]string `json:"custom_details"`
	} `json:"payload"`
	at time.Time
}

func (o *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	body := bytes.Buffer{}
	_, _ = body.ReadFrom(r.Body)
	if r.URL.Path != "/pagerduty" {
		o.slack = append(o.slack, body.String())
		return
	}
	p := page{at: time.Now()}
	if err := json.Unmarshal(body.Bytes(), &p); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	o.pages = append(o.pages, p)
	w.WriteHeader(http.StatusAccepted)
}

// find returns the first page that matches.
func (o *told) find(match func(page) bool) (page, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.pages {
		if match(p) {
			return p, true
		}
	}
	return page{}, false
}

// saidInSlack returns how many messages have the text.
func (o *told) saidInSlack(text string) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.slack {
		if strings.Contains(m, text) {
			n++
		}
	}
	return n
}

// start starts a program and waits until it is ready. It ends with the test.
func start(t *testing.T, ready, program string, args ...string) {
	t.Helper()
	out := &bytes.Buffer{}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "ENVIRONMENT=test", "RUNBOOKS="+base)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = out, out, servertest.EndWithUs(syscall.SIGKILL)
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s is missing: make services installs it: %v", program, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // an error means that it is gone
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", program, out)
		}
	})
	for end := time.Now().Add(readyTime); ; time.Sleep(20 * time.Millisecond) {
		if answer, err := http.Get(ready); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%s is not ready", program)
		}
	}
}

// startWatch starts both with the shipped files beside a gateway.
func startWatch(t *testing.T, g *testkit.Gateway) *watch {
	t.Helper()
	w := &watch{told: &told{}}
	receiver := http.Server{Addr: testkit.Port(t), Handler: w.told, ReadHeaderTimeout: time.Second}
	go func() { _ = receiver.ListenAndServe() }()
	t.Cleanup(func() { receiver.Close() })
	folder := t.TempDir()
	pager := testkit.Port(t)
	start(t, "http://"+pager+"/-/ready", "prometheus-alertmanager", "--config.file="+alertmanagerConfig(t, folder, "http://"+receiver.Addr),
		"--storage.path="+filepath.Join(folder, "alertmanager"), "--cluster.listen-address=", "--web.listen-address="+pager)
	own := testkit.Port(t)
	w.prometheus = "http://" + own
	start(t, w.prometheus+"/-/ready", "prometheus", "--config.file="+prometheusConfig(t, folder, strings.TrimPrefix(g.URL, "http://"), pager),
		"--enable-feature=expand-external-labels", "--storage.tsdb.path="+filepath.Join(folder, "prometheus"), "--web.listen-address="+own)
	return w
}

// alertmanagerConfig is the shipped one, with the addresses of PagerDuty and Slack here.
func alertmanagerConfig(t *testing.T, folder, receiver string) string {
	t.Helper()
	var c map[string]any
	decode(t, shipped+"alertmanager/alertmanager.yml", &c)
	global := c["global"].(map[string]any)
	global["pagerduty_url"] = receiver + "/pagerduty"
	global["slack_api_url_file"] = write(t, folder, "slack_url", []byte(receiver+"/slack"))
	key := write(t, folder, "pagerduty_key", []byte("the key"))
	for _, r := range c["receivers"].([]any) {
		for _, p := range list(r.(map[string]any)["pagerduty_configs"]) {
			p.(map[string]any)["routing_key_file"] = key
		}
	}
	c["templates"] = []string{absolute(t, shipped+"alertmanager/templates/*.tmpl")}
	return write(t, folder, "alertmanager.yml", encode(t, c))
}

// prometheusConfig is the shipped one, that finds gateway and Alertmanager here and does what it does every two seconds.
func prometheusConfig(t *testing.T, folder, gateway, alertmanager string) string {
	t.Helper()
	var c map[string]any
	decode(t, shipped+"prometheus/prometheus.yml", &c)
	global := c["global"].(map[string]any)
	global["scrape_interval"], global["scrape_timeout"], global["evaluation_interval"] = interval.String(), interval.String(), interval.String()
	c["rule_files"] = []string{absolute(t, shipped+"prometheus/rules/*.yml")}
	here := map[string]string{"gateway": gateway, "alertmanager": alertmanager}
	for _, s := range c["scrape_configs"].([]any) {
		job := s.(map[string]any)
		if address, ok := here[job["job_name"].(string)]; ok {
			delete(job, "dns_sd_configs")
			job["static_configs"] = []any{map[string]any{"targets": []string{address}}}
		}
	}
	c["alerting"].(map[string]any)["alertmanagers"] = []any{map[string]any{"static_configs": []any{map[string]any{"targets": []string{alertmanager}}}}}
	return write(t, folder, "prometheus.yml", encode(t, c))
}

func list(v any) []any {
	all, _ := v.([]any)
	return all
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	text, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, folder, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// query asks Prometheus and returns how many series there are.
func (w *watch) query(expr string) (series int, err error) {
	answer, err := http.Get(w.prometheus + "/api/v1/query?" + url.Values{"query": {expr}}.Encode())
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var a struct {
		Status, Error string
		Data          struct{ Result json.RawMessage }
	}
	if err := json.NewDecoder(answer.Body).Decode(&a); err != nil {
		return 0, err
	}
	if a.Status != "success" {
		return 0, fmt.Errorf("%s: %s", a.Status, a.Error)
	}
	var all []any
	err = json.Unmarshal(a.Data.Result, &all)
	return len(all), err
}
