package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A ward without a server loses data too: all commands on one file.
func TestAnEmbeddedStoreIsBackedUpCheckedDrilledAndRestored(t *testing.T) { // O4, D8
	getenv := env(t)
	dir := filepath.Dir(strings.TrimPrefix(getenv("STORE_URL"), "sqlite:"))
	recorded(t, strings.TrimPrefix(getenv("STORE_URL"), "sqlite:"), 5)
	gatewayRan(t, getenv)
	command := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, errs output
		if got := run(args, getenv, &out, &errs); got != want {
			t.Fatalf("corsia %v: status %d, want %d\n%s%s", args, got, want, out.String(), errs.String())
		}
		return out.String(), errs.String()
	}
	if _, errs := command(1, "backup", "check"); !strings.Contains(errs, "no backup") {
		t.Errorf("without a backup: %s", errs)
	}
	if out, _ := command(0, "backup", "-prune"); !strings.HasPrefix(out, "backup 2") || !strings.Contains(out, "level 2; 0 old ones deleted") || strings.Count(out, "\n") != 1 {
		t.Errorf("backup: %s", out)
	}
	if out, _ := command(0, "backup", "list"); !strings.Contains(out, "sqlite") {
		t.Errorf("list: %s", out)
	}
	command(0, "backup", "check")
	if out, errs := command(0, "drill"); !strings.Contains(out, "verified: level 5") || !strings.Contains(out, "RPO by the dump") || !strings.Contains(errs, "download: 100%") {
		t.Errorf("drill: %s%s", out, errs)
	}
	to := "sqlite:" + filepath.Join(dir, "restored.db")
	if out, _ := command(0, "restore", "-quiet", "-to", to); !strings.Contains(out, "epoch 2 is open") {
		t.Errorf("restore: %s", out)
	}
	if _, errs := command(3, "restore", "-quiet", "-to", to); !strings.Contains(errs, "refused") {
		t.Errorf("restored twice: %s", errs)
	}
	if _, errs := command(3, "restore", "-quiet", "-to", getenv("STORE_URL")); !strings.Contains(errs, "refused") {
		t.Errorf("restored over the store: %s", errs)
	}
	dumps, err := filepath.Glob(filepath.Join(dir, "archive/backups/*/corsia.db.gz"))
	if err != nil || len(dumps) != 1 {
		t.Fatalf("dumps: %v, %v", dumps, err)
	}
	if err := os.Truncate(dumps[0], 100); err != nil {
		t.Fatal(err)
	}
	if out, _ := command(1, "drill", "-quiet"); !strings.Contains(out, "NOT VERIFIED: level 1") {
		t.Errorf("drill of a damaged one: %s", out)
	}
	for _, asked := range [][]string{{"backup", "x"}, {"backup", "-x"}, {"restore"}, {"drill", "x"}, {"restore", "-to", to, "-checkpoint", "none"}} {
		command(2, asked...)
	}
}
