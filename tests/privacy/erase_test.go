//go:build integration

package privacy

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"corsia/shared/audit"
	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

// What is written into the record that is erased. None of it may be anywhere afterwards.
const (
	inText    = "zqMARKtext1"
	inColumn  = "zqMARKcolleague2"
	inSeed    = "zqMARKseed3"
	inChoice  = "zqMARKchoice4"
	inPush    = "zqMARKpush5"
	inStored  = "zqMARKstored6"
	anyMark   = "zqMARK"
	erasedRes = "page:/patient/erased"
	keptRes   = "page:/patient/kept"
	why       = "request of the person, file 17"
)

// page is what erase.mjs says of somebody's page.
type page struct {
	Error string
	Shown struct {
		Notes, Seeded, Ward, Notice string
		Ticked                      bool
		Drafts                      int
		Conflicts                   []string
	}
	Disk string
}

// ward is people in browsers, on two gateways.
type ward struct {
	t       *testing.T
	cluster *testkit.Cluster
	node    *testkit.Node
}

func (w *ward) do(who, what string, more testkit.Fields) (answer page) {
	w.t.Helper()
	command := testkit.Fields{"who": who, "do": what}
	for key, value := range more {
		command[key] = value
	}
	w.node.Call(2*time.Minute, command, &answer)
	if answer.Error != "" {
		w.t.Fatalf("%s %s: %s", who, what, answer.Error)
	}
	return answer
}

func (w *ward) open(who string, n int) {
	w.t.Helper()
	g := w.cluster.Instances[n]
	w.do(who, "open", testkit.Fields{"url": g.URL, "token": g.Token(who), "resource": erasedRes, "seeded": inSeed, "choice": inChoice})
}

// member is somebody with a client of the protocol and a document.
type member struct {
	*testkit.Client
	t        *testing.T
	resource string
	doc      *ydoc.Doc
	client   ydoc.ClientID
}

func joined(t *testing.T, g *testkit.Gateway, user, resource string) *member {
	t.Helper()
	m := &member{Client: g.Connect(t, user), t: t, resource: resource}
	m.join()
	return m
}

func (m *member) join() testkit.Fields {
	m.t.Helper()
	state := m.OK("JOIN_RESOURCE", testkit.Fields{"resourceId": m.resource, "mode": "editor"})
	m.doc, m.client = ydoc.New(), ydoc.ClientID(max(0, state.Int("clientId")))
	if err := m.doc.ApplyUpdate(state.Bytes("state")); err != nil {
		m.t.Fatal(err)
	}
	return state
}

// update returns an update that writes into a field, which is not sent.
func (m *member) update(field, text string) testkit.Fields {
	m.t.Helper()
	update, err := m.doc.Transact(m.client, func(e *ydoc.Edit) { e.InsertText(field, 0, text) })
	if err != nil {
		m.t.Fatal(err)
	}
	return testkit.Fields{"resourceId": m.resource, "update": update}
}

// sync takes in what the server has.
func (m *member) sync() {
	m.t.Helper()
	if err := m.doc.ApplyUpdate(m.OK("Y_SYNC", testkit.Fields{"resourceId": m.resource}).Bytes("update")); err != nil {
		m.t.Fatal(err)
	}
}

// corsia runs the program as who owns the database does.
func (w *ward) corsia(want int, args ...string) string {
	w.t.Helper()
	i := w.cluster.Instances[0]
	out, errs, status := testkit.Run(w.t, i.Dir, i.Env(), args...)
	if status != want {
		w.t.Fatalf("corsia %v: status %d, want %d\n%s%s", args, status, want, out, errs)
	}
	return out + errs
}

