package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

func TestAnExportIsWrittenForItsOwnerAndAudited(t *testing.T) { // O7
	getenv := env(t)
	path := strings.TrimPrefix(getenv("STORE_URL"), "sqlite:")
	dir := t.TempDir()
	command := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, errs output
		if got := run(append([]string{"privacy"}, args...), getenv, &out, &errs); got != want {
			t.Fatalf("corsia privacy %v: status %d, want %d\n%s%s", args, got, want, out.String(), errs.String())
		}
		return out.String(), errs.String()
	}
	zipped, folder := filepath.Join(dir, "x.zip"), filepath.Join(dir, "y")
	command(1, "export", "-user", "usr_001", "-out", zipped) // there is no archive
	if err := os.Mkdir(strings.TrimPrefix(getenv("ARCHIVE_URL"), "file:"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, errs := command(1, "export", "-user", "usr_001", "-out", zipped); !strings.Contains(errs, "there is no store") {
		t.Errorf("without a store: %s", errs)
	}
	recorded(t, path, 3)
	for _, wrong := range [][]string{{"export"}, {"export", "-user", "a", "-resource", "b"}, {"export", "-user", "a", "-tenant", "a|b"}, {"export", "-user", "a", "x"}, {"export", "-x"},
		{"export", "-user", "a", "-format", "tar"}, {"export", "-user", "a", "-out", zipped, "-format", "folder"}, {"export", "-user", "a", "-out", folder, "-format", "zip"},
		{"export", "-resource", "a", "-no-text"}, {"x"}, {}} {
		command(2, wrong...)
	}
	if out, _ := command(0, "export", "-user", "usr_001", "-by", "usr_dpo", "-out", zipped); !strings.Contains(out, "      3 audit.ndjson") {
		t.Errorf("export: %s", out)
	}
	if info, err := os.Stat(zipped); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the export: %v, %v", info, err)
	}
	if _, errs := command(1, "export", "-user", "usr_001", "-out", zipped); !strings.Contains(errs, "is there already") {
		t.Errorf("over another: %s", errs)
	}
	command(0, "export", "-user", "usr_001", "-by", "usr_dpo", "-no-text", "-out", folder+"/")
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("beside the exports there is %v, %v", left, err)
	}
	events := pendingEvents(t, path, collab.Subject{Tenant: collab.DefaultTenant, User: "usr_dpo"})
	if len(events) != 2 || events[0].Type != audit.Exported || events[0].Details["user"] != "usr_001" || events[0].Details["count:audit"] != "3" || events[1].Details["text"] != "withheld" {
		t.Errorf("the trail has %+v", events)
	}
}
