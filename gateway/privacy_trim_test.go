package main

import (
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/sqlite"
	"corsia/shared/ydoc"
)

// TestPrivacyTrimRemovesOldRowsAndTheTrailSaysSo ages a document, and runs a gateway before and after (O7).
func TestPrivacyTrimRemovesOldRowsAndTheTrailSaysSo(t *testing.T) {
	getenv := env(t)
	aged(t, strings.TrimPrefix(getenv("STORE_URL"), "sqlite:"), 6)
	gatewayRan(t, getenv) // covers the journal
	trim := func(want int, part string, args ...string) {
		t.Helper()
		var stdout, stderr output
		if status := privacyTrim(args, getenv, &stdout, &stderr); status != want || !strings.Contains(stdout.String()+stderr.String(), part) {
			t.Fatalf("status %d, want %d and %q: %s%s", status, want, part, stdout.String(), stderr.String())
		}
	}
	trim(2, "by default none are")
	trim(2, "at least 24h", "-older-than", "1h")
	trim(2, "no argument", "-older-than", "48h", "all")
	trim(2, "flag provided but not defined", "-all")
	trim(0, "Usage of", "-h")
	trim(1, "no such file", "-older-than", "48h", "-store-url", "sqlite:"+t.TempDir()+"/none.db")
	trim(0, "0 rows of 0 journals were removed", "-older-than", "200h")
	trim(0, "6 rows of 1 journals were removed", "-older-than", "48h", "-by", "dpo")
	trim(0, "0 rows of 0 journals were removed", "-older-than", "48h")
	gatewayRan(t, getenv) // seals what it recorded
	var stdout, stderr output
	if status := run([]string{"audit", "verify"}, getenv, &stdout, &stderr); status != 0 || !strings.Contains(stdout.String(), "6 rows of journals were removed, as they say") {
		t.Fatalf("status %d: %s%s", status, stdout.String(), stderr.String())
	}
	stdout.text.Reset()
	if status := run([]string{"audit", "export", "-actor", "dpo"}, getenv, &stdout, &stderr); status != 0 || !strings.Contains(stdout.String(), `"action":"journal_removed"`) {
		t.Fatalf("status %d: %s%s", status, stdout.String(), stderr.String())
	}
}

// aged makes a store with a document of n edits that are four days old, and its state.
func aged(t *testing.T, path string, n int64) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-96 * time.Hour).UTC().Truncate(time.Microsecond)
	r := collab.Resource{Tenant: "default", ID: "page:/aged"}
	if _, err := store.Join(t.Context(), collab.Join{Resource: r, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: at}); err != nil {
		t.Fatal(err)
	}
	doc := ydoc.New()
	b := collab.Batch{Resource: r, Expect: collab.Head{Revision: 1}}
	for revision := int64(2); revision <= n+1; revision++ {
		update, err := doc.Transact(7, func(e *ydoc.Edit) { e.InsertText("notes", 0, "word ") })
		if err != nil {
			t.Fatal(err)
		}
		b.Entries = append(b.Entries, collab.Entry{Revision: revision, Update: update, User: "usr_001", Session: "s_1", Clients: []collab.ClientID{7},
			Fields: []collab.Field{"notes"}, At: at})
	}
	done := make(chan collab.Committed, 1)
	store.Append(b, done)
	if c := <-done; c.Err != nil {
		t.Fatal(c.Err)
	}
	state, err := doc.EncodeState(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.SaveState(t.Context(), collab.State{Resource: r, Revision: n + 1, State: state, At: at}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}