func TestNothingOfAnErasedRecordIsAnywhereAndEverybodyGoesOn(t *testing.T) { // O7, D8, T2
	private, _, err := audit.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &ward{t: t, cluster: testkit.StartCluster(t, testkit.ClusterOptions{Instances: 2, Env: []string{"AUDIT_KEY=" + private,
		`WEBHOOK_SOURCES={"emr":{"profile":"bearer","secrets":["a-secret-of-the-emr-0123456789"]}}`}}), node: testkit.StartNode(t, "erase.mjs", nil)}
	one, two := w.cluster.Instances[0].Gateway, w.cluster.Instances[1].Gateway
	w.open("anna", 0)
	w.open("bruno", 1)
	w.open("dora", 1)
	carla, kept := joined(t, two, "carla", erasedRes), joined(t, one, "carla", keptRes)
	kept.OK("Y_UPDATE", kept.update("id-notes", "stays"))
	w.fill(carla)
	w.do("dora", "close", nil) // her browser has it on its disk

	if said := w.corsia(3, "privacy", "erase", "-resource", erasedRes); !strings.Contains(said, "would erase") {
		t.Errorf("without -yes it says %s", said)
	}
	w.mustHold(true)
	begun := time.Now()
	said := w.corsia(0, "privacy", "erase", "-resource", erasedRes, "-reason", why, "-by", "usr_dpo", "-yes")
	told := carla.Next("RESOURCE_ERASED")
	t.Logf("%s%v after it began carla was told", said, time.Since(begun).Round(time.Millisecond))
	if told.Text("resourceId") != erasedRes || told.Int("epoch") != 1 {
		t.Errorf("she was told %v", told)
	}
	w.stale(carla)
	w.empty("anna", "bruno")
	w.mustHold(false)
	w.open("dora", 1) // the same origin: her browser's disk
	w.empty("dora")
	w.open("elena", 0)
	w.asks("elena")

	state := carla.join()
	if state.Int("erased") != 1 || carla.doc.Text("id-notes") != "" {
		t.Errorf("who joins is told %v", state)
	}
	carla.OK("Y_UPDATE", carla.update("id-notes", "carla "))
	for _, who := range []string{"anna", "bruno", "dora", "elena"} {
		w.do(who, "write", testkit.Fields{"notes": who + " "})
	}
	testkit.Eventually(t, 20*time.Second, "all see what all have written since", func() bool {
		for _, who := range []string{"anna", "bruno", "dora", "elena"} {
			notes := w.do(who, "look", nil).Shown.Notes
			if !slices.Equal(sortedWords(notes), []string{"anna", "bruno", "carla", "dora", "elena"}) {
				return false
			}
		}
		return true
	})
	kept.sync()
	if kept.doc.Text("id-notes") != "stays" {
		t.Errorf("another record has %q", kept.doc.Text("id-notes"))
	}
	w.trail()
}

// fill has the record written by everybody, in every way, and waits until it is wherever it will be.
func (w *ward) fill(carla *member) {
	w.t.Helper()
	w.do("anna", "write", testkit.Fields{"notes": inText + " ", "choice": inChoice, "tick": true})
	w.do("dora", "write", testkit.Fields{"notes": inStored + " "})
	carla.OK("Y_UPDATE", carla.update("id-notes", inColumn+" "))
	carla.OK("LOCK_ACQUIRE", testkit.Fields{"resourceId": erasedRes, "field": "id-plan", "ttl": 300})
	i := w.cluster.Instances[0]
	q, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, i.URL+"/api/webhooks/emr", strings.NewReader(`{"resourceId":"`+erasedRes+
		`","eventType":"lab.result","occurredAt":"2026-03-01T12:00:00Z","data":{"summary":"`+inPush+`"}}`))
	if err != nil {
		w.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Authorization", "Bearer a-secret-of-the-emr-0123456789")
	if status, _, body := i.Do(w.t, q); status != http.StatusAccepted {
		w.t.Fatalf("the webhook is answered %d %s", status, body)
	}
	for _, who := range []string{"anna", "bruno"} {
		testkit.Eventually(w.t, 30*time.Second, who+" has all of it, on the page and on the disk", func() bool {
			p := w.do(who, "look", nil)
			return strings.Contains(p.Shown.Notes, inText) && strings.Contains(p.Shown.Notes, inColumn) && p.Shown.Ward == inChoice && p.Shown.Ticked &&
				strings.Contains(p.Disk, inText) && strings.Contains(p.Disk, inChoice)
		})
	}
	testkit.Eventually(w.t, 30*time.Second, "the journal is folded, and the state in the cache", func() bool {
		return slices.ContainsFunc(w.cached(), func(text string) bool { return strings.Contains(text, inColumn) })
	})
}

// stale sends what a page sends that has not looked yet.
func (w *ward) stale(carla *member) {
	w.t.Helper()
	for name, f := range map[string]testkit.Fields{"Y_UPDATE": carla.update("id-notes", "late"), "Y_SYNC": {"resourceId": erasedRes},
		"SEED": {"resourceId": erasedRes, "values": testkit.Fields{"id-seeded": inSeed}}} {
		if e := carla.Refusal(name, f); e.Text("code") != "RESYNC_REQUIRED" {
			w.t.Errorf("%s on the life before is answered %v", name, e)
		}
	}
}

// empty waits until pages that were open, or whose browsers had it on their disks, show and keep nothing of it.
func (w *ward) empty(who ...string) {
	w.t.Helper()
	for _, one := range who {
		var p page
		defer w.show(&p)
		testkit.Eventually(w.t, 20*time.Second, "the page of "+one+" is empty", func() bool {
			p = w.do(one, "look", nil)
			return p.Shown.Notes == "" && p.Shown.Seeded == "" && p.Shown.Ward != inChoice && !p.Shown.Ticked && !strings.Contains(p.Disk, anyMark) &&
				strings.Contains(p.Shown.Notice, "was erased") // the part that says so may come a moment later
		})
		if p.Shown.Drafts != 0 {
			w.t.Errorf("the page of %s has %d drafts", one, p.Shown.Drafts)
		}
	}
}

