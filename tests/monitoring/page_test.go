//go:build integration

package monitoring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/tests/testkit"
)

const (
	pageTime = time.Minute     // from the fault to the page (SPEC O3)
	overTime = 2 * time.Minute // from the end of the fault to the page's end: a range of a minute, the breaker's back-off, a group's interval
)

// within waits until something is so.
func within(t *testing.T, limit time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

func TestO3RedisAwayPagesWithinAMinuteWithItsRunbookAndEndsByItself(t *testing.T) {
	t.Parallel()
	redis := testkit.StartRedis(t)
	g := testkit.Start(t, "STATE_URL="+redis.URL)
	g.ExpectError("health: a dependency is away")
	g.ExpectError("health: a dependency stays away") // longer than REDIS_GRACE
	w := startWatch(t, g)
	c := g.Connect(t, "usr_watched")
	c.OK("JOIN_RESOURCE", fields{"resourceId": "page:/watched", "mode": "editor"})
	within(t, pageTime, "Prometheus knows that Redis answers", func() bool {
		n, err := w.query(`breaker_state{dependency="state"} == 0 and on() count_over_time(up{job="gateway"}[1m]) >= 2`)
		return err == nil && n == 1
	})

	redis.Kill()
	broken := time.Now()
	redisPage := func(action string) func() bool {
		return func() bool {
			_, found := w.told.find(func(p page) bool { return p.Action == action && strings.Contains(p.Payload.Summary, "RedisFailing") })
			return found
		}
	}
	within(t, pageTime, "the page", redisPage("trigger"))
	t.Logf("paged after %v", time.Since(broken).Round(time.Second))
	p, _ := w.told.find(func(p page) bool { return strings.Contains(p.Payload.Summary, "RedisFailing") })
	if p.Key != "the key" || p.Payload.Severity != "critical" || p.Payload.Summary != "RedisFailing (test)" {
		t.Errorf("the page is %+v", p)
	}
	address := strings.TrimPrefix(g.URL, "http://")
	if text := p.Payload.Details["alerts"]; !strings.Contains(text, "Redis fails for "+address) || !strings.Contains(text, "threshold 0 for at once") {
		t.Errorf("the page says %q", text)
	}
	if len(p.Links) != 1 || p.Links[0].Href != p.Payload.Details["runbook"] {
		t.Fatalf("the page links to %v", p.Links)
	}
	file, below := strings.CutPrefix(p.Links[0].Href, base)
	if _, err := os.Stat(filepath.Join(root, file)); !below || err != nil {
		t.Errorf("the page links to %s: %v", p.Links[0].Href, err)
	}
	within(t, 5*time.Second, "the message to Slack", func() bool { return w.told.saidInSlack("RedisFailing") > 0 })
	if w.told.saidInSlack(base+"/docs/runbooks/redis-failing.md") == 0 {
		t.Error("Slack got no link to the runbook")
	}

	redis.Restart(t)
	healed := time.Now()
	within(t, overTime, "the page's end", redisPage("resolve"))
	t.Logf("over after %v", time.Since(healed).Round(time.Second))
	if _, found := w.told.find(func(p page) bool {
		return strings.Contains(p.Payload.Summary, "BreakerOpen") && p.Payload.Details["runbook"] != ""
	}); found {
		t.Error("two pages say the same: BreakerOpen of state is kept quiet by RedisFailing")
	}
}
