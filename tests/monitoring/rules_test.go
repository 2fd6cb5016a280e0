//go:build integration

package monitoring

import (
	"slices"
	"strings"
	"testing"
)

func TestO3PrometheusAcceptsItsConfigurationAndRules(t *testing.T) {
	t.Parallel()
	env := []string{"ENVIRONMENT=test", "RUNBOOKS=" + base}
	if out, err := output(t, env, "promtool", "check", "config", shipped+"prometheus/prometheus.yml"); err != nil || strings.Contains(out, "FAILED") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := output(t, nil, "promtool", append([]string{"check", "rules", "--lint-fatal"}, files(t, shipped+"prometheus/rules/*.yml")...)...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestO3EveryAlertFiresStaysQuietAndEnds(t *testing.T) {
	t.Parallel()
	if out, err := output(t, nil, "promtool", append([]string{"test", "rules"}, files(t, shipped+"prometheus/tests/*.yml")...)...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// quiet before, firing, quiet after: of each rule, told apart by the labels that it adds.
	type expected struct {
		Labels map[string]string `yaml:"exp_labels"`
	}
	type test struct {
		Alertname string
		Expected  []expected `yaml:"exp_alerts"`
	}
	fired := map[string]int{}
	for _, name := range files(t, shipped+"prometheus/tests/*.yml") {
		var file struct {
			Tests []struct {
				Alerts []test `yaml:"alert_rule_test"`
			}
		}
		decode(t, name, &file)
		for _, group := range file.Tests {
			a := group.Alerts
			if len(a) == 0 {
				continue // of expressions
			}
			if len(a) != 3 || len(a[0].Expected) != 0 || len(a[1].Expected) != 1 || len(a[2].Expected) != 0 || a[0].Alertname != a[1].Alertname || a[2].Alertname != a[1].Alertname {
				t.Errorf("%s: a test of %s is not: quiet, fires, quiet", name, a[0].Alertname)
				continue
			}
			l := a[1].Expected[0].Labels
			fired[a[1].Alertname+l["severity"]+l["proof"]]++
		}
	}
	for _, r := range rulesOf(t, "*.yml") {
		if r.Alert != "" && fired[r.Alert+r.Labels["severity"]+r.Labels["proof"]] == 0 {
			t.Errorf("no test sees %s %v fire", r.Alert, r.Labels)
		}
	}
}

func TestO3EveryAlertSaysWhatWhereHowMuchAndWhatToDo(t *testing.T) {
	for _, r := range rulesOf(t, "*.yml") {
		if r.Alert == "" {
			continue
		}
		for _, key := range []string{"summary", "instance", "current", "threshold", "duration", "runbook"} {
			if r.Annotations[key] == "" {
				t.Errorf("%s has no %s", r.Alert, key)
			}
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s is %q: no severity", r.Alert, r.Labels["severity"])
		}
		if want := "{{ $externalLabels.runbooks }}/docs/runbooks/" + runbookOf(r.Alert); r.Annotations["runbook"] != want {
			t.Errorf("%s links to %s, want %s", r.Alert, r.Annotations["runbook"], want)
		}
		if r.For != "" && r.Annotations["duration"] != r.For {
			t.Errorf("%s waits for %s and says %s", r.Alert, r.For, r.Annotations["duration"])
		}
	}
}

func TestO3EveryRuleOfTheSpecificationIsThere(t *testing.T) {
	there := map[string]bool{}
	for _, r := range rulesOf(t, "*.yml") {
		there[r.Alert+" "+r.Labels["severity"]] = true
	}
	for _, want := range []string{
		"ErrorRateHigh critical", "LatencyHigh critical", "LatencyRising warning", "ConnectionsMany info", "RedisFailing critical", "CpuHigh warning",
		"HealthChecksFailing critical", "AuthenticationFailures warning", "DatabaseErrors warning", "JournalLag warning", "UpdateNotCommitted critical",
		"AuditLag warning", "AuditArchiveMissing warning", "BackupVerificationFailed critical", "BackupVerificationFailed warning",
		"BreakerOpen critical", "BreakerOpen warning", "SlowConsumers warning", "DocumentQuarantined critical",
	} {
		if !there[want] {
			t.Errorf("there is no %s", want)
		}
	}
}

func TestO3AlertmanagerSendsEachSeverityWhereItBelongs(t *testing.T) {
	t.Parallel()
	config := shipped + "alertmanager/alertmanager.yml"
	if out, err := output(t, nil, "amtool", "check-config", config); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for labels, want := range map[string]string{
		"severity=critical": "critical", "severity=warning": "warning", "severity=info": "info", "alertname=Forgotten": "warning",
	} {
		if out, err := output(t, nil, "amtool", "config", "routes", "test", "--config.file="+config, "--verify.receivers="+want, labels); err != nil {
			t.Errorf("%s: %v\n%s", labels, err, out)
		}
	}
	var c struct {
		Receivers []struct {
			Name  string
			Pager []any            `yaml:"pagerduty_configs"`
			Slack []map[string]any `yaml:"slack_configs"`
		}
	}
	decode(t, config, &c)
	to := map[string]string{}
	for _, r := range c.Receivers {
		if len(r.Pager) > 0 {
			to[r.Name] = "PagerDuty "
		}
		for _, s := range r.Slack {
			to[r.Name] += s["channel"].(string)
		}
	}
	want := map[string]string{"critical": "PagerDuty #corsia-alerts", "warning": "#corsia-alerts", "info": "#corsia-low"}
	for name, where := range want {
		if to[name] != where {
			t.Errorf("%s goes to %q, want %q", name, to[name], where)
		}
	}
}