// show tells of the last look at a page when the test has failed.
func (w *ward) show(p *page) {
	if w.t.Failed() {
		w.t.Logf("the last look: %+v", p.Shown)
	}
}

// asks opens the page of somebody who had not opened it before. What the hospital's page itself shows is nobody's to erase
// here, but it is not filled in without asking.
func (w *ward) asks(who string) {
	w.t.Helper()
	var p page
	defer w.show(&p)
	testkit.Eventually(w.t, 20*time.Second, "the page of "+who+" asks about what it shows", func() bool {
		p = w.do(who, "look", nil)
		return p.Shown.Notes == "" && slices.Equal(p.Shown.Conflicts, []string{"id-seeded", "id-ward"})
	})
	w.mustHold(false)
	for _, field := range []string{"id-seeded", "id-ward"} {
		w.do(who, "choose", testkit.Fields{"field": field, "which": "theirs"})
	}
	if p = w.do(who, "look", nil); p.Shown.Seeded != "" || len(p.Shown.Conflicts) > 0 {
		w.t.Errorf("after the choice of the empty value the field shows %q", p.Shown.Seeded)
	}
}

// mustHold looks into every table of the store and every key of Redis.
func (w *ward) mustHold(want bool) {
	w.t.Helper()
	found := map[string]bool{}
	for place, data := range tables(w.t, w.cluster.StoreURL) {
		if strings.Contains(data, anyMark) {
			found[place] = true
		}
	}
	for _, text := range w.cached() {
		if strings.Contains(text, anyMark) {
			found["redis"] = true
		}
	}
	if !want && len(found) > 0 {
		w.t.Errorf("what was erased is in %v", found)
	}
	if want {
		for _, place := range []string{"yjs_updates", "yjs_states", "yjs_seeds", "webhook_inbox", "redis"} {
			if !found[place] {
				w.t.Errorf("before the erasure it is not in %s: %v", place, found)
			}
		}
	}
}

// tables returns all that each table has, as bytes.
func tables(t *testing.T, storeURL string) map[string]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), storeURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range names {
		rows, err := conn.Query(t.Context(), "SELECT * FROM "+pgx.Identifier{name}.Sanitize())
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for rows.Next() {
			for _, raw := range rows.RawValues() {
				text.Write(raw)
				text.WriteByte('\n')
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		all[name] = text.String()
	}
	return all
}

// cached returns the values of all keys of Redis.
func (w *ward) cached() (texts []string) {
	w.t.Helper()
	keys := w.cluster.Keys(w.t)
	scan := keys.Scan(w.t.Context(), 0, "*", 1000).Iterator()
	for scan.Next(w.t.Context()) {
		kind, err := keys.Type(w.t.Context(), scan.Val()).Result()
		if err != nil {
			w.t.Fatal(err)
		}
		var value any
		switch kind {
		case "hash":
			value, err = keys.HGetAll(w.t.Context(), scan.Val()).Result()
		case "string":
			value, err = keys.Get(w.t.Context(), scan.Val()).Result()
		case "set":
			value, err = keys.SMembers(w.t.Context(), scan.Val()).Result()
		}
		if err != nil && err != redis.Nil { //nolint:errorlint // it has expired meanwhile
			w.t.Fatal(err)
		}
		texts = append(texts, fmt.Sprint(scan.Val(), " ", value))
	}
	if err := scan.Err(); err != nil {
		w.t.Fatal(err)
	}
	return texts
}

// trail checks that the trail tells of the erasure and still verifies, what was there included.
func (w *ward) trail() {
	w.t.Helper()
	store := w.cluster.Store(w.t)
	events := store.WaitAudit(1, "actor", "usr_dpo", "ADMIN_ACTION")
	details, _ := events[0].Body["details"].(map[string]any)
	if details["action"] != "journal_removed" || details["cause"] != "erasure" || events[0].Reason() != why {
		w.t.Errorf("the trail tells of the erasure as %v, %q", details, events[0].Reason())
	}
	if n := store.Count("SELECT count(*) FROM audit_log WHERE resource_id = ? AND type = 'DOCUMENT_UPDATED' AND actor = 'anna'", erasedRes); n == 0 {
		w.t.Error("the trail has lost who wrote what was erased")
	}
	testkit.Eventually(w.t, 30*time.Second, "the trail verifies", func() bool {
		i := w.cluster.Instances[0]
		out, errs, status := testkit.Run(w.t, i.Dir, i.Env(), "audit", "verify")
		w.t.Logf("audit verify: %s%s", out, errs)
		return status == 0
	})
}

func sortedWords(text string) []string {
	words := strings.Fields(text)
	slices.Sort(words)
	return words
}
