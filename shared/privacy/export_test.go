package privacy_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/folder"
	"corsia/shared/driver/sqlite"
	"corsia/shared/obs"
	"corsia/shared/privacy"
	"corsia/shared/ydoc"
)

// clinic is a store with a trail and an archive.
type clinic struct {
	t        *testing.T
	path     string
	db       *sqlite.DB
	objects  *folder.Folder
	recorder *audit.Recorder
	docs     map[collab.Resource]*ydoc.Doc
	heads    map[collab.Resource]collab.Head
	clients  map[collab.Resource]map[collab.UserID]collab.ClientID
}

const ward collab.ResourceID = "page:/ward/../../1"

func newClinic(t *testing.T) *clinic {
	t.Helper()
	c := &clinic{t: t, path: filepath.Join(t.TempDir(), "corsia.db"), docs: map[collab.Resource]*ydoc.Doc{}, heads: map[collab.Resource]collab.Head{},
		clients: map[collab.Resource]map[collab.UserID]collab.ClientID{}, recorder: audit.NewRecorder("i_1", obs.NewLogger(bytes.NewBuffer(nil), nil))}
	var err error
	if c.db, err = sqlite.Open(t.Context(), c.path, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.db.Close() })
	if c.objects, err = folder.Open(filepath.Join(t.TempDir(), "archive")); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *clinic) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// write lets a user write under the user's own client id, or under author's when what a restore lost is given back.
func (c *clinic) write(r collab.Resource, user, author collab.UserID, edit func(*ydoc.Edit)) {
	c.t.Helper()
	if c.docs[r] == nil {
		c.docs[r], c.clients[r] = ydoc.New(), map[collab.UserID]collab.ClientID{}
	}
	for _, who := range []collab.UserID{author, user} {
		if c.clients[r][who] == 0 {
			joined, err := c.db.Join(c.t.Context(), collab.Join{Resource: r, Type: "patient_record", User: who, Session: collab.SessionID("s_" + who), Mode: collab.Editor, At: time.Now()})
			c.must(err)
			c.heads[r], c.clients[r][who] = joined.Head, joined.Client
		}
	}
	client := c.clients[r][author]
	text, err := c.docs[r].Transact(ydoc.ClientID(client), edit)
	c.must(err)
	done := make(chan collab.Committed, 1)
	c.db.Append(collab.Batch{Resource: r, Expect: c.heads[r], Entries: []collab.Entry{{Revision: c.heads[r].Revision + 1, Update: text, User: user,
		Session: collab.SessionID("s_" + user), Clients: []collab.ClientID{client}, Fields: []collab.Field{"notes"}, At: time.Now()}},
		Bind: []collab.Owner{{Client: client, User: author, Session: collab.SessionID("s_" + author), Used: true}}}, done)
	out := <-done
	c.must(out.Err)
	c.heads[r] = out.Head
}

func (c *clinic) record(events ...audit.Event) {
	c.t.Helper()
	for _, e := range events {
		c.must(c.db.Record(c.t.Context(), c.recorder.Row(e)))
	}
}

// seal chains what is pending.
func (c *clinic) seal() {
	c.t.Helper()
	c.must(audit.NewSealer(c.db, obs.NewLogger(bytes.NewBuffer(nil), nil), time.Now).Seal(c.t.Context()))
}

// export makes an export, and returns it by file.
func (c *clinic) export(s collab.Subject, objects audit.Objects, change ...func(*privacy.Export)) (map[string]string, privacy.Counts, error) {
	c.t.Helper()
	b, err := sqlite.OpenBackup(c.t.Context(), c.path)
	c.must(err)
	defer b.Close()
	to := c.t.TempDir()
	e := &privacy.Export{Subject: s, By: "usr_dpo", At: time.Now(), Archive: objects}
	for _, f := range change {
		f(e)
	}
	var counts privacy.Counts
	err = b.ReadSubject(c.t.Context(), s, func(from *sqlite.Subject) (err error) {
		counts, err = e.Write(c.t.Context(), from, to)
		return err
	})
	files := map[string]string{}
	c.must(filepath.WalkDir(to, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			c.t.Errorf("%s can be read by others", path)
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(to, path)
		files[name] = string(content)
		return err
	}))
	return files, counts, err
}

