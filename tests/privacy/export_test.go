//go:build integration

package privacy

import (
	"database/sql"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"

	"corsia/shared/privacy"
	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

type fields = testkit.Fields

// writer is somebody who writes in a record.
type writer struct {
	*testkit.Client
	t        *testing.T
	resource string
	client   ydoc.ClientID
	doc      *ydoc.Doc
}

// write joins a record as an editor.
func write(t *testing.T, g *testkit.Gateway, user, resource string, claims ...fields) *writer {
	t.Helper()
	c := g.Connect(t, user, claims...)
	s := c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	doc, err := ydoc.Load(s.Bytes("state"))
	if err != nil {
		t.Fatal(err)
	}
	return &writer{c, t, resource, ydoc.ClientID(s.Int("clientId")), doc}
}

// does edits, and returns when it is saved.
func (w *writer) does(edit func(*ydoc.Edit)) {
	w.t.Helper()
	update, err := w.doc.Transact(w.client, edit)
	if err != nil {
		w.t.Fatal(err)
	}
	w.OK("Y_UPDATE", fields{"resourceId": w.resource, "update": update})
}

func typing(field, text string) func(*ydoc.Edit) {
	return func(e *ydoc.Edit) { e.InsertText(field, 0, text) }
}

const (
	record  = "page:/patient/../../etc/1"
	another = "page:/patient/2"
	anna    = "usr_anna/../x"
	bruno   = "usr_bruno"
)

// dayOnTheWard is what the exports are of. Texts in capitals begin with who typed them.
func dayOnTheWard(t *testing.T, g *testkit.Gateway) {
	t.Helper()
	elsewhere := fields{"tenant": "elsewhere"}
	for _, claims := range []fields{{}, elsewhere} {
		who := strings.ToUpper(claims.Text("tenant"))
		a, b := write(t, g, anna, record, claims), write(t, g, bruno, record, claims)
		a.does(typing("notes", who+"ANNA-NOTES "))
		b.does(typing("plan", who+"BRUNO-PLAN "))
		a.does(typing("notes", who+"ANNA-ERASED "))
		a.does(func(e *ydoc.Edit) { e.DeleteText("notes", 0, len(who+"ANNA-ERASED ")) })
		a.does(func(e *ydoc.Edit) { e.SetMap("values", "given", who+"ANNA-VALUE") })
		b.OK("SEED", fields{"resourceId": record, "values": fields{"dose": who + "PAGE-SEED"}})
		a.OK("LOCK_ACQUIRE", fields{"resourceId": record, "field": "notes"})
		b.Refusal("LOCK_ACQUIRE", fields{"resourceId": record, "field": "notes"})
		second := write(t, g, anna, another, claims)
		second.does(typing("notes", who+"ANNA-SECOND "))
		admin := g.Token("usr_admin", claims, fields{"permissions": []any{"admin"}})
		if status, _, body := g.HTTP(t, "POST", "/api/revocations", admin, fields{"sessionId": second.Session()}); status/100 != 2 {
			t.Fatalf("revoking: %d %s", status, body)
		}
		second.Ended()
	}
}

// export runs the command, and returns the files by their names.
func export(t *testing.T, g *testkit.Gateway, args ...string) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	printed, errs, status := testkit.Run(t, g.Dir, g.Env(), append([]string{"privacy", "export", "-by", "usr_dpo", "-out", out}, args...)...)
	if status != 0 {
		t.Fatalf("status %d: %s%s", status, printed, errs)
	}
	files := map[string]string{}
	err := filepath.WalkDir(out, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(out, path)
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// want checks which texts the files of an export have, as a whole.
func want(t *testing.T, files map[string]string, has, hasNot []string) {
	t.Helper()
	var all strings.Builder
	for _, content := range files {
		all.WriteString(content)
	}
	for _, text := range has {
		if !strings.Contains(all.String(), text) {
			t.Errorf("the export lacks %s", text)
		}
	}
	for name, content := range files {
		for _, text := range hasNot {
			if strings.Contains(content, text) {
				t.Errorf("%s has %s: %s", name, text, content)
			}
		}
	}
}

// types counts the events of an export.
func types(t *testing.T, text string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for line := range strings.Lines(text) {
		var row struct{ Event struct{ Type string } }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		counts[row.Event.Type]++
	}
	return counts
}

// judge exports a user and a record of a ward at work.
func judge(t *testing.T, g *testkit.Gateway) {
	dayOnTheWard(t, g)
	t.Run("a user", func(t *testing.T) {
		files := export(t, g, "-user", anna)
		want(t, files, []string{"ANNA-NOTES", "ANNA-ERASED", "ANNA-VALUE", "ANNA-SECOND", "usr_dpo"}, []string{"BRUNO-PLAN", "ELSEWHERE", "PAGE-SEED"})
		want(t, map[string]string{"": files["contributions.ndjson"]}, []string{"ANNA-NOTES", "ANNA-VALUE", "ANNA-SECOND", `"deletedUnits":12`}, []string{"ANNA-ERASED"})
		if n := types(t, files["audit.ndjson"]); n["USER_CONNECTED"] != 2 || n["RESOURCE_JOINED"] != 2 || n["LOCK_ACQUIRED"] != 1 || n["LOCK_DENIED"] != 0 {
			t.Errorf("events %v", n)
		}
		if n := strings.Count(files["clients.ndjson"], "\n"); n != 2 {
			t.Errorf("%d client ids: %s", n, files["clients.ndjson"])
		}
		if !strings.Contains(files["locks.ndjson"], `"field":"notes"`) || strings.Count(files["revocations.ndjson"], `"kind":"session"`) != 1 {
			t.Errorf("locks %s, revocations %s", files["locks.ndjson"], files["revocations.ndjson"])
		}
	})
	t.Run("another user", func(t *testing.T) {
		want(t, export(t, g, "-user", bruno), []string{"BRUNO-PLAN"}, []string{"ANNA-", "ELSEWHERE"})
	})
	t.Run("the same id in another tenant", func(t *testing.T) {
		want(t, export(t, g, "-user", anna, "-tenant", "elsewhere"), []string{"ELSEWHEREANNA-NOTES", "ELSEWHEREANNA-SECOND"}, []string{`"ANNA-`, `"BRUNO-`, "ELSEWHEREBRUNO"})
	})
	t.Run("somebody whom nobody knows", func(t *testing.T) {
		files := export(t, g, "-user", "usr_nobody")
		want(t, files, []string{"usr_nobody"}, []string{"ANNA-", "BRUNO-", "PAGE-SEED"})
		if files["audit.ndjson"] != "" || files["updates.ndjson"] != "" {
			t.Errorf("of nobody there are %v", files)
		}
	})
	t.Run("a record", func(t *testing.T) {
		files := export(t, g, "-resource", record)
		want(t, files, []string{"ANNA-NOTES", "ANNA-ERASED", "ANNA-VALUE", "BRUNO-PLAN", "PAGE-SEED", anna, bruno}, []string{"ELSEWHERE", "ANNA-SECOND"})
		var document struct{ Fields, Values map[string]any }
		if err := json.Unmarshal([]byte(files["documents/1.json"]), &document); err != nil {
			t.Fatal(err)
		}
		if document.Fields["notes"] != "ANNA-NOTES " || document.Fields["plan"] != "BRUNO-PLAN " || document.Fields["dose"] != "PAGE-SEED" || document.Values["given"] != "ANNA-VALUE" {
			t.Errorf("the document is %+v", document)
		}
		doc, err := ydoc.Load([]byte(files["documents/1.yjs"]))
		if err != nil || doc.Text("notes") != "ANNA-NOTES " {
			t.Errorf("as Yjs reads it: %v", err)
		}
		if n := types(t, files["audit.ndjson"]); n["RESOURCE_JOINED"] != 2 || n["LOCK_DENIED"] != 1 {
			t.Errorf("events %v", n)
		}
	})
	rows := g.Store(t).Query("SELECT actor, body FROM " + testkit.AuditEvents + " WHERE type = 'AUDIT_EXPORTED' ORDER BY event_id")
	if len(rows) != 5 {
		t.Fatalf("%d exports are in the trail, want 5", len(rows))
	}
	var event struct{ Details map[string]string }
	if err := json.Unmarshal(rows[0]["body"].([]byte), &event); err != nil {
		t.Fatal(err)
	}
	if rows[0]["actor"] != "usr_dpo" || event.Details["subject"] != "user" || event.Details["user"] != anna || event.Details["count:clients"] != "2" {
		t.Errorf("the trail has %v", event.Details)
	}
}

func TestAnExportHasAllOfItsSubjectAndNothingElse_O7(t *testing.T) {
	c := testkit.StartCluster(t, testkit.ClusterOptions{Instances: 1})
	g := c.Instances[0].Gateway
	judge(t, g)
	t.Run("who is connected is known for minutes", func(t *testing.T) {
		here := g.Connect(t, "usr_here")
		files := export(t, g, "-user", "usr_here")
		want(t, map[string]string{"": files["presence.ndjson"]}, []string{"presence:user:usr_here", here.Session(), "connectedAt"}, []string{"resume"})
	})
	db, err := sql.Open("pgx", c.StoreURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	as := func(t *testing.T, role, grant string) (address string) {
		t.Helper()
		for _, statement := range []string{"CREATE ROLE " + role + " LOGIN", grant} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		t.Cleanup(func() { _, _ = db.Exec("DROP OWNED BY " + role + "; DROP ROLE " + role) }) // of a server that other tests use
		u, err := url.Parse(c.StoreURL)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.User(role)
		return u.String()
	}
	t.Run("the gateway's role can export", func(t *testing.T) {
		role := as(t, "export_gateway", "SELECT grant_application('export_gateway')")
		for _, of := range [][]string{{"-user", anna}, {"-resource", record}} {
			want(t, export(t, g, append(of, "-store-url", role)...), []string{"ANNA-NOTES"}, []string{"ELSEWHERE"})
		}
	})
	t.Run("what cannot be audited is not handed over", func(t *testing.T) {
		role := as(t, "export_reader", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO export_reader")
		out := filepath.Join(t.TempDir(), "out.zip")
		_, errs, status := testkit.Run(t, g.Dir, g.Env(), "privacy", "export", "-user", anna, "-store-url", role, "-out", out)
		if status != 1 || !strings.Contains(errs, "record the export") {
			t.Errorf("status %d: %s", status, errs)
		}
		if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) > 0 {
			t.Errorf("it left %v, %v", left, err)
		}
	})
	t.Run("every table is exported or left out with a reason", func(t *testing.T) {
		for _, row := range c.Store(t).Query("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()") {
			if name := row.Text("tablename"); !slices.Contains(privacy.Tables(), name) {
				t.Errorf("nobody has decided what an export does with table %s", name)
			}
		}
	})
}

func TestAnExportOfAnEmbeddedStoreIsMadeWhileTheGatewayRuns_O7(t *testing.T) {
	judge(t, testkit.Start(t))
}
