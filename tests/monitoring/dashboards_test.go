//go:build integration

package monitoring

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/tests/testkit"
)

// dashboard is what of a dashboard can be held against the gateway.
type dashboard struct {
	UID, Title, Refresh string
	Panels              []panel
}

type panel struct {
	ID          int
	Type, Title string
	Datasource  struct{ UID string }
	Targets     []struct{ Expr string }
	GridPos     struct{ X, Y, W, H int }
}

func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	all := map[string]dashboard{}
	for _, name := range files(t, shipped+"grafana/dashboards/*.json") {
		var d dashboard
		if err := json.Unmarshal([]byte(read(t, name)), &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".json")] = d
	}
	return all
}

var (
	selector = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?`)
	grouping = regexp.MustCompile(`\b(by|without|on|ignoring)\s*\([^)]*\)`)
	span     = regexp.MustCompile(`\[[^]]*\]`)
	number   = regexp.MustCompile(`\b[0-9.]+([eE][0-9]+)?\b`)
)

// selectors returns what an expression asks of Prometheus: metrics with their matchers.
func selectors(expr string) []string {
	expr = number.ReplaceAllString(span.ReplaceAllString(grouping.ReplaceAllString(expr, ""), ""), "")
	var all []string
	for _, at := range selector.FindAllStringSubmatchIndex(expr, -1) {
		name, rest := expr[at[2]:at[3]], strings.TrimSpace(expr[at[1]:])
		if !strings.HasPrefix(rest, "(") && !slices.Contains([]string{"and", "or", "unless", "bool"}, name) {
			all = append(all, strings.TrimSpace(expr[at[0]:at[1]]))
		}
	}
	return all
}

func TestSelectorsOfAnExpression(t *testing.T) {
	for expr, want := range map[string][]string{
		`rooms`: {"rooms"},
		`histogram_quantile(0.99, sum by (instance, le) (rate(a_bucket{b=~"c|d (e)"}[5m]))) > 1e3 or on() f{g!="h"} and vector(0)`: {`a_bucket{b=~"c|d (e)"}`, `f{g!="h"}`},
		`time() - (max by (job) (x:y) > 0)`: {"x:y"},
	} {
		if got := selectors(expr); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

func TestO3EveryDashboardIsWholeAndRefreshesEveryTenSeconds(t *testing.T) {
	all := dashboards(t)
	for _, name := range []string{"sockets", "redis", "rabbitmq", "postgresql", "business"} {
		if all[name].UID != name {
			t.Errorf("%s has the uid %q", name, all[name].UID)
		}
	}
	for name, d := range all {
		if d.Refresh != "10s" {
			t.Errorf("%s refreshes every %q", name, d.Refresh)
		}
		ids := map[int]bool{}
		for i, p := range d.Panels {
			if p.Title == "" || p.Datasource.UID != "prometheus" || len(p.Targets) == 0 || ids[p.ID] {
				t.Errorf("%s: panel %d %q has no title, no data source, no query or another's id", name, p.ID, p.Title)
			}
			ids[p.ID] = true
			for _, o := range d.Panels[:i] {
				if g, h := p.GridPos, o.GridPos; g.X < h.X+h.W && h.X < g.X+g.W && g.Y < h.Y+h.H && h.Y < g.Y+g.H {
					t.Errorf("%s: %q lies over %q", name, p.Title, o.Title)
				}
			}
		}
	}
	kinds := map[string]string{}
	for _, p := range all["sockets"].Panels {
		kinds[p.Title] = p.Type
	}
	for title, kind := range map[string]string{"Active connections": "timeseries", "Messages a second": "timeseries", "Error rate": "timeseries", "P99 latency": "gauge"} {
		if kinds[title] != kind {
			t.Errorf("sockets: %s is %q, want %s", title, kinds[title], kind)
		}
	}
}

func TestO3GrafanaFindsItsDataSourceAndItsDashboards(t *testing.T) {
	var sources struct {
		Datasources []struct{ UID, Type, URL string }
	}
	decode(t, shipped+"grafana/provisioning/datasources/datasources.yml", &sources)
	if d := sources.Datasources; len(d) != 1 || d[0].UID != "prometheus" || d[0].Type != "prometheus" || d[0].URL != "http://prometheus.corsia.internal:9090" {
		t.Errorf("the data sources are %+v", d)
	}
	var providers struct {
		Providers []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	decode(t, shipped+"grafana/provisioning/dashboards/dashboards.yml", &providers)
	if p := providers.Providers; len(p) != 1 || p[0].Type != "file" || p[0].Options.Path != "/etc/grafana/dashboards" {
		t.Errorf("the providers are %+v", p)
	}
}

// work makes a gateway count: a join, an update, a lock, a refused client.
func work(t *testing.T, g *testkit.Gateway) {
	t.Helper()
	c := g.Connect(t, "usr_worker")
	c.OK("JOIN_RESOURCE", fields{"resourceId": "page:/worked", "mode": "editor"})
	c.OK("SEED", fields{"resourceId": "page:/worked", "values": fields{"notes": "some text"}})
	c.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/worked", "field": "notes"})
	g.Refused(t, testkit.Options{})
}

func TestO3EveryQueryAsksForWhatTheGatewayShows(t *testing.T) {
	t.Parallel()
	redis := testkit.StartRedis(t)
	g := testkit.Start(t, "STATE_URL="+redis.URL)
	w := startWatch(t, g)
	work(t, g)
	queries := map[string]string{} // of whom
	for name, d := range dashboards(t) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				queries[strings.ReplaceAll(target.Expr, "$instance", ".*")] = name + ": " + p.Title
			}
		}
	}
	recorded := map[string]bool{}
	for _, r := range rulesOf(t, "*.yml") {
		queries[r.Expr] = "rule " + r.Alert + r.Record
		recorded[r.Record] = true
	}
	for _, name := range files(t, runbooks+"*.md") {
		for _, m := range promQL.FindAllStringSubmatch(read(t, name), -1) {
			queries[m[1]] = filepath.Base(name)
		}
	}
	answer, err := http.Get(g.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	shown, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	within(t, time.Minute, "Prometheus has evaluated the rules", func() bool {
		n, err := w.query(`corsia:available:budget30d and on() count_over_time(up{job="gateway"}[1m]) >= 3`)
		return err == nil && n == 1
	})
	for expr, whose := range queries {
		if _, err := w.query(expr); err != nil {
			t.Errorf("%s: %s: %v", whose, expr, err)
		}
		for _, s := range selectors(expr) {
			name, _, _ := strings.Cut(s, "{")
			metric := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(strings.TrimSpace(name)) + `[ {]`)
			if name != "up" && !recorded[name] && !metric.Match(shown) {
				t.Errorf("%s: the gateway shows no %s", whose, name)
			}
			if n, err := w.query(s); err != nil || n == 0 {
				t.Errorf("%s: nothing is %s: %v", whose, s, err)
			}
		}
	}
	if t.Failed() {
		t.Logf("the gateway shows\n%.20000s", shown)
	}
}