func lines(t *testing.T, text string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, one)
	}
	return all
}

func typing(field, text string) func(*ydoc.Edit) {
	return func(e *ydoc.Edit) { e.InsertText(field, 0, text) }
}

const anna, bruno collab.UserID = "usr_anna/../x", "usr_bruno"

func TestO7AUserGetsAllThatTheUserWroteAndNothingOfOthers(t *testing.T) {
	c := newClinic(t)
	r, other := collab.Resource{Tenant: "a", ID: ward}, collab.Resource{Tenant: "b", ID: ward}
	c.write(r, anna, anna, typing("notes", "ANNA-ONE "))
	c.write(r, bruno, bruno, typing("notes", "BRUNO-ONE "))
	c.write(r, anna, anna, func(e *ydoc.Edit) {
		e.InsertText("notes", 10, "ANNA-ERASED ")
		e.SetMap("values", "given", "ANNA-VALUE")
	})
	c.write(r, bruno, anna, typing("plan", "ANNA-BY-BRUNO"))
	c.write(r, anna, bruno, typing("plan", "BRUNO-BY-ANNA "))
	c.write(r, bruno, bruno, func(e *ydoc.Edit) { e.DeleteText("notes", 10, 12) })
	c.write(other, anna, anna, typing("notes", "ELSEWHERE"))
	files, counts, err := c.export(collab.Subject{Tenant: "a", User: anna}, nil)
	c.must(err)
	all := strings.Join([]string{files["updates.ndjson"], files["contributions.ndjson"]}, "")
	for _, marker := range []string{"ANNA-ONE", "ANNA-ERASED", "ANNA-VALUE", "ANNA-BY-BRUNO"} {
		if !strings.Contains(all, marker) {
			t.Errorf("the export lacks %s", marker)
		}
	}
	for name, content := range files {
		if strings.Contains(content, "BRUNO-") || strings.Contains(content, "ELSEWHERE") {
			t.Errorf("%s has what is not Anna's: %s", name, content)
		}
	}
	if strings.Contains(files["contributions.ndjson"], "ANNA-ERASED") || !strings.Contains(files["contributions.ndjson"], `"deletedUnits":12`) {
		t.Errorf("the document has what was deleted: %s", files["contributions.ndjson"])
	}
	var fields []string
	others := 0.0
	for _, line := range lines(t, files["updates.ndjson"]) {
		for _, p := range line["inserted"].([]any) {
			fields = append(fields, p.(map[string]any)["field"].(string))
		}
		if n, ok := line["others"].(float64); ok {
			others += n
		}
		if line["update"] != nil {
			t.Error("an update as a whole, which may hold what others wrote")
		}
	}
	if want := []string{"notes", "notes", "values/given", "plan"}; !slices.Equal(fields, want) || others != 1 || counts["updates.ndjson"] != 4 {
		t.Errorf("fields %q, %v pieces of others in %d updates", fields, others, counts["updates.ndjson"])
	}
	if !strings.Contains(files["README.txt"], `user "usr_anna/../x" of tenant "a"`) || files["clients.ndjson"] == "" {
		t.Errorf("README %s", files["README.txt"])
	}
}

func TestO7WhatAUserTypedCanBeWithheld(t *testing.T) {
	c := newClinic(t)
	c.write(collab.Resource{Tenant: "a", ID: ward}, anna, anna, func(e *ydoc.Edit) { e.InsertText("notes", 0, "SECRET-é"); e.SetMap("values", "given", "SECRET") })
	withhold := func(e *privacy.Export) { e.NoText = true }
	files, _, err := c.export(collab.Subject{Tenant: "a", User: anna}, nil, withhold)
	c.must(err)
	for name, content := range files {
		if strings.Contains(content, "SECRET") {
			t.Errorf("%s has text: %s", name, content)
		}
	}
	if !strings.Contains(files["updates.ndjson"], `"length":8`) || !strings.Contains(files["contributions.ndjson"], `"length":1`) || !strings.Contains(files["README.txt"], "withheld") {
		t.Errorf("updates %s, contributions %s", files["updates.ndjson"], files["contributions.ndjson"])
	}
	if _, _, err := c.export(collab.Subject{Tenant: "a", Resource: ward}, nil, withhold); !errors.Is(err, privacy.ErrNoText) {
		t.Errorf("a record without its text: %v", err)
	}
}

