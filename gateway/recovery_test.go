package main

import (
	"encoding/json"
	"strings"
	"testing"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/sqlite"
)

// pendingEvents returns the events of a store that are not chained yet, the oldest first.
func pendingEvents(t *testing.T, path string, of collab.Subject) (events []audit.Event) {
	t.Helper()
	b, err := sqlite.OpenBackup(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	err = b.ReadSubject(t.Context(), of, func(s *sqlite.Subject) error {
		return s.Pending(t.Context(), func(r collab.AuditRow) error {
			e, err := audit.Parse(r.Body)
			events = append(events, e)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestARecoveryIsOpenedAndClosedByHandAndAudited(t *testing.T) { // D8, T1
	getenv := env(t)
	path := strings.TrimPrefix(getenv("STORE_URL"), "sqlite:")
	command := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, errs output
		if got := run(append([]string{"recovery"}, args...), getenv, &out, &errs); got != want {
			t.Fatalf("corsia recovery %v: status %d, want %d\n%s%s", args, got, want, out.String(), errs.String())
		}
		return out.String(), errs.String()
	}
	command(1, "list") // there is no store
	recorded(t, path, 1)
	const why = "disk failed, incident 7"
	if _, errs := command(2, "open", "-all", "-reason", why); !strings.Contains(errs, "never restored") {
		t.Errorf("a store that was not restored: %s", errs)
	}
	tamper(t, path, "INSERT INTO audit_epochs (epoch, opened_at) VALUES (2, 0), (3, 0)")
	for _, wrong := range [][]string{{"open", "-all"}, {"open", "-reason", why}, {"open", "-all", "-tenant", "a", "-reason", why}, {"open", "-tenant", "a|b", "-reason", why},
		{"open", "-all", "-reason", why, "-for", "5h"}, {"open", "-all", "-reason", why, "-for", "59s"}, {"open", "-all", "-reason", "short"}, {"open", "-all", "-reason", why, "-epoch", "2"},
		{"open", "x"}, {"close"}, {"list", "x"}, {"again"}, {"open", "-all", "-for", "soon"}} {
		command(2, wrong...)
	}
	if out, _ := command(0, "list"); out != "documents are of epoch 2; open: 0\n" {
		t.Errorf("list: %s", out)
	}
	if out, _ := command(0, "open", "-all", "-for", "30m", "-reason", why, "-by", "usr_dba"); !strings.Contains(out, "epoch 1 of every tenant") {
		t.Errorf("open: %s", out)
	}
	command(0, "open", "-tenant", "a", "-reason", why, "-epoch", "0", "-by", "usr_dba")
	if out, _ := command(0, "list"); !strings.Contains(out, "open: 2\nepoch 1 of every tenant") || !strings.Contains(out, "epoch 0 of tenant a") || !strings.Contains(out, "by usr_dba: "+why) {
		t.Errorf("list: %s", out)
	}
	if _, errs := command(1, "close", "-tenant", "b"); !strings.Contains(errs, "nothing is open") {
		t.Errorf("close: %s", errs)
	}
	command(0, "close", "-all", "-by", "usr_dba")
	command(0, "close", "-tenant", "a", "-by", "usr_dba")
	if out, _ := command(0, "list"); !strings.Contains(out, "open: 0") {
		t.Errorf("list: %s", out)
	}
	for tenant, all := range map[collab.Tenant]string{collab.DefaultTenant: "all", "a": ""} {
		events := pendingEvents(t, path, collab.Subject{Tenant: tenant, User: "usr_dba"})
		if len(events) != 2 || events[0].Details["action"] != "recovery opened" || events[0].Reason != why || events[0].Details["minutes"] != "30" ||
			events[0].Details["tenants"] != all || events[1].Details["action"] != "recovery closed" || events[1].Type != audit.AdminAction {
			text, _ := json.Marshal(events)
			t.Errorf("the trail of %s has %s", tenant, text)
		}
	}
}
