package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/sqlite"
)

// written makes a record with one row in the journal.
func written(t *testing.T, path string, r collab.Resource) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	joined, err := db.Join(t.Context(), collab.Join{Resource: r, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan collab.Committed, 1)
	db.Append(collab.Batch{Resource: r, Expect: joined.Head, Entries: []collab.Entry{{Revision: joined.Head.Revision + 1, Update: []byte{1}, User: "usr_001", Session: "s_1", At: time.Now()}}}, done)
	if c := <-done; c.Err != nil {
		t.Fatal(c.Err)
	}
}

func TestARecordIsErasedWhenThatIsSaidTwice(t *testing.T) { // O7
	getenv := env(t)
	path := strings.TrimPrefix(getenv("STORE_URL"), "sqlite:")
	r := collab.Resource{Tenant: "default", ID: "page:/patient/1"}
	command := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, errs output
		if got := run(append([]string{"privacy", "erase"}, args...), getenv, &out, &errs); got != want {
			t.Fatalf("corsia privacy erase %v: status %d, want %d\n%s%s", args, got, want, out.String(), errs.String())
		}
		return out.String(), errs.String()
	}
	command(statusWrong, "-resource", string(r.ID)) // there is no store
	written(t, path, r)
	const why = "request of the person, file 17"
	for _, asked := range [][]string{{}, {"x"}, {"-resource", ""}, {"-resource", string(r.ID), "-yes"}, {"-resource", string(r.ID), "-yes", "-reason", "short"},
		{"-again"}, {"-again", "-yes"}, {"-again", "-trail-store", "sqlite:x"}, {"-again", "-yes", "-resource", "x", "-trail-store", "sqlite:x"},
		{"-resource", string(r.ID), "-trail-store", "sqlite:x"}, {"-resource", string(r.ID), "-tenant", "a b"}} {
		command(statusAsked, asked...)
	}
	if out, errs := command(statusRefused, "-resource", string(r.ID), "-reason", why); !strings.Contains(out, "would erase 1 rows of the journal (revisions 2 to 2)") || !strings.Contains(errs, "say -yes") {
		t.Errorf("without -yes: %s%s", out, errs)
	}
	if out, _ := command(0, "-resource", string(r.ID), "-reason", why, "-yes"); !strings.Contains(out, "erased 1 rows of the journal") || !strings.Contains(out, "at revision 2 in epoch 1") {
		t.Errorf("with -yes: %s", out)
	}
	for _, id := range []string{string(r.ID), "page:/patient/none"} {
		if out, _ := command(0, "-resource", id, "-reason", why, "-yes"); !strings.Contains(out, "nothing to erase") {
			t.Errorf("again: %s", out)
		}
	}

	// The backup, of before: a copy of which the trail does not know.
	restored := filepath.Join(t.TempDir(), "restored.db")
	written(t, restored, r)
	gatewayRan(t, getenv) // seals
	for _, want := range []string{"1 resources were erased again", "0 resources were erased again"} {
		if out, _ := command(0, "-again", "-yes", "-store-url", "sqlite:"+restored, "-trail-store", getenv("STORE_URL")); !strings.Contains(out, want) {
			t.Errorf("-again: %s, want %s", out, want)
		}
	}
}
