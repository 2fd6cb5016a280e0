//go:build integration

package monitoring

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"corsia/tests/testkit"
)

// cloudWatchAlone are alarms that no rule of Prometheus can have: what they are about never reaches a gateway.
var cloudWatchAlone = []string{"FirewallBlocks"}

// alerts returns the severities of each alert.
func alerts(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, r := range rulesOf(t, "*.yml") {
		if r.Alert != "" && !slices.Contains(all[r.Alert], r.Labels["severity"]) {
			all[r.Alert] = append(all[r.Alert], r.Labels["severity"])
		}
	}
	return all
}

func TestO5EveryAlertHasItsRunbookAndTheListNamesIt(t *testing.T) {
	index := read(t, runbooks+"README.md")
	for alert, severities := range alerts(t) {
		file := runbookOf(alert)
		text := read(t, runbooks+file)
		if !strings.Contains(text, "`"+alert+"`") {
			t.Errorf("%s does not name %s", file, alert)
		}
		row := regexp.MustCompile(`(?m)^\| \[` + alert + `\]\(` + regexp.QuoteMeta(file) + `\) \| ([^|]+) \|`).FindStringSubmatch(index)
		if row == nil {
			t.Errorf("README.md does not list %s", alert)
			continue
		}
		for _, severity := range severities {
			if !strings.Contains(row[1], severity) {
				t.Errorf("README.md says that %s is %q, and it is %s", alert, row[1], severity)
			}
		}
	}
}

var (
	namesAlert = regexp.MustCompile("`((?:[A-Z][a-z]+){2,})`|\\[((?:[A-Z][a-z]+){2,})\\]\\(([^)]*)\\)")
	link       = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading    = regexp.MustCompile(`(?m)^#+ (.+)$`)
	command    = regexp.MustCompile("(?m)(?:^(?:    +|\\$ )(?:[A-Z_]+=\\S+ )*|`(?:[A-Z_]+=\\S+ )*)corsia((?: [a-z]+)*)((?: --?[a-z][a-z-]*(?: [^-\\s`][^\\s`]*)?)*)")
	flag       = regexp.MustCompile(` --?([a-z][a-z-]*)`)
	promQL     = regexp.MustCompile(`promtool query instant "\$PROM" '([^']+)'`)
)

func TestO5WhatARunbookCallsAnAlertIsOne(t *testing.T) {
	known := alerts(t)
	metrics := []string{"BackupFailed", "BackupLevel", "BlockedRequests"} // of CloudWatch
	for _, name := range files(t, runbooks+"*.md") {
		text := read(t, name)
		head, _, _ := strings.Cut(text, "\n## ") // where a runbook says what it is for
		for _, m := range namesAlert.FindAllStringSubmatch(text, -1) {
			alert := m[1] + m[2]
			is := known[alert] != nil || slices.Contains(cloudWatchAlone, alert)
			if m[2] != "" && (!is || m[3] != runbookOf(alert)) {
				t.Errorf("%s links %s to %s", name, alert, m[3])
			}
			if m[1] != "" && !is && !slices.Contains(metrics, alert) && strings.Contains(head, m[0]) {
				t.Errorf("%s names %s, which is no alert", name, alert)
			}
		}
	}
	for _, alarm := range cloudWatchAlone {
		if _, err := os.Stat(runbooks + runbookOf(alarm)); err != nil {
			t.Errorf("%s has no runbook: %v", alarm, err)
		}
	}
}

func TestO5TheRunbookOfAPageHasAllThatOneNeedsAtNight(t *testing.T) {
	older := []string{"audit-archive-missing.md", "backup-verification-failed.md", "webhook-source-misbehaves.md"} // have steps of their own form
	pages := []string{"disaster-recovery.md"}
	for _, alarm := range cloudWatchAlone {
		pages = append(pages, runbookOf(alarm))
	}
	for alert := range alerts(t) {
		pages = append(pages, runbookOf(alert))
	}
	for _, name := range pages {
		text := read(t, runbooks+name)
		parts := []string{"**When.**", "**Stop and call for help**", "\n## First five minutes\n", "\n## Verify\n", "\n## Roll back\n", "\n## Tell\n"}
		if slices.Contains(older, name) {
			parts = []string{"**Stop"}
		}
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no %q", name, part)
			}
		}
		if !regexp.MustCompile(`(?m)^(    +|\$ )[a-z]`).MatchString(text) {
			t.Errorf("%s has no command", name)
		}
	}
}

func TestO5LinksOfRunbooksResolve(t *testing.T) {
	for _, name := range files(t, runbooks+"*.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := filepath.Join(filepath.Dir(name), file)
			if file == "" {
				target = name
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", name, m[1])
			}
		}
	}
}

// anchors returns the fragments of a page's headings.
func anchors(page string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		kept := strings.Map(func(r rune) rune {
			if r == ' ' || r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, strings.ToLower(m[1]))
		all = append(all, strings.ReplaceAll(kept, " ", "-"))
	}
	return all
}

func TestO5TheCommandsOfRunbooksExist(t *testing.T) {
	t.Parallel()
	asked := map[string]string{} // what -help says
	found := 0
	for _, name := range files(t, runbooks+"*.md") {
		for _, m := range command.FindAllStringSubmatch(read(t, name), -1) {
			if m[1] == "" || strings.HasPrefix(m[1], " audit checkpoint") { // a service's name; the first line of a signed note
				continue
			}
			found++
			if _, known := asked[m[1]]; !known {
				out, errs, _ := testkit.Run(t, t.TempDir(), nil, append(strings.Fields(m[1]), "-help")...)
				asked[m[1]] = out + errs
			}
			if strings.Contains(asked[m[1]], "there is no command") {
				t.Errorf("%s: there is no corsia%s", name, m[1])
			}
			for _, f := range flag.FindAllStringSubmatch(m[2], -1) {
				if !regexp.MustCompile(`(?m)^ +-` + f[1] + `\b`).MatchString(asked[m[1]]) {
					t.Errorf("%s: corsia%s has no -%s", name, m[1], f[1])
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d commands were found", found)
	}
}