func TestO7AJournalWithoutItsFirstRowsIsExportedWithWhatTheyWere(t *testing.T) { // D3
	c := newClinic(t)
	r := collab.Resource{Tenant: "a", ID: ward}
	c.write(r, anna, anna, typing("notes", "ANNA-ERASED "))
	c.write(r, bruno, bruno, typing("plan", "BRUNO-PLAN"))
	base, err := c.docs[r].EncodeState(nil)
	c.must(err)
	c.write(r, anna, anna, func(e *ydoc.Edit) { e.DeleteText("notes", 0, 12) })
	c.trim(r, base, 3)
	files, counts, err := c.export(collab.Subject{Tenant: "a", User: anna}, nil)
	c.must(err)
	if counts["updates.ndjson"] != 1 || !strings.Contains(files["base.ndjson"], "ANNA-ERASED") || strings.Contains(files["base.ndjson"], "BRUNO") {
		t.Errorf("updates %s, base %s", files["updates.ndjson"], files["base.ndjson"])
	}
	files, _, err = c.export(collab.Subject{Tenant: "a", Resource: ward}, nil)
	c.must(err)
	if !strings.Contains(files["documents/base.json"], "ANNA-ERASED") || !strings.Contains(files["documents/base.json"], `"revision": 3`) || files["documents/base.yjs"] != string(base) {
		t.Errorf("base %s", files["documents/base.json"])
	}
}

// trim removes the rows of a journal up to a revision, and keeps what they amount to.
func (c *clinic) trim(r collab.Resource, base []byte, revision int64) {
	c.t.Helper()
	state, err := c.docs[r].EncodeState(nil)
	c.must(err)
	if _, err := c.db.SaveState(c.t.Context(), collab.State{Resource: r, Revision: c.heads[r].Revision, State: state, At: time.Now()}); err != nil {
		c.t.Fatal(err)
	}
	db, err := sql.Open("sqlite", c.path)
	c.must(err)
	defer db.Close()
	for _, s := range []struct {
		text string
		args []any
	}{
		{"CREATE TABLE IF NOT EXISTS yjs_bases (tenant TEXT, resource_id TEXT, revision INTEGER, state BLOB, last_at INTEGER, made_at INTEGER)", nil},
		{"INSERT INTO yjs_bases (tenant, resource_id, revision, state, last_at, made_at) VALUES (?, ?, ?, ?, 0, 0)", []any{r.Tenant, r.ID, revision, base}},
		{"DELETE FROM yjs_revisions WHERE revision <= ?", []any{revision}},
		{"DELETE FROM yjs_updates WHERE revision <= ?", []any{revision}},
	} {
		_, err := db.ExecContext(c.t.Context(), s.text, s.args...)
		c.must(err)
	}
}

func TestO7ARecordIsExportedWhole(t *testing.T) {
	c := newClinic(t)
	r := collab.Resource{Tenant: "a", ID: ward}
	c.write(r, anna, anna, func(e *ydoc.Edit) { e.InsertText("notes", 0, "one <b> & two"); e.SetMap("values", "given", true) })
	c.write(r, bruno, bruno, typing("plan", "rest"))
	files, counts, err := c.export(collab.Subject{Tenant: "a", Resource: ward}, nil)
	c.must(err)
	var content struct {
		Fields, Values map[string]any
		Revision       int64
	}
	c.must(json.Unmarshal([]byte(files["documents/1.json"]), &content))
	if content.Fields["notes"] != "one <b> & two" || content.Fields["plan"] != "rest" || content.Values["given"] != true || content.Revision != 3 {
		t.Errorf("the document is %+v", content)
	}
	doc, err := ydoc.Load([]byte(files["documents/1.yjs"]))
	c.must(err)
	if err := ydoc.Equal(doc, c.docs[r]); err != nil {
		t.Errorf("the document as Yjs reads it: %v", err)
	}
	again := ydoc.New()
	for _, line := range lines(t, files["updates.ndjson"]) {
		var text []byte
		c.must(json.Unmarshal([]byte(`"`+line["update"].(string)+`"`), &text))
		c.must(again.ApplyUpdate(text))
		if user := line["inserted"].([]any)[0].(map[string]any)["user"]; user != line["user"] {
			t.Errorf("what %v sent was written by %v", line["user"], user)
		}
	}
	if err := ydoc.Equal(again, c.docs[r]); err != nil || counts["updates.ndjson"] != 2 {
		t.Errorf("the journal is another document: %v", err)
	}
}

func TestO7ADamagedDocumentIsExportedAsFarAsItCanBeRead(t *testing.T) { // F8
	c := newClinic(t)
	r := collab.Resource{Tenant: "a", ID: ward}
	c.write(r, anna, anna, typing("notes", "ANNA-ONE"))
	done := make(chan collab.Committed, 1)
	c.db.Append(collab.Batch{Resource: r, Expect: c.heads[r], Entries: []collab.Entry{{Revision: c.heads[r].Revision + 1, Update: []byte{9, 9, 9}, User: anna, At: time.Now()}}}, done)
	c.must((<-done).Err)
	for _, s := range []collab.Subject{{Tenant: "a", User: anna}, {Tenant: "a", Resource: ward}} {
		files, counts, err := c.export(s, nil)
		c.must(err)
		if !strings.Contains(files["updates.ndjson"], "ANNA-ONE") || !strings.Contains(files["updates.ndjson"], `"damaged":true`) || counts["updates.ndjson"] != 2 {
			t.Errorf("updates %s", files["updates.ndjson"])
		}
		if content := files["documents/1.json"] + files["contributions.ndjson"]; !strings.Contains(content, "revision 3") || !strings.Contains(content, "ANNA-ONE") {
			t.Errorf("content %s", content)
		}
	}
}

func TestO7EventsOfOthersNameThemAndNoMore(t *testing.T) {
	c := newClinic(t)
	broken := audit.Event{Type: audit.LockBroken, Tenant: "a", Actor: bruno, Role: "SURGEON", Session: "S-BRUNO", Address: "10.9.9.9", Resource: ward, Reason: "urgent",
		Details: map[string]string{"holder": string(anna)}}
	own := audit.Event{Type: audit.UserConnected, Tenant: "a", Actor: anna, Role: "NURSE", Session: "S-ANNA", Address: "10.1.1.1"}
	c.record(broken, own)
	c.seal()
	c.record(broken, own, audit.Event{Type: audit.UserConnected, Tenant: "b", Actor: anna, Address: "10.7.7.7"})
	files, counts, err := c.export(collab.Subject{Tenant: "a", User: anna}, nil)
	c.must(err)
	for _, name := range []string{"audit.ndjson", "audit-fhir.ndjson"} {
		text := files[name]
		if counts[name] != 4 || strings.Count(text, "10.1.1.1") != 2 || strings.Count(text, string(bruno)) != 2 {
			t.Errorf("%s has %d events: %s", name, counts[name], text)
		}
		for _, of := range []string{"10.9.9.9", "SURGEON", "S-BRUNO", "10.7.7.7"} {
			if strings.Contains(text, of) {
				t.Errorf("%s has %s: %s", name, of, text)
			}
		}
	}
	whole := 0
	for line := range strings.Lines(files["audit.ndjson"]) {
		row, err := audit.ParseLine([]byte(line))
		if err == nil && audit.Leaf(row.Body) == row.Leaf {
			whole++ // who has the file can verify it
		} else if !strings.Contains(line, `"withheld"`) && !strings.Contains(line, `"pending"`) {
			t.Errorf("a line that does not verify: %s", line)
		}
	}
	if whole != 1 {
		t.Errorf("%d lines verify, want 1", whole)
	}
}

func TestO7EventsThatLeftTheStoreComeFromTheArchive(t *testing.T) {
	c := newClinic(t)
	long := time.Now().Add(-4 * 24 * time.Hour)
	for n := range 4 {
		row := c.recorder.Row(audit.Event{Type: audit.UserConnected, Tenant: []collab.Tenant{"a", "a", "a", "b"}[n], Actor: []collab.UserID{anna, bruno, anna, anna}[n], Address: "OLD"})
		e, err := audit.Parse(row.Body)
		c.must(err)
		e.RecordedAt = long
		c.must(c.db.Record(c.t.Context(), e.Row()))
	}
	c.seal()
	done, err := audit.NewArchiver(audit.ArchiverOptions{Store: c.db, Objects: c.objects, Retention: 2 * 24 * time.Hour, Log: obs.NewLogger(bytes.NewBuffer(nil), nil), Now: time.Now}).Run(t.Context())
	c.must(err)
	if done.Removed != 4 {
		t.Fatalf("archived %+v", done)
	}
	c.record(audit.Event{Type: audit.UserConnected, Tenant: "a", Actor: anna, Address: "NEW"})
	s := collab.Subject{Tenant: "a", User: anna}
	if _, _, err := c.export(s, nil); !errors.Is(err, privacy.ErrNoArchive) {
		t.Fatalf("without the archive: %v", err)
	}
	files, _, err := c.export(s, c.objects)
	c.must(err)
	if text := files["audit.ndjson"]; strings.Count(text, "OLD") != 2 || strings.Count(text, "NEW") != 1 {
		t.Fatalf("events %s", text)
	}
	names, err := c.objects.List(t.Context(), "audit/days/")
	c.must(err)
	for _, name := range names {
		if strings.HasSuffix(name, ".gz") {
			c.forge(name)
		}
	}
	if _, _, err := c.export(s, c.objects); err == nil {
		t.Fatal("an archive that was changed is exported")
	}
}

// forge changes an object of the archive, which can be read as before.
func (c *clinic) forge(name string) {
	c.t.Helper()
	from, err := c.objects.Get(c.t.Context(), name)
	c.must(err)
	defer from.Close()
	unzipped, err := gzip.NewReader(from)
	c.must(err)
	text, err := io.ReadAll(unzipped)
	c.must(err)
	var forged bytes.Buffer
	to := gzip.NewWriter(&forged)
	_, err = to.Write(bytes.ReplaceAll(text, []byte("OLD"), []byte("OLE")))
	c.must(errors.Join(err, to.Close()))
	c.must(c.objects.Put(c.t.Context(), name, &forged))
}

func TestO7EveryTableOfTheStoreIsExportedOrLeftOutWithAReason(t *testing.T) {
	c := newClinic(t)
	b, err := sqlite.OpenBackup(t.Context(), c.path)
	c.must(err)
	defer b.Close()
	inventory, err := b.Inventory(t.Context())
	c.must(err)
	known := privacy.Tables()
	for _, table := range inventory.Tables {
		if !slices.Contains(known, table.Name) {
			t.Errorf("nobody has decided what an export does with table %s", table.Name)
		}
	}
}

func TestO7TheTrailKnowsTheCounts(t *testing.T) {
	e := (&privacy.Export{Subject: collab.Subject{Tenant: "a", User: anna}, By: "usr_dpo"}).Event(privacy.Counts{"audit.ndjson": 7, "README.txt": 0})
	if e.Type != audit.Exported || e.Actor != "usr_dpo" || e.Tenant != "a" || e.Resource != "" || e.Details["user"] != string(anna) || e.Details["count:audit"] != "7" || len(e.Details) != 4 {
		t.Errorf("event %+v", e)
	}
	e = (&privacy.Export{Subject: collab.Subject{Tenant: "a", Resource: ward}}).Event(nil)
	if e.Resource != ward || e.Details["subject"] != "resource" {
		t.Errorf("event %+v", e)
	}
}

func TestO7AZipHasAllFilesAndIsTheOwnersAlone(t *testing.T) {
	from := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(from, "documents"), 0o700), os.WriteFile(filepath.Join(from, "documents", "1.json"), []byte("{}"), 0o600),
		os.WriteFile(filepath.Join(from, "README.txt"), []byte("text"), 0o600)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.zip")
	if err := privacy.Zip(from, path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
	}
	if want := []string{"README.txt", "documents/1.json"}; !slices.Equal(names, want) {
		t.Fatalf("files %q, want %q", names, want)
	}
	if err := privacy.Zip(from, path); err == nil {
		t.Fatal("a file was replaced")
	}
}
